//! Work: a load from its beginning to its end: schedules, threads, a look once a second.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use sock_load::{Bytes, Histogram, Report, Second};
use sock_proto::load::{Bulk, Order, Turn, When};
use sock_proto::protocols::Discard;
use sock_proto::{Host, Observer, Time, Transport};

use super::cell::Seen;
use super::lanes::{Course, Lanes, spent};
use super::probe::Probe;
use super::report::{Found, assemble};
use super::serving::{Serving, Used};
use super::tally::{Read, Sum, Tally, nanos};
use super::{Length, Loader, Pace, grip, places};
use crate::observe::Fan;
use crate::serve::Plan;
use crate::service::Service;
use crate::stop::Urgency;
use crate::{Result, engine};

/// A second of the timeline.
const SECOND: Duration = Duration::from_secs(1);
/// In an open loop whose connections all open at once, the first message is due so much later: or all
/// the first ones would have waited for their connections.
const SETTLE: Duration = Duration::from_millis(50);
/// In a closed loop each connection that opens at once puts measuring off by so much, which is more than
/// a connection on this machine takes, and all of them by no more than the second: or opening them would
/// be measured as a server that is idle.
const OPENING: [Duration; 2] = [Duration::from_micros(100), Duration::from_secs(1)];

/// The moments of a run.
#[derive(Debug, Clone, Copy)]
struct Moments {
    starts: Time,
    /// Messages count from here.
    from: Time,
    /// No message leaves from here on; never, where their number ends the run.
    ends: Time,
}

/// Loads, and tells what was found.
pub(super) fn run(loader: &Arc<Loader>, tell: &mut dyn FnMut(&Second)) -> Result<Report> {
    loader.run.stop().check()?;
    grip::reach(loader.connections)?;
    let to = places::target(loader)?;
    let serving = is_here(loader).then(|| Serving::find(&loader.endpoint)).flatten();
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
    let mut crew = Crew::start(loader, &course, moments)?;
    let told = Arc::clone(&course.told);
    let mut watch = Watch {
        loader,
        moments,
        serving,
        before: None,
        look: moments.from,
        read: Vec::new(),
        timeline: Vec::new(),
        sum: Sum::default(),
    };
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
    watch.sum.told = told.take();
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

/// The threads that load.
struct Crew {
    tallies: Vec<Arc<Tally>>,
    ended: std::sync::mpsc::Receiver<Result<()>>,
    left: usize,
}

impl Crew {
    fn start(loader: &Arc<Loader>, course: &Arc<Course>, moments: Moments) -> Result<Self> {
        let workers = loader.workers.min(loader.connections).max(1);
        let (done, ended) = channel();
        let mut crew = Self { tallies: Vec::new(), ended, left: 0 };
        for worker in 0..workers {
            let budget = match loader.length {
                Length::Time(_) => None,
                Length::Messages(all) => {
                    let (workers, worker) = (workers as u64, worker as u64);
                    Some(all / workers + u64::from(worker < all % workers))
                }
            };
            let tally = Arc::new(Tally::new(budget));
            crew.tallies.push(Arc::clone(&tally));
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
    let done_well = engine::load(loader.engine, plan, Box::new(lanes));
    {
        let after = spent();
        tally.rare().usage.after.get_or_insert(after);
    }
    // Nobody waits any more where the run has failed already.
    let _ = done.send(done_well.map(drop));
}

/// Looks at the tallies once a second.
struct Watch<'a> {
    loader: &'a Loader,
    moments: Moments,
    serving: Option<Serving>,
    before: Option<Used>,
    /// When it looks next.
    look: Time,
    /// How far each tally was read.
    read: Vec<Read>,
    timeline: Vec<Second>,
    sum: Sum,
}

impl Watch<'_> {
    /// When to look next: the last second ends with the run.
    fn next(&self, now: Time) -> Time {
        let is_last = self.before.is_some() && self.look + SECOND / 2 > self.moments.ends;
        if is_last || (self.before.is_some() && now >= self.moments.ends) {
            Time::from_nanos(u64::MAX / 4)
        } else {
            self.look
        }
    }

    fn look(&mut self, tallies: &[Arc<Tally>], tell: &mut dyn FnMut(&Second)) {
        let now = self.loader.run.now();
        if self.before.is_none() {
            // Measuring begins: what was before does not count.
            self.before =
                Some(self.serving.as_ref().map(Serving::used_by_known).unwrap_or_default());
            let connected = self.take(tallies);
            self.sum.absorb(connected);
        } else {
            self.second(now, tallies, tell);
        }
        self.look = self.look + SECOND;
    }

    fn take(&mut self, tallies: &[Arc<Tally>]) -> Sum {
        let mut sum = Sum::default();
        self.read.resize_with(tallies.len(), Read::default);
        for (tally, read) in tallies.iter().zip(&mut self.read) {
            tally.give(read, &mut sum);
        }
        sum
    }

    fn second(&mut self, now: Time, tallies: &[Arc<Tally>], tell: &mut dyn FnMut(&Second)) {
        let sum = self.take(tallies);
        let began = self.timeline.last().map_or(0, |last| last.t + last.span);
        let second = Second {
            t: began,
            span: nanos(now - self.moments.from).saturating_sub(began),
            replies: sum.counts.replies,
            errors: sum.errors(),
            open: sum.open,
            bytes: Bytes { ..sum.counts.bytes },
            p50: sum.latency.at(0.5),
            p99: sum.latency.at(0.99),
            max: sum.latency.max(),
        };
        self.sum.absorb(sum);
        tell(&second);
        self.timeline.push(second);
    }

    fn finish(mut self, tallies: &[Arc<Tally>], tell: &mut dyn FnMut(&Second)) -> Report {
        let now = self.loader.run.now();
        let after = self.serving.as_ref().map(Serving::used);
        let has_begun = now > self.moments.from;
        if has_begun {
            self.second(now, tallies, tell);
        } else {
            let rest = self.take(tallies);
            self.sum.absorb(rest);
        }
        let (mut connect, mut lateness) = (Histogram::new(), Histogram::new());
        let mut spent = Vec::new();
        let (mut unheard, mut cut, mut first_cut) = (0, 0, None::<Time>);
        for tally in tallies {
            tally.lateness.since(&mut Seen::default(), &mut lateness);
            let rare = tally.rare();
            connect.merge(&rare.connect);
            spent.push(rare.usage);
            unheard += rare.unheard;
            cut += rare.cut;
            first_cut = first_cut.into_iter().chain(rare.first_cut).min();
        }
        let replies = self.sum.counts.replies;
        let server = self.serving.as_ref().zip(self.before.as_ref()).zip(after.as_ref());
        let server =
            server.and_then(|((serving, before), after)| serving.between(before, after, replies));
        let found = Found {
            measured: self.measured(now),
            began: self.loader.run.wall_origin() + (self.moments.from - Time::ZERO),
            sum: self.sum,
            timeline: self.timeline,
            connect,
            lateness,
            spent,
            unheard,
            cut,
            first_cut: first_cut.map(|first| first.since(self.moments.from)),
            lasted: now.since(self.moments.from),
            server,
            was_stopped: self.loader.run.stop().urgency() != Urgency::None,
        };
        assemble(self.loader, found)
    }

    /// How long was measured. In an open loop what was late in coming took its time: who divides all
    /// replies by the time in which messages left would praise a server that was behind.
    fn measured(&self, now: Time) -> Duration {
        let Moments { from, ends, .. } = self.moments;
        let last = self.sum.last_reply;
        let end = match (self.loader.length, self.loader.pace) {
            // The last message has its share of the time as every other: ten at 10 a second are a second.
            (Length::Messages(n), Pace::Open { rate, .. }) if self.sum.counts.due >= n => {
                (from + spread(n, rate)).max(last)
            }
            (Length::Messages(_), _) if last > from => last,
            (Length::Time(_), Pace::Open { .. }) => ends.min(now).max(last),
            (Length::Messages(_) | Length::Time(_), _) => ends.min(now),
        };
        end.since(from)
    }
}

/// How long so many messages take at this rate.
#[allow(clippy::cast_precision_loss, reason = "a time that is measured has less digits")]
fn spread(messages: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(messages as f64 / rate).unwrap_or(Duration::MAX)
}

impl Sum {
    fn absorb(&mut self, more: Self) {
        let peak = self.counts.peak.max(more.counts.peak);
        self.counts.add(more.counts);
        self.counts.peak = peak;
        self.latency.merge(&more.latency);
        for (trouble, n) in more.errors {
            *self.errors.entry(trouble).or_default() += n;
        }
        self.odd.extend(more.odd);
        self.open = more.open;
        self.last_reply = self.last_reply.max(more.last_reply);
    }
}
