//! Spin: looking again and again instead of sleeping, for whom a wake-up takes too long.
//!
//! Waking a thread that sleeps costs several times what the kernel needs for a small message. A
//! loop that looks with a wait of no time at all is awake when the message comes; it pays with the
//! whole of a processor. So it may be told to spin only for a while after something has happened.

use std::cmp::Reverse;
use std::time::Duration;

use super::reactor::{Hand, Reactor};
use super::wait::{Ready, Wait};

impl<W: Wait> Reactor<W> {
    /// Waits until something is ready or a timer is due, and reads the clock.
    pub(super) fn rest(&mut self, ready: &mut Vec<Ready>) -> std::io::Result<()> {
        let due = self.timers.peek().map(|Reverse((at, _))| *at);
        if let Some(time) = self.plan.busy_poll.filter(|_| self.holds_somebody()) {
            let since = self.cx.now;
            loop {
                self.wait.wait(Some(Duration::ZERO), ready)?;
                self.cx.now = self.plan.run.now();
                if !ready.is_empty() || due.is_some_and(|at| at <= self.cx.now) {
                    return Ok(());
                }
                if self.cx.now.since(since) >= time {
                    break;
                }
                // Whoever shares this processor, perhaps the very peer that is waited for, is not
                // kept from it until our time slice is over.
                rustix::thread::sched_yield();
            }
        }
        if self.cx.is_exact && due.is_some() {
            self.cx.now = self.plan.run.now();
        }
        // From the last reading of the clock: a timer is late by a turn at most, never early.
        let timeout = due.map(|at| at.since(self.cx.now));
        self.wait.wait(timeout, ready)?;
        self.cx.now = self.plan.run.now();
        Ok(())
    }

    /// Tells whether messages come to this loop, and not only callers for somebody else.
    fn holds_somebody(&self) -> bool {
        matches!(self.hand, Hand::Keep)
            || self.ports.iter().flatten().any(|port| port.datagrams.is_some())
    }
}
