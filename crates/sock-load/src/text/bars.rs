//! The distribution as bars: how many replies took how long, in steps with round edges.

use super::Page;
use crate::clean::columns;
use crate::histogram::Histogram;
use crate::units::{as_f64, percent, tick};

/// The most bars that a reader takes in at once.
const MOST: usize = 12;
/// The widest bar: more says nothing more.
const WIDEST: usize = 40;

/// Steps within a power of ten, in tenths, finer ones first.
const SERIES: [&[u64]; 4] = [&[10, 15, 20, 30, 50, 70], &[10, 20, 50], &[10, 30], &[10]];

/// Draws the bars below the figures; nothing where all times are one.
pub(super) fn draw(page: &mut Page, histogram: &Histogram) {
    let bins = bins(histogram);
    if bins.len() < 2 {
        return;
    }
    page.gap();
    let ascii = page.ascii();
    let total = as_f64(histogram.count());
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or_default();
    let names: Vec<String> = bins.iter().map(|bin| bin.name(ascii)).collect();
    let name_width = names.iter().map(|name| columns(name)).max().unwrap_or_default();
    let parts: Vec<String> = bins.iter().map(|bin| percent(as_f64(bin.count) / total)).collect();
    let part_width = parts.iter().map(|part| columns(part)).max().unwrap_or_default();
    let mut indent = page.indent();
    let needs = |indent: usize| indent + name_width + part_width + 2;
    if needs(indent) + 8 > page.width() {
        indent = 0;
    }
    let room = page.width().saturating_sub(needs(indent) + 1).min(WIDEST);
    for ((bin, name), part) in bins.iter().zip(names).zip(parts) {
        let pad = " ".repeat(name_width - columns(&name));
        let bar = bar(as_f64(bin.count) / as_f64(most), room, ascii);
        page.exact(indent, &format!("{pad}{name}  {part:>part_width$} {bar}"));
    }
}

/// The times from `from` up to and without `to`.
#[derive(Debug, PartialEq, Eq)]
struct Bin {
    from: Option<u64>,
    to: Option<u64>,
    count: u64,
}

impl Bin {
    fn name(&self, ascii: bool) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) => {
                format!("{} to {}", tick(from, ascii), tick(to, ascii))
            }
            (None, Some(to)) => format!("under {}", tick(to, ascii)),
            (Some(from), None) => format!("{} and more", tick(from, ascii)),
            (None, None) => "all".into(),
        }
    }
}

/// Bars between round edges that cover all times but the fewest, and one for those at each side.
fn bins(histogram: &Histogram) -> Vec<Bin> {
    let (Some(low), Some(high)) = (histogram.at(0.01), histogram.at(0.99)) else {
        return Vec::new();
    };
    let edges = edges(low, high);
    let mut counts = vec![0_u64; edges.len() + 1];
    for (ns, count) in histogram.steps() {
        counts[edges.partition_point(|edge| *edge <= ns)] += count;
    }
    let mut bins = Vec::new();
    for (n, count) in counts.into_iter().enumerate() {
        let from = n.checked_sub(1).map(|before| edges[before]);
        let to = edges.get(n).copied();
        let outside = from.is_none() || to.is_none();
        if count > 0 || !outside {
            bins.push(Bin { from, to, count });
        }
    }
    bins
}

/// Round edges from below `low` to above `high`: even steps where they are alike, growing ones where they are not.
fn edges(low: u64, high: u64) -> Vec<u64> {
    if high / 4 < low {
        return even(low, high);
    }
    let mut found = Vec::new();
    for series in SERIES {
        found = growing(series, low, high);
        if found.len() <= MOST {
            break;
        }
    }
    found
}

fn growing(series: &[u64], low: u64, high: u64) -> Vec<u64> {
    let powers = (0..20).filter_map(|power| 10_u64.checked_pow(power));
    let all = powers.flat_map(|power| series.iter().filter_map(move |n| n.checked_mul(power)));
    // Tenths of the first power would be fractions of a nanosecond.
    let all: Vec<u64> = std::iter::once(1).chain([2, 5]).chain(all.map(|n| n.max(10))).collect();
    between(&all, low, high)
}

fn even(low: u64, high: u64) -> Vec<u64> {
    let span = high - low;
    let mut step = 1;
    'found: for power in (0..20).filter_map(|power| 10_u64.checked_pow(power)) {
        for factor in [1, 2, 5] {
            step = power.saturating_mul(factor);
            if span / step < MOST as u64 - 2 {
                break 'found;
            }
        }
    }
    let first = low / step * step;
    let all: Vec<u64> =
        (0..=MOST as u64).filter_map(|n| step.checked_mul(n)?.checked_add(first)).collect();
    between(&all, low, high)
}

/// The edges from the last one that is not above `low` to the first that is above `high`.
fn between(all: &[u64], low: u64, high: u64) -> Vec<u64> {
    let first = all.partition_point(|edge| *edge <= low).saturating_sub(1);
    let last = all.partition_point(|edge| *edge <= high);
    all[first..=last.min(all.len() - 1)].to_vec()
}

/// A bar of up to `room` columns; what is there at all is seen.
fn bar(part: f64, room: usize, ascii: bool) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "columns are few, and a part is 0 to 1"
    )]
    let eighths = (part * room as f64 * 8.0).ceil() as usize;
    if ascii {
        return "#".repeat(eighths.div_ceil(8));
    }
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}
