//! Moves: how bytes are moved and callers taken, for a reactor that has been told that it is time.
//!
//! The system calls themselves, unless a way to wait does them by itself and has their results
//! already.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketAddrAny, SocketFlags};
use sock_proto::{Lent, Time};

use super::conn::Line;

/// A piece that was under way, and what became of it: how much of it the kernel took.
pub(super) type Returned = (Lent, Result<usize, Errno>);

/// Moves bytes and takes callers.
pub(super) trait Moves {
    /// Bytes of streams leave with the next wait ([`Moves::take_over`]) and not at once.
    const CARRIES: bool = false;

    /// What was received and is so long, and is given back unchanged, leaves at once all the same, from
    /// where it lies.
    const AT_ONCE: usize = 0;

    /// Receives once, without waiting: what came, and how long it was; less of a datagram may have
    /// had room.
    fn receive<'a>(
        &'a mut self,
        _key: u64,
        fd: BorrowedFd<'_>,
        buf: &'a mut [u8],
        flags: RecvFlags,
    ) -> Result<(&'a [u8], usize), Errno> {
        receive(fd, buf, flags)
    }

    /// Takes the next caller, without waiting for one, and its address where that is known.
    fn accept(
        &mut self,
        _key: u64,
        listener: BorrowedFd<'_>,
    ) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
        accept(listener)
    }

    /// Takes over the bytes that come next for a peer, if there are any; they come back by
    /// [`Moves::returned`].
    fn take_over(&mut self, _line: &mut Line<'_>, _since: Time) -> bool {
        false
    }

    /// Whether something that was taken over has not come back yet.
    fn is_sending(&self, _key: u64) -> bool {
        false
    }

    /// What was taken over, if it has been sent or could not be.
    fn returned(&mut self, _key: u64) -> Option<Returned> {
        None
    }
}

/// The system call that receives.
pub(super) fn receive<'a>(
    fd: BorrowedFd<'_>,
    buf: &'a mut [u8],
    flags: RecvFlags,
) -> Result<(&'a [u8], usize), Errno> {
    let (n, whole) = rustix::net::recv(fd, &mut *buf, flags)?;
    Ok((&buf[..n], whole))
}

/// The system call that accepts.
pub(super) fn accept(listener: BorrowedFd<'_>) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::acceptfrom_with(listener, flags)
}

/// Nothing but the system calls.
pub(super) struct Plain;

impl Moves for Plain {}
