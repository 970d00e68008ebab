//! Lanes: the places of a worker's connections; when one ends, another one takes its place.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::SocketAddrAny;
use sock_load::Usage;
use sock_proto::load::{Bulk, Cause, Direction, Load, Order, Turn, When};
use sock_proto::{Event, Interest, Kind, Observer, Protocol, Time, What};

use super::probe::Probe;
use super::tally::{Tally, nanos};
use crate::engine::{Call, Campaign, Next};
use crate::service::Service;

/// What the lanes of all workers share.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) order: Arc<Order>,
    /// As many bytes as go, instead of messages.
    pub(super) bulk: Option<(Direction, Arc<[u8]>)>,
    pub(super) kind: Kind,
    pub(super) service: Service,
    /// Where the server is; the first one counts.
    pub(super) to: SocketAddrAny,
    /// Where our side is, in turn; empty: the system chooses.
    pub(super) sources: Vec<SocketAddrAny>,
    pub(super) connect_timeout: Duration,
    pub(super) told: Arc<Reasons>,
}

/// Hears why TLS fails, and why datagrams do not leave: only notes tell.
#[derive(Debug, Default)]
pub(super) struct Reasons(Mutex<Told>);

/// The first note of each kind.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) tls: Option<String>,
    pub(super) unsent: Option<String>,
}

impl Reasons {
    pub(super) fn take(&self) -> Told {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Reasons {
    fn event(&self, event: &Event<'_>) {
        let What::Note { code, text } = event.what else { return };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match code {
            "tls" => &mut told.tls,
            "unsendable" => &mut told.unsent,
            _ => return,
        };
        first.get_or_insert_with(|| text.to_string());
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }
}

/// The lanes of one worker.
pub(super) struct Lanes {
    course: Arc<Course>,
    tally: Arc<Tally>,
    /// Where each lane goes on.
    turns: Vec<Turn>,
    /// How often in a row its call has failed.
    failures: Vec<u32>,
    /// Lanes without a connection, by when they are called.
    waiting: BinaryHeap<Reverse<(Time, usize)>>,
    /// From when to when the processor's time is counted.
    measured: (Time, Time),
    /// When it is read next.
    reading: Option<Reading>,
    ends: Time,
}

/// After a call that failed the next one waits so long, twice as long after each, and no longer than
/// the second: a server that starts again is soon found, and one that is gone costs nothing.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(200)];
/// A run without an end in time ends when nobody could be called for so long.
const DESPAIR: Duration = Duration::from_secs(5);

impl Lanes {
    /// Lanes of these turns, each called at its `dialled`.
    pub(super) fn new(
        course: Arc<Course>,
        tally: Arc<Tally>,
        turns: Vec<Turn>,
        measured: (Time, Time),
    ) -> Self {
        let waiting =
            turns.iter().enumerate().map(|(n, turn)| Reverse((turn.dialled, n))).collect();
        let (failures, ends) = (vec![0; turns.len()], course.order.ends);
        let reading = Some(Reading::First);
        Self { course, tally, turns, failures, waiting, measured, reading, ends }
    }

    /// Lanes whose connections have ended wait for their next call.
    fn take_back(&mut self, now: Time) {
        loop {
            let Some((lane, turn, had_opened)) = self.tally.take_ended() else { return };
            let turn = turn.unwrap_or_else(|| {
                let mut turn = self.turns[lane];
                let order = Arc::clone(&self.course.order);
                order.fail(&mut turn, Cause::Tls, now, &mut self.aside(lane));
                turn
            });
            self.turns[lane] = turn;
            // Everything that it was to send has left: whoever it called now would hear nothing.
            let is_open_loop = matches!(self.course.order.when, When::Open { .. });
            if is_open_loop && turn.due >= self.ends {
                self.waiting.push(Reverse((self.ends.max(now), lane)));
                continue;
            }
            let failures = if had_opened { 0 } else { self.failures[lane] + 1 };
            self.failures[lane] = failures;
            let [first, longest] = PAUSES;
            let pause = match failures {
                0 => Duration::ZERO,
                n => first.saturating_mul(1 << (n - 1).min(16)).min(longest),
            };
            let is_timed =
                self.course.order.is_once() && matches!(self.course.order.when, When::Open { .. });
            let at = if is_timed { turn.due.max(now + pause) } else { now + pause };
            self.waiting.push(Reverse((at.min(self.ends.max(now)), lane)));
        }
    }

    /// Whether there is no sense in calling again.
    fn is_hopeless(&self, now: Time) -> bool {
        let tally = self.tally.rare();
        match tally.last_opened {
            None => self.failures.iter().all(|failures| *failures > 0),
            Some(last) => self.ends == Time::NEVER && tally.open == 0 && now - last > DESPAIR,
        }
    }

    /// Gives up the lanes that wait; but for those whose message was due in time, and which only we
    /// have not called yet.
    fn retire(&mut self, now: Time, is_over: bool) {
        for Reverse((at, lane)) in std::mem::take(&mut self.waiting) {
            if self.is_timed() && at < self.ends && !is_over {
                self.waiting.push(Reverse((at, lane)));
                continue;
            }
            let mut probe = self.aside(lane);
            let order = Arc::clone(&self.course.order);
            order.give_up(&mut self.turns[lane], self.ends.min(now), now, &mut probe);
        }
    }

    /// Whether each message has a connection, which is called when it is due.
    fn is_timed(&self) -> bool {
        let order = &self.course.order;
        order.is_once() && matches!(order.when, When::Open { .. })
    }

    fn aside(&self, lane: usize) -> Probe {
        Probe::aside(lane, &self.tally, self.measured)
    }

    fn call(&mut self, lane: usize, now: Time) -> Call {
        let turn = Turn { dialled: now, ..self.turns[lane] };
        self.turns[lane] = turn;
        let course = Arc::clone(&self.course);
        let mut probe = Probe::new(lane, &self.tally, self.measured);
        self.tally.rare().asked += 1;
        // Or more connections would open than there are messages left.
        let counts = self.measured.0 <= if self.is_timed() { turn.due } else { now };
        let draws = counts && course.order.is_once() && course.bulk.is_none();
        probe.has_drawn = draws && self.tally.draw();
        let protocol: Box<dyn Protocol + Send> = match &course.bulk {
            None => Box::new(Load::new(Arc::clone(&course.order), turn, probe)),
            Some((direction, piece)) => {
                Box::new(Bulk::new(*direction, course.order.ends, Arc::clone(piece), turn, probe))
            }
        };
        let conn = usize::try_from(turn.conn).unwrap_or_default();
        let sources = &course.sources;
        Call {
            kind: course.kind,
            to: course.to.clone(),
            source: (!sources.is_empty()).then(|| sources[conn % sources.len()].clone()),
            session: course.service.calling_as(protocol),
            patience: course.connect_timeout,
        }
    }

    /// Reads the processor's time when measuring begins and ends.
    fn account(&mut self, now: Time) {
        let (from, until) = self.measured;
        match self.reading {
            Some(Reading::First) if now >= from => {
                self.tally.rare().usage.before = Some(spent());
                self.reading = Some(Reading::Last);
            }
            Some(Reading::Last) if now >= until => {
                self.tally.rare().usage.after = Some(spent());
                self.reading = None;
            }
            Some(Reading::First | Reading::Last) | None => {}
        }
    }
}

/// Which reading of the processor's time comes next.
#[derive(Debug, Clone, Copy)]
enum Reading {
    First,
    Last,
}

/// The processor's time of this thread so far.
pub(super) fn spent() -> Usage {
    let (user, sys) = crate::sys::thread_usage();
    Usage { user, sys }
}

impl Campaign for Lanes {
    fn next(&mut self, now: Time) -> Next {
        self.account(now);
        self.take_back(now);
        let is_out = self.tally.is_spent();
        let is_over = is_out || (!self.waiting.is_empty() && self.is_hopeless(now));
        if is_over || now >= self.ends {
            self.retire(now, is_over);
        }
        match self.waiting.peek() {
            None => Next::Nothing,
            Some(Reverse((at, _))) if *at > now => {
                let marks = [self.measured.0, self.measured.1];
                let mark = marks.into_iter().filter(|mark| *mark > now).min();
                Next::At(mark.map_or(*at, |mark| mark.min(*at)))
            }
            Some(Reverse((_, lane))) => {
                let lane = *lane;
                self.waiting.pop();
                Next::Call(Box::new(self.call(lane, now)))
            }
        }
    }

    fn failed(&mut self, errno: Errno) {
        self.tally.rare().errno = Some(errno);
    }

    fn gathers(&self) -> bool {
        // Each connection sends its next message by its last reply: a reply that waits here does not wait
        // at the server. A schedule asks when each one came.
        let order = &self.course.order;
        matches!(order.when, When::Closed { .. }) && !order.is_once() && self.course.bulk.is_none()
    }

    fn looked(&mut self, time: Duration) {
        if matches!(self.reading, Some(Reading::Last)) {
            self.tally.looked.add(nanos(time));
        }
    }

    fn stop(&mut self, now: Time) {
        self.ends = self.ends.min(now);
    }

    fn is_over(&self) -> bool {
        self.waiting.is_empty() && !self.tally.has_ended()
    }
}
