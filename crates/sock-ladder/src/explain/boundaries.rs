//! Sends and receives that do not match one to one: merged, split, partial.

use sock_record::{Dir, Level, LinkHow, LinkKind};

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
    let (Some(first), true) = (sends.next(), sends.next().is_some()) else { return };
    if case.to(call).any(is_guess) {
        return;
    }
    let matter = (case.line(first.from).proc, case.line(call).proc);
    teller.say("merged", Level::Info, call, matter, || {
        let parts: Vec<u64> = case
            .to(call)
            .filter_map(|join| Some(join.off.filter(|_| join.kind == LinkKind::Bytes)?.len()))
            .collect();
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
    let (Some(first), true) = (receives.next(), receives.next().is_some()) else { return };
    if taken().any(is_guess) {
        return;
    }
    let got_by = first.to;
    let matter = (case.line(call).proc, case.line(got_by).proc);
    teller.say("split", Level::Info, call, matter, || {
        let parts: Vec<u64> = taken().filter_map(|join| Some(join.off?.len())).collect();
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
            "it never sent the rest: send again from there on until all is gone, or use sendall"
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
