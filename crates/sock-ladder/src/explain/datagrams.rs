//! Datagrams that were cut, that nobody was there for, that were never received.

mod silent;
mod unix;

use std::collections::HashMap;

use sock_record::{Call, CallKind, Dir, Family, Level, LinkKind, Origin};

use super::case::{Case, called, list, took};
use super::kinds::other_kind;
use super::places::{Tenant, tenants, written};
use super::taken::{STRANGER, failed_there, holder};
use super::teller::Teller;
use crate::place::{Door, Place};
use crate::story::{is_peek, returned};
use crate::text::count;
use crate::waits::Vain;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for sock in (0..case.story.socks.len()).filter(|&sock| case.story.is_seqpacket(sock)) {
        let received = |call: &Call| call.dir == Some(Dir::In) && call.moved().is_some();
        for (n, call) in case.story.calls_on(sock).filter(|(_, call)| received(call)) {
            if !is_peek(call) {
                cut(case, teller, n, call);
            }
        }
    }
    let of_internet =
        |sock: usize| matches!(case.story.socks[sock].family, Family::Inet | Family::Inet6);
    let socks: Vec<usize> =
        (0..case.story.socks.len()).filter(|&sock| case.story.is_dgram(sock)).collect();
    if socks.is_empty() {
        return;
    }
    let mut bound: HashMap<Door, Vec<Tenant>> = HashMap::new();
    for tenant in tenants(case, |sock| case.story.is_dgram(sock)) {
        bound.entry(tenant.place.door()).or_default().push(tenant);
    }
    let mute: Vec<usize> = socks.iter().filter_map(|&sock| unbound(case, sock)).collect();
    for &n in &mute {
        teller.say("not-bound", Level::Error, n, case.line(n).proc, || {
            format!(
                "{} receives on a socket that it never bound: it has no port that anybody could send to, so nothing can come; \
                 call bind before, with the address that the others send to",
                case.who(n),
            )
        });
    }
    for sock in socks {
        if of_internet(sock) {
            silent::tell(case, teller, sock, &bound);
        }
        let answered = answered(case, sock);
        let mut sent: Option<(usize, &Call)> = None;
        for (n, call) in case.story.calls_on(sock) {
            if call.err.as_deref() == Some("ECONNREFUSED") {
                if of_internet(sock) {
                    nobody(case, teller, n, sent, &bound);
                } else {
                    unix::refused(case, teller, (sock, n), &bound);
                }
            }
            match (call.dir, call.moved()) {
                (Some(Dir::In), Some(_)) if !is_peek(call) => cut(case, teller, n, call),
                (Some(Dir::Out), Some(_)) => {
                    sent = Some((n, call));
                    match case.from(n) {
                        [] if of_internet(sock) => {
                            lost(case, teller, (sock, n, call), (&bound, &mute), &answered);
                        }
                        [] => unix::queued(case, teller, (sock, n), &bound),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

/// Who ever answered: the places that something was received from.
fn answered(case: &Case<'_, '_>, sock: usize) -> Vec<Place> {
    let calls = case
        .story
        .calls_on(sock)
        .filter(|(_, call)| call.dir == Some(Dir::In) && call.moved().is_some());
    let from = |call: &Call| {
        call.args.addr.as_deref().and_then(Place::new).or_else(|| case.story.peer(sock))
    };
    let mut all: Vec<Place> = calls.filter_map(|(_, call)| from(call)).collect();
    all.sort();
    all.dedup();
    all
}

fn cut(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, n: usize, call: &Call) {
    let told = list(call, "msg_flags").iter().any(|flag| flag.as_str() == Some("MSG_TRUNC"));
    let room = call.args.len.unwrap_or(u64::MAX);
    let kept = call.moved().unwrap_or(0).min(room);
    let send = case.linked(n, &LinkKind::Dgram);
    let whole = send.and_then(|send| case.line(send).moved());
    if !(told || whole.is_some_and(|whole| whole > kept && kept == room)) {
        return;
    }
    let is_datagram = case.story.on(n).is_some_and(|sock| case.story.is_dgram(sock));
    teller.say("cut", Level::Warn, n, call.proc, || {
        let (what, most) = if is_datagram { ("a datagram", "65,535 B, or ") } else { ("a message", "") };
        let of = whole.map(|whole| format!(" of {} B", count(whole))).unwrap_or_default();
        format!(
            "{what}{of} was cut to {} B, because {} asked for no more: the rest is gone; ask for {most}as much as a message \
             may have",
            count(kept),
            case.who(n),
        )
    });
}

/// An error that came back for a datagram sent earlier.
fn nobody(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    n: usize,
    sent: Option<(usize, &Call)>,
    bound: &HashMap<Door, Vec<Tenant>>,
) {
    let call = case.line(n);
    let Some((_, sent)) = sent else { return };
    teller.say("nobody-bound", Level::Warn, n, call.proc, || {
        let to = case.story.on(n).and_then(|sock| case.story.peer_text(sock)).unwrap_or("the peer");
        let place = Place::new(to);
        let gone = place.as_ref().and_then(|place| gone(case, bound, place, sent.enter));
        let other = || other_kind(case, place.as_ref()?, sent, false);
        let cure = gone.map(|gone| format!("{gone}; {STAY}")).or_else(other);
        let cure = cure.unwrap_or_else(|| START.to_owned());
        format!(
            "nobody was bound to {to} when {} sent {} B {} earlier: ICMP told it so (port unreachable), and the socket reports \
             it with its next call; {cure}",
            case.who(n),
            count(sent.moved().unwrap_or(0)),
            took(call.enter.saturating_sub(sent.enter)),
        )
    });
}

/// A datagram that no receive of the record got.
fn lost(
    case: &Case<'_, '_>,
    teller: &mut Teller<'_, '_>,
    (sock, n, call): (usize, usize, &Call),
    (bound, mute): (&HashMap<Door, Vec<Tenant>>, &[usize]),
    answered: &[Place],
) {
    let asked = call.args.addr.as_deref().and_then(Place::new).or_else(|| case.story.peer(sock));
    let Some(place) = asked else { return };
    let there = bound.get(&place.door()).map_or(&[][..], Vec::as_slice);
    let covers = |tenant: &&Tenant| tenant.place.covers(&place);
    if let Some(tenant) =
        there.iter().filter(covers).find(|it| it.since <= returned(call) && it.until > call.enter)
    {
        teller.say("not-received", Level::Warn, n, (call.proc, &place), || {
            let who = case.story.proc(tenant.sock).map_or("a program", |proc| case.name(proc));
            let place = written(&tenant.place);
            match no_more(case, tenant.sock, call) {
                Some(no_more) => format!("never received: {who} was bound to {place}, but {no_more}"),
                None => format!(
                    "never received: {who} was bound to {place} but did not receive it; it was still queued at the end, or the \
                     queue was full and the kernel dropped it",
                ),
            }
        });
        return;
    }
    if stranger(case, teller, n, &place) {
        return;
    }
    // Who is not traced may well have been there: only what nobody ever answered is worth a word, and only nearby.
    let is_near = matches!(&place, Place::Inet(ip, _) if ip.is_loopback() || ip.is_unspecified());
    let has_error = case.story.facts(sock).unreachable > Some(n);
    // Whoever answered before was there before.
    let is_answered = || {
        answered.iter().any(|other| place.covers(other))
            && gone(case, bound, &place, call.enter).is_none()
    };
    if !is_near || has_error || is_answered() {
        return;
    }
    teller.say("nobody-bound", Level::Warn, n, (call.proc, &place), || {
        let to = written(&place);
        if let Some(gone) = gone(case, bound, &place, call.enter) {
            return format!("sent into the void: {gone}, and UDP does not tell the sender; {STAY}");
        }
        if let Some(bind) = failed_there(case, &place, call.enter, false) {
            let line = case.line(bind);
            return format!(
                "sent into the void: no program of this record was bound to {to}, because the bind of {} had failed there ({}), \
                 and UDP does not tell the sender; look at why, and start it again",
                case.who(bind),
                line.err.as_deref().unwrap_or("an error"),
            );
        }
        if let Some(other) = other_kind(case, &place, call, false) {
            return format!(
                "sent into the void: no socket of UDP was bound to {to}, and UDP does not tell the sender; {other}"
            );
        }
        let late = there.iter().filter(covers).map(|tenant| tenant.since).find(|&since| since > call.enter);
        let late = late.map(|since| format!(" (it was bound {} later)", took(since - call.enter)));
        let others = if late.is_none() { others(case, bound, call) } else { Vec::new() };
        let cure = match (mute.first().filter(|_| late.is_none()), &others[..]) {
            (Some(&mute), _) => format!("{} receives on a socket that it never bound: call bind there", case.who(mute)),
            (None, []) => format!("{START}, and send again where no answer comes"),
            (None, others) => format!("who is bound: {}; send there, or let it bind to {to}", others.join(", ")),
        };
        format!(
            "sent into the void: no program of this record was bound to {to}{}, and UDP does not tell the sender; {cure}",
            late.unwrap_or_default(),
        )
    });
}

/// That a socket was not asked for datagrams any more when one was sent to it, and what to do about that.
fn no_more(case: &Case<'_, '_>, sock: usize, sent: &Call) -> Option<String> {
    if case.story.has_unseen(sock, Dir::In) {
        return None;
    }
    let calls = case.story.calls_of[sock].iter().rev();
    let last = calls.copied().find(|&n| case.story.dir(n) == Some(Dir::In));
    match last {
        Some(last) if case.story.until(last) >= sent.enter => None,
        Some(last) => {
            let line = case.line(last);
            let name = if line.call == CallKind::Wait { "recv" } else { called(line) };
            Some(if case.story.is_stopped(line.proc) {
                format!("called {name} no more before sock ended it")
            } else {
                format!("called {name} no more after that; receive in a loop")
            })
        }
        None => Some("never received from that socket; call recvfrom, in a loop".to_owned()),
    }
}

/// Says who has the address instead of who wanted it, where somebody did in vain.
fn stranger(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>, n: usize, place: &Place) -> bool {
    let call = case.line(n);
    let Some(bind) = failed_there(case, place, call.enter, false) else { return false };
    let line = case.line(bind);
    if line.err.as_deref() != Some("EADDRINUSE") {
        return false;
    }
    teller.say("other-server", Level::Warn, n, (call.proc, place), || {
        let told = line.args.more.get("holder");
        format!(
            "{} sent to {}, which has {}, and not to {}, whose {} had failed there (EADDRINUSE): stop that program, or take \
             another port for both",
            case.who(n),
            told.map_or_else(|| STRANGER.to_owned(), holder),
            written(place),
            case.who(bind),
            line.call,
        )
    });
    true
}

/// Who had called `bind` when something was sent, and where: three of them at most, and none of the sender's own.
fn others(case: &Case<'_, '_>, bound: &HashMap<Door, Vec<Tenant>>, sent: &Call) -> Vec<String> {
    let mut found: Vec<(u64, String)> = bound
        .values()
        .flatten()
        .filter(|tenant| tenant.since <= sent.enter && tenant.until > sent.enter)
        .filter(|tenant| matches!(tenant.place, Place::Inet(..)) && tenant.asked)
        .filter_map(|tenant| {
            let proc = case.story.proc(tenant.sock).filter(|proc| *proc != sent.proc)?;
            Some((tenant.since, format!("{} on {}", case.name(proc), written(&tenant.place))))
        })
        .collect();
    found.sort();
    found.into_iter().take(3).map(|(_, words)| words).collect()
}

const START: &str = "start the receiver first";
const STAY: &str = "let the receiver keep its socket open until all have sent";

/// Who was bound to a place and had closed its socket by `t`, and how long before.
fn gone(
    case: &Case<'_, '_>,
    bound: &HashMap<Door, Vec<Tenant>>,
    place: &Place,
    t: u64,
) -> Option<String> {
    let there = bound.get(&place.door())?.iter();
    let before = there.filter(|tenant| tenant.place.covers(place) && tenant.until <= t);
    let last = before.max_by_key(|tenant| tenant.until)?;
    let who = case.story.proc(last.sock).map_or("a program", |proc| case.name(proc));
    Some(format!(
        "{who}, which had been bound to {}, had closed its socket {} earlier",
        written(&last.place),
        took(t - last.until),
    ))
}

/// The first receive on a socket that nothing had given a port: no bind, no connect, no send.
fn unbound(case: &Case<'_, '_>, sock: usize) -> Option<usize> {
    let line = &case.story.socks[sock];
    if line.from != Origin::Socket || !matches!(line.family, Family::Inet | Family::Inet6) {
        return None;
    }
    let gives = |call: &Call| {
        let is_kind = matches!(call.call, CallKind::Bind | CallKind::Connect);
        (is_kind || call.dir == Some(Dir::Out)) && call.err.is_none()
    };
    let receives =
        |n: usize, call: &Call| call.dir == Some(Dir::In) || case.story.vain(n) == Some(Vain::Recv);
    let mut calls = case.story.calls_on(sock);
    let (n, call) = calls.find(|&(n, call)| gives(call) || receives(n, call))?;
    // Whatever a record lacks, what has received has a port.
    let has_port = case.story.local(sock).is_some();
    (!gives(call) && call.moved().is_none() && !has_port).then_some(n)
}
