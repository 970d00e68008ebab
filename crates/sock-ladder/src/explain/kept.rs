//! A connection that nobody closes, while the peer reads to its end.

use serde_json::Value;
use sock_record::{Call, CallKind, Dir, Level, SockId};

use super::case::{Case, called, list, took};
use super::deadlock::{LONG, by_force, ended, is_unfinished, last, nothing_under_way};
use super::teller::Teller;
use crate::story::returned;

/// Whoever watches a socket in a loop may do so for a while between two messages; so long, in ns, nobody pauses.
const LONGER: u64 = 1_000_000_000;

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
        let matter = (case.line(wait).proc, case.line(holder).proc);
        teller.say("not-closed", Level::Warn, wait, matter, || {
            let fd = case.line(holder).fd.map(|fd| format!(" (fd {fd})")).unwrap_or_default();
            let by = if blocked.is_some() {
                String::new()
            } else {
                format!(" in {}", called(case.line(wait)))
            };
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
    let story = case.story;
    let moved =
        |sock: usize| story.calls_on(sock).filter(|(_, call)| call.moved() > Some(0)).last();
    let ((_, heard), (_, said)) = (moved(sock)?, moved(mate)?);
    if heard.dir != Some(Dir::In) || said.dir != Some(Dir::Out) {
        return None;
    }
    let id = story.socks[sock].sock;
    let own = |call: &Call| (call.proc, call.tid) == (heard.proc, heard.tid);
    // What ends the peer ends the wait; who is interrupted may look around once more.
    let forced = story.facts(mate).last_close.map(|close| case.line(close));
    let is_cut = |call: &Call| {
        is_unfinished(call)
            || forced.is_some_and(|close| by_force(close) && returned(call) >= close.enter)
    };
    let is_meant =
        |call: &Call| own(call) && call.call == CallKind::Wait && !is_look(call) && is_cut(call);
    let mut later = story.calls.iter().enumerate().rev();
    let (wait, line) = later.find(|(_, call)| is_meant(call))?;
    if line.enter < returned(heard) {
        return None;
    }
    // An epoll may watch anything.
    let other = story.socks[mate].sock;
    let keeps = |call: &&Call| {
        call.call == CallKind::Wait
            && call.proc == said.proc
            && call.exit.is_none_or(|exit| exit > returned(said))
            && (mentions(call, "watched", other) || is_epoll(call))
    };
    let is_watched = || mentions(line, "watched", id) || in_epoll(case, line, id);
    (!story.calls.iter().copied().rev().any(|call| keeps(&call)) && is_watched()).then_some(wait)
}

/// Whether a wait only looks, and takes no time.
fn is_look(wait: &Call) -> bool {
    wait.args.more.get("timeout_ns").and_then(Value::as_u64) == Some(0)
}

fn is_epoll(wait: &Call) -> bool {
    wait.sys.as_deref().is_some_and(|sys| sys.starts_with("epoll"))
}

/// Whether an epoll watches a socket: it has told of it before. What was put into it the record does not have.
fn in_epoll(case: &Case<'_, '_>, wait: &Call, id: SockId) -> bool {
    let is_same = |call: &&&Call| (call.proc, call.fd) == (wait.proc, wait.fd) && is_epoll(call);
    is_epoll(wait)
        && case.story.calls.iter().filter(is_same).any(|call| mentions(call, "ready", id))
}

/// Whether a list of a wait has a socket.
fn mentions(wait: &Call, name: &str, id: SockId) -> bool {
    let told = |one: &Value| one.get("sock").and_then(Value::as_u64);
    list(wait, name).iter().any(|one| told(one) == Some(u64::from(id.0)))
}
