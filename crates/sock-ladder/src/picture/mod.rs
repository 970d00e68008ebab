//! The ladder as a picture: SVG, and one HTML file around the same SVG.
//!
//! Time runs down the page. A call is a box from its entry to its exit, so that waiting is seen; an arrow goes from the
//! entry of a send to the exit of the receive that got its bytes. Heights are in the order of time and no true scale: what
//! takes long is drawn longer, and what takes much longer is a marked break.
//!
//! ```text
//! scene ──► marks      a height for each moment            [marks]
//!       ──► picture    boxes, arrows, words at their place [layout]
//!       ──► paint      SVG                                 [paint]
//!       ──► page       HTML: pages of SVG, a script        [html]
//! ```

mod arrows;
mod beside;
mod captions;
mod escape;
mod html;
mod island;
mod layout;
mod marks;
mod paint;
mod stretch;

use sock_record::Line;

pub use html::html;

use crate::scene::{Scene, stage};
use crate::text::{Drawing, count};
use layout::Picture;

/// So many lanes stand side by side; more would be too far apart to follow.
const LANES: usize = 12;

/// So many rows one picture has: browsers and printers take no more at ease.
const MOST_ROWS: usize = 1_500;

/// Draws a record as an SVG picture.
///
/// `drawing.width` is not looked at: a picture is as wide as its lanes need. It is black and white, loads nothing and
/// runs nothing. What repeats is folded, where the drawing says so; of a record of more than 1,500 rows the first ones
/// are drawn, and the picture says how many are not.
///
/// # Examples
///
/// ```
/// let picture = sock_ladder::svg([], &sock_ladder::Drawing::default());
/// assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
/// ```
#[must_use]
pub fn svg<'a>(lines: impl IntoIterator<Item = &'a Line>, drawing: &Drawing) -> String {
    stage(lines, drawing, LANES, |scene| {
        let most = scene.shown.len().min(MOST_ROWS);
        let mut picture = Picture::new(scene, &scene.shown[..most], drawing.ascii);
        picture.remarks = remarks(scene, most);
        paint::whole(&picture)
    })
}

/// What stands below: the record's own remarks, and what is not drawn.
fn remarks(scene: &Scene<'_, '_>, drawn: usize) -> Vec<String> {
    let mut remarks = crate::text::remarks(scene);
    if scene.lanes.all.is_empty() && !scene.story.idle().is_empty() {
        remarks.push("no socket was used".to_owned());
    }
    if scene.is_crowded {
        remarks.push("several share a lane: there are more than can stand side by side".to_owned());
    }
    let left = scene.shown.len() - drawn;
    if left > 0 {
        remarks.push(format!("{} more rows are not drawn", count(left as u64)));
    }
    remarks
}
