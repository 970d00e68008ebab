//! What is compared, and which way is better.

use crate::report::Report;
use crate::told::Pacing;
use crate::units::{as_f64, duration, rate, throughput};

/// What is compared of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Right replies a second.
    Rate,
    /// Bytes a second, both ways together (bulk).
    Throughput,
    /// The median latency.
    P50,
    /// The 99th percentile of latency.
    P99,
    /// The server's processor time for each reply.
    ServerCpu,
}

impl Measure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Rate, Self::Throughput, Self::P50, Self::P99, Self::ServerCpu];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Throughput => "throughput",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::ServerCpu => "server CPU a message",
        }
    }

    /// True where more is better; elsewhere less is.
    #[must_use]
    pub fn more_is_better(self) -> bool {
        match self {
            Self::Rate | Self::Throughput => true,
            Self::P50 | Self::P99 | Self::ServerCpu => false,
        }
    }

    /// Its value in a report: a second's, or ns. `None` where the report does not have it, or where it was an order and
    /// not a finding, as the rate of an open loop is.
    #[must_use]
    pub fn of(self, report: &Report) -> Option<f64> {
        match (self, report.told.pacing) {
            (Self::Rate, Pacing::Closed { .. }) => report.rate,
            (Self::Throughput, Pacing::Bulk { .. }) => {
                Some(report.throughput.out? + report.throughput.back?)
            }
            (Self::Rate | Self::Throughput, _) => None,
            (Self::P50, _) => report.latency.p50.map(as_f64),
            (Self::P99, _) => report.latency.p99.map(as_f64),
            (Self::ServerCpu, _) => report.cpu.server.and_then(|server| server.per_message),
        }
    }

    /// A value of it as people read it.
    pub(crate) fn show(self, value: f64, ascii: bool) -> String {
        match self {
            Self::Rate => rate(value),
            Self::Throughput => throughput(value),
            Self::P50 | Self::P99 | Self::ServerCpu => duration(whole(value), ascii),
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time in ns, and what does not fit is as good as the longest"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}
