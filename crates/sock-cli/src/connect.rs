//! `connect`: talk by hand, or as a pipe.

mod dial;
mod until;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use sock::tls::ClientTls;
use sock::{Endpoint, Engine, Run, Service, converse};
use sock_proto::protocols::{Framing, Wiring};

use self::until::Until;
use crate::ending::Last;
use crate::screen::Screen;
use crate::secure;
use crate::signals::Signals;
use crate::sockets::Sockets;
use crate::status::Status;
use crate::stdio::{Console, Heard, Streams, Taken, Typed, Use};
use crate::watch::{self, Place, Timing, Watch};

/// Whom to call, and how to talk.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) endpoint: Endpoint,
    pub(crate) typed: Typed,
    /// What arrives is shown as a hex dump.
    pub(crate) hex: bool,
    /// What stands before the line that is typed.
    pub(crate) prompt: String,
    /// Close once the peer has sent this; empty: never.
    pub(crate) until: Vec<u8>,
    /// How long to wait until something listens.
    pub(crate) wait: Option<Duration>,
    pub(crate) way: Way,
    pub(crate) framing: Framing,
    /// How long to wait for one more datagram once the input has ended.
    pub(crate) wait_reply: Duration,
    pub(crate) sockets: Sockets,
    pub(crate) tls: ClientTls,
    pub(crate) screen: Screen,
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Both ways.
    Both,
    /// To us only.
    Receive,
    /// To the peer only.
    Send,
    /// None: it only matters whether somebody is there.
    Probe,
}

/// Calls the peer and talks until both directions have ended.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let talks = plan.way != Way::Probe;
    let console = if talks { Console::open(&plan.prompt)? } else { None };
    let place = console.as_ref().map_or(Place::Stderr, |console| Place::Console(console.printer()));
    let mut watch = Watch::new(plan.screen, &place, Timing::Queued, false)?;
    let run = Run::new().limited(plan.sockets.limits());
    watch.record(plan.sockets.record.as_deref(), &run, "connect", Engine::default())?;
    let run = watch.over(run);
    let mut taken = None;
    let status =
        talk(plan, &run, console, &mut taken).unwrap_or_else(|error| watch.fail(&run, &error));
    let status = watch.close(&run, status);
    // Only now: the last words are for the terminal too.
    drop(taken);
    status
}

fn talk(
    plan: &Plan,
    run: &Run,
    console: Option<Console>,
    taken: &mut Option<Taken>,
) -> Result<Status> {
    if plan.way == Way::Probe {
        let there = dial::probe(plan, run)?;
        watch::say(run, "there", &there);
        return Ok(Status::Done);
    }
    let wiring = Wiring {
        framing: plan.framing,
        wait_reply: Some(plan.wait_reply),
        send_only: plan.way == Way::Send,
        until: plan.until.clone(),
    };
    let until = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&until);
    let service = Service::each("stdio", move || Until::new(wiring.clone(), &told));
    let service = secure::over(service, &plan.endpoint, &plan.tls, &plan.sockets, run)?;
    let socket = dial::dial(plan, run)?;
    let signals = Signals::end(run.stop())?;
    // From here on a signal comes back to us, and so does the terminal to whoever started us.
    *taken = console.as_ref().map(Console::take).transpose()?;
    let how = Use { typed: plan.typed, ignores_input: plan.way == Way::Receive, hex: plan.hex };
    let last = Last::new(run);
    let streams = Streams::new(how, console, run.stop(), &signals, &last);
    let held = converse(&last.over(run), service, &socket, Some(streams.as_socket()));
    if let Some(status) = signals.leave() {
        return Ok(status);
    }
    let ending = held?;
    match streams.finish()? {
        // As the writer of any pipe: there is nobody left to talk for.
        Heard::No => Ok(Status::Done),
        Heard::Yes => {
            let is_over = plan.way == Way::Send || until.load(Ordering::Relaxed);
            // Nobody listens any more: a peer that keeps its side open is left.
            if !(is_over && last.has_said_all(&ending)) {
                last.judge(&ending, &last.peer(&plan.endpoint), &plan.sockets)?;
            }
            last.check_whole()?;
            Ok(Status::Done)
        }
    }
}
