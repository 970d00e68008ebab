//! Elsewhere: how somebody at another machine calls a server that listens everywhere.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use sock::Endpoint;
use sock_proto::Host;

/// Whether everybody who can reach this machine can call there.
pub(crate) fn is_everywhere(endpoint: &Endpoint) -> bool {
    match endpoint.host() {
        Some(Host::Every) => true,
        Some(Host::V4(ip)) => ip.is_unspecified(),
        Some(Host::V6(ip, _)) => ip.is_unspecified(),
        Some(Host::Name(_) | Host::Loopback) | None => false,
    }
}

/// The endpoint as it is called from another machine, where everybody can.
pub(crate) fn elsewhere(endpoint: &Endpoint) -> Option<Endpoint> {
    if !is_everywhere(endpoint) {
        return None;
    }
    Some(endpoint.clone().with_host(Host::V4(own_address()?)))
}

/// The address by which others most likely know this machine.
pub(crate) fn own_address() -> Option<Ipv4Addr> {
    // A datagram socket that is connected has chosen its way, and has sent nothing. Nobody has this
    // address (RFC 5737), so the way is the one to everybody.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() && !ip.is_unspecified() => Some(ip),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
