//! Until: whether the peer has said what `--until` waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sock_proto::protocols::{Stdio, Wiring};
use sock_proto::{Input, Out, Peer, Protocol};

/// Wires the peer, and tells when its words have ended the conversation.
#[derive(Debug)]
pub(super) struct Until {
    stdio: Stdio,
    screen: Option<Peer>,
    has_come: Arc<AtomicBool>,
}

impl Until {
    pub(super) fn new(wiring: Wiring, has_come: &Arc<AtomicBool>) -> Self {
        Self { stdio: Stdio::new(wiring), screen: None, has_come: Arc::clone(has_come) }
    }
}

impl Protocol for Until {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let (peer, is_data) = (out.peer(), matches!(input, Input::Data(_)));
        self.stdio.handle(input, out);
        if peer != Peer::FIRST {
            self.screen = Some(peer);
        } else if is_data
            && let Some(screen) = self.screen
            && !out.to(screen).is_open()
        {
            // Nothing else that the peer says ends our output.
            self.has_come.store(true, Ordering::Relaxed);
        }
    }
}
