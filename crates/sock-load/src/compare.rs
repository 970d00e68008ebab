//! Two sets of runs beside each other: ratios, how sure they are, and what that means.

mod interval;
mod measure;
mod show;
mod told;

use crate::report::Report;
use crate::units::{count, counted};

pub use interval::Ratio;
pub(crate) use interval::median;
pub use measure::Measure;
pub(crate) use measure::whole;
pub use show::{compare_text, table_text};

/// What two sets of runs say about each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How many runs there are of A and of B.
    pub runs: (usize, usize),
    /// Each measure that both sides have.
    pub rows: Vec<Row>,
    /// What stands against reading the ratios as an answer: other orders, another machine, saturated generators.
    pub warnings: Vec<String>,
}

/// One measure on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What is compared.
    pub measure: Measure,
    /// The median of A's runs.
    pub a: f64,
    /// The median of B's runs.
    pub b: f64,
    /// B to A; null where a median is 0.
    pub ratio: Option<Ratio>,
    /// What that means.
    pub finding: Finding,
}

/// Which side is better, by one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// B is better, whatever of the interval is true.
    Faster,
    /// B is worse, whatever of the interval is true.
    Slower,
    /// The interval holds 1: there may be a difference, but these runs do not show it.
    NoDifference,
    /// Too few runs for an interval: nothing is said.
    TooFew,
}

/// Compares the runs of B with those of A.
///
/// # Examples
///
/// ```
/// use sock_load::{Finding, Report, compare};
///
/// let run = |rate| Report { rate: Some(rate), ..Report::default() };
/// let a = [100.0, 101.0, 99.0, 100.5].map(run);
/// let b = [110.0, 112.0, 111.0, 109.0].map(run);
/// let found = compare(&a, &b);
/// assert_eq!(found.rows[0].finding, Finding::Faster);
/// assert_eq!(compare(&a[..1], &b[..1]).rows[0].finding, Finding::TooFew);
/// ```
#[must_use]
pub fn compare(a: &[Report], b: &[Report]) -> Comparison {
    let mut rows = Vec::new();
    for measure in Measure::ALL {
        let (left, right) = (values(measure, a), values(measure, b));
        let (Some(a), Some(b)) = (median(&left), median(&right)) else { continue };
        let ratio = Ratio::of(&left, &right);
        rows.push(Row { measure, a, b, ratio, finding: finding(measure, ratio) });
    }
    Comparison { runs: (a.len(), b.len()), rows, warnings: told::warnings(a, b) }
}

fn finding(measure: Measure, ratio: Option<Ratio>) -> Finding {
    let Some(ratio) = ratio else { return Finding::TooFew };
    match ratio.interval {
        None => Finding::TooFew,
        Some(_) if !ratio.is_sure() => Finding::NoDifference,
        Some((low, _)) if (low > 1.0) == measure.more_is_better() => Finding::Faster,
        Some(_) => Finding::Slower,
    }
}

/// The values of a measure in those runs that have one.
pub(crate) fn values(measure: Measure, runs: &[Report]) -> Vec<f64> {
    runs.iter().filter_map(|run| measure.of(run)).collect()
}

/// With which of several sets the others are compared: the first that has answered every connection.
pub(crate) fn base(sets: &[(String, Vec<Report>)]) -> usize {
    sets.iter().position(|(_, runs)| !runs.is_empty() && unheard(runs).is_none()).unwrap_or(0)
}

/// Where some connections had no reply in any of these runs: that the figures are those of the others.
pub(crate) fn unheard(runs: &[Report]) -> Option<String> {
    let worst = runs.iter().map(|run| run.connections).max_by_key(|of| of.unheard)?;
    (worst.unheard > 0).then(|| {
        format!(
            "{} of {} had no reply before the end; its figures are those of the others alone",
            count(worst.unheard),
            counted(worst.opened, "connection", "connections"),
        )
    })
}
