//! Texts beside points: wherever there is room, and never upon each other.

use super::axis::Frame;
use super::canvas::{Anchor, Canvas, text_width};

/// The texts that stand already.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// Left, top, right, bottom.
    taken: Vec<[f64; 4]>,
}

/// The height of a line of text.
const HEIGHT: f64 = 15.0;
/// How far a text may stand out above the frame: the legend is further up.
const OVER: f64 = 12.0;

impl Labels {
    /// Puts a text beside a point of a curve that only rises: below it to the right, or above it to the left, where the
    /// curve cannot be. Nothing where none is free.
    pub(super) fn beside(
        &mut self,
        canvas: &mut Canvas,
        frame: Frame,
        (x, y): (f64, f64),
        text: &str,
    ) {
        let width = text_width(text);
        let below = (x + 8.0, y + 16.0, Anchor::Start);
        let above = (x - 8.0, y - 8.0, Anchor::End);
        let higher = (x - 8.0, y - 8.0 - HEIGHT, Anchor::End);
        let lower = (x + 8.0, y + 16.0 + HEIGHT, Anchor::Start);
        for (x, y, anchor) in [below, above, higher, lower] {
            let left = if anchor == Anchor::Start { x } else { x - width };
            let area = [left, y - HEIGHT + 3.0, left + width, y + 3.0];
            let inside = area[0] >= frame.left + 2.0
                && area[2] <= frame.right
                && area[1] >= frame.top - OVER
                && area[3] <= frame.bottom - 1.0;
            if inside && self.is_free(area) {
                self.taken.push(area);
                canvas.text(x, y, anchor, "", text);
                return;
            }
        }
    }

    /// Keeps an area free of texts.
    pub(super) fn keep(&mut self, area: [f64; 4]) {
        self.taken.push(area);
    }

    fn is_free(&self, [left, top, right, bottom]: [f64; 4]) -> bool {
        self.taken.iter().all(|[l, t, r, b]| right < *l || *r < left || bottom < *t || *b < top)
    }
}

/// The heights of texts at the right end of curves, moved apart where they would stand upon each other.
pub(super) fn apart(wanted: &[f64], frame: Frame) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut found = wanted.to_vec();
    let mut last = frame.top - HEIGHT;
    for &n in &order {
        found[n] = found[n].max(last + HEIGHT);
        last = found[n];
    }
    // What was pushed out below is pushed back, and pushes the others up.
    let mut next = frame.bottom + HEIGHT;
    for &n in order.iter().rev() {
        found[n] = found[n].min(next - HEIGHT);
        next = found[n];
    }
    found
}
