//! A descriptor that a runtime of tokio waits for.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Lets the runtime of this thread wait until the descriptor is readable.
pub(crate) fn awaited(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always gives the same number and keeps it open, and it is owned by what
    // this returns, which takes it off the runtime's list before it closes it.
    let awaited = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    Ok(awaited?)
}
