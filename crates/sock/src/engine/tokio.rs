//! `tokio`: the same loop, for programs that live there; between two turns others have theirs.
//!
//! The list of descriptors of a way to wait is a descriptor itself, readable while something on it
//! is ready. That one is awaited, so that the runtime wakes this loop and knows nothing of its
//! connections. The runtime hears of a change only: before the loop goes to sleep it has looked and
//! found nothing.

use std::cmp::Reverse;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use ::tokio::io::unix::AsyncFd;
use ::tokio::task::yield_now;
use ::tokio::time::timeout;

use sock_proto::Time;

use super::crew::Counts;
use super::reactor::Reactor;
use super::wait::{Ready, Wait};
use crate::sys::awaited;

/// For so long this loop may keep the runtime's thread to itself. To let others pass costs a look at what
/// they wait for, which is a system call.
const HOLD: Duration = Duration::from_micros(100);

impl<W: Wait + AsFd> Reactor<W> {
    /// The same as [`Reactor::run`], on the runtime that awaits it. Dropped early it closes all that
    /// it holds.
    pub(super) async fn run_async(mut self) -> std::io::Result<Counts> {
        let list = awaited(self.wait.as_fd().try_clone_to_owned()?)?;
        let mut ready = Vec::new();
        let mut passed = self.cx.now;
        self.heed_stop()?;
        while !self.is_over() {
            self.rest_async(&list, &mut passed, &mut ready).await?;
            self.turn(&mut ready)?;
        }
        self.finish()
    }

    /// Waits until something is ready or a timer is due, and reads the clock. Others have had their
    /// turn when it returns, or had it a moment ago, at `passed`: it has slept, or let them pass.
    async fn rest_async(
        &mut self,
        list: &AsyncFd<OwnedFd>,
        passed: &mut Time,
        ready: &mut Vec<Ready>,
    ) -> std::io::Result<()> {
        let due = self.timers.peek().map(|Reverse((at, _))| *at);
        let since = self.cx.now;
        let mut have_passed = false;
        loop {
            let spins = self.wait.has_left()
                || self.plan.busy_poll.is_some_and(|time| self.cx.now.since(since) < time);
            let readable = if spins {
                yield_now().await;
                None
            } else if let Some(at) = due {
                // It is looked at once also where no time is left.
                timeout(at.since(self.cx.now), list.readable()).await.ok().transpose()?
            } else {
                Some(list.readable().await?)
            };
            self.wait.wait(Some(Duration::ZERO), ready)?;
            self.cx.now = self.plan.run.now();
            if !ready.is_empty() || due.is_some_and(|at| at <= self.cx.now) {
                if !(spins || have_passed) {
                    if self.cx.now.since(*passed) < HOLD {
                        return Ok(());
                    }
                    yield_now().await;
                    self.cx.now = self.plan.run.now();
                }
                *passed = self.cx.now;
                return Ok(());
            }
            if let Some(mut readable) = readable {
                readable.clear_ready();
            }
            have_passed = true;
        }
    }
}
