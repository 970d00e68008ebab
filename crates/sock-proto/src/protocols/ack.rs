//! `ack`: every message is acknowledged with its length (deck D5).
//!
//! TCP keeps no boundaries, so what is a message must be read off the bytes. A line is one, with
//! its line end counted off. The first receive that brings no line end at all is one as well, for the
//! clients of the lecture, which send `Hi` and wait. Once a line has ended the peer is known to
//! speak in lines, and the beginning of one waits for its rest:
//!
//! ```text
//!   loose --data without LF--> loose    the receive is a message
//!   loose --data with LF-----> lines    each line is a message; what follows the last LF waits
//!   lines --data-------------> lines    the same
//!         --eof--------------> done     what waits is a message
//!         --"Exit"-----------> done     and nothing behind it is answered
//! ```
//!
//! Nothing of a message is kept but its length, whether it is `Exit` so far, and whether a carriage
//! return came last: a line may be of any length.

use crate::{Input, Kind, Out, Protocol};

const EXIT: &[u8] = b"Exit";

/// Answers `Your data was N bytes` to each message and `Disconnect` to `Exit`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ack {
    lines: bool,
    waiting: Message,
}

impl Protocol for Ack {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(datagram) if out.kind() == Kind::Datagram => acknowledge(datagram, out),
            Input::Data(bytes) => self.stream(bytes, out),
            Input::Eof => {
                if !self.waiting.is_empty() {
                    // Whether that was `Exit` makes no difference any more.
                    let _ = self.waiting.reply("", out);
                }
                out.finish();
            }
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}

impl Ack {
    fn stream(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let end = self.waiting.take(piece);
            self.lines |= end.is_some();
            if end.is_none() && self.lines {
                return;
            }
            let message = core::mem::take(&mut self.waiting);
            if message.reply(end.unwrap_or_default(), out) == Next::Closed {
                return;
            }
        }
    }
}

/// A datagram is a message, with or without a line end; whoever sent it needs no closing.
fn acknowledge(datagram: &[u8], out: &mut Out<'_>) {
    let mut message = Message::default();
    let end = message.take(datagram);
    message.answer(end.unwrap_or_default(), out);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Open,
    Closed,
}

/// What is known of a message.
#[derive(Debug, Clone, Copy)]
struct Message {
    len: u64,
    may_be_exit: bool,
    ends_in_cr: bool,
}

impl Default for Message {
    fn default() -> Self {
        Self { len: 0, may_be_exit: true, ends_in_cr: false }
    }
}

impl Message {
    fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Counts `bytes` in and tells the line end that closes them, which is not counted.
    fn take(&mut self, bytes: &[u8]) -> Option<&'static str> {
        let Some(text) = bytes.strip_suffix(b"\n") else {
            self.extend(bytes);
            return None;
        };
        self.extend(text);
        if !self.ends_in_cr {
            return Some("\n");
        }
        self.len -= 1;
        Some("\r\n")
    }

    fn extend(&mut self, bytes: &[u8]) {
        let at = usize::try_from(self.len).unwrap_or(EXIT.len()).min(EXIT.len());
        let n = bytes.len().min(EXIT.len() - at);
        self.may_be_exit &= bytes[..n] == EXIT[at..at + n];
        self.len += bytes.len() as u64;
        self.ends_in_cr = bytes.last().map_or(self.ends_in_cr, |last| *last == b'\r');
    }

    fn is_exit(self) -> bool {
        self.may_be_exit && self.len == EXIT.len() as u64
    }

    fn answer(self, end: &str, out: &mut Out<'_>) {
        if self.is_exit() {
            out.say(format_args!("Disconnect{end}"));
        } else {
            out.say(format_args!("Your data was {} bytes{end}", self.len));
        }
    }

    fn reply(self, end: &str, out: &mut Out<'_>) -> Next {
        self.answer(end, out);
        if !self.is_exit() {
            return Next::Open;
        }
        out.close();
        Next::Closed
    }
}
