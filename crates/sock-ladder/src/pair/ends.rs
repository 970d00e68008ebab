//! How connections begin and end: connect with accept, an end with the receive that met it.

use std::collections::{HashMap, HashSet};

use sock_record::{Call, CallKind, LinkHow, LinkKind, Origin};

use super::Join;
use crate::story::{Story, ends_sending, is_eof, is_not_yet};

/// The links of beginnings and ends.
pub(super) fn joins(
    story: &Story<'_>,
    mates: &[Option<usize>],
    accepts: &[Option<usize>],
) -> Vec<Join> {
    let mut joins = Vec::new();
    let mut add = |kind, from: Option<usize>, to: Option<usize>| {
        let Some((from, to)) = from.zip(to) else { return };
        joins.push(Join { kind, from, to, off: None, how: LinkHow::Offset, peek: false });
    };
    for (sock, mate) in mates.iter().enumerate() {
        let Some(mate) = mate.filter(|&mate| mate != sock) else { continue };
        add(LinkKind::Connect, connect_of(story, sock), accepts[mate]);
        add(LinkKind::Fin, fin_of(story, sock), eof_of(story, mate));
        add(LinkKind::Rst, last_close(story, sock), reset_of(story, mate));
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
        calls.sort_by_key(|&n| crate::story::returned(story.calls[n]));
    }
    for sock in born {
        let Some(listener) = story.socks[sock].listener.and_then(|id| story.sock_of(id)) else {
            continue;
        };
        let Some(calls) = by_listener.get(&listener) else { continue };
        let at = calls
            .partition_point(|&n| crate::story::returned(story.calls[n]) < story.socks[sock].t);
        let near = calls[at.saturating_sub(1)..calls.len().min(at + 2)].iter().copied();
        let best = near
            .filter(|n| !used.contains(n))
            .min_by_key(|&n| crate::story::returned(story.calls[n]).abs_diff(story.socks[sock].t));
        used.extend(best);
        found[sock] = best;
    }
    found
}

/// The call that asked for the connection.
pub(crate) fn connect_of(story: &Story<'_>, sock: usize) -> Option<usize> {
    first(story, sock, |call| {
        call.call == CallKind::Connect && (call.err.is_none() || is_not_yet(call))
    })
}

/// The call that told the peer that no more comes: the first `shutdown` of that direction, or else the last `close`.
/// None where a reset had ended the connection before.
pub(crate) fn fin_of(story: &Story<'_>, sock: usize) -> Option<usize> {
    let shutdown = first(story, sock, ends_sending);
    if shutdown.is_some() {
        return shutdown;
    }
    let close = last_close(story, sock)?;
    reset_of(story, sock).is_none_or(|reset| reset > close).then_some(close)
}

fn last_close(story: &Story<'_>, sock: usize) -> Option<usize> {
    let closes = story.calls_on(sock).filter(|(_, call)| call.call == CallKind::Close);
    closes.last().map(|(n, _)| n)
}

/// The receive that met the peer's end.
pub(crate) fn eof_of(story: &Story<'_>, sock: usize) -> Option<usize> {
    first(story, sock, is_eof)
}

/// The call that met a reset.
pub(crate) fn reset_of(story: &Story<'_>, sock: usize) -> Option<usize> {
    let shutdown = first(story, sock, ends_sending);
    let calls = story.calls_on(sock);
    let mut resets = calls.filter(|(n, call)| match call.err.as_deref() {
        Some("ECONNRESET") => true,
        // A broken pipe after our own end is our own doing.
        Some("EPIPE") => shutdown.is_none_or(|shutdown| *n < shutdown),
        _ => false,
    });
    resets.next().map(|(n, _)| n)
}

fn first(story: &Story<'_>, sock: usize, which: impl Fn(&Call) -> bool) -> Option<usize> {
    story.calls_on(sock).find(|(_, call)| which(call)).map(|(n, _)| n)
}
