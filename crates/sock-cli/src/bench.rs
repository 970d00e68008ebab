//! `bench`: load an endpoint, and tell the truth about it.

mod agreed;
pub(crate) mod compare;
mod contents;
mod engines;
mod files;
mod find_max;
mod live;
mod target;
mod told;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sock::load::{Length, Loader, Pace};
use sock::tls::ClientTls;
use sock::{Engine, Run, Urgency};
use sock_load::Report;
use sock_proto::Host;
use sock_proto::load::Direction;

use self::agreed::Agreed;
pub(crate) use self::compare::Compare;
pub(crate) use self::contents::{Contents, Service};
pub(crate) use self::engines::Engines;
pub(crate) use self::files::Files;
pub(crate) use self::find_max::Slo;
use self::live::Live;
pub(crate) use self::target::Target;
use crate::screen::{Detail, Screen};
use crate::signals::Signals;
use crate::sockets::Sockets;
use crate::status::{Status, Usage};

/// What is loaded, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    /// How often it is measured, where the user says so.
    pub(crate) repeat: Option<usize>,
    pub(crate) files: Files,
    pub(crate) contents: Contents,
    pub(crate) ask: Ask,
    pub(crate) sockets: Sockets,
    pub(crate) tls: ClientTls,
    pub(crate) screen: Screen,
}

/// How much is asked, when, and for how long.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) what: What,
    pub(crate) connections: usize,
    pub(crate) depth: Option<u32>,
    pub(crate) new_connection: bool,
    pub(crate) number: Option<u64>,
    pub(crate) duration: Option<Duration>,
    pub(crate) warm_up: Option<Duration>,
    pub(crate) ramp: Duration,
    pub(crate) timeout: Duration,
    pub(crate) workers: usize,
    pub(crate) engine: Option<Engine>,
    pub(crate) sources: Option<usize>,
    pub(crate) busy_poll: Option<Duration>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// How much comes back when the next message waits for a reply.
    Closed,
    /// How long replies take at this rate.
    Open(f64),
    /// The highest rate at which this holds.
    FindMax(Slo),
    /// How many bytes go.
    Bulk(Direction),
}

/// So long is measured, unless somebody says otherwise: long enough for a percentile of a thousand,
/// short enough to be waited for.
const DURATION: Duration = Duration::from_secs(5);
/// The same for each step of a search, of which there are a dozen.
const STEP: Duration = Duration::from_secs(2);
/// By then connections are open, and buffers and caches warm.
const WARM_UP: Duration = Duration::from_millis(500);

/// Loads, and tells.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let agreed = Arc::new(Agreed::default());
    let run = Run::new().limited(plan.sockets.limits()).observed_by(agreed);
    let signals = Signals::ask(run.stop())?;
    let status = match &plan.target {
        Target::Engines(engines) => engines::run(plan, engines, &run)?,
        Target::Endpoint(_) | Target::Url { .. } if plan.repeat.is_some_and(|n| n > 1) => {
            again(plan, &run)?
        }
        Target::Endpoint(_) | Target::Url { .. } => one(plan, &run)?,
    };
    Ok(signals.leave().unwrap_or(status))
}

fn one(plan: &Plan, run: &Run) -> Result<Status> {
    let loader = loader(plan, &plan.target, None, run)?;
    let report = match &plan.ask.what {
        What::FindMax(slo) => find_max::search(plan, &loader, slo, run)?,
        What::Closed | What::Open(_) | What::Bulk(_) => load(plan, loader)?,
    };
    told::report(&report, plan.screen)?;
    plan.files.write(&report)?;
    // Whoever ends a run before its end does not ask why it has found nothing.
    if run.stop().urgency() != Urgency::None {
        return Ok(Status::Done);
    }
    let status = told::judge(&report)?;
    told::faults(&report, status, plan.screen)?;
    Ok(status)
}

/// Loads several times, and tells what all runs have found together; pictures are of the middle one.
fn again(plan: &Plan, run: &Run) -> Result<Status> {
    if matches!(plan.ask.what, What::FindMax(_)) {
        return Err(
            Usage("--find-max repeats its own steps: leave --repeat away".to_owned()).into()
        );
    }
    let times = plan.repeat.unwrap_or(1);
    let mut reports = Vec::new();
    let mut status = Status::Done;
    for n in 1..=times {
        let report = load(plan, loader(plan, &plan.target, None, run)?)?;
        // What was cut short by a signal is no run to compare with.
        if run.stop().urgency() != Urgency::None {
            break;
        }
        let judged = told::judge(&report)?;
        if judged != Status::Done {
            status = judged;
        }
        told::faults(&report, judged, plan.screen)?;
        if plan.screen.json {
            told::report(&report, plan.screen)?;
        } else {
            told::run_of(n, times, &report, plan.screen)?;
        }
        reports.push(report);
    }
    if !plan.screen.json && plan.screen.detail != Detail::Quiet {
        told::runs(&reports)?;
    }
    reports.sort_by(|a, b| a.rate.unwrap_or_default().total_cmp(&b.rate.unwrap_or_default()));
    if let Some(middle) = reports.get(reports.len() / 2) {
        plan.files.write(middle)?;
    }
    Ok(status)
}

/// Loads once, and shows nothing before the end.
fn quietly(loader: Loader) -> Result<Report> {
    Ok(loader.run()?)
}

/// Loads once, and shows each second.
fn load(plan: &Plan, loader: Loader) -> Result<Report> {
    let mut live = Live::new(plan.screen, plan.ask.total());
    let mut failure = None;
    let report = loader.run_telling(&mut |second| {
        if let Err(error) = live.tell(second) {
            failure.get_or_insert(error);
        }
    });
    live.end();
    failure.map_or(Ok(()), Err)?;
    Ok(report?)
}

/// The load that the plan asks for.
fn loader(plan: &Plan, target: &Target, service: Option<&str>, run: &Run) -> Result<Loader> {
    let endpoint = target.endpoint()?;
    let ask = &plan.ask;
    let said = plan.contents.said(target, &endpoint, service, ask)?;
    let pace = match ask.what {
        What::Closed | What::FindMax(_) => Pace::Closed { depth: ask.depth.unwrap_or(1) },
        What::Open(rate) => Pace::Open { rate, most: ask.most(said.is_http) },
        What::Bulk(direction) => Pace::Bulk(direction),
    };
    let mut loader = Loader::new(endpoint.clone())
        .within(run.clone())
        .workers(ask.workers)
        .connections(ask.connections)
        .pace(pace)
        .length(ask.length())
        .warm_up(ask.warm_up())
        .ramp(ask.ramp)
        .message(said.message)
        .until(said.until)
        .new_connection(ask.new_connection)
        .timeout(Some(ask.timeout))
        .connect_timeout(plan.sockets.connect_timeout)
        .sources(sources(plan, &endpoint)?)
        .options(plan.sockets.options(None))
        .tls(plan.tls.clone())
        .busy_poll(ask.busy_poll);
    if let Some(engine) = ask.engine {
        loader = loader.engine(engine);
    }
    if let Some((check, name)) = said.check {
        loader = loader.check(check, name);
    }
    if let Some(name) = target.name() {
        loader = loader.named(name);
    }
    if let Some(transport) = target.transport() {
        loader = loader.transport(transport);
    }
    Ok(loader)
}

/// Where our side is, where the user says so.
fn sources(plan: &Plan, endpoint: &sock::Endpoint) -> Result<Vec<IpAddr>> {
    if let Some(n) = plan.ask.sources {
        let is_loopback = match endpoint.host() {
            Some(Host::V4(ip)) => ip.is_loopback(),
            Some(Host::Loopback) => true,
            Some(Host::V6(..) | Host::Name(_) | Host::Every) | None => false,
        };
        if !is_loopback {
            let text = "--sources are addresses of 127.0.0.0/8, from which only those are reached; \
                        elsewhere name one with --bind";
            return Err(Usage(text.to_owned()).into());
        }
        return Ok((1..=n).map(|n| IpAddr::from(sock::load::loopback(n))).collect());
    }
    let is_v6 = matches!(endpoint.host(), Some(Host::V6(..)));
    let Some(source) = plan.sockets.source_addr(is_v6)? else { return Ok(Vec::new()) };
    if source.port() != 0 {
        let text = "many connections cannot come from one port: name an address alone with --bind";
        return Err(Usage(text.to_owned()).into());
    }
    Ok(vec![source.ip()])
}

impl Ask {
    fn length(&self) -> Length {
        let default = if matches!(self.what, What::FindMax(_)) { STEP } else { DURATION };
        let time = self.duration.unwrap_or(default);
        self.number.map_or(Length::Time(time), Length::Messages)
    }

    fn warm_up(&self) -> Duration {
        let default = if self.number.is_some() { Duration::ZERO } else { WARM_UP };
        self.warm_up.unwrap_or(default)
    }

    /// How many may be under way in an open loop: as many as there have to be, but of HTTP/1.1 one,
    /// because few servers and no browser send the next request before the reply.
    pub(crate) fn most(&self, is_http: bool) -> u32 {
        self.depth.unwrap_or(if is_http { 1 } else { u32::MAX })
    }

    /// How long it will measure, where that is known.
    fn total(&self) -> Option<Duration> {
        match self.length() {
            Length::Time(time) => Some(time),
            Length::Messages(_) => None,
        }
    }
}
