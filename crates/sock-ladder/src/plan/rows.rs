//! Rows: the steps in an order that every lane agrees with.
//!
//! A step is one row where it can be: it leaves its sender and reaches its receiver, and neither lane had anything else
//! in between. Where things crossed, one row cannot be true for both lanes, so the step becomes two: it departs under a
//! number, and arrives under that number when the receiver's own order has come so far.
//!
//! Every lane is a queue of its touches by time. The earliest head goes first; a step whose both touches are heads is a
//! whole row, one whose arrival is still behind something is split. Should the clocks of two writers contradict each
//! other so much that every head waits for another, the earliest arrives before it departs.

use super::steps::{Step, Touch, Untold};

/// How much of a step a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    Whole,
    /// It left, under this number.
    Departs(u32),
    /// It came, under this number.
    Arrives(u32),
}

/// One row of a ladder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) step: usize,
    pub(crate) share: Share,
    /// In ns since t0.
    pub(crate) t: u64,
}

/// A row has one time, that of what left. What came so much later, in ns, says so: anybody can tell that from at once.
pub(crate) const LATE: u64 = 10_000_000;

impl Row {
    /// By how much later than the row's time what it shows was met by a call, in ns, where that is worth a word.
    pub(crate) fn later(&self, step: &Step) -> Option<u64> {
        let is_met = step.to.is_some_and(|to| to.call.is_some());
        let by = step.arrive.saturating_sub(self.t);
        (is_met && self.share == Share::Whole && by >= LATE).then_some(by)
    }
}

#[derive(Clone, Copy)]
struct Entry {
    step: usize,
    leaves: bool,
}

impl Entry {
    /// When, at which call, and which of the call's touches: a send's by their arrival, a receive's by their bytes.
    fn key(&self, step: &Step) -> (u64, usize, u64, u64) {
        let to_call = step.to.filter(Touch::is_event).and_then(|to| to.call);
        let order = |call: Option<usize>, other: Option<usize>| call.or(other).unwrap_or(0);
        if self.leaves {
            (step.depart, order(step.from.call, to_call), step.taken(), step.start())
        } else {
            (step.arrive, order(to_call, step.from.call), step.start(), 0)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Left(u32),
    Came(u32),
}

/// The rows of `steps` on `lanes` lanes.
pub(crate) fn rows(steps: &[Step], lanes: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(steps.len());
    let mut states = vec![State::Waits; steps.len()];
    // Which arrow is cut; what it is called is settled when it is known which of them are shown.
    let mut cuts = 0..;
    let queues = queues(steps, lanes);
    let mut heads = vec![0_usize; queues.len()];
    loop {
        let is_head = |heads: &[usize], lane: usize, step: usize, leaves: bool| {
            let entry = queues[lane].get(heads[lane]);
            entry.is_some_and(|entry| entry.step == step && entry.leaves == leaves)
        };
        let mut best: Option<(bool, u64, bool, usize)> = None;
        for (lane, queue) in queues.iter().enumerate() {
            let Some(entry) = queue.get(heads[lane]) else { continue };
            let step = &steps[entry.step];
            // An arrival has to wait for its departure, if that is an event of its own.
            let waits = !entry.leaves
                && step.from.is_event()
                && states[entry.step] == State::Waits
                && !is_head(&heads, step.from.lane, entry.step, true);
            // At the same moment, what can be one row goes first.
            let splits = step.to.is_some_and(|to| {
                to.is_event() && entry.leaves && !is_head(&heads, to.lane, entry.step, false)
            });
            let choice = (waits, turn(step, entry, states[entry.step]), splits, lane);
            best = Some(best.map_or(choice, |best| best.min(choice)));
        }
        let Some((waits, t, _, lane)) = best else { return rows };
        let entry = queues[lane][heads[lane]];
        let (n, step) = (entry.step, &steps[entry.step]);
        let to = step.to.filter(Touch::is_event);
        let share = match states[n] {
            State::Left(number) => {
                heads[lane] += 1;
                Share::Arrives(number)
            }
            State::Came(number) => {
                heads[lane] += 1;
                Share::Departs(number)
            }
            State::Waits if waits => {
                heads[lane] += 1;
                let number = cuts.next().unwrap_or(u32::MAX);
                states[n] = State::Came(number);
                Share::Arrives(number)
            }
            State::Waits => {
                let blocked = to.is_some_and(|to| {
                    let is_next = is_head(&heads, to.lane, n, false) && !is_met_late(step);
                    !is_next && to.lane != step.from.lane
                });
                if step.from.is_event() {
                    heads[step.from.lane] += 1;
                }
                if blocked {
                    let number = cuts.next().unwrap_or(u32::MAX);
                    states[n] = State::Left(number);
                    Share::Departs(number)
                } else {
                    if let Some(to) =
                        to.filter(|to| to.lane != step.from.lane || !step.from.is_event())
                    {
                        heads[to.lane] += 1;
                    }
                    Share::Whole
                }
            }
        };
        rows.push(Row { step: n, share, t });
    }
}

/// Whether a system's answer was met so late that it has two rows: no program knew of it before.
fn is_met_late(step: &Step) -> bool {
    step.from.word == Some(Untold::Answer) && step.arrive.saturating_sub(step.depart) >= LATE
}

/// When an entry is due: a step that is still whole, when it left.
fn turn(step: &Step, entry: &Entry, state: State) -> u64 {
    match state {
        // What no call of the other side sent stands where it is met: the words beside it are those of that call.
        State::Waits if step.from.is_event() => step.depart.min(step.arrive),
        State::Waits => step.arrive,
        State::Left(_) | State::Came(_) => entry.key(step).0,
    }
}

fn queues(steps: &[Step], lanes: usize) -> Vec<Vec<Entry>> {
    let mut queues = vec![Vec::new(); lanes.max(1)];
    for (n, step) in steps.iter().enumerate() {
        if step.from.is_event() {
            queues[step.from.lane].push(Entry { step: n, leaves: true });
        }
        // What a lane sends itself is one touch.
        let to = step.to.filter(Touch::is_event);
        if let Some(to) = to.filter(|to| to.lane != step.from.lane || !step.from.is_event()) {
            queues[to.lane].push(Entry { step: n, leaves: false });
        }
    }
    for queue in &mut queues {
        // Most of it is in order already, and such a sort only looks that it is.
        queue.sort_by_key(|entry| (entry.key(&steps[entry.step]), entry.step));
    }
    queues
}

/// Gives the arrows that are cut in two their numbers, in the order in which those of `rows` are shown that `shown` says.
///
/// A number stands for one arrow, as long as two digits are enough; then the smallest one is next whose arrow has arrived.
pub(crate) fn number_cuts(rows: &mut [Row], shown: impl Iterator<Item = usize>) {
    let cut = |row: &Row| match row.share {
        Share::Whole => None,
        Share::Departs(cut) | Share::Arrives(cut) => Some(cut as usize),
    };
    let Some(most) = rows.iter().filter_map(cut).max() else { return };
    let mut given = vec![0; most + 1];
    let mut numbers = Numbers::default();
    for n in shown {
        let (Share::Departs(cut) | Share::Arrives(cut)) = &mut rows[n].share else { continue };
        let number = &mut given[*cut as usize];
        if *number == 0 {
            *number = numbers.take();
        } else {
            numbers.free(*number);
        }
        *cut = *number;
    }
}

/// The largest number of two digits.
const SHORT: u32 = 99;

/// Numbers for arrows that are cut.
#[derive(Default)]
struct Numbers {
    free: std::collections::BTreeSet<u32>,
    used: u32,
}

impl Numbers {
    fn take(&mut self) -> u32 {
        let again = if self.used < SHORT { None } else { self.free.pop_first() };
        again.unwrap_or_else(|| {
            self.used += 1;
            self.used
        })
    }

    fn free(&mut self, number: u32) {
        self.free.insert(number);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::steps::What;

    const LANES: usize = 4;

    fn touch(lane: usize, call: Option<usize>) -> Touch {
        Touch { call, ..Touch::bare(lane) }
    }

    /// Steps at times that may contradict each other, to lanes that may be the sender's own, from calls or ghosts.
    fn step() -> impl Strategy<Value = Step> {
        let end = || (0..LANES, prop::option::weighted(0.8, 0_usize..40));
        (end(), prop::option::weighted(0.9, end()), 0_u64..50, 0_u64..50).prop_map(
            |(from, to, depart, arrive)| Step {
                what: What::Fin,
                from: touch(from.0, from.1),
                to: to.map(|to| touch(to.0, to.1)),
                depart,
                arrive,
                peek: false,
                guess: false,
            },
        )
    }

    #[test]
    fn a_number_stands_for_one_cut_until_two_digits_are_not_enough() {
        let row = |step: usize, share: Share| Row { step, share, t: 0 };
        let mut rows: Vec<Row> = (0..200)
            .flat_map(|n| {
                [Share::Departs(n), Share::Arrives(n)].map(|share| row(n as usize, share))
            })
            .collect();
        let all = rows.len();
        // The first two cuts are not shown.
        number_cuts(&mut rows, 4..all);
        let numbers: Vec<Share> = rows[4..].iter().map(|row| row.share).collect();
        for (n, pair) in (1..).zip(numbers.chunks(2)) {
            let number = if n <= 99 { n } else { 1 };
            assert_eq!(pair, [Share::Departs(number), Share::Arrives(number)]);
        }
    }

    proptest! {
        #[test]
        fn every_lane_keeps_its_own_order_and_every_step_is_shown_once(
            steps in prop::collection::vec(step(), 0..40),
        ) {
            // A step that touches nobody has no place.
            let steps: Vec<Step> = steps
                .into_iter()
                .filter(|step| step.from.is_event() || step.to.is_some_and(|to| to.is_event()))
                .collect();
            let rows = rows(&steps, LANES);
            let (mut whole, mut left, mut came) = (vec![0; steps.len()], vec![None; steps.len()], vec![None; steps.len()]);
            let mut seen: Vec<Vec<(usize, bool)>> = vec![Vec::new(); LANES];
            for row in &rows {
                let step = &steps[row.step];
                let to = step.to.filter(Touch::is_event);
                let own = to.is_some_and(|to| to.lane == step.from.lane) && step.from.is_event();
                let (leaves, arrives) = match row.share {
                    Share::Whole => {
                        whole[row.step] += 1;
                        (true, true)
                    }
                    Share::Departs(n) => {
                        prop_assert_eq!(left[row.step].replace(n), None);
                        (true, false)
                    }
                    Share::Arrives(n) => {
                        prop_assert_eq!(came[row.step].replace(n), None);
                        (false, true)
                    }
                };
                if leaves && step.from.is_event() {
                    seen[step.from.lane].push((row.step, true));
                }
                if let Some(to) = to.filter(|_| arrives && !own) {
                    seen[to.lane].push((row.step, false));
                }
            }
            for n in 0..steps.len() {
                prop_assert_eq!(left[n], came[n]);
                prop_assert_eq!(whole[n] + usize::from(left[n].is_some()), 1);
            }
            let queues = queues(&steps, LANES);
            for (seen, queue) in seen.iter().zip(&queues) {
                let own: Vec<(usize, bool)> = queue.iter().map(|entry| (entry.step, entry.leaves)).collect();
                prop_assert_eq!(seen, &own);
            }
        }
    }
}
