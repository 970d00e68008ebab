//! `qotd`: a quote of the day (RFC 865).

use super::once::once;
use crate::{Input, Out, Protocol};

/// RFC 865 asks for less than 512 characters, printable, with line ends of two.
const QUOTES: [&str; 8] = [
    "A stream has no messages in it. You put them there, and you take them out again.\r\n",
    "Half a close is better than none: say that you have ended, then listen.\r\n",
    "Whoever writes a server writes for the client that never reads.\r\n",
    "A datagram that arrives twice was not sent twice; one that never arrives was.\r\n",
    "The port was free when you looked. That was a moment ago.\r\n",
    "Every timeout is a guess about a stranger.\r\n",
    "An end that nobody announced is a reset; an end that nobody noticed is a leak.\r\n",
    "It worked on loopback: nothing was far, nothing was slow, and nothing was lost.\r\n",
];

/// Says a quote, drawn by chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Qotd;

impl Protocol for Qotd {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        once(input, out, |out| {
            let quotes = QUOTES.len() as u64;
            let drawn = usize::try_from(out.draw() % quotes).unwrap_or_default();
            out.send(QUOTES[drawn].as_bytes());
        });
    }
}
