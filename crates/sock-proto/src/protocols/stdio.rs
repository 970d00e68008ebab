//! `stdio`: wires one peer to the standard input and output of the program.
//!
//! The same protocol is both halves of a conversation by hand: `connect`, where we called the
//! peer, and `serve stdio`, where the peer called us. When the peer opens it dials
//! [`Endpoint::Stdio`], and from then on each side is read only while the other has room:
//!
//! ```text
//!            data ------------->            finish on eof, both ways
//!   stdin  ---------------------> peer      nothing is held here, but for datagrams
//!   stdout <--------------------- peer      what is left of a line until it is whole
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use crate::peers::Kind;
use crate::{Endpoint, How, Input, Out, Peer, Protocol};

/// How standard input is cut into datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// Each line with its line end is one datagram.
    #[default]
    Line,
    /// So many bytes are one datagram; what is left at the end is the last.
    Size(usize),
    /// Everything is one datagram.
    All,
}

impl Framing {
    /// How much of the beginning of `bytes` is one datagram, when it is whole.
    fn whole(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Line => bytes.iter().position(|byte| *byte == b'\n').map(|end| end + 1),
            Self::Size(n) => (bytes.len() >= n.max(1)).then_some(n.max(1)),
            Self::All => None,
        }
    }
}

/// What is special about a conversation by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wiring {
    /// How standard input is cut for a peer that takes datagrams.
    pub framing: Framing,
    /// How long to wait for one more datagram after standard input has ended; none: for ever.
    pub wait_reply: Option<Duration>,
    /// Nothing of the peer's goes to standard output, and the end of input ends it all.
    pub send_only: bool,
    /// Once the peer has sent these bytes the conversation is closed; empty: never.
    pub until: Vec<u8>,
}

/// The largest payload of a UDP datagram over IPv4: 65,535 less 20 of IP's and 8 of UDP's.
const LARGEST: usize = 65_507;

/// One peer, wired to standard input and output.
#[derive(Debug, Default)]
pub struct Stdio {
    wiring: Wiring,
    screen: Option<Peer>,
    /// What is not yet a whole datagram; the last bytes that `until` may still match.
    held: Vec<u8>,
    seen: Vec<u8>,
    input_ended: bool,
}

impl Stdio {
    /// Wires the first peer that opens.
    #[must_use]
    pub fn new(wiring: Wiring) -> Self {
        Self { wiring, ..Self::default() }
    }

    fn peer_says(&mut self, screen: Peer, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => {
                if !self.wiring.send_only {
                    out.to(screen).send(bytes);
                }
                if self.is_until(bytes) {
                    out.to(screen).finish();
                    out.close();
                } else if self.input_ended {
                    self.await_reply(out);
                }
            }
            Input::Eof => out.to(screen).finish(),
            // Somebody may sit at the keyboard for ever: nobody waits for an end of input.
            Input::Closed(_) => out.to(screen).leave(),
            Input::Open | Input::Drained | Input::Timeout | Input::Stop => {}
        }
    }

    fn screen_says(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let mut peer = out.to(Peer::FIRST);
        match input {
            Input::Data(bytes) if peer.kind() == Kind::Stream => peer.send(bytes),
            Input::Data(bytes) => {
                self.held.extend_from_slice(bytes);
                self.send_whole(&mut peer);
            }
            Input::Eof => {
                if peer.kind() == Kind::Datagram {
                    if !self.held.is_empty() {
                        send_datagram(&self.held, &mut peer);
                        self.held.clear();
                    }
                    self.input_ended = true;
                    self.await_reply(&mut peer);
                } else if self.wiring.send_only {
                    peer.close();
                } else {
                    peer.finish();
                }
            }
            // After a FIN both directions have ended, each in its turn.
            Input::Closed(reason) if reason.how != How::Fin => {
                if peer.is_open() {
                    peer.note("stdout-gone", format_args!("nobody reads standard output any more"));
                }
                // The peer may send for ever: nobody waits for that either.
                peer.abort();
            }
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }

    /// Sends what is whole; what no datagram can hold is cut, so that little is ever kept.
    fn send_whole(&mut self, peer: &mut Out<'_>) {
        let mut at = 0;
        while let Some(n) = self.wiring.framing.whole(&self.held[at..]) {
            send_datagram(&self.held[at..at + n], peer);
            at += n;
        }
        while self.held.len() - at > LARGEST {
            let text = format_args!("no datagram holds more than {LARGEST} B: cut there");
            peer.note("split-datagram", text);
            peer.send(&self.held[at..at + LARGEST]);
            at += LARGEST;
        }
        self.held.drain(..at);
    }

    /// Datagrams have no end: silence for long enough is one.
    fn await_reply(&self, out: &mut Out<'_>) {
        if self.wiring.send_only {
            out.close();
        } else if out.kind() == Kind::Datagram
            && let Some(wait) = self.wiring.wait_reply
        {
            let until = out.now() + wait;
            out.wake_at(until);
        }
    }

    fn is_until(&mut self, bytes: &[u8]) -> bool {
        let until = &self.wiring.until;
        if until.is_empty() {
            return false;
        }
        self.seen.extend_from_slice(bytes);
        let found = self.seen.windows(until.len()).any(|window| window == until);
        let keep = self.seen.len().min(until.len() - 1);
        self.seen.drain(..self.seen.len() - keep);
        found
    }
}

fn send_datagram(bytes: &[u8], peer: &mut Out<'_>) {
    if bytes.len() > LARGEST {
        peer.note(
            "split-datagram",
            format_args!("{} B do not fit one datagram and leave as several", bytes.len()),
        );
    }
    for datagram in bytes.chunks(LARGEST) {
        peer.send(datagram);
    }
}

impl Protocol for Stdio {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match (input, self.screen) {
            (Input::Timeout, Some(_)) => out.to(Peer::FIRST).close(),
            (Input::Open, None) => {
                let screen = out.dial(Endpoint::Stdio);
                self.screen = Some(screen);
                out.feeds(Peer::FIRST, screen);
                out.feeds(screen, Peer::FIRST);
            }
            (_, Some(screen)) if out.peer() == screen => self.screen_says(input, out),
            (_, Some(screen)) => self.peer_says(screen, input, out),
            (_, None) => {}
        }
    }
}
