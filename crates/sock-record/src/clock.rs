//! When recordings began, told by their clocks and put right by what they saw of each other.
//!
//! A recording says what time of day its `t0` was, by the clock of its machine. Two clocks may disagree, but nothing
//! arrives before it was sent. So every receive bounds how far two recordings can be apart, one direction from below,
//! the other from above:
//!
//! ```text
//! here    send ──────╮             ╭────► recv        there may be no earlier than this send,
//! there              ╰──► recv   send                 and no later than this receive allows
//! ```

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};

use crate::bytes::Interval;
use crate::call::{Call, Dir};
use crate::line::Line;
use crate::who::{Kind, Origin, Sock, SockId};

/// When a recording began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Its t0, in ns since 1970 where any recording tells the time of day.
    pub(crate) t0: i128,
    /// How much of that is a correction, in ns.
    pub(crate) moved: i128,
    /// It told the time of day itself.
    pub(crate) told: bool,
}

/// How late a call may be written down, in ns: observers hear of a connect when it is over. Bounds that contradict each
/// other by no more than this are still worth more than the clocks.
const LATE: i128 = 10_000_000;

/// The clocks of recordings. The first one is right; the others are moved as little as those before them demand.
pub(crate) fn clocks(recordings: &[Vec<Line>]) -> Vec<Clock> {
    let told: Vec<Option<i128>> = recordings.iter().map(|lines| t0(lines)).collect();
    let usual = told.iter().copied().flatten().next().unwrap_or(0);
    let mut clocks: Vec<Clock> = told
        .iter()
        .map(|told| Clock { t0: told.unwrap_or(usual), moved: 0, told: told.is_some() })
        .collect();
    let sides: Vec<Sides> = recordings.iter().map(|lines| sides(lines)).collect();
    let mut right: Vec<usize> = Vec::new();
    let mut left: Vec<usize> = (0..recordings.len()).collect();
    while !left.is_empty() {
        // Whoever spoke with one that is right already comes next.
        let speaks = |&n: &usize| right.iter().any(|&other| is_peer(&sides[n], &sides[other]));
        let n = left.remove(left.iter().position(speaks).unwrap_or(0));
        let mut bounds = Bounds::default();
        for &other in &right {
            bounds.add(&sides[n], &sides[other], clocks[n].t0 - clocks[other].t0);
        }
        clocks[n].moved = bounds.least();
        clocks[n].t0 += clocks[n].moved;
        right.push(n);
    }
    clocks
}

fn t0(lines: &[Line]) -> Option<i128> {
    let metas =
        lines.iter().filter_map(|line| if let Line::Meta(meta) = line { Some(meta) } else { None });
    metas.filter_map(|meta| meta.t0_unix_ns).map(i128::from).next()
}

/// Whether it is datagrams, its own address, its peer's.
type Ends = (bool, SocketAddr, SocketAddr);

/// The ends of conversations by their addresses; none where two have the same, one after the other.
type Sides = HashMap<Ends, Option<Side>>;

/// What one end of a conversation did, and when.
#[derive(Debug, Default)]
struct Side {
    born: u64,
    accepted: bool,
    /// How much had been sent after each send (bytes, or datagrams), and when that began.
    sent: Vec<(u64, u64)>,
    /// How much had been received after each receive, and when that ended.
    received: Vec<(u64, u64)>,
}

fn sides(lines: &[Line]) -> Sides {
    // A later line about a socket adds what has become known since.
    let mut socks: HashMap<SockId, Sock> = HashMap::new();
    let mut calls: HashMap<SockId, Vec<&Call>> = HashMap::new();
    for line in lines {
        match line {
            Line::Sock(sock) => match socks.entry(sock.sock) {
                Entry::Vacant(new) => drop(new.insert(sock.clone())),
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.local = sock.local.clone().or(known.local.take());
                    known.peer = sock.peer.clone().or(known.peer.take());
                }
            },
            Line::Call(call) => {
                if let Some(sock) = call.sock {
                    calls.entry(sock).or_default().push(call);
                }
            }
            Line::Meta(_)
            | Line::Proc(_)
            | Line::Link(_)
            | Line::Note(_)
            | Line::Gap(_)
            | Line::End(_)
            | Line::Other(_) => {}
        }
    }
    let mut sides = Sides::new();
    for (id, sock) in &socks {
        let both =
            (sock.local.as_deref().and_then(address), sock.peer.as_deref().and_then(address));
        let (Some(local), Some(peer)) = both else { continue };
        let is_dgram = matches!(sock.kind, Kind::Dgram | Kind::Raw);
        match sides.entry((is_dgram, local, peer)) {
            Entry::Vacant(new) => {
                let calls = calls.get(id).map_or(&[][..], Vec::as_slice);
                new.insert(Some(Side::new(sock, calls, is_dgram)));
            }
            Entry::Occupied(mut known) => *known.get_mut() = None,
        }
    }
    sides
}

/// An address of the internet in the one form that both ends write alike.
fn address(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    let ip: IpAddr = address.ip().to_canonical();
    (address.port() != 0).then_some(SocketAddr::new(ip, address.port()))
}

impl Side {
    fn new(sock: &Sock, calls: &[&Call], is_dgram: bool) -> Self {
        let first = calls.iter().map(|call| call.enter).min();
        let moves = |dir: Dir, at: fn(&Call) -> u64| {
            let is_it = |call: &&&Call| {
                let is_peek = call.args.has_flag("MSG_PEEK");
                let is_some = call.moved().is_some_and(|n| is_dgram || n > 0);
                call.dir == Some(dir) && is_some && !is_peek
            };
            let mut found: Vec<&Call> = calls.iter().filter(is_it).copied().collect();
            found.sort_by_key(|call| at(call));
            let mut so_far: u64 = 0;
            let mut moves: Vec<(u64, u64)> = Vec::with_capacity(found.len());
            for call in found {
                let more = if is_dgram { 1 } else { call.moved().unwrap_or(0) };
                let end = call.off.filter(|_| !is_dgram).map(Interval::end);
                so_far = end.unwrap_or(so_far.saturating_add(more));
                moves.push((so_far, at(call)));
            }
            moves.sort_unstable();
            moves
        };
        Self {
            born: first.unwrap_or(sock.t).min(sock.t),
            accepted: sock.from == Origin::Accept,
            sent: moves(Dir::Out, |call| call.enter),
            received: moves(Dir::In, |call| call.exit.unwrap_or(call.enter)),
        }
    }

    /// How long before it was sent something was received, at most, where both count from the same moment.
    fn early(&self, received: &Self) -> Option<i128> {
        let pairs = received.received.iter().filter_map(|&(amount, came)| {
            // Whatever completed this much had begun to leave.
            let at = self.sent.partition_point(|&(sent, _)| sent < amount);
            let &(_, left) = self.sent.get(at)?;
            Some(i128::from(left) - i128::from(came))
        });
        pairs.max()
    }
}

fn peer_of<'a>((is_dgram, local, peer): &Ends, sides: &'a Sides) -> Option<&'a Side> {
    sides.get(&(*is_dgram, *peer, *local))?.as_ref()
}

fn is_peer(one: &Sides, other: &Sides) -> bool {
    one.keys().any(|ends| peer_of(ends, other).is_some())
}

/// By how much a recording may be moved.
#[derive(Debug, Default)]
struct Bounds {
    least: Option<i128>,
    most: Option<i128>,
    /// The same by how connections began, which is written down late.
    opening: (Option<i128>, Option<i128>),
}

impl Bounds {
    /// Adds what `here`, which began `apart` ns later than `there`, has to do with it.
    fn add(&mut self, here: &Sides, there: &Sides, apart: i128) {
        for (ends, side) in here {
            let (Some(own), Some(other)) = (side, peer_of(ends, there)) else { continue };
            let early = other.early(own).map(|early| early - apart);
            let late = own.early(other).map(|early| -early - apart);
            self.least = self.least.max(early);
            self.most = min(self.most, late);
            let born = i128::from(other.born) - i128::from(own.born) - apart;
            match (own.accepted, other.accepted) {
                (true, false) => self.opening.0 = self.opening.0.max(Some(born - LATE)),
                (false, true) => self.opening.1 = min(self.opening.1, Some(born + LATE)),
                (true, true) | (false, false) => {}
            }
        }
    }

    /// The least that is enough; nothing where nothing is.
    fn least(&self) -> i128 {
        let (least, most) = match (self.least, self.most) {
            (None, None) => self.opening,
            told => told,
        };
        let (least, most) = (least.unwrap_or(i128::MIN), most.unwrap_or(i128::MAX));
        if least <= most {
            0.clamp(least, most)
        } else if least - most <= LATE {
            0.clamp(most, least)
        } else {
            0
        }
    }
}

/// The smaller of those that there are.
fn min(one: Option<i128>, other: Option<i128>) -> Option<i128> {
    one.into_iter().chain(other).min()
}
