//! Sends and receives that do not match one to one: merged, split, partial.

use std::collections::HashMap;

use sock_record::{Dir, Interval, Level, LinkHow, LinkKind};

use super::case::{Case, counted, sizes};
use super::deadlock::{LONG, both_send, by_force};
use super::teller::Teller;
use crate::pair::Join;
use crate::story::{is_peek, returned};
use crate::text::count;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for (n, call) in case.story.calls.iter().enumerate() {
        let Some(sock) = case.story.on(n).filter(|&sock| case.is_stream(sock)) else { continue };
        match (call.dir, call.moved()) {
            (Some(Dir::In), Some(1..)) if !is_peek(call) => merged(case, teller, n, sock),
            (Some(Dir::Out), Some(sent)) => {
                split(case, teller, n, sock);
                if call.args.len.is_some_and(|len| sent < len) {
                    partial(case, teller, n, sock);
                }
            }
            _ => {}
        }
    }
}

fn merged(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, call: usize, sock: usize) {
    let mut sends = case.to(call).filter(|join| join.kind == LinkKind::Bytes);
    let Some(first) = sends.next() else { return };
    if !sends.any(|join| join.from != first.from) {
        return;
    }
    if case.to(call).any(is_guess) {
        return;
    }
    let matter = (case.kind(case.line(first.from).proc), case.kind(case.line(call).proc));
    teller.say("merged", Level::Info, call, matter, || {
        let joins = case.to(call).filter(|join| join.kind == LinkKind::Bytes);
        let parts = parts(joins.map(|join| (join.from, join)));
        format!(
            "{} by {} ({}) became 1 receive of {} B: {} keeps no message boundaries; mark them, with a length in front \
             or a line end",
            counted(parts.len(), "send"),
            case.who(first.from),
            sizes(&parts),
            count(case.line(call).moved().unwrap_or(0)),
            case.stream(sock),
        )
    });
}

fn split(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, call: usize, sock: usize) {
    let taken = || case.from(call).iter().filter(|join| join.kind == LinkKind::Bytes && !join.peek);
    let mut receives = taken();
    let Some(first) = receives.next() else { return };
    if !receives.any(|join| join.to != first.to) {
        return;
    }
    if taken().any(is_guess) {
        return;
    }
    let got_by = first.to;
    let matter = (case.kind(case.line(call).proc), case.kind(case.line(got_by).proc));
    teller.say("split", Level::Info, call, matter, || {
        let parts = parts(taken().map(|join| (join.to, join)));
        let asked = match room(case, taken().map(|join| join.to)) {
            Some(len) => format!(", which asked for {} B at a time", count(len)),
            None => String::new(),
        };
        format!(
            "1 send of {} B became {} by {} ({}){asked}: {} keeps no message boundaries; receive in a loop until the \
             message is whole",
            count(case.line(call).moved().unwrap_or(0)),
            counted(parts.len(), "receive"),
            case.who(got_by),
            sizes(&parts),
            case.stream(sock),
        )
    });
}

/// How much each of several calls has of another: it may be in pieces, where threads send at once.
fn parts<'j>(joins: impl Iterator<Item = (usize, &'j Join)>) -> Vec<u64> {
    let mut parts: Vec<u64> = Vec::new();
    let mut of: HashMap<usize, usize> = HashMap::new();
    for (call, join) in joins {
        let part = *of.entry(call).or_insert(parts.len());
        parts.resize(parts.len().max(part + 1), 0);
        parts[part] += join.off.map_or(0, Interval::len);
    }
    parts
}

/// Whether it is not certain which calls the bytes are of: then nothing is said of how many there were.
fn is_guess(join: &Join) -> bool {
    join.how == LinkHow::Guess
}

/// For how much each of several receives asked, where that was the same and the reason why one did not get all.
fn room(case: &Case<'_, '_>, receives: impl Iterator<Item = usize>) -> Option<u64> {
    let mut lines = receives.map(|call| case.line(call));
    let first = lines.next()?;
    let len = first.args.len.filter(|&len| first.moved() == Some(len))?;
    lines.all(|line| line.args.len == Some(len)).then_some(len)
}

fn partial(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, call: usize, sock: usize) {
    let line = case.line(call);
    // A file may simply be over.
    if matches!(line.sys.as_deref(), Some("sendfile" | "splice")) {
        return;
    }
    let (sent, asked) = (line.moved().unwrap_or(0), line.args.len.unwrap_or(0));
    let missing = asked - sent;
    let later =
        case.story.calls_on(sock).filter(|&(n, next)| n > call && next.dir == Some(Dir::Out));
    // What is wrong where both only send is said there.
    let is_dead = case.mate(sock).is_some_and(|mate| both_send(case, sock, mate).is_some());
    if is_dead {
        return;
    }
    let went: u64 = later.filter_map(|(_, next)| next.moved()).sum();
    // Of a record that was cut off nobody knows whether the rest went later.
    if went < missing && case.story.is_cut_off() {
        return;
    }
    let waited = returned(line).saturating_sub(line.enter);
    let close = case.story.facts(sock).last_close.map(|close| case.line(close));
    let is_ended = waited >= LONG && close.is_some_and(by_force);
    let level = if went >= missing { Level::Info } else { Level::Warn };
    teller.say("partial-send", level, call, (line.proc, went >= missing), || {
        let end = if went >= missing {
            "it sent the rest later, as it must"
        } else if is_ended {
            "it ended while it waited for room"
        } else {
            "it never sent the rest: send again from there on, in a loop, until all is gone"
        };
        format!(
            "{} asked to send {} B and only {} B went, because the buffer was full: {} reads more slowly; {end}",
            case.who(call),
            count(asked),
            count(sent),
            case.peer(sock),
        )
    });
}
