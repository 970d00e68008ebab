//! Pictures of reports: SVG that is read in colour, in black and white, on paper and on a dark screen.

mod axis;
mod canvas;
mod curves;
mod distribution;
mod html;
mod labels;
mod sets;
mod timeline;

use canvas::{Canvas, Sheet};

use crate::compare::{Measure, unheard};
use crate::report::Report;
use crate::told::Pacing;
use crate::units::counted;
use crate::words;

pub use html::{html, table_html};

/// How wide every picture is, in pixels.
const WIDTH: f64 = 960.0;

/// Draws a report as one SVG file: the distribution of latency, and what happened second by second.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, svg};
///
/// let picture = svg(&Report::default());
/// assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
/// ```
#[must_use]
pub fn svg(report: &Report) -> String {
    let mut sheet = Sheet::new(&words::title(report, false));
    sheet.says(&words::load(&report.told, false));
    sheet.says(&words::conditions(report, false));
    for line in &report.verdict.lines {
        sheet.warns(line);
    }
    for (_, picture) in pictures(report) {
        sheet.put(picture);
    }
    sheet.finish()
}

/// Draws the same server under several names as one SVG file: rates, latencies and processor time beside each other.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, table_svg};
///
/// let picture = table_svg(&[("epoll".to_owned(), vec![Report::default()])]);
/// assert!(picture.contains("epoll"));
/// ```
#[must_use]
pub fn table_svg(sets: &[(String, Vec<Report>)]) -> String {
    let mut sheet = Sheet::new(&table_title(sets));
    if let Some(report) = sets.iter().find_map(|(_, runs)| runs.first()) {
        sheet.says(&words::load(&report.told, false));
        sheet.says(&words::conditions(report, false));
    }
    for (name, runs) in sets {
        if let Some(text) = unheard(runs) {
            sheet.warns(&format!("{name}: {text}"));
        }
    }
    for (_, picture) in table_pictures(sets) {
        sheet.put(picture);
    }
    sheet.finish()
}

fn table_title(sets: &[(String, Vec<Report>)]) -> String {
    let report = sets.iter().find_map(|(_, runs)| runs.first());
    let service = report.and_then(|report| report.told.service.as_deref());
    format!("{} beside each other", service.unwrap_or("runs"))
}

/// The pictures of one report, each with its title.
fn pictures(report: &Report) -> Vec<(String, Canvas)> {
    let mut all = Vec::new();
    if !matches!(report.told.pacing, Pacing::Bulk { .. }) {
        let mut curves = Vec::new();
        if let Some(histogram) = &report.latency.histogram {
            let name = format!("latency of {}", counted(report.latency.count, "reply", "replies"));
            curves.push(distribution::Curve { name, short: "latency".into(), histogram });
        }
        // Those few that were opened at the beginning are no distribution.
        if let Some(connect) = report.connect.as_ref().filter(|_| report.told.new_connection)
            && let Some(histogram) = &connect.histogram
        {
            let name = format!("opening {}", counted(connect.count, "connection", "connections"));
            curves.push(distribution::Curve { name, short: "connecting".into(), histogram });
        }
        let title = "Latency by percentile".to_owned();
        let said = words::counted_from(report.told.pacing);
        all.push((title.clone(), distribution::draw(&title, said, &curves)));
    }
    let title = "Second by second".to_owned();
    all.push((title.clone(), timeline::draw(&title, report)));
    all
}

/// The pictures of several sets of runs, each with its title.
fn table_pictures(sets: &[(String, Vec<Report>)]) -> Vec<(String, Canvas)> {
    let title = "Medians of all runs; each run is a dot".to_owned();
    let mut all = vec![(title.clone(), sets::draw(&title, sets))];
    let merged: Vec<_> = sets.iter().map(|(name, runs)| (name, sets::merged(runs))).collect();
    let mut curves = Vec::new();
    for (name, histogram) in &merged {
        if let Some(histogram) = histogram {
            let short = (*name).clone();
            curves.push(distribution::Curve { name: short.clone(), short, histogram });
        }
    }
    if !curves.is_empty() {
        let title = "Latency by percentile, all runs together".to_owned();
        let pacing = sets.iter().find_map(|(_, runs)| runs.first()).map(|run| run.told.pacing);
        let said = words::counted_from(pacing.unwrap_or_default());
        all.push((title.clone(), distribution::draw(&title, said, &curves)));
    }
    all
}

/// The measures that any of the sets has.
fn measures(sets: &[(String, Vec<Report>)]) -> Vec<Measure> {
    let has = |measure: &Measure| {
        sets.iter().any(|(_, runs)| runs.iter().any(|run| measure.of(run).is_some()))
    };
    Measure::ALL.into_iter().filter(has).collect()
}
