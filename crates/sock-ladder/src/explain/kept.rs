//! A connection that nobody closes, while the peer reads to its end.

use sock_record::{CallKind, Dir, Level};

use super::case::{Case, called, took};
use super::deadlock::{LONG, by_force, ended, is_unfinished, last, nothing_under_way};
use super::loops::{LONGER, cut_short, may_watch};
use super::teller::Teller;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        // Who was called may wait for its callers as long as it likes; who calls wants an answer.
        let Some(mate) = case.mate(sock).filter(|_| case.story.facts(sock).connect.is_some())
        else {
            continue;
        };
        let blocked = last(case, sock).filter(|&n| case.story.dir(n) == Some(Dir::In));
        let Some(wait) = blocked.or_else(|| watching(case, sock, mate)) else { continue };
        let Some((holder, _)) =
            case.story.calls_on(mate).filter(|(_, call)| call.dir.is_some()).last()
        else {
            continue;
        };
        let close = case.story.facts(mate).last_close;
        let until = close.map_or(u64::MAX, |close| case.line(close).enter).min(ended(case, wait));
        // A loop may have looked again and again.
        let since = if blocked.is_some() { case.line(wait).enter } else { 0 };
        let silent = until.saturating_sub(since.max(ended(case, holder)));
        let least = if blocked.is_some() { LONG } else { LONGER };
        // What both did when they were interrupted came too late.
        let given_up = is_unfinished(case.line(wait)).then(|| ended(case, wait));
        let ends = case.story.calls_on(mate).any(|(_, call)| {
            matches!(call.call, CallKind::Close | CallKind::Shutdown)
                && !by_force(call)
                && given_up.is_none_or(|at| call.enter < at)
        });
        // A holder that waits itself, or that has something to read, has a story of its own.
        if ends
            || silent < least
            || last(case, mate).is_some()
            || !nothing_under_way(case, sock, mate)
        {
            continue;
        }
        let moved = case.story.calls_on(sock).filter(|(_, call)| call.moved() > Some(0));
        let has_asked = moved.last().is_some_and(|(_, call)| call.dir == Some(Dir::Out));
        // Whoever waits for the rest of the question in a loop has a story of its own too.
        if has_asked && may_watch(case, mate, case.line(holder)) {
            continue;
        }
        let matter = (case.line(wait).proc, case.line(holder).proc);
        teller.say("not-closed", Level::Warn, wait, matter, || {
            let fd = case.line(holder).fd.map(|fd| format!(" (fd {fd})")).unwrap_or_default();
            let by = if blocked.is_some() {
                String::new()
            } else {
                format!(" in {}", called(case.line(wait)))
            };
            // Who asked last waits for an answer, and its peer may think that it has given one.
            if has_asked {
                return format!(
                    "{} waited {}{by} for an answer, or for the end, in vain: {} received all that was sent, and neither answers \
                     nor closes the socket{fd}; an answer that it has written may lie in a buffer of its own, which it has to \
                     flush",
                    case.who(wait),
                    took(silent),
                    case.who(holder),
                );
            }
            format!(
                "{} waited {}{by} for more, or for the end, in vain: {} holds the socket{fd} and neither sends nor closes it; no \
                 FIN goes out before it calls close or shutdown(SHUT_WR)",
                case.who(wait),
                took(silent),
                case.who(holder),
            )
        });
    }
}

/// The wait in which a program watched a socket until it was ended, where its peer had spoken last and watches its own end no
/// more: who does may well keep the connection for the next question.
fn watching(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<usize> {
    let moved = |sock: usize| {
        let calls = case.story.calls_on(sock).map(|(_, call)| call);
        calls.filter(|call| call.moved() > Some(0)).last()
    };
    let heard = moved(sock).filter(|call| call.dir == Some(Dir::In))?;
    let said = moved(mate).filter(|call| call.dir == Some(Dir::Out))?;
    cut_short(case, sock, heard).filter(|_| !may_watch(case, mate, said))
}
