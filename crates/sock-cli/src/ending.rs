//! How a conversation ended, as an exit status and, where it was not well, as an error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sock::{By, Ending, How, Run};
use sock_proto::{Endpoint, Event, Interest, Observer, What};

use crate::sockets::Sockets;
use crate::status::Status;

/// A conversation that did not end well.
#[derive(Debug)]
pub(crate) struct Broken {
    status: Status,
    text: String,
}

impl Broken {
    /// An end of this status for this reason.
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Broken {}

/// Done, or what was wrong with the end of a conversation with `peer`.
pub(crate) fn judge(ending: &Ending, peer: &Endpoint, sockets: &Sockets) -> Result<(), Broken> {
    let Ending { reason, sent, received, unsent } = *ending;
    let came = format!("{received} B had arrived, {sent} B were sent");
    let (status, text) = match reason.how {
        How::Fin if unsent == 0 => return Ok(()),
        How::Fin => (Status::CutShort, format!("cut short: {unsent} B could not be sent; {came}")),
        // It was asked for.
        How::Reset if reason.by == By::Us && sockets.reset => return Ok(()),
        How::Reset => (Status::CutShort, format!("cut short: {peer} reset the connection: {came}")),
        How::Timeout => {
            (Status::Timeout, format!("timeout: {peer} was silent for too long: {came}"))
        }
        How::Refused => {
            let cure = "start the server, or check the port";
            (Status::Refused, format!("refused: nothing listens at {peer}; {cure}"))
        }
        How::Unreachable => (Status::Refused, format!("no way leads to {peer}: {came}")),
        How::Denied => (Status::Refused, format!("{peer} is not allowed here")),
        How::Stop => {
            (Status::CutShort, format!("stopped before the conversation had ended: {came}"))
        }
        How::Failed => (Status::Failed, format!("the conversation with {peer} failed: {came}")),
    };
    Err(Broken::new(status, text))
}

/// Remembers how the last conversation ended, and passes everything on.
#[derive(Clone)]
pub(crate) struct Last {
    next: Option<Arc<dyn Observer>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    conn: u64,
    peer: Option<Endpoint>,
    ending: Option<Ending>,
    has_finished: bool,
    is_cut: bool,
}

impl Last {
    /// Watches in front of whoever watches `run` already.
    pub(crate) fn new(run: &Run) -> Self {
        Self { next: run.observer().cloned(), seen: Arc::default() }
    }

    /// The run, watched.
    pub(crate) fn over(&self, run: &Run) -> Run {
        run.clone().observed_by(Arc::new(self.clone()))
    }

    /// How it ended, and who the peer was.
    pub(crate) fn take(&self) -> Option<(Ending, Endpoint)> {
        let mut seen = self.lock();
        seen.ending.take().zip(seen.peer.take())
    }

    /// Whether we had said all, and only had no more time for the peer.
    pub(crate) fn has_said_all(&self, ending: &Ending) -> bool {
        let is_ours = (ending.reason.by, ending.reason.how) == (By::Us, How::Timeout);
        is_ours && ending.unsent == 0 && self.lock().has_finished
    }

    /// Whether a datagram came, or went, only in part or not at all, which notes have said.
    pub(crate) fn check_whole(&self) -> Result<(), Broken> {
        if self.lock().is_cut {
            return Err(Broken::new(Status::CutShort, "cut short: a datagram was not moved whole"));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Last {
    fn event(&self, event: &Event<'_>) {
        match event.what {
            What::Open { remote, transient: false, .. } => {
                let mut seen = self.lock();
                (seen.conn, seen.peer) = (event.conn, Some(remote.clone()));
                seen.has_finished = false;
            }
            What::Finished => {
                let mut seen = self.lock();
                seen.has_finished |= seen.conn == event.conn;
            }
            What::Closed { reason, sent, received, unsent, .. } => {
                let mut seen = self.lock();
                if seen.conn == event.conn {
                    seen.ending = Some(Ending { reason, sent, received, unsent });
                }
            }
            What::Note { code: "cut" | "unsendable", .. } => self.lock().is_cut = true,
            What::Open { .. }
            | What::Listening { .. }
            | What::Received { .. }
            | What::Sent { .. }
            | What::Eof
            | What::Note { .. }
            | What::Stopped { .. } => {}
        }
        if let Some(next) = &self.next
            && next.interest().contains(event.what.interest())
        {
            next.event(event);
        }
    }

    fn interest(&self) -> Interest {
        let next = self.next.as_ref().map_or(Interest::NONE, |next| next.interest());
        next.union(Interest::CONVERSATIONS).union(Interest::NOTES)
    }
}
