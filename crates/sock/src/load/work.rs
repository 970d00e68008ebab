//! Work: a load from its beginning to its end: schedules, threads, a look once a second.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use sock_load::{Report, Second};
use sock_proto::load::{Bulk, Order, Turn, When};
use sock_proto::protocols::Discard;
use sock_proto::{Host, Observer, Time, Transport};

use super::lanes::{Course, Lanes, spent};
use super::probe::Probe;
use super::serving::Serving;
use super::tally::Tally;
use super::watch::Watch;
use super::{Length, Loader, Pace, grip, places};
use crate::observe::Fan;
use crate::serve::Plan;
use crate::service::Service;
use crate::{Result, engine};

/// In an open loop whose connections all open at once, the first message is due so much later: or all
/// the first ones would have waited for their connections.
const SETTLE: Duration = Duration::from_millis(50);
/// In a closed loop each connection that opens at once puts measuring off by so much, which is more than
/// a connection on this machine takes, and all of them by no more than the second: or opening them would
/// be measured as a server that is idle.
const OPENING: [Duration; 2] = [Duration::from_micros(100), Duration::from_secs(1)];

/// The moments of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    starts: Time,
    /// Messages count from here.
    pub(super) from: Time,
    /// No message leaves from here on; never, where their number ends the run.
    pub(super) ends: Time,
}

/// Loads, and tells what was found.
pub(super) fn run(loader: &Arc<Loader>, tell: &mut dyn FnMut(&Second)) -> Result<Report> {
    loader.run.stop().check()?;
    grip::reach(loader.connections)?;
    let to = places::target(loader)?;
    let serving = is_here(loader).then(|| Serving::find(&loader.endpoint)).flatten();
    // Made before the clock starts: their room takes a moment, too.
    let tallies = tallies(loader);
    let moments = moments(loader);
    let sources = places::sources(loader, &to);
    let mut service = Service::each("load", || Discard);
    if loader.endpoint.transport() == Transport::Tls {
        let tls = loader.tls.clone().handshake_timeout(loader.connect_timeout);
        service = service.over_tls(&tls, &loader.endpoint)?;
    }
    let course = Arc::new(Course {
        order: Arc::new(order(loader, moments)),
        bulk: match loader.pace {
            Pace::Bulk(direction) => Some((direction, Bulk::<Probe>::piece())),
            Pace::Closed { .. } | Pace::Open { .. } => None,
        },
        kind: loader.kind(),
        service,
        to: to.to_kernel()?,
        sources,
        connect_timeout: loader.connect_timeout,
        told: Arc::default(),
    });
    let told = Arc::clone(&course.told);
    let mut watch = Watch::new(loader, moments, serving);
    if moments.from == moments.starts {
        // A run may be over before anybody looks.
        watch.look(&tallies, tell);
    }
    let mut crew = Crew::start(loader, tallies, &course, moments)?;
    while crew.left > 0 {
        let now = loader.run.now();
        match crew.ended.recv_timeout(watch.next(now).since(now).max(Duration::from_micros(1))) {
            Ok(ended) => {
                crew.left -= 1;
                ended?;
            }
            Err(RecvTimeoutError::Timeout) => watch.look(&crew.tallies, tell),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    watch.hear(told.take());
    Ok(watch.finish(&crew.tallies, tell))
}

/// Whether the server may be a process of this machine.
fn is_here(loader: &Loader) -> bool {
    loader.endpoint.host().is_none_or(|host| match host {
        Host::V4(ip) => ip.is_loopback(),
        Host::V6(ip, _) => ip.is_loopback(),
        Host::Name(name) => name.as_str().eq_ignore_ascii_case("localhost"),
        Host::Loopback | Host::Every => true,
    })
}

fn moments(loader: &Loader) -> Moments {
    let starts = loader.run.now();
    let settle = match (loader.pace, loader.length) {
        _ if !loader.ramp.is_zero() => Duration::ZERO,
        (Pace::Open { .. }, _) => SETTLE,
        // What was asked for by number counts from the first.
        (_, Length::Messages(_)) => Duration::ZERO,
        // A warm-up is time enough for that.
        (Pace::Closed { .. } | Pace::Bulk(_), Length::Time(_)) => {
            let [each, most] = OPENING;
            let connections = u32::try_from(loader.connections).unwrap_or(u32::MAX);
            each.saturating_mul(connections).min(most).saturating_sub(loader.warm_up)
        }
    };
    let from = starts + loader.ramp + loader.warm_up + settle;
    let ends = match loader.length {
        Length::Time(time) => from + time,
        Length::Messages(_) => Time::NEVER,
    };
    Moments { starts, from, ends }
}

fn order(loader: &Loader, moments: Moments) -> Order {
    let when = match loader.pace {
        Pace::Closed { depth } => When::Closed { depth: depth.max(1) },
        Pace::Open { most, .. } => When::Open { every: period(loader), most: most.max(1) },
        Pace::Bulk(_) => When::Closed { depth: 1 },
    };
    Order {
        when,
        message: loader.message.clone(),
        until: loader.until,
        check: loader.check.clone(),
        timeout: loader.timeout,
        ends: moments.ends,
        grace: loader.grace,
        once: loader.new_connection,
        seed: loader.run.context().draw(),
    }
}

/// The time between two messages of one connection.
#[allow(clippy::cast_precision_loss, reason = "no run has 2^53 connections")]
fn period(loader: &Loader) -> Duration {
    let Pace::Open { rate, .. } = loader.pace else { return Duration::ZERO };
    let seconds = loader.connections as f64 / rate;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).max(Duration::from_nanos(1))
}

/// Where each connection begins: one after the other over the ramp, and in an open loop each at its own
/// place of the schedule, so that all together are one stream of messages.
fn turn(loader: &Loader, moments: Moments, n: usize) -> Turn {
    let share = |time: Duration| {
        let part = time.as_nanos() * n as u128 / loader.connections as u128;
        Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
    };
    let dialled = moments.starts + share(loader.ramp);
    let every = period(loader);
    // From the measured moment backwards, so that the first counted message is due then.
    let mut due = moments.from + share(every);
    if loader.ramp + loader.warm_up > Duration::ZERO && !every.is_zero() {
        let back = (due - dialled).as_nanos() / every.as_nanos().max(1);
        let back = u64::try_from(back * every.as_nanos()).unwrap_or(0);
        due = Time::from_nanos(due.as_nanos().saturating_sub(back));
    }
    let is_timed = loader.new_connection && matches!(loader.pace, Pace::Open { .. });
    Turn { conn: n as u64 + 1, number: 1, due, dialled: if is_timed { due } else { dialled } }
}

/// One for each worker, with its part of the messages.
fn tallies(loader: &Loader) -> Vec<Arc<Tally>> {
    let workers = loader.workers.min(loader.connections).max(1) as u64;
    let budget = |worker| match loader.length {
        Length::Time(_) => None,
        Length::Messages(all) => Some(all / workers + u64::from(worker < all % workers)),
    };
    (0..workers).map(|worker| Arc::new(Tally::new(budget(worker)))).collect()
}

/// The threads that load.
struct Crew {
    tallies: Vec<Arc<Tally>>,
    ended: std::sync::mpsc::Receiver<Result<()>>,
    left: usize,
}

impl Crew {
    fn start(
        loader: &Arc<Loader>,
        tallies: Vec<Arc<Tally>>,
        course: &Arc<Course>,
        moments: Moments,
    ) -> Result<Self> {
        let workers = tallies.len();
        let (done, ended) = channel();
        let mut crew = Self { tallies, ended, left: 0 };
        for worker in 0..workers {
            let tally = Arc::clone(&crew.tallies[worker]);
            let turns = (worker..loader.connections).step_by(workers);
            let turns = turns.map(|n| turn(loader, moments, n)).collect();
            let (loader, course, done) = (Arc::clone(loader), Arc::clone(course), done.clone());
            let work = move || work(&loader, course, &tally, turns, moments, &done);
            thread::Builder::new().name(format!("sock-load-{worker}")).spawn(work)?;
            crew.left += 1;
        }
        Ok(crew)
    }
}

fn work(
    loader: &Loader,
    course: Arc<Course>,
    tally: &Arc<Tally>,
    turns: Vec<Turn>,
    moments: Moments,
    done: &Sender<Result<()>>,
) {
    // A timer that comes 50 µs late, as they do at first (prctl(2), PR_SET_TIMERSLACK), would be the
    // largest part of what is measured. Refused, the report shows how late messages left.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let told = Arc::clone(&course.told) as Arc<dyn Observer>;
    let told = match loader.run.observer() {
        None => told,
        Some(other) => Arc::new(Fan::new().with(told).with(Arc::clone(other))),
    };
    let run = loader.run.clone().observed_by(told);
    let mut plan = Plan::new(run, course.service.clone());
    plan.options = loader.options.clone();
    plan.grace = loader.grace;
    plan.busy_poll = loader.busy_poll;
    let measured = (moments.from, moments.ends);
    let lanes = Lanes::new(course, Arc::clone(tally), turns, measured);
    let done_well = engine::load(loader.waits_with(), plan, Box::new(lanes));
    {
        let after = spent();
        tally.rare().usage.after.get_or_insert(after);
    }
    // Nobody waits any more where the run has failed already.
    let _ = done.send(done_well.map(drop));
}
