//! Places: whom a load calls, and from where.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustix::net::{SocketAddrAny, SocketAddrUnix};
use sock_proto::{Endpoint, Kind};

use super::Loader;
use crate::call::Caller;
use crate::options::IpFamily;
use crate::socket::{Address, Family, ToAddress, Wanted};
use crate::{Error, ErrorKind, Result};

/// One source address has this many ports for one server, less those that others use
/// (`net.ipv4.ip_local_port_range` is 32768 to 60999 unless somebody has changed it).
const PORTS: usize = 25_000;

/// Whom to call. Of several addresses the first at which somebody answers.
pub(super) fn target(loader: &Loader) -> Result<Address> {
    let kind = match loader.kind() {
        Kind::Stream => crate::Kind::Stream,
        Kind::Datagram => crate::Kind::Datagram,
    };
    let family = loader.options.family.map(|family| match family {
        IpFamily::V4 => Family::Inet,
        IpFamily::V6 => Family::Inet6,
    });
    let family = family.or_else(|| loader.sources.first().map(family_of));
    let mut found = loader.endpoint.to_addresses(Wanted { family, kind: Some(kind) })?;
    if found.len() > 1 && kind == crate::Kind::Stream {
        let caller = Caller::new().timeout(loader.connect_timeout).options(loader.options.clone());
        return caller.stream(&loader.endpoint)?.peer_addr();
    }
    if found.is_empty() {
        let text = format!("{} has no address", loader.endpoint);
        return Err(Error::new(ErrorKind::NameNotKnown, text));
    }
    Ok(found.swap_remove(0))
}

/// From where to call, in turn; nothing: the system chooses.
pub(super) fn sources(loader: &Loader, to: &Address) -> Vec<SocketAddrAny> {
    if matches!(loader.endpoint, Endpoint::Unixgram(_)) {
        // A name of the system's choice, or nobody could answer us.
        return vec![SocketAddrUnix::new_unnamed().into()];
    }
    let bound = |ip: IpAddr| SocketAddrAny::from(SocketAddr::new(ip, 0));
    if !loader.sources.is_empty() {
        return loader.sources.iter().copied().map(bound).collect();
    }
    let is_loopback = to.to_socket_addr().is_some_and(|addr| match addr.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(_) => false,
    });
    let needed = loader.connections.div_ceil(PORTS);
    if !is_loopback || needed < 2 {
        return Vec::new();
    }
    (1..=needed).map(|n| bound(loopback(n).into())).collect()
}

/// The n-th address of 127.0.0.0/8, from 127.0.0.1 on.
#[must_use]
pub fn loopback(n: usize) -> Ipv4Addr {
    let first = u32::from(Ipv4Addr::LOCALHOST);
    Ipv4Addr::from(first + u32::try_from(n.saturating_sub(1)).unwrap_or(0) % 0x00ff_fffe)
}

fn family_of(ip: &IpAddr) -> Family {
    if ip.is_ipv4() { Family::Inet } else { Family::Inet6 }
}
