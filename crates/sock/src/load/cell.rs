//! Cell: numbers that one thread writes on the way of every message, and another reads once a second.
//!
//! A lock that nobody else holds still costs two instructions that lock the bus, about 10 ns together,
//! and three of them a message were the largest part of what a message cost beside the kernel. With a
//! single writer none is needed: to add is a load and a store, each whole by itself, and the reader
//! sees numbers that are at most one message apart from each other. They only grow, so that nobody has
//! to set them back: who reads keeps what it has seen, and takes the difference.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use sock_load::Histogram;

/// A number that one thread writes.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    #[inline]
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// To be called by the one writer alone.
    #[inline]
    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// To be called by the one writer alone.
    #[inline]
    pub(super) fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    /// Takes back what was added before; to be called by the one writer alone.
    pub(super) fn sub(&self, less: u64) {
        self.set(self.get().wrapping_sub(less));
    }
}

/// How many times fell where, each to three digits: the places of a [`Histogram`], as cells.
///
/// A power of two is cut into 1,024 equal places; times below 2,048 ns have one each.
pub(super) struct Times(Box<[Cell]>);

/// Bits behind the first one that tell two times apart: 1,024 places for a power of two.
const BITS: u32 = 10;
/// A longer time (19 hours) is counted as this one: no message waits so long.
const LONGEST: u64 = (1 << 46) - 1;
const PLACES: usize = place(LONGEST) + 1;

/// Where a time is counted.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "less than 2,048 is left behind the shift")]
const fn place(ns: u64) -> usize {
    let shift = (ns | 1).ilog2().saturating_sub(BITS);
    ((shift as usize) << BITS) + (ns >> shift) as usize
}

/// The shortest time that is counted there.
const fn shortest(place: usize) -> u64 {
    let shift = (place >> BITS).saturating_sub(1);
    ((place - (shift << BITS)) as u64) << shift
}

impl Times {
    /// To be called by the one writer alone.
    #[inline]
    pub(super) fn record(&self, ns: u64) {
        self.0[place(ns.min(LONGEST))].add(1);
    }

    /// What was counted since somebody saw `seen`, put into `into`.
    pub(super) fn since(&self, seen: &mut Seen, into: &mut Histogram) {
        for (place, (cell, seen)) in self.0.iter().zip(&mut *seen.0).enumerate() {
            let now = cell.get();
            if now != *seen {
                into.record_many(shortest(place), now - *seen);
                *seen = now;
            }
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Cell::default()).collect())
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times").finish_non_exhaustive()
    }
}

/// How far somebody has read [`Times`].
#[derive(Debug)]
pub(super) struct Seen(Box<[u64]>);

impl Default for Seen {
    fn default() -> Self {
        Self(vec![0; PLACES].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_where_a_histogram_counts_it() {
        let (times, mut seen, mut expected) = (Times::default(), Seen::default(), Histogram::new());
        let powers = (0..46).map(|power| 1_u64 << power);
        for ns in powers.flat_map(|ns| [ns - 1, ns, ns + 1, ns + ns / 3, ns + ns / 1_000]) {
            assert!(shortest(place(ns)) <= ns && ns < shortest(place(ns) + 1), "{ns}");
            times.record(ns);
            expected.record(ns);
        }
        let mut found = Histogram::new();
        times.since(&mut seen, &mut found);
        assert_eq!(found, expected);
        assert_eq!(found.steps().collect::<Vec<_>>(), expected.steps().collect::<Vec<_>>());
    }

    #[test]
    fn who_reads_twice_hears_of_each_time_once() {
        let (times, mut seen) = (Times::default(), Seen::default());
        let [mut first, mut second] = [Histogram::new(), Histogram::new()];
        times.record(u64::MAX);
        times.since(&mut seen, &mut first);
        times.record(5);
        times.since(&mut seen, &mut second);
        assert_eq!((first.count(), second.count(), second.max()), (1, 1, Some(5)));
    }
}
