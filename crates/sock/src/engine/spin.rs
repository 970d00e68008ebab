//! Spin: looking again and again instead of sleeping, for whom a wake-up takes too long.
//!
//! Waking a thread that sleeps costs several times what the kernel needs for a small message. A
//! loop that looks with a wait of no time at all is awake when the message comes; it pays with the
//! whole of a processor. So it may be told to spin only for a while after something has happened.
//!
//! Where it was told nothing, it looks for no longer than it would take to fall asleep and be woken, and
//! only while that is worth it: a loop that is nearly always busy would sleep for a few microseconds now
//! and then, and whoever sends it the next message would pay for waking it.

use std::cmp::Reverse;
use std::time::Duration;

use sock_proto::Time;

use super::reactor::{Hand, Reactor};
use super::wait::{Ready, Wait};

/// What falling asleep and being woken costs both sides together, about.
const MOMENT: Duration = Duration::from_micros(10);
/// So many sleeps pass at most until it is tried again whether something comes within a moment.
const LONGEST_PAUSE: u32 = 256;

/// Whether to look for a moment before the next sleep.
#[derive(Debug, Default)]
pub(super) struct Habit {
    /// Sleeps until it is tried again.
    left: u32,
    /// How many those were the last time: twice as many after each moment that was in vain, a quarter after
    /// one that was not.
    pause: u32,
}

impl Habit {
    /// Asked before each sleep.
    fn looks(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// Whether something has come within the moment.
    fn learns(&mut self, has_come: bool) {
        self.pause =
            if has_come { self.pause / 4 } else { (2 * self.pause).clamp(1, LONGEST_PAUSE) };
        self.left = self.pause + 1;
    }
}

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
        } else if W::IS_SHARED && self.habit.looks() && self.look(due, ready)? {
            return Ok(());
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

    /// Looks for a moment, and tells whether something came or is due.
    fn look(&mut self, due: Option<Time>, ready: &mut Vec<Ready>) -> std::io::Result<bool> {
        let mut since = None;
        loop {
            self.wait.wait(Some(Duration::ZERO), ready)?;
            self.cx.now = self.plan.run.now();
            // What was there at once would not have let it sleep.
            let began = *since.get_or_insert(self.cx.now);
            let looked = self.cx.now.since(began);
            let has_come = !ready.is_empty() || due.is_some_and(|at| at <= self.cx.now);
            if has_come && looked.is_zero() {
                return Ok(true);
            }
            if has_come || looked >= MOMENT {
                self.habit.learns(has_come);
                if let Some(campaign) = &mut self.campaign {
                    campaign.looked(looked);
                }
                return Ok(has_come);
            }
        }
    }

    /// Tells whether messages come to this loop, and not only callers for somebody else.
    fn holds_somebody(&self) -> bool {
        matches!(self.hand, Hand::Keep)
            || self.ports.iter().flatten().any(|port| port.datagrams.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_in_vain_looks_ever_more_seldom() {
        let mut habit = Habit::default();
        let mut sleeps_until_it_looks = |found: bool| {
            let sleeps = (0..1000).take_while(|_| !habit.looks()).count();
            habit.learns(found);
            sleeps
        };
        let vain: Vec<usize> = (0..11).map(|_| sleeps_until_it_looks(false)).collect();
        assert_eq!(vain, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
        let found: Vec<usize> = (0..7).map(|_| sleeps_until_it_looks(true)).collect();
        assert_eq!(found, [256, 64, 16, 4, 1, 0, 0]);
        // What comes within a moment once in a while is not waited for.
        let mixed: Vec<usize> = (0..40).map(|n| sleeps_until_it_looks(n % 5 == 0)).collect();
        assert!(mixed[30..].iter().all(|sleeps| *sleeps >= 16), "{mixed:?}");
    }
}
