//! What the tests of a load share: a meter that remembers, orders, and servers that misbehave.

use std::cell::{Ref, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sock_proto::load::{
    Cause, Check, Load, Message, Meter, Oddity, Order, Reply, Turn, Until, When,
};
use sock_proto::protocols::find;
use sock_proto::sim::{Sim, Story};
use sock_proto::{Input, Kind, Out, Protocol, Session, Time};

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) const fn at(ms: u64) -> Time {
    Time::from_nanos(ms * 1_000_000)
}

/// Everything that a meter was told.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) connected: Vec<Duration>,
    pub(crate) fired: Vec<Time>,
    pub(crate) late: Vec<Duration>,
    pub(crate) sent: usize,
    pub(crate) replies: Vec<Reply>,
    pub(crate) lost: Vec<(Cause, Time)>,
    pub(crate) odd: Vec<Oddity>,
    pub(crate) unconnected: Vec<Cause>,
    pub(crate) moved: (u64, u64),
    pub(crate) next: Option<Turn>,
    /// When the connection was over.
    pub(crate) ended: Option<Time>,
    /// So many messages may still leave.
    budget: u64,
}

impl Log {
    /// From when each message was due until its reply was whole.
    pub(crate) fn latencies(&self) -> Vec<Duration> {
        self.replies.iter().map(|reply| reply.now - reply.due).collect()
    }

    pub(crate) fn causes(&self) -> Vec<Cause> {
        self.lost.iter().map(|(cause, _)| *cause).collect()
    }

    /// Every message that was due has come to one end.
    pub(crate) fn check_sum(&self) {
        let unsent = self.lost.iter().filter(|(cause, _)| *cause == Cause::Unsent).count();
        let due = self.fired.len() + unsent;
        assert_eq!(due, self.replies.len() + self.lost.len(), "{self:?}");
    }
}

/// A meter that remembers.
#[derive(Debug, Clone)]
pub(crate) struct Notes(Rc<RefCell<Log>>);

impl Default for Notes {
    fn default() -> Self {
        Self::of(u64::MAX)
    }
}

impl Notes {
    /// One that lets so many messages leave.
    pub(crate) fn of(budget: u64) -> Self {
        Self(Rc::new(RefCell::new(Log { budget, ..Log::default() })))
    }

    pub(crate) fn log(&self) -> Ref<'_, Log> {
        self.0.borrow()
    }
}

impl Meter for Notes {
    fn connected(&mut self, took: Duration, _: Time) {
        self.0.borrow_mut().connected.push(took);
    }

    fn fires(&mut self, due: Time, late: Option<Duration>) -> bool {
        let mut log = self.0.borrow_mut();
        if log.budget == 0 {
            return false;
        }
        log.budget -= 1;
        log.fired.push(due);
        log.late.extend(late);
        true
    }

    fn sent(&mut self, bytes: usize, _: Time) {
        self.0.borrow_mut().sent += bytes;
    }

    fn replied(&mut self, reply: &Reply) {
        self.0.borrow_mut().replies.push(*reply);
    }

    fn lost(&mut self, cause: Cause, due: Time, _: Time) {
        self.0.borrow_mut().lost.push((cause, due));
    }

    fn odd(&mut self, oddity: &Oddity, _: Time) {
        self.0.borrow_mut().odd.push(*oddity);
    }

    fn moved(&mut self, sent: u64, received: u64, _: Time) {
        let mut log = self.0.borrow_mut();
        log.moved = (log.moved.0 + sent, log.moved.1 + received);
    }

    fn unconnected(&mut self, cause: Cause, _: Time) {
        self.0.borrow_mut().unconnected.push(cause);
    }

    fn ended(&mut self, next: Turn, now: Time) {
        let mut log = self.0.borrow_mut();
        (log.next, log.ended) = (Some(next), Some(now));
    }
}

/// Where a connection begins that is asked for at the beginning, and in an open loop first due at 10 ms.
pub(crate) const TURN: Turn = Turn { conn: 1, number: 1, due: at(10), dialled: Time::ZERO };

/// Four bytes, echoed and checked, one at a time, until one second has passed.
pub(crate) fn order() -> Order {
    Order {
        when: When::Closed { depth: 1 },
        message: Message::bytes(b"ping"),
        until: Until::Same,
        check: Check::Bytes((*b"ping").into()),
        timeout: Some(ms(5000)),
        ends: at(1000),
        grace: ms(500),
        once: false,
        seed: 1,
    }
}

pub(crate) fn open(every: Duration) -> When {
    When::Open { every, most: u32::MAX }
}

/// The check of a service of the table.
pub(crate) fn check(name: &str, message: &Message, kind: Kind) -> Check {
    Check::of(find(name).expect("a row of the table"), message, kind).expect("it can be checked")
}

/// Loads `server` over a wire of one millisecond.
pub(crate) fn run(order: Order, notes: &Notes, server: impl Protocol) -> Story {
    Sim::new(1).run(client(order, notes), Session::answer(server))
}

pub(crate) fn client(order: Order, notes: &Notes) -> Session<Load<Notes>> {
    Session::call(Load::new(Arc::new(order), TURN, notes.clone()))
}

/// Answers each four bytes with the same, one after the other, each after so long; and stalls once.
pub(crate) struct Slow {
    pub(crate) takes: Duration,
    /// Nothing is begun between these two moments.
    pub(crate) stalls: (Time, Time),
    pub(crate) waiting: VecDeque<[u8; 4]>,
    pub(crate) busy: bool,
}

impl Slow {
    pub(crate) fn new(takes: Duration) -> Self {
        Self { takes, stalls: (Time::ZERO, Time::ZERO), waiting: VecDeque::new(), busy: false }
    }

    pub(crate) fn stalling(mut self, from: Time, until: Time) -> Self {
        self.stalls = (from, until);
        self
    }

    fn begin(&mut self, out: &mut Out<'_>) {
        if !self.busy && !self.waiting.is_empty() {
            self.busy = true;
            let (from, until) = self.stalls;
            let now = out.now();
            let begins = if (from..until).contains(&now) { until } else { now };
            out.wake_at(begins + self.takes);
        }
    }
}

impl Protocol for Slow {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => {
                self.waiting.extend(bytes.chunks(4).map(|chunk| {
                    <[u8; 4]>::try_from(chunk).expect("messages of four bytes come whole here")
                }));
                self.begin(out);
            }
            Input::Timeout => {
                self.busy = false;
                let answer = self.waiting.pop_front().expect("it was busy with one");
                out.send(&answer);
                self.begin(out);
            }
            Input::Eof => out.finish(),
            Input::Open | Input::Drained | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// Answers the n-th receive with the n-th of these, and ends when there is none.
pub(crate) struct Answers(pub(crate) VecDeque<&'static [u8]>);

impl Answers {
    pub(crate) fn new(answers: &[&'static [u8]]) -> Self {
        Self(answers.iter().copied().collect())
    }
}

impl Protocol for Answers {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(_) => {
                if let Some(answer) = self.0.pop_front() {
                    out.send(answer);
                }
                if self.0.is_empty() {
                    out.close();
                }
            }
            Input::Eof => out.finish(),
            Input::Open | Input::Timeout | Input::Drained | Input::Stop | Input::Closed(_) => {}
        }
    }
}
