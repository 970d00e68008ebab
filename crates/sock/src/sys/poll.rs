//! `poll(2)` over plain descriptor numbers, which an engine keeps between waits.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

/// One descriptor and what it is watched for; after a wait, what it is ready for.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct PollEntry(libc::pollfd);

impl PollEntry {
    pub(crate) fn new(fd: RawFd, read: bool, write: bool) -> Self {
        let read = if read { libc::POLLIN } else { 0 };
        let write = if write { libc::POLLOUT } else { 0 };
        Self(libc::pollfd { fd, events: read | write, revents: 0 })
    }

    /// Readable, or failed in a way that the next call tells.
    pub(crate) fn is_readable(self) -> bool {
        self.0.revents & !libc::POLLOUT != 0
    }

    /// Writable, or failed in a way that the next call tells.
    pub(crate) fn is_writable(self) -> bool {
        self.0.revents & !libc::POLLIN != 0
    }
}

impl std::fmt::Debug for PollEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PollEntry").field(&self.0.fd).field(&self.0.events).finish()
    }
}

/// Waits until an entry is ready or the time is over (none: for ever); never early.
pub(crate) fn poll(entries: &mut [PollEntry], timeout: Option<Duration>) -> io::Result<usize> {
    let timeout = timeout.map(|time| libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `PollEntry` is a transparent `pollfd`, the pointer and the length are those of one
    // slice that is borrowed for the whole call, and a number that is no descriptor of this
    // process is reported (POLLNVAL) and harms nothing. The timeout outlives the call.
    let ready = unsafe {
        libc::ppoll(
            entries.as_mut_ptr().cast(),
            entries.len() as libc::nfds_t,
            timeout,
            std::ptr::null(),
        )
    };
    usize::try_from(ready).map_err(|_| io::Error::last_os_error())
}
