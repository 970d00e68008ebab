//! Comparisons as text: one table, what it means, and what stands against it.

use super::{Comparison, Finding, Measure, Ratio, Row, base, median, unheard, values};
use crate::clean::plain;
use crate::report::Report;
use crate::text::{Page, Style};
use crate::units::{counted, ratio};

/// Writes what two sets of runs say about each other; `names` are those of A and of B.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, Style, compare, compare_text};
///
/// let runs = [Report { rate: Some(5.0), ..Report::default() }];
/// let page = compare_text(&compare(&runs, &runs), ("a.json", "b.json"), Style::default());
/// assert!(page.contains("one run each: no interval; repeat with --repeat 5"));
/// ```
#[must_use]
pub fn compare_text(found: &Comparison, names: (&str, &str), style: Style) -> String {
    let mut page = Page::new(style);
    let ascii = style.ascii;
    for (side, name, runs) in [("A", names.0, found.runs.0), ("B", names.1, found.runs.1)] {
        let runs = counted(runs as u64, "run", "runs");
        page.line(&format!("{side}: {}, {runs}", plain(name, ascii)));
    }
    page.gap();
    let heads = ["", "A", "B", "ratio B/A", "its 95 % interval", ""];
    let rows: Vec<[String; 6]> = found.rows.iter().map(|row| cells(row, ascii)).collect();
    page.table(&heads.map(str::to_owned), &rows);
    page.gap();
    page.row("verdict", &verdict(found, ascii));
    for warning in &found.warnings {
        page.row("warning", &plain(warning, ascii));
    }
    page.finish()
}

fn cells(row: &Row, ascii: bool) -> [String; 6] {
    let (ratio_, interval) = ratio_cells(row.ratio);
    let word = if row.finding == Finding::TooFew { String::new() } else { word(row).into() };
    let measure = row.measure;
    let [a, b] = [row.a, row.b].map(|value| measure.show(value, ascii));
    [measure.name().into(), a, b, ratio_, interval, word]
}

fn ratio_cells(of: Option<Ratio>) -> (String, String) {
    let Some(of) = of else { return ("unknown".into(), String::new()) };
    let interval = of.interval.map(|(low, high)| format!("{} to {}", ratio(low), ratio(high)));
    (ratio(of.ratio), interval.unwrap_or_default())
}

/// What a finding is called: time that a server uses is more or less, and not faster or slower.
fn word(row: &Row) -> &'static str {
    match (row.finding, row.measure) {
        (Finding::Faster, Measure::ServerCpu) => "less",
        (Finding::Slower, Measure::ServerCpu) => "more",
        (Finding::Faster, _) => "faster",
        (Finding::Slower, _) => "slower",
        (Finding::NoDifference, _) => "no difference seen",
        (Finding::TooFew, _) => "too few runs",
    }
}

/// One sentence: what all measures say together.
fn verdict(found: &Comparison, ascii: bool) -> String {
    let (a, b) = found.runs;
    if found.rows.is_empty() {
        return "nothing to compare: no measure is in both".into();
    }
    if (a, b) == (1, 1) {
        return "one run each: no interval; repeat with --repeat 5".into();
    }
    if found.rows.iter().all(|row| row.finding == Finding::TooFew) {
        return format!(
            "{a} and {b} runs: too few for an interval of 95 %; at least 4 each: repeat with --repeat 5"
        );
    }
    let times = if ascii { "x" } else { "×" };
    let said = |row: &Row| match row.finding {
        Finding::NoDifference | Finding::TooFew => format!("{}: {}", row.measure.name(), word(row)),
        Finding::Faster | Finding::Slower => {
            let (ratio, interval) = ratio_cells(row.ratio);
            format!("{ratio} {times} the {} ({interval})", row.measure.name())
        }
    };
    let has = |finding| {
        found.rows.iter().any(|row| row.finding == finding && row.measure != Measure::ServerCpu)
    };
    let whole = match (has(Finding::Faster), has(Finding::Slower)) {
        (true, false) => "B is faster",
        (false, true) => "B is slower",
        (true, true) => "B is faster by some measures and slower by others",
        (false, false) => "no difference seen",
    };
    let parts: Vec<String> = found.rows.iter().map(said).collect();
    format!("{whole}: {}", parts.join("; "))
}

/// Writes the same server under several names; the first that has answered every connection is what the others are
/// compared with.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, Style, table_text};
///
/// let run = |rate| vec![Report { rate: Some(rate), ..Report::default() }];
/// let sets = [("epoll".to_owned(), run(2_000.0)), ("select".to_owned(), run(1_000.0))];
/// assert!(table_text(&sets, Style::default()).contains("0.500"));
/// ```
#[must_use]
pub fn table_text(sets: &[(String, Vec<Report>)], style: Style) -> String {
    let mut page = Page::new(style);
    let ascii = style.ascii;
    let first = base(sets);
    let Some((name, base)) = sets.get(first) else { return String::new() };
    let runs = sets.iter().map(|(_, runs)| runs.len()).max().unwrap_or_default();
    let main = main_measure(base);
    let shown: Vec<Measure> = Measure::ALL
        .into_iter()
        .filter(|measure| sets.iter().any(|(_, runs)| !values(*measure, runs).is_empty()))
        .collect();
    let mut heads = vec![String::new()];
    for measure in &shown {
        heads.push(measure.name().into());
        if *measure == main {
            heads.push(format!("to {}", plain(name, ascii)));
        }
    }
    let mut rows = Vec::new();
    for (n, (name, runs)) in sets.iter().enumerate() {
        let mut cells = vec![plain(name, ascii)];
        for measure in &shown {
            let found = values(*measure, runs);
            cells.push(median(&found).map_or("unknown".into(), |value| measure.show(value, ascii)));
            if *measure == main {
                cells.push(match unheard(runs) {
                    _ if n == first => "1".into(),
                    None => beside(&values(main, base), &found),
                    Some(_) => String::new(),
                });
            }
        }
        rows.push(cells);
    }
    page.table(&heads, &rows);
    page.gap();
    let note = match runs {
        0 | 1 => "one run each: no interval; repeat with --repeat 5".into(),
        2 | 3 => {
            format!("medians of {runs} runs each: too few for an interval; repeat with --repeat 5")
        }
        _ => format!(
            "medians of {runs} runs each; in brackets the interval that holds the ratio with 95 % confidence"
        ),
    };
    page.line(&note);
    for (name, runs) in sets {
        if let Some(text) = unheard(runs) {
            page.line(&format!("{}: {text}", plain(name, ascii)));
        }
    }
    page.finish()
}

/// A ratio with its interval in one cell.
fn beside(base: &[f64], values: &[f64]) -> String {
    match ratio_cells(Ratio::of(base, values)) {
        (ratio, interval) if interval.is_empty() => ratio,
        (ratio, interval) => format!("{ratio} ({interval})"),
    }
}

/// What sets of runs are ranked by: what was not an order.
pub(crate) fn main_measure(runs: &[Report]) -> Measure {
    let has = |measure: &Measure| !values(*measure, runs).is_empty();
    Measure::ALL.into_iter().find(has).unwrap_or(Measure::Rate)
}
