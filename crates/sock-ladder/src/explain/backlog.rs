//! Connections that waited to be accepted: for ever, or while the server spoke with somebody else.

use std::collections::HashMap;

use sock_record::{CallKind, Dir, Level, LinkKind};

use super::case::{Case, took};
use super::places::{Tenant, tenants, written};
use super::teller::Teller;
use crate::story::returned;

/// Who waits so long, in ns, has noticed.
const LONG: u64 = 50_000_000;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    never(case, teller);
    one_at_a_time(case, teller);
}

fn never(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    // Whoever answered has accepted, seen or not.
    let is_answered = |sock: usize| {
        let is_reply =
            |call: &sock_record::Call| call.dir == Some(Dir::In) && call.moved() > Some(0);
        case.story.calls_on(sock).any(|(_, call)| is_reply(call))
    };
    let unmet = |sock: usize| {
        case.is_stream(sock)
            && !is_answered(sock)
            && case.joined.mates[sock].is_none()
            && case.story.facts(sock).connect.is_some()
    };
    let waiting: Vec<usize> = (0..case.story.socks.len()).filter(|&sock| unmet(sock)).collect();
    if waiting.is_empty() {
        return;
    }
    let listeners = tenants(case, |sock| case.is_stream(sock) && case.story.is_listener(sock));
    for sock in waiting {
        let (Some(call), Some(place)) = (case.story.facts(sock).connect, case.story.peer(sock))
        else {
            continue;
        };
        let line = case.line(call);
        let here = |tenant: &&Tenant| {
            tenant.place.covers(&place)
                && tenant.listens.is_some_and(|at| at <= returned(line))
                && tenant.until > line.enter
        };
        // Who never accepts may leave that to a process that this record has no calls of.
        let accepts = |listener: usize| {
            case.story.calls_on(listener).any(|(_, call)| call.call == CallKind::Listen)
        };
        let Some(server) = listeners.iter().find(here).filter(|tenant| accepts(tenant.sock)) else {
            continue;
        };
        if line.err.is_some() && case.story.facts(sock).moved.is_none() {
            continue;
        }
        if case.story.has_ring(server.sock) {
            continue;
        }
        let sent = case.story.facts(sock).moved.is_some();
        teller.say("never-accepted", Level::Warn, call, line.proc, || {
            let name = case.story.proc(server.sock).map_or("the server", |proc| case.name(proc));
            format!(
                "connected, but {name} never accepted it: the kernel connects by itself, and the connection waited in the \
                 backlog of {}{}; call accept, in a loop",
                written(&server.place),
                if sent { "; what was sent into it nobody read" } else { "" },
            )
        });
    }
}

fn one_at_a_time(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    // What the same thread accepted last, by listener.
    let mut last: HashMap<(usize, sock_record::ProcId, Option<u32>), usize> = HashMap::new();
    for (n, call) in case.story.calls.iter().enumerate() {
        if call.call != CallKind::Accept || call.err.is_some() {
            continue;
        }
        let Some(sock) = case.story.on(n) else { continue };
        let Some(listener) = case.story.socks[sock].listener.and_then(|id| case.story.sock_of(id))
        else {
            continue;
        };
        let before = last.insert((listener, call.proc, call.tid), sock);
        let (Some(before), Some(connect)) = (before, case.linked(n, &LinkKind::Connect)) else {
            continue;
        };
        let asked = returned(case.line(connect));
        let Some(waited) = call.enter.checked_sub(asked).filter(|waited| *waited >= LONG) else {
            continue;
        };
        // The other conversation was under way all that time, and this thread led it.
        let own = |at: u64| {
            case.story.calls_on(before).any(|(_, other)| {
                other.tid == call.tid
                    && other.proc == call.proc
                    && returned(other) >= at
                    && other.dir.is_some()
            })
        };
        let (start, _) = case.story.life(before);
        if start > asked || !own(call.enter.saturating_sub(waited / 2)) {
            continue;
        }
        teller.say("one-at-a-time", Level::Warn, n, call.proc, || {
            format!(
                "{} waited {} in the backlog while {} served {}: one client at a time; threads, processes, select or epoll \
                 serve several",
                case.who(connect),
                took(waited),
                case.who(n),
                case.peer(before),
            )
        });
    }
}
