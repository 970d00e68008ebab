//! What the kernel tells about a socket, beyond what kept crates ask.

use std::os::fd::{AsFd, AsRawFd};

/// What `TCP_INFO` of tcp(7) tells that a tracer wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TcpFacts {
    /// The state, by the kernel's number.
    pub(crate) state: u8,
    /// Bytes that left, without those that left again.
    pub(crate) sent: u64,
    /// Bytes that arrived in order; a FIN counts as one.
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

/// Bytes that went out of a TCP socket and came into it by the kernel's count, whatever system calls, or none, moved
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) out: u64,
    pub(crate) come: u64,
    /// One of those that came was no byte but the FIN, perhaps: how the connection ended is forgotten.
    pub(crate) may_have_fin: bool,
}

/// Asks for the counts; none for what is not TCP.
pub(crate) fn kernel_counts(fd: impl AsFd) -> Option<Counts> {
    /// Bytes that are queued and were never sent (linux/sockios.h).
    const SIOCOUTQNSD: libc::Ioctl = 0x894B;
    /// States in which the FIN has come, and was counted as a byte: `TIME_WAIT`, `CLOSE_WAIT`, `LAST_ACK`, `CLOSING`
    /// (`net/tcp_states.h`); and the one in which nobody knows.
    const HAS_FIN: [u8; 4] = [6, 8, 9, 11];
    const CLOSE: u8 = 7;
    let fd = fd.as_fd();
    let facts = tcp_facts(fd)?;
    let has_fin = HAS_FIN.contains(&facts.state);
    Some(Counts {
        out: facts.sent + ask(fd, SIOCOUTQNSD)?,
        come: facts.received.saturating_sub(has_fin.into()),
        may_have_fin: facts.state == CLOSE,
    })
}

fn ask(fd: impl AsFd, what: libc::Ioctl) -> Option<u64> {
    let mut n: libc::c_int = 0;
    // SAFETY: both requests write one int, which lives over the call.
    let done = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), what, &raw mut n) };
    if done < 0 { None } else { u64::try_from(n).ok() }
}
