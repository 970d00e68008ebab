//! The arguments of `bench`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use sock::Engine;
use sock_proto::load::{Direction, Until};

use super::screen::ScreenArgs;
use super::sockets::SocketArgs;
use super::tls::CallTlsArgs;
use super::values::{duration, micros, size};
use crate::bench::{Ask, Compare, Contents, Engines, Files, Plan, Service, Slo, Target, What};
use crate::status::Usage;

pub(super) const EXAMPLES: &str = "\
Examples:
  sock bench 50007                                        64 connections, as fast as replies come
  sock bench 12000 --service upper --depth 16             16 under way on each, every reply checked
  sock bench http://127.0.0.1:8000/ --rate 20k            20,000 a second, whatever comes back
  sock bench 50007 --find-max --slo p99=2ms               the highest rate that holds
  sock bench --engines all echo                           the same server under every engine
  sock bench 50007 --repeat 7 --json > a.json             then change something, and again > b.json
  sock bench --compare a.json b.json                      faster, slower, or no difference seen";

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct BenchArgs {
    #[arg(
        value_name = "ENDPOINT|URL",
        required_unless_present_any = ["engines", "compare"],
        help = "Whom to load: HOST:PORT, udp://HOST:PORT, tls://HOST:PORT, unix:PATH, http://HOST/PATH …"
    )]
    endpoint: Option<String>,
    /// Serve SERVICE here under each engine in turn (all, or names with commas), and load each
    #[arg(long, value_names = ["ENGINES", "SERVICE"], num_args = 2,
          conflicts_with_all = ["endpoint", "find_max", "service"])]
    engines: Option<Vec<String>>,
    /// Measure so many times, so that runs can be compared; with --engines: how often each has its turn [default: 1, with
    /// --engines 3]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    repeat: Option<usize>,
    /// Load nothing: compare what --json wrote, of repeated runs best
    #[arg(long, value_names = ["A.json", "B.json"], num_args = 2,
          conflicts_with_all = ["endpoint", "engines", "find_max", "svg", "html"])]
    compare: Option<Vec<PathBuf>>,
    /// Draw how long replies took, and each second, as a picture
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    svg: Option<PathBuf>,
    /// The same as a page, with the numbers
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    html: Option<PathBuf>,
    /// Write the latencies as a log of `HdrHistogram`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["engines", "compare"], help_heading = "Files")]
    hdr: Option<PathBuf>,
    /// Connections that are open at once [default: 64, with --number no more than messages]
    #[arg(short, long, value_name = "N", value_parser = at_least_one)]
    connections: Option<usize>,
    /// Messages under way on each connection; with --rate at most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// Send so many messages a second in all (50k, 1.5M), whatever comes back: an open loop
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "bulk")]
    rate: Option<f64>,
    /// Look for the highest rate that holds --slo
    #[arg(long, requires = "slo", conflicts_with_all = ["rate", "bulk", "number"])]
    find_max: bool,
    /// What has to hold: p99=2ms, p99.9=10ms, max=1s
    #[arg(long, value_name = "PERCENTILE=TIME", value_parser = slo, requires = "find_max")]
    slo: Option<Slo>,
    /// No messages: as many bytes as go, up to the server, down from it, or both
    #[arg(long, value_name = "up|down|both", value_parser = direction,
          conflicts_with_all = ["message", "service", "until", "number", "new_connection", "depth"])]
    bulk: Option<Direction>,
    /// The length of a message
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "message")]
    size: Option<usize>,
    /// What to send, or @FILE; in braces n, conn and random:16 stand for what differs from message to message, \n for a line end
    #[arg(short, long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    message: Option<String>,
    /// Check every reply, byte for byte, against what this service of `sock serve` answers
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// When a reply is whole: same (as long as its message), line, length:N, close
    #[arg(long, value_name = "WHEN", value_parser = until)]
    until: Option<Until>,
    /// A connection for each message
    #[arg(long)]
    new_connection: bool,
    /// Send so many messages
    #[arg(short, long, value_name = "N", value_parser = messages, conflicts_with = "duration")]
    number: Option<u64>,
    /// Measure for so long; 5s, with --find-max 2s for each step
    #[arg(short, long, value_name = "TIME", value_parser = some_time)]
    duration: Option<Duration>,
    /// Load for so long before measuring begins; 500ms, with --number none
    #[arg(long, value_name = "TIME", value_parser = duration)]
    warmup: Option<Duration>,
    /// Open the connections over so long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0")]
    ramp: Duration,
    /// Wait so long for a reply; once the time of --duration is over, for what is still owed 1s at most
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    timeout: Duration,
    /// Threads that load
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    workers: usize,
    /// How the generator waits: epoll, select or uring [default: uring, or epoll where there are no rings]
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    engine: Option<Engine>,
    /// Call from so many addresses, 127.0.0.1 and those after it: each has ports of its own
    #[arg(long, value_name = "N", value_parser = at_least_one, conflicts_with = "bind")]
    sources: Option<usize>,
    /// Spin for so many microseconds, or always, instead of sleeping
    #[arg(long, value_name = "MICROS", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = busy_poll)]
    busy_poll: Option<Duration>,
    /// The method of each request
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET", help_heading = "HTTP")]
    method: String,
    /// A field of each request
    #[arg(short = 'H', long, value_name = "NAME: VALUE", help_heading = "HTTP")]
    header: Vec<String>,
    /// The body of each request
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true, help_heading = "HTTP")]
    body: Option<String>,
    #[command(flatten)]
    sockets: SocketArgs,
    #[command(flatten)]
    tls: CallTlsArgs,
    #[command(flatten)]
    screen: ScreenArgs,
}

/// The engines that hold many connections that we have called; the others say why they do not.
fn engine(text: &str) -> Result<Engine, String> {
    let which = "the generator waits with epoll, select or uring";
    let engine: Engine = text.parse().map_err(|_| format!("no such engine; {which}"))?;
    match engine {
        Engine::Epoll | Engine::Select | Engine::Uring => Ok(engine),
        Engine::Iterative | Engine::Threads | Engine::Fork => {
            Err(format!("{engine} is a way to hold callers, and here we call; {which}"))
        }
        Engine::Tokio => Err(format!("tokio would wait with epoll here; {which}")),
    }
}

fn messages(text: &str) -> Result<u64, String> {
    let wrong = || "write a whole number, from 1".to_owned();
    text.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)
}

fn some_time(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() {
        return Err(
            "in no time nothing is measured: write 5s, or count messages with -n".to_owned()
        );
    }
    Ok(time)
}

fn busy_poll(text: &str) -> Result<Duration, String> {
    if text.is_empty() { Ok(Duration::MAX) } else { micros(text) }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "write a whole number, from 1".to_owned())?;
    if number == 0 { Err("at least 1".to_owned()) } else { Ok(number) }
}

/// Ten times what the kernel takes from one core, and few enough to be counted when they could not be sent.
const MOST: f64 = 1e7;

/// Messages a second: `2000`, `50k`, `1.5M`.
fn rate(text: &str) -> Result<f64, String> {
    let wrong = || "write a number of messages a second, such as 2000, 50k or 1.5M".to_owned();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let rate = number * factor;
    match rate {
        0.0 => Err(wrong()),
        0.0..=MOST => Ok(rate),
        _ => Err("no program sends so many; write 10M a second at most".to_owned()),
    }
}

/// So many, unless somebody says otherwise.
const CONNECTIONS: usize = 64;

/// A connection that has no message has no turn: where the user did not choose, there is none.
fn connections(asked: Option<usize>, messages: Option<u64>) -> Result<usize> {
    let most = messages.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    match asked {
        None => Ok(CONNECTIONS.min(most)),
        Some(asked) if asked <= most => Ok(asked),
        Some(asked) => {
            let text = format!(
                "{most} messages are fewer than {asked} connections: some would have none; ask for -c {most}, or \
                 for more messages"
            );
            Err(Usage(text).into())
        }
    }
}

fn slo(text: &str) -> Result<Slo, String> {
    let wrong = || "write what has to hold, such as p99=2ms, p99.9=10ms or max=1s".to_owned();
    let (percentile, time) = text.split_once('=').ok_or_else(wrong)?;
    let within = duration(time)?;
    if percentile == "max" {
        return Ok(Slo { quantile: 1.0, name: percentile.to_owned(), within });
    }
    let number = percentile.strip_prefix('p').and_then(|n| n.parse::<f64>().ok());
    let number = number.filter(|n| *n > 0.0 && *n <= 100.0).ok_or_else(wrong)?;
    Ok(Slo { quantile: number / 100.0, name: percentile.to_owned(), within })
}

fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "up" => Ok(Direction::Up),
        "down" => Ok(Direction::Down),
        "both" => Ok(Direction::Both),
        _ => Err("write up, down or both".to_owned()),
    }
}

fn until(text: &str) -> Result<Until, String> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "same" => Ok(Until::Same),
        "line" => Ok(Until::Line),
        "close" => Ok(Until::Close),
        _ => {
            let (word, n) = text.split_once(':').unwrap_or_default();
            let length = size(n).ok().filter(|_| word.eq_ignore_ascii_case("length"));
            let length = length.filter(|n| *n > 0).and_then(|n| u64::try_from(n).ok());
            length
                .map(Until::Length)
                .ok_or_else(|| "write same, line, length:64 or close".to_owned())
        }
    }
}

impl BenchArgs {
    pub(super) fn plan(self) -> Result<super::Plan> {
        if let Some(files) = self.compare {
            let screen = self.screen.plan();
            return Ok(super::Plan::Compare(Compare { files, screen }));
        }
        let target = match (&self.endpoint, self.engines) {
            (Some(text), _) => Target::parse(text)?,
            (None, Some(words)) => Target::Engines(Engines::parse(&words)?),
            (None, None) => return Err(Usage("whom to load?".to_owned()).into()),
        };
        let what = match (self.bulk, self.rate, self.slo) {
            (Some(direction), _, _) => What::Bulk(direction),
            (None, _, Some(slo)) if self.find_max => What::FindMax(slo),
            (None, Some(rate), _) => What::Open(rate),
            (None, None, _) => What::Closed,
        };
        let contents = Contents {
            size: self.size,
            message: self.message,
            service: match self.service {
                Some(name) => Service::Named(name),
                None => Service::ByPort,
            },
            until: self.until,
            method: self.method,
            fields: self.header,
            body: self.body,
        };
        let ask = Ask {
            what,
            connections: connections(self.connections, self.number)?,
            depth: self.depth,
            new_connection: self.new_connection,
            number: self.number,
            duration: self.duration,
            warm_up: self.warmup,
            ramp: self.ramp,
            timeout: self.timeout,
            workers: self.workers,
            engine: self.engine,
            sources: self.sources,
            busy_poll: self.busy_poll,
        };
        let sockets = self.sockets.plan();
        let unused = [
            (sockets.idle.is_some(), "--idle-timeout", "--timeout says how long a reply may take"),
            (sockets.linger.is_some(), "--linger", "bench waits for nobody's end"),
            (sockets.record.is_some(), "--record", "so many events would be measured instead"),
        ];
        if let Some((_, option, why)) = unused.into_iter().find(|(is_set, _, _)| *is_set) {
            return Err(Usage(format!("bench has no {option}: {why}")).into());
        }
        // Servers of our own speak no TLS.
        let plain = sock::Endpoint::Tcp(sock_proto::Host::Loopback, 0);
        let tls = self.tls.plan(&target.endpoint().unwrap_or(plain))?;
        Ok(super::Plan::Bench(Box::new(Plan {
            target,
            repeat: self.repeat,
            files: Files { svg: self.svg, html: self.html, hdr: self.hdr },
            contents,
            ask,
            sockets,
            tls,
            screen: self.screen.plan(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_a_number_and_perhaps_a_unit() {
        for (text, expected) in [("2000", 2e3), ("50k", 5e4), ("1.5M", 1.5e6), ("0.5", 0.5)] {
            assert_eq!(rate(text), Ok(expected), "{text}");
        }
        for text in ["", "k", "-1", "0", "50K", "1e9", "2G", "2000M", "1.2.3"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_has_to_hold_is_a_percentile_and_a_time() {
        let told = slo("p99.9=10ms").expect("it is one");
        assert!((told.quantile - 0.999).abs() < 1e-9);
        assert_eq!(told.within, Duration::from_millis(10));
        assert_eq!(slo("max=1s").map(|slo| slo.quantile), Ok(1.0));
        for text in ["p99", "p0=1s", "p101=1s", "99=1s", "p99=2", "p99=", "=1s"] {
            assert!(slo(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_reply_ends_as_one_of_four() {
        assert_eq!(until("LINE"), Ok(Until::Line));
        assert_eq!(until("length:4KiB"), Ok(Until::Length(4096)));
        for text in ["", "length", "length:0", "length:x", "http", "lines"] {
            assert!(until(text).is_err(), "{text}");
        }
    }
}
