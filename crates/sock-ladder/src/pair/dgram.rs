//! Datagrams: whole messages, known by where they came from, where they went, their length and their content.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use sock_record::{Call, Dir, LinkHow, LinkKind};

use super::Join;
use crate::place::{Door, Place};
use crate::story::{Story, is_peek, returned};

/// How far a search goes past datagrams that fit by port but not by interface.
const DEPTH: usize = 64;

/// How much earlier than its send a receive may be written down, in ns: observers hear of a call when it is over.
const LATE: u64 = 10_000_000;

/// What a datagram is looked up by: first all of it, then its length, then its way alone (it was cut).
#[derive(Clone, PartialEq, Eq, Hash)]
enum Look {
    Content(u64, u64),
    Length(u64),
    Way,
}

type Way = (Option<Door>, Option<Door>);

struct Sent<'a> {
    call: usize,
    line: &'a Call,
    from: Option<Place>,
    to: Option<Place>,
    taken: bool,
}

/// The links of all datagrams.
pub(super) fn joins(story: &Story<'_>) -> Vec<Join> {
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for sock in (0..story.socks.len()).filter(|&sock| story.is_dgram(sock)) {
        for (n, call) in story.calls_on(sock).filter(|(_, call)| call.moved().is_some()) {
            let other = other_place(story, sock, call);
            match call.dir {
                Some(Dir::Out) => sent.push((n, call, story.local(sock), other)),
                Some(Dir::In) => received.push((n, call, other, story.local(sock))),
                None => {}
            }
        }
    }
    sent.sort_by_key(|&(n, ..)| n);
    received.sort_by_key(|&(n, call, ..)| (returned(call), n));

    let mut queues: HashMap<(Way, Look), VecDeque<usize>> = HashMap::new();
    let sent: Vec<Sent<'_>> = sent
        .into_iter()
        .map(|(call, line, from, to)| Sent { call, line, from, to, taken: false })
        .collect();
    for (n, each) in sent.iter().enumerate() {
        let way = (each.from.as_ref().map(Place::door), each.to.as_ref().map(Place::door));
        for look in looks(each.line) {
            queues.entry((way.clone(), look)).or_default().push_back(n);
        }
    }
    take(sent, queues, &received)
}

fn take(
    mut sent: Vec<Sent<'_>>,
    mut queues: HashMap<(Way, Look), VecDeque<usize>>,
    received: &[(usize, &Call, Option<Place>, Option<Place>)],
) -> Vec<Join> {
    let mut joins = Vec::new();
    for (call, line, from, to) in received {
        let door = |place: &Option<Place>| place.as_ref().map(Place::door);
        // A sender that never learned its own address is found by where it sent to.
        let mut ways = vec![(door(from), door(to)), (None, door(to))];
        ways.dedup();
        let cut = line.args.len.is_some() && line.args.len == line.moved()
            || line.args.has_flag("MSG_TRUNC");
        let found =
            looks(line).into_iter().filter(|look| *look != Look::Way || cut).find_map(|look| {
                ways.iter().find_map(|way| {
                    let queue = queues.get_mut(&(way.clone(), look.clone()))?;
                    while queue.front().is_some_and(|&n| sent[n].taken) {
                        queue.pop_front();
                    }
                    let fits = |&&n: &&usize| {
                        let each: &Sent<'_> = &sent[n];
                        let data = (each.line.data.as_deref(), line.data.as_deref());
                        !each.taken
                            && each.line.enter <= returned(line).saturating_add(LATE)
                            && covers(each.from.as_ref(), from.as_ref())
                            && covers(each.to.as_ref(), to.as_ref())
                            && (matches!(look, Look::Content(..)) || agree(data))
                    };
                    let n = *queue.iter().take(DEPTH).find(fits)?;
                    Some((n, look.clone()))
                })
            });
        let Some((n, look)) = found else { continue };
        let peek = is_peek(line);
        sent[n].taken = !peek;
        let sure = matches!(look, Look::Content(..));
        joins.push(Join {
            kind: LinkKind::Dgram,
            from: sent[n].call,
            to: *call,
            off: None,
            how: if sure { LinkHow::Content } else { LinkHow::Guess },
            peek,
        });
    }
    joins
}

/// Whether what was kept of two datagrams is the same as far as both go.
fn agree(data: (Option<&[u8]>, Option<&[u8]>)) -> bool {
    let (Some(one), Some(other)) = data else { return true };
    let n = one.len().min(other.len());
    one[..n] == other[..n]
}

fn covers(one: Option<&Place>, other: Option<&Place>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one.covers(other))
}

fn looks(call: &Call) -> Vec<Look> {
    let len = call.moved().unwrap_or(0);
    let mut looks = Vec::with_capacity(3);
    if let Some(data) = &call.data {
        let mut hash = DefaultHasher::new();
        data.as_slice().hash(&mut hash);
        looks.push(Look::Content(len, hash.finish()));
    }
    looks.extend([Look::Length(len), Look::Way]);
    looks
}

/// Where a datagram went to or came from.
fn other_place(story: &Story<'_>, sock: usize, call: &Call) -> Option<Place> {
    call.args.addr.as_deref().and_then(Place::new).or_else(|| story.peer(sock))
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
