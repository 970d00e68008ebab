//! How connections begin and end: connect with accept, an end with the receive that met it.

use std::collections::{HashMap, HashSet};

use sock_record::{CallKind, LinkHow, LinkKind, Origin};

use super::Join;
use crate::story::{Story, returned};

/// How much later than its effect a cause may be written down, in ns: engines hear of a call when it is over.
const LATE: u64 = 10_000_000;

/// The links of beginnings and ends.
pub(super) fn joins(
    story: &Story<'_>,
    mates: &[Option<usize>],
    accepts: &[Option<usize>],
) -> Vec<Join> {
    let mut joins = Vec::new();
    let mut add = |kind, from: Option<usize>, to: Option<usize>| {
        let Some((from, to)) = from.zip(to) else { return };
        // What came after it did not cause it; who connected is known by the addresses.
        let latest = returned(story.calls[to]).saturating_add(LATE);
        if kind != LinkKind::Connect && story.calls[from].enter >= latest {
            return;
        }
        joins.push(Join { kind, from, to, off: None, how: LinkHow::Offset, peek: false });
    };
    for (sock, mate) in mates.iter().enumerate() {
        let Some(mate) = mate.filter(|&mate| mate != sock) else { continue };
        if story.is_dgram(sock) {
            continue;
        }
        let (own, other) = (story.facts(sock), story.facts(mate));
        add(LinkKind::Connect, own.connect, accepts[mate]);
        add(LinkKind::Fin, own.fin(), other.eof);
        // Who has read the error of a socket (SO_ERROR) receives 0 B after a reset, too.
        let torn = own.torn().filter(|_| own.shutdown.is_none() && other.reset().is_none());
        add(LinkKind::Rst, own.last_close, other.reset());
        add(LinkKind::Rst, torn, other.eof);
    }
    joins
}

/// The `accept` that each socket came out of.
pub(crate) fn accepted_by(story: &Story<'_>) -> Vec<Option<usize>> {
    let mut found = vec![None; story.socks.len()];
    let mut by_listener: HashMap<usize, Vec<usize>> = HashMap::new();
    for (n, call) in story.calls.iter().enumerate() {
        if call.call != CallKind::Accept || call.err.is_some() {
            continue;
        }
        match story.on(n) {
            Some(sock) if story.is_listener(sock) => by_listener.entry(sock).or_default().push(n),
            Some(sock) => found[sock] = found[sock].or(Some(n)),
            None => {}
        }
    }
    // Where the record names the listener only, a connection came out of the accept that returned when it was born.
    let mut born: Vec<usize> = (0..found.len())
        .filter(|&n| found[n].is_none() && story.socks[n].from == Origin::Accept)
        .collect();
    born.sort_by_key(|&sock| story.socks[sock].t);
    let mut used = HashSet::new();
    for calls in by_listener.values_mut() {
        calls.sort_by_key(|&n| returned(story.calls[n]));
    }
    for sock in born {
        let Some(listener) = story.socks[sock].listener.and_then(|id| story.sock_of(id)) else {
            continue;
        };
        let Some(calls) = by_listener.get(&listener) else { continue };
        let at = calls.partition_point(|&n| returned(story.calls[n]) < story.socks[sock].t);
        let near = calls[at.saturating_sub(1)..calls.len().min(at + 2)].iter().copied();
        let best = near
            .filter(|n| !used.contains(n))
            .min_by_key(|&n| returned(story.calls[n]).abs_diff(story.socks[sock].t));
        used.extend(best);
        found[sock] = best;
    }
    found
}
