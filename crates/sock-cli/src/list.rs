//! `serve --list`: THE TABLE of services, for people and for scripts.

use std::fmt::Write;

use anyhow::Result;
use serde_json::json;
use sock_proto::Transport;
use sock_proto::protocols::{Datagrams, Row, TABLE};

use crate::screen;
use crate::status::Status;

/// How the table is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// As JSON Lines.
    pub(crate) json: bool,
    /// With what each service does in full.
    pub(crate) in_full: bool,
}

/// Shows the table.
pub(crate) fn run(plan: Plan) -> Result<Status> {
    screen::answer(&if plan.json { lines() } else { table(plan.in_full) })
}

fn table(in_full: bool) -> String {
    let mut text = String::new();
    for row in TABLE {
        let at = if row.endpoints().is_empty() { "you say where".to_owned() } else { ports(row) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<9}{:<21}{}{}", row.name, at, row.about, origin(row));
        if in_full {
            text += &paragraph(row.help);
        }
    }
    text
}

/// The columns of a terminal that nobody has made wider.
const WIDTH: usize = 80;
/// As wide as the names of the services.
const INDENT: &str = "         ";

/// A paragraph beneath a line of the table, as wide as a terminal.
fn paragraph(help: &str) -> String {
    let mut text = String::new();
    let mut column = WIDTH;
    for word in help.split_whitespace() {
        let width = word.chars().count() + 1;
        if column + width > WIDTH {
            text.truncate(text.trim_end().len());
            text += if text.is_empty() { "" } else { "\n" };
            text += INDENT;
            column = INDENT.len();
        }
        text += word;
        text += " ";
        column += width;
    }
    text.truncate(text.trim_end().len());
    text + "\n\n"
}

/// Which ports it has unless told otherwise: `tcp+udp 12000`.
fn ports(row: &Row) -> String {
    let (stream, datagram) = (row.stream_port, row.datagram_port);
    match (stream, datagram) {
        (Some(a), Some(b)) if a == b => format!("tcp+udp {a}"),
        (Some(a), Some(b)) => format!("tcp {a}, udp {b}"),
        (Some(a), None) => format!("tcp {a}"),
        (None, Some(b)) => format!("udp {b}"),
        (None, None) => String::new(),
    }
}

fn origin(row: &Row) -> String {
    match (row.deck, row.rfc) {
        (Some(deck), Some(rfc)) => format!(" ({deck}; RFC {rfc})"),
        (Some(deck), None) => format!(" ({deck})"),
        (None, Some(rfc)) => format!(" (RFC {rfc})"),
        (None, None) => String::new(),
    }
}

fn lines() -> String {
    let mut text = String::new();
    for row in TABLE {
        let endpoints: Vec<String> = row
            .endpoints()
            .iter()
            .flat_map(sock_proto::Endpoint::to_listen)
            .map(|e| e.to_string())
            .collect();
        let transports: Vec<&str> =
            Transport::ALL.into_iter().filter(|t| row.speaks(*t)).map(Transport::name).collect();
        let datagrams = match row.datagrams {
            Datagrams::None => "none",
            Datagrams::Stateless => "stateless",
            Datagrams::PerSender { .. } => "per-sender",
        };
        let options: Vec<&str> = row.takes.iter().map(|setting| setting.option()).collect();
        let line = json!({
            "service": row.name, "about": row.about, "help": row.help, "deck": row.deck,
            "rfc": row.rfc, "endpoints": endpoints, "transports": transports,
            "datagrams": datagrams, "shared": row.is_shared(), "options": options,
        });
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}
