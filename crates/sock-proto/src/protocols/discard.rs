//! `discard`: takes everything and answers nothing (RFC 863).

use crate::{Input, Out, Protocol};

/// Throws away what comes, and ends when the peer does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Protocol for Discard {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Eof => out.finish(),
            Input::Open
            | Input::Data(_)
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}
