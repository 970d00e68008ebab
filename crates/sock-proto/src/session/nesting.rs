//! Nesting: what a session tells to a protocol that holds it within another session.

use super::Session;
use crate::Protocol;
use crate::peers::{Peer, Told};

impl<P: Protocol> Session<P> {
    /// Sets what is told of a peer.
    pub(crate) fn tell(&mut self, peer: Peer, told: Told) {
        if let Some(state) = self.peers.state_mut(peer) {
            state.told = told;
        }
    }

    /// Whether the protocol has closed, and waits no longer than the linger limit.
    pub(crate) fn lingers(&self, peer: Peer) -> bool {
        self.peers.state(peer).is_some_and(|state| state.lingers)
    }

    /// Says how many bytes that have left this session never reached the peer.
    pub(crate) fn hold(&mut self, peer: Peer, bytes: u64) {
        if let Some(state) = self.peers.state_mut(peer) {
            state.behind = bytes;
        }
    }

    /// How many bytes wait for the peer.
    pub(crate) fn queued(&self, peer: Peer) -> u64 {
        self.peers.state(peer).map_or(0, |state| state.outbox.len())
    }
}
