//! TCP and UDP mistaken for each other: each has ports of its own, and who is bound with the one is nowhere for the other.

use sock_record::{Call, CallKind};

use super::case::Case;
use super::places::tenants;
use crate::place::Place;

/// Who is at a place with a socket of the other kind, when a call of the one kind wants to reach it: a stream, or a datagram.
pub(super) fn other_kind(
    case: &Case<'_, '_>,
    place: &Place,
    call: &Call,
    is_stream: bool,
) -> Option<String> {
    if !matches!(place, Place::Inet(..)) {
        return None;
    }
    let story = case.story;
    // A port that a client was given is no place to call.
    let is_there = |sock: usize| {
        let is_other = if is_stream {
            story.is_dgram(sock)
        } else {
            case.is_tcp(sock) && !story.is_connection(sock)
        };
        is_other && (story.is_listener(sock) || case.first(sock, &CallKind::Bind).is_some())
    };
    let all = tenants(case, is_there);
    let tenant = all.iter().find(|tenant| {
        tenant.place.covers(place) && tenant.since <= call.enter && tenant.until > call.enter
    })?;
    let does = if tenant.listens.is_some() { "listens" } else { "is bound" };
    let (udp, tcp) = ("UDP (SOCK_DGRAM)", "TCP (SOCK_STREAM)");
    let (theirs, own, calls) = if is_stream { (udp, tcp, "calls") } else { (tcp, udp, "sends") };
    Some(format!(
        "{} {does} there, but with {theirs}, and {} {calls} with {own}: use the same kind on both sides",
        story.proc(tenant.sock).map_or("a program", |proc| case.name(proc)),
        case.name(call.proc),
    ))
}
