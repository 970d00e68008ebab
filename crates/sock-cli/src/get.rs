//! `get`: open URLs, or retrieve them into files.

mod bars;
mod cure;
mod head;
mod one;
mod out;
mod request;
mod text;
mod timing;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use anyhow::Result;
use sock::tls::ClientTls;
use sock::{Engine, ErrorKind, Run};

pub(crate) use self::bars::Bars;
use self::one::Bench;
pub(crate) use self::request::{Asking, Auth, Payload, Pin, Reach};
use crate::screen::Screen;
use crate::secure;
use crate::signals::Signals;
use crate::sockets::Sockets;
use crate::status::Status;
use crate::watch::{Place, Timing, Watch};

/// What is retrieved, and where to.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Plan {
    pub(crate) urls: Vec<String>,
    pub(crate) asking: Asking,
    pub(crate) reach: Reach,
    pub(crate) output: Output,
    /// What an earlier attempt left is gone on with.
    pub(crate) goes_on: bool,
    /// How often is tried again, if the user says so.
    pub(crate) retries: Option<u32>,
    /// How long is waited before that, the first time.
    pub(crate) pause: Duration,
    /// What the bytes must have.
    pub(crate) sha256: Option<[u8; 32]>,
    /// How many URLs at once.
    pub(crate) parallel: usize,
    /// The body of a refusal is shown.
    pub(crate) shows_refusal: bool,
    /// The head is shown before the body.
    pub(crate) shows_head: bool,
    /// How long each step took is told.
    pub(crate) timing: bool,
    pub(crate) sockets: Sockets,
    pub(crate) tls: ClientTls,
    pub(crate) screen: Screen,
}

/// Where a body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// To standard output; raw: as it is, even on a terminal.
    Stdout { raw: bool },
    /// To this file.
    File(PathBuf),
    /// To a file of the name that the server or the URL gives.
    Named,
}

/// Gets each URL.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let bars = Bars::new(plan.screen);
    let place = if bars.are_shown() { Place::Bars(bars.clone()) } else { Place::Stderr };
    let mut watch = Watch::new(plan.screen, &place, Timing::Queued, false)?;
    let run = Run::new().limited(plan.sockets.limits());
    watch.record(plan.sockets.record.as_deref(), &run, "get", Engine::default())?;
    let run = watch.over(run);
    let status = get(plan, &run, &watch, &bars).unwrap_or_else(|error| watch.fail(&run, &error));
    watch.close(&run, status)
}

/// The status is that of the first URL, in the order in which they were given, that failed.
fn get(plan: &Plan, run: &Run, watch: &Watch, bars: &Bars) -> Result<Status> {
    if plan.tls.is_insecure() {
        secure::warn(run);
    }
    let client = plan.reach.client(&plan.sockets, &plan.urls, run)?;
    let client = client.tls(plan.tls.clone()).asking(plan.asking.request());
    let signals = Signals::end(run.stop())?;
    let bench = Bench {
        plan: plan.clone(),
        run: run.clone(),
        signals: signals.clone(),
        client,
        bars: bars.clone(),
    };
    // What ends without a word, as by a panic, has failed.
    let mut ended = vec![Status::Failed; plan.urls.len()];
    let outcomes = start(bench, plan.parallel)?;
    while let Some((n, outcome)) = next(&outcomes, &signals) {
        match outcome {
            Ok(()) => ended[n] = Status::Done,
            // As the writer of any pipe: there is nobody left to get the others for.
            Err(error) if is_unheard(&error) => {
                ended[n..].fill(Status::Done);
                break;
            }
            Err(error) => ended[n] = watch.fail(run, &error),
        }
    }
    if let Some(status) = signals.leave() {
        return Ok(status);
    }
    Ok(ended.into_iter().find(|status| *status != Status::Done).unwrap_or(Status::Done))
}

/// What became of which URL.
type Outcome = (usize, Result<()>);

/// Starts the threads that get one URL after the other. They are not waited for in the end: no signal ends
/// a look-up of a name.
fn start(bench: Bench, threads: usize) -> Result<Receiver<Outcome>> {
    let (bench, next) = (Arc::new(bench), Arc::new(AtomicUsize::new(0)));
    let (tell, outcomes) = channel();
    for _ in 0..threads.min(bench.plan.urls.len()) {
        let (bench, next, tell) = (Arc::clone(&bench), Arc::clone(&next), tell.clone());
        let work = move || {
            work(&bench, &next, &tell);
            // Connections are closed, and that is told, before the last one says that nothing follows.
            drop(bench);
            drop(tell);
        };
        Builder::new().name("get".to_owned()).spawn(work)?;
    }
    Ok(outcomes)
}

/// Gets one URL after the other, while there are any and somebody wants to know.
fn work(bench: &Bench, next: &AtomicUsize, tell: &Sender<Outcome>) {
    while !bench.signals.came() {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let Some(url) = bench.plan.urls.get(n) else { return };
        if tell.send((n, bench.get(url))).is_err() {
            return;
        }
    }
}

/// A signal is seen so much later, and then so long is waited for whoever can be interrupted.
const LOOK: Duration = Duration::from_millis(100);
const GRACE: u32 = 10;

/// The next outcome; none when there is no other one, or no time to wait for it.
fn next(outcomes: &Receiver<Outcome>, signals: &Signals) -> Option<Outcome> {
    let mut looks = 0;
    loop {
        match outcomes.recv_timeout(LOOK) {
            Ok(outcome) => return Some(outcome),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if looks == GRACE => return None,
            Err(RecvTimeoutError::Timeout) => looks += u32::from(signals.came()),
        }
    }
}

/// Whether it failed because nobody reads our output any more.
fn is_unheard(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<sock::Error>().map(sock::Error::kind);
    Status::is_unheard(error) || (kind == Some(ErrorKind::BrokenPipe) && out::is_unheard())
}
