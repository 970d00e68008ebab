//! Where captions stand: along their arrows, and not on top of each other.

use crate::text::columns;

/// Steeper than this, in degrees, words along an arrow are hard to read: there they stand level across it.
const STEEP: f64 = 32.0;

/// From an arrow to the middle of the words above it.
const ABOVE: f64 = 10.0;

/// How far along the way to the next lane, in parts of it: the best place first.
const MIDDLE: f64 = 0.5;
const PLACES: [f64; 6] = [0.38, 0.62, 0.28, 0.72, 0.2, 0.8];

/// From the ends of the way to the words, in pixels.
const EDGE: f64 = 12.0;

/// Words on an arrow.
#[derive(Debug, Default)]
pub(super) struct Caption {
    pub(super) text: String,
    /// Their middle.
    pub(super) x: f64,
    pub(super) y: f64,
    /// How they are turned, in degrees.
    pub(super) angle: f64,
}

/// An arrow's line.
pub(super) type Line = ((i32, i32), (i32, i32));

/// What has been placed: middle, half the width, half the height.
#[derive(Debug, Default)]
pub(super) struct Captions(Vec<[f64; 4]>);

/// Closer to a line than this, in pixels, words are crossed by it.
const CLEAR: f64 = 7.0;

/// How many arrows before and after one may cross it.
const NEAR: usize = 24;

/// So much worse are words upon words than words that a line crosses, and that than a place that is less good.
const WORDS: u32 = 10_000;
const LINES: u32 = 100;

impl Captions {
    /// Finds a place for the words of every arrow, of which there are a long and a short form. Arrows stand in the order in
    /// which they leave.
    pub(super) fn all(mut words: Vec<[String; 2]>, lines: &[Line], gap: i32) -> Vec<Caption> {
        let mut captions = Self::default();
        let mut placed: Vec<Caption> = Vec::new();
        placed.resize_with(words.len(), Caption::default);
        // Only neighbours can meet; of these the long words have the fewest places, so that the short ones give way.
        let mut order: Vec<usize> = (0..words.len()).collect();
        for near in order.chunks_mut(NEAR) {
            near.sort_by_key(|n| std::cmp::Reverse(columns(&words[*n][0])));
        }
        for n in order {
            let (before, after) =
                (&lines[n.saturating_sub(NEAR)..n], &lines[n + 1..(n + 1 + NEAR).min(lines.len())]);
            placed[n] =
                captions.place(std::mem::take(&mut words[n]), lines[n], gap, [before, after]);
        }
        placed
    }

    /// Finds a place for words on an arrow, on its way through the first gap between two lanes, where the lines of `others`
    /// do not cross them.
    ///
    /// Long words that would stand upon others give way to short ones, and those to none: neither could be read.
    fn place(&mut self, words: [String; 2], line: Line, gap: i32, others: [&[Line]; 2]) -> Caption {
        for text in words {
            if text.is_empty() {
                continue;
            }
            let (worth, caption, taken) = self.find(text, line, gap, others);
            if worth < WORDS {
                self.0.push(taken);
                return caption;
            }
        }
        Caption::default()
    }

    /// The best place for words: how bad it is all the same, and what it takes of the page.
    fn find(
        &self,
        text: String,
        (from, to): Line,
        gap: i32,
        others: [&[Line]; 2],
    ) -> (u32, Caption, [f64; 4]) {
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let slope = if dx == 0.0 { 0.0 } else { (dy / dx).atan() };
        let turn = if slope.to_degrees().abs() <= STEEP { slope } else { 0.0 };
        let way = dx.signum() * dx.abs().min(f64::from(gap));
        // A character is 7.2 wide and 12 high.
        let half = f64::from(u32::try_from(columns(&text)).unwrap_or(u32::MAX)) * 3.6;
        let size = (half * turn.cos() + 2.0, 6.0 + half * turn.sin().abs());
        let at = |place: f64, above: f64| {
            let x = f64::from(from.0) + way * place;
            let y = f64::from(from.1) + way * place * slope.tan();
            (x + turn.sin() * above, y - turn.cos() * above)
        };
        let covered = |(x, y): (f64, f64)| {
            let meets = |other: &&[f64; 4]| {
                (x - other[0]).abs() <= size.0 + other[2]
                    && (y - other[1]).abs() <= size.1 + other[3]
            };
            u32::try_from(self.0.iter().rev().take(64).filter(meets).count()).unwrap_or(u32::MAX)
        };
        let crossed = |(x, y): (f64, f64)| {
            let meets = |line: &&Line| {
                [-1.0, -0.5, 0.0, 0.5, 1.0].iter().any(|part| {
                    let along = half * part;
                    height(**line, x + along * turn.cos())
                        .is_some_and(|line| (line - y - along * turn.sin()).abs() < CLEAR)
                })
            };
            u32::try_from(others.iter().copied().flatten().filter(meets).count())
                .unwrap_or(u32::MAX)
        };
        let is_inside = |place: f64| {
            let edge = size.0 + EDGE;
            (edge..=way.abs() - edge).contains(&(way.abs() * place))
        };
        let elsewhere = PLACES.into_iter().filter(|&place| is_inside(place));
        let inside = std::iter::once(MIDDLE).chain(elsewhere);
        // Above the arrow where there is room, else below it.
        let choices = inside.flat_map(|place| [(place, ABOVE), (place, -ABOVE - 2.0)]);
        let places = choices.map(|(place, above)| at(place, above));
        let worth = |place: (f64, f64)| covered(place) * WORDS + crossed(place) * LINES;
        let ranked = (0_u32..).zip(places).map(|(n, place)| (worth(place) + n, place));
        let best = ranked.min_by_key(|(worth, _)| *worth);
        let (worth, (x, y)) = best.unwrap_or_else(|| (0, at(MIDDLE, ABOVE)));
        (worth, Caption { text, x, y, angle: turn.to_degrees() }, [x, y, size.0, size.1])
    }
}

/// How high a line is at `x`; none beside it.
fn height(((x1, y1), (x2, y2)): Line, x: f64) -> Option<f64> {
    let is_upright = x1 == x2;
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(f64::from);
    let is_there = !is_upright && (x1.min(x2)..=x1.max(x2)).contains(&x);
    is_there.then(|| y1 + (y2 - y1) * (x - x1) / (x2 - x1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(words: &str) -> [String; 2] {
        [words.to_owned(), String::new()]
    }

    #[test]
    fn words_without_a_place_of_their_own_are_shorter_or_none() {
        let mut captions = Captions::default();
        let line = ((0, 0), (290, 400));
        let all: Vec<Caption> = (0..24)
            .map(|_| captions.place(["a long caption".into(), "6 B".into()], line, 290, [&[], &[]]))
            .collect();
        let has = |text: &str| all.iter().filter(|caption| caption.text == text).count();
        assert!(has("a long caption") > 0 && has("6 B") > 0 && has("") > 0, "{all:?}");
        for (n, [x, y, wide, high]) in captions.0.iter().enumerate() {
            for other in &captions.0[n + 1..] {
                let apart = (x - other[0]).abs() > wide + other[2]
                    || (y - other[1]).abs() > high + other[3];
                assert!(apart, "{other:?}");
            }
        }
    }

    #[test]
    fn words_stand_where_no_line_crosses_them() {
        let other = ((260, 0), (0, 20));
        let caption =
            Captions::default().place(one("\"hi\""), ((0, 10), (260, 10)), 260, [&[other], &[]]);
        let line = height(other, caption.x).unwrap();
        assert!((line - caption.y).abs() >= CLEAR, "{caption:?}");
        assert_eq!(height(other, 300.0), None);
    }

    #[test]
    fn words_give_way_to_words() {
        let mut captions = Captions::default();
        let first = captions.place(one("\"hello\""), ((0, 0), (260, 0)), 260, [&[], &[]]);
        let other = captions.place(one("\"world\""), ((0, 4), (260, 4)), 260, [&[], &[]]);
        assert!(
            (first.x - 130.0).abs() < 0.1 && (first.y - other.y).abs() > 15.0,
            "{} {}",
            first.y,
            other.y
        );
    }

    #[test]
    fn words_of_arrows_that_cross_stand_apart() {
        // Three quick sends, an end, and the answer that goes out while that end is on its way.
        let right = |from, to| ((207, from), (487, to));
        let left = |from, to| ((487, from), (207, to));
        let lines = [
            right(216, 312),
            right(240, 312),
            right(264, 312),
            right(288, 380),
            left(336, 408),
            left(384, 433),
        ];
        let words = [
            "6 B \"hello \"",
            "4 B \"big \"",
            "6 B \"world\\n\"",
            "FIN (half-close)",
            "\"HELLO BIG WORLD\\n\"",
            "FIN",
        ];
        let words = words.map(one).to_vec();
        let places: Vec<Vec<(f64, f64)>> = Captions::all(words, &lines, 290)
            .iter()
            .map(|caption| {
                let count = i32::try_from(caption.text.len()).unwrap();
                let along = (0..count).map(|n| (f64::from(n) - f64::from(count - 1) / 2.0) * 7.2);
                let turn = caption.angle.to_radians();
                along
                    .map(|far| (caption.x + far * turn.cos(), caption.y + far * turn.sin()))
                    .collect()
            })
            .collect();
        for (n, one) in places.iter().enumerate() {
            for other in places[n + 1..].iter().flatten() {
                let near = |a: &&(f64, f64)| (a.0 - other.0).hypot(a.1 - other.1) < 7.0;
                assert_eq!(one.iter().find(near), None, "{other:?}");
            }
        }
    }

    #[test]
    fn words_are_never_upside_down() {
        let mut captions = Captions::default();
        let leftward = captions.place(one("a"), ((260, 0), (0, 60)), 260, [&[], &[]]);
        assert!(leftward.angle < 0.0 && leftward.angle > -90.0);
        assert!(captions.place(one("a"), ((0, 0), (10, 500)), 260, [&[], &[]]).angle.abs() < 0.1);
    }
}
