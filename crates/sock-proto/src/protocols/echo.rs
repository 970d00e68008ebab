//! `echo`: every byte, or every datagram, comes back (deck D6; RFC 862).

use crate::{Input, Out, Protocol};

/// Sends back what came, and ends when the peer does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Protocol for Echo {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => out.send(bytes),
            Input::Eof => out.finish(),
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}
