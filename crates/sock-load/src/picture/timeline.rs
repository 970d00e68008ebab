//! What happened second by second: the rate, the errors, and latency beneath them.

use super::WIDTH;
use super::axis::{Axis, Frame};
use super::canvas::{Anchor, Canvas, small};
use super::curves::{ends, legend};
use crate::compare::whole;
use crate::report::{Report, Second, seconds};
use crate::told::Pacing;
use crate::units::{as_f64, count, counted, duration, rate, shortened, throughput, tick};

/// How many points fit beside each other and are still points.
const MOST: usize = 400;
/// Up to so many points each has a dot.
const DOTS: usize = 60;

/// Draws the timeline of a report.
pub(super) fn draw(title: &str, report: &Report) -> Canvas {
    let points = points(&report.timeline);
    let bulk = matches!(report.told.pacing, Pacing::Bulk { .. });
    let each = points.first().map_or(0, |point| point.seconds);
    // One line more where points have to be explained.
    let down = if each > 1 { 62.0 + 18.0 } else { 62.0 };
    let mut canvas = Canvas::new(down + if bulk { 220.0 } else { 430.0 });
    canvas.text(24.0, 20.0, Anchor::Start, "s-head", title);
    if each > 1 {
        let said = format!(
            "each point is {}: the mean rate, the median of the seconds' p50, the highest p99",
            counted(each as u64, "second", "seconds")
        );
        canvas.text(24.0, 38.0, Anchor::Start, "s-soft", &said);
    }
    let end = report.timeline.iter().map(|s| s.t.saturating_add(s.span)).max().unwrap_or(0);
    let clock = Clock::of(end.max(report.measured));
    let top = Frame { left: 84.0, right: WIDTH - 100.0, top: down, bottom: down + 150.0 };
    rates(&mut canvas, top, report, &points, &clock);
    let last = if bulk {
        top
    } else {
        let below = Frame { top: down + 220.0, bottom: down + 370.0, ..top };
        latencies(&mut canvas, below, &points, &clock);
        below
    };
    let middle = f64::midpoint(last.left, last.right);
    let unit = format!("time since measuring began, {}", clock.name);
    canvas.text(middle, last.bottom + 40.0, Anchor::Middle, "s-soft", &unit);
    canvas
}

/// One point: one second, or several where there are too many.
#[derive(Debug)]
struct Point {
    /// The middle of it, in ns.
    at: f64,
    seconds: usize,
    span: u64,
    replies: u64,
    bytes: u64,
    errors: u64,
    p50: Option<u64>,
    p99: Option<u64>,
}

impl Point {
    fn of(all: &[Second]) -> Self {
        let sum = |of: fn(&Second) -> u64| all.iter().map(of).fold(0, u64::saturating_add);
        let mut medians: Vec<u64> = all.iter().filter_map(|second| second.p50).collect();
        medians.sort_unstable();
        let (first, last) = (all[0], all[all.len() - 1]);
        Self {
            at: f64::midpoint(as_f64(first.t), as_f64(last.t) + as_f64(last.span)),
            seconds: all.len(),
            span: sum(|second| second.span),
            replies: sum(|second| second.replies),
            bytes: sum(|second| second.bytes.out.saturating_add(second.bytes.back)),
            errors: sum(|second| second.errors),
            p50: medians.get(medians.len() / 2).copied(),
            p99: all.iter().filter_map(|second| second.p99).max(),
        }
    }

    fn rate(&self, count: u64) -> f64 {
        if self.span == 0 { 0.0 } else { as_f64(count) / seconds(self.span) }
    }
}

/// The points of a timeline: round numbers of seconds each; a short rest joins the point before it, because a rate over
/// a few milliseconds is noise.
fn points(timeline: &[Second]) -> Vec<Point> {
    let steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
    let enough = |step: &usize| timeline.len().div_ceil(*step) <= MOST;
    let step = steps.into_iter().find(enough).unwrap_or(timeline.len());
    let mut groups: Vec<&[Second]> = timeline.chunks(step).collect();
    if let [.., before, rest] = groups[..] {
        let span = |all: &[Second]| all.iter().map(|s| s.span).fold(0, u64::saturating_add);
        if span(rest) < span(before) / 2 {
            groups.truncate(groups.len() - 2);
            groups.push(&timeline[timeline.len() - before.len() - rest.len()..]);
        }
    }
    groups.into_iter().map(Point::of).collect()
}

/// The axis of time and the unit that it is read in.
#[derive(Debug)]
struct Clock {
    name: &'static str,
    unit: f64,
    axis: Axis,
}

impl Clock {
    /// The axis for a run of so many ns.
    fn of(ns: u64) -> Self {
        let (name, unit) = match ns {
            0..1_000_000 => ("µs", 1e3),
            1_000_000..1_000_000_000 => ("ms", 1e6),
            1_000_000_000..300_000_000_000 => ("s", 1e9),
            300_000_000_000..18_000_000_000_000 => ("min", 6e10),
            _ => ("h", 3.6e12),
        };
        let end = (as_f64(ns) / unit).max(1.0);
        // The curves end where the run does, not at the next round value.
        let ticks = Axis::even(end, 12, 1.0).ticks;
        let ticks = ticks.into_iter().filter(|tick| *tick <= end * 1.000_001).collect();
        Self { name, unit, axis: Axis::of(end, ticks) }
    }

    fn x(&self, frame: Frame, ns: f64) -> f64 {
        frame.x(self.axis.part(ns / self.unit))
    }

    fn grid(&self, canvas: &mut Canvas, frame: Frame) {
        frame.ticks_below(canvas, &self.axis, |tick| count(whole(tick)));
    }
}

fn rates(canvas: &mut Canvas, frame: Frame, report: &Report, points: &[Point], clock: &Clock) {
    let bulk = matches!(report.told.pacing, Pacing::Bulk { .. });
    let value = |point: &Point| point.rate(if bulk { point.bytes } else { point.replies });
    let show = |value: f64| if bulk { throughput(value) } else { rate(value) };
    let highest = points.iter().map(value).fold(0.0, f64::max);
    let axis = if bulk { binary(highest) } else { Axis::even(highest, 5, 1.0) };
    frame.ticks_left(
        canvas,
        &axis,
        |tick| if tick > 0.0 { shortened(&show(tick)) } else { "0".into() },
    );
    clock.grid(canvas, frame);
    frame.edges(canvas);
    let name = if bulk { "bytes a second, both ways" } else { "replies a second" };
    legend(canvas, frame, frame.top - 18.0, &[name]);
    let errors =
        report.error_count().max(points.iter().map(|p| p.errors).fold(0, u64::saturating_add));
    if errors > 0 {
        let x = frame.left + 260.0;
        canvas.cross((x, frame.top - 22.0), "errors");
        let text = format!("errors ({} in all)", count(errors));
        canvas.text(x + 12.0, frame.top - 18.0, Anchor::Start, "", &text);
    }
    if points.is_empty() {
        frame.says(canvas, "no timeline was kept");
        return;
    }
    let places: Vec<Option<(f64, f64)>> = points
        .iter()
        .map(|point| Some((clock.x(frame, point.at), frame.y(axis.part(value(point))))))
        .collect();
    let says = |n: usize| format!("{}: {}", when(&points[n], clock), show(value(&points[n])));
    curve(canvas, &places, ("s-0", "s-dot"), says);
    for point in points.iter().filter(|point| point.errors > 0) {
        let says = format!("{}: {}", when(point, clock), counted(point.errors, "error", "errors"));
        canvas.cross((clock.x(frame, point.at), frame.top + 6.0), &says);
    }
    let last = places.last().copied().flatten().map_or(frame.top, |(_, y)| y);
    ends(canvas, frame, &[if bulk { "throughput" } else { "rate" }], &[last]);
}

/// An axis for bytes: its steps are round in units of 1,024.
fn binary(highest: f64) -> Axis {
    let mut unit = 1.0;
    while highest >= unit * 1024.0 {
        unit *= 1024.0;
    }
    Axis::even(highest, 5, unit / if unit > 1.0 && highest < 5.0 * unit { 4.0 } else { 1.0 })
}

fn latencies(canvas: &mut Canvas, frame: Frame, points: &[Point], clock: &Clock) {
    let known: Vec<u64> = points.iter().flat_map(|p| [p.p50, p.p99]).flatten().collect();
    let (Some(low), Some(high)) = (known.iter().min(), known.iter().max()) else {
        clock.grid(canvas, frame);
        frame.edges(canvas);
        frame.says(canvas, "no replies: there is no latency to draw");
        return;
    };
    let axis = Axis::powers(as_f64(*low), as_f64(*high), 7);
    frame.ticks_left(canvas, &axis, |ns| tick(whole(ns), false));
    clock.grid(canvas, frame);
    frame.edges(canvas);
    legend(canvas, frame, frame.top - 18.0, &["median latency (p50)", "99th percentile (p99)"]);
    let mut names = Vec::new();
    let mut heights = Vec::new();
    for (n, name) in ["p50", "p99"].into_iter().enumerate() {
        let of = |point: &Point| if n == 0 { point.p50 } else { point.p99 };
        let place = |point: &Point| {
            of(point).map(|ns| (clock.x(frame, point.at), frame.y(axis.part(as_f64(ns)))))
        };
        let places: Vec<Option<(f64, f64)>> = points.iter().map(place).collect();
        let says = |n: usize| {
            let ns = of(&points[n]).unwrap_or_default();
            format!("{}: {name} {}", when(&points[n], clock), duration(ns, false))
        };
        // Filled and hollow, so that no colour is needed where both lie upon each other.
        let mark = if n == 0 { "s-dot" } else { "s-ring s-solid" };
        curve(canvas, &places, (&super::curves::look(n), mark), says);
        if let Some((_, y)) = places.iter().flatten().last() {
            names.push(name);
            heights.push(*y);
        }
    }
    ends(canvas, frame, &names, &heights);
}

/// A curve that is broken where nothing is known, with a dot for each point that has no neighbour, or for all where
/// they are few.
fn curve(
    canvas: &mut Canvas,
    places: &[Option<(f64, f64)>],
    (class, mark): (&str, &str),
    says: impl Fn(usize) -> String,
) {
    let mut part: Vec<(f64, f64)> = Vec::new();
    for (n, place) in places.iter().enumerate() {
        part.extend(*place);
        let ends = places.get(n + 1).copied().flatten().is_none();
        if part.len() > 1 && ends {
            canvas.path(&part, class);
        }
        if let Some(at) = place
            && (places.len() <= DOTS || (part.len() == 1 && ends))
        {
            canvas.dot(*at, 3.0, &format!("{class} {mark}"), &says(n));
        }
        if ends {
            part.clear();
        }
    }
}

fn when(point: &Point, clock: &Clock) -> String {
    let from = (point.at - as_f64(point.span) / 2.0).max(0.0) / clock.unit;
    let digits = usize::from(from.fract() > 0.001);
    format!("from {from:.digits$} {}{}", clock.name, several(point))
}

fn several(point: &Point) -> String {
    if point.seconds > 1 { format!(", {:.0} s", small(point.seconds)) } else { String::new() }
}
