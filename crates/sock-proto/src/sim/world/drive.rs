//! Drive: the engine's half of the world: flush, read and wake a session as it asks.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Due, Place, Running, World, weight};
use crate::peers::{Kind, Peer};
use crate::session::Command;
use crate::sim::kernel::{Eof, Life, Packet};
use crate::sim::story::Told;
use crate::sim::wire::{Wire, befalls};

/// The largest payload of a UDP datagram over IPv4: 65,535 less 20 of IP's and 8 of UDP's.
const DATAGRAM: usize = 65_507;

impl World<'_> {
    /// Flushes and reads the peer that was spoken of and all that the session names, until nothing
    /// moves.
    pub(super) fn settle(&mut self, n: usize, peer: Option<Peer>) {
        let mut todo = VecDeque::from_iter(peer);
        loop {
            let session = &mut self.nodes[n].node.session;
            if let Some((peer, place)) = session.dial() {
                self.nodes[n].several = true;
                self.call(n, peer, place);
                continue;
            }
            if let Some(peer) = session.active() {
                todo.push_back(peer);
                continue;
            }
            let Some(peer) = todo.pop_front() else { break };
            self.flush(n, peer);
            if self.read(n, peer) {
                todo.push_back(peer);
            }
        }
        self.wake_up(n);
    }

    /// Sees to it that the session is told when its deadline comes, and not before.
    fn wake_up(&mut self, n: usize) {
        let deadline = self.nodes[n].node.session.deadline().map(|time| time.max(self.now));
        let set = self.nodes[n].wake;
        if set.map(|(time, _)| time) == deadline {
            return;
        }
        if let Some(key) = set {
            self.due.remove(&key);
        }
        self.nodes[n].wake = deadline.map(|time| (time, self.at(time, Due::Wake(n))));
    }

    /// Sends what there is to send and does what the session commands.
    fn flush(&mut self, n: usize, peer: Peer) {
        let Some(&place) = self.nodes[n].places.get(&peer) else { return };
        loop {
            let blocked = self.send(n, peer, place);
            let (node, cx) = self.lend(n);
            match node.session.command(peer, cx) {
                Some(Command::Finish) => {
                    self.end(place).finished = true;
                    if self.conns[place.0].kind == Kind::Stream {
                        self.post(place, Packet::Fin);
                    }
                }
                Some(Command::Close) => {
                    self.let_go(place);
                    self.tell_closed(n);
                }
                Some(Command::Abort) => {
                    self.end(place).life = Life::Gone;
                    self.post(place, Packet::Reset);
                    self.tell_closed(n);
                }
                None if blocked || node.session.output(peer, cx).is_none() => return,
                // The peer's turn came, and it filled its outbox again.
                None => {}
            }
        }
    }

    /// Sends until nothing is left or there is no room, and tells which.
    fn send(&mut self, n: usize, peer: Peer, place: Place) -> bool {
        let (conn, end) = place;
        let kind = self.conns[conn].kind;
        loop {
            let under_way = self.end(place).under_way;
            let room = self.wire.window.saturating_sub(under_way);
            let (node, cx) = self.lend(n);
            let Some(bytes) = node.session.output(peer, cx) else { return false };
            let (size, most) = match kind {
                Kind::Stream => (bytes.len().min(room), room),
                // One that is larger than the window goes alone.
                Kind::Datagram => (bytes.len(), if under_way == 0 { usize::MAX } else { room }),
            };
            if kind == Kind::Datagram && size > DATAGRAM {
                node.session.unsendable(peer, "no datagram is so large", cx);
                continue;
            }
            let bytes = bytes[..size].to_vec();
            if weight(&bytes) > most {
                node.session.stalled(peer, cx);
                self.end(place).blocked = true;
                return true;
            }
            let now = cx.now;
            node.session.sent(peer, size, now, cx);
            self.end(place).under_way += weight(&bytes);
            self.story.sides[conn * 2 + end].sent += size as u64;
            match kind {
                Kind::Stream => self.post_joined(place, Packet::Bytes(bytes)),
                Kind::Datagram => self.post_datagram(place, bytes),
            }
        }
    }

    /// Sends a datagram as far as it gets.
    fn post_datagram(&mut self, place: Place, bytes: Vec<u8>) {
        let Wire { delay, loss, duplication, reorder, .. } = self.wire;
        let (conn, from) = place;
        let there = (conn, 1 - from);
        if befalls(loss, &mut self.dice) {
            self.at(self.now + delay, Due::Arrive(place, Packet::Room(weight(&bytes))));
            return self.tell(there, &Told::Bytes { bytes: &bytes, fate: "  lost" });
        }
        let late = if befalls(reorder, &mut self.dice) { delay } else { Duration::ZERO };
        if befalls(duplication, &mut self.dice) {
            self.end(place).under_way += weight(&bytes);
            self.post(place, Packet::Bytes(bytes.clone()));
        }
        self.at(self.now + delay + late, Due::Arrive(there, Packet::Bytes(bytes)));
    }

    /// Reads one piece, or the end, if the session wants that; tells whether there was any.
    fn read(&mut self, n: usize, peer: Peer) -> bool {
        let Some(&place) = self.nodes[n].places.get(&peer) else { return false };
        if self.end(place).life != Life::Open {
            return false;
        }
        let Running { node, cx, .. } = &mut self.nodes[n];
        cx.now = self.now;
        let wants = node.session.wants_read(peer, cx);
        let end = &mut self.conns[place.0].ends[place.1];
        end.armed = wants && !node.is_deaf(self.now);
        if !end.armed {
            return false;
        }
        let kind = self.conns[place.0].kind;
        let end = &mut self.conns[place.0].ends[place.1];
        let Some(bytes) = end.take(kind, &self.wire.cut, &mut self.dice) else {
            if end.eof != Eof::Arrived {
                return false;
            }
            end.eof = Eof::Heard;
            self.tell(place, &Told::Mark("FIN"));
            let (node, cx) = self.lend(n);
            node.session.eof(peer, cx);
            return true;
        };
        if kind == Kind::Stream {
            self.post_joined(place, Packet::Room(bytes.len()));
        }
        self.tell(place, &Told::Bytes { bytes: &bytes, fate: "" });
        let (node, cx) = self.lend(n);
        let now = cx.now;
        node.session.data(peer, &bytes, now, cx);
        if core::mem::take(&mut node.session.protocol().heard) {
            let side = &mut self.story.sides[place.0 * 2 + place.1];
            side.received.extend_from_slice(&bytes);
            side.reads += 1;
        }
        true
    }

    /// Closes a socket as the kernel does: with a reset if something was left unread.
    pub(super) fn let_go(&mut self, place: Place) {
        let kind = self.conns[place.0].kind;
        let end = self.end(place);
        if core::mem::replace(&mut end.life, Life::Gone) == Life::Gone {
            return;
        }
        let (unread, finished) = (end.unread(), end.finished);
        end.clear();
        if kind == Kind::Stream {
            match (unread, finished) {
                (0, true) => {}
                (0, false) => self.post(place, Packet::Fin),
                (_, _) => self.post(place, Packet::Reset),
            }
        }
    }

    /// Writes down which of the node's conversations have closed.
    pub(super) fn tell_closed(&mut self, n: usize) {
        for (peer, reason) in core::mem::take(&mut self.nodes[n].node.session.protocol().closed) {
            // The place is kept: a session with one peer serves no second one.
            let Some(&place) = self.nodes[n].places.get(&peer) else { continue };
            self.tell(place, &Told::Closed(reason));
            self.story.sides[place.0 * 2 + place.1].closed = Some((self.now, reason));
        }
    }
}
