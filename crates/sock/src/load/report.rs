//! Report: what was found, and what the run says about itself.

use std::fs;
use std::time::Duration;

use sock_load::{
    Connections, Cpu, Histogram, Latency, Machine, Messages, Pacing, Report, Second, ServerCpu,
    Told, Usage, Verdict,
};
use sock_proto::load::Direction;

use super::tally::{Spent, Sum, nanos};
use super::{Length, Loader, Pace, trouble};

/// What a run has found.
pub(super) struct Found {
    pub(super) measured: Duration,
    /// The time of day at which measuring began.
    pub(super) began: Duration,
    pub(super) sum: Sum,
    pub(super) timeline: Vec<Second>,
    pub(super) connect: Histogram,
    pub(super) lateness: Histogram,
    /// Of each worker: the processor's time, and how much of that it has only looked, ns.
    pub(super) spent: Vec<(Spent, u64)>,
    /// Connections that have asked and had no reply before the end.
    pub(super) unheard: u64,
    /// Connections that the peer cut while it owed a reply, and when it cut the first.
    pub(super) cut: u64,
    pub(super) first_cut: Option<Duration>,
    /// From when measuring began until the last worker had ended.
    pub(super) lasted: Duration,
    pub(super) server: Option<ServerCpu>,
    pub(super) was_stopped: bool,
}

pub(super) fn assemble(loader: &Loader, found: Found) -> Report {
    let Found { measured, sum, .. } = &found;
    let counts = sum.counts;
    let is_open = matches!(loader.pace, Pace::Open { .. });
    let used: Vec<(Usage, u64)> =
        found.spent.iter().filter_map(|(spent, looked)| Some((used(*spent)?, *looked))).collect();
    let generator = used.iter().map(|(usage, _)| *usage);
    let generator = generator.reduce(|a, b| Usage { user: a.user + b.user, sys: a.sys + b.sys });
    let wall = nanos(found.lasted.min(*measured).max(Duration::from_nanos(1)));
    let spins = loader.busy_poll.is_some();
    #[allow(clippy::cast_precision_loss, reason = "a part of a core needs no more")]
    let share =
        |(usage, looked): &(Usage, u64)| usage.total().saturating_sub(*looked) as f64 / wall as f64;
    let busiest = used.iter().map(share).reduce(f64::max).filter(|_| !spins);
    let mut report = Report {
        told: told(loader),
        machine: machine(),
        began_unix_ns: Some(nanos(found.began)),
        measured: nanos(*measured),
        messages: Messages {
            due: is_open.then_some(counts.due),
            sent: counts.sent,
            replies: counts.replies,
        },
        bytes: counts.bytes,
        latency: Latency::of(&sum.latency),
        connect: loader.endpoint.is_stream().then(|| Latency::of(&found.connect)),
        lateness: is_open.then(|| Latency::of(&found.lateness)),
        errors: trouble::told(loader, sum),
        connections: Connections {
            asked: counts.asked,
            opened: counts.opened,
            open_at_end: sum.open,
            peak: counts.peak,
            unheard: found.unheard,
            cut: found.cut,
            first_cut: found.first_cut.map(nanos),
        },
        cpu: Cpu { generator, busiest, server: found.server },
        ..Report::default()
    };
    report.timeline = found.timeline;
    report.verdict = Verdict::of(&report);
    // A message whose connection never opened has not left, and is missing all the same.
    let missing = counts.due.saturating_sub(counts.replies);
    report.verdict.missing = report.verdict.missing.max(missing);
    report.verdict.lines.extend(loader.fallen_back.clone());
    if found.was_stopped {
        report.verdict.lines.push("stopped before its end".to_owned());
    }
    report.with_rates()
}

fn used(spent: Spent) -> Option<Usage> {
    let (before, after) = (spent.before?, spent.after?);
    Some(Usage {
        user: after.user.saturating_sub(before.user),
        sys: after.sys.saturating_sub(before.sys),
    })
}

fn told(loader: &Loader) -> Told {
    let pacing = match loader.pace {
        Pace::Closed { depth } => Pacing::Closed { depth },
        Pace::Open { rate, .. } => Pacing::Open { rate },
        Pace::Bulk(direction) => Pacing::Bulk {
            direction: match direction {
                Direction::Up => sock_load::Direction::Up,
                Direction::Down => sock_load::Direction::Down,
                Direction::Both => sock_load::Direction::Both,
            },
        },
    };
    // Bytes that nobody asks for have no replies.
    let is_bulk = matches!(loader.pace, Pace::Bulk(_));
    let (duration, number) = match loader.length {
        Length::Time(time) => (Some(nanos(time)), None),
        Length::Messages(n) => (None, Some(n)),
    };
    let some = |time: Duration| (!time.is_zero()).then(|| nanos(time));
    Told {
        endpoint: loader.name.clone().unwrap_or_else(|| loader.endpoint.to_string()),
        transport: loader.transport.unwrap_or(loader.endpoint.transport().name()).to_owned(),
        service: loader.checked.clone(),
        engine: loader.waits_with().name().to_owned(),
        connections: loader.connections as u64,
        pacing,
        size: loader.message.length().map(|bytes| bytes as u64),
        until: (loader.checked.is_none() && !is_bulk).then(|| loader.until.to_string()),
        duration,
        number,
        warm_up: some(loader.warm_up),
        ramp: some(loader.ramp),
        new_connection: loader.new_connection,
        timeout: loader.timeout.map(nanos),
        workers: u32::try_from(loader.workers).unwrap_or(u32::MAX),
        busy_poll: loader.busy_poll.map(nanos),
    }
}

/// The machine, as far as it says what it is.
fn machine() -> Machine {
    let name = rustix::system::uname();
    let (system, release) = (name.sysname().to_string_lossy(), name.release().to_string_lossy());
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().ok();
    Machine {
        kernel: Some(format!("{system} {release}")),
        cpu: model.map(|(_, model)| model.trim().to_owned()),
        cores: cores.and_then(|cores| u32::try_from(cores.get()).ok()),
    }
}
