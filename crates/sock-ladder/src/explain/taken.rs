//! Addresses that somebody else has.

use serde_json::Value;
use sock_record::{CallKind, Level};

use super::case::{Case, took};
use super::places::{Tenant, tenants, written};
use super::teller::Teller;
use crate::place::Place;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
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
                    let who = if proc == Some(call.proc) { format!("{who} itself") } else { who.to_owned() };
                    let does = if holder.listens.is_some() { "listens" } else { "is bound" };
                    let place = written(&holder.place);
                    let on = if place == address { "there".to_owned() } else { format!("on {place}") };
                    format!(
                        "{address} is in use: {who} {does} {on}, for {} now; stop it, or take another port",
                        took(call.enter - holder.since),
                    )
                }
                (None, Some(told)) => by_kernel(&address, told),
                (None, None) => format!("{address} is in use by a program that is not in this record; take another port, or find it with: ss -lptn"),
            }
        });
    }
}

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
    let who = match (text("name"), told.get("pid").and_then(Value::as_u64)) {
        (Some(name), Some(pid)) => format!("{name} (pid {pid})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(pid)) => format!("the process {pid}"),
        (None, None) => "a program that is not traced".to_owned(),
    };
    let does = if text("state") == Some("LISTEN") { "listens there" } else { "has it" };
    format!("{address} is in use: {who} {does}; stop it, or take another port")
}
