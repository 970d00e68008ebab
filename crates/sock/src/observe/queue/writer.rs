//! The writer's half of the queue: waits, makes text of what has gathered, and writes it.

use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use sock_proto::Time;

use super::super::form::Form;
use super::super::outlet::Cause;
use super::super::told::Batch;
use super::{HashMap, Shared, Writer};

/// Text leaves when there is so much of it: what a pipe takes at once.
const CHUNK: usize = 64 * 1024;

/// How long the writer lets events gather before it looks again: to wake it costs an engine some microseconds, and so
/// happens once after a pause and not at every event, while nobody sees lines appear a millisecond late.
const REST: Duration = Duration::from_millis(1);

impl Shared {
    /// The life of the thread that writes.
    pub(super) fn write(
        &self,
        form: &mut dyn Form,
        to: Box<dyn io::Write + Send>,
        mut text: Vec<u8>,
    ) {
        let _alarm = Alarm(self);
        let mut pen = Pen { to, failure: None };
        let mut batch = Batch::default();
        pen.write(&mut text);
        while pen.failure.is_none() {
            let Some((accepted, lost)) = self.swap(&mut batch) else { break };
            batch.tell(form, &mut text, |text| {
                if text.len() >= CHUNK {
                    pen.write(text);
                }
            });
            batch.clear();
            if let Some((time, count)) = lost {
                form.dropped(time, count, &mut text);
            }
            pen.write(&mut text);
            self.wrote(accepted);
        }
        if pen.failure.is_none() {
            form.end(self.state().dropped, &mut text);
            pen.write(&mut text);
        }
        if let Some(failure) = pen.failure {
            self.fail(&failure);
        }
    }

    /// Waits for events and exchanges `empty` for them; none when the queue is closed and empty.
    fn swap(&self, empty: &mut Batch) -> Option<(u64, Option<(Time, u64)>)> {
        let mut state = self.state();
        if !state.is_urgent() {
            state.writer = Writer::Resting;
            let rested = self.more.wait_timeout_while(state, REST, |state| {
                state.writer == Writer::Resting && !state.is_urgent()
            });
            state = rested.unwrap_or_else(PoisonError::into_inner).0;
        }
        while state.batch.is_empty() && state.lost.is_none() {
            if state.is_closing {
                return None;
            }
            state.writer = Writer::Asleep;
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer = Writer::Busy;
        std::mem::swap(&mut state.batch, empty);
        Some((state.accepted, state.lost.take()))
    }

    fn wrote(&self, accepted: u64) {
        let mut state = self.state();
        state.written = accepted;
        if state.flushers > 0 {
            self.done.notify_all();
        }
    }

    /// Nothing more will be written.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.done.notify_all();
    }

    pub(super) fn fail(&self, failure: &io::Error) {
        let mut state = self.state();
        state.failure = Some(Cause::of(failure));
        state.batch = Batch::default();
        state.open = HashMap::new();
        let when_gone = state.when_gone.take();
        drop(state);
        self.done.notify_all();
        if let Some(tell) = when_gone {
            tell(failure);
        }
    }
}

/// Nobody waits for a thread that is gone: a panic of whoever writes is a failure to write.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(&io::Error::other("the observer's thread panicked"));
        }
        self.0.end();
    }
}

/// Writes until it cannot.
struct Pen {
    to: Box<dyn io::Write + Send>,
    failure: Option<io::Error>,
}

impl Pen {
    fn write(&mut self, text: &mut Vec<u8>) {
        if self.failure.is_none() && !text.is_empty() {
            self.failure = self.to.write_all(text).and_then(|()| self.to.flush()).err();
        }
        text.clear();
    }
}
