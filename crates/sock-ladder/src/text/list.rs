//! The ladder where there is no room for lanes: a line for each side of a row. What is longer than the page goes on in the
//! next line, further in; nothing is cut.

use sock_record::Level;

use super::preview::{columns, plain};
use super::rails::mark;
use super::units::Unit;
use super::words::{caption, goal, label};
use super::{Drawing, canvas, said};
use crate::plan::fold::Shown;
use crate::plan::rows::Share;
use crate::plan::steps::Touch;
use crate::scene::Scene;

/// How far in a line goes on.
const FURTHER: usize = 4;

/// A page of lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) width: usize,
    pub(super) ascii: bool,
}

impl List {
    /// Words behind a lead, in as many lines as they need.
    pub(super) fn say(self, lead: &str, words: &str, text: &mut String) {
        let further = columns(lead).max(FURTHER).min(self.width / 2);
        let wrap = |before: usize| said::wrap(words, self.width.saturating_sub(before), self.ascii);
        let mut lines = wrap(columns(lead));
        if lines.len() > 1 {
            lines = wrap(further);
        }
        for (n, line) in lines.iter().enumerate() {
            let before = if n == 0 { lead.to_owned() } else { " ".repeat(further) };
            // A page may be narrower than a sign.
            let line = plain(&[&*before, line].concat(), self.width, self.ascii);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }

    /// The side at which an arrow ends, and what it brings there in so many columns: a quotation stays in one piece.
    pub(super) fn arrival(self, to: &str, what: impl Fn(usize) -> String, text: &mut String) {
        let ink = if self.ascii { &canvas::ASCII } else { &canvas::UNICODE };
        let lead = format!("  {} ", ink.arrow);
        let beside = self.width.saturating_sub(columns(&lead) + columns(to) + 1);
        let whole = what(usize::MAX);
        if columns(&whole) <= beside {
            return self.say(&lead, format!("{to} {whole}").trim_end(), text);
        }
        self.say(&lead, to, text);
        let further = " ".repeat(columns(&lead).min(self.width / 2));
        let line = [&*further, &what(self.width - further.len())].concat();
        text.push_str(plain(&line, self.width, self.ascii).trim_end());
        text.push('\n');
    }

    pub(super) fn note(self, level: &Level, said: &str, text: &mut String) {
        self.say(&format!("  {}", mark(level)), said, text);
    }
}

pub(super) fn draw(scene: &Scene<'_, '_>, drawing: &Drawing) -> String {
    let ascii = drawing.ascii;
    let (zero, span) = said::span(scene);
    let unit = Unit::of(span);
    let list = List { width: drawing.width, ascii };
    let mut text = String::new();
    for each in &scene.shown {
        let row = match each {
            Shown::Row(n) => &scene.rows[*n],
            Shown::Fold { first, len, times } => {
                list.say("", &said::folded(scene, *first, *len, *times, ascii), &mut text);
                continue;
            }
        };
        let step = &scene.steps[row.step];
        let side = |touch: &Touch, leaves: bool| {
            let name = scene.lanes.all.get(touch.lane).map_or("", |lane| &*lane.name);
            let later = row.later(step).filter(|_| !leaves);
            let label = label(scene, touch, leaves, ascii).later(later, ascii);
            format!("{name} {}", label.line()).trim_end().to_owned()
        };
        let number = match row.share {
            Share::Whole => String::new(),
            Share::Departs(n) | Share::Arrives(n) => format!(" ({n})"),
        };
        let time = unit.show(row.t.saturating_sub(zero), ascii);
        list.say("", &format!("{time}{number} {}", side(&step.from, true)), &mut text);
        let what = |room| caption(scene.story, scene.joined, step, room, ascii);
        if let Some(to) = &step.to {
            list.arrival(&side(to, false), what, &mut text);
        } else if step.is_stray() {
            list.arrival(goal(scene.story, step), what, &mut text);
        }
        for note in said::notes_of(scene, row) {
            list.note(&note.level, &said::with_code(note, drawing.explain), &mut text);
        }
    }
    for line in said::remarks(scene) {
        list.say("", &line, &mut text);
    }
    text
}
