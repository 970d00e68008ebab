//! Ask: a protocol that sends one message after the other and takes a reply to each.
//!
//! On a stream nothing says where a reply ends. It is a line where one comes; otherwise what came
//! until the peer paused, or ended.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sock_proto::{Input, Kind, Out, Protocol};

use super::Replies;

/// A peer that says nothing for so long has said its reply.
const PAUSE: Duration = Duration::from_millis(200);

/// What is to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) messages: VecDeque<Vec<u8>>,
    pub(super) replies: Replies,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// So many messages have their reply.
    pub(super) replied: usize,
    /// The reply to the next one did not come in time.
    pub(super) timed_out: bool,
    /// A reply could not be shown.
    pub(super) failure: Option<io::Error>,
}

/// What came of it, for whoever waits outside.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome(Arc<Mutex<Answers>>);

impl Outcome {
    pub(super) fn take(&self) -> Answers {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The protocol; `show` is given each reply without its line end.
#[derive(Debug)]
pub(super) struct Ask<S> {
    asked: Asked,
    outcome: Outcome,
    show: S,
    /// What of a reply has come.
    heard: Vec<u8>,
    awaits: bool,
    /// Every message has its reply.
    is_over: bool,
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Ask<S> {
    pub(super) fn new(asked: Asked, outcome: Outcome, show: S) -> Self {
        Self { asked, outcome, show, heard: Vec::new(), awaits: false, is_over: false }
    }

    /// Sends the next message, or comes to the end.
    fn next(&mut self, out: &mut Out<'_>) {
        out.sleep();
        self.awaits = false;
        while let Some(message) = self.asked.messages.pop_front() {
            out.send(&message);
            match self.asked.replies {
                Replies::None => continue,
                Replies::Each => {}
                Replies::Within(time) => {
                    let until = out.now() + time;
                    out.wake_at(until);
                }
            }
            self.awaits = true;
            // What came early is the reply to whatever comes first.
            return self.lines(out);
        }
        // A reply may have more lines than one: what the peer still says is shown until it ends.
        self.is_over = true;
        out.finish();
        self.lines(out);
    }

    /// Takes a line for the reply, where a whole one has come.
    fn lines(&mut self, out: &mut Out<'_>) {
        let end = self.heard.iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) if self.awaits => {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                self.reply(&line, out);
            }
            Some(end) if self.is_over => {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                self.tell(&line, out);
                self.lines(out);
            }
            None if self.awaits && !self.heard.is_empty() => {
                let until = out.now() + PAUSE;
                out.wake_at(until);
            }
            None | Some(_) => {}
        }
    }

    fn reply(&mut self, reply: &[u8], out: &mut Out<'_>) {
        self.tell(reply, out);
        self.outcome.lock().replied += 1;
        self.next(out);
    }

    fn tell(&mut self, reply: &[u8], out: &mut Out<'_>) {
        let text = reply.strip_suffix(b"\n").unwrap_or(reply);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Err(error) = (self.show)(text) {
            self.outcome.lock().failure.get_or_insert(error);
            self.asked.messages.clear();
            out.abort();
        }
    }
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Protocol for Ask<S> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => self.next(out),
            Input::Data(bytes) if out.kind() == Kind::Datagram => {
                if self.awaits {
                    self.reply(bytes, out);
                }
            }
            Input::Data(bytes) => {
                self.heard.extend_from_slice(bytes);
                self.lines(out);
            }
            Input::Timeout if self.heard.is_empty() => {
                self.outcome.lock().timed_out = true;
                out.close();
            }
            Input::Timeout => {
                let reply = std::mem::take(&mut self.heard);
                self.reply(&reply, out);
            }
            Input::Eof => {
                // Nobody is left who would answer what was not yet asked.
                self.asked.messages.clear();
                let rest = std::mem::take(&mut self.heard);
                if self.awaits && !rest.is_empty() {
                    return self.reply(&rest, out);
                }
                if !rest.is_empty() {
                    self.tell(&rest, out);
                }
                out.close();
            }
            Input::Drained | Input::Stop | Input::Closed(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
