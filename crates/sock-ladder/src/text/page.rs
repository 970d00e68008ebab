//! The page with lanes: where everything stands, and each row drawn.

use sock_record::{Level, Note};

use super::Drawing;
use super::canvas::{self, Canvas, Ink};
use super::preview::{columns, plain};
use super::said::{folded, notes_of, remarks, span, with_code, wrap};
use super::units::Unit;
use super::words::{caption, label};
use crate::plan::fold::Shown;
use crate::plan::rows::{Row, Share};
use crate::plan::steps::{Part, Step, What};
use crate::scene::Scene;

/// Lanes further apart are hard to follow from one to the other.
const WIDEST: usize = 48;

/// Between two lanes a label, or a short caption on an arrow, must fit.
const CLOSEST: usize = 12;

/// What the time and the outer labels take of a page, about.
const MARGIN: usize = 36;

/// How many lanes fit on a page.
pub(super) fn most_lanes(width: usize) -> usize {
    (width.saturating_sub(MARGIN) / CLOSEST + 1).max(2)
}

struct Page<'p> {
    drawing: &'p Drawing,
    ink: &'static Ink,
    unit: Unit,
    zero: u64,
    /// The width of the column of times.
    time: usize,
    /// The column of each lane.
    lanes: Vec<usize>,
    gap: usize,
    /// From a lane to the words beside it.
    beside: usize,
}

pub(super) fn draw(scene: &Scene<'_, '_>, drawing: &Drawing) -> String {
    let mut text = String::new();
    if !scene.lanes.all.is_empty() {
        let page = Page::new(scene, drawing);
        page.title(scene, &mut text);
        for each in &scene.shown {
            match *each {
                Shown::Row(n) => page.row(scene, &scene.rows[n], &mut text),
                Shown::Fold { first, len, times } => page.fold(scene, first, len, times, &mut text),
            }
        }
        page.bars(page.ink.bar).finish(&mut text);
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
        let (mut left, mut right) = (0, 0);
        for row in rows.clone() {
            for (lane, label, at_right) in labels(scene, row, ascii) {
                let width = columns(&label);
                if lane == 0 && !at_right {
                    left = left.max(width);
                }
                if lane + 1 == count && at_right {
                    right = right.max(width);
                }
            }
        }
        let time = columns(&unit.show(span, ascii));
        // Lane, space, words; or lane, space, bracket, space, words.
        let beside = if rows.clone().any(bracketed) { 4 } else { 3 };
        let first = time + 2 + if left == 0 { 3 } else { left + beside - 1 };
        let last = drawing.width.saturating_sub(if right == 0 { 1 } else { right + beside });
        let gap = match count - 1 {
            0 => 0,
            gaps => (last.saturating_sub(first) / gaps).clamp(4, WIDEST),
        };
        let ink = if ascii { &canvas::ASCII } else { &canvas::UNICODE };
        let lanes = (0..count).map(|n| first + n * gap).collect();
        Self { drawing, ink, unit, zero, time, lanes, gap, beside }
    }

    fn bars(&self, bar: char) -> Canvas {
        let mut canvas = Canvas::new(self.drawing.width);
        self.lanes.iter().for_each(|&x| canvas.dot(x, bar));
        canvas
    }

    fn title(&self, scene: &Scene<'_, '_>, text: &mut String) {
        let names = |lane: fn(&crate::plan::lanes::Lane) -> &str, text: &mut String| {
            let mut canvas = Canvas::new(self.drawing.width);
            let room = if self.gap == 0 { self.drawing.width } else { self.gap - 2 };
            // The last lane may stand at the page's edge: its name moves left, but not into another.
            let mut from = 0;
            for (x, each) in self.lanes.iter().zip(&scene.lanes.all) {
                let room = room.min(self.drawing.width.saturating_sub(from));
                let name = plain(lane(each), room, self.drawing.ascii);
                let width = columns(&name);
                let most = self.drawing.width.saturating_sub(width);
                let at = x.saturating_sub(width / 2).min(most).max(from);
                canvas.put(at, &name);
                from = at + width + 2;
            }
            canvas.finish(text);
        };
        names(|lane| &lane.name, text);
        if scene.lanes.all.iter().any(|lane| !lane.under.is_empty()) {
            names(|lane| &lane.under, text);
        }
        self.bars(self.ink.bar).finish(text);
    }

    fn row(&self, scene: &Scene<'_, '_>, row: &Row, text: &mut String) {
        let step = &scene.steps[row.step];
        let ascii = self.drawing.ascii;
        let mut canvas = self.bars(self.ink.bar);
        let time = self.unit.show(row.t.saturating_sub(self.zero), ascii);
        canvas.put(self.time.saturating_sub(columns(&time)), &time);
        if let Some(to) = step.to.filter(|to| to.lane != step.from.lane) {
            self.arrow(&mut canvas, scene, step, to.lane, row.share);
        }
        for (lane, label, at_right) in labels(scene, row, ascii) {
            self.label(&mut canvas, lane, &label, at_right);
        }
        self.brackets(&mut canvas, step, row.share);
        canvas.finish(text);
        for note in notes_of(scene, row) {
            self.note(note, text);
        }
    }

    fn label(&self, canvas: &mut Canvas, lane: usize, label: &str, at_right: bool) {
        let x = self.lanes[lane];
        let inner = if at_right { lane + 1 < self.lanes.len() } else { lane > 0 };
        let room =
            if inner { self.gap.saturating_sub(self.beside + 1) } else { self.drawing.width };
        let label = plain(label, room, self.drawing.ascii);
        if at_right {
            canvas.put(x + self.beside, &label);
        } else {
            canvas.put((x + 1).saturating_sub(self.beside + columns(&label)), &label);
        }
    }

    fn brackets(&self, canvas: &mut Canvas, step: &Step, share: Share) {
        let Some(to) = step.to.filter(|to| to.lane != step.from.lane) else { return };
        let rightward = to.lane > step.from.lane;
        let mut bracket = |lane: usize, part: Part, at_right: bool| {
            let which = match part {
                Part::Only => return,
                Part::First => 0,
                Part::Middle => 1,
                Part::Last => 2,
            };
            let x = self.lanes[lane];
            let x = if at_right { x + 2 } else { x - 2 };
            canvas.dot(x, self.ink.bracket[usize::from(at_right)][which]);
        };
        if !matches!(share, Share::Arrives(_)) && step.from.call.is_some() {
            bracket(step.from.lane, step.from.part, !rightward);
        }
        if !matches!(share, Share::Departs(_)) && to.call.is_some() {
            bracket(to.lane, to.part, rightward);
        }
    }

    fn arrow(
        &self,
        canvas: &mut Canvas,
        scene: &Scene<'_, '_>,
        step: &Step,
        to: usize,
        share: Share,
    ) {
        let (a, b) = (self.lanes[step.from.lane], self.lanes[to]);
        let rightward = b > a;
        let length = a.abs_diff(b);
        // Distance from the sender's lane, to a column.
        let at = |d: usize| if rightward { a + d } else { a - d };
        let (first, last) = match share {
            Share::Whole => (1, length - 1),
            Share::Departs(_) => (1, length * 5 / 8),
            Share::Arrives(_) => (length * 3 / 8, length - 1),
        };
        let unmet = step.to.is_some_and(|to| to.missing && to.call.is_none());
        let unsent = step.from.missing && step.from.call.is_none();
        let line = if step.peek { self.ink.dash } else { self.ink.line };
        for d in first..=last {
            let dashed = (unmet && d > length * 3 / 4) || (unsent && d < length / 4);
            let over = d % self.gap == 0;
            let c = match (over, dashed) {
                (true, _) => self.ink.over,
                (false, true) => self.ink.dash,
                (false, false) => line,
            };
            canvas.dot(at(d), c);
        }
        let direction = usize::from(!rightward);
        if !matches!(share, Share::Arrives(_)) && !unsent {
            canvas.dot(a, self.ink.leave[direction]);
        }
        if !matches!(share, Share::Departs(_)) && !unmet {
            let reset = matches!(step.what, What::Rst | What::Refused);
            canvas.dot(at(last), if reset { self.ink.reset } else { self.ink.head[direction] });
        }
        let mut segment = (first, last.min(self.gap - 1));
        match share {
            Share::Whole => {}
            Share::Departs(n) => {
                let tag = format!(" ({n}) ");
                let x = if rightward { at(last) + 1 } else { at(last).saturating_sub(tag.len()) };
                canvas.put(x, tag.trim_end_matches(|c| rightward && c == ' '));
            }
            Share::Arrives(n) => {
                let tag = format!("({n}) ");
                let x = if rightward { at(first).saturating_sub(tag.len()) } else { at(first) + 1 };
                let tag = if rightward { tag } else { format!(" ({n})") };
                canvas.put(x, &tag);
                segment = (first.max(length - self.gap + 1), last);
            }
        }
        if matches!(share, Share::Arrives(_)) {
            return;
        }
        // Two cells of line, a space, the caption, a space, two cells of line.
        let wide = (segment.1 + 1).saturating_sub(segment.0);
        let caption =
            caption(scene.story, scene.joined, step, wide.saturating_sub(6), self.drawing.ascii);
        if caption.is_empty() {
            return;
        }
        let width = columns(&caption) + 2;
        let skip = segment.0 + wide.saturating_sub(width) / 2;
        let x = if rightward { at(skip) } else { at(skip + width - 1) };
        canvas.put(x, &format!(" {caption} "));
    }

    fn note(&self, note: &Note, text: &mut String) {
        let (first, last) = (self.lanes[0], self.lanes[self.lanes.len() - 1]);
        let end = if first == last { self.drawing.width } else { last };
        let mark = match note.level {
            Level::Warn | Level::Error => "! ",
            Level::Info | Level::Other(_) | _ => "* ",
        };
        let room = end.saturating_sub(first + 6);
        let said = with_code(note, self.drawing.explain);
        for (n, line) in wrap(&said, room, self.drawing.ascii).iter().enumerate() {
            let mut canvas = self.bars(self.ink.bar);
            let inner = first + 2;
            // A lane between the outer ones gives way to the sentence.
            canvas.put(inner, &" ".repeat(columns(line) + 3));
            canvas.put(inner, if n == 0 { mark } else { "  " });
            canvas.put(inner + 2, line);
            canvas.finish(text);
        }
    }

    fn fold(
        &self,
        scene: &Scene<'_, '_>,
        first: usize,
        len: usize,
        times: usize,
        text: &mut String,
    ) {
        let ascii = self.drawing.ascii;
        let line = format!(" {} ", folded(scene, first, len, times, ascii));
        let mut canvas = self.bars(self.ink.fold);
        let (left, right) = (self.lanes[0], self.lanes[self.lanes.len() - 1]);
        let middle = usize::midpoint(left, right);
        let x = middle.saturating_sub(columns(&line) / 2);
        let x = if left == right { left + 2 } else { x };
        canvas.put(x.min(self.drawing.width.saturating_sub(columns(&line))), &line);
        canvas.finish(text);
    }
}

/// The labels of a row: lane, words, and whether they stand right of the lane.
fn labels(scene: &Scene<'_, '_>, row: &Row, ascii: bool) -> Vec<(usize, String, bool)> {
    let step = &scene.steps[row.step];
    let last = scene.lanes.all.len() - 1;
    let (from, to) = (step.from, step.to);
    let Some(to) = to.filter(|to| to.lane != from.lane) else {
        // What stays on its lane stands on the outside; what a lane sent itself is two calls.
        let mut label_text = label(scene.story, &from, true, ascii);
        if let Some(to) = to.map(|to| label(scene.story, &to, false, ascii)) {
            let arrow = if ascii { "->" } else { "→" };
            label_text = format!("{label_text} {arrow} {to}");
        }
        return vec![(from.lane, label_text, from.lane > 0 || last == 0)];
    };
    let rightward = to.lane > from.lane;
    let mut labels = Vec::new();
    if !matches!(row.share, Share::Arrives(_)) {
        labels.push((from.lane, label(scene.story, &from, true, ascii), !rightward));
    }
    if !matches!(row.share, Share::Departs(_)) {
        labels.push((to.lane, label(scene.story, &to, false, ascii), rightward));
    }
    labels
}
