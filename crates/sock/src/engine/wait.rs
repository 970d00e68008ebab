//! Wait: what an engine that waits for readiness has to be able to do.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// What to wait for on a descriptor; nothing at all means that it is not watched, not even for
/// errors, so that a peer that has gone while nobody wants to hear of it costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Want {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Want {
    pub(crate) const NOTHING: Self = Self { read: false, write: false };
    pub(crate) const READ: Self = Self { read: true, write: false };

    pub(crate) fn is_nothing(self) -> bool {
        self == Self::NOTHING
    }
}

/// A descriptor that is ready. One that failed is ready for everything: the next call tells why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) key: u64,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// A way to wait for readiness, level-triggered.
pub(crate) trait Wait: Sized + 'static {
    /// Makes one that watches nothing yet.
    fn fresh() -> io::Result<Self>;

    /// Watches `fd` for `new` instead of `old`, and says `key` when it is ready.
    fn watch(&mut self, fd: BorrowedFd<'_>, key: u64, old: Want, new: Want) -> io::Result<()>;

    /// Waits until something is ready or the time is over, and adds what is ready to `ready`. An
    /// interrupted wait ends early and adds nothing.
    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()>;
}
