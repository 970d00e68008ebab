//! The highest rate that holds: doubled until it does not, and then halved between the two.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use sock::Run;
use sock::Urgency;
use sock::load::{Loader, Pace};
use sock_load::{Latency, Pacing, Report, units};

use super::{Plan, quietly};
use crate::ending::Broken;
use crate::screen::{Detail, Screen};
use crate::status::Status;

/// What has to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slo {
    pub(crate) quantile: f64,
    /// As it was written: `p99`.
    pub(crate) name: String,
    pub(crate) within: Duration,
}

/// Two rates that are no further apart than this are one: runs differ by as much.
const CLOSE: f64 = 1.05;
/// A search that has not come to an end by then is told as far as it came.
const STEPS: usize = 24;
/// Of the messages that are due, so many have to be answered.
const KEPT: f64 = 0.99;
/// And so much of the rate has to come back, counted until the last reply.
const KEPT_RATE: f64 = 0.95;
/// A step in which the generator is in the way is tried again so often: on a shared machine that passes.
const AGAIN: usize = 2;
/// From here on nothing is left of the generator's core.
const FULL: f64 = 0.99;
/// When messages leave later than by this part of what replies may take, what does not hold may be ours.
const OURS: u32 = 4;

/// What one rate has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Holds,
    DoesNot,
    /// It did not hold, and the generator itself was late or had no core left.
    CannotTell,
}

/// Looks for the highest rate at which `slo` holds, and gives the report of that.
pub(super) fn search(plan: &Plan, loader: &Loader, slo: &Slo, run: &Run) -> Result<Report> {
    // As fast as replies come, for a first idea of what the server can do.
    let quick = quietly(loader.clone())?;
    let Some(top) = quick.rate.filter(|rate| *rate >= 1.0) else { return Ok(quick) };
    let (mut rate, mut best) = (top / 2.0, None::<(f64, Report)>);
    let mut too_much = None::<(f64, Found)>;
    for _ in 0..STEPS {
        let Some((report, found)) = step(plan, loader, rate, slo, run)? else { break };
        if found == Found::Holds {
            best = Some((rate, report));
        } else {
            too_much = Some((rate, found));
        }
        rate = match (&best, too_much.map(|(high, _)| high)) {
            (Some((low, _)), Some(high)) if high / low <= CLOSE => break,
            (Some((low, _)), Some(high)) => (low * high).sqrt(),
            (Some((low, _)), None) => low * 1.5,
            (None, Some(high)) if high < 1.0 => break,
            (None, Some(high)) => high / 4.0,
            (None, None) => break,
        };
    }
    let Slo { name, within, .. } = slo;
    let Some((rate, mut report)) = best else {
        let mut text = format!("no rate was found at which {name} is within {within:?}");
        if matches!(too_much, Some((_, Found::CannotTell))) {
            text = format!("{text}: cannot tell: {LIMIT}");
        }
        return Err(Broken::new(Status::Failed, text).into());
    };
    let beyond = match too_much {
        None => String::new(),
        Some((high, Found::CannotTell)) => {
            format!("; whether {high:.0} a second do, cannot be told: {LIMIT}")
        }
        Some((high, Found::Holds | Found::DoesNot)) => format!("; {high:.0} a second do not"),
    };
    let line = format!("{rate:.0} messages a second hold {name} = {within:?}{beyond}");
    report.verdict.lines.insert(0, line);
    if report.cpu.busiest.is_some_and(|part| part >= FULL) {
        report.verdict.lines.push(FULL_CORE.to_owned());
    }
    Ok(report)
}

/// What a rate shows, tried again where the generator is in the way; none: the run was asked to end.
fn step(
    plan: &Plan,
    loader: &Loader,
    rate: f64,
    slo: &Slo,
    run: &Run,
) -> Result<Option<(Report, Found)>> {
    let mut again = AGAIN;
    loop {
        let report = at(plan, loader, rate)?;
        if run.stop().urgency() != Urgency::None {
            return Ok(None);
        }
        let found = found(&report, slo);
        tell(&report, rate, slo, found, plan.screen)?;
        if found != Found::CannotTell || again == 0 {
            return Ok(Some((report, found)));
        }
        again -= 1;
    }
}

/// A run at this rate.
fn at(plan: &Plan, loader: &Loader, rate: f64) -> Result<Report> {
    let is_http = plan.target.transport().is_some();
    let pace = Pace::Open { rate, most: plan.ask.most(is_http) };
    quietly(loader.clone().pace(pace))
}

/// What is said where the server is not to blame.
const LIMIT: &str = "the generator is the limit (its own messages left late, or its core was full): try --workers, \
                     --busy-poll, more --connections, or another machine";

const FULL_CORE: &str =
    "the generator's core was full at this rate: the server may hold more; try --workers";

fn found(report: &Report, slo: &Slo) -> Found {
    if holds(report, slo) {
        return Found::Holds;
    }
    let late = late(report, slo).unwrap_or_default();
    // Without what is its own it would have held.
    let would_hold = latency(report, slo)
        .is_some_and(|at| at > slo.within && at.saturating_sub(late) <= slo.within);
    if late > slo.within / OURS || would_hold || report.verdict.saturated == Some(true) {
        Found::CannotTell
    } else {
        Found::DoesNot
    }
}

/// How late messages left, at the percentile that counts.
fn late(report: &Report, slo: &Slo) -> Option<Duration> {
    at_quantile(report.lateness.as_ref()?, slo)
}

/// How long replies took, at the percentile that counts.
fn latency(report: &Report, slo: &Slo) -> Option<Duration> {
    at_quantile(&report.latency, slo)
}

fn at_quantile(all: &Latency, slo: &Slo) -> Option<Duration> {
    all.histogram.as_ref()?.at(slo.quantile).map(Duration::from_nanos)
}

fn holds(report: &Report, slo: &Slo) -> bool {
    let Pacing::Open { rate: asked } = report.told.pacing else { return false };
    let is_fast = latency(report, slo).is_some_and(|at| at <= slo.within);
    #[allow(clippy::cast_precision_loss, reason = "a part of them needs no more")]
    let part = report.messages.replies as f64 / report.messages.due.unwrap_or(0).max(1) as f64;
    // What is answered only after the end was too much.
    let is_kept = report.rate.is_some_and(|kept| kept >= asked * KEPT_RATE);
    is_fast && is_kept && part >= KEPT && report.error_count() == 0
}

fn tell(report: &Report, rate: f64, slo: &Slo, found: Found, screen: Screen) -> Result<()> {
    let (at, late) = (latency(report, slo).map(nanos), late(report, slo).map(nanos));
    if screen.json {
        let event = json!({
            "event": "step", "rate": rate, "holds": found == Found::Holds,
            "generator_limits": found == Found::CannotTell, "percentile": slo.name, "latency": at,
            "lateness": late,
            "due": report.messages.due, "replies": report.messages.replies,
            "errors": report.error_count(),
        });
        return Ok(io::stdout().write_all(format!("{event}\n").as_bytes())?);
    }
    if screen.detail == Detail::Quiet {
        return Ok(());
    }
    let [at, late] =
        [at, late].map(|time| time.map_or("none".to_owned(), |ns| units::duration(ns, false)));
    let does = match found {
        Found::Holds => "holds",
        Found::DoesNot => "does not hold",
        Found::CannotTell => "cannot tell: the generator is the limit",
    };
    let rate = units::rate(rate);
    let line = format!("{rate:>12}  {} {at} (messages left late by {late})  {does}\n", slo.name);
    Ok(io::stderr().write_all(line.as_bytes())?)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use sock_load::{Histogram, Messages};

    use super::*;

    /// A hundred messages of which each left so late and took so long, in µs.
    fn report(late: u64, took: u64) -> Report {
        let all = |micros: u64| {
            let mut all = Histogram::new();
            all.record_many(micros * 1_000, 100);
            Latency::of(&all)
        };
        let mut report = Report::default();
        report.told.pacing = Pacing::Open { rate: 100.0 };
        (report.measured, report.rate) = (1_000_000_000, Some(100.0));
        report.messages = Messages { due: Some(100), sent: 100, replies: 100 };
        (report.latency, report.lateness) = (all(took), Some(all(late)));
        report
    }

    #[test]
    fn a_generator_that_is_late_blames_nobody_else() {
        let slo = Slo { quantile: 0.99, name: "p99".to_owned(), within: Duration::from_millis(2) };
        assert_eq!(found(&report(10, 1_900), &slo), Found::Holds);
        assert_eq!(found(&report(10, 2_500), &slo), Found::DoesNot);
        assert_eq!(found(&report(1_500, 2_500), &slo), Found::CannotTell);
        // What would have held without what is ours, however little that is.
        assert_eq!(found(&report(400, 2_300), &slo), Found::CannotTell);
        assert_eq!(found(&report(400, 2_500), &slo), Found::DoesNot);
        // What holds although it left late holds all the more.
        assert_eq!(found(&report(1_500, 1_900), &slo), Found::Holds);
        let mut full = report(10, 2_500);
        full.verdict.saturated = Some(true);
        assert_eq!(found(&full, &slo), Found::CannotTell);
    }
}
