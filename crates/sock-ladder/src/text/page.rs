//! The page with lanes: where everything stands, and each row drawn.

use super::Drawing;
use super::canvas::{self, Canvas};
use super::preview::columns;
use super::rails::{Arrow, Below, Rails, WIDEST};
use super::said::{folded, notes_of, remarks, span, with_code, wrap};
use super::stray::{Stray, Tip};
use super::units::Unit;
use super::words::{Label, caption, goal, label};
use crate::plan::fold::Shown;
use crate::plan::rows::{Row, Share};
use crate::plan::steps::{Part, Step, What};
use crate::scene::Scene;

/// Between two lanes a label, or a short caption on an arrow, must fit.
const CLOSEST: usize = 12;

/// What a word or a size beside an outer lane takes: `1,000 B`.
const SHORT: usize = 8;

/// Lanes that are so far apart leave the rest to the words beside them.
const ROOMY: usize = 40;

/// What the time and the outer labels take of a page, about.
const MARGIN: usize = 36;

/// How many lanes fit on a page.
pub(super) fn most_lanes(width: usize) -> usize {
    (width.saturating_sub(MARGIN) / CLOSEST + 1).max(2)
}

struct Page<'p> {
    drawing: &'p Drawing,
    unit: Unit,
    zero: u64,
    rails: Rails,
}

pub(super) fn draw(scene: &Scene<'_, '_>, drawing: &Drawing) -> String {
    let mut text = String::new();
    if !scene.lanes.all.is_empty() {
        let page = Page::new(scene, drawing);
        page.title(scene, &mut text);
        for each in &scene.shown {
            match *each {
                Shown::Row(n) => page.row(scene, &scene.rows[n], &mut text),
                Shown::Fold { first, len, times } => {
                    let said = folded(scene, first, len, times, drawing.ascii);
                    page.rails.fold(&said, &mut text);
                }
            }
        }
        page.rails.bars(page.rails.ink.bar).finish(&mut text);
    }
    for line in remarks(scene) {
        for line in wrap(&line, drawing.width, drawing.ascii) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

impl<'p> Page<'p> {
    fn new(scene: &Scene<'_, '_>, drawing: &'p Drawing) -> Self {
        let ascii = drawing.ascii;
        let (zero, span) = span(scene);
        let unit = Unit::of(span);
        let count = scene.lanes.all.len();
        let bracketed = |row: &Row| {
            let step = &scene.steps[row.step];
            step.from.part != Part::Only || step.to.is_some_and(|to| to.part != Part::Only)
        };
        let rows = scene.shown.iter().filter_map(|each| match *each {
            Shown::Row(n) => Some(&scene.rows[n]),
            Shown::Fold { .. } => None,
        });
        // What the outer labels need, and what they would like to have.
        let (mut needed, mut liked) = ([0, 0], [0, 0]);
        for row in rows.clone() {
            for (lane, label, at_right) in labels(scene, row, ascii) {
                let is_outer = if at_right { lane + 1 == count } else { lane == 0 };
                if is_outer {
                    let side = usize::from(at_right);
                    needed[side] = needed[side].max(label.narrow());
                    liked[side] = liked[side].max(columns(&label.line()));
                }
            }
        }
        let time = columns(&unit.show(span, ascii));
        // Lane, space, words; or lane, space, bracket, space, words.
        let beside = if rows.clone().any(bracketed) { 4 } else { 3 };
        let apart = (time + 2 + 2 * beside) + ROOMY * (count - 1);
        let is_roomy = drawing.width >= apart + liked[0] + liked[1];
        let [mut left, mut right] = if is_roomy { liked } else { needed };
        // Where the words beside the outer lanes are long, the lanes have to have room between them all the same.
        let taken = time + 2 + 2 * beside + CLOSEST * (count - 1);
        let most = (drawing.width.saturating_sub(taken) / 2).max(SHORT);
        (left, right) = (left.min(most), right.min(most));
        let first = time + 2 + if left == 0 { 3 } else { left + beside - 1 };
        let last = drawing.width.saturating_sub(if right == 0 { 1 } else { right + beside });
        let gap = match count - 1 {
            0 => 0,
            gaps => (last.saturating_sub(first) / gaps).clamp(4, WIDEST),
        };
        let ink = if ascii { &canvas::ASCII } else { &canvas::UNICODE };
        let lanes = (0..count).map(|n| first + n * gap).collect();
        let rails = Rails { ink, ascii, width: drawing.width, time, lanes, gap, beside };
        Self { drawing, unit, zero, rails }
    }

    fn title(&self, scene: &Scene<'_, '_>, text: &mut String) {
        let lanes = &scene.lanes.all;
        self.rails.names(lanes.iter().map(|lane| &*lane.name), text);
        if lanes.iter().any(|lane| !lane.under.is_empty()) {
            self.rails.names(lanes.iter().map(|lane| &*lane.under), text);
        }
        self.rails.bars(self.rails.ink.bar).finish(text);
    }

    fn row(&self, scene: &Scene<'_, '_>, row: &Row, text: &mut String) {
        let step = &scene.steps[row.step];
        let (rails, ascii) = (&self.rails, self.drawing.ascii);
        let mut canvas = rails.bars(rails.ink.bar);
        rails.time(&mut canvas, &self.unit.show(row.t.saturating_sub(self.zero), ascii));
        if let Some(to) = step.to.filter(|to| to.lane != step.from.lane) {
            let arrow = Arrow {
                from: step.from.lane,
                to: to.lane,
                share: row.share,
                unmet: to.missing && to.call.is_none(),
                unsent: step.from.missing && step.from.call.is_none(),
                dashed: step.peek || step.guess,
                reset: matches!(step.what, What::Rst | What::Refused),
            };
            rails.arrow(&mut canvas, arrow, |room| {
                caption(scene.story, scene.joined, step, room, ascii)
            });
        }
        if step.is_stray() {
            let stray = Stray {
                from: step.from.lane,
                rightward: scene.strays_right(step.from.lane),
                end: Tip::of(step.what),
            };
            let goal = goal(scene.story, step);
            rails.stray(&mut canvas, stray, goal, |room| {
                caption(scene.story, scene.joined, step, room, ascii)
            });
        }
        let mut rest: Vec<Below> = Vec::new();
        for (lane, label, at_right) in labels(scene, row, ascii) {
            rest.extend(rails.label(&mut canvas, (lane, at_right), &label, usize::MAX));
        }
        self.brackets(&mut canvas, step, row.share);
        canvas.finish(text);
        rails.below(&rest, text);
        for note in notes_of(scene, row) {
            rails.note(&note.level, &with_code(note, self.drawing.explain), text);
        }
    }

    fn brackets(&self, canvas: &mut Canvas, step: &Step, share: Share) {
        let Some(to) = step.to.filter(|to| to.lane != step.from.lane) else { return };
        let rightward = to.lane > step.from.lane;
        if !matches!(share, Share::Arrives(_)) && step.from.call.is_some() {
            self.rails.bracket(canvas, step.from.lane, step.from.part, !rightward);
        }
        if !matches!(share, Share::Departs(_)) && to.call.is_some() {
            self.rails.bracket(canvas, to.lane, to.part, rightward);
        }
    }
}

/// The labels of a row: lane, words, and whether they stand right of the lane.
fn labels(scene: &Scene<'_, '_>, row: &Row, ascii: bool) -> Vec<(usize, Label, bool)> {
    let step = &scene.steps[row.step];
    let (from, to) = (step.from, step.to);
    let later = row.later(step);
    let Some(to) = to.filter(|to| to.lane != from.lane) else {
        // What stays on its lane stands on the outside; what a lane sent itself is two calls.
        let mut label_text = label(scene, &from, true, ascii);
        if let Some(to) = to.map(|to| label(scene, &to, false, ascii).later(later, ascii)) {
            let arrow = if ascii { "->" } else { "→" };
            label_text.words = format!("{} {arrow} {}", label_text.line(), to.line());
            label_text.more = Vec::new();
        }
        let at_right = if step.is_stray() {
            !scene.strays_right(from.lane)
        } else {
            scene.stands_right(from.lane)
        };
        return vec![(from.lane, label_text, at_right)];
    };
    let rightward = to.lane > from.lane;
    let mut labels = Vec::new();
    if !matches!(row.share, Share::Arrives(_)) {
        labels.push((from.lane, label(scene, &from, true, ascii), !rightward));
    }
    if !matches!(row.share, Share::Departs(_)) {
        labels.push((to.lane, label(scene, &to, false, ascii).later(later, ascii), rightward));
    }
    labels
}
