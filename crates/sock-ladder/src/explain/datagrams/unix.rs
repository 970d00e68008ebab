//! Datagrams between sockets of one machine: none is lost on its way, and a send fails at once where nobody can receive.

use std::collections::HashMap;

use sock_record::{Dir, Level};

use super::{START, STAY, gone, written};
use crate::explain::case::{Case, took};
use crate::explain::places::Tenant;
use crate::explain::teller::Teller;
use crate::place::{Door, Place};
use crate::story::returned;

/// A call that failed itself: whoever should have received is not there.
pub(super) fn refused(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    (sock, n): (usize, usize),
    bound: &HashMap<Door, Vec<Tenant>>,
) {
    let call = case.line(n);
    // Connects that nobody took have words of their own.
    if call.dir != Some(Dir::Out) {
        return;
    }
    let place = asked(case, sock, n);
    teller.say("nobody-bound", Level::Warn, n, (call.proc, &place), || {
        let t = returned(call);
        let mate = case.partner(sock).map(|mate| (mate, case.story.life(mate).1));
        let why = match (mate, &place) {
            (Some((mate, closed)), _) if closed <= t => {
                let who = case.story.proc(mate).map_or("a program", |proc| case.name(proc));
                format!("{who} had closed the other end {} earlier; {STAY}", took(t - closed))
            }
            (_, Some(place)) => match gone(case, bound, place, t) {
                Some(gone) => format!("{gone}; {STAY}"),
                None => format!("nobody was bound to {}; {START}", written(place)),
            },
            (_, None) => format!("nobody is there to receive any more; {STAY}"),
        };
        format!(
            "{} by {} failed at once (ECONNREFUSED), and nothing was sent: {why}",
            call.call,
            case.who(n),
        )
    });
}

/// A datagram that the kernel took and that no receive of the record got.
pub(super) fn queued(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    (sock, n): (usize, usize),
    bound: &HashMap<Door, Vec<Tenant>>,
) {
    let call = case.line(n);
    let place = asked(case, sock, n);
    let lives = |tenant: &&Tenant| {
        let is_there = place.as_ref().is_some_and(|place| tenant.place.covers(place));
        is_there && tenant.since <= returned(call) && tenant.until > call.enter
    };
    let tenant = place.as_ref().and_then(|place| bound.get(&place.door())?.iter().find(lives));
    let Some(at) = case.partner(sock).or(tenant.map(|tenant| tenant.sock)) else { return };
    // Who receives by ways that the record does not have may have received it.
    if case.story.has_unseen(at, Dir::In) {
        return;
    }
    teller.say("not-received", Level::Warn, n, (call.proc, at), || {
        let who = case.story.proc(at).map_or("a program", |proc| case.name(proc));
        let had = match tenant {
            Some(tenant) => format!("was bound to {}", written(&tenant.place)),
            None => "had the other end".to_owned(),
        };
        let end = match case.story.life(at).1 {
            u64::MAX => "it was still queued at the end",
            _ => "it was still queued when that socket was closed, and went with it",
        };
        format!("never received: {who} {had} but did not receive it; {end}")
    });
}

/// Where a call was to go.
fn asked(case: &Case<'_, '_>, sock: usize, n: usize) -> Option<Place> {
    let given = case.line(n).args.addr.as_deref().and_then(Place::new);
    given.or_else(|| case.story.peer(sock))
}
