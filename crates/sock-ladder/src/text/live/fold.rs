//! What repeats, and what comes faster than anybody reads, is counted instead of drawn.
//!
//! A pattern that was drawn twice is held back from then on. When something else comes, or nothing, it is said how often
//! it came; its last round is drawn as the first ones were.

use std::collections::VecDeque;

use super::row::Row;

/// The longest pattern that is looked for, in rows.
const LONGEST: usize = 8;
/// How many rows a fold must save to be worth its own.
const WORTH: usize = 4;
/// Rounds further apart than this, in ns, are drawn as they come: who watches waits for them.
const QUICK: u64 = 250_000_000;
/// How often it is said how often something came so far, in ns.
const SAID_EVERY: u64 = 1_000_000_000;
/// So many rows a second are drawn, and as many at once. Nobody reads more, and a terminal costs time.
const ROWS: u64 = 200;
/// So many rounds are timed for the median.
const TIMED: usize = 4096;

/// What is drawn.
#[derive(Debug)]
pub(super) enum Shown {
    Row(Box<Row>),
    /// What stood above came so often more; `goes_on`: that is not all.
    Fold {
        times: u64,
        median: u64,
        goes_on: bool,
    },
    /// So many rows were too many.
    Skipped(u64),
}

/// Rows on their way to the page.
#[derive(Debug)]
pub(super) struct Fold {
    is_wanted: bool,
    /// The shapes of the latest rows, and when each arrived.
    recent: VecDeque<(u64, u64)>,
    run: Option<Run>,
    /// How many rows may be drawn at once by now, in billionths; and when that was counted.
    room: u64,
    counted: u64,
    skipped: u64,
}

/// A pattern that comes again and again.
#[derive(Debug)]
struct Run {
    pattern: Vec<u64>,
    /// Rows that are held back: of whole rounds, and of the one that has begun.
    held: VecDeque<Row>,
    /// Rounds that are not held any more.
    gone: u64,
    /// Rounds of which it was said that they came.
    said: u64,
    said_at: u64,
    took: Vec<u64>,
}

impl Fold {
    pub(super) fn new(is_wanted: bool) -> Self {
        let room = ROWS * 1_000_000_000;
        Self { is_wanted, recent: VecDeque::new(), run: None, room, counted: 0, skipped: 0 }
    }

    pub(super) fn push(&mut self, row: Row) -> Vec<Shown> {
        if !self.is_wanted {
            return vec![Shown::Row(Box::new(row))];
        }
        let shape = row.shape();
        let mut shown = Vec::new();
        let latest = self.recent.back().map_or(0, |latest| latest.1);
        if let Some(run) = &mut self.run {
            let is_next = run.pattern[run.held.len() % run.pattern.len()] == shape;
            if is_next && row.arrive.saturating_sub(latest) < QUICK {
                self.remember(shape, row.arrive);
                if let Some(run) = &mut self.run {
                    run.hold(row);
                }
                return shown;
            }
            shown = self.settle();
        }
        self.remember(shape, row.arrive);
        self.draw(row, &mut shown);
        self.run = self.repeats();
        shown
    }

    /// Draws what is held back.
    pub(super) fn settle(&mut self) -> Vec<Shown> {
        let mut shown = Vec::new();
        let Some(run) = self.run.take() else { return shown };
        let len = run.pattern.len();
        let whole = run.held.len() / len;
        // The last round is drawn; what is said to have come so far is said no more.
        let times = (run.gone + whole as u64).saturating_sub(1);
        let mut held = run.held;
        if run.gone > 0 || (whole.saturating_sub(1)) * len >= WORTH {
            let mut took = run.took;
            let middle = took.len() / 2;
            let median = if took.is_empty() { 0 } else { *took.select_nth_unstable(middle).1 };
            shown.push(Shown::Fold { times, median, goes_on: false });
            held.drain(..(whole.saturating_sub(1)) * len);
        }
        for row in held {
            self.draw(row, &mut shown);
        }
        shown
    }

    /// Draws what is held back too long, and says what goes on for long.
    pub(super) fn look(&mut self, now: u64) -> Vec<Shown> {
        let latest = self.recent.back().map_or(0, |latest| latest.1);
        let mut shown = Vec::new();
        if now.saturating_sub(latest) >= QUICK {
            shown = self.settle();
            if self.skipped > 0 {
                shown.push(Shown::Skipped(std::mem::take(&mut self.skipped)));
            }
        }
        if let Some(run) = &mut self.run
            && run.gone > run.said
            && now.saturating_sub(run.said_at) >= SAID_EVERY
        {
            (run.said, run.said_at) = (run.gone, now);
            shown.push(Shown::Fold { times: run.gone, median: 0, goes_on: true });
        }
        shown
    }

    /// Draws a row where there is room for it.
    fn draw(&mut self, row: Row, shown: &mut Vec<Shown>) {
        let most = ROWS * 1_000_000_000;
        let since = row.arrive.saturating_sub(self.counted);
        self.counted = self.counted.max(row.arrive);
        self.room = self.room.saturating_add(since.saturating_mul(ROWS)).min(most);
        // Who has skipped rows goes on when there is room for some.
        let needed = if self.skipped > 0 { most / 4 } else { 1_000_000_000 };
        if self.room < needed {
            self.skipped += 1;
            return;
        }
        self.room -= 1_000_000_000;
        if self.skipped > 0 {
            shown.push(Shown::Skipped(std::mem::take(&mut self.skipped)));
        }
        shown.push(Shown::Row(Box::new(row)));
    }

    /// How many rows the pattern has that is held back.
    #[cfg(test)]
    pub(super) fn pattern(&self) -> usize {
        self.run.as_ref().map_or(1, |run| run.pattern.len())
    }

    fn remember(&mut self, shape: u64, arrive: u64) {
        if self.recent.len() == 2 * LONGEST {
            self.recent.pop_front();
        }
        self.recent.push_back((shape, arrive));
    }

    /// A run begins where the latest rows are the same as those before them.
    fn repeats(&self) -> Option<Run> {
        let n = self.recent.len();
        let at = |n: usize| self.recent[n];
        let is_twice = |len: &usize| {
            let start = n.checked_sub(2 * len);
            start.is_some_and(|start| {
                (start..start + len).all(|n| at(n).0 == at(n + len).0)
                    && at(n - 1).1.saturating_sub(at(start).1) < QUICK
            })
        };
        let len = (1..=LONGEST).find(is_twice)?;
        Some(Run {
            pattern: (n - len..n).map(|n| at(n).0).collect(),
            held: VecDeque::new(),
            gone: 0,
            said: 0,
            said_at: at(n - 1).1,
            took: Vec::new(),
        })
    }
}

impl Run {
    fn hold(&mut self, row: Row) {
        let len = self.pattern.len();
        let arrive = row.arrive;
        self.held.push_back(row);
        if !self.held.len().is_multiple_of(len) {
            return;
        }
        if self.took.len() < TIMED {
            let begun = self.held[self.held.len() - len].t;
            self.took.push(arrive.saturating_sub(begun));
        }
        // A few rounds are kept whole: where it ends soon there is nothing to fold.
        if self.held.len() > WORTH + 2 * len {
            self.held.drain(..len);
            self.gone += 1;
        }
    }
}
