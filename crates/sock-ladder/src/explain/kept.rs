//! A connection that nobody closes, while the peer reads to its end.

use sock_record::{CallKind, Dir, Level};

use super::case::{Case, took};
use super::deadlock::{LONG, by_force, ended, is_unfinished, last, nothing_under_way};
use super::teller::Teller;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        // Who was called may wait for its callers as long as it likes; who calls wants an answer.
        let Some(mate) = case.mate(sock).filter(|_| case.story.facts(sock).connect.is_some())
        else {
            continue;
        };
        let Some(wait) = last(case, sock).filter(|&n| case.story.dir(n) == Some(Dir::In)) else {
            continue;
        };
        let Some((holder, _)) =
            case.story.calls_on(mate).filter(|(_, call)| call.dir.is_some()).last()
        else {
            continue;
        };
        let close = case.story.facts(mate).last_close;
        let until = close.map_or(u64::MAX, |close| case.line(close).enter).min(ended(case, wait));
        let silent = until.saturating_sub(case.line(wait).enter.max(ended(case, holder)));
        // What both did when they were interrupted came too late.
        let given_up = is_unfinished(case.line(wait)).then(|| ended(case, wait));
        let ends = case.story.calls_on(mate).any(|(_, call)| {
            matches!(call.call, CallKind::Close | CallKind::Shutdown)
                && !by_force(call)
                && given_up.is_none_or(|at| call.enter < at)
        });
        // A holder that waits itself, or that has something to read, has a story of its own.
        if ends
            || silent < LONG
            || last(case, mate).is_some()
            || !nothing_under_way(case, sock, mate)
        {
            continue;
        }
        let matter = (case.line(wait).proc, case.line(holder).proc);
        teller.say("not-closed", Level::Warn, wait, matter, || {
            let fd = case.line(holder).fd.map(|fd| format!(" (fd {fd})")).unwrap_or_default();
            format!(
                "{} waited {} for more, or for the end, in vain: {} holds the socket{fd} and neither sends nor closes it; no \
                 FIN goes out before it calls close or shutdown(SHUT_WR)",
                case.who(wait),
                took(silent),
                case.who(holder),
            )
        });
    }
}
