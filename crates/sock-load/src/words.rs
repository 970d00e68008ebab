//! What was told and how it was counted, in words; shared by the text and the pictures.

use crate::clean::plain;
use crate::report::Report;
use crate::told::{Direction, Pacing, Told};
use crate::units::{chosen, counted, duration, length, rate, shortened};

/// The title of a report: whom it loaded, under its label where it has one.
pub(crate) fn title(report: &Report, ascii: bool) -> String {
    let endpoint = plain(&report.told.endpoint, ascii);
    match &report.label {
        Some(label) => format!("{}: {endpoint}", plain(label, ascii)),
        None => endpoint,
    }
}

/// How the load was: connections, pacing, size, check.
pub(crate) fn load(told: &Told, ascii: bool) -> String {
    let mut parts = Vec::new();
    parts.push(counted(told.connections, "connection", "connections"));
    let size = told.size.map(|bytes| format!(" of {}", length(bytes))).unwrap_or_default();
    parts.push(match told.pacing {
        Pacing::Closed { depth: 1 } => format!("closed loop, one message{size} at a time"),
        Pacing::Closed { depth } => {
            format!("closed loop, {depth} messages{size} on the way on each")
        }
        Pacing::Open { rate: per_second } => {
            format!("open loop, messages{size} at {}", shortened(&rate(per_second)))
        }
        Pacing::Bulk { direction } => format!("bulk {}", way(direction)),
    });
    if told.new_connection {
        parts.push("a new connection for every message".into());
    }
    match (&told.service, &told.until) {
        _ if matches!(told.pacing, Pacing::Bulk { .. }) => {}
        (Some(service), _) => {
            parts.push(format!("every reply checked as {}'s", plain(service, ascii)));
        }
        (None, Some(until)) => parts.push(whole(until, ascii)),
        (None, None) => {}
    }
    parts.join(", ")
}

/// When a reply is whole, from how the command line writes it.
fn whole(until: &str, ascii: bool) -> String {
    match until {
        "same" => "a reply is as long as its message".into(),
        "line" => "a reply is a line".into(),
        "close" => "a reply ends with its connection".into(),
        "http" => "a reply ends where HTTP says".into(),
        other => match other.strip_prefix("length:").and_then(|n| n.parse().ok()) {
            Some(n) => format!("a reply has {}", length(n)),
            None => format!("a reply ends with {}", plain(other, ascii)),
        },
    }
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "to the server",
        Direction::Down => "from the server",
        Direction::Both => "both ways",
    }
}

/// How long and with what: time, warm-up, engine, machine.
pub(crate) fn conditions(report: &Report, ascii: bool) -> String {
    let told = &report.told;
    let mut time = format!("{} measured", duration(report.measured, ascii));
    if let Some(ns) = told.warm_up {
        time = format!("{time} after {} of warm-up", chosen(ns, ascii));
    }
    let workers = counted(told.workers.into(), "worker", "workers");
    let mut generator = format!("generator: {} on {workers}", plain(&told.engine, ascii));
    if let Some(ns) = told.busy_poll {
        generator = format!("{generator}, spinning up to {}", chosen(ns, ascii));
    }
    let mut parts = vec![];
    let machine = &report.machine;
    parts.extend(machine.kernel.as_ref().map(|name| plain(name, ascii)));
    parts.extend(machine.cpu.as_ref().map(|name| plain(name, ascii)));
    parts.extend(machine.cores.map(|n| counted(n.into(), "core", "cores")));
    let machine = parts.join(", ");
    let parts = [time, generator, machine];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// The verdict on a run against which nothing is said.
pub(crate) fn untroubled(saturated: Option<bool>, pacing: Pacing) -> &'static str {
    match saturated {
        Some(false) if matches!(pacing, Pacing::Bulk { .. }) => "the generator was not the limit",
        Some(false) => "the generator was not the limit, and every message has its reply",
        Some(true) => "the generator was the limit",
        None => "nothing is missing; whether the generator was the limit is not known",
    }
}

/// From when latency counts.
pub(crate) fn counted_from(pacing: Pacing) -> &'static str {
    match pacing {
        Pacing::Closed { .. } => {
            "closed loop: from when a message left; a server that stalls is asked less meanwhile"
        }
        Pacing::Open { .. } => {
            "open loop: from when a message should have left; no coordinated omission"
        }
        Pacing::Bulk { .. } => "bulk: there are no messages, and so no latency",
    }
}
