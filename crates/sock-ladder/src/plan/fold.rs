//! Folding: what repeats is shown at its beginning and its end, and counted in between.

use std::collections::HashMap;

use super::rows::Row;

/// The longest pattern that is looked for, in rows.
const LONGEST: usize = 8;

/// How many rows a fold must save to be worth its own.
const WORTH: usize = 4;

/// What a ladder shows in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The row of this index.
    Row(usize),
    /// `times` repetitions of the `len` rows before, the first of which is the row `first`.
    Fold { first: usize, len: usize, times: usize },
}

/// Folds rows whose shapes repeat. Equal shapes must be equal numbers.
pub(crate) fn fold(shapes: &[u32]) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut at = 0;
    while at < shapes.len() {
        let best = (1..=LONGEST).find_map(|len| {
            let times = repeats(&shapes[at..], len);
            // The first and the last repetition stay visible.
            (times > 2 && (times - 2) * len >= WORTH).then_some((len, times))
        });
        let Some((len, times)) = best else {
            shown.push(Shown::Row(at));
            at += 1;
            continue;
        };
        shown.extend((at..at + len).map(Shown::Row));
        shown.push(Shown::Fold { first: at + len, len, times: times - 2 });
        at += len * times;
        shown.extend((at - len..at).map(Shown::Row));
    }
    shown
}

/// How often the first `len` shapes follow each other.
fn repeats(shapes: &[u32], len: usize) -> usize {
    let Some(pattern) = shapes.get(..len) else { return 0 };
    shapes.chunks_exact(len).take_while(|chunk| *chunk == pattern).count()
}

/// Numbers shapes in the order in which they appear.
#[derive(Debug)]
pub(crate) struct Shapes<S> {
    known: HashMap<S, u32>,
    /// The latest ones, in a ring: what repeats is found among them, and comparing is less work than hashing.
    latest: Vec<(S, u32)>,
    next: usize,
}

impl<S: std::hash::Hash + Eq + Clone> Shapes<S> {
    pub(crate) fn new() -> Self {
        Self { known: HashMap::new(), latest: Vec::with_capacity(LONGEST), next: 0 }
    }

    pub(crate) fn number(&mut self, shape: S) -> u32 {
        if let Some((_, number)) = self.latest.iter().find(|(latest, _)| *latest == shape) {
            return *number;
        }
        let new = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry(shape.clone()).or_insert(new);
        if self.latest.len() < LONGEST {
            self.latest.push((shape, number));
        } else {
            self.latest[self.next] = (shape, number);
            self.next = (self.next + 1) % LONGEST;
        }
        number
    }
}

/// The median time that one of `times` repetitions of `len` rows took, in ns, by when each row's step arrived.
pub(crate) fn median(rows: &[Row], arrive: impl Fn(&Row) -> u64, len: usize, times: usize) -> u64 {
    let mut took: Vec<u64> = rows
        .chunks_exact(len)
        .take(times)
        .map(|chunk| {
            let start = chunk.iter().map(|row| row.t).min().unwrap_or(0);
            chunk.iter().map(&arrive).max().unwrap_or(0).saturating_sub(start)
        })
        .collect();
    let middle = took.len() / 2;
    if took.is_empty() { 0 } else { *took.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(shapes: &[u32]) -> Vec<Shown> {
        fold(shapes)
    }

    #[test]
    fn repetitions_keep_their_first_and_last() {
        let rows = Shown::Row;
        assert_eq!(
            folded(&[7, 1, 2, 1, 2, 1, 2, 1, 2, 9]),
            [
                rows(0),
                rows(1),
                rows(2),
                Shown::Fold { first: 3, len: 2, times: 2 },
                rows(7),
                rows(8),
                rows(9)
            ]
        );
    }

    #[test]
    fn what_saves_nothing_is_not_folded() {
        assert_eq!(folded(&[1, 1, 1, 1]), (0..4).map(Shown::Row).collect::<Vec<_>>());
        assert_eq!(folded(&[]), []);
    }

    #[test]
    fn the_shortest_pattern_wins() {
        assert_eq!(
            folded(&[5; 10]),
            [Shown::Row(0), Shown::Fold { first: 1, len: 1, times: 8 }, Shown::Row(9)]
        );
    }
}
