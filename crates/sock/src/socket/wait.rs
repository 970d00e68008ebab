//! Waiting with a deadline: the one place that polls, and the one retry loop after a signal.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::run;

/// What runs when a signal interrupts a wait. An error of its ends the call.
pub(crate) type Interrupt = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// When a wait ends: fixed once, so that a signal or a false alarm does not begin it anew.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    At(Instant),
}

impl Deadline {
    /// The moment `timeout` from now; a timeout past the end of the clock is none.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        timeout
            .and_then(|timeout| run::instant().checked_add(timeout))
            .map_or(Self::Never, Self::At)
    }

    /// How long it is until then; `Some(ZERO)` when it has passed.
    pub(crate) fn remaining(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::At(end) => Some(end.saturating_duration_since(run::instant())),
        }
    }

    pub(crate) fn has_passed(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }

    pub(crate) fn earlier(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(one), Self::At(two)) => Self::At(one.min(two)),
            (one, Self::Never) => one,
            (Self::Never, two @ Self::At(_)) => two,
        }
    }
}

/// Waits until one of `fds` is ready: how many are; zero when the deadline passed first.
///
/// After a signal it runs `interrupt` and waits for the time that remains.
pub(crate) fn wait_for_any(
    fds: &mut [PollFd<'_>],
    deadline: Deadline,
    interrupt: &mut dyn FnMut() -> Result<()>,
) -> Result<usize> {
    loop {
        let remaining = deadline.remaining();
        // More seconds than the kernel's clock has are as good as for ever.
        let timeout = remaining.and_then(|remaining| Timespec::try_from(remaining).ok());
        match poll(fds, timeout.as_ref()) {
            // The kernel does not wake early, but its clock may be finer than ours.
            Ok(0) if !deadline.has_passed() => {}
            Ok(ready) => return Ok(ready),
            Err(Errno::INTR) => interrupt()?,
            Err(errno) => return Err(Error::from_errno("poll", errno.raw_os_error())),
        }
    }
}

/// Which way a socket has to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
    /// Urgent data: they come beside the stream, so the stream's readiness says nothing of them.
    Urgent,
}

impl Way {
    fn flags(self) -> PollFlags {
        match self {
            Self::In => PollFlags::IN,
            Self::Out => PollFlags::OUT,
            Self::Urgent => PollFlags::PRI,
        }
    }
}

/// Waits until one socket is ready: whether it was before the deadline.
pub(crate) fn wait_for_one(
    fd: BorrowedFd<'_>,
    way: Way,
    deadline: Deadline,
    interrupt: &mut dyn FnMut() -> Result<()>,
) -> Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(fd, way.flags())];
    Ok(wait_for_any(&mut fds, deadline, interrupt)? > 0)
}
