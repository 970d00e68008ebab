//! Wait: what an engine that waits for readiness has to be able to do.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::moves::Moves;

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
    /// There may be something to read behind the last byte that is there: the end, an error, or what
    /// follows an urgent byte.
    pub(crate) goes_on: bool,
}

/// What a descriptor is, for who can do more than wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Something that is ready or not, and whose calls are made by whoever watches it.
    Signal,
    /// The stream of one conversation.
    Stream,
    /// A port whose callers may be taken before they are asked for, and without their addresses.
    Callers,
}

/// A descriptor that is watched, and what its key is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct On<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) key: u64,
    #[cfg_attr(not(feature = "uring"), allow(dead_code, reason = "the others only wait"))]
    pub(crate) nature: Nature,
    /// A receive that brings less than it has room for leaves no byte behind, as with TCP.
    pub(crate) drains: bool,
}

impl<'a> On<'a> {
    pub(crate) fn signal(fd: BorrowedFd<'a>, key: u64) -> Self {
        Self { fd, key, nature: Nature::Signal, drains: false }
    }
}

/// A way to wait for readiness. What is ready is said again until it is not, but for bytes of a stream
/// that [`drains`](On::drains) and is watched for nothing else: these may be said once, and
/// [`Wait::again`] asks for what was left.
pub(super) trait Wait: Moves + Sized + 'static {
    /// One thread waits for many by it, and not each for its own: it may be busy all the time.
    const IS_SHARED: bool = false;

    /// It can wait for several results at once.
    const GATHERS: bool = false;

    /// Makes one that watches nothing yet.
    fn fresh() -> io::Result<Self>;

    /// Watches a descriptor for `new` instead of `old`, and says its key when it is ready.
    fn watch(&mut self, on: On<'_>, old: Want, new: Want) -> io::Result<()>;

    /// Watches a descriptor no more: it is closed in a moment.
    fn forget(&mut self, on: On<'_>, old: Want) -> io::Result<()> {
        self.watch(on, old, Want::NOTHING)
    }

    /// Says once more in the next turn that this stream can be read: not all of it was.
    fn again(&mut self, _left: Ready) {}

    /// Tells whether the next wait will not have to wait.
    fn has_left(&self) -> bool {
        false
    }

    /// Lets waits end on time, to some microseconds, whatever that costs: somebody measures.
    fn be_exact(&mut self) {}

    /// Waits until something is ready or the time is over, and adds what is ready to `ready`. An
    /// interrupted wait ends early and adds nothing.
    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()>;

    /// Waits until so many results have come or the time is over, where it [`GATHERS`](Wait::GATHERS).
    fn gather(
        &mut self,
        _results: usize,
        timeout: Duration,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.wait(Some(timeout), ready)
    }
}
