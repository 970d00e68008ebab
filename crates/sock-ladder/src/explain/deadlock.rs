//! Two ends that wait for each other for ever.

use sock_record::{Call, Dir, Level, LinkKind};

use super::case::{Case, text};
use super::teller::Teller;
use crate::story::returned;

/// What waits less, in ns, may only have been interrupted by the end of the run.
const LONG: u64 = 100_000_000;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        let Some(mate) = case.mate(sock).filter(|&mate| sock < mate) else { continue };
        let (Some(one), Some(other)) = (last(case, sock), last(case, mate)) else { continue };
        if !is_unfinished(case.line(one)) && !is_unfinished(case.line(other)) {
            continue;
        }
        let (a, b) = (case.line(one), case.line(other));
        let since = a.enter.max(b.enter);
        let until = ended(case, one).min(ended(case, other));
        if until.saturating_sub(since) < LONG || was_told(case, [one, other]) {
            continue;
        }
        let (who, whom) = (case.who(one), case.who(other));
        let matter = (a.proc, b.proc);
        match (a.dir, b.dir) {
            (Some(Dir::In), Some(Dir::In)) if nothing_under_way(case, sock, mate) => {
                teller.say("deadlock", Level::Error, one.max(other), matter, || {
                    format!(
                        "a deadlock: {who} waits to receive from {whom}, which waits to receive from it, and nothing is on \
                         its way; one of them has to send, or to end its direction with shutdown"
                    )
                });
            }
            (Some(Dir::Out), Some(Dir::Out)) => {
                teller.say("deadlock", Level::Error, one.max(other), matter, || {
                    format!(
                        "a deadlock: {who} and {whom} both wait to send, because the buffers are full and neither receives; \
                         receive while you send"
                    )
                });
            }
            _ => {}
        }
    }
}

/// The last send or receive on a socket, where that never came to an end by itself.
fn last(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    let by_force = |call: &Call| matches!(text(call, "by"), Some("exit" | "kill"));
    let mut calls = case.story.calls_of[sock].iter().rev().map(|&n| (n, case.line(n)));
    let (n, call) = calls.find(|(_, call)| call.dir.is_some())?;
    // Who waited until the other one was stopped has met an end that was none of its doing.
    let met_force = || case.linked(n, &LinkKind::Fin).is_some_and(|end| by_force(case.line(end)));
    (is_unfinished(call) || met_force()).then_some(n)
}

fn is_unfinished(call: &Call) -> bool {
    call.exit.is_none() || call.err.as_deref() == Some("EINTR")
}

/// When the wait of a call was over.
fn ended(case: &Case<'_, '_>, call: usize) -> u64 {
    let end = case.story.end.map(|end| end.t);
    let last = || case.story.calls.last().map_or(0, |call| returned(call));
    case.line(call).exit.or(end).unwrap_or_else(last)
}

fn was_told(case: &Case<'_, '_>, calls: [usize; 2]) -> bool {
    calls
        .iter()
        .filter_map(|&n| case.story.notes.get(&case.line(n).ev))
        .flatten()
        .any(|note| note.code == "deadlock")
}

fn nothing_under_way(case: &Case<'_, '_>, one: usize, other: usize) -> bool {
    let sum = |sock: usize, dir: Dir| -> u64 {
        let calls = case.story.calls_on(sock).map(|(_, call)| call);
        calls
            .filter(|call| call.dir == Some(dir) && !crate::story::is_peek(call))
            .filter_map(Call::moved)
            .sum()
    };
    sum(one, Dir::Out) == sum(other, Dir::In) && sum(other, Dir::Out) == sum(one, Dir::In)
}
