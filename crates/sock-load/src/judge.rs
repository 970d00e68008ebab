//! What a run says about itself: whether its figures are the server's at all, and what is missing.

use crate::report::{Report, Verdict};
use crate::told::{Direction, Pacing};
use crate::trouble::Cause;
use crate::units::{as_f64, chosen, count, counted, duration, percent};

/// From here on a core has nothing left: the rest goes to interrupts and the scheduler.
const BUSY: f64 = 0.95;
/// A schedule that is kept to within this is kept: a wake-up across cores alone may cost a tenth of it.
const LATE_NS: u64 = 1_000_000;
/// The engine that costs the least.
const RINGS: &str = "uring";
/// A schedule is kept when this part of its messages left.
const KEPT: f64 = 0.99;

impl Verdict {
    /// The verdict on `report`, from all that it holds but its verdict.
    ///
    /// A closed loop is saturated when the generator's busiest worker has no core left, an open loop when it also sends
    /// too little or more than 1 ms too late (at the 99th percentile).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock_load::{Report, Verdict};
    ///
    /// let mut report = Report::default();
    /// report.cpu.busiest = Some(0.99);
    /// let verdict = Verdict::of(&report);
    /// assert_eq!(verdict.saturated, Some(true));
    /// assert!(verdict.lines[0].contains("use --workers"));
    /// ```
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let messages = report.messages;
        let expected = messages.due.unwrap_or(messages.sent).max(messages.sent);
        let missing = expected.saturating_sub(messages.replies);
        let busy = report.cpu.busiest.map(|part| part >= BUSY);
        let late = lateness(report);
        let saturated = match report.told.pacing {
            // Who keeps the schedule has room, however busy it is.
            Pacing::Open { .. } if late.is_none() => Some(false),
            Pacing::Open { .. } | Pacing::Closed { .. } | Pacing::Bulk { .. } => busy,
        };
        let mut lines = Vec::new();
        if saturated == Some(true) {
            lines.push(saturation(report));
        }
        lines.extend(late);
        let wrong = report.errors.iter().filter(|error| error.cause == Cause::Wrong);
        if messages.replies == 0 && messages.sent > 0 {
            lines.push(match wrong.clone().next() {
                // What is wrong with them stands among the errors.
                Some(_) => format!(
                    "{}, none of them right",
                    counted(wrong.map(|error| error.count).sum(), "reply", "replies"),
                ),
                None => "no reply at all: there is no latency to speak of".into(),
            });
        }
        let is_bulk = matches!(report.told.pacing, Pacing::Bulk { .. });
        // In a closed loop a message leaves by the reply before it; a schedule may have had none to send.
        let is_closed = matches!(report.told.pacing, Pacing::Closed { .. });
        if is_closed && messages.replies == 0 && messages.sent == 0 && report.connections.opened > 0
        {
            lines.push("no reply came while it was measured, and so no message left".into());
        }
        lines.extend(report.stalled());
        lines.extend(cut(report));
        lines.extend(unheard(report));
        if report.has_turnover() {
            lines.push(
                "the server closes its connections after a reply or a few: --new-connection calls anew for every message, \
                 and tells how long that takes"
                    .into(),
            );
        }
        if missing > 0 && !is_bulk {
            lines.push(format!(
                "{} of {} {} without a right reply ({})",
                count(missing),
                counted(expected, "message", "messages"),
                if missing == 1 { "is" } else { "are" },
                percent(as_f64(missing) / as_f64(expected)),
            ));
        }
        // What came beside right replies, or instead of connections, makes no message miss its reply.
        let errors = report.error_count();
        if errors > 0 && missing == 0 && messages.replies > 0 {
            lines.push(format!(
                "{}: every message has its reply, but not everything was right",
                counted(errors, "error", "errors")
            ));
        }
        let connections = report.connections;
        // Where each message calls anew, most of a connection's time is before and behind its being open.
        let is_held = !report.told.new_connection && connections.asked > 0;
        if is_held && connections.peak < report.told.connections {
            lines.push(format!(
                "only {} of {} were open at once: the load was less than was asked for",
                count(connections.peak),
                counted(report.told.connections, "connection", "connections"),
            ));
        }
        Self { saturated, missing, lines }
    }
}

impl Report {
    /// What there is to say where bulk has come to a standstill.
    #[must_use]
    pub fn stalled(&self) -> Option<String> {
        let Pacing::Bulk { direction } = self.told.pacing else { return None };
        let when = match self.stalled_from()? {
            0 => "while it was measured".to_owned(),
            from => format!("from {} on", duration(from, false)),
        };
        Some(match direction {
            Direction::Up => format!(
                "the server does not read: nothing more went to it {when}; what went before lies in the system's buffers"
            ),
            Direction::Down => format!(
                "the server sends nothing: nothing came from it {when}; is that a service that does, such as chargen?"
            ),
            Direction::Both => format!(
                "the server neither reads nor sends: nothing was moved {when}; what went before lies in the system's buffers"
            ),
        })
    }
}

/// How many connections the server cut, and when that began.
fn cut(report: &Report) -> Option<String> {
    let of = report.connections;
    let first = of.first_cut.filter(|_| of.cut > 0)?;
    let cut = counted(of.cut, "connection was", "connections were");
    let when = duration(first, false);
    let line =
        format!("{cut} cut by the server while it owed a reply, from {when} of measuring on");
    // One reply each, again and again, is a habit and no accident.
    let is_habit = of.cut > report.told.connections
        && (1..=of.opened).contains(&report.messages.replies)
        && report.messages.replies >= of.cut / 2;
    Some(if is_habit && !report.told.new_connection {
        format!(
            "{line}: it seems to close after each reply; call anew for every message with --new-connection"
        )
    } else {
        line
    })
}

/// Whom no latency speaks of.
fn unheard(report: &Report) -> Option<String> {
    let of = report.connections;
    if !report.leaves_out_connections() || report.messages.replies == 0 {
        return None;
    }
    let opened = counted(of.opened, "connection", "connections");
    let others = of.opened.saturating_sub(of.unheard);
    let whose = if others == 1 {
        "the one that had".into()
    } else {
        format!("the {} that had", count(others))
    };
    let line = format!(
        "{} of {opened} had no reply before the end: the figures are those of {whose}",
        count(of.unheard)
    );
    // One was answered again and again while the others waited.
    Some(if others == 1 && of.cut == 0 && report.messages.replies > of.opened {
        format!(
            "{line}; the server seems to serve one client at a time: -c 1 loads it as it is, and with \
             --new-connection everybody has a turn"
        )
    } else {
        line
    })
}

fn saturation(report: &Report) -> String {
    let workers = report.told.workers.max(1);
    let busiest = percent(report.cpu.busiest.unwrap_or(1.0).min(1.0));
    let core = if workers == 1 { "its core was" } else { "its busiest worker's core was" };
    let room = report.machine.cores.is_none_or(|cores| cores > workers);
    let mut advice = if room {
        format!("use --workers {}", workers + 1)
    } else {
        "this machine has no core left: load from another one".into()
    };
    if report.told.engine != RINGS {
        advice += ", or --engine uring, which costs less a message";
    }
    format!(
        "generator saturated: {core} {busiest} busy; the figures are the generator's limit, not the server's: {advice}"
    )
}

/// What makes the generator wake in time, as far as it was not told to.
fn punctual(report: &Report) -> String {
    let mut ways = Vec::new();
    if report.told.busy_poll.is_none() {
        ways.push("--busy-poll (it spins, and need not wake)");
    }
    if report.told.engine != RINGS {
        ways.push("--engine uring");
    }
    if ways.is_empty() { String::new() } else { format!("; try {}", ways.join(" or ")) }
}

/// How a schedule was not kept.
fn lateness(report: &Report) -> Option<String> {
    let Pacing::Open { rate } = report.told.pacing else { return None };
    let messages = report.messages;
    let due = messages.due?;
    let p99 = report.lateness.as_ref().and_then(|late| late.p99);
    if as_f64(messages.sent) < as_f64(due) * KEPT {
        let of = report.connections;
        let held = report.told.connections;
        let why = if !report.told.new_connection && 2 * of.open_at_end < held {
            let asked = counted(held, "connection", "connections");
            let left = match of.open_at_end {
                0 => format!("none of {asked} was"),
                1 => format!("only 1 of {asked} was"),
                n => format!("only {} of {asked} were", count(n)),
            };
            format!("{left} left to carry the others")
        } else {
            format!("--rate {rate} is more than can be carried here")
        };
        return Some(format!(
            "the schedule was not kept: {} of {} left; {why}",
            count(messages.sent),
            counted(due, "message", "messages"),
        ));
    }
    let p99 = p99.filter(|ns| *ns > LATE_NS)?;
    Some(format!(
        "the schedule was kept late: 1 of 100 messages left more than {} after its time ({} is allowed); latency counts that wait{}",
        duration(p99, false),
        chosen(LATE_NS, false),
        punctual(report),
    ))
}
