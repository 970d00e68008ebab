//! Guarded: a protocol whose panic ends its own conversations and nothing else.
//!
//! A protocol is somebody's code, and a reactor holds thousands of conversations. What panics is
//! not called again, since nobody knows what it left half done: the peer that spoke sees a reset, a
//! note says why, and so does every other peer of the same session. A room is one session: it is
//! over for everybody, and whoever comes later is turned away in the same manner.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sock_proto::{Input, Out, Protocol};

/// A protocol of any kind, as engines hold it.
pub(crate) struct Guarded {
    protocol: Box<dyn Protocol + Send>,
    has_failed: bool,
}

impl Guarded {
    pub(crate) fn new(protocol: Box<dyn Protocol + Send>) -> Self {
        Self { protocol, has_failed: false }
    }

    /// Tells whether it has panicked, and is called no more.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }
}

impl Protocol for Guarded {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if self.has_failed {
            return out.abort();
        }
        // What it has asked of `out` before it panicked is whole; its own state is not looked at.
        let call = AssertUnwindSafe(|| self.protocol.handle(input, out));
        if catch_unwind(call).is_err() {
            self.has_failed = true;
            out.note("panic", format_args!("the service has failed (a bug): cut short"));
            out.sleep();
            out.abort();
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("has_failed", &self.has_failed).finish_non_exhaustive()
    }
}
