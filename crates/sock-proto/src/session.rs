//! Session: one protocol with its outboxes and timers; all that an engine drives.
//!
//! Every decision about when a peer is read and how a conversation ends is made here, once, so
//! that no engine makes it again. After each call an engine flushes: for the peers that
//! [`Session::active`] names (or the only one) it sends [`Session::output`], reports
//! [`Session::sent`], and carries out each [`Session::command`], until there is nothing more; last
//! it asks whether the peer [`Session::wants_read`] and when the [`Session::deadline`] is.
//!
//! ```text
//! loop {
//!     while the kernel has room and there is output: send, sent
//!     match command { some: obey; none: leave if there is no room or no output }
//! }
//! ```
//!
//! Commands are asked for also where the kernel has no room: a peer that does not read may be cut
//! short, and only then do the limits of what is left unsent run. And no command may leave output: a
//! producer has had its turn.

mod datagrams;
mod in_place;
mod lending;
mod limits;
mod nesting;
mod ranges;

use core::time::Duration;

pub use self::datagrams::Parting;
pub use self::lending::Lent;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::{By, How, Reason, What};
use crate::out::Out;
use crate::peers::{Drained, Ear, Gate, Kind, Life, Link, Ours, Peer, Peers, State, Theirs, Told};
use crate::time::Time;
use crate::{Input, Protocol};

/// What an engine is to do with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Everything is sent: end our direction (FIN).
    Finish,
    /// The conversation is over, and the protocol knows: close the socket.
    Close,
    /// The conversation is cut short, and the protocol knows: close the socket with a reset.
    Abort,
}

/// One protocol with its peers.
#[derive(Debug)]
pub struct Session<P> {
    protocol: P,
    peers: Peers,
    gate: Gate,
    /// When the protocol asked to be woken.
    wake: Option<Time>,
    /// No limit passes before this moment; the look at it finds the next.
    look: Option<Time>,
    stopped: bool,
}

impl<P: Protocol> Session<P> {
    /// A session whose peers call us: each is read only while its own outbox is empty.
    pub fn answer(protocol: P) -> Self {
        Self::new(protocol, Gate::Answer)
    }

    /// A session that calls its peers: they are always read.
    pub fn call(protocol: P) -> Self {
        Self::new(protocol, Gate::Call)
    }

    fn new(protocol: P, gate: Gate) -> Self {
        let peers = Peers::new(gate);
        Self { protocol, peers, gate, wake: None, look: None, stopped: false }
    }

    /// The same session around another protocol, which holds this one.
    pub(crate) fn map<Q: Protocol>(self, wrap: impl FnOnce(P) -> Q) -> Session<Q> {
        let Self { protocol, peers, gate, wake, look, stopped } = self;
        Session { protocol: wrap(protocol), peers, gate, wake, look, stopped }
    }

    /// Makes a number for one more peer, which opens later.
    pub fn join(&mut self) -> Peer {
        // The first place serves the first peer that ever comes.
        let first = self.peers.state(Peer::FIRST).is_some_and(|s| s.life == Life::Due);
        if first && self.peers.more.is_none() {
            self.peers.more();
            return Peer::FIRST;
        }
        self.peers.add(self.gate)
    }

    /// The peer is connected.
    pub fn open(&mut self, peer: Peer, link: &Link<'_>, cx: &mut Context) {
        let gate = self.gate;
        let Some(state) = self.peers.state_mut(peer) else { return };
        match state.life {
            Life::Due => {}
            // A transient peer's place is used again for the next datagram.
            Life::Closed if state.transient && link.transient => {
                let outbox = core::mem::take(&mut state.outbox);
                *state = State { outbox, ..State::new(gate) };
            }
            Life::Open | Life::Closed => return,
        }
        state.life = Life::Open;
        state.conn = link.conn;
        state.kind = link.kind;
        state.transient = link.transient;
        state.called = link.called;
        state.opened = cx.now;
        state.moved = cx.now;
        state.read_from = cx.now + cx.limits.pauses.read;
        if let Some((local, remote)) = link.names {
            let Link { kind, called, transient, .. } = *link;
            cx.emit(link.conn, What::Open { kind, called, transient, local, remote });
        }
        self.handle(peer, Input::Open, cx);
        // Whoever feeds this peer was not read while it was being called.
        self.peers.activate_feeders(peer, cx.now);
    }

    /// Bytes, or one datagram, came from the peer in a call that began at `since`.
    pub fn data(&mut self, peer: Peer, bytes: &[u8], since: Time, cx: &mut Context) {
        if self.hears(peer, bytes, since, cx) {
            self.handle(peer, Input::Data(bytes), cx);
        }
    }

    /// The peer ended its direction.
    pub fn eof(&mut self, peer: Peer, cx: &mut Context) {
        let Some(state) = self.peers.open_mut(peer).filter(|s| s.theirs != Theirs::Ended) else {
            return;
        };
        let heard = state.is_heard();
        state.theirs = Theirs::Ended;
        state.moved = cx.now;
        state.ended_first.get_or_insert(By::Peer);
        if state.told != Told::Frame {
            cx.emit(state.conn, What::Eof);
        }
        self.peers.activate(peer);
        if heard {
            self.handle(peer, Input::Eof, cx);
        }
    }

    /// The connection is gone, or never came to be, for a reason that the engine saw; the engine
    /// lets go of the socket.
    pub fn closed(&mut self, peer: Peer, reason: Reason, cx: &mut Context) {
        let Some(state) = self.peers.state_mut(peer).filter(|s| s.life != Life::Closed) else {
            return;
        };
        let was_open = state.life == Life::Open;
        state.life = Life::Closed;
        let unsent = state.outbox.clear(&mut cx.pool) + state.behind;
        state.behind = unsent;
        let (conn, sent, received) = (state.conn, state.sent, state.received);
        let reason = Reason { how: state.how.unwrap_or(reason.how), ..reason };
        let is_told = state.told != Told::Content;
        if state.discarded > 0 && state.told == Told::All {
            let text = format_args!("{} B came after we had closed: discarded", state.discarded);
            cx.emit(conn, What::Note { code: "discarded", text });
        }
        let lasted = if was_open { cx.now - state.opened } else { Duration::ZERO };
        if conn != Link::OWN_SIDE {
            cx.tally.conversations += u64::from(was_open);
            cx.tally.sent += sent;
            cx.tally.received += received;
        }
        // What the protocol still has to say of it comes before its end.
        self.handle(peer, Input::Closed(reason), cx);
        if was_open && is_told {
            cx.emit(conn, What::Closed { reason, sent, received, unsent, lasted });
        }
        // Whoever waited for room in this outbox waits no more.
        self.peers.activate_feeders(peer, cx.now);
        self.peers.forget(peer);
    }

    /// Asks the protocol, once, to come to an end.
    pub fn stop(&mut self, cx: &mut Context) {
        if !core::mem::replace(&mut self.stopped, true) {
            self.handle(Peer::FIRST, Input::Stop, cx);
        }
    }

    /// The first bytes, or the datagram, to send to the peer now.
    #[must_use]
    pub fn output(&self, peer: Peer, cx: &Context) -> Option<&[u8]> {
        self.sendable(peer, cx)?.outbox.first()
    }

    /// The peer, if something may be sent to it now.
    fn sendable(&self, peer: Peer, cx: &Context) -> Option<&State> {
        self.peers.state(peer).filter(|state| {
            !state.outbox.is_empty()
                && state.life == Life::Open
                && matches!(state.ours, Ours::Open | Ours::Finishing)
                && state.write_from <= cx.now
        })
    }

    /// The kernel took `n` bytes of [`Session::output`] (or the datagram) in a call that began at
    /// `since`.
    pub fn sent(&mut self, peer: Peer, n: usize, since: Time, cx: &mut Context) {
        let Some(state) = self.peers.open_mut(peer) else { return };
        if let Some(first) = state.outbox.first() {
            let n = n.min(first.len());
            state.moved = cx.now;
            if state.told != Told::Frame {
                state.sent += n as u64;
                let (kind, bytes) = (state.kind, &first[..n]);
                cx.emit(state.conn, What::Sent { kind, bytes, since });
            }
            state.outbox.advance(n as u64, &mut cx.pool);
            state.load(cx);
        }
        self.peers.activate_feeders(peer, cx.now);
    }

    /// The peer does not read: gives roomy buffers back.
    pub fn stalled(&mut self, peer: Peer, cx: &mut Context) {
        if let Some(state) = self.peers.state_mut(peer) {
            state.outbox.settle(&mut cx.pool);
        }
    }

    /// What the engine is to do with the peer's socket now; ask after everything that
    /// [`Session::output`] gives was sent or there is no more room, and until it says none.
    pub fn command(&mut self, peer: Peer, cx: &mut Context) -> Option<Command> {
        let command = self.next_command(peer, cx);
        if command.is_none()
            && let Some(state) = self.peers.state(peer)
        {
            // Progress moves limits away, which is seen at the next look; what has come nearer
            // counts now.
            self.look = Time::earlier(self.look, self.peers.next_look(state, cx));
        }
        command
    }

    fn next_command(&mut self, peer: Peer, cx: &mut Context) -> Option<Command> {
        loop {
            let state = self.peers.open_mut(peer)?;
            let by = state.ended_first.unwrap_or(By::Us);
            if state.ours == Ours::Aborting {
                self.closed(peer, Reason { by: By::Us, how: How::Reset }, cx);
                return Some(Command::Abort);
            }
            if !state.outbox.is_empty() {
                return None;
            }
            if state.ours == Ours::Open && state.drained == Drained::Asked {
                state.drained = Drained::Told;
                self.handle(peer, Input::Drained, cx);
                let state = self.peers.open_mut(peer)?;
                if !state.outbox.is_empty() {
                    return None;
                }
                // Who had its turn, sent nothing and asks again would be asked for ever.
                state.drained.hold();
                continue;
            }
            return match state.ours {
                Ours::Finishing if state.close_from > cx.now => None,
                Ours::Finishing if cx.limits.reset => {
                    self.closed(peer, Reason { by: By::Us, how: How::Reset }, cx);
                    Some(Command::Abort)
                }
                Ours::Finishing => {
                    state.ours = Ours::Ended;
                    state.moved = cx.now;
                    if state.told != Told::Frame {
                        cx.emit(state.conn, What::Finished);
                    }
                    // A datagram has no FIN; its conversation ends when we say so.
                    if state.kind == Kind::Datagram {
                        state.theirs = Theirs::Ended;
                    }
                    Some(Command::Finish)
                }
                Ours::Ended if state.theirs == Theirs::Ended => {
                    self.closed(peer, Reason { by, how: How::Fin }, cx);
                    Some(Command::Close)
                }
                Ours::Open | Ours::Ended | Ours::Aborting => None,
            };
        }
    }

    /// The next call that the protocol wants to be made.
    pub fn dial(&mut self) -> Option<(Peer, Endpoint)> {
        self.peers.more.as_mut()?.dials.pop_front()
    }

    /// The next peer that has something to flush; only for sessions with several peers.
    pub fn active(&mut self) -> Option<Peer> {
        self.peers.more.as_mut()?.active.pop_front()
    }

    /// Tells whether nothing is to be done about the peer but to go on reading it: an engine may leave
    /// out all that follows a call. True is a promise; false promises nothing.
    #[must_use]
    #[inline]
    pub fn is_calm(&self, peer: Peer, cx: &Context) -> bool {
        let has_timer = self.wake.is_some() || self.look.is_some();
        let is_alone = self.peers.more.is_none();
        is_alone && !has_timer && self.peers.state(peer).is_some_and(|state| state.is_calm(cx))
    }

    /// Tells whether the peer is to be read now.
    #[must_use]
    pub fn wants_read(&self, peer: Peer, cx: &Context) -> bool {
        let Some(state) = self.peers.state(peer) else { return false };
        if state.life != Life::Open || state.theirs == Theirs::Ended || state.read_from > cx.now {
            return false;
        }
        if !state.is_heard() {
            return true;
        }
        if state.ear == Ear::Shut {
            return false;
        }
        match state.gate {
            Gate::Answer => state.outbox.is_empty(),
            Gate::Call => true,
            Gate::Feeds(_) => !self.peers.is_held(state, cx),
        }
    }

    /// Tells whether we say nothing more unless somebody speaks first: nothing waits to be sent to
    /// the peer, and the protocol has asked for no time.
    #[must_use]
    pub fn is_idle(&self, peer: Peer) -> bool {
        self.wake.is_none() && self.peers.state(peer).is_none_or(|state| state.outbox.is_empty())
    }

    /// Tells whether what the peer has sent is worth reading although nothing can be sent to it
    /// any more: true for whom we called and for a relay, false for whom we only answer.
    #[must_use]
    pub fn hears_on(&self, peer: Peer) -> bool {
        let worth = |state: &State| {
            state.life == Life::Open && state.is_heard() && state.gate != Gate::Answer
        };
        self.peers.state(peer).is_some_and(worth)
    }

    /// Tells whether every peer has closed and none is being called.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.peers.each().all(|(_, state)| state.life == Life::Closed)
    }

    /// Tells whether the peer is open.
    #[must_use]
    pub fn is_open(&self, peer: Peer) -> bool {
        self.peers.state(peer).is_some_and(|state| state.life == Life::Open)
    }

    /// The protocol, for whoever needs its type back.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }

    fn handle(&mut self, peer: Peer, input: Input<'_>, cx: &mut Context) {
        let mut out = Out::new(&mut self.peers, &mut self.wake, cx, peer);
        self.protocol.handle(input, &mut out);
    }
}
