//! Rails: where the lanes of a page stand, and what is drawn between and beside them, line by line.

use sock_record::Level;

use super::canvas::{Canvas, Ink};
use super::preview::{columns, plain};
use super::said::wrap;
use super::words::Label;
use crate::plan::rows::Share;
use crate::plan::steps::Part;

/// Lanes further apart are hard to follow from one to the other.
pub(super) const WIDEST: usize = 48;

/// The lanes of a page.
#[derive(Debug)]
pub(super) struct Rails {
    pub(super) ink: &'static Ink,
    pub(super) ascii: bool,
    pub(super) width: usize,
    /// The width of the column of times.
    pub(super) time: usize,
    /// The column of each lane.
    pub(super) lanes: Vec<usize>,
    pub(super) gap: usize,
    /// From a lane to the words beside it.
    pub(super) beside: usize,
}

/// An arrow from one lane to another.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) share: Share,
    /// Nobody takes what it brings.
    pub(super) unmet: bool,
    /// Nobody sent it, as far as the record goes.
    pub(super) unsent: bool,
    /// It only shows what stays where it is, or is likely and not certain.
    pub(super) dashed: bool,
    /// It ends with a cross.
    pub(super) reset: bool,
}

/// What a label has to say below its row.
#[derive(Debug)]
pub(super) struct Below {
    lane: usize,
    at_right: bool,
    lines: Vec<String>,
}

/// Of an address that there is no room for, the port: that is what tells it from the others on one machine.
pub(crate) fn port(word: &str, room: usize) -> &str {
    let colon = word.rfind(':').filter(|_| columns(word) > room);
    let is_port = |at: &usize| word[at + 1..].parse::<u16>().is_ok();
    colon.filter(is_port).map_or(word, |at| &word[at..])
}

/// What stands before a sentence.
pub(super) fn mark(level: &Level) -> &'static str {
    match level {
        Level::Warn | Level::Error => "! ",
        Level::Info | Level::Other(_) | _ => "* ",
    }
}

/// What stands where an arrow is cut.
fn tag(n: u32) -> String {
    format!(" ({n}) ")
}

/// Sentences in less room, in columns, are hard to read.
const SENTENCE: usize = 32;

/// A label in more lines says less.
const HIGH: usize = 3;

impl Rails {
    pub(super) fn bars(&self, bar: char) -> Canvas {
        let mut canvas = Canvas::new(self.width);
        self.lanes.iter().for_each(|&x| canvas.dot(x, bar));
        canvas
    }

    /// A line with a word above each lane.
    pub(super) fn names<'w>(&self, words: impl Iterator<Item = &'w str>, text: &mut String) {
        let mut canvas = Canvas::new(self.width);
        let room = if self.gap == 0 { self.width } else { self.gap - 2 };
        // The last lane may stand at the page's edge: its name moves left, but not into another.
        let mut from = 0;
        for (x, word) in self.lanes.iter().zip(words) {
            let room = room.min(self.width.saturating_sub(from));
            let name = plain(port(word, room), room, self.ascii);
            let width = columns(&name);
            let most = self.width.saturating_sub(width);
            let at = x.saturating_sub(width / 2).min(most).max(from);
            canvas.put(at, &name);
            from = at + width + 2;
        }
        canvas.finish(text);
    }

    pub(super) fn time(&self, canvas: &mut Canvas, time: &str) {
        canvas.put(self.time.saturating_sub(columns(time)), time);
    }

    /// Words beside a lane, in at most `most` columns; gives back what there was no room for beside it.
    pub(super) fn label(
        &self,
        canvas: &mut Canvas,
        (lane, at_right): (usize, bool),
        label: &Label,
        most: usize,
    ) -> Option<Below> {
        let room = self.room(lane, at_right).min(most);
        let whole = label.line();
        if columns(&whole) <= room {
            self.beside(canvas, (lane, at_right), &whole);
            return None;
        }
        let broken = |part: &String| wrap(part, room, self.ascii);
        let words = broken(&label.words);
        let more: Vec<String> = label.more.iter().flat_map(broken).collect();
        // A column of single words says less than what happened does alone.
        let more = if words.len() + more.len() > HIGH { Vec::new() } else { more };
        let mut lines = words.into_iter().chain(more);
        self.beside(canvas, (lane, at_right), &lines.next().unwrap_or_default());
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then_some(Below { lane, at_right, lines })
    }

    /// How many columns words beside a lane have.
    fn room(&self, lane: usize, at_right: bool) -> usize {
        let x = self.lanes[lane];
        let inner = if at_right { lane + 1 < self.lanes.len() } else { lane > 0 };
        match (inner, at_right) {
            (true, _) => self.gap.saturating_sub(self.beside + 1),
            (false, true) => self.width.saturating_sub(x + self.beside),
            (false, false) => (x + 1).saturating_sub(self.beside + self.time + 2),
        }
    }

    fn beside(&self, canvas: &mut Canvas, (lane, at_right): (usize, bool), words: &str) {
        let x = self.lanes[lane];
        if at_right {
            canvas.put(x + self.beside, words);
        } else {
            canvas.put((x + 1).saturating_sub(self.beside + columns(words)), words);
        }
    }

    /// The rest of the labels of a row, in lines of their own below it.
    pub(super) fn below(&self, rest: &[Below], text: &mut String) {
        let count = rest.iter().map(|each| each.lines.len()).max().unwrap_or(0);
        for n in 0..count {
            let mut canvas = self.bars(self.ink.bar);
            for Below { lane, at_right, lines } in rest {
                if let Some(line) = lines.get(n) {
                    self.beside(&mut canvas, (*lane, *at_right), line);
                }
            }
            canvas.finish(text);
        }
    }

    /// What holds the rows of one call together.
    pub(super) fn bracket(&self, canvas: &mut Canvas, lane: usize, part: Part, at_right: bool) {
        let which = match part {
            Part::Only => return,
            Part::First => 0,
            Part::Middle => 1,
            Part::Last => 2,
        };
        let x = self.lanes[lane];
        let x = if at_right { x + 2 } else { x - 2 };
        canvas.dot(x, self.ink.bracket[usize::from(at_right)][which]);
    }

    /// An arrow, with what `caption` says in so many columns.
    pub(super) fn arrow(
        &self,
        canvas: &mut Canvas,
        arrow: Arrow,
        caption: impl FnOnce(usize) -> String,
    ) {
        let Arrow { share, unmet, unsent, .. } = arrow;
        let (a, b) = (self.lanes[arrow.from], self.lanes[arrow.to]);
        let rightward = b > a;
        let length = a.abs_diff(b);
        // Distance from the sender's lane, to a column.
        let at = |d: usize| if rightward { a + d } else { a - d };
        // Where it is cut stands its number, between two lanes.
        let (first, last) = match share {
            Share::Whole => (1, length - 1),
            Share::Departs(n) => {
                let cut = length * 5 / 8;
                let end = (cut / self.gap + 1) * self.gap;
                (1, cut.min(end.saturating_sub(tag(n).len() + 1)).max(1))
            }
            Share::Arrives(n) => {
                let cut = length * 3 / 8;
                let start = cut / self.gap * self.gap;
                (cut.max(start + tag(n).len() + 1).min(length - 1), length - 1)
            }
        };
        let line = if arrow.dashed { self.ink.dash } else { self.ink.line };
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
            let head = if arrow.reset { self.ink.reset } else { self.ink.head[direction] };
            canvas.dot(at(last), head);
        }
        match share {
            Share::Whole => {}
            Share::Departs(n) => {
                let tag = tag(n);
                let x = if rightward { at(last) + 1 } else { at(last).saturating_sub(tag.len()) };
                canvas.put(x, tag.trim_end_matches(|c| rightward && c == ' '));
            }
            Share::Arrives(n) => {
                let tag = format!("({n}) ");
                let x = if rightward { at(first).saturating_sub(tag.len()) } else { at(first) + 1 };
                let tag = if rightward { tag } else { format!(" ({n})") };
                canvas.put(x, &tag);
                // What it brings was said where it left.
                return;
            }
        }
        // Two cells of line, a space, the caption, a space, two cells of line.
        let wide = (last.min(self.gap - 1) + 1).saturating_sub(first);
        let caption = caption(wide.saturating_sub(6));
        if caption.is_empty() {
            return;
        }
        let width = columns(&caption) + 2;
        let skip = first + wide.saturating_sub(width) / 2;
        let x = if rightward { at(skip) } else { at(skip + width - 1) };
        canvas.put(x, &format!(" {caption} "));
    }

    /// A sentence between the outer lanes; where those are so close that it would be a column of single words, across the
    /// page. Lanes behind it give way to all of it: lines that come and go between its words cannot be read.
    pub(super) fn note(&self, level: &Level, said: &str, text: &mut String) {
        let (first, last) = (self.lanes[0], self.lanes[self.lanes.len() - 1]);
        let end = if first == last { self.width } else { last };
        let room = end.saturating_sub(first + 6);
        let is_narrow = room < SENTENCE && columns(said) > room;
        let aside = (self.time + 2).min(first);
        let (first, end) = if is_narrow { (aside, self.width + 1) } else { (first, end) };
        let mark = mark(level);
        let inner = if is_narrow { aside } else { first + 2 };
        let room = end.saturating_sub(inner + 4);
        for (n, line) in wrap(said, room, self.ascii).iter().enumerate() {
            let mut canvas = self.bars(self.ink.bar);
            canvas.put(inner, &" ".repeat(end.saturating_sub(inner)));
            canvas.put(inner, if n == 0 { mark } else { "  " });
            canvas.put(inner + 2, line);
            canvas.finish(text);
        }
    }

    /// What stands for rows that are not shown.
    pub(super) fn fold(&self, said: &str, text: &mut String) {
        let line = format!(" {said} ");
        let mut canvas = self.bars(self.ink.fold);
        let (left, right) = (self.lanes[0], self.lanes[self.lanes.len() - 1]);
        let middle = usize::midpoint(left, right);
        let x = middle.saturating_sub(columns(&line) / 2);
        let x = if left == right { left + 2 } else { x };
        canvas.put(x.min(self.width.saturating_sub(columns(&line))), &line);
        canvas.finish(text);
    }
}
