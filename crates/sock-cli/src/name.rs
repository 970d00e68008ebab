//! `name`: names to addresses and back, with the calls of the lectures.

use std::io::{self, Write};
use std::net::IpAddr;

use anyhow::Result;
use serde_json::json;
use sock::socket::{Hints, ResolveFlags, host_by_addr, resolve};
use sock::{ErrorKind, Family};

use crate::screen::{self, Screen};
use crate::status::Status;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Names and numeric addresses, in any mixture.
    pub(crate) hosts: Vec<String>,
    /// Only addresses of this family.
    pub(crate) family: Option<Family>,
    /// Answer in JSON Lines.
    pub(crate) json: bool,
}

/// What is known of one host.
struct Answer {
    name: String,
    aliases: Vec<String>,
    addresses: Vec<IpAddr>,
}

/// Answers each question; one that has no answer does not hold the others up.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let mut status = Status::Done;
    let mut out = io::stdout().lock();
    for host in &plan.hosts {
        let numeric = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let answer = match numeric {
            Ok(addr) => name_of(addr),
            Err(_) => addresses_of(host, plan.family),
        };
        match answer {
            Ok(answer) if plan.json => writeln!(out, "{}", event(host, &answer))?,
            Ok(answer) => tell(&mut out, host, numeric.is_ok(), &answer)?,
            Err(error) => {
                let screen = Screen { json: plan.json, ..Screen::default() };
                let failed = screen::fail(&error.into(), screen);
                status = if status == Status::Done { failed } else { status };
            }
        }
    }
    out.flush()?;
    Ok(status)
}

fn name_of(addr: IpAddr) -> sock::Result<Answer> {
    let entry = host_by_addr(&addr.to_string())?;
    Ok(Answer { name: entry.name, aliases: entry.aliases, addresses: vec![addr] })
}

fn addresses_of(host: &str, family: Option<Family>) -> sock::Result<Answer> {
    let kind = Some(sock::Kind::Stream);
    let flags = ResolveFlags::CANONICAL_NAME;
    let ask = |family| resolve(host, None, Hints { family, kind, flags, ..Hints::default() });
    let found = ask(family).map_err(|error| match family {
        // It may be known, and have other addresses alone.
        Some(family) if error.kind() == ErrorKind::NameNotKnown && ask(None).is_ok() => {
            let which = if family == Family::Inet6 { "IPv6" } else { "IPv4" };
            let text = format!("'{host}' is known, and has no {which} address here");
            sock::Error::new(ErrorKind::NameNotKnown, text).cure("ask without -4 or -6")
        }
        _ => error,
    })?;
    let canonical = found.iter().find_map(|found| found.canonical_name.clone());
    let mut addresses: Vec<IpAddr> = Vec::new();
    for addr in found.iter().filter_map(|found| found.address.host()) {
        if !addresses.contains(&addr) {
            addresses.push(addr);
        }
    }
    let name = canonical.unwrap_or_else(|| host.to_owned());
    let aliases = if name == host { Vec::new() } else { vec![host.to_owned()] };
    Ok(Answer { name, aliases, addresses })
}

fn tell(out: &mut impl Write, asked: &str, is_addr: bool, answer: &Answer) -> io::Result<()> {
    let Answer { name, aliases, addresses } = answer;
    if is_addr {
        writeln!(out, "{asked} is {name}")?;
        return aliases.iter().try_for_each(|alias| writeln!(out, "{asked} is {alias}"));
    }
    if name != asked {
        writeln!(out, "{asked} is {name}")?;
    }
    addresses.iter().try_for_each(|addr| writeln!(out, "{asked} is {addr}"))
}

fn event(asked: &str, answer: &Answer) -> serde_json::Value {
    let Answer { name, aliases, addresses } = answer;
    json!({
        "asked": asked, "name": name, "aliases": aliases, "addresses": addresses,
    })
}
