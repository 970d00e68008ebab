//! Allowance: how much one member may make the room say in a second.

use core::time::Duration;

use super::MOST_SAID;
use crate::Time;

/// What a member has spent of the present second.
///
/// It counts time and bytes, not receives, so that the room's answer does not depend on where its
/// input was cut.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    since: Time,
    spent: usize,
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Within,
    /// The first that is too much; the member is to be told.
    FirstBeyond,
    Beyond,
}

impl Allowance {
    pub(super) fn spend(&mut self, bytes: usize, now: Time) -> Verdict {
        if now.since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, ..Self::default() };
        }
        // What is refused counts as well: nothing that follows slips through behind it.
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= MOST_SAID {
            Verdict::Within
        } else if core::mem::replace(&mut self.is_told, true) {
            Verdict::Beyond
        } else {
            Verdict::FirstBeyond
        }
    }
}
