//! Where captions stand: along their arrows, and not on top of each other.

use std::collections::HashMap;

use crate::text::columns;

/// Steeper than this, in degrees, words along an arrow are hard to read: there they stand level beside it.
const STEEP: f64 = 55.0;

/// From an arrow to the middle of the words above it, below it, and to the end of words beside it.
const ABOVE: f64 = 10.0;
const BELOW: f64 = 12.0;
const BESIDE: f64 = 8.0;

/// How far along the way from one lane to the next, in parts of it: the best place first.
const PLACES: [f64; 9] = [0.5, 0.38, 0.62, 0.28, 0.72, 0.2, 0.8, 0.12, 0.88];

/// From the lanes to the words, in pixels.
const EDGE: f64 = 8.0;

/// A letter is so wide, and so far apart from another one stands, to the side and up.
const LETTER: f64 = 7.2;
const APART: (f64, f64) = (8.0, 12.0);

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

/// What an arrow may say, at length first.
pub(super) type Forms = [String; 3];

/// An arrow's line.
pub(super) type Line = ((i32, i32), (i32, i32));

/// Closer to a line than this, in pixels, words are crossed by it.
const CLEAR: f64 = 7.0;

/// How many arrows before and after one may cross it.
const NEAR: usize = 24;

/// Words that more lines cross could be those of any of them.
const CROSSED: usize = 5;

/// Where words can stand.
#[derive(Debug, Default)]
pub(super) struct Captions {
    /// The letters that have been placed, by where on the page they are.
    taken: HashMap<(i32, i32), Vec<(f64, f64)>>,
    /// Between two lanes, from left to right.
    gaps: Vec<(f64, f64)>,
}

impl Captions {
    /// A page with these gaps between its lanes.
    pub(super) fn new(gaps: impl IntoIterator<Item = (i32, i32)>) -> Self {
        let gaps = gaps.into_iter().map(|(left, right)| (left.into(), right.into())).collect();
        Self { gaps, ..Self::default() }
    }

    /// Words that have their place: what stands on arrows gives way to them.
    pub(super) fn take(&mut self, text: &str, left: i32, y: i32) {
        let half = half(text);
        self.put(Spot { x: f64::from(left) + half, y: y.into(), half, turn: 0.0 });
    }

    /// Finds a place for the words of every arrow. Arrows stand in the order in which they leave.
    pub(super) fn all(mut self, mut words: Vec<Forms>, lines: &[Line]) -> Vec<Caption> {
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
            placed[n] = self.place(std::mem::take(&mut words[n]), lines[n], [before, after]);
        }
        placed
    }

    /// Finds a place for words on an arrow, between two lanes that it passes, where the lines of `others` do not cross them.
    ///
    /// Long words that would stand upon others, or be crossed, give way to short ones, and those to none: they could not be
    /// read.
    fn place(&mut self, forms: Forms, line: Line, others: [&[Line]; 2]) -> Caption {
        let mut best: Option<(usize, Spot, String)> = None;
        for text in forms.into_iter().filter(|text| !text.is_empty()) {
            let Some((crossed, spot)) = self.find(half(&text), line, others) else { continue };
            if best.as_ref().is_none_or(|(least, ..)| crossed < *least) {
                best = Some((crossed, spot, text));
            }
            if crossed == 0 {
                break;
            }
        }
        let Some((_, spot, text)) = best else { return Caption::default() };
        self.put(spot);
        Caption { text, x: spot.x, y: spot.y, angle: spot.turn.to_degrees() }
    }

    /// The best place for words that are so wide from their middle, and how many lines cross it; none without a place.
    fn find(&self, half: f64, line: Line, others: [&[Line]; 2]) -> Option<(usize, Spot)> {
        let crossed = |spot: &Spot| {
            others.iter().copied().flatten().filter(|line| spot.is_crossed(**line)).count()
        };
        let mut best: Option<(usize, Spot)> = None;
        for spot in self.spots(half, line) {
            if self.is_taken(spot) {
                continue;
            }
            let crossed = crossed(&spot);
            if crossed <= CROSSED && best.is_none_or(|(least, _)| crossed < least) {
                best = Some((crossed, spot));
            }
            if crossed == 0 {
                break;
            }
        }
        best
    }

    /// Where words can stand on a line: the gap next to where it leaves first.
    fn spots(&self, half: f64, (from, to): Line) -> impl Iterator<Item = Spot> {
        let [x, y, dx, dy] = [from.0, from.1, to.0 - from.0, to.1 - from.1].map(f64::from);
        let slope = if dx == 0.0 { 0.0 } else { (dy / dx).atan() };
        let (least, most) = (x.min(x + dx), x.max(x + dx));
        let passed = |gap: &&(f64, f64)| gap.0 >= least - EDGE && gap.1 <= most + EDGE;
        let mut gaps: Vec<(f64, f64)> = self.gaps.iter().filter(passed).copied().collect();
        if dx < 0.0 {
            gaps.reverse();
        }
        // One that ends on the way passes none.
        if gaps.is_empty() {
            gaps.push((least, most));
        }
        let is_steep = slope.to_degrees().abs() > STEEP;
        let turn = if is_steep { 0.0 } else { slope };
        let wide = half * turn.cos() + 2.0;
        let spot = move |gap: (f64, f64), place: f64, side: f64| {
            let along = gap.0 + (gap.1 - gap.0) * if dx < 0.0 { 1.0 - place } else { place };
            let height = y + (along - x) * slope.tan();
            let (x, y) = if is_steep {
                (along + side.signum() * (half + BESIDE), height)
            } else {
                (along + turn.sin() * side, height - turn.cos() * side)
            };
            let is_inside = x - wide >= gap.0 + EDGE && x + wide <= gap.1 - EDGE;
            is_inside.then_some(Spot { x, y, half, turn })
        };
        gaps.into_iter()
            .flat_map(|gap| PLACES.map(|place| (gap, place)))
            // Above the arrow where there is room, else below it.
            .flat_map(|(gap, place)| [ABOVE, -BELOW].map(|side| (gap, place, side)))
            .filter_map(move |(gap, place, side)| spot(gap, place, side))
    }

    fn is_taken(&self, spot: Spot) -> bool {
        spot.letters().any(|(x, y)| {
            let (column, row) = cell(x, y);
            let near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (column + dx, row + dy)));
            near.filter_map(|cell| self.taken.get(&cell))
                .flatten()
                .any(|other| (x - other.0).abs() < APART.0 && (y - other.1).abs() < APART.1)
        })
    }

    fn put(&mut self, spot: Spot) {
        for (x, y) in spot.letters() {
            self.taken.entry(cell(x, y)).or_default().push((x, y));
        }
    }
}

/// Where a letter is looked for: letters that are too near stand in the same cell or in the next.
fn cell(x: f64, y: f64) -> (i32, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float stops at the ends")]
    let whole = |n: f64| (n / APART.1).floor() as i32;
    (whole(x), whole(y))
}

/// How wide words are from their middle.
fn half(text: &str) -> f64 {
    f64::from(u32::try_from(columns(text)).unwrap_or(u32::MAX)) * LETTER / 2.0
}

/// A place for words: their middle, how wide they are from there, and how they are turned.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: f64,
    y: f64,
    half: f64,
    turn: f64,
}

impl Spot {
    /// The middle of each letter.
    fn letters(self) -> impl Iterator<Item = (f64, f64)> {
        let first = LETTER / 2.0 - self.half;
        let along = std::iter::successors(Some(first), |far| Some(far + LETTER));
        along.take_while(move |far| *far < self.half).map(move |far| self.at(far))
    }

    fn at(&self, far: f64) -> (f64, f64) {
        (self.x + far * self.turn.cos(), self.y + far * self.turn.sin())
    }

    fn is_crossed(&self, (from, to): Line) -> bool {
        let line = [from, to].map(|(x, y)| (f64::from(x), f64::from(y)));
        let own = [self.at(-self.half), self.at(self.half)];
        do_cross(own, line)
            || own.iter().any(|end| distance(*end, line) < CLEAR)
            || line.iter().any(|end| distance(*end, own) < CLEAR)
    }
}

type Segment = [(f64, f64); 2];

fn do_cross(one: Segment, other: Segment) -> bool {
    // On which side of a line a point is.
    let side = |[a, b]: Segment, p: (f64, f64)| {
        ((b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)).signum()
    };
    let parts = |line: Segment, [a, b]: Segment| side(line, a) * side(line, b) < 0.0;
    parts(one, other) && parts(other, one)
}

/// How far a point is from a line.
fn distance(p: (f64, f64), [a, b]: Segment) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let along = ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / (dx * dx + dy * dy).max(f64::EPSILON);
    let along = along.clamp(0.0, 1.0);
    (a.0 + dx * along - p.0).hypot(a.1 + dy * along - p.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Captions {
        Captions::new([(0, 260)])
    }

    fn one(words: &str) -> Forms {
        [words.to_owned(), String::new(), String::new()]
    }

    fn letters(caption: &Caption) -> Vec<(f64, f64)> {
        let Caption { x, y, angle, .. } = *caption;
        let spot = Spot { x, y, half: half(&caption.text), turn: angle.to_radians() };
        spot.letters().collect()
    }

    fn apart(captions: &[Caption]) {
        for (n, one) in captions.iter().enumerate() {
            for other in captions[n + 1..].iter().flat_map(letters) {
                let near = |a: &(f64, f64)| (a.0 - other.0).hypot(a.1 - other.1) < 7.0;
                assert_eq!(letters(one).into_iter().find(near), None, "{other:?}");
            }
        }
    }

    #[test]
    fn words_without_a_place_of_their_own_are_shorter_or_none() {
        let mut captions = page();
        let line = ((0, 0), (260, 300));
        let forms = || ["a long caption".into(), "a caption".into(), "6 B".into()];
        let all: Vec<Caption> =
            (0..40).map(|_| captions.place(forms(), line, [&[], &[]])).collect();
        let has = |text: &str| all.iter().filter(|caption| caption.text == text).count();
        assert!(has("a long caption") > 0 && has("a caption") > 0 && has("") > 0, "{all:?}");
        apart(&all);
    }

    #[test]
    fn words_stand_where_no_line_crosses_them() {
        let other = ((260, 0), (0, 20));
        let caption = page().place(one("\"hi\""), ((0, 10), (260, 10)), [&[other], &[]]);
        let ends = [other.0, other.1].map(|(x, y)| (f64::from(x), f64::from(y)));
        for letter in letters(&caption) {
            assert!(distance(letter, ends) >= CLEAR, "{caption:?}");
        }
        assert_eq!(letters(&caption).len(), 4);
    }

    #[test]
    fn words_on_a_line_give_way_to_words_beside_a_lane() {
        let mut captions = page();
        captions.take("recv 1,024 B", 150, 0);
        let line = ((0, 10), (260, 10));
        let caption = captions.place(
            ["a long caption".into(), "6 B".into(), String::new()],
            line,
            [&[], &[]],
        );
        assert!(
            caption.x + half(&caption.text) < 150.0 || (caption.y - 0.0).abs() > 11.0,
            "{caption:?}"
        );
    }

    #[test]
    fn words_stand_in_the_next_gap_where_the_first_is_full() {
        let mut captions = Captions::new([(0, 100), (110, 210)]);
        captions.take("a long label", 5, 0);
        captions.take("a long label", 5, 20);
        let caption = captions.place(one("\"hello\""), ((0, 10), (210, 10)), [&[], &[]]);
        assert!(caption.x > 110.0, "{caption:?}");
    }

    #[test]
    fn words_give_way_to_words() {
        let mut captions = page();
        let first = captions.place(one("\"hello\""), ((0, 0), (260, 0)), [&[], &[]]);
        let other = captions.place(one("\"world\""), ((0, 4), (260, 4)), [&[], &[]]);
        assert!((first.x - 130.0).abs() < 0.1, "{first:?}");
        apart(&[first, other]);
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
        let placed = Captions::new([(207, 487)]).all(words.map(one).to_vec(), &lines);
        apart(&placed);
        assert!(placed.iter().all(|caption| !caption.text.is_empty()), "{placed:?}");
    }

    #[test]
    fn words_are_never_upside_down_and_never_upright() {
        let leftward = page().place(one("a"), ((260, 0), (0, 60)), [&[], &[]]);
        assert!(leftward.angle < 0.0 && leftward.angle > -90.0);
        let upright = page().place(one("a"), ((0, 0), (260, 5000)), [&[], &[]]);
        assert!(upright.angle.abs() < 0.1 && !upright.text.is_empty());
    }
}
