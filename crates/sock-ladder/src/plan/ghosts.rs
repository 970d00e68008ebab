//! Ghosts: lanes for those of whom the record knows the address only. Where nobody ever answered there is none: who was
//! there, if anybody was, is not known, and what went there ends beside its own lane.

use sock_record::{Call, Dir, Origin};

use super::lanes::{Found, Key, Lanes, Peer, Role, role};
use crate::pair::{Bound, Joined};
use crate::place::Place;
use crate::story::Story;

impl Lanes {
    /// The lane of the peer of a connection; none where there was nobody.
    pub(crate) fn peer_of(&self, story: &Story<'_>, joined: &Joined, sock: usize) -> Option<Peer> {
        if let Some(mate) = joined.mates[sock] {
            return Some(Peer { lane: self.own[mate], seen: true });
        }
        let address = story.peer_text(sock).unwrap_or_default();
        self.at(&self.listeners, address).or_else(|| {
            // Whoever has the address and does not listen is who did not answer.
            let place = Place::new(address).filter(|_| !story.is_answered(sock))?;
            Some(Peer { lane: self.own[self.idle.at(&place)?], seen: true })
        })
    }

    /// The lane of the peer of a datagram; none where nobody is known there.
    pub(crate) fn at_datagram(&self, address: &str) -> Option<Peer> {
        self.at(&self.datagrams, address)
    }

    fn at(&self, bound: &Bound, address: &str) -> Option<Peer> {
        let known = Place::new(address).and_then(|place| bound.at(&place));
        match known {
            Some(sock) => Some(Peer { lane: self.own[sock], seen: true }),
            None => Some(Peer { lane: *self.ghosts.get(ghost(address))?, seen: false }),
        }
    }

    /// Gives a lane to each that a socket spoke with and that the record does not have.
    pub(super) fn add_ghosts(
        &mut self,
        (story, joined): (&Story<'_>, &Joined),
        sock: usize,
        met: &[bool],
        found: &mut Found,
    ) {
        let mut addresses: Vec<(u64, &str)> = Vec::new();
        let start = story.life(sock).0;
        let is_pair = story.socks[sock].from == Origin::Pair && joined.mates[sock].is_some();
        if story.is_dgram(sock) && !is_pair {
            let peer = story.peer_text(sock);
            let lone = |n: usize, call: &Call| {
                call.moved().is_some() && call.dir == Some(Dir::In) && !met[n]
            };
            for (_, call) in story.calls_on(sock).filter(|(n, call)| lone(*n, call)) {
                addresses
                    .push((call.enter, call.args.addr.as_deref().or(peer).unwrap_or_default()));
            }
            addresses.retain(|(_, address)| {
                Place::new(address).is_none_or(|place| self.datagrams.at(&place).is_none())
            });
        } else if story.is_connection(sock)
            && joined.mates[sock].is_none()
            && story.is_answered(sock)
        {
            let address = story.peer_text(sock).unwrap_or_default();
            if Place::new(address).is_none_or(|place| self.listeners.at(&place).is_none()) {
                addresses.push((start, address));
            }
        }
        for (first, address) in addresses {
            let name = ghost(address);
            let lane = found.lane(Key::Ghost(name.to_owned()), first);
            found.role(
                lane,
                role(story, sock).map(|role| match role {
                    Role::Asks => Role::Answers,
                    Role::Answers => Role::Asks,
                }),
            );
            self.ghosts.insert(name.to_owned(), lane);
        }
    }
}

/// The name of a ghost's lane.
fn ghost(address: &str) -> &str {
    if address.is_empty() { "peer" } else { address }
}
