//! The same server under several names: a row each, a column for each measure, a dot for each run.

use super::axis::{Axis, Frame};
use super::canvas::{Anchor, Canvas, small, text_width};
use super::{WIDTH, measures};
use crate::clean::{cut, plain};
use crate::compare::{Measure, Ratio, base, median, unheard, values, whole};
use crate::histogram::Histogram;
use crate::report::Report;
use crate::units::{duration, ratio, shortened, tick};

/// The height of a row.
const ROW: f64 = 40.0;
/// Where the first column begins: names stand before it.
const NAMES: f64 = 120.0;
/// What lies between two columns.
const GAP: f64 = 64.0;

/// Draws the table as a picture.
pub(super) fn draw(title: &str, sets: &[(String, Vec<Report>)]) -> Canvas {
    let bottom = 80.0 + ROW * small(sets.len());
    let mut canvas = Canvas::new(bottom + 60.0);
    canvas.text(24.0, 20.0, Anchor::Start, "s-head", title);
    let found = measures(sets);
    let mut columns: Vec<Column> = Vec::new();
    for measure in &found {
        match measure {
            Measure::Rate | Measure::Throughput | Measure::ServerCpu => {
                columns.push(Column::Bars(*measure));
            }
            // Both stand in one column, because one is read beside the other.
            Measure::P99 if found.contains(&Measure::P50) => {}
            Measure::P50 | Measure::P99 => columns.push(Column::Latency),
        }
    }
    let width = (WIDTH - 24.0 - NAMES) / small(columns.len().max(1)) - GAP;
    for (n, column) in columns.iter().enumerate() {
        let left = NAMES + small(n) * (width + GAP);
        let frame = Frame { left, right: left + width, top: 62.0, bottom };
        match column {
            Column::Bars(measure) => bars(&mut canvas, frame, *measure, sets),
            Column::Latency => latencies(&mut canvas, frame, sets),
        }
    }
    for (n, (name, runs)) in sets.iter().enumerate() {
        let y = row(n);
        let name = cut(&plain(name, false), 13, false);
        canvas.text(NAMES - 12.0, y + 4.0, Anchor::End, "", &name);
        if runs.is_empty() {
            canvas.text(NAMES + 8.0, y + 4.0, Anchor::Start, "s-soft", "no run");
        }
    }
    canvas
}

/// All times of several runs in one histogram.
pub(super) fn merged(runs: &[Report]) -> Option<Histogram> {
    let mut all = runs.iter().filter_map(|run| run.latency.histogram.as_ref());
    let mut first = all.next()?.clone();
    all.for_each(|one| first.merge(one));
    Some(first)
}

#[derive(Debug)]
enum Column {
    Bars(Measure),
    Latency,
}

/// The middle of a row.
fn row(n: usize) -> f64 {
    72.0 + ROW * (small(n) + 0.5)
}

fn bars(canvas: &mut Canvas, frame: Frame, measure: Measure, sets: &[(String, Vec<Report>)]) {
    canvas.text(frame.left, 50.0, Anchor::Start, "s-soft", head(measure));
    let all = sets.iter().flat_map(|(_, runs)| values(measure, runs));
    let axis = Axis::even(all.fold(0.0, f64::max), 4, 1.0);
    let show = |tick: f64| {
        if tick > 0.0 { shortened(&measure.show(tick, false)) } else { "0".into() }
    };
    frame.ticks_below(canvas, &axis, show);
    frame.edges(canvas);
    let first = base(sets);
    let base = sets.get(first).map(|(_, runs)| values(measure, runs)).unwrap_or_default();
    for (n, (_, runs)) in sets.iter().enumerate() {
        let found = values(measure, runs);
        let Some(value) = median(&found) else { continue };
        let (y, x) = (row(n), frame.x(axis.part(value)));
        canvas.rect((frame.left, y - 13.0), (x - frame.left, 16.0), "s-bar");
        for run in &found {
            let says = measure.show(*run, false);
            canvas.dot((frame.x(axis.part(*run)), y - 5.0), 2.5, "s-run", &says);
        }
        let beside = match Ratio::of(&base, &found) {
            Some(found) if n != first && unheard(runs).is_none() => {
                format!(" ({} ×)", ratio(found.ratio))
            }
            Some(_) | None => String::new(),
        };
        let text = format!("{}{beside}", measure.show(value, false));
        canvas.text(frame.left + 4.0, y + 16.0, Anchor::Start, "", &text);
    }
}

fn head(measure: Measure) -> &'static str {
    match measure {
        Measure::Rate => "replies a second: more is better",
        Measure::Throughput => "bytes a second: more is better",
        Measure::ServerCpu => "server CPU a message: less is better",
        Measure::P50 | Measure::P99 => "latency: less is better",
    }
}

fn latencies(canvas: &mut Canvas, frame: Frame, sets: &[(String, Vec<Report>)]) {
    canvas.text(
        frame.left,
        50.0,
        Anchor::Start,
        "s-soft",
        "latency, ● p50 to ○ p99: less is better",
    );
    let both = [Measure::P50, Measure::P99];
    let all: Vec<f64> =
        sets.iter().flat_map(|(_, runs)| both.map(|m| values(m, runs))).flatten().collect();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let axis = Axis::powers(low, all.iter().copied().fold(1.0, f64::max), 5);
    frame.ticks_below(canvas, &axis, |ns| tick(whole(ns), false));
    frame.edges(canvas);
    for (n, (_, runs)) in sets.iter().enumerate() {
        let y = row(n) - 5.0;
        let found = both.map(|measure| median(&values(measure, runs)));
        let places = found.map(|value| value.map(|value| frame.x(axis.part(value))));
        if let [Some(from), Some(to)] = places {
            canvas.line((from, y), (to, y), "s-axis");
        }
        for (measure, place) in both.into_iter().zip(places) {
            if let Some(x) = place {
                let class = if measure == Measure::P50 { "s-0 s-dot" } else { "s-0 s-ring" };
                canvas.dot((x, y), 5.0, class, measure.name());
            }
            for run in values(measure, runs) {
                let at = (frame.x(axis.part(run)), y);
                canvas.dot(at, 2.0, "s-run", &measure.show(run, false));
            }
        }
        let shown = found.map(|v| v.map(|v| duration(whole(v), false)));
        let text: Vec<String> = shown.into_iter().flatten().collect();
        let text = text.join(" to ");
        // Beneath its marks, and within the column.
        let from = places.into_iter().flatten().fold(f64::INFINITY, f64::min);
        let x = from.min(frame.right - text_width(&text)).max(frame.left + 4.0);
        if !text.is_empty() {
            canvas.text(x, y + 21.0, Anchor::Start, "", &text);
        }
    }
}
