//! The ladder as a Mermaid `sequenceDiagram`: for READMEs and wikis, which draw it themselves.

use std::collections::HashSet;
use std::fmt::Write;

use sock_record::Line;

use crate::plan::fold::Shown;
use crate::plan::rows::Row;
use crate::plan::steps::{Step, What};
use crate::scene::{Scene, stage};
use crate::text::{
    Drawing, caption, count, folded, goal, label, notes_of, plain, remarks, with_code,
};

/// So many messages one diagram has: Mermaid refuses texts of more than 50,000 characters (`maxTextSize`), and its
/// renderers become slow before.
const MOST: usize = 400;

/// What a caption takes at most, in columns.
const CAPTION: usize = 40;

/// Draws a record as a Mermaid `sequenceDiagram`.
///
/// A message is an arrow from the lane that sent to the lane that received, in the order in which they were sent; there is
/// no axis of time. Peeks, ends and datagrams that nobody received are dotted, resets end in a cross. After 400 messages it
/// stops and says how many there would have been. `drawing.width` is not looked at.
///
/// # Examples
///
/// ```
/// let diagram = sock_ladder::mermaid([], &sock_ladder::Drawing::default());
/// assert!(diagram.starts_with("sequenceDiagram\n"));
/// ```
#[must_use]
pub fn mermaid<'a>(lines: impl IntoIterator<Item = &'a Line>, drawing: &Drawing) -> String {
    stage(lines, drawing, usize::MAX, |scene| diagram(scene, drawing.ascii))
}

struct Diagram<'p, 's, 'a> {
    scene: &'p Scene<'s, 'a>,
    ascii: bool,
    text: String,
    messages: usize,
    /// The steps that have been drawn: one that crosses others is two rows.
    drawn: HashSet<usize>,
}

fn diagram(scene: &Scene<'_, '_>, ascii: bool) -> String {
    let text = "sequenceDiagram\n".to_owned();
    let mut diagram = Diagram { scene, ascii, text, messages: 0, drawn: HashSet::new() };
    for (n, lane) in scene.lanes.all.iter().enumerate() {
        let under =
            if lane.under.is_empty() { String::new() } else { format!(" · {}", lane.under) };
        let name = harmless(&plain(&format!("{}{under}", lane.name), 80, ascii));
        diagram.line(format_args!("participant P{n} as {name}"));
    }
    let mut left = 0;
    for each in &scene.shown {
        if diagram.messages >= MOST {
            left += 1;
            continue;
        }
        match *each {
            Shown::Row(n) => diagram.row(&scene.rows[n]),
            Shown::Fold { first, len, times } => {
                diagram.over(&folded(scene, first, len, times, ascii));
            }
        }
    }
    let mut below = remarks(scene);
    if left > 0 {
        below.push(format!(
            "{} more rows are not drawn: a diagram has {MOST} messages at most",
            count(left)
        ));
    }
    for line in below {
        diagram.over(&line);
    }
    diagram.text
}

impl Diagram<'_, '_, '_> {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = writeln!(self.text, "    {what}");
    }

    /// A note across all lanes.
    fn over(&mut self, text: &str) {
        let text = harmless(&plain(text, usize::MAX, self.ascii));
        match self.scene.lanes.all.len() {
            0 => self.line(format_args!("%% {text}")),
            1 => self.line(format_args!("Note over P0: {text}")),
            n => self.line(format_args!("Note over P0,P{}: {text}", n - 1)),
        }
    }

    fn row(&mut self, row: &Row) {
        let step = &self.scene.steps[row.step];
        if self.drawn.insert(row.step) {
            self.messages += 1;
            self.message(step);
        }
        for note in notes_of(self.scene, row) {
            self.over(&with_code(note, true));
        }
    }

    fn message(&mut self, step: &Step) {
        let (scene, ascii) = (self.scene, self.ascii);
        let own = label(scene, &step.from, true, ascii);
        let from = own.line();
        let lane = step.from.lane;
        let Some(to) = step.to.filter(|to| to.lane != lane) else {
            let to = step.to.map(|to| label(scene, &to, false, ascii).line());
            let stray = step.is_stray().then(|| {
                let what = caption(scene.story, scene.joined, step, CAPTION, ascii);
                let goal = plain(goal(scene.story, step), 80, ascii);
                format!("{what} {} {goal}", if ascii { "->" } else { "→" }).trim_start().to_owned()
            });
            let text: Vec<String> = [Some(from), to, stray].into_iter().flatten().collect();
            return self.line(format_args!("P{lane}->>P{lane}: {}", harmless(&text.join(", "))));
        };
        let is_lost = to.missing && to.call.is_none();
        let arrow = match step.what {
            What::Rst | What::Refused => "-x",
            What::Fin | What::HalfClose => "-->>",
            _ if is_lost => "--x",
            _ if step.peek || step.guess => "-->>",
            What::Datagram(_) => "-)",
            What::Connect | What::Bytes(_) | What::Local => "->>",
        };
        let what = caption(scene.story, scene.joined, step, CAPTION, ascii);
        // A size that stands before it already is not said again.
        let words = &*own.words;
        let before = words.rsplit_once(' ').map_or("", |(before, _)| before);
        let again = format!("{} B ", before.rsplit(' ').next().unwrap_or(""));
        let is_said = words.ends_with(again.trim_end());
        let what = what.strip_prefix(&again).filter(|_| is_said).unwrap_or(&what);
        let is_urgent = matches!(step.what, What::Bytes(off) if off.is_empty());
        let what = if is_urgent && words.ends_with(&format!(" {what}")) { "" } else { what };
        let off = match step.what {
            // What is beside the stream has no place in it.
            What::Bytes(off) if off.is_empty() => String::new(),
            What::Bytes(off) => format!("[{},{})", off.start(), off.end()),
            What::Connect
            | What::Refused
            | What::Datagram(_)
            | What::Fin
            | What::HalfClose
            | What::Rst
            | What::Local => String::new(),
        };
        let got = label(scene, &to, false, ascii).line();
        let got = if got.is_empty() {
            got
        } else {
            format!("{} {got}", if ascii { "->" } else { "→" })
        };
        let parts: Vec<&str> =
            [&*from, what, &*off, &*got].into_iter().filter(|part| !part.is_empty()).collect();
        let text = if parts.is_empty() { "connect".to_owned() } else { parts.join(" ") };
        self.line(format_args!("P{lane}{arrow}P{}: {}", to.lane, harmless(&text)));
    }
}

/// Text that means nothing to Mermaid: its own signs, and those of HTML, as numbers.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '"' | '%' | '`' | '{' | '}' | '\\' => {
                // A string takes everything.
                let _ = write!(safe, "#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mermaid_reads_is_written_as_numbers() {
        assert_eq!(harmless("a;b#c"), "a#59;b#35;c");
        assert_eq!(harmless("<b>&"), "#60;b#62;#38;");
    }
}
