//! Outlet: where the text of an observer goes, queued or direct.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use sock_proto::{Event, Time};

use super::appetite::Appetite;
use super::direct::Direct;
use super::eager::Eager;
use super::form::{Failure, Form};
use super::queue::Queue;

pub(super) enum Outlet {
    Queued(Queue),
    Direct(Direct),
}

impl Outlet {
    pub(super) fn queued(
        form: impl Form + 'static,
        to: impl io::Write + Send + 'static,
        appetite: Appetite,
        limit: usize,
    ) -> io::Result<Self> {
        Ok(Self::Queued(Queue::start(Box::new(form), Box::new(to), appetite, limit)?))
    }

    pub(super) fn direct(
        form: impl Form + 'static,
        to: impl AsFd + Send + 'static,
        appetite: Appetite,
    ) -> Self {
        Self::Direct(Direct::new(Box::new(form), Box::new(Eager::new(to)), appetite))
    }

    pub(super) fn event(&self, side: usize, event: &Event<'_>) {
        match self {
            Self::Queued(queue) => queue.event(side, event),
            Self::Direct(direct) => direct.event(side, event),
        }
    }

    pub(super) fn failure(&self, time: Time, failure: &Failure<'_>) {
        match self {
            Self::Queued(queue) => queue.failure(time, failure),
            Self::Direct(direct) => direct.failure(time, failure),
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        match self {
            Self::Queued(queue) => queue.dropped(),
            Self::Direct(direct) => direct.dropped(),
        }
    }

    pub(super) fn failed(&self) -> Option<io::ErrorKind> {
        let cause = match self {
            Self::Queued(queue) => queue.failed(),
            Self::Direct(direct) => direct.failed(),
        };
        cause.map(Cause::kind)
    }

    pub(super) fn when_gone(&self, tell: impl FnOnce(&io::Error) + Send + 'static) {
        match self {
            Self::Queued(queue) => queue.when_gone(Box::new(tell)),
            Self::Direct(direct) => direct.when_gone(Box::new(tell)),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::Queued(queue) => queue.flush(),
            Self::Direct(direct) => direct.failed().map_or(Ok(()), |cause| Err(cause.error())),
        }
    }

    pub(super) fn close(&self, patience: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Queued(queue) => queue.close(patience),
            Self::Direct(direct) => direct.close(),
        }
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self {
            Self::Queued(_) => "queued",
            Self::Direct(_) => "direct",
        };
        f.debug_struct("Outlet")
            .field("way", &way)
            .field("dropped", &self.dropped())
            .field("failed", &self.failed())
            .finish()
    }
}

/// Why nothing can be written any more, as it is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    kind: io::ErrorKind,
    errno: Option<i32>,
}

impl Cause {
    pub(super) fn of(error: &io::Error) -> Self {
        Self { kind: error.kind(), errno: error.raw_os_error() }
    }

    pub(super) fn kind(self) -> io::ErrorKind {
        self.kind
    }

    /// The error again, in the system's words where it was the system's.
    pub(super) fn error(self) -> io::Error {
        self.errno.map_or_else(|| self.kind.into(), io::Error::from_raw_os_error)
    }
}

/// The calls that every observer with an outlet has.
macro_rules! through_outlet {
    ($name:ident) => {
        impl $name {
            /// How many events were lost because they came faster than they could be written.
            #[must_use]
            pub fn dropped(&self) -> u64 {
                self.outlet.dropped()
            }

            /// Why nothing more can be written: `BrokenPipe` where the reader has gone.
            #[must_use]
            pub fn failed(&self) -> Option<std::io::ErrorKind> {
                self.outlet.failed()
            }

            /// Calls `tell` once, when nothing more can be written, or now if that is so already.
            ///
            /// It runs on the thread that writes, and must not block.
            pub fn when_gone(&self, tell: impl FnOnce(&std::io::Error) + Send + 'static) {
                self.outlet.when_gone(tell);
            }

            /// Waits until every event so far is written.
            ///
            /// # Errors
            ///
            /// Something could not be written.
            pub fn flush(&self) -> std::io::Result<()> {
                self.outlet.flush()
            }

            /// Writes what is queued and ends; later events are ignored. Dropping the observer does the same.
            ///
            /// # Errors
            ///
            /// Something could not be written.
            pub fn close(&self) -> std::io::Result<()> {
                self.outlet.close(None)
            }

            /// The same for at most `patience`: a reader that has stalled cannot keep a program from ending.
            ///
            /// # Errors
            ///
            /// Something could not be written; `TimedOut` where it was not written in time.
            pub fn close_within(&self, patience: std::time::Duration) -> std::io::Result<()> {
                self.outlet.close(Some(patience))
            }
        }
    };
}

pub(super) use through_outlet;
