//! Who is where something goes, and of whom it is known that there is somebody.

use sock_record::{Origin, SockId};

use super::book::{Book, GHOSTS, Known, Part, Who};

impl Book {
    /// Who is at the address that a socket asks for, whether it listens or not.
    pub(super) fn target(&self, sock: SockId) -> (Who, bool) {
        let peer = self.peer(sock);
        let known = self.socks.get(&sock);
        let address = known.and_then(|known| known.peer.as_deref()).unwrap_or_default();
        let is_idle = |known: &Known| !known.is_dgram() && !known.is_connection();
        let idle = || self.holder(self.behind(address, is_idle)?);
        if peer.1 { peer } else { idle().map_or(peer, |who| (who, true)) }
    }

    /// Somebody of whom the record has the address only has said something.
    pub(super) fn hears(&mut self, ghost: &Who) {
        if self.heard.len() >= GHOSTS {
            self.heard.clear();
        }
        self.heard.insert(ghost.clone());
    }

    pub(super) fn is_heard(&self, ghost: &Who) -> bool {
        self.heard.contains(ghost)
    }
}

impl Known {
    /// Whether a broken pipe is its own doing: it has ended, or nobody had ever taken a connection of it.
    pub(super) fn ends_itself(&self) -> bool {
        let is_lone = self.from == Origin::Socket && self.mate.is_none();
        self.fin || (is_lone && !self.connects && self.sent + self.got == 0)
    }
}

impl Part {
    /// Whether its arrows go to the right, to those who answer.
    pub(super) fn only_asks(self) -> bool {
        self.asks && !self.answers
    }
}
