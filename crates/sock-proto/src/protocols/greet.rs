//! `greet`: one sentence to whoever connects (deck D1).

use crate::{Input, Out, Protocol};

/// Sends its sentence, without a line end, and closes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Greet;

impl Protocol for Greet {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => {
                out.send(b"Thank you for connecting");
                out.close();
            }
            Input::Data(_)
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}
