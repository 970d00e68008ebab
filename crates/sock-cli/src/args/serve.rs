//! The arguments of `serve`, and what is an endpoint among them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use sock::{Access, Cidr, Engine};
use sock_proto::protocols::{self, Row, Settings};
use sock_proto::{Endpoint, Pauses};

use super::screen::ScreenArgs;
use super::sockets::SocketArgs;
use super::tls::ServeTlsArgs;
use super::values::{duration, micros};
use super::web::{WebArgs, has_folder};
use super::{Plan, endpoint};
use crate::screen::{Detail, Screen};
use crate::status::Usage;
use crate::{list, serve};

pub(super) const EXAMPLES: &str = "\
A web server for the directory `site`:
  sock serve http site                        for this machine, at http://127.0.0.1:8000/
  sock serve http site 8001                   on another port
  sock serve http site :8000                  for other machines too
  sock serve http site tls://127.0.0.1:8443   over TLS, at https://127.0.0.1:8443/
  sock serve http --echo                      shows what a browser sends
Ctrl-C ends it.";

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Which service: `sock serve --list` shows them
    #[arg(value_name = "SERVICE", required_unless_present = "list")]
    service: Option<String>,
    /// Where to listen; none: where the list says. What has neither a port nor a scheme is the
    /// directory that http serves
    #[arg(value_name = "DIR|ENDPOINT")]
    arguments: Vec<String>,
    /// Show the services; with -v, what each of them does
    #[arg(long, conflicts_with = "service")]
    list: bool,
    /// How to wait; the fastest by default
    #[arg(long, value_name = "NAME", value_parser = engines())]
    engine: Option<String>,
    #[command(flatten)]
    workers: WorkerArgs,
    /// So many conversations at once
    #[arg(long, value_name = "N", value_parser = count)]
    max_conns: Option<usize>,
    /// So many callers may wait to be accepted
    #[arg(long, value_name = "N")]
    backlog: Option<u32>,
    /// Only callers from this range of addresses
    #[arg(long, value_name = "CIDR")]
    allow: Vec<Cidr>,
    /// No callers from this range of addresses
    #[arg(long, value_name = "CIDR")]
    deny: Vec<Cidr>,
    /// End after the first conversation
    #[arg(long)]
    once: bool,
    /// How long conversations may go on after the server was told to stop
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    grace: Duration,
    /// (upper) Answer what the first receive brought, and end
    #[arg(long)]
    close_after_reply: bool,
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    pauses: PauseArgs,
    #[command(flatten)]
    sockets: SocketArgs,
    #[command(flatten)]
    tls: ServeTlsArgs,
    #[command(flatten)]
    screen: ScreenArgs,
}

#[derive(Args, Debug)]
struct WorkerArgs {
    /// So many engine threads, which share the ports
    #[arg(long, value_name = "N", value_parser = count, default_value = "1")]
    workers: usize,
    /// Keep each worker on a CPU of its own
    #[arg(long)]
    pin: bool,
    /// Spin instead of sleeping, so that the next message wakes nobody; with a number, for so many
    /// microseconds after something happened. It costs a whole processor meanwhile
    #[arg(long, value_name = "MICROS", num_args = 0..=1, default_missing_value = ALWAYS,
          value_parser = busy_poll)]
    busy_poll: Option<Duration>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Delays at named points, for teaching")]
struct PauseArgs {
    /// Wait so long before each accept
    #[arg(long = "pause-accept", value_name = "TIME", value_parser = duration)]
    accept: Option<Duration>,
    /// Wait so long before each read
    #[arg(long = "pause-read", value_name = "TIME", value_parser = duration)]
    read: Option<Duration>,
    /// Wait so long before each answer
    #[arg(long = "pause-write", value_name = "TIME", value_parser = duration)]
    write: Option<Duration>,
    /// Wait so long before a conversation is closed
    #[arg(long = "pause-close", value_name = "TIME", value_parser = duration)]
    close: Option<Duration>,
}

/// The engines, for the help and for completions.
fn engines() -> PossibleValuesParser {
    PossibleValuesParser::new(Engine::ALL.map(Engine::name))
}

/// What no number of microseconds is written as.
const ALWAYS: &str = "";

fn busy_poll(text: &str) -> Result<Duration, String> {
    if text == ALWAYS { Ok(Duration::MAX) } else { micros(text) }
}

fn count(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "write a whole number, from 1".to_owned())?;
    if number == 0 { Err("at least 1".to_owned()) } else { Ok(number) }
}

impl ServeArgs {
    pub(super) fn plan(self) -> Result<Plan> {
        if self.list {
            let Screen { json, detail, .. } = self.screen.plan();
            return Ok(Plan::List(list::Plan { json, in_full: detail == Detail::Data }));
        }
        let service = self.service.unwrap_or_default();
        let row = protocols::find(&service).map_err(|unknown| {
            let cure = match service.as_str() {
                "https" => "http speaks TLS too: sock serve http DIR tls://127.0.0.1:8443".into(),
                // Whoever wants to serve a directory names it.
                folder if Path::new(folder).is_dir() => {
                    format!("to serve that directory write: sock serve http {folder}")
                }
                _ => return Usage(format!("{unknown}; `sock serve --list` shows them")),
            };
            Usage(format!("there is no service `{service}`; {cure}"))
        })?;
        if let Some(text) = self.web.misplaced(&self.arguments) {
            return Err(Usage(text).into());
        }
        let (folder, endpoints) = folder(row, &self.arguments)?;
        let web = self.web.plan(row, folder)?;
        let settings = Settings {
            close_after_reply: self.close_after_reply,
            http: web.as_ref().map(|web| Arc::clone(&web.offer)),
        };
        row.check(&settings).map_err(|refused| Usage(refused.to_string()))?;
        let sockets = self.sockets.plan();
        let engine = match &self.engine {
            None => Engine::default(),
            Some(name) => name.parse().map_err(|e: sock::Error| Usage(e.to_string()))?,
        };
        let endpoints = self::endpoints(row, &endpoints, &sockets)?;
        let PauseArgs { accept, read, write, close } = self.pauses;
        let [pause_accept, read, write, close] =
            [accept, read, write, close].map(Option::unwrap_or_default);
        Ok(Plan::Serve(Box::new(serve::Plan {
            row,
            settings,
            web,
            tls: self.tls.plan(&endpoints)?,
            endpoints,
            engine,
            workers: self.workers.workers,
            pin: self.workers.pin,
            busy_poll: self.workers.busy_poll,
            max_conns: self.max_conns,
            backlog: self.backlog,
            access: Access { allow: self.allow, deny: self.deny },
            once: self.once,
            grace: self.grace,
            pause_accept,
            pauses: Pauses { read, write, close },
            sockets,
            screen: self.screen.plan(),
        })))
    }
}

/// What has a port or a scheme is an endpoint; a web server's directory is what has not.
fn folder<'a>(row: &Row, arguments: &'a [String]) -> Result<(Option<&'a str>, Vec<&'a str>)> {
    let all = arguments.iter().map(String::as_str);
    let (endpoints, others): (Vec<_>, Vec<_>) = all.partition(|text| Endpoint::looks_like(text));
    match others.as_slice() {
        [] => Ok((None, endpoints)),
        [folder] if has_folder(row) => Ok((Some(folder), endpoints)),
        [one, other, ..] if has_folder(row) => {
            // A host without its port looks like a directory.
            let host = [other, one].into_iter().find(|text| {
                !Path::new(text).exists() && format!("{text}:8000").parse::<Endpoint>().is_ok()
            });
            let cure = host.map_or_else(String::new, |host| {
                format!("; if {host} is where to listen, write {host}:8000")
            });
            let text = format!("there is one directory, and here are two: {one} and {other}{cure}");
            Err(Usage(text).into())
        }
        [text, ..] => {
            let service = row.name;
            let text = format!(
                "the service {service} takes no argument, and '{text}' is no endpoint: \
                 it has neither a port nor a scheme; write {text}:12000 or unix:{text}"
            );
            Err(Usage(text).into())
        }
    }
}

/// Where to listen.
fn endpoints(
    row: &Row,
    arguments: &[&str],
    sockets: &crate::sockets::Sockets,
) -> Result<Vec<Endpoint>> {
    let mut endpoints = Vec::new();
    for text in arguments {
        let endpoint = endpoint(text)?;
        if !row.speaks(endpoint.transport()) {
            let text =
                format!("the service {} does not make sense on {}", row.name, endpoint.transport());
            return Err(Usage(text).into());
        }
        endpoints.push(endpoint);
    }
    match (&sockets.source, endpoints.is_empty()) {
        (Some(_), false) => {
            let text = "the endpoints say where to listen already; leave --bind out";
            Err(Usage(text.to_owned()).into())
        }
        (None, true) if row.endpoints().is_empty() => {
            let text = format!("say where to listen: sock serve {} 127.0.0.1:12000", row.name);
            Err(Usage(text).into())
        }
        (Some(source), true) => Ok(row
            .endpoints()
            .into_iter()
            .map(|mut endpoint| {
                if let Some(host) = &source.host {
                    endpoint = endpoint.with_host(host.clone());
                }
                source.port.map_or(endpoint.clone(), |port| endpoint.with_port(port))
            })
            .collect()),
        (None, true) => Ok(row.endpoints()),
        (None, false) => Ok(endpoints),
    }
}
