//! `upper`: text comes back in upper case (decks D2, D3, D4).
//!
//! Upper case is taken of each code point for itself, without a look at its neighbours, so that
//! the answer does not depend on where a stream was cut: only the code point that lies across the cut
//! waits for its rest. Bytes that are no UTF-8 come back as they are.
//!
//! ```text
//!   came    "stra\xc3"    "\x9fe"              "\xc3" "x"           "\xc3" eof
//!   sent    "STRA"        "SSE"                ""     "\xc3X"       ""     "\xc3"
//! ```

use alloc::vec::Vec;
use core::str;

use crate::{Input, Kind, Out, Protocol};

/// Sends back what came, in upper case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Upper {
    close_after_reply: bool,
    held: Held,
}

impl Upper {
    /// Answers everything that the peer sends until it ends or, with `close_after_reply`, what the
    /// first receive brought.
    #[must_use]
    pub fn new(close_after_reply: bool) -> Self {
        Self { close_after_reply, held: Held::default() }
    }
}

impl Protocol for Upper {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            // A datagram is whole: what is cut at its end has no rest.
            Input::Data(bytes) if out.kind() == Kind::Datagram => {
                out.compose(|reply| upper(bytes, reply));
            }
            Input::Data(bytes) => {
                out.compose(|reply| {
                    self.held.upper(bytes, reply);
                    if self.close_after_reply {
                        self.held.flush(reply);
                    }
                });
                if self.close_after_reply {
                    out.close();
                }
            }
            Input::Eof => {
                out.compose(|reply| self.held.flush(reply));
                out.finish();
            }
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// The beginning of a code point whose rest has not come yet: at most three bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    bytes: [u8; 3],
    len: usize,
}

impl Held {
    fn upper(&mut self, mut bytes: &[u8], reply: &mut Vec<u8>) {
        while self.len > 0
            && let Some((&next, rest)) = bytes.split_first()
        {
            let mut joined = [0; 4];
            joined[..self.len].copy_from_slice(&self.bytes[..self.len]);
            joined[self.len] = next;
            let joined = &joined[..=self.len];
            match str::from_utf8(joined) {
                Ok(text) => {
                    upper_str(text, reply);
                    self.len = 0;
                    bytes = rest;
                }
                Err(error) if error.error_len().is_none() => {
                    self.hold(joined);
                    bytes = rest;
                }
                // What was held never becomes a code point; the next byte may begin one.
                Err(_) => self.flush(reply),
            }
        }
        let cut = unfinished(bytes);
        let (whole, rest) = bytes.split_at(bytes.len() - cut);
        upper(whole, reply);
        if !rest.is_empty() {
            self.hold(rest);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.len = bytes.len();
    }

    fn flush(&mut self, reply: &mut Vec<u8>) {
        reply.extend_from_slice(&self.bytes[..self.len]);
        self.len = 0;
    }
}

/// How many bytes at the end of `bytes` are the beginning of a code point: 0 to 3.
fn unfinished(bytes: &[u8]) -> usize {
    let begins = |n: &usize| {
        let end = &bytes[bytes.len() - n..];
        str::from_utf8(end).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(begins).unwrap_or(0)
}

fn upper(bytes: &[u8], reply: &mut Vec<u8>) {
    // Upper case is seldom longer; one reservation then serves the whole message.
    reply.reserve(bytes.len());
    for chunk in bytes.utf8_chunks() {
        upper_str(chunk.valid(), reply);
        reply.extend_from_slice(chunk.invalid());
    }
}

fn upper_str(mut text: &str, reply: &mut Vec<u8>) {
    while !text.is_empty() {
        let ascii = text.bytes().position(|byte| !byte.is_ascii()).unwrap_or(text.len());
        let (plain, rest) = text.split_at(ascii);
        let from = reply.len();
        reply.extend_from_slice(plain.as_bytes());
        reply[from..].make_ascii_uppercase();
        let mut chars = rest.chars();
        for c in chars.next().into_iter().flat_map(char::to_uppercase) {
            reply.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        text = chars.as_str();
    }
}
