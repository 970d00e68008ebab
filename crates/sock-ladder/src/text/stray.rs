//! Arrows to where nobody is known: they leave their lane, and end on the way beside an address.

use super::canvas::Canvas;
use super::preview::{columns, plain};
use super::rails::{Rails, WIDEST, port};
use crate::plan::steps::What;

/// A line of fewer columns is not seen as one.
const LEAST: usize = 3;

/// What stands on an arrow needs so many columns of line beside it.
const AROUND: usize = 6;

/// An arrow that ends on the way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray {
    pub(super) from: usize,
    pub(super) rightward: bool,
    pub(super) end: Tip,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tip {
    /// It went out, and that is all that is known.
    Head,
    /// It was turned away.
    Cross,
    /// Nothing has come of it yet.
    Open,
}

impl Tip {
    pub(super) fn of(what: What) -> Self {
        match what {
            What::Refused | What::Rst => Self::Cross,
            What::Connect => Self::Open,
            What::Bytes(_) | What::Datagram(_) | What::Fin | What::HalfClose | What::Local => {
                Self::Head
            }
        }
    }
}

impl Rails {
    /// An arrow to an address at which nobody is known, with what `caption` says in so many columns.
    pub(super) fn stray(
        &self,
        canvas: &mut Canvas,
        stray: Stray,
        goal: &str,
        caption: impl Fn(usize) -> String,
    ) {
        let Stray { from, rightward, end } = stray;
        let x = self.lanes[from];
        // To the next lane, or to the edge where there is none.
        let room = if self.lanes.len() == 1 {
            self.width.saturating_sub(x + 1).min(WIDEST)
        } else {
            self.gap.saturating_sub(2)
        };
        // The whole address beside its words, or else the port, which tells most, or nothing.
        let words = columns(&caption(usize::MAX)).min(room / 3) + AROUND;
        let goal = plain(goal, usize::MAX, self.ascii);
        let fits = |goal: &str, line: usize| columns(goal) + 2 + line <= room;
        let goal = if fits(&goal, words) { &*goal } else { port(&goal, 0) };
        let goal = if fits(goal, LEAST) { goal } else { "" };
        let behind = if goal.is_empty() { room / 3 } else { columns(goal) + 1 };
        let last = room.saturating_sub(behind).max(1);
        let at = |d: usize| if rightward { x + d } else { x.saturating_sub(d) };
        for d in 1..=last {
            let is_dashed = end == Tip::Open && d > last / 2;
            canvas.dot(at(d), if is_dashed { self.ink.dash } else { self.ink.line });
        }
        let direction = usize::from(!rightward);
        canvas.dot(x, self.ink.leave[direction]);
        match end {
            Tip::Head => canvas.dot(at(last), self.ink.head[direction]),
            Tip::Cross => canvas.dot(at(last), self.ink.reset),
            Tip::Open => {}
        }
        let goal_at = if rightward { x + last + 2 } else { at(last + behind) };
        canvas.put(goal_at, goal);
        let caption = caption(last.saturating_sub(AROUND));
        if !caption.is_empty() {
            let wide = columns(&caption) + 2;
            let skip = 1 + last.saturating_sub(wide) / 2;
            canvas.put(
                if rightward { at(skip) } else { at(skip + wide - 1) },
                &format!(" {caption} "),
            );
        }
    }
}
