//! The one clock, and what a run of engines shares.

use std::time::Instant;

/// Reads the monotonic clock: the only place in the workspace that does.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
