//! `serve`: a built-in server.

mod certificate;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sock::tls::ServerTls;
use sock::{Access, Endpoint, Engine, Pauses, Run, Server, Service};
use sock_proto::protocols::{Row, Settings};
use sock_proto::{Observer, Transport};

use self::certificate::Passing;
use self::waiting::{Talks, Waiting};
use crate::elsewhere::{is_everywhere, own_address};
use crate::ending::Last;
use crate::screen::{Detail, Screen};
use crate::signals::Signals;
use crate::sockets::Sockets;
use crate::status::{Listening, Status};
use crate::stdio::{Console, Heard, Streams, Taken, Use};
use crate::watch::{Place, Timing, Watch};
use crate::web::{Herald, Web};

/// What is served, where and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) row: &'static Row,
    pub(crate) settings: Settings,
    pub(crate) web: Option<Web>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) engine: Engine,
    pub(crate) workers: usize,
    pub(crate) pin: bool,
    pub(crate) busy_poll: Option<Duration>,
    pub(crate) max_conns: Option<usize>,
    pub(crate) backlog: Option<u32>,
    pub(crate) access: Access,
    pub(crate) once: bool,
    pub(crate) grace: Duration,
    pub(crate) pause_accept: Duration,
    pub(crate) pauses: Pauses,
    pub(crate) sockets: Sockets,
    pub(crate) tls: Tls,
    pub(crate) screen: Screen,
}

/// How TLS is served.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) settings: ServerTls,
    /// Where a certificate that is made on the spot is written.
    pub(crate) cert_out: Option<PathBuf>,
}

impl Plan {
    /// Whether the one client is wired to our own input and output.
    fn is_stdio(&self) -> bool {
        self.row.name == "stdio"
    }
}

/// Serves until it is told to stop.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let console = if plan.is_stdio() { Console::open("")? } else { None };
    let place = match &console {
        Some(console) => Place::Console(console.printer()),
        None if plan.is_stdio() => Place::Stderr,
        None => Place::Stdout,
    };
    let timing = if plan.engine == Engine::Fork { Timing::Direct } else { Timing::Queued };
    let shows_datagrams = plan.row.name == "upper";
    let mut watch = Watch::new(plan.screen, &place, timing, shows_datagrams)?;
    let limits = sock::Limits { pauses: plan.pauses, ..plan.sockets.limits() };
    let run = Run::new().limited(limits);
    watch.record(plan.sockets.record.as_deref(), &run, "serve", plan.engine)?;
    let run = watch.over(run);
    watch.ends(&run);
    let mut taken = None;
    let served = if plan.is_stdio() {
        wire(plan, &run, console, &mut taken)
    } else {
        serve(plan, &run, watch.audience())
    };
    let status = served.unwrap_or_else(|error| watch.fail(&run, &error));
    let status = watch.close(&run, status);
    // Only now: the last words are for the terminal too.
    drop(taken);
    status
}

fn server(plan: &Plan, run: &Run) -> Result<Server> {
    let service = Service::of_row(plan.row, &plan.settings)?;
    let mut tls = plan.tls.settings.clone();
    let mut secret = plan.endpoints.iter().filter(|it| it.transport() == Transport::Tls);
    if secret.any(is_everywhere)
        && let Some(address) = own_address()
    {
        // What is printed for others is to be what the certificate is for.
        tls = tls.made_for(address.to_string());
    }
    let mut server = Server::new(service)
        .within(run.clone())
        .engine(plan.engine)
        .workers(plan.workers)
        .access(plan.access.clone())
        .grace(plan.grace)
        .pause_accept(plan.pause_accept)
        .tls(tls)
        .options(plan.sockets.options(plan.backlog));
    if let Some(most) = plan.max_conns {
        server = server.max_conns(most);
    }
    if let Some(time) = plan.busy_poll {
        server = server.busy_poll(time);
    }
    if plan.pin {
        server = server.pin();
    }
    if plan.once {
        server = server.once();
    }
    Ok(plan.endpoints.iter().cloned().fold(server, Server::listen))
}

/// `audience` is told what people want to know besides.
fn serve(plan: &Plan, run: &Run, audience: Arc<dyn Observer>) -> Result<Status> {
    let herald = plan.web.as_ref().map(|_| Herald::new(run, Arc::clone(&audience)));
    let run = match &herald {
        Some(herald) => run.clone().observed_by(Arc::clone(herald) as _),
        None => run.clone(),
    };
    // Whoever forks has one thread, and who is told nothing needs nobody who tells.
    let is_told = plan.engine != Engine::Fork && plan.screen.detail != Detail::Quiet;
    let talks = is_told.then(|| Talks::of(&run));
    let run = match &talks {
        Some(talks) => run.observed_by(Arc::clone(talks) as _),
        None => run,
    };
    let bound = server(plan, &run)?.bind().map_err(Listening)?;
    // It goes when the server does.
    let (bound, passing) =
        certificate::announce(bound, plan.row.name, plan.tls.cert_out.as_deref())?;
    // A server that was told to stop and did has done its work.
    let signals = Signals::ask(run.stop())?;
    // All that is to be opened by its name is open by now, and no thread that serves has begun.
    if let (Some(web), Some(herald)) = (&plan.web, &herald) {
        let endpoints = bound.endpoints();
        let mut notes = web.notes(endpoints, &plan.access);
        let locked = web.lock_down(endpoints, passing.as_ref().map(Passing::folder));
        if plan.screen.detail == Detail::Data {
            notes.push(locked);
        }
        herald.wait(endpoints.len(), notes);
    }
    let begin = |talks| Waiting::begin(talks, &run, audience, plan.grace);
    let waiting = talks.map(begin).transpose()?;
    let served = bound.run();
    drop(waiting);
    signals.leave();
    served?;
    Ok(Status::Done)
}

/// Serves one client, and is the other half of `connect`.
fn wire(
    plan: &Plan,
    run: &Run,
    console: Option<Console>,
    taken: &mut Option<Taken>,
) -> Result<Status> {
    let signals = Signals::end(run.stop())?;
    *taken = console.as_ref().map(Console::take).transpose()?;
    let last = Last::new(run);
    let streams = Streams::new(Use::default(), console, run.stop(), &signals, &last);
    let run = last.over(run);
    let server = server(plan, &run)?.once().stdio(streams.as_socket());
    let cert_out = plan.tls.cert_out.as_deref();
    let ended =
        server.bind().map_err(|error| anyhow::Error::new(Listening(error))).and_then(|bound| {
            let (bound, _passing) = certificate::announce(bound, plan.row.name, cert_out)?;
            Ok(bound.run()?)
        });
    if let Some(status) = signals.leave() {
        return Ok(status);
    }
    ended?;
    match (streams.finish()?, last.take()) {
        (Heard::No, _) | (Heard::Yes, None) => Ok(Status::Done),
        (Heard::Yes, Some((ending, peer))) => {
            last.judge(&ending, &peer, &plan.sockets)?;
            last.check_whole()?;
            Ok(Status::Done)
        }
    }
}
