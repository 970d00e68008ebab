//! Connects that had to ask again, because as many as the listener has room for waited to be accepted already.

use sock_record::{Call, CallKind, Level};

use super::case::{Case, counted, number, took};
use super::deadlock::ended;
use super::places::{Tenant, tenants, written};
use super::teller::Teller;
use crate::place::Place;
use crate::story::returned;

/// A SYN that nobody answers is sent again after a second (RFC 6298, 2.1); in ns, with some room for a coarse clock.
const AGAIN: u64 = 900_000_000;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    let took_long = |n: usize| {
        let line = case.line(n);
        line.call == CallKind::Connect
            && ended(case, n).saturating_sub(line.enter) >= AGAIN
            && case.story.on(n).is_some_and(|sock| case.is_tcp(sock))
    };
    let slow: Vec<usize> = (0..case.story.calls.len()).filter(|&n| took_long(n)).collect();
    if slow.is_empty() {
        return;
    }
    let listeners = tenants(case, |sock| case.is_tcp(sock) && case.story.is_listener(sock));
    for n in slow {
        let line = case.line(n);
        let Some(place) = line.args.addr.as_deref().and_then(Place::new) else { continue };
        let here = |tenant: &&Tenant| {
            tenant.place.covers(&place)
                && tenant.listens.is_some_and(|at| at <= line.enter)
                && tenant.until > line.enter
        };
        let Some(server) = listeners.iter().find(here) else { continue };
        let Some(room) = backlog(case, server.sock, line.enter) else { continue };
        let waiting = waiting(case, &server.place, n);
        // One more than the number that was asked for: so Linux reads it.
        if u64::try_from(waiting).is_ok_and(|waiting| waiting <= room) {
            continue;
        }
        teller.say("backlog-full", Level::Warn, n, (case.kind(line.proc), &place), || {
            let name = case.story.proc(server.sock).map_or("the server", |proc| case.name(proc));
            let are = if waiting == 1 { "was" } else { "were" };
            format!(
                "{} waited {} to be connected: {} {are} still to be accepted by {name}, and its listen({room}) has room for no more \
                 at {}, so its kernel dropped the call (SYN), which is repeated after 1 s, 2 s more, 4 s more; accept sooner, or \
                 give listen a larger number",
                case.who(n),
                took(ended(case, n).saturating_sub(line.enter)),
                counted(waiting, "connection"),
                written(&server.place),
            )
        });
    }
}

/// How many a listener was told to let wait.
fn backlog(case: &Case<'_, '_>, listener: usize, t: u64) -> Option<u64> {
    let is_set =
        |call: &Call| call.call == CallKind::Listen && call.enter < t && call.err.is_none();
    let set = case.story.calls_on(listener).filter(|(_, call)| is_set(call)).last();
    set.and_then(|(_, call)| number(call, "backlog"))
}

/// How many connections to a place waited to be accepted when a connect began.
fn waiting(case: &Case<'_, '_>, place: &Place, connect: usize) -> usize {
    let t = case.line(connect).enter;
    let waits = |sock: usize| {
        let own = case.story.facts(sock).connect.filter(|&own| own != connect);
        let is_connected = own.is_some_and(|own| {
            let line = case.line(own);
            line.err.is_none() && line.exit.is_some() && returned(line) <= t
        });
        let is_here = || case.story.peer(sock).is_some_and(|peer| place.covers(&peer));
        let is_taken = || {
            let accept = case.mate(sock).and_then(|mate| case.story.calls_of[mate].first());
            accept.is_some_and(|&accept| returned(case.line(accept)) <= t)
        };
        is_connected && is_here() && !is_taken()
    };
    (0..case.story.socks.len()).filter(|&sock| waits(sock)).count()
}
