//! Two ends that wait for each other for ever.

use serde_json::Value;
use sock_record::{Call, CallKind, Dir, Level, LinkKind};

use super::case::{Case, number, text, took};
use super::teller::Teller;
use crate::story::returned;
use crate::text::count;

/// What waits less, in ns, may only have been interrupted by the end of the run.
pub(super) const LONG: u64 = 100_000_000;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        let Some(mate) = case.mate(sock).filter(|&mate| sock < mate) else { continue };
        if let Some([one, other]) = both_send(case, sock, mate) {
            say(case, teller, [one, other], |who, whom, long| {
                format!(
                    "a deadlock: {who} and {whom} both wait in send, for {long}, because the buffers between them are full \
                     and neither receives; one of them has to receive before it sends on, or both receive while they send (with a \
                     thread, or with select)"
                )
            });
        } else if let Some([one, other]) = both_receive(case, sock, mate) {
            let hint = hint(case, sock, mate);
            if was_told(case, [one, other]) {
                add_hint(case, teller, [one, other], hint);
                continue;
            }
            say(case, teller, [one, other], |who, whom, long| {
                let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                format!(
                    "a deadlock: {who} waits to receive from {whom}, which waits to receive from it, for {long}, and nothing \
                     is on its way; one of them has to send, or to end its direction with shutdown{hint}"
                )
            });
        }
    }
}

fn say(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    [one, other]: [usize; 2],
    text: impl FnOnce(&str, &str, &str) -> String,
) {
    if was_told(case, [one, other]) {
        return;
    }
    let matter = (case.line(one).proc, case.line(other).proc);
    teller.say("deadlock", Level::Error, one.max(other), matter, || {
        let since = case.line(one).enter.max(case.line(other).enter);
        let until = ended(case, one).min(ended(case, other));
        let is_stopped = |n: &usize| case.story.is_stopped(case.line(*n).proc);
        let end = if [one, other].iter().any(is_stopped) { ", until sock ended them" } else { "" };
        let long = took(until.saturating_sub(since)) + end;
        text(case.who(one), case.who(other), &long)
    });
}

/// What the last that was sent tells of why nobody goes on.
pub(super) fn hint(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<String> {
    let sends = |sock: usize| {
        let calls = case.story.calls_on(sock);
        calls.filter(|(_, call)| call.dir == Some(Dir::Out) && call.moved() > Some(0)).last()
    };
    let (one, other) = (sends(sock), sends(mate));
    let Some((n, call)) = one.into_iter().chain(other).max_by_key(|(_, call)| call.enter) else {
        return unsaid(case, sock, mate);
    };
    let receiver = if case.story.on(n) == Some(sock) { mate } else { sock };
    let data = call.data.as_deref().filter(|_| case.is_stream(sock))?;
    let is_whole = !call.cut && u64::try_from(data.len()).ok() == call.moved();
    let is_line = *data.last()? == b'\n';
    let reads = case.story.calls_on(receiver).filter(|(_, call)| call.dir == Some(Dir::In)).last();
    // Who waits for so many bytes as it said has told why.
    let (reader, _) = reads.filter(|(_, call)| !call.args.has_flag("MSG_WAITALL"))?;
    let (who, reader) = (case.who(n), case.who(reader));
    Some(if !is_whole {
        format!(
            "{who} spoke last: if {reader} reads to the end, it waits for shutdown(SHUT_WR), and if it reads lines, for a line \
             end; whether those {} B had one the record does not say, which has the first {} alone",
            count(call.moved().unwrap_or(0)),
            count(data.len() as u64),
        )
    } else if is_line {
        format!(
            "{who} spoke last, with a line end: either {reader} reads to the end, which {who} has to tell with \
             shutdown(SHUT_WR), or its answer lies in a buffer of its own that it has to flush"
        )
    } else {
        format!(
            "{who} spoke last, without a line end: if {reader} reads lines, it waits for one, and if it reads to the end, for \
             shutdown(SHUT_WR)"
        )
    })
}

/// What may be wrong where neither end has sent anything.
fn unsaid(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<String> {
    let is_known = |sock: usize| {
        let has_ended = case.story.facts(sock).shutdown.is_some();
        case.is_stream(sock) && !case.story.has_unseen(sock, Dir::Out) && !has_ended
    };
    if !is_known(sock) || !is_known(mate) {
        return None;
    }
    let (one, other) = (case.who(last(case, sock)?), case.who(last(case, mate)?));
    Some(format!(
        "neither {one} nor {other} has sent a byte: what one of them has written may lie in a buffer of its own, which it has to \
         flush (in Python: flush() of the file that makefile returned)"
    ))
}

/// Adds to what was said while it happened, at the other of the two calls.
fn add_hint(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    calls: [usize; 2],
    hint: Option<String>,
) {
    let notes = |n: usize| case.story.notes.get(&case.line(n).ev).into_iter().flatten();
    let is_told = |n: &usize| notes(*n).any(|note| note.code == "deadlock");
    let Some(hint) = hint else { return };
    let is_said = calls.iter().flat_map(|&n| notes(n)).any(|note| note.text.contains(&hint));
    if let Some(&free) = calls.iter().find(|n| !is_told(n)).filter(|_| !is_said) {
        let matter = (case.line(calls[0]).proc, case.line(calls[1]).proc, "hint");
        teller.say("deadlock", Level::Warn, free, matter, || hint);
    }
}

fn both_receive(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<[usize; 2]> {
    let calls = [last(case, sock)?, last(case, mate)?];
    let is_dead = calls.iter().all(|&n| case.story.dir(n) == Some(Dir::In))
        && calls.iter().any(|&n| is_unfinished(case.line(n)) || is_cut_off(case, n))
        && !calls.iter().any(|&n| has_limit(case, n))
        && together(case, calls)
        && [(sock, calls[0]), (mate, calls[1])].iter().all(|&(sock, n)| is_alone(case, sock, n))
        && nothing_under_way(case, sock, mate);
    is_dead.then_some(calls)
}

/// The two sends of a connection that wait for room which nobody makes.
pub(super) fn both_send(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<[usize; 2]> {
    let calls = [stuck(case, sock)?, stuck(case, mate)?];
    (together(case, calls) && !calls.iter().any(|&n| has_limit(case, n))).then_some(calls)
}

/// The last send on a socket, where it waited long, was cut short and nothing was received meanwhile.
fn stuck(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    let (n, call) = last_move(case, sock)?;
    // A send that a signal interrupts, or whose peer is gone, says how much had gone by then.
    let is_cut = call.moved().zip(call.args.len).is_some_and(|(moved, len)| moved < len);
    let waits = ended(case, n).saturating_sub(call.enter) >= LONG;
    let receives = || {
        case.story.calls_on(sock).any(|(_, other)| {
            other.dir == Some(Dir::In)
                && other.moved().is_some_and(|n| n > 0)
                && other.exit.is_some_and(|exit| exit > call.enter)
        })
    };
    let is_stuck = call.dir == Some(Dir::Out) && waits && (is_cut || is_unfinished(call));
    (is_stuck && !receives()).then_some(n)
}

/// Whether nobody but who waits has ever sent on a socket: another thread may do so again, whatever this one waits for.
fn is_alone(case: &Case<'_, '_>, sock: usize, wait: usize) -> bool {
    let waiter = (case.line(wait).proc, case.line(wait).tid);
    let mut sends = case.story.calls_on(sock).filter(|(_, call)| call.dir == Some(Dir::Out));
    sends.all(|(_, call)| (call.proc, call.tid) == waiter)
}

/// Whether a wait would have ended by itself: its program had set it a limit of time, and may do something else then.
fn has_limit(case: &Case<'_, '_>, n: usize) -> bool {
    let line = case.line(n);
    if line.call == CallKind::Wait {
        return number(line, "timeout_ns").is_some();
    }
    let name = if line.dir == Some(Dir::Out) { "SO_SNDTIMEO" } else { "SO_RCVTIMEO" };
    let is_set = |sock: usize| {
        let value = case.option(sock, name, line.enter);
        value.is_some_and(|value| value.get("microseconds").and_then(Value::as_u64) != Some(0))
    };
    let Some(sock) = case.story.on(n) else { return false };
    // Who is accepted has the options of who listens.
    let listener = case.story.socks[sock].listener.and_then(|id| case.story.sock_of(id));
    is_set(sock) || listener.is_some_and(is_set)
}

/// Whether a receive that wants all of its bytes had a part of them when its program was ended.
fn is_cut_off(case: &Case<'_, '_>, n: usize) -> bool {
    let line = case.line(n);
    let is_short = line.moved().zip(line.args.len).is_some_and(|(moved, len)| moved < len);
    is_short && line.args.has_flag("MSG_WAITALL") && case.story.is_stopped(line.proc)
}

/// Whether two calls waited long at the same time.
fn together(case: &Case<'_, '_>, [one, other]: [usize; 2]) -> bool {
    let since = case.line(one).enter.max(case.line(other).enter);
    ended(case, one).min(ended(case, other)).saturating_sub(since) >= LONG
}

fn last_move<'a>(case: &Case<'_, 'a>, sock: usize) -> Option<(usize, &'a Call)> {
    let mut calls = case.story.calls_of[sock].iter().rev().copied();
    calls.find(|&n| case.story.dir(n).is_some()).map(|n| (n, case.line(n)))
}

/// The last send or receive on a socket, or the wait that stands for one, where that never came to an end by itself.
pub(super) fn last(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    let (n, call) = last_move(case, sock)?;
    // Who waited until the other one was stopped has met an end that was none of its doing.
    let met_force = || case.linked(n, &LinkKind::Fin).is_some_and(|end| by_force(case.line(end)));
    let is_over = is_unfinished(call) || case.story.vain(n).is_some();
    (is_over || is_cut_off(case, n) || met_force()).then_some(n)
}

/// Whether nobody but the end of its program closed it.
pub(super) fn by_force(call: &Call) -> bool {
    matches!(text(call, "by"), Some("exit" | "kill"))
}

pub(super) fn is_unfinished(call: &Call) -> bool {
    call.exit.is_none() || call.err.as_deref() == Some("EINTR")
}

/// When the wait of a call was over.
pub(super) fn ended(case: &Case<'_, '_>, call: usize) -> u64 {
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

pub(super) fn nothing_under_way(case: &Case<'_, '_>, one: usize, other: usize) -> bool {
    let sum = |sock: usize, dir: Dir| -> u64 {
        let calls = case.story.calls_on(sock).map(|(_, call)| call);
        let moved = calls
            .filter(|call| call.dir == Some(dir) && !crate::story::is_peek(call))
            .filter_map(Call::moved);
        // What was cut off a message is not under way.
        if case.story.is_seqpacket(sock) {
            moved.filter(|n| *n > 0).count() as u64
        } else {
            moved.sum()
        }
    };
    sum(one, Dir::Out) == sum(other, Dir::In) && sum(other, Dir::Out) == sum(one, Dir::In)
}
