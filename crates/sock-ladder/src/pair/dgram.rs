//! Datagrams: whole messages, known by where they came from, where they went, their length and their content.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use sock_record::{Call, Dir, LinkHow, LinkKind};

use super::Join;
use crate::place::{Door, Place};
use crate::story::{Story, is_peek, returned};

/// How far a search goes past datagrams that fit by port but not by interface.
const DEPTH: usize = 64;

/// How much earlier than its send a receive may be written down, in ns: observers hear of a call when it is over.
const LATE: u64 = 10_000_000;

/// What a datagram is looked up by, the surest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Its length and what was kept of it.
    Content,
    /// Its length.
    Length,
    /// Its way alone: it was cut to the receiver's room.
    Way,
}

/// A datagram at one of its ends.
struct Half<'a> {
    call: usize,
    line: &'a Call,
    from: Option<Place>,
    to: Option<Place>,
    /// The number of its way, by ports and names.
    way: u32,
}

/// Numbers for ways.
#[derive(Default)]
struct Ways(HashMap<(Option<Door>, Option<Door>), u32>);

impl Ways {
    fn number(&mut self, from: Option<&Place>, to: Option<&Place>) -> u32 {
        let new = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry((from.map(Place::door), to.map(Place::door))).or_insert(new)
    }
}

/// The links of all datagrams.
pub(super) fn joins(story: &Story<'_>) -> Vec<Join> {
    let joins = joins_with(story, &HashMap::new());
    // A client that never asked for its own address learns it from who received its datagrams; only then can the
    // replies to it be found.
    let learned: HashMap<usize, Place> = joins
        .iter()
        .filter_map(|join| {
            let sock = story.on(join.from).filter(|&sock| story.local(sock).is_none())?;
            Some((sock, Place::new(story.calls[join.to].args.addr.as_deref()?)?))
        })
        .collect();
    if learned.is_empty() { joins } else { joins_with(story, &learned) }
}

fn joins_with(story: &Story<'_>, learned: &HashMap<usize, Place>) -> Vec<Join> {
    let mut ways = Ways::default();
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for sock in (0..story.socks.len()).filter(|&sock| story.is_dgram(sock)) {
        let own = story.local(sock).or_else(|| learned.get(&sock).cloned());
        let peer = story.peer(sock);
        for (call, line) in story.calls_on(sock).filter(|(_, line)| line.moved().is_some()) {
            let given = line.args.addr.as_deref().and_then(Place::new);
            let other = given.or_else(|| peer.clone());
            if line.dir == Some(Dir::Out) {
                let way = ways.number(own.as_ref(), other.as_ref());
                sent.push(Half { call, line, from: own.clone(), to: other, way });
            } else {
                let way = ways.number(other.as_ref(), own.as_ref());
                received.push(Half { call, line, from: other, to: own.clone(), way });
            }
        }
    }
    sent.sort_by_key(|each| each.call);
    received.sort_by_key(|each| (returned(each.line), each.call));

    // A receiver that did not ask for the sender's address is found by where it is.
    let to_whom: Option<Vec<u32>> = received
        .iter()
        .any(|half| half.from.is_none())
        .then(|| sent.iter().map(|half| ways.number(None, half.to.as_ref())).collect());
    let mut joins = Vec::new();
    let mut taken = vec![false; sent.len()];
    for look in [Look::Content, Look::Length, Look::Way] {
        let mut by_way = Queues::new(&sent, &taken, look, |n| sent[n].way);
        let mut by_receiver =
            to_whom.as_ref().map(|ways| Queues::new(&sent, &taken, look, |n| ways[n]));
        received.retain(|half| {
            let queues = match &mut by_receiver {
                Some(by_receiver) if half.from.is_none() => by_receiver,
                _ => &mut by_way,
            };
            let Some(n) = queues.find(&sent, &taken, half, look, &mut ways) else { return true };
            let peek = is_peek(half.line);
            taken[n] = !peek;
            let how = if look == Look::Content { LinkHow::Content } else { LinkHow::Guess };
            let (from, to) = (sent[n].call, half.call);
            joins.push(Join { kind: LinkKind::Dgram, from, to, off: None, how, peek });
            false
        });
        if received.is_empty() {
            break;
        }
    }
    joins
}

type Key = (u32, u64, u64);

/// The datagrams that were sent, in a queue for each key; a queue is a chain of indexes, which costs no allocation.
struct Queues {
    heads: HashMap<Key, usize>,
    next: Vec<Option<usize>>,
}

impl Queues {
    fn new(sent: &[Half<'_>], taken: &[bool], look: Look, way: impl Fn(usize) -> u32) -> Self {
        let mut queues = Self { heads: HashMap::new(), next: vec![None; sent.len()] };
        for n in (0..sent.len()).rev().filter(|&n| !taken[n]) {
            if let Some(key) = key(way(n), sent[n].line, look) {
                queues.next[n] = queues.heads.insert(key, n);
            }
        }
        queues
    }

    /// The first datagram in the queue that can be the one that was received.
    fn find(
        &mut self,
        sent: &[Half<'_>],
        taken: &[bool],
        got: &Half<'_>,
        look: Look,
        ways: &mut Ways,
    ) -> Option<usize> {
        let room = got.line.args.len;
        let cut =
            (room.is_some() && room == got.line.moved()) || got.line.args.has_flag("MSG_TRUNC");
        if look == Look::Way && !cut {
            return None;
        }
        // A sender that never learned its own address is found by where it sent to.
        let anyone = ways.number(None, got.to.as_ref());
        [got.way, anyone].into_iter().find_map(|way| {
            let head = self.heads.get_mut(&key(way, got.line, look)?)?;
            while taken[*head] {
                *head = self.next[*head]?;
            }
            let chain = std::iter::successors(Some(*head), |&n| self.next[n]);
            chain.take(DEPTH).find(|&n| !taken[n] && fits(&sent[n], got))
        })
    }
}

fn key(way: u32, line: &Call, look: Look) -> Option<Key> {
    let len = line.moved().unwrap_or(0);
    match look {
        Look::Content => {
            let mut hash = DefaultHasher::new();
            line.data.as_deref()?.hash(&mut hash);
            Some((way, len, hash.finish()))
        }
        Look::Length => Some((way, len, 0)),
        Look::Way => Some((way, 0, 0)),
    }
}

/// Whether the one can be the other: in time, by interface, by what was kept.
fn fits(sent: &Half<'_>, got: &Half<'_>) -> bool {
    let agree = match (sent.line.data.as_deref(), got.line.data.as_deref()) {
        (Some(one), Some(other)) => one.iter().zip(other).all(|(a, b)| a == b),
        _ => true,
    };
    agree
        && sent.line.enter <= returned(got.line).saturating_add(LATE)
        && covers(sent.from.as_ref(), got.from.as_ref())
        && covers(sent.to.as_ref(), got.to.as_ref())
}

fn covers(one: Option<&Place>, other: Option<&Place>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one.covers(other))
}

/// The datagram sockets by the place that they are bound to.
#[derive(Debug)]
pub(crate) struct Bound {
    by_door: HashMap<Door, Vec<(Place, usize)>>,
}

impl Bound {
    pub(crate) fn new(story: &Story<'_>, which: impl Fn(usize) -> bool) -> Self {
        let mut by_door: HashMap<Door, Vec<(Place, usize)>> = HashMap::new();
        for sock in (0..story.socks.len()).filter(|&sock| which(sock)) {
            if let Some(local) = story.local(sock) {
                by_door.entry(local.door()).or_default().push((local, sock));
            }
        }
        Self { by_door }
    }

    /// The socket that is at a place.
    pub(crate) fn at(&self, place: &Place) -> Option<usize> {
        let here = self.by_door.get(&place.door())?;
        let exact = here.iter().find(|(bound, _)| bound == place);
        exact.or_else(|| here.iter().find(|(bound, _)| bound.covers(place))).map(|found| found.1)
    }
}
