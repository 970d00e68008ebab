//! Which connection a call was on, where its program has several to the same other one.

use sock_record::{Origin, ProcId, SockId};

use super::book::{Book, GHOSTS};
use super::row::Tag;
use crate::place::Place;

impl Book {
    /// The tag of a call of a process on a socket: a connection bears the port of who connected.
    pub(super) fn tag(&mut self, sock: SockId, proc: ProcId) -> Tag {
        let Some(known) = self.socks.get(&sock).filter(|known| known.is_connection()) else {
            return Tag::default();
        };
        let place = if known.from == Origin::Accept {
            known.peer.as_deref().and_then(Place::new)
        } else {
            known.local.clone()
        };
        let port = match place {
            Some(Place::Inet(_, port)) => Some(port),
            Some(Place::Name(_)) | None => return Tag::default(),
        };
        if self.talks.len() >= GHOSTS {
            self.talks.clear();
        }
        let (peer, _) = self.peer(sock);
        let (first, is_one_of_several) = self.talks.entry((proc, peer)).or_insert((sock, false));
        *is_one_of_several |= *first != sock;
        Tag { port, is_one_of_several: *is_one_of_several }
    }
}
