//! Axes: where a value lies, and the round values at which there are ticks.

use super::canvas::{Anchor, Canvas};

/// Where a picture's lines may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// The place of a part (0 to 1) of the width.
    pub(super) fn x(self, part: f64) -> f64 {
        self.left + (self.right - self.left) * part.clamp(0.0, 1.0)
    }

    /// The place of a part (0 to 1) of the height, from below.
    pub(super) fn y(self, part: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * part.clamp(0.0, 1.0)
    }

    /// Draws ticks with their texts at the left, and a line across for each.
    pub(super) fn ticks_left(self, canvas: &mut Canvas, axis: &Axis, show: impl Fn(f64) -> String) {
        for tick in &axis.ticks {
            let y = self.y(axis.part(*tick));
            canvas.line((self.left, y), (self.right, y), "s-grid");
            canvas.text(self.left - 8.0, y + 4.0, Anchor::End, "s-soft", &show(*tick));
        }
    }

    /// Draws ticks with their texts below, and a line up for each.
    pub(super) fn ticks_below(
        self,
        canvas: &mut Canvas,
        axis: &Axis,
        show: impl Fn(f64) -> String,
    ) {
        for tick in &axis.ticks {
            let x = self.x(axis.part(*tick));
            canvas.line((x, self.top), (x, self.bottom), "s-grid");
            canvas.text(x, self.bottom + 19.0, Anchor::Middle, "s-soft", &show(*tick));
        }
    }

    /// Draws the axes themselves: at the left and below.
    pub(super) fn edges(self, canvas: &mut Canvas) {
        canvas.line((self.left, self.top), (self.left, self.bottom), "s-axis");
        canvas.line((self.left, self.bottom), (self.right, self.bottom), "s-axis");
    }

    /// Says in the middle why there is nothing to see.
    pub(super) fn says(self, canvas: &mut Canvas, text: &str) {
        let middle = f64::midpoint(self.top, self.bottom);
        canvas.text(f64::midpoint(self.left, self.right), middle, Anchor::Middle, "s-soft", text);
    }
}

/// An axis: from where to where, even or in powers, and its round ticks.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    powers: bool,
    pub(super) ticks: Vec<f64>,
}

impl Axis {
    /// From 0 to a round value that is not below `highest`, with at most `most` steps, none smaller than `least`.
    pub(super) fn even(highest: f64, most: usize, least: f64) -> Self {
        let highest = if highest.is_finite() { highest.max(least) } else { least };
        let mut step = least;
        while highest / step > super::canvas::small(most) {
            // 1, 2, 5, 10 … times the least.
            let digit = (step / least) / 10_f64.powf((step / least).log10().floor());
            step *= if (1.5..3.0).contains(&digit) { 2.5 } else { 2.0 };
        }
        let steps = (highest / step - 1e-9).ceil().max(1.0);
        let mut ticks = vec![0.0];
        while ticks.len() < 2 || ticks[ticks.len() - 1] < step * (steps - 0.5) {
            ticks.push(super::canvas::small(ticks.len()) * step);
        }
        Self { low: 0.0, high: step * steps, powers: false, ticks }
    }

    /// In powers, from a round value below `lowest` to one above `highest`, with at most `most` ticks.
    pub(super) fn powers(lowest: f64, highest: f64, most: usize) -> Self {
        const SERIES: [&[f64]; 5] = [
            &[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
            &[1.0],
        ];
        // Nothing is shorter than 1 ns, nor longer than 600 years.
        let (lowest, highest) = (lowest.clamp(1.0, 1e19), highest.clamp(1.0, 1e19));
        let mut ticks = Vec::new();
        for series in SERIES {
            let all = (-1..21).flat_map(|power| series.iter().map(move |n| n * 10_f64.powi(power)));
            let all: Vec<f64> = all.filter(|tick| *tick >= 0.5).collect();
            let from = all.partition_point(|tick| *tick < lowest).saturating_sub(1);
            let to = all.partition_point(|tick| *tick <= highest).min(all.len() - 1);
            ticks = all[from..=to].to_vec();
            if ticks.len() <= most {
                break;
            }
        }
        Self { low: ticks[0], high: ticks[ticks.len() - 1], powers: true, ticks }
    }

    /// From 0 to `high` with these ticks.
    pub(super) fn of(high: f64, ticks: Vec<f64>) -> Self {
        Self { low: 0.0, high, powers: false, ticks }
    }

    /// Where a value lies, 0 to 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        if self.powers {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ticks_are_round() {
        assert_eq!(Axis::even(188_000.0, 5, 1.0).ticks, [0.0, 50e3, 100e3, 150e3, 200e3]);
        assert_eq!(Axis::even(10.0, 6, 1.0).ticks, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(Axis::even(0.0, 5, 1.0).ticks, [0.0, 1.0]);
        assert_eq!(Axis::even(f64::NAN, 5, 1.0).ticks, [0.0, 1.0]);
        assert!(Axis::even(1.8e19, 5, 1.0).ticks.len() <= 6);
    }

    #[test]
    fn ticks_of_powers_are_round_and_enclose() {
        let axis = Axis::powers(52_300.0, 52_300.0, 8);
        assert_eq!(axis.ticks, [50_000.0, 60_000.0]);
        let axis = Axis::powers(316_000.0, 5.57e9, 8);
        assert!(axis.ticks.len() <= 8 && axis.low <= 316_000.0 && axis.high >= 5.57e9, "{axis:?}");
        assert!(axis.part(316_000.0) >= 0.0 && axis.part(5.57e9) <= 1.0);
        assert!(Axis::powers(0.0, 1.9e19, 8).ticks.len() >= 2);
    }
}
