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
    // Nobody has this address (RFC 5737), so the way is the one to everybody.
    towards(Ipv4Addr::new(192, 0, 2, 1)).or_else(|| {
        // In a network that leads nowhere else there is no such way, but one to those who are in it.
        let table = std::fs::read_to_string("/proc/net/route").ok()?;
        networks(&table).find_map(towards)
    })
}

/// Our address on the way to another.
fn towards(other: Ipv4Addr) -> Option<Ipv4Addr> {
    // A datagram socket that is connected has chosen its way, and has sent nothing.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((other, 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() && !ip.is_unspecified() => Some(ip),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// An address in each of the networks that the kernel lists: the second word of a line is the network's, as the
/// four bytes in memory are read as a number.
fn networks(table: &str) -> impl Iterator<Item = Ipv4Addr> {
    table.lines().skip(1).filter_map(|line| {
        let network = u32::from_str_radix(line.split_whitespace().nth(1)?, 16).ok()?;
        let network = u32::from(Ipv4Addr::from(network.to_ne_bytes()));
        Some(Ipv4Addr::from(network.checked_add(1)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_in_each_network_is_named() {
        let [lan, virtual_one] = [[192, 168, 1, 0], [172, 17, 0, 0]].map(u32::from_ne_bytes);
        let rest = "00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
        let table = format!(
            "Iface\tDestination\tGateway\nenp3s0\t{lan:08X}\t{rest}\ndocker0\t{virtual_one:08X}\t{rest}\nodd\n"
        );
        let found: Vec<_> = networks(&table).collect();
        assert_eq!(found, [Ipv4Addr::new(192, 168, 1, 1), Ipv4Addr::new(172, 17, 0, 1)]);
    }
}
