//! How many took no longer than how long: percentiles to the right, each 9 as wide as the one before.

use super::WIDTH;
use super::axis::{Axis, Frame};
use super::canvas::{Anchor, Canvas};
use super::curves::{ends, legend, look};
use super::labels::Labels;
use crate::compare::whole;
use crate::histogram::Histogram;
use crate::units::{as_f64, duration, tick};

/// One distribution.
#[derive(Debug)]
pub(super) struct Curve<'a> {
    pub(super) name: String,
    pub(super) short: String,
    pub(super) histogram: &'a Histogram,
}

/// The percentiles that have a name, as parts.
const NAMED: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// How many nines there are in a part: 0.99 has two.
fn nines(part: f64) -> f64 {
    -(1.0 - part).log10()
}

/// Draws distributions; `said` is how they were counted.
pub(super) fn draw(title: &str, said: &str, curves: &[Curve<'_>]) -> Canvas {
    let mut canvas = Canvas::new(434.0);
    let frame = Frame { left: 84.0, right: WIDTH - 100.0, top: 78.0, bottom: 366.0 };
    canvas.text(24.0, 20.0, Anchor::Start, "s-head", title);
    canvas.text(24.0, 38.0, Anchor::Start, "s-soft", said);
    let curves: Vec<&Curve<'_>> = curves.iter().filter(|c| c.histogram.count() > 0).collect();
    if curves.is_empty() {
        frame.edges(&mut canvas);
        frame.says(&mut canvas, "no replies: there is no latency to draw");
        return canvas;
    }
    let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
    legend(&mut canvas, frame, 60.0, &names);
    let most = curves.iter().map(|curve| curve.histogram.count()).max().unwrap_or(1);
    // Beyond the last 9 that so many can speak of there is only the longest.
    let right = as_f64(most).log10().clamp(2.0, 7.0);
    let across = Axis::of(right, ticks(right));
    let all =
        |of: fn(&Histogram) -> Option<u64>| curves.iter().filter_map(move |c| of(c.histogram));
    let lowest = all(Histogram::min).min().unwrap_or(1);
    let highest = all(Histogram::max).max().unwrap_or(1);
    let up = Axis::powers(as_f64(lowest), as_f64(highest), 9);
    frame.ticks_left(&mut canvas, &up, |ns| tick(whole(ns), false));
    frame.ticks_below(&mut canvas, &across, percentile);
    frame.edges(&mut canvas);
    let middle = f64::midpoint(frame.left, frame.right);
    canvas.text(middle, frame.bottom + 40.0, Anchor::Middle, "s-soft", "percentile");
    let place = |part: f64, ns: u64| {
        let x = if part >= 1.0 { 1.0 } else { across.part(nines(part)) };
        (frame.x(x), frame.y(up.part(as_f64(ns))))
    };
    let mut heights = Vec::new();
    for (n, curve) in curves.iter().enumerate() {
        let points = stairs(curve.histogram, place);
        heights.extend(points.last().map(|(_, y)| *y));
        canvas.path(&points, &look(n));
    }
    let shorts: Vec<&str> = curves.iter().map(|curve| curve.short.as_str()).collect();
    ends(&mut canvas, frame, &shorts, &heights);
    mark(&mut canvas, frame, &curves, place);
    canvas
}

/// The curve as stairs: nobody measured what lies between two times.
fn stairs(histogram: &Histogram, place: impl Fn(f64, u64) -> (f64, f64)) -> Vec<(f64, f64)> {
    let total = as_f64(histogram.count());
    let mut points: Vec<(f64, f64)> = Vec::new();
    let (mut seen, mut from) = (0_u64, 0.0);
    for (ns, count) in histogram.steps() {
        seen = seen.saturating_add(count);
        let (x, y) = place(as_f64(seen) / total, ns);
        let start = points.last().map_or_else(|| place(0.0, ns).0, |(x, _)| *x);
        // Steps within one pixel are one.
        if x - from < 0.8 && seen < histogram.count() && !points.is_empty() {
            continue;
        }
        points.push((start, y));
        points.push((x, y));
        from = x;
    }
    points
}

/// Marks the named percentiles of each curve; their values are written beside them where there are one or two curves.
fn mark(
    canvas: &mut Canvas,
    frame: Frame,
    curves: &[&Curve<'_>],
    place: impl Fn(f64, u64) -> (f64, f64),
) {
    let mut labels = Labels::default();
    let mut texts = Vec::new();
    for (n, curve) in curves.iter().enumerate() {
        let of = curve.histogram;
        // Where there is room for one text only, the longest is what people look for.
        if let Some(ns) = of.max() {
            texts.push((place(1.0, ns), format!("max {}", duration(ns, false))));
        }
        for (name, part) in NAMED {
            let Some(ns) = of.at(part).filter(|_| as_f64(of.count()) * (1.0 - part) >= 0.999)
            else {
                continue;
            };
            let (x, y) = place(part, ns);
            let text = format!("{name} {}", duration(ns, false));
            canvas.dot(
                (x, y),
                3.5,
                &format!("s-dot {}", look(n)),
                &format!("{}: {text}", curve.name),
            );
            labels.keep([x - 3.0, y - 3.0, x + 3.0, y + 3.0]);
            texts.push(((x, y), text));
        }
    }
    for (at, text) in texts {
        // With more curves, texts could not be told apart.
        if curves.len() <= 2 {
            labels.beside(canvas, frame, at, &text);
        }
    }
}

/// 0, 50, 90, 99, 99.9 … as nines.
fn ticks(right: f64) -> Vec<f64> {
    let mut ticks = vec![0.0, nines(0.5)];
    let mut next = 1.0;
    while next <= right {
        ticks.push(next);
        next += 1.0;
    }
    ticks
}

/// A number of nines as a percentile.
fn percentile(nines: f64) -> String {
    match nines {
        n if n < 0.1 => "0 %".into(),
        n if n < 0.9 => "50 %".into(),
        n if n < 1.5 => "90 %".into(),
        n if n < 2.5 => "99 %".into(),
        n => {
            let digits = whole(n - 2.0);
            format!("99.{} %", (0..digits).map(|_| '9').collect::<String>())
        }
    }
}
