//! Several runs of one load as text: what they have found together, and how far they lie apart.

use std::collections::BTreeMap;

use super::{Page, Style};
use crate::clean::plain;
use crate::compare::{Measure, median, values};
use crate::report::Report;
use crate::units::{count, counted, percent};
use crate::words;

/// Writes what repeated runs of one load have found: of each measure the median, the least and the most, and what any
/// run says against itself.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, Style, repeated_text};
///
/// let run = |rate| Report { rate: Some(rate), ..Report::default() };
/// let page = repeated_text(&[90.0, 100.0, 120.0].map(run), Style::default());
/// assert!(page.contains("100 /s") && page.contains("3 runs"));
/// ```
#[must_use]
pub fn repeated_text(runs: &[Report], style: Style) -> String {
    let Some(first) = runs.first() else { return String::new() };
    let mut page = Page::new(style);
    let ascii = style.ascii;
    page.line(&words::title(first, ascii));
    page.hanging(2, &words::load(&first.told, ascii));
    page.hanging(2, &words::conditions(first, ascii));
    page.gap();
    page.line(&format!(
        "{}: the median of each measure, and how far the runs lie apart",
        counted(runs.len() as u64, "run", "runs")
    ));
    let heads = ["", "median", "least", "most", "apart"].map(str::to_owned);
    let rows: Vec<[String; 5]> =
        Measure::ALL.into_iter().filter_map(|measure| row(measure, runs, ascii)).collect();
    page.table(&heads, &rows);
    page.gap();
    errors(&mut page, runs);
    verdicts(&mut page, runs);
    page.finish()
}

/// One measure: median, least, most, and the difference of these two as a part of the median.
fn row(measure: Measure, runs: &[Report], ascii: bool) -> Option<[String; 5]> {
    let found = values(measure, runs);
    let middle = median(&found)?;
    let least = found.iter().copied().fold(f64::INFINITY, f64::min);
    let most = found.iter().copied().fold(0.0, f64::max);
    let apart = if middle > 0.0 { percent((most - least) / middle) } else { String::new() };
    let [middle, least, most] = [middle, least, most].map(|value| measure.show(value, ascii));
    Some([measure.name().into(), middle, least, most, apart])
}

/// Each cause once, with how often it was in all runs together.
fn errors(page: &mut Page, runs: &[Report]) {
    let ascii = page.ascii();
    let mut found = BTreeMap::new();
    for error in runs.iter().flat_map(|run| &run.errors) {
        let (sum, _) = found.entry(error.cause).or_insert((0_u64, error));
        *sum = sum.saturating_add(error.count);
    }
    let times = if ascii { "x" } else { "×" };
    if found.is_empty() {
        page.row("errors", "none");
    }
    for (n, (cause, (sum, first))) in found.into_iter().enumerate() {
        let name = if n == 0 { "errors" } else { "" };
        let cause = cause.as_str().replace('_', " ");
        page.row(name, &format!("{} {times} {cause}: {}", count(sum), plain(&first.text, ascii)));
    }
}

/// The gravest sentence of each run against which something is said.
fn verdicts(page: &mut Page, runs: &[Report]) {
    let ascii = page.ascii();
    let mut name = "verdict";
    for (n, run) in runs.iter().enumerate() {
        if let Some(line) = run.verdict.lines.first() {
            page.row(name, &format!("run {}: {}", n + 1, plain(line, ascii)));
            name = "";
        }
    }
    if name == "verdict" {
        let saturated: Option<Vec<bool>> = runs.iter().map(|run| run.verdict.saturated).collect();
        let any = saturated.map(|all| all.contains(&true));
        let pacing = runs.first().map_or_else(Default::default, |run| run.told.pacing);
        page.row(name, &format!("in every run: {}", words::untroubled(any, pacing)));
    }
}
