//! Questions that nobody reads: their bytes have come, and who holds the connection receives elsewhere, or not at all.

use sock_record::{Call, CallKind, Dir, Level, ProcId};

use super::case::{Case, called, counted, list, took};
use super::deadlock::{by_force, ended, is_unfinished, last};
use super::teller::Teller;
use crate::story::{is_peek, returned};
use crate::text::count;
use crate::waits::LONG;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in 0..case.story.socks.len() {
        // Who was called may wait for its callers as long as it likes; who calls wants an answer.
        let is_caller = case.is_stream(sock) && case.story.facts(sock).connect.is_some();
        let Some(mate) = case.mate(sock).filter(|_| is_caller) else { continue };
        let Some(wait) = last(case, sock).filter(|&n| case.story.dir(n) == Some(Dir::In)) else {
            continue;
        };
        let Some((question, missed)) = unread(case, sock, mate) else { continue };
        let until = ended(case, wait);
        let since = case.line(wait).enter.max(returned(case.line(question)));
        let waited = until.saturating_sub(since);
        let close = case.story.facts(mate).last_close.map(|close| case.line(close));
        let is_open = close.is_none_or(|close| by_force(close) || close.enter >= until);
        let Some((_, holder)) = case.story.calls_on(mate).next().filter(|_| is_open) else {
            continue;
        };
        // Who answers later has heard it, or needed no question.
        let answers = |call: &Call| call.dir == Some(Dir::Out) && call.enter >= until;
        let is_late = case.story.calls_on(mate).any(|(_, call)| answers(call));
        if waited < LONG || is_late || case.line(question).enter > case.line(wait).enter {
            continue;
        }
        let matter = (case.line(wait).proc, holder.proc);
        teller.say("not-read", Level::Warn, wait, matter, || {
            let server = case.name(holder.proc);
            let instead = instead(case, (holder.proc, holder.tid), mate, since.midpoint(until));
            format!(
                "{} waited {} for an answer in vain: {server} never received {} B that it had sent{}",
                case.who(wait),
                took(waited),
                count(missed),
                instead.unwrap_or_else(|| format!("; {server} has to receive on every connection that it accepts")),
            )
        });
    }
}

/// The last send on a socket, and how much of all was never received, where nobody even tried.
fn unread(case: &Case<'_, '_>, sock: usize, mate: usize) -> Option<(usize, u64)> {
    let story = case.story;
    let is_unseen = story.has_unseen(mate, Dir::In) || story.has_unseen(sock, Dir::Out);
    let sends = || story.calls_on(sock).filter(|(_, call)| call.dir == Some(Dir::Out));
    let (question, line) = sends().filter(|(_, call)| call.moved() > Some(0)).last()?;
    let takes = |call: &Call| call.dir == Some(Dir::In) && !is_peek(call);
    let is_tried = story
        .calls_on(mate)
        .any(|(_, call)| takes(call) && (returned(call) >= line.enter || is_unfinished(call)));
    if is_tried || is_unseen || story.facts(mate).reset().is_some() {
        return None;
    }
    let sum = |sock: usize, dir: Dir| -> u64 {
        let calls = story.calls_on(sock).map(|(_, call)| call);
        calls.filter(|call| call.dir == Some(dir) && !is_peek(call)).filter_map(Call::moved).sum()
    };
    let missed = sum(sock, Dir::Out).checked_sub(sum(mate, Dir::In)).filter(|n| *n > 0)?;
    Some((question, missed))
}

/// What a thread did at `t`, while it should have received from a connection.
fn instead(
    case: &Case<'_, '_>,
    (proc, tid): (ProcId, Option<u32>),
    sock: usize,
    t: u64,
) -> Option<String> {
    let story = case.story;
    let is_then = |(n, call): &(usize, &&Call)| {
        (call.proc, call.tid) == (proc, tid) && call.enter <= t && ended(case, *n) >= t
    };
    let (n, call) = story.calls.iter().enumerate().rev().find(is_then)?;
    let sys = called(call);
    match (&call.call, call.dir) {
        // A fellow or a child may have been to take care of it.
        (CallKind::Accept, _) if !is_alone(case, (proc, tid)) => None,
        (CallKind::Accept, _) => Some(
            "; it waited in accept for somebody else: who serves several has a thread or a process for each, or watches all of \
             them with select, poll or epoll"
                .to_owned(),
        ),
        (CallKind::Wait, _) => {
            let id = u64::from(story.socks[sock].sock.0);
            let all = list(call, "watched");
            let is_watched = all.iter().any(|one| one["sock"].as_u64() == Some(id));
            let many = counted(all.len(), "other descriptor");
            Some(match (all.len(), is_watched) {
                (0, _) => format!("; it waited in {sys}, which has to watch every connection that is accepted"),
                (_, false) => format!(
                    "; it waited in {sys} for {many} and not for this one: every connection that is accepted has to be among \
                     those that {sys} watches"
                ),
                (_, true) => format!("; it waited in {sys}, but not for something to read there"),
            })
        }
        (_, Some(Dir::In)) => {
            let other = story.on(n).filter(|&other| other != sock)?;
            Some(format!(
                "; it waited to receive from {} meanwhile: who serves several has a thread or a process for each, or watches all \
                 of them with select, poll or epoll",
                case.peer(other)
            ))
        }
        _ => None,
    }
}

/// Whether a thread is the only one of its program, and the program has no children, as far as the record has them.
pub(super) fn is_alone(case: &Case<'_, '_>, (proc, tid): (ProcId, Option<u32>)) -> bool {
    let pid = case.story.procs.get(&proc).and_then(|proc| proc.pid);
    let is_child = |other: &&sock_record::Proc| pid.is_some() && other.ppid == pid;
    let is_fellow = |call: &&Call| call.proc == proc && call.tid != tid && call.tid.is_some();
    !case.story.procs.values().copied().any(|other| is_child(&other))
        && !case.story.calls.iter().copied().any(|call| is_fellow(&call))
}
