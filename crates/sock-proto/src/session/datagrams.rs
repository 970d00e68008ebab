//! Datagrams: those that had no room, cannot be sent, or are sent later, with those to others.
//!
//! Many small sends cost far more than one call for all of them. So an engine takes the answers out
//! of a session before they have left, and the session is free for the next datagram. To the
//! protocol the conversation is over then; who observes it hears of its answers when they leave,
//! and of its end after that.

use alloc::vec::Vec;

use super::Session;
use crate::Protocol;
use crate::context::Context;
use crate::event::{By, How, Reason, What};
use crate::peers::{Drained, Kind, Life, Ours, Peer};
use crate::time::Time;

/// A conversation whose protocol is done, while its answers have not left yet.
#[derive(Debug)]
pub struct Parting {
    conn: u64,
    opened: Time,
    received: u64,
    sent: u64,
    unsent: u64,
    reason: Reason,
    finished: bool,
}

impl<P: Protocol> Session<P> {
    /// The datagram that came last was longer: `lost` bytes of it had no room.
    pub fn cut(&mut self, peer: Peer, lost: usize, cx: &mut Context) {
        if let Some(state) = self.peers.open_mut(peer) {
            let text = format_args!("the last {lost} B of a datagram had no room and are lost");
            cx.emit(state.conn, What::Note { code: "cut", text });
        }
    }

    /// The datagram that [`Session::output`] gave cannot be sent: it is dropped, and a note says
    /// why.
    pub fn unsendable(&mut self, peer: Peer, why: &str, cx: &mut Context) {
        let Some(state) = self.peers.open_mut(peer) else { return };
        if let Some(first) = state.outbox.first() {
            let n = first.len();
            unsendable(state.conn, n, why, cx);
            state.outbox.advance(n as u64, &mut cx.pool);
        }
        self.peers.activate_feeders(peer, cx.now);
    }

    /// Tells whether all that the protocol has to say for now lies queued, as datagrams: it has
    /// asked for no further turn.
    #[must_use]
    pub fn has_said_all(&self, peer: Peer) -> bool {
        self.peers
            .state(peer)
            .is_some_and(|state| state.drained != Drained::Asked && state.outbox.range().is_none())
    }

    /// Moves the next datagram for a peer to the end of `into` and tells its length; an engine that
    /// calls this sends it later and ends the conversation with [`Session::part`].
    pub fn take(&mut self, peer: Peer, into: &mut Vec<u8>, cx: &mut Context) -> Option<usize> {
        let bytes = self.output(peer, cx)?;
        into.extend_from_slice(bytes);
        let n = bytes.len();
        let state = self.peers.open_mut(peer)?;
        state.outbox.advance(n as u64, &mut cx.pool);
        Some(n)
    }

    /// Ends a conversation whose answers were all [taken](Session::take), as far as the protocol
    /// goes; none if it is not open.
    pub fn part(&mut self, peer: Peer, cx: &mut Context) -> Option<Parting> {
        let state = self.peers.open_mut(peer)?;
        let cut = match state.ours {
            Ours::Aborting => true,
            Ours::Finishing => cx.limits.reset,
            Ours::Open | Ours::Ended => false,
        };
        let (by, how) = if cut {
            (By::Us, How::Reset)
        } else {
            (state.ended_first.unwrap_or(By::Us), How::Fin)
        };
        let reason = Reason { by, how: state.how.unwrap_or(how) };
        state.life = Life::Closed;
        let parting = Parting {
            conn: state.conn,
            opened: state.opened,
            received: state.received,
            sent: 0,
            unsent: state.outbox.clear(&mut cx.pool),
            reason,
            finished: state.ours == Ours::Finishing && !cut,
        };
        self.handle(peer, crate::Input::Closed(reason), cx);
        self.peers.forget(peer);
        Some(parting)
    }
}

impl Parting {
    /// A datagram of its answers has left, in a call that began at `since`.
    pub fn sent(&mut self, bytes: &[u8], since: Time, cx: &Context) {
        self.sent += bytes.len() as u64;
        cx.emit(self.conn, What::Sent { kind: Kind::Datagram, bytes, since });
    }

    /// A datagram of `n` bytes cannot be sent, and a note says why.
    pub fn unsendable(&mut self, n: usize, why: &str, cx: &Context) {
        unsendable(self.conn, n, why, cx);
    }

    /// A datagram of `n` bytes will not be sent, because the conversation ends for this reason.
    pub fn broken(&mut self, n: usize, reason: Reason) {
        self.unsent += n as u64;
        (self.reason, self.finished) = (reason, false);
    }

    /// Nothing more is to leave: tells the end.
    pub fn closed(self, cx: &mut Context) {
        let Self { conn, opened, received, sent, unsent, reason, finished } = self;
        cx.tally.conversations += 1;
        cx.tally.sent += sent;
        cx.tally.received += received;
        if finished {
            cx.emit(conn, What::Finished);
        }
        let lasted = cx.now - opened;
        cx.emit(conn, What::Closed { reason, sent, received, unsent, lasted });
    }
}

fn unsendable(conn: u64, n: usize, why: &str, cx: &Context) {
    let text = format_args!("a datagram of {n} B was not sent: {why}");
    cx.emit(conn, What::Note { code: "unsendable", text });
}
