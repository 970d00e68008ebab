//! Out: everything that a protocol can make happen.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::time::Duration;

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::{By, Client, How, Interest, What};
use crate::peers::{Drained, Ear, Gate, Kind, Life, Ours, Peer, Peers, State, Theirs, Told};
use crate::source::Span;
use crate::time::Time;

/// What a protocol can make happen; it speaks to [`Out::peer`] unless told otherwise.
#[derive(Debug)]
pub struct Out<'a> {
    pub(crate) peers: &'a mut Peers,
    pub(crate) wake: &'a mut Option<Time>,
    pub(crate) cx: &'a mut Context,
    pub(crate) peer: Peer,
    /// What came from the peer, where its engine can send from there.
    came: &'a [u8],
    /// The part of that which is owed to the peer before anything else.
    back: Range<usize>,
}

impl<'a> Out<'a> {
    pub(crate) fn new(
        peers: &'a mut Peers,
        wake: &'a mut Option<Time>,
        cx: &'a mut Context,
        peer: Peer,
    ) -> Self {
        Self { peers, wake, cx, peer, came: &[], back: 0..0 }
    }

    /// The same for a protocol that is given `came`, of a stream, and may give it back without a copy.
    #[inline]
    pub(crate) fn giving_back(
        peers: &'a mut Peers,
        wake: &'a mut Option<Time>,
        cx: &'a mut Context,
        peer: Peer,
        came: &'a [u8],
    ) -> Self {
        Self { peers, wake, cx, peer, came, back: 0..0 }
    }

    /// What of it was given back, and is not in the outbox.
    pub(crate) fn back(&self) -> Range<usize> {
        self.back.clone()
    }
}

impl Out<'_> {
    /// Tells which peer this speaks to.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Tells whether the peer's messages have boundaries.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.peers.state(self.peer).map_or(Kind::Stream, |state| state.kind)
    }

    /// Tells the time since the run began.
    #[must_use]
    pub fn now(&self) -> Time {
        self.cx.now
    }

    /// Tells the time of day, since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.cx.wall()
    }

    /// Draws a number by chance; the same seed draws the same numbers.
    pub fn draw(&mut self) -> u64 {
        self.cx.draw()
    }

    /// Speaks to another peer of this session.
    pub fn to(&mut self, peer: Peer) -> Out<'_> {
        self.keep();
        Out::new(self.peers, self.wake, self.cx, peer)
    }

    /// Queues bytes, or one datagram (which may be empty).
    ///
    /// To a peer that is not open, or that was told that we are done, nothing can be sent: the
    /// bytes are dropped and a note `late-send` says so.
    pub fn send(&mut self, bytes: &[u8]) {
        let place = self.place_of(bytes);
        let back = self.queue(bytes.len() as u64, |state, cx| match place {
            Some(place) if state.outbox.is_empty() => place,
            Some(_) | None => {
                state.outbox.push(bytes, state.kind, &mut cx.pool);
                0..0
            }
        });
        self.back = back.unwrap_or_default();
    }

    /// Queues a range of a file, of a stream: the engine sends it, without a copy where it can. If
    /// the file has become shorter by then, the conversation is cut short.
    pub fn send_range(&mut self, span: Span) {
        self.queue(span.len(), |state, cx| {
            state.outbox.push_range(span);
            state.load(cx);
        });
    }

    fn queue<R>(
        &mut self,
        len: u64,
        push: impl FnOnce(&mut State, &mut Context) -> R,
    ) -> Option<R> {
        self.keep();
        let now = self.cx.now;
        let pause = self.cx.limits.pauses.write;
        let Some(state) = self.peers.open_mut(self.peer).filter(|s| s.ours == Ours::Open) else {
            self.tell_late(len);
            return None;
        };
        if state.outbox.is_empty() {
            state.moved = now;
            if !pause.is_zero() {
                state.write_from = now + pause;
            }
        }
        state.drained.release();
        let pushed = push(state, self.cx);
        self.peers.activate(self.peer);
        Some(pushed)
    }

    #[cold]
    fn tell_late(&self, len: u64) {
        let text = format_args!("{len} B were not sent: we had already ended");
        self.cx.emit(self.conn(), What::Note { code: "late-send", text });
    }

    /// Where `bytes` lie within what came, if they are a part of it: addresses tell, since what came
    /// lives as long as this.
    fn place_of(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let from = bytes.as_ptr().addr().checked_sub(self.came.as_ptr().addr())?;
        let place = from..from.checked_add(bytes.len())?;
        (place.end <= self.came.len() && !place.is_empty()).then_some(place)
    }

    /// Queues what was given back in place: something comes behind it, or somebody else has a turn.
    #[inline]
    fn keep(&mut self) {
        let back = core::mem::take(&mut self.back);
        if !back.is_empty()
            && let Some(state) = self.peers.open_mut(self.peer)
        {
            state.outbox.push(&self.came[back], Kind::Stream, &mut self.cx.pool);
        }
    }

    /// Formats and queues one message.
    pub fn say(&mut self, text: fmt::Arguments<'_>) {
        use alloc::string::String;
        if let Some(text) = text.as_str() {
            return self.send(text.as_bytes());
        }
        let mut buf = String::from_utf8(self.cx.pool.take()).unwrap_or_default();
        // Writing to a string cannot fail; a Display that reports an error wrote what it could.
        let _ = fmt::Write::write_fmt(&mut buf, text);
        self.send(buf.as_bytes());
        self.cx.pool.give(buf.into_bytes());
    }

    /// Queues what `write` puts into an empty buffer, as one message: a datagram, even when nothing
    /// was put.
    ///
    /// The buffer is one of the engine's spare ones: a message that is made piece by piece costs no
    /// allocation of its own.
    pub fn compose(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut buf = self.cx.pool.take();
        write(&mut buf);
        self.send(&buf);
        self.cx.pool.give(buf);
    }

    /// Tells how many bytes wait for this peer, those of ranges too.
    #[must_use]
    pub fn queued(&self) -> u64 {
        let waits = self.peers.state(self.peer).map_or(0, |state| state.outbox.len());
        waits + self.back.len() as u64
    }

    /// Tells how many bytes that were queued for this peer were not sent when its conversation ended.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.peers.state(self.peer).map_or(0, |state| state.outbox.len() + state.behind)
    }

    /// Ends our direction once everything queued is sent; the peer is still heard.
    pub fn finish(&mut self) {
        self.end(|ours| if ours == Ours::Open { Ours::Finishing } else { ours }, false);
    }

    /// Ends the conversation: sends what is queued, ends our direction, discards what still comes,
    /// and closes when the peer has ended too or the linger limit has passed.
    pub fn close(&mut self) {
        self.end(|ours| if ours == Ours::Open { Ours::Finishing } else { ours }, true);
    }

    /// Ends the conversation without waiting for the peer: sends what is queued, ends our direction
    /// and closes. What the peer still sends is lost, and on TCP it may see a reset.
    pub fn leave(&mut self) {
        self.finish();
        if let Some(state) = self.peers.open_mut(self.peer) {
            state.theirs = Theirs::Ended;
        }
    }

    /// Cuts the conversation short: what is queued is dropped, and the peer sees a reset.
    pub fn abort(&mut self) {
        self.end(|_| Ours::Aborting, false);
    }

    /// Is given what the peer sends from now on, or not until this is taken back: for a protocol that
    /// cannot take more at this moment.
    pub fn hear(&mut self, hears: bool) {
        let now = self.cx.now;
        let ear = if hears { Ear::Open } else { Ear::Shut };
        if let Some(state) = self.peers.open_mut(self.peer)
            && state.ear != ear
        {
            state.ear = ear;
            state.moved = now;
            self.peers.activate(self.peer);
        }
    }

    /// Tells nobody of the peer's bytes from now on, and does not count them: they are the wire's, and
    /// a session within this one ([`Nested`](crate::Nested)) tells what they mean.
    pub fn veil(&mut self) {
        if let Some(state) = self.peers.open_mut(self.peer) {
            state.told = Told::Frame;
        }
    }

    /// Tells whether what is said here travels within the session of another protocol, such as TLS
    /// ([`Nested`](crate::Nested)).
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.peers.state(self.peer).is_some_and(|state| state.told == Told::Content)
    }

    /// Says what the end of the conversation is to be called, whatever it looks like from outside; the
    /// first word counts.
    pub fn because(&mut self, how: How) {
        if let Some(state) = self.peers.open_mut(self.peer) {
            state.how.get_or_insert(how);
        }
    }

    /// Says who has ended the conversation, whatever it looks like from outside; the first word counts.
    pub fn ended_by(&mut self, by: By) {
        if let Some(state) = self.peers.open_mut(self.peer) {
            state.ended_first.get_or_insert(by);
        }
    }

    fn end(&mut self, to: impl FnOnce(Ours) -> Ours, lingers: bool) {
        let (now, pause) = (self.cx.now, self.cx.limits.pauses.close);
        let Some(state) = self.peers.open_mut(self.peer) else { return };
        let before = (state.ours, state.lingers);
        state.ours = to(state.ours);
        state.lingers |= lingers;
        if (state.ours, state.lingers) == before {
            // Who says once more that it ends is no sign of life of the peer.
            return;
        }
        if state.lingers && state.theirs == Theirs::Heard {
            state.theirs = Theirs::Unheard;
        }
        if before.0 == Ours::Open {
            state.close_from = now + pause;
        }
        state.moved = now;
        state.ended_first.get_or_insert(By::Us);
        self.peers.activate(self.peer);
    }

    /// Asks for one [`Input::Drained`](crate::Input::Drained) when the outbox is empty, at once if
    /// it is so now: a producer's turn.
    ///
    /// Who is having its turn, queues nothing, and asks again, waits until something has been
    /// queued and sent.
    pub fn notify_drained(&mut self) {
        if let Some(state) = self.peers.open_mut(self.peer) {
            state.drained = Drained::Asked;
            self.peers.activate(self.peer);
        }
    }

    /// Asks for one [`Input::Timeout`](crate::Input::Timeout) at `time`; the last request counts.
    pub fn wake_at(&mut self, time: Time) {
        *self.wake = Some(time);
    }

    /// Takes back [`Out::wake_at`].
    pub fn sleep(&mut self) {
        *self.wake = None;
    }

    /// Calls `endpoint`; the peer opens, or closes with the reason why it could not.
    pub fn dial(&mut self, endpoint: Endpoint) -> Peer {
        let peer = self.peers.add(Gate::Call);
        self.peers.more().dials.push_back((peer, endpoint));
        peer
    }

    /// Reads `from` only while `into` has room for it: the plumbing of a relay.
    pub fn feeds(&mut self, from: Peer, into: Peer) {
        self.peers.feed(from, into);
    }

    /// Says something worth saying; formatted only if somebody listens.
    pub fn note(&mut self, code: &'static str, text: fmt::Arguments<'_>) {
        let conn = self.conn();
        self.cx.emit(conn, What::Note { code, text });
    }

    /// Tells that the request of `client` that began with `line`, and began to come at `since`, was answered by
    /// `status` and so many bytes of a body, which were sent by now.
    pub fn answered(
        &mut self,
        line: &[u8],
        client: Client<'_>,
        status: u16,
        bytes: u64,
        since: Time,
    ) {
        let took = self.now() - since;
        let began = self.wall().saturating_sub(took);
        self.cx.emit(self.conn(), What::Request { line, status, bytes, began, took, client });
    }

    /// Tells whether notes are heard.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        self.cx.is_watched(Interest::NOTES)
    }

    /// Tells whether the peer is open and we have not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let state = self.peers.state(self.peer);
        state.is_some_and(|s| s.life == Life::Open && s.ours == Ours::Open)
    }

    fn conn(&self) -> u64 {
        self.peers.state(self.peer).map_or(0, |state| state.conn)
    }
}
