//! Which two sockets are the ends of one connection.
//!
//! Two ends have each other's addresses. Ports are used again, so a pair of addresses may name several connections one
//! after another; the ends that lived at the same time belong together. An accepted end may be born after its peer
//! has closed (it waited in the backlog), but no later connection can have the same addresses while it waits, so the
//! nearest is always the right one.

use std::collections::HashMap;

use sock_record::Origin;

use crate::place::Place;
use crate::story::Story;

/// How much later than the accept a connect may be written down, in ns: observers hear of a call when it is over.
const LATE: u64 = 10_000_000;

type Ends = (Option<Place>, Option<Place>);

/// The other end of each socket, where it is known.
pub(super) fn mates(story: &Story<'_>) -> Vec<Option<usize>> {
    let mut mates = vec![None; story.socks.len()];
    for (n, sock) in story.socks.iter().enumerate() {
        if let Some(mate) = sock.mate.and_then(|id| story.sock_of(id)) {
            mates[n] = Some(mate);
            mates[mate] = Some(n);
        }
    }
    let mut by_ends: HashMap<Ends, Vec<usize>> = HashMap::new();
    for sock in (0..story.socks.len()).filter(|&n| mates[n].is_none() && story.is_connection(n)) {
        let ends = (story.local(sock), story.peer(sock));
        if ends.0.is_some() || ends.1.is_some() {
            by_ends.entry(ends).or_default().push(sock);
        }
    }
    for (ends, one) in &by_ends {
        let swapped = (ends.1.clone(), ends.0.clone());
        if *ends == swapped {
            // A socket connected to itself: both ends are one. Names are no such sign: both ends of a unix pair may lack one.
            if !matches!(ends.0, Some(Place::Inet(..))) {
                continue;
            }
            for &sock in one {
                mates[sock] = Some(sock);
            }
        } else if let Some(other) = by_ends.get(&swapped)
            && ends < &swapped
        {
            // A client of a unix socket has no name, so its ends do not tell it from its siblings; the backlog is a
            // queue, so their order does.
            let nameless = ends.0.is_none() || ends.1.is_none();
            let found =
                if nameless { in_turn(story, one, other) } else { nearest(story, one, other) };
            for (a, b) in found {
                (mates[a], mates[b]) = (Some(b), Some(a));
            }
        }
    }
    mates
}

fn by_birth(story: &Story<'_>, socks: &[usize]) -> Vec<(u64, u64, usize)> {
    let mut lives: Vec<_> = socks
        .iter()
        .map(|&sock| {
            let (start, end) = story.life(sock);
            (start, end, sock)
        })
        .collect();
    lives.sort_unstable();
    lives
}

/// The first caller with the first that was accepted, and so on.
fn in_turn(story: &Story<'_>, one: &[usize], other: &[usize]) -> Vec<(usize, usize)> {
    let (one, other) = (by_birth(story, one), by_birth(story, other));
    one.iter().zip(&other).map(|(a, b)| (a.2, b.2)).collect()
}

/// Those that lived at the same time, or else nearest in time.
fn nearest(story: &Story<'_>, one: &[usize], other: &[usize]) -> Vec<(usize, usize)> {
    let (one, other) = (by_birth(story, one), by_birth(story, other));
    let mut choices = Vec::new();
    for &(start, end, a) in &one {
        // Same addresses never live twice at once, so only the neighbours in time can be meant.
        let at = other.partition_point(|life| life.0 < start);
        for &(other_start, other_end, b) in &other[at.saturating_sub(2)..other.len().min(at + 2)] {
            let (early, late) = if end <= other_end {
                ((a, end), (b, other_start))
            } else {
                ((b, other_end), (a, start))
            };
            let apart = late.1.saturating_sub(early.1);
            let waited = story.socks[late.0].from == Origin::Accept;
            if apart <= LATE || waited {
                choices.push((apart, start.abs_diff(other_start), a, b));
            }
        }
    }
    choices.sort_unstable();
    let mut taken = std::collections::HashSet::new();
    choices.retain(|&(_, _, a, b)| {
        let free = !taken.contains(&a) && !taken.contains(&b);
        if free {
            taken.extend([a, b]);
        }
        free
    });
    choices.into_iter().map(|(_, _, a, b)| (a, b)).collect()
}
