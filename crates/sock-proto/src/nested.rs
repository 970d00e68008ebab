//! Nested: a session that a protocol holds within its own.
//!
//! A protocol such as TLS speaks to the wire and holds another that knows nothing of it. To the inner
//! protocol it is what an engine is to any: it drives a session. The outer protocol does three things:
//! it opens what comes from the wire and gives it to the inner session ([`Nested::data`]); it seals what
//! the inner session wants to send ([`Seal::seal`]); and it says when the inner peer opens and ends.
//!
//! ```text
//!  wire --Input--> outer protocol --open, data, eof, closed--> Nested { Session<inner> }
//!  wire <--Out---- outer protocol <--------seal, finish------- flush
//! ```
//!
//! Whom the inner protocol dials is *passed*: its bytes are not sealed. Everything that happens in the
//! conversation is told once, as the inner session sees it; what travels is the outer protocol's own
//! matter, from [`Out::veil`] on.
//!
//! What the inner session has to send stays with it while so much of the outer's is under way that more
//! would only lie there: back-pressure reaches through.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::context::{Context, Limits, Pauses};
use crate::event::{By, Reason};
use crate::out::Out;
use crate::peers::{Link, Peer, Told};
use crate::session::{Command, Session};
use crate::time::Time;
use crate::{Input, Protocol};

/// While so much waits for a peer, what the inner session has for it stays there.
const ROOM: u64 = 64 * 1024;

/// How the outer protocol sends what the inner one has to say; [`Out::peer`] is the peer in question.
pub trait Seal {
    /// Sends these bytes, all of them, in its own form.
    fn seal(&mut self, bytes: &[u8], out: &mut Out<'_>);

    /// Says that the inner protocol will send no more; the end of the stream is sent after it.
    fn finish(&mut self, out: &mut Out<'_>);
}

/// A session within a session.
#[derive(Debug)]
pub struct Nested<P> {
    session: Session<P>,
    /// For each peer of the outer session, but for the pair of both first ones, the inner session's.
    inner: BTreeMap<Peer, Peer>,
    /// The way back, and whether the peer is passed.
    outer: BTreeMap<Peer, (Peer, Way)>,
    has_first: bool,
}

/// How the bytes of a peer travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Sealed,
    Passed,
}

impl<P: Protocol> Nested<P> {
    /// Holds `protocol`, whose peers call us.
    pub fn answer(protocol: P) -> Self {
        Self::new(Session::answer(protocol))
    }

    /// Holds `protocol`, which calls its peers.
    pub fn call(protocol: P) -> Self {
        Self::new(Session::call(protocol))
    }

    fn new(session: Session<P>) -> Self {
        Self { session, inner: BTreeMap::new(), outer: BTreeMap::new(), has_first: false }
    }

    /// Tells whether the inner protocol has dialled this peer: its inputs are to be [passed](Self::pass).
    #[must_use]
    pub fn is_passed(&self, peer: Peer) -> bool {
        let inner = self.inner.get(&peer);
        inner.is_some_and(|inner| matches!(self.outer.get(inner), Some((_, Way::Passed))))
    }

    /// Opens the peer that spoke for the inner protocol; once for each.
    pub fn open(&mut self, out: &mut Out<'_>) {
        let peer = out.peer();
        let inner = if core::mem::replace(&mut self.has_first, true) || peer != Peer::FIRST {
            let inner = self.session.join();
            self.pair(peer, inner, Way::Sealed);
            inner
        } else {
            Peer::FIRST
        };
        let Some(state) = out.peers.state(peer) else { return };
        let (conn, kind, called) = (state.conn, state.kind, state.called);
        let link = Link { conn, kind, called, transient: false, names: None };
        self.session.tell(inner, Told::Content);
        lend(out, |cx| self.session.open(inner, &link, cx));
    }

    /// Gives the inner protocol bytes that the peer has sent.
    pub fn data(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let Some((inner, way)) = self.inner_of(out.peer()) else { return };
        if way == Way::Sealed
            && let Some(state) = out.peers.open_mut(out.peer)
        {
            state.received += bytes.len() as u64;
        }
        lend(out, |cx| self.session.data(inner, bytes, cx.now, cx));
    }

    /// The peer will send no more.
    pub fn eof(&mut self, out: &mut Out<'_>) {
        if let Some((inner, _)) = self.inner_of(out.peer()) {
            if let Some(state) = out.peers.open_mut(out.peer) {
                state.ended_first.get_or_insert(By::Peer);
            }
            lend(out, |cx| self.session.eof(inner, cx));
        }
    }

    /// The peer has gone, for this reason.
    pub fn closed(&mut self, reason: Reason, out: &mut Out<'_>) {
        let peer = out.peer();
        if let Some((inner, _)) = self.inner_of(peer) {
            // What lies in messages of the outer protocol has not left either; they are a little longer.
            let held = out.unsent().saturating_sub(self.session.queued(inner));
            self.session.hold(inner, held);
            lend(out, |cx| self.session.closed(inner, reason, cx));
            self.inner.remove(&peer);
            self.outer.remove(&inner);
        }
    }

    /// Gives the inner protocol what happened to a peer that it has dialled.
    pub fn pass(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => {
                let Some((inner, _)) = self.inner_of(out.peer()) else { return };
                let (kind, conn) = (out.kind(), Link::OWN_SIDE);
                let link = Link { conn, kind, called: true, transient: false, names: None };
                lend(out, |cx| self.session.open(inner, &link, cx));
            }
            Input::Data(bytes) => self.data(bytes, out),
            Input::Eof => self.eof(out),
            Input::Closed(reason) => self.closed(reason, out),
            Input::Drained | Input::Timeout | Input::Stop => {}
        }
    }

    /// The run is asked to end.
    pub fn stop(&mut self, out: &mut Out<'_>) {
        lend(out, |cx| self.session.stop(cx));
    }

    /// When to call [`Nested::tick`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.session.deadline()
    }

    /// Time passed.
    pub fn tick(&mut self, out: &mut Out<'_>) {
        lend(out, |cx| {
            self.session.tick(cx);
            while self.session.expired(cx).is_some() {}
        });
    }

    /// Tells whether the inner protocol is to be given what the peer sends now; what the outer protocol
    /// has opened already may wait for that.
    #[must_use]
    pub fn wants_data(&self, out: &Out<'_>) -> bool {
        self.inner_of(out.peer()).is_some_and(|(inner, _)| self.session.wants_read(inner, out.cx))
    }

    /// Sends what the inner session has to send and does what it commands; to be called after anything
    /// else was, and at [`Input::Drained`].
    ///
    /// A peer that the inner session does not want to read is not [heard](Out::hear) from here on,
    /// until it does.
    pub fn flush(&mut self, seal: &mut impl Seal, out: &mut Out<'_>) {
        let mut turn = self.inner_of(out.peer()).map(|(inner, _)| inner);
        loop {
            if let Some((inner, endpoint)) = self.session.dial() {
                let peer = out.dial(endpoint);
                self.pair(peer, inner, Way::Passed);
                continue;
            }
            let Some(inner) = turn.take().or_else(|| self.session.active()) else { return };
            if let Some((peer, way)) = self.outer_of(inner) {
                self.flush_peer(inner, way, seal, &mut out.to(peer));
            }
        }
    }

    fn flush_peer(&mut self, inner: Peer, way: Way, seal: &mut impl Seal, out: &mut Out<'_>) {
        loop {
            while out.queued() < ROOM
                && let Some(bytes) = self.session.output(inner, out.cx)
            {
                let n = bytes.len();
                match way {
                    Way::Sealed => seal.seal(bytes, out),
                    Way::Passed => out.send(bytes),
                }
                if way == Way::Sealed
                    && let Some(state) = out.peers.open_mut(out.peer)
                {
                    state.sent += n as u64;
                }
                lend(out, |cx| self.session.sent(inner, n, cx.now, cx));
            }
            match lend(out, |cx| self.session.command(inner, cx)) {
                Some(Command::Finish) => {
                    if way == Way::Sealed {
                        seal.finish(out);
                    }
                    if self.session.lingers(inner) { out.close() } else { out.finish() }
                }
                Some(Command::Close) => out.leave(),
                Some(Command::Abort) => out.abort(),
                None if self.session.output(inner, out.cx).is_none() => break,
                None if out.queued() >= ROOM => {
                    out.notify_drained();
                    break;
                }
                None => {}
            }
        }
        let behind = self.session.queued(inner);
        if let Some(state) = out.peers.open_mut(out.peer) {
            state.behind = behind;
        }
        if self.session.is_open(inner) {
            let wants = self.session.wants_read(inner, out.cx);
            out.hear(wants);
        }
    }

    /// The inner protocol, for whoever needs its type back.
    pub fn protocol(&mut self) -> &mut P {
        self.session.protocol()
    }

    fn pair(&mut self, outer: Peer, inner: Peer, way: Way) {
        self.inner.insert(outer, inner);
        self.outer.insert(inner, (outer, way));
    }

    fn inner_of(&self, outer: Peer) -> Option<(Peer, Way)> {
        if let Some(inner) = self.inner.get(&outer) {
            return self.outer.get(inner).map(|(_, way)| (*inner, *way));
        }
        // The inner session's first may be another, who opened before this one.
        let is_pair = self.has_first && !self.outer.contains_key(&Peer::FIRST);
        (is_pair && outer == Peer::FIRST).then_some((Peer::FIRST, Way::Sealed))
    }

    fn outer_of(&self, inner: Peer) -> Option<(Peer, Way)> {
        let first = (inner == Peer::FIRST && self.has_first).then_some((Peer::FIRST, Way::Sealed));
        self.outer.get(&inner).copied().or(first)
    }
}

/// Calls the inner session with a context of its own: the limits are the outer session's matter, which
/// sees the wire, and so are the counts; and a range of a file has to be read to be sealed.
fn lend<R>(out: &mut Out<'_>, call: impl FnOnce(&mut Context) -> R) -> R {
    let cx = &mut *out.cx;
    let kept = (cx.limits, cx.tally, cx.takes_ranges);
    cx.limits = Limits {
        idle: None,
        sender_idle: None,
        linger: None,
        patience: None,
        reset: false,
        relayed: kept.0.relayed,
        pauses: Pauses { read: Duration::ZERO, write: Duration::ZERO, close: Duration::ZERO },
    };
    cx.takes_ranges = false;
    let answer = call(cx);
    (cx.limits, cx.tally, cx.takes_ranges) = kept;
    answer
}
