//! The highest rate that holds: doubled until it does not, and then halved between the two.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use sock::Run;
use sock::Urgency;
use sock::load::{Loader, Pace};
use sock_load::{Pacing, Report};

use super::live::time;
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

/// Looks for the highest rate at which `slo` holds, and gives the report of that.
pub(super) fn search(plan: &Plan, loader: &Loader, slo: &Slo, run: &Run) -> Result<Report> {
    // As fast as replies come, for a first idea of what the server can do.
    let quick = quietly(loader.clone())?;
    let Some(top) = quick.rate.filter(|rate| *rate >= 1.0) else { return Ok(quick) };
    let (mut rate, mut best, mut too_much) = (top / 2.0, None::<(f64, Report)>, None::<f64>);
    for _ in 0..STEPS {
        let report = at(plan, loader, rate)?;
        if run.stop().urgency() != Urgency::None {
            break;
        }
        let holds = holds(&report, slo);
        tell(&report, rate, slo, holds, plan.screen)?;
        if holds {
            best = Some((rate, report));
        } else {
            too_much = Some(rate);
        }
        rate = match (&best, too_much) {
            (Some((low, _)), Some(high)) if high / low <= CLOSE => break,
            (Some((low, _)), Some(high)) => (low * high).sqrt(),
            (Some((low, _)), None) => low * 1.5,
            (None, Some(high)) if high < 1.0 => break,
            (None, Some(high)) => high / 4.0,
            (None, None) => break,
        };
    }
    let Some((rate, mut report)) = best else {
        let text = format!("no rate was found at which {} is within {:?}", slo.name, slo.within);
        return Err(Broken::new(Status::Failed, text).into());
    };
    let beyond = too_much.map_or(String::new(), |high| format!("; {high:.0} a second do not"));
    let line = format!("{rate:.0} messages a second hold {} = {:?}{beyond}", slo.name, slo.within);
    report.verdict.lines.insert(0, line);
    Ok(report)
}

/// A run at this rate.
fn at(plan: &Plan, loader: &Loader, rate: f64) -> Result<Report> {
    let is_http = plan.target.transport().is_some();
    let pace = Pace::Open { rate, most: plan.ask.most(is_http) };
    quietly(loader.clone().pace(pace))
}

fn holds(report: &Report, slo: &Slo) -> bool {
    let Pacing::Open { rate: asked } = report.told.pacing else { return false };
    let at = report.latency.histogram.as_ref().and_then(|all| all.at(slo.quantile));
    let is_fast = at.is_some_and(|at| Duration::from_nanos(at) <= slo.within);
    #[allow(clippy::cast_precision_loss, reason = "a part of them needs no more")]
    let part = report.messages.replies as f64 / report.messages.due.unwrap_or(0).max(1) as f64;
    // What is answered only after the end was too much.
    let is_kept = report.rate.is_some_and(|kept| kept >= asked * KEPT_RATE);
    is_fast && is_kept && part >= KEPT && report.error_count() == 0
}

fn tell(report: &Report, rate: f64, slo: &Slo, holds: bool, screen: Screen) -> Result<()> {
    let at = report.latency.histogram.as_ref().and_then(|all| all.at(slo.quantile));
    if screen.json {
        let event = json!({
            "event": "step", "rate": rate, "holds": holds, "percentile": slo.name, "latency": at,
            "due": report.messages.due, "replies": report.messages.replies,
            "errors": report.error_count(),
        });
        return Ok(io::stdout().write_all(format!("{event}\n").as_bytes())?);
    }
    if screen.detail == Detail::Quiet {
        return Ok(());
    }
    let at = at.map_or("none".to_owned(), time);
    let does = if holds { "holds" } else { "does not hold" };
    let line = format!("{rate:>12.0}/s  {} {at}  {does}\n", slo.name);
    Ok(io::stderr().write_all(line.as_bytes())?)
}
