//! Tags: the port behind a call, where it could be taken for a call on another socket.
//!
//! A lane is a program, and a program may have several sockets. An arrow to another lane tells which of them it is about, as
//! long as there is one conversation between the two. Of several each has a name, the same at both ends: the port of who
//! connected, for the other side's is the same for all of them.

use std::collections::HashMap;

use sock_record::Origin;

use crate::pair::Joined;
use crate::place::Place;
use crate::plan::lanes::Lanes;
use crate::story::Story;

/// The tag of each socket that needs one.
#[derive(Debug, Default)]
pub(crate) struct Tags(Vec<Option<u16>>);

impl Tags {
    pub(crate) fn new(story: &Story<'_>, joined: &Joined, lanes: &Lanes) -> Self {
        let own = |sock: usize| port(story.local(sock));
        let is_used = |sock: &usize| !story.calls_of[*sock].is_empty();
        let mut tags = vec![None; story.socks.len()];
        // Those that are told apart by their own port: datagram sockets, and the doors of a server.
        let mut doors: HashMap<(usize, bool), Vec<(usize, u16)>> = HashMap::new();
        let mut between: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for sock in (0..story.socks.len()).filter(is_used) {
            let (lane, is_dgram) = (lanes.of(sock), story.is_dgram(sock));
            if is_dgram || story.is_listener(sock) {
                let door = own(sock).map(|port| (sock, port));
                doors.entry((lane, is_dgram)).or_default().extend(door);
            } else if story.is_connection(sock) {
                let Some(peer) = lanes.peer_of(story, joined, sock) else { continue };
                let peer = peer.lane;
                between.entry((lane.min(peer), lane.max(peer))).or_default().push(sock);
            }
        }
        for ((lane, is_dgram), doors) in doors {
            if doors.iter().all(|door| door.1 == doors[0].1) {
                continue;
            }
            for &(sock, port) in &doors {
                tags[sock] = Some(port);
            }
            // What came in by a door bears its number.
            for sock in (0..story.socks.len()).filter(|_| !is_dgram) {
                if lanes.of(sock) == lane && story.socks[sock].from == Origin::Accept {
                    tags[sock] = own(sock);
                }
            }
        }
        for socks in between.into_values() {
            let ends = |sock: usize| joined.mates[sock].map_or(sock, |mate| mate.min(sock));
            if socks.iter().all(|&sock| ends(sock) == ends(socks[0])) {
                continue;
            }
            for sock in socks {
                let is_accepted = story.socks[sock].from == Origin::Accept;
                tags[sock] = if is_accepted { port(story.peer(sock)) } else { own(sock) };
            }
        }
        Self(tags)
    }

    /// What stands behind a call on this socket.
    pub(crate) fn of(&self, sock: usize) -> Option<String> {
        let port = (*self.0.get(sock)?)?;
        Some(format!(":{port}"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

fn port(place: Option<Place>) -> Option<u16> {
    match place? {
        Place::Inet(_, port) => Some(port),
        Place::Name(_) => None,
    }
}
