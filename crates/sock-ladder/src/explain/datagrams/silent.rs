//! Receivers that wait for a datagram until they are ended, and none ever comes to their address.

use std::collections::HashMap;

use sock_record::{Call, CallKind, Dir, Level};

use super::super::case::{Case, took};
use super::super::places::{Tenant, written};
use super::super::teller::Teller;
use crate::place::{Door, Place};
use crate::story::{is_unreturned, returned};
use crate::waits::LONG;

/// In so many answers to others nobody looks for one of one's own.
const MANY: usize = 2_000;

/// Says what a receive that never returned, or gave up, waited for.
pub(super) fn tell(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    sock: usize,
    bound: &HashMap<Door, Vec<Tenant>>,
) {
    let story = case.story;
    let Some(&n) = story.calls_of[sock].iter().rev().find(|&&n| story.dir(n).is_some()) else {
        return;
    };
    let line = case.line(n);
    // Who serves may look again and again; who has asked gives up once.
    let is_bound = case.first(sock, &CallKind::Bind).is_some();
    let has_given_up = story.vain(n).is_some() && !is_bound && !story.is_cut_off();
    let is_over = is_unreturned(line) || line.err.as_deref() == Some("EINTR") || has_given_up;
    let waited = story.until(n).saturating_sub(line.enter);
    let has_received =
        story.calls_on(sock).any(|(_, call)| call.dir == Some(Dir::In) && call.moved().is_some());
    let is_unseen = story.has_unseen(sock, Dir::In);
    if story.dir(n) != Some(Dir::In) || !is_over || waited < LONG || has_received || is_unseen {
        return;
    }
    let asked = || story.calls_on(sock).filter(|(_, call)| sent(call)).last();
    let words = match (is_bound, asked()) {
        (true, _) => {
            let Some(place) = story.local(sock) else { return };
            let here = written(&place);
            let else_where = elsewhere(case, sock, bound);
            format!(
                "{} waited {} for a datagram, and none ever came to {here}: {}",
                case.who(n),
                took(waited),
                else_where.unwrap_or_else(|| "no program of this record sent one there".to_owned()),
            )
        }
        // What went to nobody is said of the send.
        (false, Some((question, call))) if !case.from(question).is_empty() => {
            let whom =
                case.from(question).first().map(|join| case.who(join.to)).unwrap_or_default();
            let asked = to(case, sock, call).map(|place| format!(" to {}", written(&place)));
            let received = case.from(question).first().map_or(question, |join| join.to);
            let (here, other) = (case.place(sock), story.on(received));
            let goals = other.into_iter().flat_map(|other| {
                let later = story.calls_on(other).filter(|&(n, call)| n > received && sent(call));
                later.filter_map(move |(_, call)| to(case, other, call))
            });
            let goals: Vec<Place> = goals.take(MANY).collect();
            // An answer that came when nobody waited any more is told of the wait.
            let is_late = here.map_or(!goals.is_empty(), |here| {
                goals.len() == MANY || goals.iter().any(|goal| here.covers(goal))
            });
            if is_late {
                return;
            }
            let has_asked = |place: &Place| {
                let asks = |call: &Call| {
                    let from = call.args.addr.as_deref().filter(|_| call.dir == Some(Dir::In));
                    from.and_then(Place::new).is_some_and(|from| from == *place)
                };
                other.is_some_and(|other| story.calls_on(other).any(|(_, call)| asks(call)))
            };
            let astray = goals.into_iter().next().filter(|goal| !has_asked(goal));
            let then = match astray {
                Some(place) => format!(
                    "sent to {} afterwards; an answer goes to the address that recvfrom tells of its question",
                    written(&place)
                ),
                None => "sent nothing back".to_owned(),
            };
            format!(
                "{} waited {} for an answer, and none ever came: {whom} received what was sent{} and {then}",
                case.who(n),
                took(waited),
                asked.unwrap_or_default(),
            )
        }
        (false, _) => return,
    };
    teller.say("nothing-came", Level::Info, n, (line.proc, sock), || words);
}

/// Whether a call sent a datagram.
fn sent(call: &Call) -> bool {
    call.dir == Some(Dir::Out) && call.moved().is_some()
}

fn to(case: &Case<'_, '_>, sock: usize, call: &Call) -> Option<Place> {
    call.args.addr.as_deref().and_then(Place::new).or_else(|| case.story.peer(sock))
}

/// To where somebody else of the record sent what nobody was bound for.
fn elsewhere(
    case: &Case<'_, '_>,
    sock: usize,
    bound: &HashMap<Door, Vec<Tenant>>,
) -> Option<String> {
    let story = case.story;
    let others = (0..story.socks.len()).filter(|&other| other != sock && story.is_dgram(other));
    let mut lost = others.flat_map(|other| {
        let calls =
            story.calls_on(other).filter(|(n, call)| sent(call) && case.from(*n).is_empty());
        calls.filter_map(move |(n, call)| Some((n, call, to(case, other, call)?)))
    });
    lost.find_map(|(n, call, place)| {
        let there = bound.get(&place.door()).map_or(&[][..], Vec::as_slice);
        let is_there = |tenant: &Tenant| {
            tenant.place.covers(&place)
                && tenant.since <= returned(call)
                && tenant.until > call.enter
        };
        (!there.iter().any(is_there)).then(|| {
            format!(
                "{} sent to {} instead; one of the two addresses is wrong",
                case.who(n),
                written(&place)
            )
        })
    })
}
