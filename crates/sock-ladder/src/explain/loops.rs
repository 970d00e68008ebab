//! Programs that wait in a loop, for several sockets at once: which of those waits was cut by the end of the program.

use serde_json::Value;
use sock_record::{Call, CallKind, SockId};

use super::case::{Case, list};
use super::deadlock::{by_force, is_unfinished};
use crate::story::returned;

/// Whoever watches a socket in a loop may do so for a while between two messages; so long, in ns, nobody pauses.
pub(super) const LONGER: u64 = 1_000_000_000;

/// The wait in which the thread of a call watched a socket after that call, until it was ended by force.
pub(super) fn cut_short(case: &Case<'_, '_>, sock: usize, since: &Call) -> Option<usize> {
    let story = case.story;
    let own = |call: &Call| (call.proc, call.tid) == (since.proc, since.tid);
    // What ends the peer ends the wait; who is interrupted may look around once more.
    let forced = case.mate(sock).and_then(|mate| story.facts(mate).last_close);
    let forced = forced.map(|close| case.line(close)).filter(|close| by_force(close));
    let is_cut = |call: &Call| {
        is_unfinished(call) || forced.is_some_and(|close| returned(call) >= close.enter)
    };
    let is_meant =
        |call: &Call| own(call) && call.call == CallKind::Wait && !is_look(call) && is_cut(call);
    let mut later = story.calls.iter().enumerate().rev();
    let (wait, line) = later.find(|(_, call)| is_meant(call))?;
    let id = story.socks[sock].sock;
    let is_watched = || mentions(line, "watched", id) || in_epoll(case, line, id);
    (line.enter >= returned(since) && is_watched()).then_some(wait)
}

/// Whether the program of a call may have watched a socket after it. An epoll may watch anything.
pub(super) fn may_watch(case: &Case<'_, '_>, sock: usize, since: &Call) -> bool {
    let id = case.story.socks[sock].sock;
    let watches = |call: &Call| {
        call.call == CallKind::Wait
            && call.proc == since.proc
            && call.exit.is_none_or(|exit| exit > returned(since))
            && (mentions(call, "watched", id) || is_epoll(call))
    };
    case.story.calls.iter().rev().any(|call| watches(call))
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
