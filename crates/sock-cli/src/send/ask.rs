//! Ask: a protocol that sends one message after the other and takes a reply to each.
//!
//! On a stream nothing says where a reply ends. It is a line where one comes; otherwise what came
//! until the peer paused, ended, or had no more time.
//!
//! ```text
//! Asking --a reply to each--> Emptying --all is sent, FIN--> Leaving --silence, or its end--> gone
//!                             what the peer still says is shown, line by line
//! ```

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sock_proto::{Input, Kind, Out, Protocol, Time};

use super::Replies;

/// A peer that says nothing for so long has said its reply.
const PAUSE: Duration = Duration::from_millis(200);

/// So much of a line is held until its end comes; of a longer one the rest is shown as it comes.
const HELD: usize = 64 * 1024;

/// What is to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) messages: VecDeque<Vec<u8>>,
    pub(super) replies: Replies,
    /// Once all is said: how long a peer that neither speaks nor ends is waited for.
    pub(super) linger: Duration,
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

/// What is shown of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// More of it will come.
    Piece,
    /// All that is left of it; its line end is not among it.
    Last,
}

/// The protocol; `show` is given each reply, most of them in one part.
#[derive(Debug)]
pub(super) struct Ask<S> {
    asked: Asked,
    outcome: Outcome,
    show: S,
    /// What of a line has come and was not yet shown.
    heard: Vec<u8>,
    /// Some of the line was shown already.
    is_begun: bool,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A reply is waited for, at most until then.
    Asking(Option<Time>),
    /// Every message has its reply, and not all of them may have left.
    Emptying,
    /// We have ended: the peer may still speak, and is to end.
    Leaving,
}

impl<S: FnMut(&[u8], Part) -> io::Result<()>> Ask<S> {
    pub(super) fn new(asked: Asked, outcome: Outcome, show: S) -> Self {
        let stage = Stage::Asking(None);
        Self { asked, outcome, show, heard: Vec::new(), is_begun: false, stage }
    }

    /// Sends the next message, or comes to the end.
    fn next(&mut self, out: &mut Out<'_>) {
        while let Some(message) = self.asked.messages.pop_front() {
            out.send(&message);
            let until = match self.asked.replies {
                Replies::None => continue,
                Replies::Each => None,
                Replies::Within(time) => Some(out.now() + time),
            };
            self.stage = Stage::Asking(until);
            return;
        }
        // A reply may have more lines than one: what the peer still says is shown until it ends.
        self.stage = Stage::Emptying;
        out.notify_drained();
    }

    /// Shows each line that is whole, as the reply to whatever is asked; `searched` bytes of what
    /// was heard hold no line end.
    fn lines(&mut self, mut searched: usize, out: &mut Out<'_>) {
        let heard = std::mem::take(&mut self.heard);
        let mut at = 0;
        while let Some(end) = heard[searched..].iter().position(|byte| *byte == b'\n') {
            let end = searched + end;
            if !self.show(&heard[at..end], Part::Last, out) {
                return;
            }
            (at, searched) = (end + 1, end + 1);
            self.replied(out);
        }
        self.heard = heard;
        self.heard.drain(..at);
        if self.heard.len() > HELD {
            let mut piece = std::mem::take(&mut self.heard);
            // The CR of a line end is none of its line.
            let cr = piece.pop_if(|last| *last == b'\r');
            if self.show(&piece, Part::Piece, out) {
                self.heard.extend(cr);
            }
        }
    }

    /// Asks to be woken when the peer has paused for long enough, or has no more time.
    fn wait(&self, out: &mut Out<'_>) {
        let until = match self.stage {
            Stage::Asking(until) if self.has_heard() => {
                let pause = out.now() + PAUSE;
                Some(until.map_or(pause, |until| until.min(pause)))
            }
            Stage::Asking(until) => until,
            Stage::Emptying => None,
            Stage::Leaving => Some(out.now() + self.asked.linger),
        };
        match until {
            Some(until) => out.wake_at(until),
            None => out.sleep(),
        }
    }

    /// Whether something came that is not yet a whole line.
    fn has_heard(&self) -> bool {
        self.is_begun || !self.heard.is_empty()
    }

    /// A reply has come, if one was waited for.
    fn replied(&mut self, out: &mut Out<'_>) {
        if let Stage::Asking(_) = self.stage {
            self.outcome.lock().replied += 1;
            self.next(out);
        }
    }

    /// Shows what is left although no line end came; tells whether there was anything.
    fn rest(&mut self, out: &mut Out<'_>) -> bool {
        let rest = std::mem::take(&mut self.heard);
        (self.is_begun || !rest.is_empty()) && self.show(&rest, Part::Last, out)
    }

    /// Tells whether it could be shown.
    fn show(&mut self, text: &[u8], part: Part, out: &mut Out<'_>) -> bool {
        let text = match part {
            Part::Piece => text,
            Part::Last => text.strip_suffix(b"\r").unwrap_or(text),
        };
        self.is_begun = part == Part::Piece;
        let Err(error) = (self.show)(text, part) else { return true };
        self.outcome.lock().failure.get_or_insert(error);
        self.asked.messages.clear();
        out.abort();
        false
    }
}

/// Ends without waiting for the peer, other than to take what it is owed.
fn leave(out: &mut Out<'_>) {
    // The first bounds how long that may take.
    out.close();
    out.leave();
}

impl<S: FnMut(&[u8], Part) -> io::Result<()>> Protocol for Ask<S> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => {
                self.next(out);
                self.wait(out);
            }
            Input::Data(bytes) if out.kind() == Kind::Datagram => {
                let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                if let Stage::Asking(_) = self.stage
                    && self.show(text, Part::Last, out)
                {
                    self.replied(out);
                    self.wait(out);
                }
            }
            Input::Data(bytes) => {
                let searched = self.heard.len();
                self.heard.extend_from_slice(bytes);
                self.lines(searched, out);
                self.wait(out);
            }
            Input::Drained => {
                out.finish();
                self.stage = Stage::Leaving;
                self.wait(out);
            }
            Input::Timeout => {
                let heard = self.rest(out);
                match self.stage {
                    Stage::Asking(_) if heard => {
                        self.replied(out);
                        self.wait(out);
                    }
                    Stage::Asking(_) => {
                        self.outcome.lock().timed_out = true;
                        leave(out);
                    }
                    Stage::Emptying | Stage::Leaving => leave(out),
                }
            }
            Input::Eof => {
                // Nobody is left who would answer what was not yet asked.
                self.asked.messages.clear();
                if self.rest(out) {
                    self.replied(out);
                }
                out.sleep();
                out.close();
            }
            // However it ended: what had arrived is delivered, and is no reply.
            Input::Closed(_) => {
                self.rest(out);
            }
            Input::Stop => {}
        }
    }
}

#[cfg(test)]
mod tests;
