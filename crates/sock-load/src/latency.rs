//! Latencies in figures: what people ask for, and the histogram that holds the rest.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;

/// How long something took, over and over: all times in ns, right to one in a thousand, null while there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many times were counted.
    pub count: u64,
    /// The shortest.
    pub min: Option<u64>,
    /// The longest.
    pub max: Option<u64>,
    /// The mean.
    pub mean: Option<u64>,
    /// The standard deviation.
    pub stdev: Option<u64>,
    /// Half were not longer.
    pub p50: Option<u64>,
    /// 75 of 100 were not longer.
    pub p75: Option<u64>,
    /// 90 of 100 were not longer.
    pub p90: Option<u64>,
    /// 95 of 100 were not longer.
    pub p95: Option<u64>,
    /// 99 of 100 were not longer.
    pub p99: Option<u64>,
    /// 999 of 1,000 were not longer.
    pub p99_9: Option<u64>,
    /// 9,999 of 10,000 were not longer.
    pub p99_99: Option<u64>,
    /// All of them; null where only the figures were kept.
    pub histogram: Option<Histogram>,
}

impl Latency {
    /// The figures of `histogram`, and a copy of it.
    #[must_use]
    pub fn of(histogram: &Histogram) -> Self {
        Self {
            count: histogram.count(),
            min: histogram.min(),
            max: histogram.max(),
            mean: histogram.mean(),
            stdev: histogram.stdev(),
            p50: histogram.at(0.5),
            p75: histogram.at(0.75),
            p90: histogram.at(0.9),
            p95: histogram.at(0.95),
            p99: histogram.at(0.99),
            p99_9: histogram.at(0.999),
            p99_99: histogram.at(0.9999),
            histogram: Some(histogram.clone()),
        }
    }

    /// The percentiles by name, those that so many times can speak of: of the highest at least one time lies beyond.
    pub(crate) fn percentiles(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> {
        let all = [
            ("p50", self.p50, 1),
            ("p75", self.p75, 4),
            ("p90", self.p90, 10),
            ("p95", self.p95, 20),
            ("p99", self.p99, 100),
            ("p99.9", self.p99_9, 1_000),
            ("p99.99", self.p99_99, 10_000),
        ];
        let count = self.count;
        all.into_iter()
            .filter(move |(_, _, needed)| count >= *needed)
            .map(|(name, at, _)| (name, at))
    }
}
