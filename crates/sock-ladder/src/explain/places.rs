//! Who is where: the sockets of a record by the place that they are bound to, and what they did there when.

use sock_record::CallKind;

use super::case::Case;
use crate::place::{Door, Place};

/// A socket at a place.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    pub(super) sock: usize,
    pub(super) place: Place,
    /// It asked for the place itself.
    pub(super) asked: bool,
    /// From its bind to its last close, in ns since t0.
    pub(super) since: u64,
    pub(super) until: u64,
    /// When it began to listen.
    pub(super) listens: Option<u64>,
}

/// The sockets with a place of their own that others can name: those that were bound, or that listen.
pub(super) fn tenants(case: &Case<'_, '_>, wanted: impl Fn(usize) -> bool) -> Vec<Tenant> {
    let socks = (0..case.story.socks.len()).filter(|&sock| wanted(sock));
    socks
        .filter_map(|sock| {
            let place = case.story.local(sock)?;
            let bind = case.first(sock, &CallKind::Bind).map(|(_, call)| call.enter);
            let listen = case.first(sock, &CallKind::Listen).map(|(_, call)| call.enter);
            let life = case.story.life(sock);
            let listens = listen.or_else(|| case.story.is_listener(sock).then_some(life.0));
            let since = bind.or(listens).unwrap_or(life.0);
            Some(Tenant { sock, place, asked: bind.is_some(), since, until: life.1, listens })
        })
        .collect()
}

/// A place as people write it.
pub(super) fn written(place: &Place) -> String {
    match place {
        Place::Inet(ip, port) => std::net::SocketAddr::new(*ip, *port).to_string(),
        Place::Name(name) => name.to_string(),
    }
}

/// Whether two places differ in nothing but the interface.
pub(super) fn same_door(one: &Place, other: &Place) -> bool {
    match (one.door(), other.door()) {
        (Door::Port(one), Door::Port(other)) => one == other,
        (Door::Name(one), Door::Name(other)) => one == other,
        _ => false,
    }
}
