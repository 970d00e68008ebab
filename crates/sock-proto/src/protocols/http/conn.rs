//! Conn: one conversation of the web server: requests in, answers out, in order.
//!
//! ```text
//!             +---------------------------- answered ---------------------------+
//!             v                                                                 |
//!   Open -> Head --a whole head, no body----------------------------------> answer
//!             |  \--a whole head, a body--> Body --the body is whole----------> |
//!             |                              |                                  | last one
//!             +-- refused, or too slow ------+----------------------------> Ending --sent--> Over
//! ```
//!
//! A client may send requests without waiting for answers. They are answered until more than 64 KiB wait
//! to be sent, or any range of a file; what else has come, which is never more than one read brought, is
//! held until everything is sent.
//!
//! To read a folder takes long, and a client may ask for it a thousand times in one read. Behind such an
//! answer it is neither answered nor read until the engine has given everybody else a turn.
//!
//! The last answer is sent before the conversation is closed, so that the short time that a closed one has
//! to come to its end is not counted while a slow client still reads; what it sends afterwards is
//! read and discarded, or its system would throw the answer away.

mod asked;
mod take;
mod untold;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub(super) use self::asked::Kept;
use self::untold::Untold;
use super::parse::{Scan, Wrong};
use super::work::Work;
use super::write::Form;
use super::{Offer, page};
use crate::{Input, Out, Protocol, Time};

/// More than an engine ever brings while nothing is taken: a head and two reads.
const HELD: usize = 256 * 1024;

/// Serves the web to one client.
#[derive(Debug)]
pub struct Http {
    offer: Arc<Offer>,
    talk: Talk,
}

impl Http {
    /// Serves what is offered.
    #[must_use]
    pub fn new(offer: Arc<Offer>) -> Self {
        Self { offer, talk: Talk::default() }
    }
}

impl Protocol for Http {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let Self { offer, talk } = self;
        match input {
            Input::Open => {
                // The run may be asked to end before anybody has come.
                let stopping = talk.stopping;
                *talk = Talk { since: out.now(), stopping, ..Talk::default() };
            }
            Input::Data(bytes) => talk.data(bytes, offer, out),
            Input::Eof => talk.eof = true,
            Input::Drained => talk.drained(offer, out),
            Input::Timeout => talk.timeout(offer, out),
            Input::Stop => talk.stopping = true,
            Input::Closed(_) => {
                talk.untold.ended(out.unsent(), out);
                *talk = Talk { state: State::Over, ..Talk::default() };
            }
        }
        talk.settle(offer, out);
    }
}

#[derive(Debug, Default)]
enum State {
    /// Between two requests, or within a head.
    #[default]
    Head,
    Body(Box<Work>),
    /// The last answer is queued.
    Ending,
    /// Closed.
    Over,
}

/// What waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Queue {
    #[default]
    Empty,
    /// Something, and we asked to be told when it is sent.
    Asked,
    /// So much that no further request is answered.
    Full,
}

/// What is remembered of a conversation; while it is idle, nothing lies elsewhere.
#[derive(Debug, Default)]
struct Talk {
    state: State,
    /// What came and is not taken yet: the beginning of a head, or what must wait.
    held: Vec<u8>,
    scan: Scan,
    /// When the present wait began: for a request, for more of it, or for the client to read.
    since: Time,
    /// So much waited to be sent when that was last looked at.
    owed: u64,
    queue: Queue,
    untold: Untold,
    /// The last answer took long: the next one waits for the next turn.
    rests: bool,
    /// So many empty lines came since the last request.
    blanks: u8,
    eof: bool,
    stopping: bool,
}

impl Talk {
    fn data(&mut self, bytes: &[u8], offer: &Offer, out: &mut Out<'_>) {
        if self.held.is_empty() {
            self.since = out.now();
            let used = self.run(bytes, offer, out);
            if used < bytes.len() {
                self.held.extend_from_slice(&bytes[used..]);
            }
            return;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() > HELD {
            out.note("unread", format_args!("the client sends requests and reads no answers"));
            out.abort();
            return self.end();
        }
        self.resume(offer, out);
    }

    /// Takes what was held.
    fn resume(&mut self, offer: &Offer, out: &mut Out<'_>) {
        let held = core::mem::take(&mut self.held);
        let used = self.run(&held, offer, out);
        // What waits holds its own bytes and no more.
        self.held = if used == 0 { held } else { held[used..].to_vec() };
    }

    /// Takes as much as can be taken now, and tells how much that was.
    fn run(&mut self, bytes: &[u8], offer: &Offer, out: &mut Out<'_>) -> usize {
        let mut at = 0;
        while at < bytes.len() && self.queue != Queue::Full && !self.rests {
            let rest = &bytes[at..];
            let used = match self.state {
                State::Head => self.head(rest, offer, out),
                State::Body(_) => self.body(rest, offer, out),
                State::Ending | State::Over => rest.len(),
            };
            if used == 0 {
                break;
            }
            at += used;
        }
        // Where nothing waits there is nobody to be kept waiting.
        self.rests &= at < bytes.len();
        at
    }

    /// Everything is sent.
    fn drained(&mut self, offer: &Offer, out: &mut Out<'_>) {
        self.untold.sent(out);
        self.queue = Queue::Empty;
        self.since = out.now();
        if let State::Body(work) = &mut self.state
            && work.came == 0
        {
            // The client could not send while it was told to.
            work.opened = self.since;
        }
        self.resume(offer, out);
    }

    /// Waits until what is queued is sent.
    fn wait(&mut self, queue: Queue, out: &mut Out<'_>) {
        (self.queue, self.owed, self.since) = (queue, out.queued(), out.now());
        out.notify_drained();
    }

    fn is_idle(&self) -> bool {
        matches!(self.state, State::Head) && self.held.is_empty()
    }

    fn end(&mut self) {
        let untold = core::mem::take(&mut self.untold);
        *self = Self { state: State::Over, stopping: self.stopping, untold, ..Self::default() };
    }

    /// What follows from the state that the conversation has come to.
    fn settle(&mut self, offer: &Offer, out: &mut Out<'_>) {
        let queued = out.queued();
        if matches!(self.state, State::Over) {
            return out.sleep();
        }
        if queued > 0 && self.queue == Queue::Empty {
            self.wait(Queue::Asked, out);
        }
        if self.rests {
            out.hear(false);
            // Later than now, and so in another turn.
            return out.wake_at(out.now() + Duration::from_nanos(1));
        }
        // While it is still to be told that all is sent, whole requests may be held that wait for that.
        if queued == 0 && self.queue == Queue::Empty {
            let is_over = matches!(self.state, State::Ending);
            let ends = self.eof || (self.stopping && self.is_idle());
            if self.eof && !is_over && !self.is_idle() {
                out.note("unfinished", format_args!("the client ended within a request"));
            }
            if is_over || ends {
                out.close();
                self.end();
                return out.sleep();
            }
        }
        out.wake_at(self.deadline(offer));
    }

    /// When patience ends.
    fn deadline(&self, offer: &Offer) -> Time {
        let patience = &offer.patience;
        match &self.state {
            _ if self.queue != Queue::Empty => self.since + patience.stalled,
            State::Head if self.held.is_empty() => self.since + patience.idle,
            State::Head => self.since + patience.head,
            State::Body(work) => {
                let nanos = work.came.saturating_mul(1_000_000_000);
                let earned = nanos.checked_div(u64::from(patience.rate)).unwrap_or(u64::MAX);
                let slow = work.opened + patience.body * 2 + Duration::from_nanos(earned);
                slow.min(self.since + patience.body)
            }
            State::Ending | State::Over => Time::NEVER,
        }
    }

    fn timeout(&mut self, offer: &Offer, out: &mut Out<'_>) {
        if core::mem::take(&mut self.rests) {
            out.hear(true);
            return self.resume(offer, out);
        }
        if out.now() < self.deadline(offer) {
            return;
        }
        if self.queue != Queue::Empty {
            let queued = out.queued();
            if queued < self.owed {
                (self.owed, self.since) = (queued, out.now());
                return;
            }
            out.note("stalled", format_args!("the client does not read: {queued} B are not sent"));
            out.abort();
            return self.end();
        }
        match core::mem::take(&mut self.state) {
            State::Head if self.held.is_empty() => {
                out.close();
                self.end();
            }
            State::Head => {
                let held = core::mem::take(&mut self.held);
                self.refuse(&SLOW_HEAD, &held, held.len(), offer, out);
            }
            State::Body(work) => {
                let form = Form { persists: false, ..work.form };
                self.since = work.began;
                let answer = page::error(SLOW_BODY.status, &SLOW_BODY.what, SLOW_BODY.cure);
                self.answer(&answer, form, &work.asked.asked(), offer, out);
            }
            state @ (State::Ending | State::Over) => self.state = state,
        }
    }
}

const SLOW_HEAD: Wrong = Wrong::new(
    408,
    "The request did not come to its end in time",
    "Send the whole head at once, and an empty line behind it",
);
const SLOW_BODY: Wrong = Wrong::new(
    408,
    "The body of the request came too slowly",
    "Send it again, without long pauses",
);
