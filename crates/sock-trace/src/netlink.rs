//! Who is at the other end of a unix socket: the kernel tells by inode (`sock_diag(7)`, `UNIX_DIAG_PEER`).

use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::memory::half;

/// Asks the kernel about sockets.
pub(crate) struct Diag(Option<OwnedFd>);

impl Diag {
    /// Where the kernel has no such thing, everything is unknown.
    pub(crate) fn new() -> Self {
        let (family, protocol) = (AddressFamily::NETLINK, Some(netlink::SOCK_DIAG));
        Self(socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, protocol).ok())
    }

    /// The inode of the socket that is connected to the unix socket with this inode. One that was not accepted
    /// yet has none.
    pub(crate) fn unix_peer(&self, inode: u64) -> Option<u64> {
        let socket = self.0.as_ref()?;
        send(socket, &question(u32::try_from(inode).ok()?), SendFlags::empty()).ok()?;
        let mut answer = [0; 512];
        let (n, _) = recv(socket, &mut answer[..], RecvFlags::empty()).ok()?;
        peer(&answer[..n]).filter(|inode| *inode != 0)
    }
}

/// `struct nlmsghdr` and `struct unix_diag_req` (`linux/unix_diag.h`): this socket, and its peer.
fn question(inode: u32) -> Vec<u8> {
    const BY_FAMILY: u16 = 20;
    const REQUEST: u16 = 1;
    const SHOW_PEER: u32 = 4;
    let mut message = Vec::with_capacity(40);
    message.extend(40_u32.to_ne_bytes());
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend([1, 0, 0, 0]);
    message.extend(u32::MAX.to_ne_bytes());
    message.extend(inode.to_ne_bytes());
    message.extend(SHOW_PEER.to_ne_bytes());
    // Whatever its cookie is.
    message.extend([0xff; 8]);
    message
}

/// The attribute with the peer, behind `struct nlmsghdr` and `struct unix_diag_msg`.
fn peer(answer: &[u8]) -> Option<u64> {
    const PEER: u16 = 2;
    let mut rest = answer.get(32..)?;
    while let Some((head, _)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = *head;
        let len = usize::from(u16::from_ne_bytes([a, b]));
        if len < 4 {
            return None;
        }
        if u16::from_ne_bytes([c, d]) == PEER {
            return Some(half(rest, 4));
        }
        rest = rest.get(len.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_ends_of_a_pair_name_each_other() {
        let (one, other) = UnixStream::pair().unwrap();
        let inode = |socket: &UnixStream| rustix::fs::fstat(socket).unwrap().st_ino;
        let diag = Diag::new();
        assert_eq!(diag.unix_peer(inode(&one)), Some(inode(&other)));
        assert_eq!(diag.unix_peer(inode(&other)), Some(inode(&one)));
        assert_eq!(diag.unix_peer(1), None, "no socket has that inode");
    }
}
