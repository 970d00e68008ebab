//! Heights: where on the page each moment is.
//!
//! Moments stand in their order. Where something is written beside one it has room for a line; where nothing is, a
//! little. More time makes more room, up to a point; what is far longer than the rest is a break with its length beside it.

/// From one line of words to the next.
const LINE: i32 = 24;
/// A second line of words at the same moment.
const MORE: i32 = 15;
/// Two moments that nothing is written beside.
const STEP: i32 = 4;
/// What long waits add at most without a break, and what a break takes.
const STRETCH: i32 = 16;
const BREAK: i32 = 34;

/// A moment that has a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// In ns since t0.
    pub(super) t: u64,
    /// How many lines of words stand at it, one below the other.
    pub(super) words: i32,
    /// How high the sentences beside it are.
    pub(super) beside: i32,
}

/// The heights of moments.
#[derive(Debug, Default)]
pub(super) struct Heights {
    at: Vec<(u64, i32)>,
    /// Long waits: the height of the middle, how long.
    pub(super) breaks: Vec<(i32, u64)>,
    pub(super) bottom: i32,
    /// Where the sentences that were placed last end.
    beside: i32,
    /// Where the words that were placed last end.
    words: i32,
}

impl Heights {
    pub(super) fn new(top: i32) -> Self {
        Self { bottom: top, words: top - LINE / 2, ..Self::default() }
    }

    /// Places moments below all that were placed before.
    pub(super) fn place(&mut self, mut marks: Vec<Mark>) {
        marks.sort_unstable();
        let merged = marks.chunk_by(|a, b| a.t == b.t).map(|same| Mark {
            t: same[0].t,
            words: same.iter().map(|mark| mark.words).max().unwrap_or(0),
            beside: same.iter().map(|mark| mark.beside).sum(),
        });
        let marks: Vec<Mark> = merged.collect();
        let mut waits: Vec<u64> = marks.windows(2).map(|pair| pair[1].t - pair[0].t).collect();
        waits.sort_unstable();
        let usual = waits.get(waits.len() / 2).copied().unwrap_or(0);
        let span = marks.last().map_or(0, |mark| mark.t) - marks.first().map_or(0, |mark| mark.t);
        // A wait is long when it is long for this picture, and for a person.
        let long = (span / 12).max(usual * 8).max(1_000_000);
        let mut before: Option<u64> = None;
        for mark in marks {
            let wait = before.map_or(0, |before| mark.t - before);
            let mut y = self.bottom + STEP;
            if wait >= long {
                y = y.max(self.words + STEP);
                self.breaks.push((y + BREAK / 2, wait));
                y += BREAK;
            } else {
                let share = wait.saturating_mul(STRETCH.unsigned_abs().into()) / long;
                y += i32::try_from(share).unwrap_or(STRETCH).min(STRETCH);
            }
            if mark.words > 0 {
                y = y.max(self.words + LINE);
            }
            if mark.beside > 0 {
                y = y.max(self.beside);
                self.beside = y + mark.beside;
            }
            if mark.words > 0 {
                self.words = y + MORE * (mark.words - 1);
            }
            self.at.push((mark.t, y));
            self.bottom = y;
            before = Some(mark.t);
        }
    }

    /// Leaves room for something that is no moment, and says where its middle is.
    pub(super) fn room(&mut self, height: i32) -> i32 {
        let top = self.bottom.max(self.words);
        self.bottom = top + height;
        self.words = self.bottom - LINE / 2;
        top + height / 2 + 4
    }

    /// The height of a moment that was placed since `from` moments had been; the nearest one otherwise.
    pub(super) fn of(&self, t: u64, from: usize) -> i32 {
        let at = &self.at[from.min(self.at.len())..];
        let n = at.partition_point(|(placed, _)| *placed < t);
        at.get(n).or(at.last()).map_or(self.bottom, |(_, y)| *y)
    }

    /// How many moments have been placed.
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// Where everything ends, the last sentences among it.
    pub(super) fn end(&self) -> i32 {
        self.bottom.max(self.beside).max(self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(t: u64, words: i32) -> Mark {
        Mark { t, words, beside: 0 }
    }

    #[test]
    fn words_have_room_and_time_has_an_order() {
        let mut heights = Heights::new(0);
        heights.place(vec![mark(30, 1), mark(10, 1), mark(20, 0)]);
        let [a, b, c] = [10, 20, 30].map(|t| heights.of(t, 0));
        assert!(a < b && b < c && c - a >= LINE, "{a} {b} {c}");
    }

    #[test]
    fn words_have_room_below_words_that_sentences_pushed_down() {
        let mut heights = Heights::new(0);
        let beside = |mark: Mark| Mark { beside: 53, ..mark };
        heights.place(vec![beside(mark(10, 1)), beside(mark(11, 1)), mark(12, 1)]);
        let [pushed, below] = [11, 12].map(|t| heights.of(t, 0));
        assert!(below - pushed >= LINE, "{pushed} {below}");
    }

    #[test]
    fn a_break_stands_below_the_second_line_of_words() {
        let mut heights = Heights::new(0);
        let near = (0..20).map(|n| mark(n * 100_000, 2));
        heights.place(near.chain([mark(900_000_000, 1)]).collect());
        let words = heights.of(1_900_000, 0) + MORE;
        assert!(heights.breaks[0].0 - BREAK / 2 > words, "{:?} {words}", heights.breaks);
    }

    #[test]
    fn what_takes_far_longer_is_a_break() {
        let mut heights = Heights::new(0);
        heights
            .place((0..20).map(|n| mark(n * 100_000, 1)).chain([mark(900_000_000, 1)]).collect());
        assert_eq!(heights.breaks.len(), 1);
        assert_eq!(heights.breaks[0].1, 900_000_000 - 1_900_000);
    }
}
