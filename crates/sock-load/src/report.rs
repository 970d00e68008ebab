//! The report of one run: what it was told, where it ran, and what it found.

use serde::{Deserialize, Serialize};

use crate::latency::Latency;
use crate::told::{Direction, Pacing, Told};
use crate::trouble::ErrorCount;

/// The version of the format: always `sock-bench/1`, and reading any other is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Schema;

impl Schema {
    /// How the format is named in `schema`.
    pub const NAME: &str = "sock-bench/1";
}

impl From<Schema> for &'static str {
    fn from(_: Schema) -> Self {
        Schema::NAME
    }
}

impl TryFrom<String> for Schema {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        if name == Self::NAME {
            return Ok(Self);
        }
        Err(format!("this report is {name:?}; only {:?} can be read", Self::NAME))
    }
}

/// What one run of a load found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The format.
    pub schema: Schema,
    /// What the run is about where several are compared: the server's engine, or a name of the caller's.
    pub label: Option<String>,
    /// What the generator was told to do.
    pub told: Told,
    /// Where it ran.
    pub machine: Machine,
    /// The time of day when measuring began, in ns since 1970.
    pub began_unix_ns: Option<u64>,
    /// How long was measured, in ns: warm-up and ramp are not in it, and nothing below counts what fell into them.
    pub measured: u64,
    /// Messages and their replies.
    pub messages: Messages,
    /// Bytes of messages and replies, as the protocol sees them: without headers of TLS, TCP and IP.
    pub bytes: Bytes,
    /// Right replies a second; null when nothing was measured.
    pub rate: Option<f64>,
    /// Bytes a second.
    pub throughput: Throughput,
    /// From when a message left (closed loop) or should have left (open loop) until its reply was whole.
    pub latency: Latency,
    /// How long connecting took; null where it was not measured apart.
    pub connect: Option<Latency>,
    /// How much later than they should messages left; null for a closed loop, which has no schedule.
    pub lateness: Option<Latency>,
    /// Second after second; the last one may be shorter.
    #[serde(default)]
    pub timeline: Vec<Second>,
    /// What went wrong, each cause once.
    #[serde(default)]
    pub errors: Vec<ErrorCount>,
    /// Connections, or the sockets of a datagram transport.
    pub connections: Connections,
    /// What the run cost.
    pub cpu: Cpu,
    /// What the run says about itself.
    pub verdict: Verdict,
}

impl Report {
    /// The errors of all causes together.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors.iter().map(|error| error.count).fold(0, u64::saturating_add)
    }

    /// Whether there are connections of which no figure speaks, because they were not answered before the end.
    ///
    /// Where every message has a connection of its own, whoever calls last is still waiting when the time is over, and
    /// bulk has no replies.
    #[must_use]
    pub fn leaves_out_connections(&self) -> bool {
        let is_bulk = matches!(self.told.pacing, Pacing::Bulk { .. });
        self.connections.unheard > 0
            && !is_bulk
            && !self.told.new_connection
            && !self.has_turnover()
    }

    /// Whether the server closes its connections after a reply or a few: those without a reply are the last ones, which
    /// had only just been made.
    pub(crate) fn has_turnover(&self) -> bool {
        let (of, held) = (self.connections, self.told.connections);
        !self.told.new_connection
            && of.cut == 0
            && of.opened > 4 * held.max(1)
            && of.unheard <= held
            && self.messages.replies >= of.opened / 2
    }

    /// From when on, in nanoseconds of measuring, bulk moved nothing any more where it should, if that is at least half of
    /// the time and nothing else went wrong: what was moved before lies in the buffers of the systems.
    #[must_use]
    pub fn stalled_from(&self) -> Option<u64> {
        let Pacing::Bulk { direction } = self.told.pacing else { return None };
        if self.error_count() > 0 {
            return None;
        }
        let moved = |second: &&Second| match direction {
            Direction::Up => second.bytes.out > 0,
            Direction::Down => second.bytes.back > 0,
            Direction::Both => second.bytes.out > 0 || second.bytes.back > 0,
        };
        let behind = |second: &Second| second.t.saturating_add(second.span);
        let end = self.timeline.last().map(behind)?;
        let from = self.timeline.iter().rev().find(moved).map_or(0, behind);
        (end > 0 && end.saturating_sub(from) >= end / 2).then_some(from)
    }

    /// Fills `rate` and `throughput` from the counts and the time that was measured.
    #[must_use]
    pub fn with_rates(mut self) -> Self {
        let seconds = seconds(self.measured);
        #[allow(clippy::cast_precision_loss, reason = "a rate is no count: 53 bits are plenty")]
        let rate = |count: u64| (self.measured > 0).then(|| count as f64 / seconds);
        self.rate = rate(self.messages.replies);
        self.throughput = Throughput { out: rate(self.bytes.out), back: rate(self.bytes.back) };
        self
    }
}

/// Nanoseconds as seconds.
#[allow(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days")]
pub(crate) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// The machine on which the generator ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The kernel's name and release: `Linux 6.18.5`.
    pub kernel: Option<String>,
    /// The processor's model.
    pub cpu: Option<String>,
    /// How many cores the generator may use.
    pub cores: Option<u32>,
}

/// How many messages went and came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// How many should have left by the schedule; null for a closed loop.
    pub due: Option<u64>,
    /// How many left.
    pub sent: u64,
    /// How many whole and right replies came.
    pub replies: u64,
}

/// How many bytes went and came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// From the generator to the server.
    pub out: u64,
    /// From the server to the generator.
    pub back: u64,
}

/// How many bytes went and came a second; null when nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// From the generator to the server.
    pub out: Option<f64>,
    /// From the server to the generator.
    pub back: Option<f64>,
}

/// One second of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// When it began, in ns since measuring did.
    pub t: u64,
    /// How long it was, in ns: 1,000,000,000, less for the last one.
    pub span: u64,
    /// Replies that came in it.
    pub replies: u64,
    /// Errors of every cause.
    pub errors: u64,
    /// Connections that were open at its end.
    pub open: u64,
    /// Bytes of messages and replies.
    pub bytes: Bytes,
    /// The median latency of its replies, in ns; null without replies.
    pub p50: Option<u64>,
    /// The 99th percentile of its replies, in ns; null without replies.
    pub p99: Option<u64>,
    /// The longest latency of its replies, in ns; null without replies.
    pub max: Option<u64>,
}

/// How many connections there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// How many were begun, those that failed among them.
    pub asked: u64,
    /// How many opened.
    pub opened: u64,
    /// How many were open when measuring ended.
    pub open_at_end: u64,
    /// How many were open at once at most.
    pub peak: u64,
    /// How many have asked and had no reply before the end of measuring, nor before its beginning.
    #[serde(default)]
    pub unheard: u64,
    /// How many the server cut while it owed a reply.
    #[serde(default)]
    pub cut: u64,
    /// When it cut the first of them, in ns since measuring began; null where it cut none.
    #[serde(default)]
    pub first_cut: Option<u64>,
}

/// Processor time, of the generator and of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// The generator's, while measuring.
    pub generator: Option<Usage>,
    /// The part of one core that the generator's busiest worker used, of 1.0; null where it is not known, or where it
    /// waits by spinning, so that the part says nothing.
    pub busiest: Option<f64>,
    /// The server's, while measuring; null where it is not a process of this machine that can be read.
    pub server: Option<ServerCpu>,
}

/// The processor time of a process, in ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In its own code.
    pub user: u64,
    /// In the kernel on its behalf.
    pub sys: u64,
}

impl Usage {
    /// Both together, in ns.
    #[must_use]
    pub fn total(self) -> u64 {
        self.user.saturating_add(self.sys)
    }
}

/// What the server used, with all its threads and children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerCpu {
    /// Its process id.
    pub pid: u32,
    /// In its own code, in ns.
    pub user: u64,
    /// In the kernel on its behalf, in ns.
    pub sys: u64,
    /// Both together for each reply, in ns; null without replies, and where both are too short to be measured (the
    /// system counts in ticks of 10 ms).
    pub per_message: Option<f64>,
}

/// What the run says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// True when the generator's own core was the limit, so that the figures say nothing about the server's; null where
    /// that cannot be known.
    pub saturated: Option<bool>,
    /// How many messages have no right reply: they left, or should have, and were not answered by the end.
    pub missing: u64,
    /// Sentences for people, the gravest first.
    #[serde(default)]
    pub lines: Vec<String>,
}
