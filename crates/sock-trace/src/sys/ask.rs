//! What the kernel tells about a socket, beyond what kept crates ask.

use std::os::fd::{AsFd, AsRawFd};

/// What `TCP_INFO` of tcp(7) tells that a tracer wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TcpFacts {
    /// The state, by the kernel's number.
    pub(crate) state: u8,
    /// Bytes that left, without those that left again.
    pub(crate) sent: u64,
    /// Bytes that arrived in order; a FIN may count as one.
    pub(crate) received: u64,
}

/// `struct tcp_info` of linux/tcp.h: where its fields begin. It only ever grows.
mod at {
    pub(super) const STATE: usize = 0;
    pub(super) const BYTES_RECEIVED: usize = 128;
    pub(super) const BYTES_SENT: usize = 200;
    pub(super) const BYTES_RETRANS: usize = 208;
    pub(super) const ALL: usize = 216;
}

/// Asks about a TCP socket; none for any other, and the counts of an old kernel are none.
pub(crate) fn tcp_facts(fd: impl AsFd) -> Option<TcpFacts> {
    let mut info = [0_u8; at::ALL];
    let mut size = libc::socklen_t::try_from(info.len()).ok()?;
    // SAFETY: the kernel writes no more than `size` bytes, which is how large `info` is, and says how many.
    let done = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    if done < 0 || size == 0 {
        return None;
    }
    let word = |at: usize| u64::from_ne_bytes(info[at..at + 8].try_into().unwrap_or_default());
    Some(TcpFacts {
        state: info[at::STATE],
        sent: word(at::BYTES_SENT).saturating_sub(word(at::BYTES_RETRANS)),
        received: word(at::BYTES_RECEIVED),
    })
}

/// Bytes that were sent and that the peer has not acknowledged (`SIOCOUTQ`).
pub(crate) fn out_queue(fd: impl AsFd) -> Option<u64> {
    ask(fd, libc::TIOCOUTQ)
}

/// Bytes that the program has sent and the peer was sent, by the kernel's count: for TCP, whatever system calls, or
/// none, brought them there.
pub(crate) fn kernel_counts(fd: impl AsFd) -> Option<(u64, u64)> {
    /// Bytes that are queued and were never sent (linux/sockios.h).
    const SIOCOUTQNSD: libc::Ioctl = 0x894B;
    let fd = fd.as_fd();
    let facts = tcp_facts(fd)?;
    Some((facts.sent + ask(fd, SIOCOUTQNSD)?, facts.received))
}

fn ask(fd: impl AsFd, what: libc::Ioctl) -> Option<u64> {
    let mut n: libc::c_int = 0;
    // SAFETY: both requests write one int, which lives over the call.
    let done = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), what, &raw mut n) };
    if done < 0 { None } else { u64::try_from(n).ok() }
}
