//! The report as plain text: every number with its unit, no line wider than the page.

mod bars;
mod page;
mod repeated;

use crate::clean::plain;
use crate::latency::Latency;
use crate::report::{Report, Usage, seconds};
use crate::told::{Pacing, Told};
use crate::trouble::Cause;
use crate::units::{as_f64, count, counted, duration, percent, rate, throughput};
use crate::words;

pub(crate) use page::Page;
pub use repeated::repeated_text;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// How many columns there are. No line is wider; fewer than 24 are taken as 24.
    pub width: usize,
    /// Write with ASCII only; everything else is escaped.
    pub ascii: bool,
}

impl Default for Style {
    /// 80 columns, with Unicode's blocks.
    fn default() -> Self {
        Self { width: 80, ascii: false }
    }
}

/// Writes a report for people to read, its verdict last, where the eye ends.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, Style, text};
///
/// let page = text(&Report::default(), Style::default());
/// assert!(page.contains("no replies"));
/// ```
#[must_use]
pub fn text(report: &Report, style: Style) -> String {
    let mut page = Page::new(style);
    let ascii = style.ascii;
    page.line(&words::title(report, ascii));
    page.hanging(2, &words::load(&report.told, ascii));
    page.hanging(2, &words::conditions(report, ascii));
    page.gap();
    amounts(&mut page, report);
    if !matches!(report.told.pacing, Pacing::Bulk { .. }) {
        page.gap();
        page.row("latency", words::counted_from(report.told.pacing));
        let none =
            if has_wrong(report) { "no right reply, and no other counts" } else { "no replies" };
        figures(&mut page, &report.latency, none);
        if let Some(histogram) = &report.latency.histogram {
            bars::draw(&mut page, histogram);
        }
    }
    let connect = report.connect.as_ref();
    // What was opened before measuring began was not measured.
    if let Some(connect) = connect.filter(|all| all.count > 0 || report.told.new_connection) {
        page.gap();
        page.row("connecting", "from asking for a connection until it was open");
        figures(&mut page, connect, "no connection opened");
        if connect.max.is_some_and(|ns| ns >= REPEATED_NS) && has_handshake(&report.told) {
            page.row("", REPEATED);
        }
    }
    page.gap();
    around(&mut page, report);
    page.finish()
}

/// After so long a system calls again where nobody has answered (RFC 6298, section 2.1), a clock's inaccuracy less.
const REPEATED_NS: u64 = 990_000_000;
const REPEATED: &str = "a call that nobody answers is repeated after 1 s, 3 s and 7 s: the server's queue of callers \
                        was full (a longer backlog in its listen helps, or fewer connections), or packets were lost";

/// Whether a connection is opened by packets that may be dropped.
fn has_handshake(told: &Told) -> bool {
    matches!(&*told.transport, "tcp" | "tls" | "http" | "https")
}

fn amounts(page: &mut Page, report: &Report) {
    let messages = report.messages;
    let replies = if has_wrong(report) {
        counted(messages.replies, "right reply", "right replies")
    } else {
        counted(messages.replies, "reply", "replies")
    };
    let sent = counted(messages.sent, "message", "messages");
    let due = messages.due.map(|due| format!(", {} due", count(due))).unwrap_or_default();
    let rate = report.rate.map_or("unknown".into(), rate);
    if !matches!(report.told.pacing, Pacing::Bulk { .. }) {
        page.row("rate", &format!("{rate}: {replies} to {sent} sent{due}"));
    }
    let shown = |bytes: Option<f64>| bytes.map_or("unknown".into(), throughput);
    let (out, back) = (shown(report.throughput.out), shown(report.throughput.back));
    let what = if has_wrong(report) { " in right replies" } else { "" };
    page.row("throughput", &format!("{out} out, {back} back{what}"));
}

/// Whether there are replies that do not count.
fn has_wrong(report: &Report) -> bool {
    report.errors.iter().any(|error| error.cause == Cause::Wrong)
}

/// The percentiles that so many times can speak of, and the rest on one line.
fn figures(page: &mut Page, latency: &Latency, none: &str) {
    let ascii = page.ascii();
    let (Some(min), Some(max)) = (latency.min, latency.max) else {
        page.row("", none);
        return;
    };
    let mut steps = Vec::new();
    for (name, value) in latency.percentiles() {
        steps.extend(value.map(|ns| (name, duration(ns, ascii))));
    }
    let wide = steps.iter().map(|(_, value)| value.chars().count()).max().unwrap_or_default();
    for (name, value) in steps {
        page.pair(&format!("  {name}"), &format!("{value:>wide$}"));
    }
    let mut rest = format!("{} to {}", duration(min, ascii), duration(max, ascii));
    if let (Some(mean), Some(stdev)) = (latency.mean, latency.stdev) {
        let (mean, stdev) = (duration(mean, ascii), duration(stdev, ascii));
        rest = format!("{rest}, mean {mean}, standard deviation {stdev}");
    }
    page.row("  all", &rest);
}

/// Everything around the figures: connections, errors, processor time, and the verdict.
fn around(page: &mut Page, report: &Report) {
    let ascii = page.ascii();
    let of = report.connections;
    let mut line = format!(
        "{} opened of {} asked for; at most {} open at once, {} at the end",
        count(of.opened),
        count(of.asked),
        count(of.peak),
        count(of.open_at_end),
    );
    // Those that were cut or given up are among the errors.
    if report.told.new_connection && of.unheard > 0 && report.errors.is_empty() {
        line = format!("{line}, when {} still waited for a reply", count(of.unheard));
    }
    page.row("connections", &line);
    if report.errors.is_empty() {
        page.row("errors", "none");
    }
    let times = if ascii { "x" } else { "×" };
    for (n, error) in report.errors.iter().enumerate() {
        let name = if n == 0 { "errors" } else { "" };
        let cause = error.cause.as_str().replace('_', " ");
        page.row(
            name,
            &format!("{} {times} {cause}: {}", count(error.count), plain(&error.text, ascii)),
        );
        if let Some(cure) = &error.cure {
            page.row("", &format!("  cure: {}", plain(cure, ascii)));
        }
    }
    processors(page, report);
    if let Some(late) = report.lateness.as_ref().filter(|late| late.count > 0) {
        let shown = |ns: Option<u64>| duration(ns.unwrap_or_default(), ascii);
        let (p50, p99, max) = (shown(late.p50), shown(late.p99), shown(late.max));
        page.row(
            "schedule",
            &format!("messages left late by {p50} (p50), {p99} (p99), {max} at most"),
        );
    }
    let mut name = "verdict";
    for line in &report.verdict.lines {
        page.row(name, &plain(line, ascii));
        name = "";
    }
    if report.verdict.lines.is_empty() {
        page.row(name, words::untroubled(report.verdict.saturated, report.told.pacing));
    }
}

fn processors(page: &mut Page, report: &Report) {
    let ascii = page.ascii();
    let replies = report.messages.replies;
    let used = |usage: Usage| {
        let (user, sys) = (duration(usage.user, ascii), duration(usage.sys, ascii));
        format!("{} ({user} user, {sys} system)", duration(usage.total(), ascii))
    };
    let each = |ns: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
        let ns = ns.round() as u64;
        format!(", {} a message", duration(ns, ascii))
    };
    if let Some(usage) = report.cpu.generator {
        let mut line = format!("generator {}", used(usage));
        if replies > 0 {
            line += &each(as_f64(usage.total()) / as_f64(replies));
        }
        if let Some(part) = report.cpu.busiest {
            line = format!("{line}; its busiest core {} busy", percent(part));
        }
        page.row("processor", &line);
    }
    let name = if report.cpu.generator.is_some() { "" } else { "processor" };
    if let Some(server) = report.cpu.server {
        let usage = Usage { user: server.user, sys: server.sys };
        if server.per_message.is_none() && replies > 0 {
            let line =
                format!("server (pid {}) too little to be measured in so short a run", server.pid);
            page.row(name, &line);
            return;
        }
        let mut line = format!("server (pid {}) {}", server.pid, used(usage));
        line += &server.per_message.map(each).unwrap_or_default();
        if report.measured > 0 {
            let cores = seconds(usage.total()) / seconds(report.measured);
            line = format!("{line}; {} of a core", percent(cores));
        }
        page.row(name, &line);
    } else {
        page.row(
            name,
            "server unknown: no process that can be read listens there on this machine (any more)",
        );
    }
}
