//! Options of the sockets of a run, as the command line names them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use sock_proto::Kind;
use socket2::TcpKeepalive;

use crate::sys::set_option;

/// Options of the sockets of a run; none: the system's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOptions {
    /// Only IPv4, or only IPv6.
    pub family: Option<IpFamily>,
    /// How many connections may wait to be accepted.
    pub backlog: u32,
    /// Send small pieces at once (Nagle's algorithm off).
    pub no_delay: bool,
    /// Probe a silent peer after so long.
    pub keepalive: Option<Duration>,
    /// The size of the receive buffer, in bytes.
    pub receive_buffer: Option<usize>,
    /// The size of the send buffer, in bytes.
    pub send_buffer: Option<usize>,
    /// How many routers a packet may pass.
    pub ttl: Option<u32>,
    /// The type of service.
    pub tos: Option<u32>,
}

/// A family of IP addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl IpFamily {
    pub(crate) fn of(addr: &SocketAddr) -> Self {
        if addr.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            family: None,
            // What Linux caps it at by default (net.core.somaxconn).
            backlog: 4096,
            no_delay: true,
            keepalive: None,
            receive_buffer: None,
            send_buffer: None,
            ttl: None,
            tos: None,
        }
    }
}

impl SocketOptions {
    pub(crate) fn admits(&self, addr: IpAddr) -> bool {
        match self.family {
            None => true,
            Some(IpFamily::V4) => addr.is_ipv4(),
            Some(IpFamily::V6) => addr.is_ipv6(),
        }
    }

    /// Sets what was asked for on a new socket, of IP where there is a family. It comes before the
    /// socket is bound, listens or connects: accepted sockets of IP inherit all of it, and the
    /// first packet of a connection shows it to the peer.
    pub(crate) fn apply(
        &self,
        fd: BorrowedFd<'_>,
        kind: Kind,
        family: Option<IpFamily>,
    ) -> io::Result<()> {
        let socket = socket2::SockRef::from(&fd);
        if let Some(size) = self.receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        if let Some(size) = self.send_buffer {
            socket.set_send_buffer_size(size)?;
        }
        let Some(family) = family else { return Ok(()) };
        if kind == Kind::Stream {
            socket.set_tcp_nodelay(self.no_delay)?;
            if let Some(time) = self.keepalive {
                socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time))?;
            }
        }
        match (self.ttl, family) {
            (Some(ttl), IpFamily::V4) => socket.set_ttl_v4(ttl)?,
            (Some(ttl), IpFamily::V6) => socket.set_unicast_hops_v6(ttl)?,
            (None, _) => {}
        }
        match (self.tos, family) {
            (Some(tos), IpFamily::V4) => socket.set_tos_v4(tos)?,
            (Some(tos), IpFamily::V6) => socket.set_tclass_v6(tos)?,
            (None, _) => {}
        }
        Ok(())
    }
}

/// Asks the kernel to tell of each datagram at which address it came in, where the socket itself
/// does not say (ip(7), ipv6(7)), and to leave trains of them together (udp(7)). It comes before the
/// socket is bound: of what comes earlier the kernel knows nothing.
pub(crate) fn ask_about_datagrams(fd: BorrowedFd<'_>, local: IpAddr) -> io::Result<()> {
    let yes = 1_i32.to_ne_bytes();
    // A kernel that does not know of trains (before Linux 5.0) never makes one.
    let _ = set_option(fd, libc::SOL_UDP, libc::UDP_GRO, &yes);
    if local.is_unspecified() {
        match local {
            IpAddr::V4(_) => set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, &yes)?,
            IpAddr::V6(_) => set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &yes)?,
        }
    }
    Ok(())
}
