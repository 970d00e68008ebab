//! The ladder where there is no room for lanes: a line for each row.

use super::preview::plain;
use super::units::Unit;
use super::words::{caption, label};
use super::{Drawing, canvas, said};
use crate::plan::fold::Shown;
use crate::plan::rows::Share;
use crate::scene::Scene;

pub(super) fn draw(scene: &Scene<'_, '_>, drawing: &Drawing) -> String {
    let ascii = drawing.ascii;
    let ink = if ascii { &canvas::ASCII } else { &canvas::UNICODE };
    let (zero, span) = said::span(scene);
    let unit = Unit::of(span);
    let mut text = String::new();
    let mut add = |line: String| {
        text.push_str(plain(&line, drawing.width, ascii).trim_end());
        text.push('\n');
    };
    for each in &scene.shown {
        let row = match each {
            Shown::Row(n) => &scene.rows[*n],
            Shown::Fold { first, len, times } => {
                add(said::folded(scene, *first, *len, *times, ascii));
                continue;
            }
        };
        let step = &scene.steps[row.step];
        let name = |lane: usize| scene.lanes.all.get(lane).map_or("", |lane| &*lane.name);
        let from = format!(
            "{} {}",
            name(step.from.lane),
            label(scene.story, &step.from, true, ascii).line()
        );
        let to = step.to.map(|to| {
            format!("{} {}", name(to.lane), label(scene.story, &to, false, ascii).line())
        });
        let what = caption(scene.story, scene.joined, step, drawing.width, ascii);
        let number = match row.share {
            Share::Whole => String::new(),
            Share::Departs(n) | Share::Arrives(n) => format!(" ({n})"),
        };
        add(format!(
            "{}{number} {}",
            unit.show(row.t.saturating_sub(zero), ascii),
            from.trim_end()
        ));
        if let Some(to) = to {
            add(format!("  {} {} {what}", ink.arrow, to.trim_end()));
        }
        for note in said::notes_of(scene, row) {
            add(format!("  {}", said::with_code(note, drawing.explain)));
        }
    }
    for line in said::remarks(scene) {
        add(line);
    }
    text
}
