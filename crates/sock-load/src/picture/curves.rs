//! The names of curves: a legend above them and a text at the end of each, so that no colour is needed.

use super::axis::Frame;
use super::canvas::{Anchor, Canvas, small, text_width};
use super::labels::apart;
use crate::clean::{cut, plain};

/// How many curves look different.
const LOOKS: usize = 7;
/// The widest name in a legend, in columns.
const NAME: usize = 40;

/// The class of the nth curve.
pub(super) fn look(n: usize) -> String {
    format!("s-{}", n % LOOKS)
}

/// Draws samples of the curves with their names from the left, at a height; returns how many lines that took.
pub(super) fn legend(canvas: &mut Canvas, frame: Frame, y: f64, names: &[&str]) -> usize {
    let (mut x, mut lines) = (frame.left, 0);
    for (n, name) in names.iter().enumerate() {
        let name = cut(&plain(name, false), NAME, false);
        let width = 40.0 + text_width(&name) + 20.0;
        if x > frame.left && x + width > frame.right + 80.0 {
            x = frame.left;
            lines += 1;
        }
        let y = y + small(lines) * 17.0;
        canvas.path(&[(x, y - 4.0), (x + 32.0, y - 4.0)], &look(n));
        canvas.text(x + 40.0, y, Anchor::Start, "", &name);
        x += width;
    }
    lines + 1
}

/// Writes the name of each curve where it ends.
pub(super) fn ends(canvas: &mut Canvas, frame: Frame, names: &[&str], heights: &[f64]) {
    let heights = apart(heights, frame);
    for (name, y) in names.iter().zip(heights) {
        let name = cut(&plain(name, false), 11, false);
        canvas.text(frame.right + 8.0, y + 4.0, Anchor::Start, "", &name);
    }
}
