//! Tally: what one worker has counted; its connections write, and the run reads once a second.
//!
//! It lies behind a lock that nobody contends but for a moment each second: each worker has its own.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::io::Errno;
use sock_load::{Bytes, Histogram, Usage};
use sock_proto::Time;
use sock_proto::load::{Cause, Oddity, Turn};

/// What has happened since somebody last looked.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Messages that may still leave; none: any number.
    pub(super) budget: Option<u64>,
    pub(super) counts: Counts,
    /// The latencies of replies.
    pub(super) latency: Histogram,
    pub(super) connect: Histogram,
    pub(super) lateness: Histogram,
    /// What was lost, or could not be connected, by its cause.
    pub(super) errors: BTreeMap<Trouble, u64>,
    /// The first of each oddity.
    pub(super) odd: Vec<Oddity>,
    pub(super) open: u64,
    /// The same when the first connection went because the run ended.
    pub(super) open_at_end: Option<u64>,
    /// The lanes of connections that have ended, where the next ones begin (none: where these did), and
    /// whether they had opened.
    pub(super) ended: Vec<(usize, Option<Turn>, bool)>,
    /// Why the system did not make the call of which we hear next.
    pub(super) errno: Option<Errno>,
    pub(super) last_opened: Option<Time>,
    /// When the last reply that counts had come.
    pub(super) last_reply: Time,
    pub(super) usage: Spent,
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) replies: u64,
    pub(super) lost: u64,
    /// Lost without having been sent, or with the run.
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

impl Tally {
    pub(super) fn new(budget: Option<u64>) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Takes one message off the budget.
    pub(super) fn draw(&mut self) -> bool {
        match &mut self.budget {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    pub(super) fn count(&mut self, trouble: Trouble) {
        *self.errors.entry(trouble).or_default() += 1;
    }

    pub(super) fn connected(&mut self, took: Duration, now: Time) {
        self.open += 1;
        self.last_opened = Some(now);
        self.counts.opened += 1;
        self.counts.peak = self.counts.peak.max(self.open);
        self.connect.record(nanos(took));
    }

    /// Moves all that is counted into `into`, which may hold what other workers have, and begins anew.
    pub(super) fn give(&mut self, into: &mut Sum) {
        let counts = std::mem::take(&mut self.counts);
        self.counts.peak = self.open;
        into.counts.add(counts);
        into.latency.merge(&self.latency);
        self.latency.clear();
        for (trouble, n) in std::mem::take(&mut self.errors) {
            *into.errors.entry(trouble).or_default() += n;
        }
        into.odd.append(&mut self.odd);
        into.open += self.open_at_end.unwrap_or(self.open);
        into.last_reply = into.last_reply.max(self.last_reply);
    }
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
    /// Why TLS has failed first.
    pub(super) tls: Option<String>,
}

impl Sum {
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
}

/// A time as a number, as the histograms have it.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
