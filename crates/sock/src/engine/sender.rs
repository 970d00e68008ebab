//! Sender: who sent a datagram, and to which of our addresses.
//!
//! A socket on every interface has no address of its own: the kernel would answer from the address
//! of the route back, and a client that had asked another one would not know the answer for one.
//! There the kernel is asked at which address each datagram came in (`IP_PKTINFO` of ip(7),
//! `IPV6_PKTINFO` of ipv6(7)), and the answer leaves from there.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny};

use crate::socket::ReceivedControl;
use crate::socket::control::{Control, encode};
use crate::sys::{receive_message, send_message, set_option};

/// Who sent a datagram.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    pub(super) addr: SocketAddrAny,
    at: Option<At>,
}

/// One of our addresses, and the interface where that says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    V4(Ipv4Addr),
    V6(Ipv6Addr, u32),
}

/// A datagram that lies in the buffer.
pub(super) struct Came {
    /// So much of it had room.
    pub(super) n: usize,
    /// So long it was.
    pub(super) whole: usize,
    /// A unix socket without a name sends, too.
    pub(super) from: Option<Sender>,
}

/// The kernel's form of an address takes 4 or 16 bytes, its interface 4.
const ROOM: usize = 64;

/// Asks the kernel to tell with each datagram where it came in, if the socket itself does not say.
pub(super) fn ask_where(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    let Ok(addr) = SocketAddr::try_from(rustix::net::getsockname(fd)?) else { return Ok(false) };
    let (level, name) = match addr.ip() {
        ip if !ip.is_unspecified() => return Ok(false),
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    set_option(fd, level, name, &1_i32.to_ne_bytes())?;
    Ok(true)
}

/// Receives one datagram; `told` if [`ask_where`] said so.
pub(super) fn receive(fd: BorrowedFd<'_>, buf: &mut [u8], told: bool) -> Result<Came, Errno> {
    // The kernel tells the whole length, so that a cut one is noticed.
    let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
    if !told {
        let (n, whole, addr) = rustix::net::recvfrom(fd, buf, flags)?;
        return Ok(Came { n, whole, from: addr.map(|addr| Sender { addr, at: None }) });
    }
    let room = buf.len();
    let (mut buf, mut control) = ([IoSliceMut::new(buf)], [0; ROOM]);
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    let came = receive_message(fd, &mut buf, &mut control, flags)?;
    let at = came.control.iter().find_map(at);
    let from = came.sender.map(|addr| Sender { addr, at });
    Ok(Came { n: came.length.min(room), whole: came.length, from })
}

fn at(item: &ReceivedControl) -> Option<At> {
    let ReceivedControl::Other { level, kind, data } = item else { return None };
    match (*level, *kind) {
        // `struct in_pktinfo`: the interface, our address for an answer, the address in the header.
        (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
            let addr: [u8; 4] = data.get(4..8)?.try_into().ok()?;
            Some(At::V4(addr.into()))
        }
        // `struct in6_pktinfo`: the address in the header, the interface.
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
            let addr: [u8; 16] = data.get(..16)?.try_into().ok()?;
            let interface: [u8; 4] = data.get(16..20)?.try_into().ok()?;
            let addr = Ipv6Addr::from(addr);
            // A group is nobody's address, and only a link has several with one.
            let interface = if addr.is_unicast_link_local() { interface } else { [0; 4] };
            (!addr.is_multicast()).then_some(At::V6(addr, u32::from_ne_bytes(interface)))
        }
        _ => None,
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

    /// Tells whether it is on this machine, at a unix socket.
    pub(super) fn is_unix(&self) -> bool {
        self.addr.address_family() == AddressFamily::UNIX
    }

    /// Sends a datagram back, from the address that was asked.
    pub(super) fn answer(
        &self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        flags: SendFlags,
    ) -> Result<usize, Errno> {
        let (level, kind, data) = match self.at {
            None => return rustix::net::sendto(fd, bytes, flags, &self.addr),
            Some(At::V4(addr)) => {
                let mut data = [0; 12];
                data[4..8].copy_from_slice(&addr.octets());
                (libc::IPPROTO_IP, libc::IP_PKTINFO, data.to_vec())
            }
            Some(At::V6(addr, interface)) => {
                let data = [&addr.octets()[..], &interface.to_ne_bytes()].concat();
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, data)
            }
        };
        // Twenty bytes always fit into a message.
        let control = encode(&[Control::Other { level, kind, data: &data }]).unwrap_or_default();
        let flags = libc::c_int::try_from(flags.bits()).unwrap_or_default();
        send_message(fd, &[IoSlice::new(bytes)], &control, Some(&self.addr), flags)
    }
}
