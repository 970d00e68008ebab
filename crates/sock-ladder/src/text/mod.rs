//! The ladder in a terminal: lanes down the page, time at the left, an arrow from each send to its receive.

mod canvas;
mod list;
mod live;
mod page;
mod preview;
mod rails;
mod said;
mod stray;
mod units;
mod words;

use sock_record::{CallKind, Line, Note};

pub use live::Live;
pub(crate) use preview::{columns, plain, preview};
pub(crate) use rails::port;
pub(crate) use said::{folded, notes_of, remarks, span, with_code, wrap};
pub(crate) use units::{Unit, count, duration};
pub(crate) use words::{caption, goal, label};

use crate::scene::stage;

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
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Drawing {
    /// How many columns there are. No line is wider.
    pub width: usize,
    /// Draw with ASCII only; everything else is escaped.
    pub ascii: bool,
    /// Show what repeats once at its beginning and once at its end, and say how often it came in between.
    pub fold: bool,
    /// Show the calls that only prepare or wait as well: `socket`, `bind`, `listen`, `setsockopt`, `select` …
    pub all_calls: bool,
    /// Say what happened and why, as [`explain()`](crate::explain()) does.
    pub explain: bool,
    /// Show only calls of this name, and those at their other end.
    pub only: Option<CallKind>,
    /// The record is a part of one: who is not in it may have done something that was left out.
    pub is_part: bool,
    /// Sentences about the whole that the reader has been told, and that are not said again.
    pub told: Vec<Note>,
}

impl Default for Drawing {
    /// 80 columns, with Unicode's lines, folded, only the calls of the conversation, explaining nothing.
    fn default() -> Self {
        Self {
            width: 80,
            ascii: false,
            fold: true,
            all_calls: false,
            explain: false,
            only: None,
            is_part: false,
            told: Vec::new(),
        }
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
/// bytes; a call of several arrows is bracketed. A row stands at the time of the send; a receive that returned much later
/// says how much. Where things crossed, an arrow is cut in two that have the same number.
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
    stage(lines, drawing, page::most_lanes(drawing.width), |scene| {
        let text = if drawing.width < NARROW {
            list::draw(scene, drawing)
        } else {
            page::draw(scene, drawing)
        };
        Ladder { text, is_crowded: scene.is_crowded }
    })
}

/// A sentence as it stands below a ladder: in lines no wider than the page, each with its end.
///
/// # Examples
///
/// ```
/// let narrow = sock_ladder::Drawing { width: 12, ..Default::default() };
/// assert_eq!(sock_ladder::wrapped("several share a lane", &narrow), "several\nshare a lane\n");
/// ```
#[must_use]
pub fn wrapped(sentence: &str, drawing: &Drawing) -> String {
    let lines = wrap(sentence, drawing.width, drawing.ascii);
    lines.into_iter().map(|line| line + "\n").collect()
}
