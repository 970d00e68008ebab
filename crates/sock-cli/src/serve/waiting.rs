//! Waiting: says for whom a server waits that was told to stop.

use std::io::{self, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sock::Run;
use sock_proto::{Event, How, Interest, Observer, What};

use crate::signals;

/// Whoever has nothing more to say is gone by then, and waiting for the others begins to be felt.
const SOON: Duration = Duration::from_millis(300);

/// Passes everything on, and counts who is there.
pub(super) struct Talks {
    next: Option<Arc<dyn Observer>>,
    open: AtomicUsize,
}

impl Talks {
    /// Watches in front of whoever watches `run` already.
    pub(super) fn of(run: &Run) -> Arc<Self> {
        Arc::new(Self { next: run.observer().cloned(), open: AtomicUsize::new(0) })
    }
}

impl Observer for Talks {
    fn event(&self, event: &Event<'_>) {
        if let What::Open { .. } = event.what {
            self.open.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever is turned away was never let in.
        if let What::Closed { reason, .. } = event.what
            && reason.how != How::Denied
        {
            let one_less = |n: usize| n.checked_sub(1);
            // One that was never told to be open changes nothing.
            let _ = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
        if let Some(next) = &self.next {
            next.event(event);
        }
    }

    fn interest(&self) -> Interest {
        let next = self.next.as_ref().map_or(Interest::NONE, |next| next.interest());
        next.union(Interest::CONVERSATIONS)
    }
}

/// A thread that hears the same signals as the run; it goes with the value.
#[derive(Debug)]
pub(super) struct Waiting {
    bell: PipeWriter,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Has `audience` told, a moment after the first signal and unless there was a second, whom the server
    /// waits for, `grace` at most.
    pub(super) fn begin(
        talks: Arc<Talks>,
        run: &Run,
        audience: Arc<dyn Observer>,
        grace: Duration,
    ) -> Result<Self> {
        let (mut heard, bell) = io::pipe()?;
        signals::ring(&bell.try_clone()?.into())?;
        let run = run.clone();
        let wait = move || {
            if heard.read_exact(&mut [0]).is_err() {
                return;
            }
            let soon = Timespec::try_from(SOON).ok();
            let is_quiet = poll(&mut [PollFd::new(&heard, PollFlags::IN)], soon.as_ref()) == Ok(0);
            let n = talks.open.load(Ordering::Relaxed);
            if !is_quiet || n == 0 {
                return;
            }
            let noun = if n == 1 { "conversation" } else { "conversations" };
            let text = format_args!(
                "waiting for {n} {noun} to end, {grace:?} at most (--grace); Ctrl-C again ends at once"
            );
            let what = What::Note { code: "stopping", text };
            audience.event(&Event { time: run.now(), conn: 0, what });
        };
        let thread = thread::Builder::new().name("waiting".to_owned()).spawn(wait)?;
        Ok(Self { bell, thread: Some(thread) })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Twice, as by somebody who does not want to wait. Nobody listens where it was heard already.
        let _ = self.bell.write_all(&[1, 1]);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told when it happened.
            let _ = thread.join();
        }
    }
}
