//! Lending: the first piece of an outbox leaves the session while the kernel sends it.
//!
//! An engine that sends at once borrows [`Session::output`] for the length of a call. One whose sends
//! are under way while the session goes on takes the piece itself, so that a room which says more to
//! the same peer, a peer that stalls or one that is let go can neither grow, move nor free the bytes:
//!
//! ```text
//! lend -> (the session goes on: the peer has nothing to send, and no command but Abort) -> take_back
//! ```

use alloc::vec::Vec;

use super::Session;
use crate::Protocol;
use crate::context::Context;
use crate::event::What;
use crate::peers::{Peer, Told};
use crate::time::Time;

/// The first piece of an outbox, in the hands of an engine.
#[derive(Debug)]
pub struct Lent {
    bytes: Vec<u8>,
    at: usize,
    since: Time,
}

impl Lent {
    /// What is to be sent. It lies where it lies until the piece is given back.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

impl<P: Protocol> Session<P> {
    /// Lends what [`Session::output`] shows, for a call that begins at `since`; until it has
    /// [come back](Session::take_back) there is no output.
    pub fn lend(&mut self, peer: Peer, since: Time, cx: &Context) -> Option<Lent> {
        self.output(peer, cx)?;
        let (bytes, at) = self.peers.open_mut(peer)?.outbox.lend()?;
        Some(Lent { bytes, at, since })
    }

    /// Tells whether the engine has a piece of the peer's.
    #[must_use]
    pub fn is_lent(&self, peer: Peer) -> bool {
        self.peers.state(peer).is_some_and(|state| state.outbox.is_lent())
    }

    /// The kernel took `n` bytes of a piece, none if it took nothing at all; what is left of it is
    /// output again. The peer may have closed meanwhile: then these bytes were counted as unsent.
    pub fn take_back(&mut self, peer: Peer, lent: Lent, n: Option<usize>, cx: &mut Context) {
        let Lent { bytes, at, since } = lent;
        let Some(state) = self.peers.open_mut(peer).filter(|state| state.outbox.is_lent()) else {
            return cx.pool.give(bytes);
        };
        let n = n.map(|n| n.min(bytes.len() - at));
        if let Some(n) = n {
            state.moved = cx.now;
            if state.told != Told::Frame {
                state.sent += n as u64;
                let (kind, bytes) = (state.kind, &bytes[at..at + n]);
                cx.emit(state.conn, What::Sent { kind, bytes, since });
            }
        }
        state.outbox.take_back(bytes, at + n.unwrap_or(0), &mut cx.pool);
        state.load(cx);
        self.peers.activate_feeders(peer, cx.now);
    }
}
