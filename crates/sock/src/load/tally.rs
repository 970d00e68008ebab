//! Tally: what one worker has counted; its connections write, and the run reads once a second.
//!
//! What every message changes lies in [cells](super::cell) that only the worker writes. The rest, which
//! is rare, lies behind a lock that nobody contends but for a moment each second.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use sock_load::{Bytes, Histogram, Usage};
use sock_proto::Time;
use sock_proto::load::{Cause, Oddity, Turn};

use super::cell::{Cell, Seen, Times};
use super::lanes::Told;

/// What one worker has counted.
#[derive(Debug)]
pub(super) struct Tally {
    /// Messages that may still leave; the largest number: any.
    budget: Cell,
    pub(super) due: Cell,
    pub(super) sent: Cell,
    pub(super) replies: Cell,
    pub(super) lost: Cell,
    /// Lost without having been sent, or with the run.
    pub(super) missing: Cell,
    pub(super) out: Cell,
    pub(super) back: Cell,
    /// For how long it has looked while it was measured, ns: processor time that was free.
    pub(super) looked: Cell,
    /// When the last reply that counts had come.
    pub(super) last_reply: Cell,
    /// The latencies of replies.
    pub(super) latency: Times,
    pub(super) lateness: Times,
    /// Lanes whose connections have ended.
    ended: Cell,
    rare: Mutex<Rare>,
}

/// What does not happen with every message.
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub(super) connect: Histogram,
    /// What was lost, or could not be connected, by its cause.
    pub(super) errors: BTreeMap<Trouble, u64>,
    /// The first of each oddity.
    pub(super) odd: Vec<Oddity>,
    pub(super) asked: u64,
    pub(super) opened: u64,
    pub(super) peak: u64,
    /// Connections that have ended, have asked, and had no reply before the end.
    pub(super) unheard: u64,
    /// Connections that the peer cut while it owed a reply, and when it cut the first.
    pub(super) cut: u64,
    pub(super) first_cut: Option<Time>,
    pub(super) open: u64,
    /// The same when the first connection went because the run ended.
    pub(super) open_at_end: Option<u64>,
    /// The lanes of connections that have ended, where the next ones begin (none: where these did), and
    /// whether they had opened.
    ended: Vec<Ended>,
    /// Why the system did not make the call of which we hear next.
    pub(super) errno: Option<Errno>,
    pub(super) last_opened: Option<Time>,
    pub(super) usage: Spent,
}

/// The lane of a connection that has ended, where the next one begins (none: where this one did), and
/// whether it had opened.
pub(super) type Ended = (usize, Option<Turn>, bool);

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) replies: u64,
    pub(super) lost: u64,
    pub(super) missing: u64,
    pub(super) bytes: Bytes,
    pub(super) asked: u64,
    pub(super) opened: u64,
    pub(super) peak: u64,
}

/// A processor's time at the beginning and the end of what is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) before: Option<Usage>,
    pub(super) after: Option<Usage>,
}

/// Why something was lost: as the protocol tells it, or as the system does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    Lost(Cause),
    Unconnected(Cause),
    System(i32),
    Unasked,
}

/// No number ends the run.
const ANY: u64 = u64::MAX;

impl Tally {
    pub(super) fn new(budget: Option<u64>) -> Self {
        Self {
            budget: Cell::new(budget.unwrap_or(ANY)),
            due: Cell::default(),
            sent: Cell::default(),
            replies: Cell::default(),
            lost: Cell::default(),
            missing: Cell::default(),
            looked: Cell::default(),
            out: Cell::default(),
            back: Cell::default(),
            last_reply: Cell::default(),
            latency: Times::default(),
            lateness: Times::default(),
            ended: Cell::default(),
            rare: Mutex::default(),
        }
    }

    pub(super) fn rare(&self) -> MutexGuard<'_, Rare> {
        self.rare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one message off the budget.
    #[inline]
    pub(super) fn draw(&self) -> bool {
        match self.budget.get() {
            ANY => true,
            0 => false,
            left => {
                self.budget.set(left - 1);
                true
            }
        }
    }

    /// Whether as many messages have left as were asked for.
    #[inline]
    pub(super) fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// A connection has ended; `is_last` says whether because the run does.
    pub(super) fn end(&self, ended: Ended, is_last: bool) {
        let mut rare = self.rare();
        if is_last {
            let open = rare.open;
            rare.open_at_end.get_or_insert(open);
        }
        let (_, _, had_opened) = ended;
        rare.open -= u64::from(had_opened);
        rare.ended.push(ended);
        self.ended.add(1);
    }

    /// One of the lanes whose connections have ended; asked at every turn of the loop.
    #[inline]
    pub(super) fn take_ended(&self) -> Option<Ended> {
        if !self.has_ended() {
            return None;
        }
        self.ended.sub(1);
        self.rare().ended.pop()
    }

    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get() > 0
    }

    fn counts(&self) -> Counts {
        Counts {
            due: self.due.get(),
            sent: self.sent.get(),
            replies: self.replies.get(),
            lost: self.lost.get(),
            missing: self.missing.get(),
            bytes: Bytes { out: self.out.get(), back: self.back.get() },
            ..Counts::default()
        }
    }

    /// Adds all that was counted since somebody saw `seen` to `into`, which may hold what other workers have.
    pub(super) fn give(&self, seen: &mut Read, into: &mut Sum) {
        let counts = self.counts();
        into.counts.add(counts.less(seen.counts));
        seen.counts = counts;
        self.latency.since(&mut seen.latency, &mut into.latency);
        into.last_reply = into.last_reply.max(Time::from_nanos(self.last_reply.get()));
        let mut rare = self.rare();
        into.counts.asked += std::mem::take(&mut rare.asked);
        into.counts.opened += std::mem::take(&mut rare.opened);
        into.counts.peak += rare.peak;
        rare.peak = rare.open;
        for (trouble, n) in std::mem::take(&mut rare.errors) {
            *into.errors.entry(trouble).or_default() += n;
        }
        into.odd.append(&mut rare.odd);
        into.open += rare.open_at_end.unwrap_or(rare.open);
    }
}

impl Rare {
    /// A connection has ended that had no reply, or that the peer cut.
    pub(super) fn end_of(&mut self, is_unheard: bool, cut: Option<Time>) {
        self.unheard += u64::from(is_unheard);
        if let Some(cut) = cut {
            self.cut += 1;
            self.first_cut = Some(self.first_cut.map_or(cut, |first| first.min(cut)));
        }
    }

    pub(super) fn count(&mut self, trouble: Trouble) {
        *self.errors.entry(trouble).or_default() += 1;
    }

    pub(super) fn connected(&mut self, took: Duration, now: Time) {
        self.open += 1;
        self.last_opened = Some(now);
        self.opened += 1;
        self.peak = self.peak.max(self.open);
        self.connect.record(nanos(took));
    }
}

/// How far somebody has read a tally.
#[derive(Debug, Default)]
pub(super) struct Read {
    counts: Counts,
    latency: Seen,
}

/// What all workers have counted.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) counts: Counts,
    pub(super) latency: Histogram,
    pub(super) errors: BTreeMap<Trouble, u64>,
    pub(super) odd: Vec<Oddity>,
    pub(super) open: u64,
    pub(super) last_reply: Time,
    /// What notes have told.
    pub(super) told: Told,
}

impl Sum {
    pub(super) fn absorb(&mut self, more: Self) {
        let peak = self.counts.peak.max(more.counts.peak);
        self.counts.add(more.counts);
        self.counts.peak = peak;
        self.latency.merge(&more.latency);
        for (trouble, n) in more.errors {
            *self.errors.entry(trouble).or_default() += n;
        }
        self.odd.extend(more.odd);
        self.open = more.open;
        self.last_reply = self.last_reply.max(more.last_reply);
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl Counts {
    pub(super) fn add(&mut self, more: Self) {
        self.due += more.due;
        self.sent += more.sent;
        self.replies += more.replies;
        self.lost += more.lost;
        self.missing += more.missing;
        self.bytes.out += more.bytes.out;
        self.bytes.back += more.bytes.back;
        self.asked += more.asked;
        self.opened += more.opened;
        self.peak += more.peak;
    }

    /// What was counted from `before` to this.
    fn less(self, before: Self) -> Self {
        Self {
            due: self.due.wrapping_sub(before.due),
            sent: self.sent - before.sent,
            replies: self.replies - before.replies,
            lost: self.lost.wrapping_sub(before.lost),
            missing: self.missing - before.missing,
            bytes: Bytes {
                out: self.bytes.out - before.bytes.out,
                back: self.bytes.back - before.bytes.back,
            },
            ..Self::default()
        }
    }
}

/// A time as a number, as the histograms have it.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
