//! Addresses that somebody else has, and what comes of it for those who call there.

use serde_json::Value;
use sock_record::{Call, CallKind, Level};

use super::case::{Case, took};
use super::places::{Tenant, tenants, written};
use super::teller::Teller;
use crate::place::Place;
use crate::story::{is_not_yet, returned};

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    strangers(case, teller);
    let calls = case.story.calls.iter().enumerate();
    for (n, call) in calls.filter(|(_, call)| call.err.as_deref() == Some("EADDRINUSE")) {
        if !matches!(call.call, CallKind::Bind | CallKind::Listen) {
            continue;
        }
        let asked = call.args.addr.as_deref().and_then(Place::new);
        let Some(place) = asked.or_else(|| case.story.local(case.story.on(n)?)) else { continue };
        teller.say("in-use", Level::Error, n, (call.proc, &place), || {
            let address = written(&place);
            let own = case.story.on(n);
            let stream = own.is_none_or(|sock| case.is_stream(sock));
            let others = tenants(case, |sock| Some(sock) != own && case.is_stream(sock) == stream);
            let there = |other: &&Tenant| {
                other.place.covers(&place) && other.since <= call.enter && other.until > call.enter
            };
            // Who listens is the reason, before those who came out of it.
            let holder = others.iter().filter(there).max_by_key(|other| other.listens.is_some());
            match (holder, call.args.more.get("holder")) {
                (Some(holder), _) => {
                    let proc = case.story.proc(holder.sock);
                    let who = proc.map_or("a program", |proc| case.name(proc));
                    let (who, cure) = if proc == Some(call.proc) {
                        (format!("{who} itself"), "close that socket first")
                    } else {
                        (who.to_owned(), "stop it")
                    };
                    let does = if holder.listens.is_some() { "listens" } else { "is bound" };
                    let place = written(&holder.place);
                    let on = if place == address { "there".to_owned() } else { format!("on {place}") };
                    format!(
                        "{address} is in use: {who} {does} {on}, for {} now; {cure}, or take another port",
                        took(call.enter - holder.since),
                    )
                }
                (None, Some(told)) => by_kernel(&address, told),
                (None, None) => format!("{address} is in use by a program that is not in this record; take another port, or find it with: ss -lptn"),
            }
        });
    }
}

/// The call by which somebody wanted to be at a place before `t`, and was not: who calls there meets somebody else, or nobody.
pub(super) fn failed_there(
    case: &Case<'_, '_>,
    place: &Place,
    t: u64,
    stream: bool,
) -> Option<usize> {
    let there = |n: usize, call: &Call| {
        let asked = call.args.addr.as_deref().and_then(Place::new);
        let own = || case.story.on(n).and_then(|sock| case.story.local(sock));
        asked.or_else(own).is_some_and(|asked| asked.covers(place))
    };
    let is_meant = |n: usize| {
        let call = case.line(n);
        returned(call) <= t
            && case.story.on(n).is_none_or(|sock| case.is_stream(sock) == stream)
            && there(n, call)
    };
    case.failed_binds().iter().copied().rfind(|&n| is_meant(n))
}

/// Connections to who has an address that a program of the record could not get.
fn strangers(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    let is_lone = |sock: usize| {
        case.is_stream(sock)
            && case.joined.mates[sock].is_none()
            && case.story.facts(sock).connect.is_some()
    };
    for sock in (0..case.story.socks.len()).filter(|&sock| is_lone(sock)) {
        let (Some(connect), Some(place)) = (case.story.facts(sock).connect, case.story.peer(sock))
        else {
            continue;
        };
        let line = case.line(connect);
        let Some(bind) = failed_there(case, &place, line.enter, true) else { continue };
        let is_taken = case.line(bind).err.as_deref() == Some("EADDRINUSE");
        // Who tries a connect has none yet, and who got there after all is who was meant.
        let is_open =
            line.err.is_none() || (is_not_yet(line) && case.story.facts(sock).moved.is_some());
        let listens = |other: usize| {
            case.is_stream(other)
                && case.story.is_listener(other)
                && case.story.local(other).is_some_and(|local| local.covers(&place))
        };
        if !is_taken || !is_open || (0..case.story.socks.len()).any(listens) {
            continue;
        }
        teller.say("other-server", Level::Warn, connect, (line.proc, &place), || {
            let told = case.line(bind).args.more.get("holder");
            format!(
                "{} is connected to {}, which has {}, and not to {}, whose {} had failed there (EADDRINUSE): stop that program, \
                 or take another port for both",
                case.who(connect),
                told.map_or_else(|| STRANGER.to_owned(), holder),
                written(&place),
                case.who(bind),
                case.line(bind).call,
            )
        });
    }
}

pub(super) const STRANGER: &str = "a program that is not in this record";

/// What the kernel told about who has the address.
fn by_kernel(address: &str, told: &Value) -> String {
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    if text("state") == Some("TIME_WAIT") {
        let left = told.get("left_ms").and_then(Value::as_u64);
        let left = left.map(|ms| format!(", {} s left", ms.div_ceil(1000))).unwrap_or_default();
        return format!(
            "{address} is in use: a connection that was closed there first is in TIME_WAIT{left}; set SO_REUSEADDR before bind"
        );
    }
    let who = holder(told);
    let does = if text("state") == Some("LISTEN") { "listens there" } else { "has it" };
    format!("{address} is in use: {who} {does}; stop it, or take another port")
}

/// Who has an address, as the kernel told it.
pub(super) fn holder(told: &Value) -> String {
    let name = told.get("name").and_then(Value::as_str);
    match (name, told.get("pid").and_then(Value::as_u64)) {
        (Some(name), Some(pid)) => format!("{name} (pid {pid})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(pid)) => format!("the process {pid}"),
        (None, None) => STRANGER.to_owned(),
    }
}
