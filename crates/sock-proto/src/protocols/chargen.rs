//! `chargen`: a pattern of characters without end (RFC 864).
//!
//! Each line shows 72 of the 95 printable characters and begins one further than the line before:
//!
//! ```text
//!  !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefg
//! !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefgh
//! ```

use crate::{Input, Kind, Out, Protocol};

const PRINTABLE: u8 = b'~' - b' ' + 1;
const SHOWN: u8 = 72;
const LINE: usize = SHOWN as usize + 2;
/// After so many bytes the pattern repeats itself.
const CYCLE: usize = PRINTABLE as usize * LINE;
/// So many cycles are queued at once, 27 KiB: few system calls, and little kept for who stalls.
const TURN: usize = 4;
/// The largest answer to a datagram (RFC 864).
const LARGEST: usize = 512;

static PATTERN: [u8; CYCLE] = pattern();

const fn pattern() -> [u8; CYCLE] {
    let mut pattern = [b'\n'; CYCLE];
    let (mut at, mut first) = (0, 0);
    while first < PRINTABLE {
        let mut shown = 0;
        while shown < SHOWN {
            pattern[at] = b' ' + (first + shown) % PRINTABLE;
            shown += 1;
            at += 1;
        }
        pattern[at] = b'\r';
        at += 2;
        first += 1;
    }
    pattern
}

/// Sends the pattern until the peer hangs up; what the peer sends is discarded.
///
/// A peer that ends only its own direction has not hung up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chargen;

impl Protocol for Chargen {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open | Input::Drained if out.kind() == Kind::Stream => {
                for _ in 0..TURN {
                    out.send(&PATTERN);
                }
                out.notify_drained();
            }
            Input::Data(request) if out.kind() == Kind::Datagram => {
                // By chance, as the RFC has it, but never more than was asked with: an answer to
                // a forged address must not be worth forging.
                let most = request.len().min(LARGEST) as u64;
                let n = out.draw() % most.max(1) + most.min(1);
                out.send(&PATTERN[..usize::try_from(n).unwrap_or_default()]);
            }
            // It has no end of its own to come to.
            Input::Stop => out.close(),
            Input::Open
            | Input::Data(_)
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Closed(_) => {}
        }
    }
}
