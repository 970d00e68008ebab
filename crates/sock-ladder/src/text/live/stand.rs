//! The page of a live ladder: lanes that come and go, and each row as a line.

use sock_record::Level;

use super::super::canvas::{self, Canvas};
use super::super::list::List;
use super::super::rails::{Arrow, Below, Rails, WIDEST};
use super::super::said::TAGGED;
use super::super::stray::{Stray, Tip};
use super::super::units::Unit;
use super::super::words::Label;
use super::super::{Drawing, NARROW};
use super::book::Book;
use super::places::Places;
use super::row::{Row, Side, speaks};
use crate::plan::rows::Share;
use crate::plan::steps::What;

/// The width of the column of times: `999.999 ms`, `9999.999 s`.
const TIME: usize = 10;
/// What stands beside the outer lanes has so much room; more on a wide page.
const SIDE: usize = 16;
const WIDE_SIDE: usize = 21;
/// And this much where there are many lanes: `shutdown WR`.
const NARROW_SIDE: usize = 11;
/// Lanes that stand closer have no room for the words between them.
const CLOSE: usize = 15;
const WIDE: usize = 96;
/// Lane, space, bracket, space, words.
const BESIDE: usize = 4;

/// Between two lanes a word or a size must fit beside one of them: `1,000 B`.
const CLOSEST: usize = 13;

/// How many lanes fit on a page.
fn most_lanes(width: usize) -> usize {
    let outer = TIME + 1 + 2 * (NARROW_SIDE + BESIDE);
    (width.saturating_sub(outer) / CLOSEST + 1).max(2)
}

/// Where lanes stand by now.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Stand {
    rails: Rails,
    side: usize,
    most_side: usize,
    most: usize,
    is_list: bool,
    places: Places,
    zero: Option<u64>,
    /// When the latest row so far began.
    latest: u64,
    /// It is said what the sign of a late row means.
    is_told: bool,
    /// Something went where nobody is known.
    has_strays: bool,
    /// It is said what the port behind a call means.
    has_tags: bool,
}

impl Stand {
    pub(super) fn new(drawing: &Drawing) -> Self {
        let (width, ascii) = (drawing.width, drawing.ascii);
        let ink = if ascii { &canvas::ASCII } else { &canvas::UNICODE };
        Self {
            rails: Rails {
                ink,
                ascii,
                width,
                time: TIME,
                lanes: Vec::new(),
                gap: 0,
                beside: BESIDE,
            },
            side: SIDE,
            most_side: if width < WIDE { SIDE } else { WIDE_SIDE },
            most: most_lanes(width),
            is_list: width < NARROW,
            places: Places::default(),
            zero: None,
            latest: 0,
            is_told: false,
            has_strays: false,
            has_tags: false,
        }
    }

    pub(super) fn ascii(&self) -> bool {
        self.rails.ascii
    }

    /// The sign that stands before how often something came.
    pub(super) fn times(&self) -> &'static str {
        self.rails.ink.times
    }

    pub(super) fn note(&self, level: &Level, said: &str, text: &mut String) {
        if self.places.lanes.is_empty() || self.is_list {
            self.list().note(level, said, text);
        } else {
            self.rails.note(level, said, text);
        }
    }

    pub(super) fn fold(&self, said: &str, text: &mut String) {
        if self.places.lanes.is_empty() || self.is_list {
            self.list().say("", said, text);
        } else {
            self.rails.fold(said, text);
        }
    }

    pub(super) fn row(&mut self, book: &Book, row: &Row, text: &mut String) {
        let is_late = self.is_late(row.t);
        let time = self.time(row.t);
        if self.is_list {
            return self.line(book, row, &time, text);
        }
        self.make_room(book, row, text);
        if is_late && !std::mem::replace(&mut self.is_told, true) {
            let said = "began before the row above it, and is told only now";
            let line = format!("({} {said})", self.rails.ink.late);
            self.list().say("", &line, text);
        }
        let is_tagged = self.is_tagged(row);
        if is_tagged && !std::mem::replace(&mut self.has_tags, true) {
            self.list().say("", &format!("({TAGGED})"), text);
        }
        let (rails, ascii) = (&self.rails, self.rails.ascii);
        let lane = |side: &Side| self.places.at(&side.who).unwrap_or(0);
        let (from, to) = (lane(&row.from), row.to.as_ref().map(lane));
        let mut canvas = rails.bars(rails.ink.bar);
        rails.time(&mut canvas, &time);
        if is_late {
            canvas.dot(TIME, rails.ink.late);
        }
        let outer = |n: usize, at_right: bool| {
            if at_right { n + 1 == self.places.lanes.len() } else { n == 0 }
        };
        let mut rest: Vec<Below> = Vec::new();
        let mut label = |canvas: &mut Canvas, n: usize, label: &Label, at_right: bool| {
            let most = if outer(n, at_right) { self.side } else { usize::MAX };
            rest.extend(rails.label(canvas, (n, at_right), label, most));
        };
        let count = self.places.lanes.len();
        if let Some(goal) = &row.goal {
            let rightward = count == 1 || from + 1 < count;
            self.has_strays = true;
            label(&mut canvas, from, &own(row, rails, is_tagged), !rightward);
            let stray = Stray { from, rightward, end: Tip::of(row.what) };
            rails.stray(&mut canvas, stray, goal, |room| row.caption(room, ascii));
            canvas.finish(text);
            return rails.below(&rest, text);
        }
        let Some(to) = to.filter(|to| *to != from) else {
            let at_right = if from + 1 == count {
                from > 0 || !self.has_strays
            } else {
                from > 0 && !book.part(&row.from.who).only_asks()
            };
            let own = own(row, rails, is_tagged);
            // Of what a lane sent itself, the calls say all there is.
            if own.is_empty() {
                return;
            }
            label(&mut canvas, from, &own, at_right);
            canvas.finish(text);
            return rails.below(&rest, text);
        };
        let rightward = to > from;
        for (side, leaves) in row.sides() {
            if speaks(side.part, leaves) {
                let (n, at_right) = if leaves { (from, !rightward) } else { (to, rightward) };
                label(&mut canvas, n, &row.label((side, leaves), is_tagged, ascii), at_right);
            }
        }
        let arrow = Arrow {
            from,
            to,
            share: row.share,
            unmet: row.unmet,
            unsent: false,
            dashed: row.peek,
            reset: matches!(row.what, What::Rst | What::Refused),
        };
        rails.arrow(&mut canvas, arrow, |room| row.caption(room, ascii));
        for (side, leaves) in row.sides().filter(|(side, _)| side.call.is_some()) {
            let (n, at_right) = if leaves { (from, !rightward) } else { (to, rightward) };
            rails.bracket(&mut canvas, n, side.part, at_right);
        }
        canvas.finish(text);
        rails.below(&rest, text);
    }

    /// Whether it could be taken for a row about another connection: several share a lane, or two programs have several.
    fn is_tagged(&self, row: &Row) -> bool {
        let sides = [Some(&row.from), row.to.as_ref()].into_iter().flatten();
        row.is_one_of_several() || sides.into_iter().any(|side| self.places.is_shared(&side.who))
    }

    /// The row where there is no room for lanes.
    fn line(&mut self, book: &Book, row: &Row, time: &str, text: &mut String) {
        let list = self.list();
        let number = match row.share {
            Share::Whole => String::new(),
            Share::Departs(n) | Share::Arrives(n) => format!(" ({n})"),
        };
        let of = |side: &Side, leaves: bool| {
            let label = row.label((side, leaves), row.is_one_of_several(), list.ascii).line();
            let label = if label.is_empty() { label } else { format!(" {label}") };
            book.title(&side.who).0 + &label
        };
        list.say("", &format!("{time}{number} {}", of(&row.from, true)), text);
        if let Some(to) = &row.to {
            list.arrival(&of(to, false), |room| row.caption(room, list.ascii), text);
        } else if let Some(goal) = &row.goal {
            list.arrival(goal, |room| row.caption(room, list.ascii), text);
        }
    }

    fn list(&self) -> List {
        List { width: self.rails.width, ascii: self.rails.ascii }
    }

    fn time(&mut self, t: u64) -> String {
        let t = t.saturating_sub(*self.zero.get_or_insert(t));
        let text = match t {
            0..1_000_000_000 => Unit::Millis.show(t, self.rails.ascii),
            _ => format!("{}.{:03} s", t / 1_000_000_000, t / 1_000_000 % 1_000),
        };
        format!("{text:>TIME$}")
    }

    /// Whether a row would stand below a later one, as far as its time is written.
    fn is_late(&mut self, t: u64) -> bool {
        let zero = self.zero.unwrap_or(t);
        let written = |t: u64| match t.saturating_sub(zero) {
            t @ 0..1_000_000_000 => t / 1_000,
            t => t / 1_000_000 * 1_000,
        };
        let is_late = written(t) < written(self.latest);
        self.latest = self.latest.max(t);
        is_late
    }

    /// Sees to it that all of a row have a lane.
    fn make_room(&mut self, book: &Book, row: &Row, text: &mut String) {
        let is_first = self.places.lanes.is_empty();
        let sides = [Some(&row.from), row.to.as_ref()].into_iter().flatten();
        let all: Vec<_> = sides.map(|side| &side.who).collect();
        if !self.places.seat(book, &all, self.most) {
            return;
        }
        let (width, count) = (self.rails.width, self.places.lanes.len());
        // Between many lanes words need the room more than outside of them.
        let between = CLOSE * (count - 1);
        let left = width.saturating_sub(TIME + 1 + 2 * BESIDE + between);
        self.side = (left / 2).clamp(NARROW_SIDE, self.most_side);
        let first = TIME + 2 + self.side + BESIDE - 1;
        let last = width.saturating_sub(self.side + BESIDE);
        self.rails.gap = match count - 1 {
            0 => 0,
            gaps => (last.saturating_sub(first) / gaps).clamp(4, WIDEST),
        };
        self.rails.lanes = (0..count).map(|n| first + n * self.rails.gap).collect();
        if is_first {
            let titles = self.places.titles(book);
            self.rails.names(titles.iter().map(|title| &*title.0), text);
            self.rails.names(titles.iter().map(|title| &*title.1), text);
            self.rails.bars(self.rails.ink.bar).finish(text);
            return;
        }
        // Who was there before is known by now.
        let words = self.places.words(book, self.rails.gap.saturating_sub(2));
        self.rails.names(words.iter().map(|word| &**word), text);
    }
}

/// What stands beside a lane that has a row for itself. What a lane sent itself is two calls.
fn own(row: &Row, rails: &Rails, is_tagged: bool) -> Label {
    let spoken = row.sides().filter(|(side, leaves)| speaks(side.part, *leaves));
    let labels: Vec<Label> = spoken.map(|side| row.label(side, is_tagged, rails.ascii)).collect();
    if let [one] = &labels[..] {
        return one.clone();
    }
    let said = labels.iter().filter(|label| !label.is_empty());
    let words: Vec<String> = said.map(Label::line).collect();
    Label::from(&*words.join(&format!(" {} ", rails.ink.arrow)))
}
