//! Story: what happened in a run over the virtual wire.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use crate::event::Reason;
use crate::time::Time;

/// So many bytes of a piece are shown; a longer one is told by its size and its beginning.
const SHOWN: usize = 64;

/// What happened in a run: shown, it is the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    transcript: String,
    pub(super) sides: Vec<Side>,
    pub(super) outcome: Outcome,
    pub(super) ended: Time,
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every conversation has closed.
    Done,
    /// Nothing more will ever happen, yet a session is not done: somebody waits for ever.
    Quiet,
    /// The run was cut off, by its time or by the number of its events.
    Endless,
}

/// One conversation as one of its two nodes saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The node.
    pub name: String,
    /// The node at the other end; empty where nobody listens.
    pub other: String,
    /// When it opened.
    pub opened: Option<Time>,
    /// When it closed, and why.
    pub closed: Option<(Time, Reason)>,
    /// The bytes that the protocol was given, datagrams one after the other.
    pub received: Vec<u8>,
    /// How many pieces these came in.
    pub reads: usize,
    /// The bytes that the wire took.
    pub sent: u64,
}

impl Story {
    pub(super) fn new() -> Self {
        Self {
            transcript: String::new(),
            sides: Vec::new(),
            outcome: Outcome::Quiet,
            ended: Time::ZERO,
        }
    }

    /// The transcript: what each node heard, and when; one line each.
    ///
    /// ```text
    /// TIME  FROM -> TO  5 B  "hello"          TO read this in one piece
    /// TIME  FROM -> TO  FIN                   TO heard the end of FROM's direction
    /// TIME  FROM -> TO  RST                   TO heard that it was cut short
    /// TIME  FROM -> TO  5 B  "hello"  lost    a datagram that nobody will read
    /// TIME  WHO -- OTHER  open                WHO sees the conversation begin
    /// TIME  WHO -- OTHER  closed by us (FIN)  WHO sees it end
    /// ```
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// How the run came to its end.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// When the last thing happened that the transcript tells.
    #[must_use]
    pub fn ended(&self) -> Time {
        self.ended
    }

    /// Both sides of every conversation, in the order of the calls, the caller's first.
    #[must_use]
    pub fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// The first conversation of the node `name`.
    #[must_use]
    pub fn side(&self, name: &str) -> Option<&Side> {
        self.sides.iter().find(|side| side.name == name)
    }

    /// What the node `name` received in its first conversation.
    #[must_use]
    pub fn received(&self, name: &str) -> &[u8] {
        self.side(name).map_or(&[], |side| &side.received)
    }

    /// Why the first conversation of the node `name` closed, if it did.
    #[must_use]
    pub fn reason(&self, name: &str) -> Option<Reason> {
        self.side(name)?.closed.map(|(_, reason)| reason)
    }

    /// Adds a line about the conversation that `side` is one side of.
    pub(super) fn tell(&mut self, time: Time, side: usize, what: &Told<'_>) {
        self.ended = time;
        let Side { name, other, .. } = &self.sides[side];
        // Writing to a string cannot fail.
        let _ = match what {
            Told::Open => writeln!(self.transcript, "{time}  {name} -- {other}  open"),
            Told::Closed(why) => {
                writeln!(self.transcript, "{time}  {name} -- {other}  closed {why}")
            }
            Told::Bytes { bytes, fate } => {
                let (shown, more) = match bytes.get(..SHOWN) {
                    Some(start) if bytes.len() > SHOWN => (start, " ..."),
                    _ => (*bytes, ""),
                };
                let (n, shown) = (bytes.len(), shown.escape_ascii());
                writeln!(
                    self.transcript,
                    "{time}  {other} -> {name}  {n} B  \"{shown}\"{more}{fate}"
                )
            }
            Told::Mark(word) => writeln!(self.transcript, "{time}  {other} -> {name}  {word}"),
        };
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.transcript)
    }
}

/// One line of the transcript, seen from the side that hears it.
pub(super) enum Told<'a> {
    Open,
    Closed(Reason),
    Bytes { bytes: &'a [u8], fate: &'static str },
    Mark(&'static str),
}
