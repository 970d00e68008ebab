//! World: drives the nodes' sessions as an engine does, over the made-up kernel, event by event.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use super::kernel::{Conn, End, Eof, Life, Packet};
use super::story::{Outcome, Side, Story, Told};
use super::wire::Wire;
use super::{Node, Serving};
use crate::context::{Context, Limits};
use crate::endpoint::Endpoint;
use crate::event::{By, How, Reason};
use crate::peers::{Kind, Link, Peer};
use crate::time::Time;

mod drive;

/// A run of more events than this will not end by itself.
const EVENTS: u64 = 20_000_000;

const BY_PEER: Reason = Reason { by: By::Peer, how: How::Reset };
const REFUSED: Reason = Reason { by: By::Peer, how: How::Refused };
/// How the conversation of one datagram ends: nothing is kept.
const FORGOTTEN: Reason = Reason { by: By::Us, how: How::Fin };

/// One end of one conversation.
type Place = (usize, usize);

#[derive(Debug)]
enum Due {
    Call(usize),
    Stop(usize),
    /// A deaf node hears again.
    Hear(usize),
    Wake(usize),
    Break(usize),
    Arrive(Place, Packet),
}

/// A node in the run.
struct Running<'a> {
    node: Node<'a>,
    cx: Context,
    places: BTreeMap<Peer, Place>,
    /// The session says by itself which peers have something to do.
    several: bool,
    /// When the session's deadline is due, and the number of that event.
    wake: Option<(Time, u64)>,
    conns: u64,
}

pub(super) struct World<'a> {
    now: Time,
    wire: Wire,
    dice: Context,
    nodes: Vec<Running<'a>>,
    conns: Vec<Conn>,
    due: BTreeMap<(Time, u64), Due>,
    sequence: u64,
    story: Story,
}

impl<'a> World<'a> {
    pub(super) fn new(seed: u64, wire: Wire, wall: Duration, nodes: Vec<Node<'a>>) -> Self {
        let mut dice = Context::new(Limits::default(), wall, seed);
        let running = |node: Node<'a>| Running {
            cx: node.context(wall, dice.draw()),
            places: BTreeMap::new(),
            several: node.serving == Serving::Shared,
            wake: None,
            conns: 0,
            node,
        };
        let nodes = nodes.into_iter().map(running).collect();
        Self {
            now: Time::ZERO,
            wire,
            nodes,
            conns: Vec::new(),
            due: BTreeMap::new(),
            sequence: 0,
            story: Story::new(),
            dice,
        }
    }

    pub(super) fn play(mut self, until: Time) -> Story {
        for n in 0..self.nodes.len() {
            let node = &self.nodes[n].node;
            let (starts, stops, calls) = (node.starts, node.stops, node.calls.is_some());
            let hears: Vec<Time> = node.deaf.iter().map(|(_, until)| *until).collect();
            if calls {
                self.at(starts, Due::Call(n));
            }
            if let Some(time) = stops {
                self.at(time, Due::Stop(n));
            }
            for time in hears {
                self.at(time, Due::Hear(n));
            }
        }
        while let Some(((time, _), due)) = self.due.pop_first() {
            if time > until || self.sequence > EVENTS {
                self.story.outcome = Outcome::Endless;
                return self.story;
            }
            self.now = time;
            self.happen(due);
        }
        if self.nodes.iter().all(|running| running.node.session.is_done()) {
            self.story.outcome = Outcome::Done;
        }
        self.story
    }

    fn at(&mut self, time: Time, due: Due) -> u64 {
        self.sequence += 1;
        self.due.insert((time, self.sequence), due);
        self.sequence
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Call(n) => {
                if let Some(place) = self.nodes[n].node.calls.clone() {
                    self.call(n, Peer::FIRST, place);
                }
            }
            Due::Stop(n) => {
                let (node, cx) = self.lend(n);
                node.session.stop(cx);
                self.settle(n, Some(Peer::FIRST));
            }
            Due::Hear(n) => {
                let peers: Vec<Peer> = self.nodes[n].places.keys().copied().collect();
                for peer in peers {
                    self.settle(n, Some(peer));
                }
            }
            Due::Wake(n) => {
                self.nodes[n].wake = None;
                let (node, cx) = self.lend(n);
                node.session.tick(cx);
                loop {
                    let (node, cx) = self.lend(n);
                    let Some(peer) = node.session.expired(cx) else { break };
                    if let Some(&place) = self.nodes[n].places.get(&peer) {
                        self.let_go(place);
                    }
                    self.tell_closed(n);
                }
                self.settle(n, (!self.nodes[n].several).then_some(Peer::FIRST));
            }
            Due::Break(conn) => {
                for end in 0..2 {
                    self.arrive((conn, end), Packet::Reset);
                }
            }
            Due::Arrive(place, packet) => self.arrive(place, packet),
        }
    }

    /// The node `n` at the present moment.
    fn lend(&mut self, n: usize) -> (&mut Node<'a>, &mut Context) {
        let Running { node, cx, .. } = &mut self.nodes[n];
        cx.now = self.now;
        (node, cx)
    }

    fn end(&mut self, (conn, end): Place) -> &mut End {
        &mut self.conns[conn].ends[end]
    }

    /// Sends a packet from one end to the other.
    fn post(&mut self, (conn, from): Place, packet: Packet) {
        self.at(self.now + self.wire.delay, Due::Arrive((conn, 1 - from), packet));
    }

    /// Sends bytes of a stream, or word that there is room: what leaves at one moment arrives as
    /// one, or a small window would grind a stream to dust.
    fn post_joined(&mut self, (conn, from): Place, packet: Packet) {
        let time = self.now + self.wire.delay;
        let to = (conn, 1 - from);
        let is_room = matches!(packet, Packet::Room(_));
        let end = self.end(to);
        let last = if is_room { end.last_room } else { end.last_bytes };
        let last = last.filter(|(then, _)| *then == time).and_then(|key| self.due.get_mut(&key));
        match (last, packet) {
            (Some(Due::Arrive(_, Packet::Bytes(bytes))), Packet::Bytes(more)) => {
                bytes.extend_from_slice(&more);
            }
            (Some(Due::Arrive(_, Packet::Room(room))), Packet::Room(more)) => *room += more,
            (_, packet) => {
                let key = (time, self.at(time, Due::Arrive(to, packet)));
                let end = self.end(to);
                *(if is_room { &mut end.last_room } else { &mut end.last_bytes }) = Some(key);
            }
        }
    }

    fn tell(&mut self, (conn, end): Place, what: &Told<'_>) {
        self.story.tell(self.now, conn * 2 + end, what);
    }

    /// The node `n` calls `place`, and its session calls that `peer`.
    fn call(&mut self, n: usize, peer: Peer, place: Endpoint) {
        let conn = self.conns.len();
        let other = self.nodes.iter().position(|other| other.node.listens.as_ref() == Some(&place));
        let kind = if place.is_stream() { Kind::Stream } else { Kind::Datagram };
        // As the system gives a caller a port of its own: Linux begins at 32768.
        let port = u16::try_from(32768 + conn % 28232).unwrap_or(32768);
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let from = if place.is_stream() { Endpoint::tcp(from) } else { Endpoint::udp(from) };
        let ends = [End::new(Some(n), peer), End::new(other, Peer::FIRST)];
        self.conns.push(Conn { ends, kind, place, from });
        let name =
            |n: Option<usize>| n.and_then(|n| self.nodes[n].node.name.clone()).unwrap_or_default();
        let side = |name: String, other: String| Side {
            name,
            other,
            opened: None,
            closed: None,
            received: Vec::new(),
            reads: 0,
            sent: 0,
        };
        let sides = [side(name(Some(n)), name(other)), side(name(other), name(Some(n)))];
        self.story.sides.extend(sides);
        self.nodes[n].places.insert(peer, (conn, 0));
        match kind {
            Kind::Datagram => self.open((conn, 0)),
            Kind::Stream => {
                self.post((conn, 0), Packet::Syn);
                if let Some(time) = self.wire.reset {
                    self.at(time, Due::Break(conn));
                }
            }
        }
    }

    /// Somebody called the node at `place`: finds a peer for the call, if there is one to be had.
    fn accept(&mut self, place: Place) -> bool {
        let Some(n) = self.end(place).node else { return false };
        let Running { node, places, .. } = &mut self.nodes[n];
        let peer = match node.serving {
            Serving::Shared => node.session.join(),
            Serving::One if node.calls.is_some() || places.contains_key(&Peer::FIRST) => {
                return false;
            }
            Serving::One | Serving::Stateless => Peer::FIRST,
        };
        places.insert(peer, place);
        self.end(place).peer = peer;
        true
    }

    fn open(&mut self, place: Place) {
        let (conn, end) = place;
        self.end(place).life = Life::Open;
        let Some(n) = self.end(place).node else { return };
        let quiet = end == 1 && self.nodes[n].node.serving == Serving::Stateless;
        if !quiet {
            self.tell(place, &Told::Open);
            self.story.sides[conn * 2 + end].opened = Some(self.now);
        }
        let Conn { ends, kind, place: there, from: here } = &self.conns[conn];
        let peer = ends[end].peer;
        let Running { node, cx, conns, .. } = &mut self.nodes[n];
        *conns += 1;
        let names = Some(if end == 0 { (here, there) } else { (there, here) });
        let link = Link { conn: *conns, kind: *kind, called: end == 0, transient: quiet, names };
        cx.now = self.now;
        node.session.open(peer, &link, cx);
        self.settle(n, Some(peer));
    }

    fn arrive(&mut self, place: Place, packet: Packet) {
        match (packet, self.end(place).life) {
            (Packet::Syn, _) => {
                let answer = if self.accept(place) { Packet::SynAck } else { Packet::Refused };
                self.post(place, answer);
            }
            (Packet::SynAck, Life::Due) => {
                self.post(place, Packet::Ack);
                self.open(place);
            }
            (Packet::Ack, Life::Due) => self.open(place),
            (Packet::Refused, Life::Due | Life::Open) => self.cut_short(place, REFUSED),
            (Packet::Reset, Life::Due | Life::Open) => {
                self.tell(place, &Told::Mark("RST"));
                self.cut_short(place, BY_PEER);
            }
            (Packet::Bytes(bytes), life) => match self.conns[place.0].kind {
                Kind::Stream if life == Life::Gone => self.post(place, Packet::Reset),
                Kind::Stream => {
                    self.end(place).arrive(bytes);
                    self.hear(place);
                }
                Kind::Datagram => self.arrive_datagram(place, bytes),
            },
            (Packet::Fin, Life::Open) => {
                self.end(place).eof = Eof::Arrived;
                self.hear(place);
            }
            (Packet::Room(n), life) => {
                let end = self.end(place);
                end.under_way -= n;
                let (node, peer) = (end.node, end.peer);
                let waited = core::mem::take(&mut end.blocked);
                if let Some(node) = node.filter(|_| waited && life == Life::Open) {
                    self.settle(node, Some(peer));
                }
            }
            // What comes too late finds nobody.
            (Packet::SynAck | Packet::Ack | Packet::Refused | Packet::Reset | Packet::Fin, _) => {}
        }
    }

    fn arrive_datagram(&mut self, place: Place, bytes: Vec<u8>) {
        let other = (place.0, 1 - place.1);
        // The datagram has left its sender, whatever becomes of it.
        self.arrive(other, Packet::Room(weight(&bytes)));
        let Some(n) = self.end(place).node else { return self.post(place, Packet::Refused) };
        if self.nodes[n].node.serving == Serving::Stateless && place.1 == 1 {
            return self.answer_datagram(n, place, &bytes);
        }
        if self.end(place).life == Life::Due && self.accept(place) {
            self.open(place);
        }
        let room = self.wire.window.saturating_sub(self.end(place).unread());
        if self.end(place).life != Life::Open || bytes.len() > room {
            return self.tell(place, &Told::Bytes { bytes: &bytes, fate: "  lost" });
        }
        self.end(place).arrive(bytes);
        self.hear(place);
    }

    /// A conversation of one datagram.
    fn answer_datagram(&mut self, n: usize, place: Place, bytes: &[u8]) {
        self.accept(place);
        self.end(place).arrive(bytes.to_vec());
        self.open(place);
        if self.nodes[n].node.session.is_open(Peer::FIRST) {
            let (node, cx) = self.lend(n);
            node.session.closed(Peer::FIRST, FORGOTTEN, cx);
        }
        self.nodes[n].node.session.protocol().closed.clear();
        self.nodes[n].places.remove(&Peer::FIRST);
        self.end(place).life = Life::Due;
    }

    /// The conversation is gone, and what was on its way with it.
    fn cut_short(&mut self, place: Place, reason: Reason) {
        let end = self.end(place);
        end.life = Life::Gone;
        end.clear();
        let (node, peer) = (end.node, end.peer);
        let Some(n) = node else { return };
        let (node, cx) = self.lend(n);
        node.session.closed(peer, reason, cx);
        self.tell_closed(n);
        self.settle(n, None);
    }

    /// Something arrived: the node reads it if it still wants to be told.
    fn hear(&mut self, place: Place) {
        let end = self.end(place);
        if end.armed
            && end.life == Life::Open
            && let (Some(n), peer) = (end.node, end.peer)
        {
            self.settle(n, Some(peer));
        }
    }
}

/// What a message weighs in the window: an empty datagram is not nothing.
fn weight(bytes: &[u8]) -> usize {
    bytes.len().max(1)
}
