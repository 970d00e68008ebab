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

/// So much worse are words upon words than words that a line crosses, and that than a place that is less good.
const WORDS: u32 = 10_000;
const LINES: u32 = 100;

impl Captions {
    /// Finds a place for words on an arrow, on its way through the first gap between two lanes, where the lines of `others`
    /// do not cross them.
    pub(super) fn place(
        &mut self,
        text: String,
        (from, to): Line,
        gap: i32,
        others: [&[Line]; 2],
    ) -> Caption {
        if text.is_empty() {
            return Caption::default();
        }
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
        let (x, y) = best.map_or_else(|| at(MIDDLE, ABOVE), |(_, place)| place);
        self.0.push([x, y, size.0, size.1]);
        Caption { text, x, y, angle: turn.to_degrees() }
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

    #[test]
    fn words_stand_where_no_line_crosses_them() {
        let other = ((260, 0), (0, 20));
        let caption =
            Captions::default().place("\"hi\"".into(), ((0, 10), (260, 10)), 260, [&[other], &[]]);
        let line = height(other, caption.x).unwrap();
        assert!((line - caption.y).abs() >= CLEAR, "{caption:?}");
        assert_eq!(height(other, 300.0), None);
    }

    #[test]
    fn words_give_way_to_words() {
        let mut captions = Captions::default();
        let one = captions.place("\"hello\"".into(), ((0, 0), (260, 0)), 260, [&[], &[]]);
        let other = captions.place("\"world\"".into(), ((0, 4), (260, 4)), 260, [&[], &[]]);
        assert!(
            (one.x - 130.0).abs() < 0.1 && (one.y - other.y).abs() > 15.0,
            "{} {}",
            one.y,
            other.y
        );
    }

    #[test]
    fn words_are_never_upside_down() {
        let mut captions = Captions::default();
        let leftward = captions.place("a".into(), ((260, 0), (0, 60)), 260, [&[], &[]]);
        assert!(leftward.angle < 0.0 && leftward.angle > -90.0);
        assert!(captions.place("a".into(), ((0, 0), (10, 500)), 260, [&[], &[]]).angle.abs() < 0.1);
    }
}
