//! What has one side in the record only: sent and never taken, taken unseen, or received from elsewhere.

use sock_record::{Call, Dir, Origin};

use super::parts::without;
use super::steps::{Maker, Touch, What};
use crate::story::{is_eof, is_peek};

impl Maker<'_, '_> {
    /// Bytes that were sent or received and have no other side in the record.
    pub(super) fn lone_bytes(&mut self, sock: usize) {
        let Some(peer) = self.peer(sock) else { return };
        let taker = Touch::peer(peer);
        let unseen = taker.missing && self.is_taken_unseen(sock);
        let taker = Touch { missing: taker.missing && !unseen, unseen, ..taker };
        for &call in &self.story.calls_of[sock] {
            let Some(whole) = self.joined.spans[call] else {
                // Of one that was taken among others nobody knows which receives got its bytes.
                if self.story.calls[call].dir == Some(Dir::Out)
                    && self.story.calls[call].moved() > Some(0)
                    && !self.shown[call]
                {
                    self.add(What::Local, self.touch(call), None, false);
                }
                continue;
            };
            if self.met[call] >= whole.len() {
                continue;
            }
            let line = self.story.calls[call];
            let own = self.touch(call);
            for off in without(whole, self.partly.get(&call).map_or(&[], Vec::as_slice)) {
                let (from, to) = match line.dir {
                    Some(Dir::In) => (Touch::peer(peer), own),
                    _ => (own, taker),
                };
                if !is_peek(line) || !self.shown[call] {
                    self.add(What::Bytes(off), from, Some(to), is_peek(line));
                }
            }
        }
    }

    pub(super) fn lone_datagrams(&mut self, sock: usize) {
        let peer_text = self.story.peer_text(sock).unwrap_or_default();
        // The peer that a socket with a name knows is not who all its datagrams are for.
        let has_mate =
            self.story.socks[sock].from == Origin::Pair && self.joined.mates[sock].is_some();
        let is_paired = self.story.is_seqpacket(sock) || has_mate;
        let paired = if is_paired { self.peer(sock) } else { None };
        let unseen = has_mate && self.is_taken_unseen(sock);
        for (call, line) in self.story.calls_on(sock).filter(|(_, line)| line.moved().is_some()) {
            if self.shown[call] || (self.story.is_seqpacket(sock) && is_eof(line)) {
                continue;
            }
            let address = line.args.addr.as_deref().unwrap_or(peer_text);
            let (own, what) = (self.touch(call), What::Datagram(line.moved().unwrap_or(0)));
            let Some(peer) = paired.or_else(|| self.lanes.at_datagram(address)) else {
                self.add(what, own, None, false);
                continue;
            };
            let peer = Touch::peer(peer);
            let peer = Touch { missing: peer.missing && !unseen, unseen, ..peer };
            match line.dir {
                Some(Dir::In) => self.add(what, peer, Some(own), is_peek(line)),
                _ => self.add(what, own, Some(peer), false),
            }
        }
    }

    /// Whether somebody may have taken bytes at the other end of a connection without a call in the record.
    fn is_taken_unseen(&self, sock: usize) -> bool {
        if let Some(mate) = self.joined.mates[sock] {
            return self.story.has_unseen(mate, Dir::In);
        }
        // Who answered had accepted, seen or not.
        let is_answer = |line: &Call| line.dir == Some(Dir::In) && line.moved() > Some(0);
        self.story.calls_on(sock).any(|(_, line)| is_answer(line))
            || self
                .lanes
                .listener(self.story, sock)
                .is_some_and(|listener| self.story.has_ring(listener))
    }
}
