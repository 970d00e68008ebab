//! Sender: who sent a datagram, and to which of our addresses.
//!
//! A socket on every interface has no address of its own: the kernel would answer from the address
//! of the route back, and a client that had asked another one would not know the answer for one.
//! There the kernel is asked at which address each datagram came in (`IP_PKTINFO` of ip(7),
//! `IPV6_PKTINFO` of ipv6(7)), and the answer leaves from there.

use std::io::IoSlice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::{SendFlags, SocketAddrAny};

use crate::socket::control::{Item, push};
use crate::sys::send_message;

/// Who sent a datagram.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    pub(super) addr: SocketAddrAny,
    pub(super) at: Option<At>,
}

/// One of our addresses, and the interface where that says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum At {
    V4(Ipv4Addr),
    V6(Ipv6Addr, u32),
}

impl At {
    /// What an item beside a datagram says of where it came in.
    pub(super) fn of(item: &Item<'_>) -> Option<Self> {
        match (item.level, item.kind) {
            // `struct in_pktinfo`: the interface, our address for an answer, the address in the
            // header.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let addr: [u8; 4] = item.data.get(4..8)?.try_into().ok()?;
                Some(Self::V4(addr.into()))
            }
            // `struct in6_pktinfo`: the address in the header, the interface.
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let addr: [u8; 16] = item.data.get(..16)?.try_into().ok()?;
                let interface: [u8; 4] = item.data.get(16..20)?.try_into().ok()?;
                let addr = Ipv6Addr::from(addr);
                // A group is nobody's address, and only a link has several with one.
                let interface = if addr.is_unicast_link_local() { interface } else { [0; 4] };
                let interface = u32::from_ne_bytes(interface);
                (!addr.is_multicast()).then_some(Self::V6(addr, interface))
            }
            _ => None,
        }
    }

    /// Adds to the control data of an answer that it leaves from here.
    pub(super) fn push(self, control: &mut Vec<u8>) {
        let (level, kind, data, length) = match self {
            Self::V4(addr) => {
                let mut data = [0; 20];
                data[4..8].copy_from_slice(&addr.octets());
                (libc::IPPROTO_IP, libc::IP_PKTINFO, data, 12)
            }
            Self::V6(addr, interface) => {
                let mut data = [0; 20];
                data[..16].copy_from_slice(&addr.octets());
                data[16..].copy_from_slice(&interface.to_ne_bytes());
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, data, 20)
            }
        };
        // Twenty bytes always fit into a message.
        let _ = push(control, level, kind, &data[..length]);
    }
}

impl Sender {
    /// The address that it asked, where the socket does not say.
    pub(super) fn asked(&self) -> Option<IpAddr> {
        Some(match self.at? {
            At::V4(addr) => addr.into(),
            At::V6(addr, _) => addr.into(),
        })
    }

    /// Sends a datagram back, from the address that was asked.
    pub(super) fn answer(
        &self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        flags: SendFlags,
    ) -> Result<usize, Errno> {
        let Some(at) = self.at else { return rustix::net::sendto(fd, bytes, flags, &self.addr) };
        let mut control = Vec::new();
        at.push(&mut control);
        let flags = libc::c_int::try_from(flags.bits()).unwrap_or_default();
        send_message(fd, &[IoSlice::new(bytes)], &control, Some(&self.addr), flags)
    }
}
