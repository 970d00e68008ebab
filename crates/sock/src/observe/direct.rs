//! Without a queue: an event leaves as one write of whole lines before the call returns.
//!
//! The lock is held while an event is told and never while a process forks, because a process that forks has
//! one thread: so a child never finds it locked by somebody who is not there.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sock_proto::{Event, Time};

use super::appetite::Appetite;
use super::form::{Failure, Form, Told};
use super::queue::WhenGone;

/// What is shown of a text: with the rest of its line it is less than a pipe takes as one piece (`PIPE_BUF`,
/// 4096 bytes), so that lines of several processes never mix.
pub(super) const ROOM: usize = 2048;

/// Writes each event at once.
pub(super) struct Direct {
    appetite: Appetite,
    /// The process that made it; only that one ends it.
    pid: u32,
    state: Mutex<State>,
}

struct State {
    form: Box<dyn Form>,
    to: Box<dyn io::Write + Send>,
    text: Vec<u8>,
    is_closed: bool,
    failure: Option<io::ErrorKind>,
    when_gone: Option<WhenGone>,
}

impl Direct {
    pub(super) fn new(
        form: Box<dyn Form>,
        to: Box<dyn io::Write + Send>,
        appetite: Appetite,
    ) -> Self {
        let state =
            State { form, to, text: Vec::new(), is_closed: false, failure: None, when_gone: None };
        let direct = Self { appetite, pid: std::process::id(), state: Mutex::new(state) };
        direct.write(|form, text| form.begin(text));
        direct
    }

    pub(super) fn event(&self, side: usize, event: &Event<'_>) {
        let Some(keep) = self.appetite.keep(&event.what) else { return };
        let told = Told::cut(side, event, keep);
        self.write(|form, text| form.event(&told, text));
    }

    pub(super) fn failure(&self, time: Time, failure: &Failure<'_>) {
        self.write(|form, text| form.failure(time, failure, text));
    }

    pub(super) fn failed(&self) -> Option<io::ErrorKind> {
        self.state().failure
    }

    pub(super) fn when_gone(&self, tell: WhenGone) {
        let mut state = self.state();
        match state.failure {
            Some(kind) => {
                drop(state);
                tell(&kind.into());
            }
            None => state.when_gone = Some(tell),
        }
    }

    pub(super) fn close(&self) -> io::Result<()> {
        if self.pid == std::process::id() {
            self.write(|form, text| form.end(0, text));
        }
        self.state().is_closed = true;
        self.failed().map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn write(&self, tell: impl FnOnce(&mut dyn Form, &mut Vec<u8>)) {
        let mut state = self.state();
        if state.is_closed || state.failure.is_some() {
            return;
        }
        let State { form, to, text, .. } = &mut *state;
        text.clear();
        tell(&mut **form, text);
        if text.is_empty() {
            return;
        }
        let Err(error) = to.write_all(text) else { return };
        state.failure = Some(error.kind());
        let when_gone = state.when_gone.take();
        drop(state);
        if let Some(tell) = when_gone {
            tell(&error);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // Whoever wants to know closes first.
        let _ = self.close();
    }
}
