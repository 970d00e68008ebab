//! How sure a ratio is: an interval from repeated runs, by ranks.
//!
//! Runs on a busy machine are not normal: now and then one is disturbed and far off. So nothing is assumed of how runs
//! are spread but that both sides are spread alike, up to the ratio, and one run that is off makes no difference, though
//! among few it may hide one. Of all ratios of a run of B to a run of A, in order, as many are cut off at both ends as the distribution of Mann and Whitney's U allows
//! (Hodges and Lehmann 1963; Conover, Practical Nonparametric Statistics, 5.4). The distribution is computed exactly, so
//! that the interval is right for few runs as well; with less than four on each side there are too few orders for 95 %.

/// A ratio and the interval that holds it with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median of B divided by the median of A.
    pub ratio: f64,
    /// From where to where it may lie; null where there are too few runs to say.
    pub interval: Option<(f64, f64)>,
}

/// What may lie outside the interval.
const DOUBT: f64 = 0.05;
/// The most pairs for which the distribution is computed exactly; beyond, it is normal to four digits.
const EXACT: usize = 1_600;

impl Ratio {
    /// The ratio of `b` to `a`; `None` where one of them is empty, or a value is not positive.
    #[must_use]
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let ratio = median(b)? / median(a)?;
        if a.iter().chain(b).any(|value| !value.is_finite() || *value <= 0.0) {
            return None;
        }
        let mut all: Vec<f64> = b.iter().flat_map(|b| a.iter().map(move |a| b / a)).collect();
        all.sort_by(f64::total_cmp);
        let interval = cut_off(a.len(), b.len()).map(|n| {
            let (low, high) = (all[n], all[all.len() - 1 - n]);
            // The medians' ratio is shown; where the ranks leave it outside, the interval is widened to it.
            (low.min(ratio), high.max(ratio))
        });
        Some(Self { ratio, interval })
    }

    /// True where the interval does not hold 1: both sides differ.
    #[must_use]
    pub fn is_sure(self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 1.0 || high < 1.0)
    }
}

/// The middle value, or the mean of the middle two; `None` where there is none.
#[must_use]
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n.is_multiple_of(2) => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        _ => Some(sorted[middle]),
    }
}

/// How many of the smallest, and of the largest, ratios lie outside the interval: the largest u for which U <= u is no
/// likelier than half the doubt. `None` where not even the interval of all ratios is sure enough.
fn cut_off(m: usize, n: usize) -> Option<usize> {
    if m * n > EXACT {
        return Some(cut_off_normal(m, n));
    }
    let mut below = 0.0;
    for (u, part) in distribution(m, n).into_iter().enumerate() {
        below += part;
        if below > DOUBT / 2.0 {
            return u.checked_sub(1);
        }
    }
    None
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of runs are small"
)]
fn cut_off_normal(m: usize, n: usize) -> usize {
    const QUANTILE: f64 = 1.959_964;
    let (m, n) = (m as f64, n as f64);
    let deviation = (m * n * (m + n + 1.0) / 12.0).sqrt();
    (m * n / 2.0 - QUANTILE * deviation - 0.5).floor().max(0.0) as usize
}

/// How likely each value of U is where both sides are alike: of all orders of m and n runs, the part in which u pairs
/// stand the other way round. By who comes last: it is one of the m with probability m / (m + n), and then stands behind
/// all n.
fn distribution(m: usize, n: usize) -> Vec<f64> {
    // rows[j]: for the i of now and j.
    let mut rows: Vec<Vec<f64>> = vec![vec![1.0]; n + 1];
    for i in 1..=m {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for j in 1..=n {
            let mut parts = vec![0.0; i * j + 1];
            #[allow(clippy::cast_precision_loss, reason = "numbers of runs are small")]
            let (first, second) = (i as f64 / (i + j) as f64, j as f64 / (i + j) as f64);
            for (u, part) in rows[j].iter().enumerate() {
                parts[u + j] += first * part;
            }
            for (u, part) in next[j - 1].iter().enumerate() {
                parts[u] += second * part;
            }
            next.push(parts);
        }
        rows = next;
    }
    rows.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_that_of_the_tables() {
        // Of the 6 orders of 2 and 2 runs, U is 0, 1, 2, 2, 3 and 4.
        let expected = [1.0, 1.0, 2.0, 1.0, 1.0].map(|n| n / 6.0);
        let found = distribution(2, 2);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        for (m, n) in [(1, 1), (3, 7), (40, 40)] {
            assert!((distribution(m, n).iter().sum::<f64>() - 1.0).abs() < 1e-9, "{m} {n}");
        }
    }

    #[test]
    fn the_critical_values_are_those_of_the_tables() {
        // Mann-Whitney, two-sided 5 %: the largest U that is significant.
        for (m, n, critical) in [
            (4, 4, Some(0)),
            (5, 5, Some(2)),
            (6, 6, Some(5)),
            (8, 8, Some(13)),
            (10, 10, Some(23)),
            (15, 15, Some(64)),
            (20, 20, Some(127)),
            (3, 5, Some(0)),
            (3, 3, None),
            (3, 4, None),
            (1, 20, None),
        ] {
            assert_eq!(cut_off(m, n), critical, "{m} and {n}");
            assert_eq!(cut_off(n, m), critical, "{n} and {m}");
        }
        let near = cut_off(40, 40).unwrap().abs_diff(cut_off_normal(40, 40));
        assert!(near <= 1, "{near}");
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
