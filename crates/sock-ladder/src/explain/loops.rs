//! Programs that wait in a loop, for several sockets at once: which of those waits was cut by the end of the program.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sock_record::{Call, CallKind, ProcId, SockId};

use super::case::{Case, list};
use super::deadlock::{by_force, is_unfinished};
use crate::story::{Story, returned};

/// Whoever watches a socket in a loop may do so for a while between two messages; so long, in ns, nobody pauses.
pub(super) const LONGER: u64 = 1_000_000_000;

type Thread = (ProcId, Option<u32>);

/// The waits of a record, gathered in one pass: they are many, and so are those who ask.
#[derive(Debug, Default)]
pub(super) struct Loops {
    /// The last wait of each thread that did not come to an end by itself, and the last of all.
    last: HashMap<Thread, Last>,
    /// Which sockets each epoll has told of. What was put into it the record does not have.
    told: HashSet<(ProcId, Option<i32>, SockId)>,
    /// Until when each process waited in an epoll.
    epoll: HashMap<ProcId, u64>,
    /// Until when each process watched a socket by name.
    watched: HashMap<(ProcId, SockId), u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Last {
    cut: Option<usize>,
    any: Option<usize>,
}

impl Loops {
    pub(super) fn new(story: &Story<'_>) -> Self {
        let mut loops = Self::default();
        let waits = story.calls.iter().enumerate();
        for (n, call) in waits.filter(|(_, call)| call.call == CallKind::Wait) {
            let until = call.exit.unwrap_or(u64::MAX);
            if is_epoll(call) {
                let latest = loops.epoll.entry(call.proc).or_default();
                *latest = until.max(*latest);
                loops.told.extend(socks(call, "ready").map(|sock| (call.proc, call.fd, sock)));
            }
            for sock in socks(call, "watched") {
                let latest = loops.watched.entry((call.proc, sock)).or_default();
                *latest = until.max(*latest);
            }
            if !is_look(call) {
                let last = loops.last.entry((call.proc, call.tid)).or_default();
                last.any = Some(n);
                last.cut = is_unfinished(call).then_some(n).or(last.cut);
            }
        }
        loops
    }
}

/// The wait in which the thread of a call watched a socket after that call, until it was ended by force.
pub(super) fn cut_short(case: &Case<'_, '_>, sock: usize, since: &Call) -> Option<usize> {
    let loops = case.loops();
    let Last { cut, any } = *loops.last.get(&(since.proc, since.tid))?;
    // What ends the peer ends the wait; who is interrupted may look around once more.
    let forced = case.mate(sock).and_then(|mate| case.story.facts(mate).last_close);
    let forced = forced.map(|close| case.line(close)).filter(|close| by_force(close));
    let ended = |n: &usize| forced.is_some_and(|close| returned(case.line(*n)) >= close.enter);
    let wait = any.filter(ended).or(cut)?;
    let line = case.line(wait);
    let id = case.story.socks[sock].sock;
    let is_watched = || {
        socks(line, "watched").any(|watched| watched == id)
            || (is_epoll(line) && loops.told.contains(&(line.proc, line.fd, id)))
    };
    (line.enter >= returned(since) && is_watched()).then_some(wait)
}

/// Whether the program of a call may have watched a socket after it. An epoll may watch anything.
pub(super) fn may_watch(case: &Case<'_, '_>, sock: usize, since: &Call) -> bool {
    let loops = case.loops();
    let id = case.story.socks[sock].sock;
    let until = [loops.epoll.get(&since.proc), loops.watched.get(&(since.proc, id))];
    until.into_iter().flatten().any(|until| *until > returned(since))
}

/// Whether a wait only looks, and takes no time.
fn is_look(wait: &Call) -> bool {
    wait.args.more.get("timeout_ns").and_then(Value::as_u64) == Some(0)
}

fn is_epoll(wait: &Call) -> bool {
    wait.sys.as_deref().is_some_and(|sys| sys.starts_with("epoll"))
}

/// The sockets in a list of a wait.
fn socks<'c>(wait: &'c Call, name: &str) -> impl Iterator<Item = SockId> + 'c {
    let number = |one: &Value| u32::try_from(one.get("sock")?.as_u64()?).ok();
    list(wait, name).iter().filter_map(number).map(SockId)
}
