//! Spin: looking again and again instead of sleeping, for whom a wake-up takes too long.
//!
//! Waking a thread that sleeps costs several times what the kernel needs for a small message. A
//! loop that looks with a wait of no time at all is awake when the message comes; it pays with the
//! whole of a processor. So it may be told to spin only for a while after something has happened.
//!
//! Where it was told nothing, it looks for no longer than it would take to fall asleep and be woken, and
//! only while that is worth it: a loop that is nearly always busy would sleep for a few microseconds now
//! and then, and whoever sends it the next message would pay for waking it.
//!
//! A load that holds a crowd of connections is woken for some replies together, where the system can
//! wait for several: one after the other they would cost it a wake-up each.

use std::cmp::Reverse;
use std::time::Duration;

use sock_proto::Time;

use super::reactor::{Hand, Reactor};
use super::wait::{Ready, Wait};

/// A moment is what falling asleep and being woken costs both sides together, about: the shortest where
/// the processors are awake, and the longest where they have to be woken first.
const MOMENTS: [Duration; 2] = [Duration::from_micros(10), Duration::from_micros(30)];
/// Beyond the shortest, no more is spent on looking than this part of what was worked since the last sleep.
const PART: u32 = 4;
/// While looking is seldom worth it, so many sleeps pass at least and at most until it is tried again.
const PAUSES: [u32; 2] = [16, 256];
/// To wait for several in vain is dearer: who was awake falls asleep.
const LONG_PAUSE: u32 = 4096;
/// From so much trust on it looks before each sleep.
const TRUSTED: u8 = 4;

/// From so many connections on, replies are taken together: so many results (what was sent is one as well),
/// or what has come in so short a time. With so many under way each takes a multiple of that anyway.
const CROWD: usize = 64;
const TOGETHER: usize = 16;
const GATHERING: Duration = Duration::from_micros(20);

/// Whether to look for a moment before the next sleep, or to wait for several together.
#[derive(Debug)]
pub(super) struct Habit {
    /// Sleeps until it is tried again.
    left: u32,
    pause: u32,
    longest: u32,
    /// One more for each moment that was worth it, two less for one that was in vain.
    trust: u8,
    /// For how long it has worked and not slept.
    worked: Duration,
}

impl Default for Habit {
    fn default() -> Self {
        let [pause, longest] = PAUSES;
        Self { left: 0, pause, longest, trust: TRUSTED, worked: Duration::ZERO }
    }
}

impl Habit {
    /// One that is seldom tried again.
    pub(super) fn wary() -> Self {
        Self { longest: LONG_PAUSE, ..Self::default() }
    }

    /// Asked before each sleep.
    fn looks(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// How long to look after it has worked for so long.
    fn moment(&mut self, worked: Duration) -> Duration {
        let [shortest, longest] = MOMENTS;
        self.worked += worked;
        (self.worked / PART).clamp(shortest, longest)
    }

    /// Whether something has come within the moment.
    fn learns(&mut self, has_come: bool) {
        let [shortest, _] = PAUSES;
        (self.trust, self.pause) = if has_come {
            ((self.trust + 1).min(2 * TRUSTED), (self.pause / 2).max(shortest))
        } else {
            (self.trust.saturating_sub(2), (4 * self.pause).min(self.longest))
        };
        self.left = if self.trust >= TRUSTED { 1 } else { self.pause + 1 };
        if !has_come {
            self.worked = Duration::ZERO;
        }
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
        } else if W::GATHERS && self.may_gather() && self.company.looks() {
            let left = due.map_or(GATHERING, |at| at.since(self.cx.now).min(GATHERING));
            self.wait.gather(TOGETHER, left, ready)?;
            // Where one alone is answered at a time, it would only wait.
            self.company.learns(ready.len() > 1);
            self.cx.now = self.plan.run.now();
            if !ready.is_empty() || due.is_some_and(|at| at <= self.cx.now) {
                return Ok(());
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
            let woken = std::mem::replace(&mut self.cx.now, self.plan.run.now());
            // What was there at once would not have let it sleep.
            let (began, moment) = *since
                .get_or_insert_with(|| (self.cx.now, self.habit.moment(self.cx.now.since(woken))));
            let looked = self.cx.now.since(began);
            let has_come = !ready.is_empty() || due.is_some_and(|at| at <= self.cx.now);
            if has_come && looked.is_zero() {
                return Ok(true);
            }
            if has_come || looked >= moment {
                self.habit.learns(has_come);
                if let Some(campaign) = &mut self.campaign {
                    campaign.looked(looked);
                }
                return Ok(has_come);
            }
        }
    }

    fn may_gather(&self) -> bool {
        self.conns.len() >= CROWD && self.campaign.as_ref().is_some_and(|load| load.gathers())
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
    fn who_is_nearly_always_busy_looks_for_longer() {
        let micros = Duration::from_micros;
        let mut habit = Habit::default();
        let moments = [4, 40, 80, 400].map(|worked| {
            let moment = habit.moment(micros(worked));
            habit.learns(true);
            moment
        });
        assert_eq!(moments, [10, 11, 30, 30].map(micros));
        habit.learns(false);
        assert_eq!(habit.moment(micros(4)), micros(10));
    }

    #[test]
    fn who_looks_in_vain_looks_ever_more_seldom() {
        let mut habit = Habit::default();
        let mut sleeps_until_it_looks = |found: bool| {
            let sleeps = (0..1000).take_while(|_| !habit.looks()).count();
            habit.learns(found);
            sleeps
        };
        let vain: Vec<usize> = (0..5).map(|_| sleeps_until_it_looks(false)).collect();
        assert_eq!(vain, [0, 64, 256, 256, 256]);
        let mut wary = Habit::wary();
        let pauses = [64, 256, 1024, 4096, 4096].map(|_| {
            wary.learns(false);
            wary.left - 1
        });
        assert_eq!(pauses, [64, 256, 1024, 4096, 4096]);
        let found: Vec<usize> = (0..7).map(|_| sleeps_until_it_looks(true)).collect();
        assert_eq!(found, [256, 128, 64, 32, 0, 0, 0]);
        // One that was in vain among many is no reason to sleep at once.
        let trusted: Vec<usize> = (0..40).map(|n| sleeps_until_it_looks(n % 4 != 3)).collect();
        assert!(trusted[10..].iter().all(|sleeps| *sleeps == 0), "{trusted:?}");
        // Where every second one is in vain, it is not worth it.
        let mixed: Vec<usize> = (0..40).map(|n| sleeps_until_it_looks(n % 2 == 0)).collect();
        assert!(mixed[20..].iter().all(|sleeps| *sleeps >= 16), "{mixed:?}");
    }
}
