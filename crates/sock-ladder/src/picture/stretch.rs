//! A stretch: rows that follow each other between two folds, and what of them has a moment.

use std::collections::{HashMap, HashSet};

use sock_record::Note;

use super::marks::Mark;
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
    /// The calls, in the order in which they appear, with their entries and exits.
    pub(super) calls: Vec<usize>,
    pub(super) spans: HashMap<usize, (u64, u64)>,
    /// What is said: when, about which call.
    pub(super) notes: Vec<(u64, Option<usize>, &'a Note)>,
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
    /// all.
    pub(super) fn new(scene: &Scene<'_, 'a>, rows: &[&Row], is_first: bool) -> Self {
        let mut stretch = Self::default();
        let mut known: HashSet<usize> = HashSet::new();
        for row in rows {
            let step = &scene.steps[row.step];
            if !matches!(row.share, Share::Arrives(_)) || !known.contains(&row.step) {
                known.insert(row.step);
                stretch.steps.push(row.step);
            }
            stretch.call_of(scene, step);
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
        for span in stretch.spans.values_mut() {
            span.1 = span.1.max(span.0);
        }
        stretch
    }

    fn call_of(&mut self, scene: &Scene<'_, 'a>, step: &Step) {
        let to = step.to.and_then(|to| to.call);
        for call in [step.from.call, to].into_iter().flatten() {
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
            for moment in moments(&scene.steps[step], scene.lanes.all.len()) {
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

/// When and where words stand beside the lanes of a step.
pub(super) fn moments(step: &Step, lanes: usize) -> Vec<Moment> {
    let from = step.from;
    let other = step.to.filter(|to| to.lane != from.lane);
    let mut moments = Vec::with_capacity(2);
    let rightward = other.is_some_and(|to| to.lane > from.lane);
    let outside = from.lane > 0 || lanes == 1;
    if from.is_event() {
        let is_right = if other.is_some() { !rightward } else { outside };
        moments.push(Moment { t: step.depart, touch: from, leaves: true, is_right });
    }
    if let Some(to) = step.to.filter(Touch::is_event) {
        let is_right = if other.is_some() { rightward } else { outside };
        let t = step.arrive.max(step.depart);
        moments.push(Moment { t, touch: to, leaves: false, is_right });
    }
    moments
}
