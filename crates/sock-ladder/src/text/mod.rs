//! The ladder in a terminal: lanes down the page, time at the left, an arrow from each send to its receive.

mod canvas;
mod list;
mod page;
mod preview;
mod said;
mod units;
mod words;

use sock_record::Line;

use crate::pair::Joined;
use crate::plan::fold::{Shapes, Shown, fold};
use crate::plan::lanes::Lanes;
use crate::plan::rows::{Row, Share, rows};
use crate::plan::steps::{Part, Step, What, steps};
use crate::story::Story;

/// The narrowest page that lanes stand on; below it there is a list.
const NARROW: usize = 48;

/// How a ladder is drawn.
///
/// # Examples
///
/// ```
/// let drawing = sock_ladder::Drawing { width: 100, ascii: true, ..Default::default() };
/// assert!(drawing.fold);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// How many columns there are. No line is wider.
    pub width: usize,
    /// Draw with ASCII only; everything else is escaped.
    pub ascii: bool,
    /// Show what repeats once at its beginning and once at its end, and say how often it came in between.
    pub fold: bool,
    /// Show the calls that only prepare or wait as well: `socket`, `bind`, `listen`, `setsockopt`, `select` …
    pub all_calls: bool,
}

impl Default for Drawing {
    /// 80 columns, with Unicode's lines, folded, only the calls of the conversation.
    fn default() -> Self {
        Self { width: 80, ascii: false, fold: true, all_calls: false }
    }
}

/// A ladder on its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// The lines of the page, each with its end.
    pub text: String,
    /// There was no room for everybody: several share a lane, so who said what cannot be seen.
    pub is_crowded: bool,
}

/// Draws a record as a ladder, as [`ladder`] does, and returns the page.
///
/// # Examples
///
/// See [the crate](crate).
#[must_use]
pub fn text<'a>(lines: impl IntoIterator<Item = &'a Line>, drawing: &Drawing) -> String {
    ladder(lines, drawing).text
}

/// Draws a record as a ladder.
///
/// Clients stand left, servers right. An arrow goes from the entry of a send to the exit of the receive that got its
/// bytes; a call of several arrows is bracketed. Where things crossed, an arrow is cut in two that have the same number.
/// What only one side recorded ends at a lane that has the other side's address as its name.
///
/// # Examples
///
/// ```
/// let empty = sock_ladder::ladder([], &sock_ladder::Drawing::default());
/// assert!(empty.text.is_empty() && !empty.is_crowded);
/// ```
#[must_use]
pub fn ladder<'a>(lines: impl IntoIterator<Item = &'a Line>, drawing: &Drawing) -> Ladder {
    let story = Story::new(lines);
    let joined = Joined::new(&story);
    let mut stage = Lanes::new(&story, &joined);
    let asked = stage.all.len();
    stage.gather(page::most_lanes(drawing.width));
    let is_crowded = stage.all.len() < asked;
    let steps = steps(&story, &joined, &stage, drawing.all_calls);
    let rows = rows(&steps, stage.all.len());
    let shown = if drawing.fold {
        fold(&shapes(&story, &steps, &rows))
    } else {
        (0..rows.len()).map(Shown::Row).collect()
    };
    let scene = Scene { story: &story, joined: &joined, lanes: &stage, steps: &steps, rows: &rows };
    let text = if drawing.width < NARROW {
        list::draw(&scene, &shown, drawing)
    } else {
        page::draw(&scene, &shown, drawing)
    };
    Ladder { text, is_crowded }
}

/// Everything that a page shows.
#[derive(Debug)]
struct Scene<'s, 'a> {
    story: &'s Story<'a>,
    joined: &'s Joined,
    lanes: &'s Lanes,
    steps: &'s [Step],
    rows: &'s [Row],
}

/// A number for each row; rows with the same number look the same but for their content and time.
fn shapes(story: &Story<'_>, steps: &[Step], rows: &[Row]) -> Vec<u32> {
    let mut shapes = Shapes::new();
    let number = |row: &Row| {
        let step = &steps[row.step];
        // Equal bytes of a stream at other offsets are the same to a reader.
        let (what, len) = match step.what {
            What::Bytes(off) => (None, off.len()),
            What::Connect
            | What::Refused
            | What::Datagram(_)
            | What::Fin
            | What::HalfClose
            | What::Rst
            | What::Local => (Some(step.what), 0),
        };
        let side = |call: Option<usize>, part: Part| {
            let call = call.map(|n| story.calls[n]);
            let notes = call
                .and_then(|call| story.notes.get(&call.ev))
                .map(|notes| notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>());
            (call.map(|call| (&call.call, call.ret, call.err.as_deref(), call.proc)), part, notes)
        };
        let to = step.to.map(|to| (to.lane, to.word, to.missing, side(to.call, to.part)));
        let from = (
            step.from.lane,
            step.from.word,
            step.from.missing,
            side(step.from.call, step.from.part),
        );
        let split = match row.share {
            Share::Whole => 0_u8,
            Share::Departs(_) => 1,
            Share::Arrives(_) => 2,
        };
        (what, len, from, to, split, step.peek)
    };
    rows.iter().map(|row| shapes.number(number(row))).collect()
}
