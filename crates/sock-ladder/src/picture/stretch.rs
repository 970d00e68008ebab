//! A stretch: rows that follow each other between two folds, and what of them has a moment.

use std::collections::HashMap;

use sock_record::Note;

use super::marks::Mark;
use crate::plan::fold::Shown;
use crate::plan::rows::{Row, Share};
use crate::plan::steps::{Step, Touch};
use crate::scene::Scene;
use crate::text::{label, notes_of};

/// Words beside a lane that are longer, in characters, have a second line.
pub(super) const LABEL: usize = 24;

/// Rows that follow each other.
#[derive(Default)]
pub(super) struct Stretch<'a> {
    /// The steps, each once: one that crosses others is two rows and one arrow.
    pub(super) steps: Vec<usize>,
    /// Those of which only a half is here.
    halves: HashMap<usize, Half>,
    /// The calls, in the order in which they appear, with their entries and exits.
    pub(super) calls: Vec<usize>,
    pub(super) spans: HashMap<usize, (u64, u64)>,
    /// What is said: when, about which call.
    pub(super) notes: Vec<(u64, Option<usize>, &'a Note)>,
}

/// The rows between folds, each with the fold behind it; the last has none.
///
/// What arrives when a later stretch has begun arrives there: the time of a page never runs back.
pub(super) fn stretches(scene: &Scene<'_, '_>, shown: &[Shown]) -> Vec<(Vec<Row>, Option<Shown>)> {
    let mut all: Vec<(Vec<Row>, Option<Shown>)> = vec![(Vec::new(), None)];
    for each in shown {
        let Some(last) = all.last_mut() else { continue };
        match *each {
            Shown::Row(n) => last.0.push(scene.rows[n]),
            Shown::Fold { .. } => {
                last.1 = Some(*each);
                all.push((Vec::new(), None));
            }
        }
    }
    let start = |rows: &Vec<Row>| rows.iter().map(|row| row.t).min().unwrap_or(u64::MAX);
    let starts: Vec<u64> = all.iter().map(|(rows, _)| start(rows)).collect();
    let numbers = all.iter().flat_map(|(rows, _)| rows).map(|row| match row.share {
        Share::Whole => 0,
        Share::Departs(n) | Share::Arrives(n) => n,
    });
    let mut number = numbers.max().unwrap_or(0);
    for n in 0..all.len() {
        for row in 0..all[n].0.len() {
            let own = all[n].0[row];
            let arrive = scene.steps[own.step].arrive;
            let is_met = scene.steps[own.step].to.is_some_and(|to| to.is_event());
            let later = (n + 1..all.len()).rev().find(|&later| starts[later] <= arrive);
            let Some(later) = later.filter(|_| is_met && own.share == Share::Whole) else {
                continue;
            };
            number += 1;
            all[n].0[row].share = Share::Departs(number);
            let rows = &mut all[later].0;
            let at = rows.partition_point(|row| row.t <= arrive);
            rows.insert(at, Row { share: Share::Arrives(number), t: arrive, ..own });
        }
    }
    all
}

/// How much of a step stands in a stretch: of one that crosses others, what belongs to its other half may be somewhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Both,
    /// It leaves here, and arrives elsewhere under this number.
    Leaves(u32),
    /// It arrives here, and left elsewhere under this number.
    Comes(u32),
}

impl Half {
    fn leaves(self) -> bool {
        !matches!(self, Self::Comes(_))
    }

    fn comes(self) -> bool {
        !matches!(self, Self::Leaves(_))
    }
}

/// A moment at which something is written beside a lane.
pub(super) struct Moment {
    pub(super) t: u64,
    pub(super) touch: Touch,
    pub(super) leaves: bool,
    pub(super) is_right: bool,
}

impl<'a> Stretch<'a> {
    /// Gathers rows. Waiting that began before the first of them is drawn from there on, unless the rows are the first of
    /// all; and what goes on behind the last of them ends there, unless they are the last of all.
    pub(super) fn new(scene: &Scene<'_, 'a>, rows: &[Row], [is_first, is_last]: [bool; 2]) -> Self {
        let mut stretch = Self::default();
        for row in rows {
            match (row.share, stretch.halves.remove(&row.step)) {
                (Share::Whole, _) => stretch.steps.push(row.step),
                (Share::Departs(n), None) => {
                    stretch.halves.insert(row.step, Half::Leaves(n));
                    stretch.steps.push(row.step);
                }
                (Share::Arrives(n), None) => {
                    stretch.halves.insert(row.step, Half::Comes(n));
                    stretch.steps.push(row.step);
                }
                // Both halves are here.
                (Share::Departs(_) | Share::Arrives(_), Some(_)) => {}
            }
        }
        for row in rows {
            let step = &scene.steps[row.step];
            stretch.call_of(scene, step, stretch.half(row.step));
            for note in notes_of(scene, row) {
                let (to, from) = (step.to.and_then(|to| to.call), step.from.call);
                let is_about = |call: &usize| Some(scene.story.calls[*call].ev) == note.ev;
                let is_later = to.as_ref().is_some_and(is_about);
                let t = if is_later { step.arrive.max(step.depart) } else { step.depart };
                stretch.notes.push((t, if is_later { to } else { from }, note));
            }
        }
        stretch.notes.sort_by_key(|note| note.0);
        if !is_first {
            let start = rows.iter().map(|row| scene.steps[row.step].depart).min().unwrap_or(0);
            for span in stretch.spans.values_mut() {
                span.0 = span.0.max(start);
            }
        }
        if !is_last {
            let moments = stretch.steps.iter().flat_map(|&n| {
                moments(scene, &scene.steps[n], stretch.half(n)).into_iter().map(|at| at.t)
            });
            let end = moments.max().unwrap_or(u64::MAX);
            for span in stretch.spans.values_mut() {
                span.1 = span.1.min(end);
            }
        }
        for span in stretch.spans.values_mut() {
            span.1 = span.1.max(span.0);
        }
        stretch
    }

    /// How much of a step stands here.
    pub(super) fn half(&self, step: usize) -> Half {
        self.halves.get(&step).copied().unwrap_or(Half::Both)
    }

    fn call_of(&mut self, scene: &Scene<'_, 'a>, step: &Step, half: Half) {
        let from = step.from.call.filter(|_| half.leaves());
        let to = step.to.and_then(|to| to.call).filter(|_| half.comes());
        for call in [from, to].into_iter().flatten() {
            let line = scene.story.calls[call];
            let span = self.spans.entry(call).or_insert_with(|| {
                self.calls.push(call);
                (scene.story.waits.since(call, line), scene.story.until(call))
            });
            // What was written down late arrives no earlier than it left.
            if to == Some(call) {
                span.1 = span.1.max(step.arrive.max(step.depart));
            }
        }
    }

    /// Its moments, with the room that words and sentences need; `high` says how high a sentence is.
    pub(super) fn marks(
        &self,
        scene: &Scene<'_, '_>,
        ascii: bool,
        high: impl Fn(&Note) -> i32,
    ) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut lines: HashMap<(u64, usize, bool), i32> = HashMap::new();
        for &step in &self.steps {
            for moment in moments(scene, &scene.steps[step], self.half(step)) {
                let text = label(scene, &moment.touch, moment.leaves, ascii);
                let words =
                    lines.entry((moment.t, moment.touch.lane, moment.is_right)).or_insert(0);
                *words += i32::try_from(text.lines(LABEL).len()).unwrap_or(1);
                marks.push(Mark { t: moment.t, words: (*words).max(1), beside: 0 });
            }
        }
        marks.extend(self.notes.iter().map(|(t, _, note)| Mark {
            t: *t,
            words: 0,
            beside: high(note),
        }));
        let ends = self.spans.values().flat_map(|&(enter, exit)| [enter, exit]);
        marks.extend(ends.map(|t| Mark { t, words: 0, beside: 0 }));
        marks
    }
}

/// When and where words stand beside the lanes of a step, as far as it stands here.
pub(super) fn moments(scene: &Scene<'_, '_>, step: &Step, half: Half) -> Vec<Moment> {
    let from = step.from;
    let other = step.to.filter(|to| to.lane != from.lane);
    let mut moments = Vec::with_capacity(2);
    let rightward = match other {
        Some(to) => to.lane > from.lane,
        None => scene.strays_right(from.lane),
    };
    let leads = other.is_some() || step.is_stray();
    let outside = scene.stands_right(from.lane);
    if from.is_event() && half.leaves() {
        let is_right = if leads { !rightward } else { outside };
        moments.push(Moment { t: step.depart, touch: from, leaves: true, is_right });
    }
    if let Some(to) = step.to.filter(|to| to.is_event() && half.comes()) {
        let is_right = if leads { rightward } else { outside };
        let t = step.arrive.max(step.depart);
        moments.push(Moment { t, touch: to, leaves: false, is_right });
    }
    moments
}
