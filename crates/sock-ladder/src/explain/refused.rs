//! Connects that nobody took: who listens instead.

use sock_record::{Call, CallKind, Level};

use super::case::{Case, took};
use super::kinds::other_kind;
use super::places::{Tenant, same_door, tenants, written};
use super::taken::failed_there;
use super::teller::Teller;
use crate::place::Place;
use crate::story::returned;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    let at_once =
        |call: &Call| call.call == CallKind::Connect && call.err.as_deref() == Some("ECONNREFUSED");
    let later = |n: usize| {
        let facts = case.story.on(n).map(|sock| case.story.facts(sock));
        facts.is_some_and(|facts| facts.refused_late && facts.refused == Some(n))
    };
    let refused: Vec<usize> =
        (0..case.story.calls.len()).filter(|&n| at_once(case.line(n)) || later(n)).collect();
    if refused.is_empty() {
        return;
    }
    let tenants = tenants(case, |sock| case.is_stream(sock) && !case.story.is_connection(sock));
    for n in refused {
        let call = case.line(n);
        let Some(place) = call.args.addr.as_deref().and_then(Place::new) else { continue };
        let elsewhere = took_elsewhere(case, n, call, &place);
        let level = if elsewhere.is_some() { Level::Info } else { Level::Error };
        teller.say("refused", level, n, (call.proc, &place), || {
            let address = written(&place);
            match elsewhere {
                Some(other) => format!(
                    "refused: nobody listens on {address}; {} tried {other} next, and that worked",
                    case.who(n)
                ),
                None => format!("refused: {}", why(case, &tenants, &place, &address, call)),
            }
        });
    }
}

/// The address of the same service that the same program reached after this one: a name has several.
fn took_elsewhere(
    case: &Case<'_, '_>,
    refused: usize,
    call: &Call,
    place: &Place,
) -> Option<String> {
    let later = case.story.calls[refused + 1..].iter().take(1_000);
    let mut connects = later.filter(|next| {
        next.call == CallKind::Connect
            && next.proc == call.proc
            && next.enter - call.enter < 1_000_000_000
    });
    connects.find_map(|next| {
        let other = next.args.addr.as_deref().and_then(Place::new)?;
        let went = next.err.is_none() || next.err.as_deref() == Some("EINPROGRESS");
        (went && other != *place && same_door(&other, place)).then(|| written(&other))
    })
}

fn why(
    case: &Case<'_, '_>,
    tenants: &[Tenant],
    place: &Place,
    address: &str,
    call: &Call,
) -> String {
    let (t, done) = (call.enter, returned(call));
    let who =
        |tenant: &Tenant| case.story.proc(tenant.sock).map_or("a program", |proc| case.name(proc));
    let here = || tenants.iter().filter(|tenant| tenant.place.covers(place));
    if let Some(late) = here().find(|tenant| tenant.listens.is_some_and(|at| at >= t)) {
        let after = took(late.listens.unwrap_or(t) - t);
        let bound = if late.since <= t { "had bound" } else { "bound" };
        return format!(
            "{} {bound} {}, but called listen only {after} later; connect after that, or try again",
            who(late),
            written(&late.place),
        );
    }
    if let Some(gone) = here().find(|tenant| tenant.listens.is_some() && tenant.until <= done) {
        return format!(
            "{} had stopped listening on {} {} earlier",
            who(gone),
            written(&gone.place),
            took(done - gone.until),
        );
    }
    if let Some(bind) = failed_there(case, place, t, true) {
        return failed(case, tenants, bind, address, t);
    }
    if let Some(mute) = here().find(|tenant| tenant.listens.is_none() && tenant.since <= t) {
        let (name, bound) = (who(mute), written(&mute.place));
        if mute.until <= t {
            let ago = took(t - mute.until);
            return format!(
                "{name} had bound {bound}, never listened, and was gone {ago} earlier; call listen after bind"
            );
        }
        return format!("{name} has bound {bound} but does not listen; call listen after bind");
    }
    if let Some(other) = other_kind(case, place, call, true) {
        return format!("nobody listens on {address}: {other}");
    }
    let listening: Vec<&Tenant> = tenants
        .iter()
        .filter(|tenant| tenant.listens.is_some_and(|at| at <= t) && tenant.until > t)
        .collect();
    if let Some(other) = listening.iter().find(|tenant| same_door(&tenant.place, place)) {
        return format!(
            "nobody listens on {address}; {} listens on {} only: connect to that, or bind 0.0.0.0 or [::]",
            who(other),
            written(&other.place),
        );
    }
    let swapped = |tenant: &&Tenant| match (&tenant.place, place) {
        (Place::Inet(_, own), Place::Inet(_, asked)) => own.swap_bytes() == *asked,
        _ => false,
    };
    if let Some(meant) = listening.iter().copied().find(swapped) {
        return format!(
            "nobody listens on {address}, whose port is that of {} on {} with its two bytes swapped: write it with htons",
            who(meant),
            written(&meant.place),
        );
    }
    let others: Vec<String> = listening
        .iter()
        .take(3)
        .map(|tenant| format!("{} on {}", who(tenant), written(&tenant.place)))
        .collect();
    if others.is_empty() {
        return format!(
            "nobody listens on {address}, and nobody in this record listens anywhere; start the server first, or mend the \
             address"
        );
    }
    format!("nobody listens on {address}; who listens: {}", others.join(", "))
}

/// Nobody listens there because who wanted to could not.
fn failed(case: &Case<'_, '_>, tenants: &[Tenant], bind: usize, address: &str, t: u64) -> String {
    let line = case.line(bind);
    let is_own = |tenant: &&Tenant| {
        case.story.proc(tenant.sock) == Some(line.proc)
            && tenant.listens.is_some_and(|at| at <= t)
            && tenant.until > t
    };
    let cure = match tenants.iter().find(is_own) {
        Some(other) => format!("it listens on {} instead: connect to that", written(&other.place)),
        None => "look at why, and start it again".to_owned(),
    };
    format!(
        "nobody listens on {address}, because the {} of {} failed there ({}) {} earlier; {cure}",
        line.call,
        case.who(bind),
        line.err.as_deref().unwrap_or("an error"),
        took(t.saturating_sub(returned(line))),
    )
}
