//! Where captions stand: along their arrows, and not on top of each other.

use crate::text::columns;

/// Steeper than this, in degrees, words along an arrow are hard to read: there they stand level across it.
const STEEP: f64 = 32.0;

/// From an arrow to the middle of the words above it.
const ABOVE: f64 = 8.0;

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

/// What has been placed: middle, half the width, half the height.
#[derive(Debug, Default)]
pub(super) struct Captions(Vec<[f64; 4]>);

impl Captions {
    /// Finds a place for words on an arrow, on its way through the first gap between two lanes.
    pub(super) fn place(
        &mut self,
        text: String,
        from: (i32, i32),
        to: (i32, i32),
        gap: i32,
    ) -> Caption {
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
        let is_free = |(x, y): (f64, f64)| {
            self.0.iter().rev().take(64).all(|other| {
                (x - other[0]).abs() > size.0 + other[2] || (y - other[1]).abs() > size.1 + other[3]
            })
        };
        let is_inside = |place: f64| {
            let edge = size.0 + EDGE;
            (edge..=way.abs() - edge).contains(&(way.abs() * place))
        };
        let elsewhere = PLACES.into_iter().filter(|&place| is_inside(place));
        let inside = std::iter::once(MIDDLE).chain(elsewhere);
        // Above the arrow where there is room, else below it.
        let choices = inside.flat_map(|place| [(place, ABOVE), (place, -ABOVE - 2.0)]);
        let free = choices.map(|(place, above)| at(place, above)).find(|&place| is_free(place));
        let (x, y) = free.unwrap_or_else(|| at(MIDDLE, ABOVE));
        self.0.push([x, y, size.0, size.1]);
        Caption { text, x, y, angle: turn.to_degrees() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_give_way_to_words() {
        let mut captions = Captions::default();
        let one = captions.place("\"hello\"".into(), (0, 0), (260, 0), 260);
        let other = captions.place("\"world\"".into(), (0, 4), (260, 4), 260);
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
        let leftward = captions.place("a".into(), (260, 0), (0, 60), 260);
        assert!(leftward.angle < 0.0 && leftward.angle > -90.0);
        assert!(captions.place("a".into(), (0, 0), (10, 500), 260).angle.abs() < 0.1);
    }
}
