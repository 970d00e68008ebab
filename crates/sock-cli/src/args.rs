//! The command line: arguments in, plans out. What it means is with the verbs.

mod bench;
mod files;
mod get;
mod habits;
mod pages;
mod pictures;
mod screen;
mod serve;
mod sockets;
mod talk;
mod tls;
mod trace;
mod values;
mod web;

use std::ffi::OsString;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand};
use sock::Family;
use sock_proto::{Endpoint, Transport};

use crate::screen::Screen;
use crate::status::Usage;
use crate::{connect, demo, list, name, send, show};

/// The whole grammar.
#[derive(Parser, Debug)]
#[command(name = "sock", version, about = ABOUT, arg_required_else_help = true, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const ABOUT: &str = "A workbench for sockets: serve one, talk to one, see what is said";

const AFTER: &str = "\
Two terminals are a conversation:
  sock serve echo               sock connect 50007

Endpoints: tcp://HOST:PORT udp://HOST:PORT tls://HOST:PORT unix:PATH unix:@NAME unixgram:PATH, HOST:PORT (tcp),
PORT (tcp on loopback), :PORT (every interface); port 0: the system chooses.
Exit status: 0 done, 1 failed, 2 usage, 3 name not resolved, 4 refused or unreachable, 5 timeout,
6 cut short, 7 TLS, 8 cannot listen, 130 and 143 ended by a signal.";

#[derive(Subcommand, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, and it lives for a moment")]
enum Verb {
    /// Run a built-in server
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Talk by hand, or as a pipe
    Connect(talk::ConnectArgs),
    /// Send, print the reply to each, leave
    Send(talk::SendArgs),
    /// Open or retrieve URLs
    Get(Box<get::GetArgs>),
    /// Load it, and tell the truth about it
    #[command(after_help = bench::EXAMPLES)]
    Bench(Box<bench::BenchArgs>),
    /// Names to addresses and back
    Name(NameArgs),
    /// Run programs and draw what their sockets did
    #[command(after_help = trace::EXAMPLES)]
    Trace(Box<trace::TraceArgs>),
    /// Draw a recording
    Show(pictures::ShowArgs),
    /// Every program of the lectures, for real, drawn as it happened
    Demo(pictures::DemoArgs),
    /// Print the manual page of a verb, for `man -l -`
    Man(pages::ManArgs),
    /// Print the completions for a shell
    Completions(pages::CompletionsArgs),
}

#[derive(Args, Debug)]
struct NameArgs {
    /// Names, or numeric addresses
    #[arg(value_name = "HOST|ADDRESS", required = true)]
    hosts: Vec<String>,
    /// IPv4 only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long = "ipv6")]
    ipv6: bool,
    /// Answer in JSON Lines
    #[arg(long)]
    json: bool,
}

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Plan {
    Serve(Box<crate::serve::Plan>),
    List(list::Plan),
    Connect(Box<connect::Plan>),
    Send(Box<send::Plan>),
    Get(Box<crate::get::Plan>),
    Bench(Box<crate::bench::Plan>),
    Compare(crate::bench::Compare),
    Name(name::Plan),
    Trace(Box<crate::trace::Plan>),
    Show(show::Plan),
    Demo(demo::Plan),
    /// A page that is there already.
    Page(String),
}

impl Plan {
    /// How the user wants to be told.
    pub(crate) fn screen(&self) -> Screen {
        match self {
            Self::Serve(plan) => plan.screen,
            Self::Connect(plan) => plan.screen,
            Self::Send(plan) => plan.screen,
            Self::Get(plan) => plan.screen,
            Self::Bench(plan) => plan.screen,
            Self::Compare(plan) => plan.screen,
            Self::Trace(plan) => plan.screen,
            Self::List(_) | Self::Name(_) | Self::Show(_) | Self::Demo(_) | Self::Page(_) => {
                Screen::default()
            }
        }
    }
}

/// Reads the command line.
pub(crate) fn plan() -> Result<Plan> {
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) if error.use_stderr() => {
            let words: Vec<OsString> = std::env::args_os().collect();
            let verb = words.get(1).and_then(|word| word.to_str()).unwrap_or_default();
            let text =
                trace::without_dashes(&error, &words).unwrap_or_else(|| complaint(&error, verb));
            return Err(Usage(text).into());
        }
        // Help and the version were asked for: no failure.
        Err(page) => return Ok(Plan::Page(page.render().to_string())),
    };
    Ok(match verb {
        Verb::Serve(args) => args.plan()?,
        Verb::Connect(args) => Plan::Connect(Box::new(args.plan()?)),
        Verb::Send(args) => Plan::Send(Box::new(args.plan()?)),
        Verb::Get(args) => Plan::Get(Box::new(args.plan()?)),
        Verb::Bench(args) => args.plan()?,
        Verb::Trace(args) => args.plan()?,
        Verb::Name(args) => Plan::Name(args.plan()),
        Verb::Show(args) => Plan::Show(args.plan()),
        Verb::Demo(args) => Plan::Demo(args.plan()),
        Verb::Man(args) => Plan::Page(args.page()?),
        Verb::Completions(args) => Plan::Page(args.page()?),
    })
}

/// What is wrong, without the word that we put in front of every error.
fn complaint(error: &clap::Error, verb: &str) -> String {
    let unknown = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (clap::error::ErrorKind::UnknownArgument, Some(ContextValue::String(name))) => name,
        _ => "",
    };
    if let Some(cure) = habits::ours(verb, unknown) {
        return format!("there is no '{unknown}': {cure}");
    }
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

/// An endpoint, or where it is wrong.
fn endpoint(text: &str) -> Result<Endpoint> {
    text.parse().map_err(|wrong: sock_proto::ParseError| Usage(wrong.to_string()).into())
}

/// An endpoint that can be called.
pub(crate) fn callable(text: &str) -> Result<Endpoint> {
    let endpoint: Endpoint = text.parse().map_err(|wrong: sock_proto::ParseError| {
        let is_url = text.starts_with("http://") || text.starts_with("https://");
        let more = if is_url { "\n`sock get URL` opens the addresses of the web" } else { "" };
        Usage(format!("{wrong}{more}"))
    })?;
    match endpoint.transport() {
        Transport::Stdio => {
            let text = "stdio is this program's own input and output; name another endpoint";
            Err(Usage(text.to_owned()).into())
        }
        Transport::Tcp
        | Transport::Udp
        | Transport::Tls
        | Transport::Unix
        | Transport::Unixgram => Ok(endpoint),
    }
}

impl NameArgs {
    fn plan(self) -> name::Plan {
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Some(Family::Inet),
            (false, true) => Some(Family::Inet6),
            (false, false) => None,
        };
        name::Plan { hosts: self.hosts, family, json: self.json }
    }
}
