//! Trouble: what went wrong, in sentences, with its numbers and its cure.

use std::collections::BTreeMap;
use std::fs;

use rustix::io::Errno;
use sock_load::{Cause as Told, ErrorCount};
use sock_proto::load::{Cause, Oddity};

use super::Loader;
use super::tally::{Sum, Trouble};
use crate::stop::Urgency;

/// What went wrong, each cause once.
pub(super) fn told(loader: &Loader, sum: &Sum) -> Vec<ErrorCount> {
    let mut errors: BTreeMap<(Told, String), (u64, Option<String>)> = BTreeMap::new();
    for (trouble, count) in &sum.errors {
        let (cause, text, cure) = describe(loader, *trouble, sum);
        errors.entry((cause, text)).or_insert((0, cure)).0 += count;
    }
    let count = |((cause, text), (count, cure))| ErrorCount { cause, count, text, cure };
    errors.into_iter().map(count).collect()
}

fn describe(loader: &Loader, trouble: Trouble, sum: &Sum) -> (Told, String, Option<String>) {
    let (to, odd) = (&loader.endpoint, &sum.odd);
    let start = || Some("start the server, or check the port".to_owned());
    match trouble {
        Trouble::Unconnected(Cause::Refused) => {
            (Told::Refused, format!("{to} refused the connection"), start())
        }
        Trouble::Lost(Cause::Refused) => {
            let text = if sum.counts.replies == 0 {
                format!("{to} is a port at which nobody listens")
            } else {
                format!("{to} is a port at which nobody listens any more")
            };
            (Told::Refused, text, start())
        }
        Trouble::Unconnected(Cause::Tls) | Trouble::Lost(Cause::Tls) => {
            // The cure stands behind a semicolon.
            let why = sum.told.tls.as_deref().unwrap_or("it was not spoken");
            let (why, cure) =
                why.split_once("; ").map_or((why, None), |(why, cure)| (why, Some(cure)));
            (Told::Tls, format!("no TLS with {to}: {why}"), cure.map(str::to_owned))
        }
        Trouble::Unconnected(cause) => {
            let text = format!("{to} could not be connected: {}", word(cause));
            (of(cause), text, None)
        }
        Trouble::Lost(Cause::Timeout) if sum.told.unsent.is_some() => {
            // The system's own words, with how long it was.
            let why = sum.told.unsent.clone().unwrap_or_default();
            (Told::Other, why, Some("send less at once (--size), or use a stream".to_owned()))
        }
        Trouble::Lost(Cause::Timeout) => {
            let within = loader.timeout.unwrap_or_default();
            let cure = "wait longer with --timeout, or load it less".to_owned();
            (Told::Timeout, format!("no reply within {within:?}"), Some(cure))
        }
        Trouble::Lost(Cause::Missing) if loader.run.stop().urgency() == Urgency::None => {
            let grace = loader.grace;
            let text =
                format!("no reply: it was owed at the end, and had not come {grace:?} later");
            let cure = "measure for longer than the server stalls, or load it less".to_owned();
            (Told::Timeout, text, Some(cure))
        }
        Trouble::Lost(Cause::Wrong | Cause::Status) => (Told::Wrong, wrong(odd), None),
        Trouble::Unasked => (Told::Wrong, unasked(odd), None),
        Trouble::Lost(cause) => (of(cause), word(cause).to_owned(), None),
        Trouble::System(number) => system(loader, Errno::from_raw_os_error(number)),
    }
}

fn of(cause: Cause) -> Told {
    match cause {
        Cause::Refused => Told::Refused,
        Cause::Unreachable => Told::Unreachable,
        Cause::Reset => Told::Reset,
        Cause::Ended | Cause::Short => Told::Short,
        Cause::Timeout => Told::Timeout,
        Cause::Wrong | Cause::Status => Told::Wrong,
        Cause::Tls => Told::Tls,
        Cause::Missing | Cause::Unsent | Cause::Failed => Told::Other,
    }
}

fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Refused => "refused",
        Cause::Unreachable => "no way leads there",
        Cause::Reset => "the peer reset the connection while a reply was owed",
        Cause::Ended => "the peer ended the connection while a reply was owed",
        Cause::Short => "the peer ended in the middle of a reply",
        Cause::Timeout => "no answer in time",
        Cause::Wrong => "a wrong reply",
        Cause::Status => "a status of failure",
        Cause::Tls => "TLS",
        Cause::Missing | Cause::Unsent => "the run ended first",
        Cause::Failed => "the system failed",
    }
}

/// The first wrong reply in words.
fn wrong(odd: &[Oddity]) -> String {
    let told = odd.iter().find_map(|oddity| match *oddity {
        Oddity::Byte { number, at, expected, found } => {
            let byte = |byte: Option<u8>| match byte {
                None => "its end".to_owned(),
                Some(b) if b.is_ascii_graphic() => format!("0x{b:02x} ('{}')", char::from(b)),
                Some(b) => format!("0x{b:02x}"),
            };
            let (expected, found) = (byte(expected), byte(found));
            Some(format!(
                "the first, reply {number} of its connection, has {found} at byte {at}, not {expected}"
            ))
        }
        Oddity::Status(status) => Some(format!("the first has the status {status}")),
        Oddity::Malformed => Some("the first is not HTTP: is that a web server?".to_owned()),
        Oddity::Unasked { .. } | Oddity::Late => None,
    });
    told.unwrap_or_else(|| "not what they should be".to_owned())
}

fn unasked(odd: &[Oddity]) -> String {
    let bytes = odd.iter().find_map(|oddity| match *oddity {
        Oddity::Unasked { bytes } => Some(bytes),
        Oddity::Byte { .. } | Oddity::Status(_) | Oddity::Malformed | Oddity::Late => None,
    });
    format!("{} B came for which nobody had asked", bytes.unwrap_or_default())
}

/// Why the system did not connect.
fn system(loader: &Loader, errno: Errno) -> (Told, String, Option<String>) {
    let to = &loader.endpoint;
    match errno {
        Errno::NOENT => {
            let text = format!("{to} is not there: no such file");
            (Told::Refused, text, Some("start the server, or check the path".to_owned()))
        }
        Errno::CONNREFUSED => {
            let text = format!("{to} refused the connection");
            (Told::Refused, text, Some("start the server, or check the port".to_owned()))
        }
        Errno::ADDRNOTAVAIL => no_ports(loader),
        Errno::TIMEDOUT => {
            let within = loader.connect_timeout;
            let text = format!("{to} did not accept a connection within {within:?}");
            (
                Told::Timeout,
                text,
                Some("its backlog may be full: open fewer at once, with --ramp".to_owned()),
            )
        }
        Errno::AGAIN => {
            let text = format!("the backlog of {to} is full");
            (Told::Refused, text, Some("open fewer at once, with --ramp".to_owned()))
        }
        Errno::CONNRESET => (Told::Reset, format!("{to} reset the connection"), None),
        Errno::HOSTUNREACH | Errno::NETUNREACH => {
            (Told::Unreachable, format!("no way leads to {to}"), None)
        }
        Errno::MFILE | Errno::NFILE => {
            let text = "no descriptor is left for one more connection".to_owned();
            (
                Told::Other,
                text,
                Some("raise the limit (`ulimit -n`), or take fewer connections".to_owned()),
            )
        }
        other => {
            let why = crate::Error::from_errno("connect", other.raw_os_error());
            (Told::Other, format!("{to} could not be connected: {why}"), None)
        }
    }
}

/// `EADDRNOTAVAIL`: what there is of ports, who has them, and where there are more.
fn no_ports(loader: &Loader) -> (Told, String, Option<String>) {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let bounds: Vec<u32> = range.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
    let ports = match bounds[..] {
        [low, high] if low <= high => format!("{} ports ({low} to {high})", high - low + 1),
        _ => "the ports of net.ipv4.ip_local_port_range".to_owned(),
    };
    let waiting = time_wait().map_or(String::new(), |n| {
        format!(", and {n} connections of this machine that have ended are kept for a minute (TIME_WAIT)")
    });
    let to = &loader.endpoint;
    let text = format!(
        "no source port is left for {to} (EADDRNOTAVAIL): one address has {ports}{waiting}"
    );
    let cure = if loader.new_connection {
        "call from more addresses with --sources 8, end with --reset, or keep connections open"
    } else {
        "call from more addresses, with --sources 8"
    };
    (Told::AddressNotAvailable, text, Some(cure.to_owned()))
}

/// How many connections wait in `TIME_WAIT`: the word `tw` of the line of TCP in `/proc/net/sockstat`.
fn time_wait() -> Option<u64> {
    let text = fs::read_to_string("/proc/net/sockstat").ok()?;
    let line = text.lines().find(|line| line.starts_with("TCP:"))?;
    let mut words = line.split_ascii_whitespace().skip_while(|word| *word != "tw");
    words.nth(1)?.parse().ok()
}
