//! Lanes: who stands where. Clients left, servers right, who is both in between.
//!
//! A lane is a process. A process that talks to itself has a lane for each of its addresses instead, and a peer that
//! the record knows by its address only has a lane of its own, a ghost, where it has said or taken something.

use std::collections::{BTreeMap, HashMap, HashSet};

use sock_record::{Dir, LinkKind, Origin, ProcId};

use crate::few::Few;
use crate::pair::{Bound, Joined};
use crate::place::Place;
use crate::story::Story;

/// What an end of a pair is called, which has no address.
const UNNAMED: &str = "socket ";

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Proc(ProcId),
    /// One address of a process that talks to itself.
    Part(ProcId, String),
    Ghost(String),
}

/// Which side of a conversation a socket is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Asks,
    Answers,
}

/// One lane as it will be titled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) name: String,
    /// What stands beneath the name: an address, or that the record does not have its side.
    pub(crate) under: String,
    pub(super) asks: bool,
    pub(super) answers: bool,
    first: u64,
    /// The program that it is, or was forked from.
    pub(super) family: Option<ProcId>,
    pub(super) is_forked: bool,
    /// How many share it, where several do.
    pub(super) count: usize,
}

impl Lane {
    /// Whether its arrows go to the right, to those who answer.
    pub(crate) fn only_asks(&self) -> bool {
        self.asks && !self.answers
    }
}

/// All lanes, left to right, and where each socket and each peer stands.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) all: Vec<Lane>,
    pub(super) own: Vec<usize>,
    pub(super) by_proc: Few,
    pub(super) ghosts: HashMap<String, usize>,
    pub(super) datagrams: Bound,
    pub(super) listeners: Bound,
    /// Sockets of streams that are at an address and neither listen there nor are connected.
    pub(super) idle: Bound,
}

/// The lane of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) lane: usize,
    /// Its calls are in the record, so one that is missing did not happen.
    pub(crate) seen: bool,
}

impl Lanes {
    pub(crate) fn new(story: &Story<'_>, joined: &Joined) -> Self {
        let mut found = Found::default();
        let selves = talk_to_themselves(story, joined);
        let datagrams = Bound::new(story, |sock| story.is_dgram(sock));
        let listeners = Bound::new(story, |sock| story.is_listener(sock));
        let is_idle = |sock: usize| {
            takes_part(story, sock)
                && !(story.is_dgram(sock) || story.is_listener(sock) || story.is_connection(sock))
        };
        let idle = Bound::new(story, is_idle);
        let mut own = Vec::with_capacity(story.socks.len());
        for sock in 0..story.socks.len() {
            let proc = story.proc(sock).unwrap_or(ProcId(0));
            let key = if selves.contains(&proc) {
                let local = story.socks[sock].local.clone();
                Key::Part(
                    proc,
                    local.unwrap_or_else(|| format!("{UNNAMED}{}", story.socks[sock].sock.0)),
                )
            } else {
                Key::Proc(proc)
            };
            // A socket that takes no part would only make an empty lane.
            own.push(takes_part(story, sock).then(|| {
                let lane = found.lane(key, story.life(sock).0);
                found.role(lane, role(story, sock));
                lane
            }));
        }
        // A connection may go from hand to hand: each process that calls on it stands on its own lane.
        let mut by_proc = Few::default();
        for (n, call) in story.calls.iter().enumerate() {
            let is_known = by_proc.get(call.proc.0).is_some();
            if is_known || selves.contains(&call.proc) {
                continue;
            }
            let Some(sock) = story.on(n).filter(|&sock| own[sock].is_some()) else { continue };
            let lane = found.lane(Key::Proc(call.proc), call.enter);
            found.role(lane, role(story, sock));
            by_proc.insert(call.proc.0, lane);
        }
        for proc in story.calls.iter().filter(|call| call.sock.is_none()).map(|call| call.proc) {
            if found.lanes.is_empty() && !selves.contains(&proc) {
                found.lane(Key::Proc(proc), 0);
            }
        }
        let mut lanes = Self {
            all: Vec::new(),
            own: own.iter().map(|lane| lane.unwrap_or(0)).collect(),
            by_proc,
            ghosts: HashMap::new(),
            datagrams,
            listeners,
            idle,
        };
        // Who is known by a link needs no lane of an address.
        let mut met = vec![false; story.calls.len()];
        for join in joined.joins.iter().filter(|join| join.kind == LinkKind::Dgram) {
            (met[join.from], met[join.to]) = (true, true);
        }
        for sock in (0..story.socks.len()).filter(|&sock| takes_part(story, sock)) {
            lanes.add_ghosts((story, joined), sock, &met, &mut found);
        }
        lanes.title(story, &found);
        lanes
    }

    /// The lane of one of the record's sockets.
    pub(crate) fn of(&self, sock: usize) -> usize {
        self.own[sock]
    }

    /// Whether a process has a lane of its own.
    pub(crate) fn has(&self, proc: ProcId) -> bool {
        self.by_proc.get(proc.0).is_some()
    }

    /// The lane of a call.
    pub(crate) fn of_call(&self, story: &Story<'_>, call: usize) -> usize {
        let proc = story.calls[call].proc;
        self.by_proc.get(proc.0).or_else(|| Some(self.own[story.on(call)?])).unwrap_or(0)
    }

    /// The listener that a connection was made to.
    pub(crate) fn listener(&self, story: &Story<'_>, sock: usize) -> Option<usize> {
        self.listeners.at(&Place::new(story.peer_text(sock)?)?)
    }

    /// Orders the lanes and names them.
    fn title(&mut self, story: &Story<'_>, found: &Found) {
        let mut order: Vec<usize> = (0..found.lanes.len()).collect();
        order.sort_by_key(|&n| {
            let lane = &found.lanes[n].1;
            (lane.answers, !lane.asks, lane.first, n)
        });
        let mut new = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| new[from] = to);
        self.own.iter_mut().filter(|lane| **lane < new.len()).for_each(|lane| *lane = new[*lane]);
        self.ghosts.values_mut().for_each(|lane| *lane = new[*lane]);
        self.by_proc.change(|lane| new[lane]);
        let mut families = story.families();
        let mut here: Vec<Vec<usize>> = vec![Vec::new(); order.len()];
        for sock in (0..story.socks.len()).filter(|&sock| takes_part(story, sock)) {
            here[self.own[sock]].push(sock);
        }
        let both = found.both_sides();
        self.all = order
            .iter()
            .map(|&n| {
                let (key, lane) = &found.lanes[n];
                let (name, under) = words(story, &both, (key, lane), &here[new[n]]);
                let id = if let Key::Proc(id) = key { Some(*id) } else { None };
                let family = id.map(|id| families.of(id));
                let is_forked = family != id;
                Lane { name, under, family, is_forked, ..lane.clone() }
            })
            .collect();
    }
}

/// What stands above a lane with the sockets `here`.
fn words(
    story: &Story<'_>,
    both: &HashSet<ProcId>,
    (key, lane): (&Key, &Lane),
    here: &[usize],
) -> (String, String) {
    let role = match (lane.asks, lane.answers) {
        (true, true) => "relay",
        (false, true) => "server",
        _ => "client",
    };
    match key {
        Key::Ghost(address) => (address.clone(), "(not recorded)".into()),
        Key::Part(id, address) => {
            // The ends of a pair are alike, and who is on one side only is no client of itself.
            let is_alike = address.starts_with(UNNAMED) || !both.contains(id);
            let proc = story.procs.get(id).filter(|_| is_alike);
            (proc.map_or(role, |proc| &proc.name).into(), address.clone())
        }
        Key::Proc(id) => {
            let proc = story.procs.get(id);
            let name = proc.map_or(role, |proc| &proc.name);
            let pid = proc.and_then(|proc| proc.pid).map(|pid| format!("pid {pid}"));
            let local = |sock: usize| {
                // A connection that was refused was nowhere.
                let facts = story.facts(sock);
                if facts.refused.is_some() && facts.connect.is_none() {
                    return None;
                }
                let address = story.socks[sock].local.as_deref()?;
                Place::new(address).map(|_| address)
            };
            let of = |which: &dyn Fn(usize) -> bool| -> Vec<&str> {
                let socks = here.iter().copied();
                socks.filter(|&sock| which(sock)).filter_map(local).collect()
            };
            // What a server is known by is where it listens.
            let mut addresses = of(&|sock| story.is_listener(sock));
            if addresses.is_empty() {
                addresses = of(&|sock| story.socks[sock].from == Origin::Accept);
            }
            if addresses.is_empty() {
                addresses = of(&|_| true);
            }
            addresses.sort_unstable();
            addresses.dedup();
            let under = match addresses[..] {
                [one] => one.to_owned(),
                _ => pid.unwrap_or_default(),
            };
            (name.into(), under)
        }
    }
}

#[derive(Default)]
pub(super) struct Found {
    lanes: Vec<(Key, Lane)>,
    by_key: BTreeMap<Key, usize>,
}

impl Found {
    pub(super) fn lane(&mut self, key: Key, first: u64) -> usize {
        let new = self.lanes.len();
        let n = *self.by_key.entry(key.clone()).or_insert(new);
        if n == new {
            self.lanes.push((key, Lane { first, ..Lane::default() }));
        }
        let lane = &mut self.lanes[n].1;
        lane.first = lane.first.min(first);
        n
    }

    pub(super) fn role(&mut self, lane: usize, role: Option<Role>) {
        let lane = &mut self.lanes[lane].1;
        lane.asks |= role == Some(Role::Asks);
        lane.answers |= role == Some(Role::Answers);
    }

    /// The processes that ask at one of their own addresses and answer at one.
    fn both_sides(&self) -> HashSet<ProcId> {
        let sides = |which: fn(&Lane) -> bool| -> HashSet<ProcId> {
            let those = self.lanes.iter().filter(|(_, lane)| which(lane));
            let parts = those.filter_map(|(key, _)| match key {
                Key::Part(id, _) => Some(*id),
                Key::Proc(_) | Key::Ghost(_) => None,
            });
            parts.collect()
        };
        let answers = sides(|lane| lane.answers);
        sides(|lane| lane.asks).into_iter().filter(|id| answers.contains(id)).collect()
    }
}

pub(super) fn takes_part(story: &Story<'_>, sock: usize) -> bool {
    if story.is_probe(sock) {
        return false;
    }
    story.is_connection(sock)
        || story.is_listener(sock)
        || (story.is_dgram(sock) && is_touched(story, sock))
        || story.failed(sock)
}

/// Whether somebody called on a datagram socket, or on the one that it makes a pair with.
fn is_touched(story: &Story<'_>, sock: usize) -> bool {
    let mate = story.socks[sock].mate.and_then(|mate| story.sock_of(mate));
    [Some(sock), mate].into_iter().flatten().any(|sock| !story.calls_of[sock].is_empty())
}

pub(super) fn role(story: &Story<'_>, sock: usize) -> Option<Role> {
    if story.socks[sock].from == Origin::Accept || story.is_listener(sock) {
        return Some(Role::Answers);
    }
    let facts = story.facts(sock);
    if story.is_dgram(sock) {
        return match facts.moved.and_then(|call| story.calls[call].dir) {
            Some(Dir::Out) => Some(Role::Asks),
            Some(Dir::In) => Some(Role::Answers),
            None => None,
        };
    }
    let asked = facts.connect.is_some() || facts.refused.is_some();
    let connected = story.socks[sock].from == Origin::Socket && story.socks[sock].peer.is_some();
    (asked || connected).then_some(Role::Asks)
}

/// The processes that hold both ends of something.
///
/// A pair that a process made for itself is no conversation where it speaks to others: event loops wake themselves so.
fn talk_to_themselves(story: &Story<'_>, joined: &Joined) -> HashSet<ProcId> {
    let ends = || joined.mates.iter().enumerate().filter_map(|(a, b)| Some((a, (*b)?)));
    let speak: HashSet<ProcId> = ends()
        .filter(|&(a, b)| story.proc(a) != story.proc(b))
        .filter_map(|(a, _)| story.proc(a))
        .collect();
    let is_alarm = |sock: usize| {
        story.socks[sock].from == Origin::Pair
            && story.proc(sock).is_some_and(|proc| speak.contains(&proc))
    };
    let datagrams = joined
        .joins
        .iter()
        .filter(|join| join.kind == LinkKind::Dgram)
        .filter_map(|join| Some((story.on(join.from)?, story.on(join.to)?)));
    ends()
        .chain(datagrams)
        .filter(|&(a, b)| a != b && story.proc(a) == story.proc(b) && !is_alarm(a))
        .filter_map(|(a, _)| story.proc(a))
        .collect()
}
