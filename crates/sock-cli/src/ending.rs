//! How a conversation ended, as an exit status and, where it was not well, as an error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sock::{By, Ending, How, Run, Stop};
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
fn judge(
    ending: &Ending,
    peer: &Endpoint,
    sockets: &Sockets,
    why: Option<&str>,
) -> Result<(), Broken> {
    let Ending { reason, sent, received, unsent } = *ending;
    let came = format!("{received} B had arrived, {sent} B were sent");
    let (status, text) = match reason.how {
        How::Fin if unsent == 0 => return Ok(()),
        How::Fin => (Status::CutShort, format!("cut short: {unsent} B could not be sent; {came}")),
        // It was asked for.
        How::Reset if reason.by == By::Us && sockets.reset => return Ok(()),
        How::Reset => (Status::CutShort, format!("cut short: {peer} reset the connection: {came}")),
        How::Timeout if why.is_some() => {
            (Status::Timeout, format!("timeout: {peer}: {}", why.unwrap_or_default()))
        }
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
        How::Tls => (Status::Tls, format!("no TLS with {peer}: {}", why.unwrap_or(&came))),
        How::Truncated => {
            let text = format!("cut short: {peer} ended without saying that this was all: {came}");
            (Status::CutShort, text)
        }
        How::Failed => (Status::Failed, format!("the conversation with {peer} failed: {came}")),
    };
    Err(Broken::new(status, text))
}

/// Remembers how the last conversation ended, and passes everything on.
#[derive(Clone)]
pub(crate) struct Last {
    next: Option<Arc<dyn Observer>>,
    stop: Option<Stop>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    conn: u64,
    peer: Option<Endpoint>,
    ending: Option<Ending>,
    we_ended: bool,
    peer_ended: bool,
    /// What was said of the first datagram that was not moved whole.
    cut: Option<String>,
    /// Why TLS has failed.
    tls: Option<String>,
}

impl Last {
    /// Watches in front of whoever watches `run` already.
    pub(crate) fn new(run: &Run) -> Self {
        Self { next: run.observer().cloned(), stop: None, seen: Arc::default() }
    }

    /// Ends `run` when a datagram cannot be sent: nobody will reply to it.
    pub(crate) fn stopping(mut self, run: &Run) -> Self {
        self.stop = Some(run.stop().clone());
        self
    }

    /// The run, watched.
    pub(crate) fn over(&self, run: &Run) -> Run {
        run.clone().observed_by(Arc::new(self.clone()))
    }

    /// Done, or what was wrong with the end of the conversation with `peer`.
    pub(crate) fn judge(
        &self,
        ending: &Ending,
        peer: &Endpoint,
        sockets: &Sockets,
    ) -> Result<(), Broken> {
        judge(ending, peer, sockets, self.lock().tls.as_deref())
    }

    /// How it ended, and who the peer was.
    pub(crate) fn take(&self) -> Option<(Ending, Endpoint)> {
        let mut seen = self.lock();
        seen.ending.take().zip(seen.peer.take())
    }

    /// Whether we had said all, and only had no more time for the peer.
    pub(crate) fn has_said_all(&self, ending: &Ending) -> bool {
        let is_ours = (ending.reason.by, ending.reason.how) == (By::Us, How::Timeout);
        is_ours && ending.unsent == 0 && self.lock().we_ended
    }

    /// Whether only the peer has ended, so that we may still speak.
    pub(crate) fn waits_for_us(&self) -> bool {
        let seen = self.lock();
        seen.peer_ended && !seen.we_ended && seen.ending.is_none()
    }

    /// The peer by the address that was connected; where there was none, as it was `asked` for.
    pub(crate) fn peer(&self, asked: &Endpoint) -> Endpoint {
        let numbers = self.lock().peer.clone().filter(|peer| peer.port().is_some());
        numbers.unwrap_or_else(|| asked.clone())
    }

    /// Whether a datagram came, or went, only in part or not at all.
    pub(crate) fn check_whole(&self) -> Result<(), Broken> {
        match &self.lock().cut {
            None => Ok(()),
            Some(why) => Err(Broken::new(Status::CutShort, format!("cut short: {why}"))),
        }
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
                (seen.we_ended, seen.peer_ended) = (false, false);
            }
            What::Finished => {
                let mut seen = self.lock();
                seen.we_ended |= seen.conn == event.conn;
            }
            What::Eof => {
                let mut seen = self.lock();
                seen.peer_ended |= seen.conn == event.conn;
            }
            What::Closed { reason, sent, received, unsent, .. } => {
                let mut seen = self.lock();
                if seen.conn == event.conn {
                    seen.ending = Some(Ending { reason, sent, received, unsent });
                }
            }
            What::Note { code: code @ ("cut" | "unsendable"), text } => {
                let is_first = self.lock().cut.replace(text.to_string()).is_none();
                if let Some(stop) = self.stop.as_ref().filter(|_| is_first && code == "unsendable")
                {
                    // For good: what was not asked is not answered.
                    stop.ask();
                    stop.ask();
                }
            }
            What::Note { code: "tls", text } => {
                // It is the error with which all of this ends, and told as such.
                self.lock().tls = Some(text.to_string());
                return;
            }
            What::Open { .. }
            | What::Listening { .. }
            | What::Received { .. }
            | What::Sent { .. }
            | What::Note { .. }
            | What::Request { .. }
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
