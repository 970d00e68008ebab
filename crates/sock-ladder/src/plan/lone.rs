//! What has one side in the record only: sent and never taken, taken unseen, or received from elsewhere.

use sock_record::{Call, CallKind, Dir, Interval, LinkKind, Origin};

use super::lanes::Peer;
use super::parts::without;
use super::steps::{Maker, Touch, What};
use crate::pair::urgent;
use crate::story::{is_eof, is_peek};

impl Maker<'_, '_> {
    /// Bytes that were sent or received and have no other side in the record.
    pub(super) fn lone_bytes(&mut self, sock: usize) {
        let Some(peer) = self.peer(sock) else { return };
        let taker = Touch::peer(peer);
        let unseen = taker.missing && self.is_taken_unseen(sock);
        let taker = Touch { missing: taker.missing && !unseen, unseen, ..taker };
        self.lone_urgent(sock, peer, taker);
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

    /// Urgent bytes that nobody asked for, and those that came from who is not in the record.
    fn lone_urgent(&mut self, sock: usize, peer: Peer, taker: Touch) {
        let story = self.story;
        // Where they are in the stream, of which they are no part.
        let mut at = 0;
        for (call, line) in story.calls_on(sock) {
            let (span, is_send) = (self.joined.spans[call], line.call == CallKind::Send);
            at = span.filter(|_| is_send).map_or(at, Interval::end);
            let Some(n) = urgent(line) else { continue };
            // With others it was drawn for those; asked for in its place it is one of them.
            let is_drawn = match span {
                Some(span) => span.len() == n || self.is_urgent_met(call),
                None => self.shown[call],
            };
            let what = What::Bytes(Interval::at(at, 0));
            if is_drawn {
                continue;
            }
            if is_send {
                self.add(what, self.touch(call), Some(taker), false);
            } else if self.joined.mates[sock].is_none() {
                self.add(what, Touch::peer(peer), Some(self.touch(call)), false);
            }
        }
    }

    /// Whether somebody asked for the urgent byte of a send.
    fn is_urgent_met(&self, send: usize) -> bool {
        let joins = &self.joined.joins;
        let first = joins.partition_point(|join| join.from < send);
        let mut own = joins[first..].iter().take_while(|join| join.from == send);
        own.any(|join| join.kind == LinkKind::Bytes && join.off.is_some_and(Interval::is_empty))
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
