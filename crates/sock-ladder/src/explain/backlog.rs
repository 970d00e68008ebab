//! Connections that waited to be accepted: for ever, or while the server spoke with somebody else.

use std::collections::HashMap;

use sock_record::{Call, CallKind, Dir, Level, LinkKind};

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
    let waiting: Vec<usize> =
        (0..case.story.socks.len()).filter(|&sock| is_unmet(case, sock)).collect();
    if waiting.is_empty() {
        return;
    }
    let listeners = listeners(case);
    for sock in waiting {
        let Some(call) = case.story.facts(sock).connect else { continue };
        let Some(server) = server(case, &listeners, sock) else { continue };
        let line = case.line(call);
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

fn listeners(case: &Case<'_, '_>) -> Vec<Tenant> {
    tenants(case, |sock| case.is_stream(sock) && case.story.is_listener(sock))
}

/// Whether a connection met nobody who accepted it. Whoever answered has accepted, seen or not.
fn is_unmet(case: &Case<'_, '_>, sock: usize) -> bool {
    let is_reply = |call: &Call| call.dir == Some(Dir::In) && call.moved() > Some(0);
    case.is_stream(sock)
        && case.joined.mates[sock].is_none()
        && case.story.facts(sock).connect.is_some()
        && !case.story.calls_on(sock).any(|(_, call)| is_reply(call))
}

/// Who listened where a connection waits that met nobody.
fn server<'t>(case: &Case<'_, '_>, listeners: &'t [Tenant], sock: usize) -> Option<&'t Tenant> {
    let (connect, place) = (case.story.facts(sock).connect?, case.story.peer(sock)?);
    let line = case.line(connect);
    let here = |tenant: &&Tenant| {
        tenant.place.covers(&place)
            && tenant.listens.is_some_and(|at| at <= returned(line))
            && tenant.until > line.enter
    };
    // Who never accepts may leave that to a process that this record has no calls of.
    let accepts = |listener: usize| {
        case.story.calls_on(listener).any(|(_, call)| call.call == CallKind::Listen)
    };
    let server = listeners.iter().find(here).filter(|tenant| accepts(tenant.sock))?;
    let has_begun = line.err.is_none() || case.story.facts(sock).moved.is_some();
    (has_begun && !case.story.has_ring(server.sock)).then_some(server)
}

/// The close by which who listened ended a connection that it had never accepted, before `t`.
pub(super) fn ended_unaccepted(case: &Case<'_, '_>, sock: usize, t: u64) -> Option<usize> {
    if !case.is_tcp(sock) || !is_unmet(case, sock) {
        return None;
    }
    let listeners = listeners(case);
    let server = server(case, &listeners, sock)?;
    let close = case.story.facts(server.sock).last_close?;
    (case.line(close).enter <= t).then_some(close)
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
