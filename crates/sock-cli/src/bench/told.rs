//! Told: the report, and the exit status that follows from it.

use std::io::{self, Write};

use anyhow::{Context, Result};
use sock_load::{Cause, Pacing, Report, Style, Throughput, repeated_text, table_text, text, units};

use crate::ending::Broken;
use crate::screen::{Detail, Screen, warn};
use crate::status::Status;

/// Writes the report to stdout; where nobody could be called, there is nothing in it to read.
pub(super) fn report(report: &Report, screen: Screen) -> Result<()> {
    if screen.json {
        return write(&format!("{}\n", serde_json::to_string(report)?));
    }
    let is_silent = is_empty(report) || screen.detail == Detail::Quiet;
    if is_silent { Ok(()) } else { write(&text(report, style())) }
}

/// What went wrong, for whoever wants to hear of nothing else and has no report to read it in.
pub(super) fn faults(report: &Report, status: Status, screen: Screen) -> Result<()> {
    if status == Status::Done || screen.detail != Detail::Quiet || screen.json {
        return Ok(());
    }
    for error in &report.errors {
        let cure = error.cure.as_ref().map_or(String::new(), |cure| format!("; {cure}"));
        warn(&format!("{} × {}{cure}", error.count, error.text))?;
    }
    report.verdict.lines.iter().try_for_each(|line| warn(line))
}

pub(super) fn write(page: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(page.as_bytes()).and_then(|()| out.flush()).context("cannot write to stdout")
}

/// As wide as a terminal is; a page for whoever reads it later.
pub(super) fn style() -> Style {
    let width =
        rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    if width == 0 { Style::default() } else { Style { width, ..Style::default() } }
}

/// One of several runs, in a line on stderr.
pub(super) fn run_of(n: usize, times: usize, report: &Report, screen: Screen) -> Result<()> {
    if screen.detail == Detail::Quiet {
        return Ok(());
    }
    let line = format!("run {n} of {times}: {}\n", figure(report));
    Ok(io::stderr().write_all(line.as_bytes())?)
}

/// The one figure of a run: how many replies a second, or of bulk how many bytes.
pub(super) fn figure(report: &Report) -> String {
    match report.told.pacing {
        Pacing::Bulk { .. } => {
            let Throughput { out, back } = report.throughput;
            units::throughput(out.unwrap_or_default() + back.unwrap_or_default())
        }
        Pacing::Closed { .. } | Pacing::Open { .. } => {
            format!("{:.0} replies/s", report.rate.unwrap_or_default())
        }
    }
}

/// What several runs have found together, and what any of them says against itself.
pub(super) fn runs(reports: &[Report]) -> Result<()> {
    write(&repeated_text(reports, style()))
}

fn is_empty(report: &Report) -> bool {
    report.connections.opened == 0 && report.connections.asked > 0
}

/// What came of each engine, in one table.
pub(super) fn engines(found: &[(String, Vec<Report>)]) -> Result<()> {
    write(&table_text(found, style()))
}

/// Done, or what was wrong.
pub(super) fn judge(report: &Report) -> Result<Status> {
    let status = judge_replies(report)?;
    // Whoever was never answered is missing from all that is said.
    Ok(if status == Status::Done && report.leaves_out_connections() {
        Status::Failed
    } else {
        status
    })
}

/// The same, where a connection need not ever have been answered: an engine may hold one at a time.
pub(super) fn judge_replies(report: &Report) -> Result<Status> {
    let is_bulk = matches!(report.told.pacing, Pacing::Bulk { .. });
    let moved = report.bytes.out + report.bytes.back;
    let is_unheard =
        if is_bulk { moved == 0 } else { report.messages.replies == 0 && report.bytes.back == 0 };
    let is_nothing = is_empty(report) || (is_unheard && report.error_count() > 0);
    if is_nothing && let Some(worst) = report.errors.iter().max_by_key(|error| error.count) {
        let status = match worst.cause {
            Cause::Refused | Cause::Unreachable => Status::Refused,
            Cause::Timeout => Status::Timeout,
            Cause::Tls => Status::Tls,
            Cause::Reset | Cause::Short => Status::CutShort,
            Cause::Wrong | Cause::AddressNotAvailable | Cause::Other | _ => Status::Failed,
        };
        let cure = worst.cure.as_ref().map_or(String::new(), |cure| format!("; {cure}"));
        // Of wrong replies the text tells the first.
        let none = if worst.cause == Cause::Wrong {
            format!("{} wrong replies and no right one: ", worst.count)
        } else {
            String::new()
        };
        return Err(Broken::new(status, format!("{none}{}{cure}", worst.text)).into());
    }
    if let Some(why) = report.stalled().filter(|_| !is_empty(report)) {
        return Err(Broken::new(Status::Timeout, why).into());
    }
    // Nothing left, nothing came, and nothing failed: what was sent before measuring is still unanswered.
    if is_unheard && report.told.connections > 0 {
        let opened = report.connections.opened;
        let text = format!(
            "no reply came: {opened} connections were taken, and nothing was answered in time; is that the service \
             that is asked (--service, --until)?"
        );
        return Err(Broken::new(Status::Timeout, text).into());
    }
    let is_whole = is_bulk || report.verdict.missing == 0;
    Ok(if report.error_count() == 0 && is_whole { Status::Done } else { Status::Failed })
}
