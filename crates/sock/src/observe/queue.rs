//! The queue: engines put events in, and a thread of its own turns them into text and writes it.
//!
//! Two batches change hands: engines fill one while the writer empties the other, so that the lock is held for
//! a copy or a swap and never while text is made or written. Memory is bounded by twice the limit, and by the
//! closings of conversations: whoever was told that a conversation opened is told that it closed, or it would
//! keep its addresses for ever.
//!
//! The thread begins when there is something to write. A process of one thread shares its descriptors with nobody, and
//! each of its system calls is a little cheaper for that: who asked for silence gets it.

mod writer;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use sock_proto::{Event, How, Kind, Reason, Time, What};

use super::appetite::Appetite;
use super::form::{Failure, Form};
use super::outlet::Cause;
use super::told::Batch;

/// Called once, with the reason, when nothing more can be written.
pub(super) type WhenGone = Box<dyn FnOnce(&io::Error) + Send>;

/// The end of the queue that engines see.
pub(super) struct Queue {
    shared: Arc<Shared>,
    appetite: Appetite,
    limit: usize,
    writer: Mutex<Thread>,
}

/// The thread that writes.
enum Thread {
    /// It begins with the first event.
    Due(Box<dyn FnOnce() + Send>),
    Begun(JoinHandle<()>),
    Over,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    more: Condvar,
    /// Something was written.
    done: Condvar,
}

#[derive(Default)]
struct State {
    batch: Batch,
    /// The conversations that were told to open, by side and number, and were not told to close.
    open: HashMap<(usize, u64), Open>,
    accepted: u64,
    written: u64,
    dropped: u64,
    /// Events that were lost since the writer last looked, and when the first was.
    lost: Option<(Time, u64)>,
    writer: Writer,
    is_closing: bool,
    /// The writer has written its last.
    is_over: bool,
    flushers: usize,
    failure: Option<Cause>,
    when_gone: Option<WhenGone>,
}

/// What the thread that writes is doing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Writer {
    /// Not there yet.
    #[default]
    Due,
    /// Writing: it looks at the queue by itself when it is done.
    Busy,
    /// Letting events gather: it looks soon, unless very many come.
    Resting,
    /// Asleep until it is woken.
    Asleep,
}

/// How a conversation was told to open.
#[derive(Clone, Copy)]
enum Open {
    /// As one that has a line of its own.
    Told,
    /// As a datagram that will be shown only if something is wrong with it: the writer need not wake up.
    Passing,
}

impl Queue {
    /// A queue to a thread that writes to `to`; where the form has a beginning, that is written now.
    pub(super) fn start(
        mut form: Box<dyn Form>,
        to: Box<dyn io::Write + Send>,
        appetite: Appetite,
        limit: usize,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let mut beginning = Vec::new();
        form.begin(&mut beginning);
        let is_due = !beginning.is_empty();
        let write = Box::new(move || theirs.write(&mut *form, to, beginning));
        let queue = Self { shared, appetite, limit, writer: Mutex::new(Thread::Due(write)) };
        if is_due {
            queue.shared.state().writer = Writer::Busy;
            queue.begin()?;
        }
        Ok(queue)
    }

    /// Begins the thread that writes, unless it is there.
    fn begin(&self) -> io::Result<()> {
        let mut thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        *thread = match std::mem::replace(&mut *thread, Thread::Over) {
            Thread::Due(write) => {
                Thread::Begun(Builder::new().name("observer".to_owned()).spawn(write)?)
            }
            there @ (Thread::Begun(_) | Thread::Over) => there,
        };
        Ok(())
    }

    /// The same where nobody hears of an error but who asks what has failed.
    fn begin_or_fail(&self) {
        if let Err(error) = self.begin() {
            self.shared.fail(&error);
            self.shared.end();
        }
    }

    /// Takes in an event, or counts it as lost.
    pub(super) fn event(&self, side: usize, event: &Event<'_>) {
        let Some(keep) = self.appetite.keep(&event.what) else { return };
        let mut state = self.shared.state();
        if state.is_closing || state.failure.is_some() {
            return;
        }
        let key = (side, event.conn);
        let is_end = matches!(event.what, What::Closed { .. });
        let open = if is_end { state.open.remove(&key) } else { None };
        if matches!(open, Some(Open::Passing)) && is_in_order(&event.what) {
            // Whoever slept through all of it has nothing to hear.
            if state.batch.pop_open(side, event.conn) {
                state.accepted -= 1;
            } else {
                state.batch.push(side, event, keep);
                state.accepted += 1;
            }
            return;
        }
        // After a loss everything is lost until the writer has heard of it: a gap has one place.
        if open.is_none() && (state.lost.is_some() || !state.fits(keep, self.limit)) {
            return state.lose(event.time);
        }
        state.batch.push(side, event, keep);
        if let What::Open { kind, transient, .. } = event.what {
            let passing = transient && kind == Kind::Datagram && self.appetite.is_hushed();
            state.open.insert(key, if passing { Open::Passing } else { Open::Told });
            if passing && state.batch.weight() < self.limit / 2 {
                state.accepted += 1;
                return;
            }
        }
        self.accept(state);
    }

    /// Takes in a failure; one is always told.
    pub(super) fn failure(&self, time: Time, failure: &Failure<'_>) {
        let mut state = self.shared.state();
        if state.is_closing || state.failure.is_some() {
            return;
        }
        state.batch.push_failure(time, failure);
        self.accept(state);
    }

    fn accept(&self, mut state: MutexGuard<'_, State>) {
        state.accepted += 1;
        let wakes = match state.writer {
            Writer::Busy => false,
            Writer::Resting => state.batch.weight() >= self.limit / 2,
            Writer::Due | Writer::Asleep => true,
        };
        let is_due = state.writer == Writer::Due;
        if wakes {
            state.writer = Writer::Busy;
            drop(state);
            self.shared.more.notify_one();
        }
        if is_due {
            self.begin_or_fail();
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.shared.state().dropped
    }

    pub(super) fn failed(&self) -> Option<Cause> {
        self.shared.state().failure
    }

    pub(super) fn when_gone(&self, tell: WhenGone) {
        let mut state = self.shared.state();
        match state.failure {
            Some(cause) => {
                drop(state);
                tell(&cause.error());
            }
            None => state.when_gone = Some(tell),
        }
    }

    /// Waits until everything that was taken in so far is written.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.begin_or_fail();
        let mut state = self.shared.state();
        let until = state.accepted;
        state.flushers += 1;
        state.writer = Writer::Busy;
        self.shared.more.notify_one();
        while state.written < until && state.failure.is_none() {
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.flushers -= 1;
        state.failure.map_or(Ok(()), |cause| Err(cause.error()))
    }

    /// Writes what is queued, then the end; nothing is taken in from now on. Whose patience ends first goes on
    /// without.
    pub(super) fn close(&self, patience: Option<Duration>) -> io::Result<()> {
        self.shared.state().is_closing = true;
        self.shared.more.notify_one();
        // It may have an end to write, and what nobody hurried to write.
        self.begin_or_fail();
        let mut thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = match std::mem::replace(&mut *thread, Thread::Over) {
            Thread::Begun(writer) => Some(writer),
            Thread::Due(_) | Thread::Over => None,
        };
        drop(thread);
        // The writer itself may be the last to let go, in what it calls when nothing can be written.
        if let Some(writer) = writer.filter(|w| w.thread().id() != std::thread::current().id()) {
            if let Some(patience) = patience {
                let state = self.shared.state();
                let waited = self.shared.done.wait_timeout_while(state, patience, |s| !s.is_over);
                if !waited.unwrap_or_else(PoisonError::into_inner).0.is_over {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            // A panic has left its failure behind.
            let _ = writer.join();
        }
        self.failed().map_or(Ok(()), |cause| Err(cause.error()))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Whoever wants to know closes first.
        let _ = self.close(None);
    }
}

impl State {
    /// A single event always fits, however large.
    fn fits(&self, bytes: usize, limit: usize) -> bool {
        self.batch.is_empty() || self.batch.weight() + Batch::ITEM + bytes <= limit
    }

    /// Whether somebody waits for what is queued, or something was lost already.
    fn is_urgent(&self) -> bool {
        self.is_closing || self.flushers > 0 || self.lost.is_some()
    }

    fn lose(&mut self, time: Time) {
        self.dropped += 1;
        self.lost.get_or_insert((time, 0)).1 += 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether this is an end that nobody need hear of.
fn is_in_order(what: &What<'_>) -> bool {
    matches!(what, What::Closed { reason: Reason { how: How::Fin | How::Stop, .. }, .. })
}
