//! Questions that were received and never answered, by programs that wait in loops: no deadlock that a call could show.

use sock_record::{Call, CallKind, Dir, Level, ProcId};

use super::case::{Case, called, number, took};
use super::deadlock::{ended, hint, last, nothing_under_way};
use super::loops::{LONGER, cut_short};
use super::teller::Teller;
use super::unread::is_alone;
use crate::story::returned;
use crate::text::count;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        // Who was called may wait for its callers as long as it likes; who calls wants an answer.
        let is_caller = case.is_stream(sock) && case.story.facts(sock).connect.is_some();
        let Some(mate) = case.mate(sock).filter(|_| is_caller) else { continue };
        if let Some((wait, silent, server)) = left_alone(case, sock, mate) {
            teller.say("no-answer", Level::Warn, wait, (case.line(wait).proc, server), || {
                format!(
                    "{} waited {} to receive in vain: {} had accepted it, said nothing, and waited in accept for somebody else; \
                     start whom it waits for, or let it serve each as soon as it has accepted it",
                    case.who(wait),
                    took(silent),
                    case.name(server),
                )
            });
        }
        let Some((asked, taken)) = question(case, sock, mate) else { continue };
        let Some(wait) = blocked(case, sock).or_else(|| cut_short(case, sock, asked)) else {
            continue;
        };
        let Some(other) = blocked(case, mate).or_else(|| cut_short(case, mate, taken)) else {
            continue;
        };
        let is_loop =
            |n: usize| case.line(n).call == CallKind::Wait && case.story.pending(n).is_none();
        // Whoever has set a time for the other's loop may have meant to answer then.
        let has_timer = is_loop(other) && number(case.line(other), "timeout_ns").is_some();
        let since = case.line(wait).enter.max(case.line(other).enter);
        let silent = ended(case, wait).min(ended(case, other)).saturating_sub(since);
        let is_dead = (is_loop(wait) || is_loop(other)) && !has_timer;
        if !is_dead || silent < LONGER || !nothing_under_way(case, sock, mate) {
            continue;
        }
        let matter = (case.line(wait).proc, case.line(other).proc);
        teller.say("no-answer", Level::Warn, wait, matter, || {
            let hint = hint(case, sock, mate);
            let hint = hint.unwrap_or_else(|| "it may wait for more, or for the end (shutdown)".to_owned());
            format!(
                "{} waited {} for an answer in vain: {} received all {} B, sent nothing back, and waited in {} itself; {hint}",
                case.who(wait),
                took(silent),
                case.who(other),
                count(sum(case, sock)),
                called(case.line(other)),
            )
        });
    }
}

/// The wait of a caller for whom nothing was done because who was called waited for another one, how long that was, and who.
fn left_alone(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<(usize, u64, ProcId)> {
    let story = case.story;
    let wait = blocked(case, sock)?;
    // Whoever has said something has a story of its own.
    let is_used = |sock: usize| {
        let has_ended = story.facts(sock).shutdown.is_some();
        story.facts(sock).moved.is_some() || has_ended || story.has_unseen(sock, Dir::Out)
    };
    if story.is_cut_off()
        || is_used(sock)
        || is_used(mate)
        || story.calls_of[mate].iter().any(|&n| story.dir(n).is_some())
    {
        return None;
    }
    let (_, taken) =
        story.calls_on(mate).next().filter(|(_, call)| call.call == CallKind::Accept)?;
    let thread = (taken.proc, taken.tid);
    let (since, until) = (case.line(wait).enter.max(returned(taken)), ended(case, wait));
    let calls = story.calls.iter().enumerate().rev();
    let (accept, line) = calls
        .filter(|(_, call)| (call.proc, call.tid) == thread)
        .find(|(_, call)| call.enter <= until && call.call != CallKind::Close)?;
    let silent = until.min(ended(case, accept)).saturating_sub(since.max(line.enter));
    let is_other = line.call == CallKind::Accept && story.on(accept) != Some(mate);
    let is_left = is_other && silent >= LONGER && is_alone(case, thread);
    is_left.then_some((wait, silent, taken.proc))
}

/// The last send of who calls and the last receive of who was called, which never said a word.
fn question<'a>(case: &Case<'_, 'a>, sock: usize, mate: usize) -> Option<(&'a Call, &'a Call)> {
    let moved = |sock: usize| {
        let calls = case.story.calls_on(sock).map(|(_, call)| call);
        calls.filter(|call| call.moved() > Some(0))
    };
    let asked = moved(sock).last().filter(|call| call.dir == Some(Dir::Out))?;
    let taken = moved(mate).last()?;
    let is_mute = moved(mate).all(|call| call.dir == Some(Dir::In));
    let is_over =
        case.story.facts(sock).shutdown.is_some() || case.story.facts(mate).shutdown.is_some();
    (is_mute && !is_over && returned(taken) >= asked.enter).then_some((asked, taken))
}

/// The receive in which a program waited to the end.
fn blocked(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    last(case, sock).filter(|&n| {
        case.story.dir(n) == Some(Dir::In) && case.line(n).moved().is_none_or(|n| n == 0)
    })
}

fn sum(case: &Case<'_, '_>, sock: usize) -> u64 {
    let calls = case.story.calls_on(sock).filter(|(_, call)| call.dir == Some(Dir::Out));
    calls.filter_map(|(_, call)| call.moved()).sum()
}
