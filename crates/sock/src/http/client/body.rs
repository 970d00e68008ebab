//! Delivery: the body of a response, from its connection to whoever reads it.
//!
//! The end comes as an end only where the body was whole. A connection whose body was read to the end goes back
//! to those that are held open.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use hyper::body::Bytes;

use super::drive::{Framed, Next, Rest};
use super::shelf::Place as Shelf;
use super::splice::{Moved, Pipe};
use super::wire::{Wire, silent};
use crate::error::Shortfall;
use crate::http::{Body, Sink};
use crate::run::instant;
use crate::{Error, ErrorKind, Result};

/// What is moved at once where it passes through here.
const PIECE: usize = 128 << 10;

/// A body as it was sent.
pub(super) struct Delivery {
    source: Source,
    received: u64,
    expected: Option<u64>,
    limit: Duration,
    /// Where the connection goes afterwards; nowhere: it is closed.
    shelf: Option<Shelf>,
}

enum Source {
    Plain {
        wire: Box<Wire>,
        early: Bytes,
    },
    Framed {
        framed: Box<Framed>,
        piece: Bytes,
    },
    File(File),
    Ended,
    /// It had failed before.
    Failed,
}

impl Delivery {
    pub(super) fn new(rest: Rest, limit: Duration, shelf: Option<Shelf>) -> Self {
        let (source, expected) = match rest {
            Rest::Plain { wire, early, left } => (Source::Plain { wire, early }, left),
            Rest::Framed(framed) => (Source::Framed { framed, piece: Bytes::new() }, None),
        };
        let mut delivery = Self { source, received: 0, expected, limit, shelf };
        // Nothing to be read is read already.
        if expected == Some(0) {
            delivery.finish();
        }
        delivery
    }

    pub(super) fn of_file(file: File, len: Option<u64>) -> Self {
        let (source, limit) = (Source::File(file), Duration::MAX);
        Self { source, received: 0, expected: len, limit, shelf: None }
    }

    /// Reads what nobody wants, so that its connection can be used again: if it is known to be no more than
    /// `most`, and is there within so long. Else the connection is closed.
    pub(super) fn skip(mut self, most: u64, patience: Duration) {
        if self.left().is_none_or(|left| left > most) {
            return;
        }
        let end = instant() + patience;
        let mut piece = [0; 4096];
        loop {
            self.limit = end.saturating_duration_since(instant());
            match self.receive(&mut piece) {
                Ok(1..) => {}
                Ok(0) => return,
                Err(error) => {
                    // Nothing else is lost with it.
                    self.fail(error);
                    return;
                }
            }
        }
    }

    /// How many bytes are still to come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.expected.map(|expected| expected.saturating_sub(self.received))
    }

    /// All has come.
    fn finish(&mut self) {
        let wire = match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Plain { wire, early } if early.is_empty() => Some(wire),
            // More than was promised is not ours to read, and nobody knows what it is.
            Source::Plain { .. }
            | Source::Framed { .. }
            | Source::File(_)
            | Source::Ended
            | Source::Failed => None,
        };
        self.put_back(wire);
    }

    fn put_back(&mut self, wire: Option<Box<Wire>>) {
        if let (Some(wire), Some(shelf)) = (wire, self.shelf.take())
            && !wire.is_ended
        {
            shelf.put(*wire);
        }
    }

    /// Says how far it had come.
    fn fail(&mut self, error: Error) -> Error {
        let (received, expected) = (self.received, self.expected);
        match &mut self.source {
            Source::Plain { wire, .. } => wire.give_up(error.kind()),
            Source::Framed { framed, .. } => framed.give_up(error.kind()),
            Source::File(_) | Source::Ended | Source::Failed => {}
        }
        self.source = Source::Failed;
        let so_far = match expected {
            Some(expected) => format!("{received} of {expected}"),
            None => format!("{received}"),
        };
        let word = if error.kind() == ErrorKind::TimedOut { "stalled" } else { "cut short" };
        error
            .about(format!("{word} at byte {so_far}"))
            .with_shortfall(Shortfall { received, expected })
    }

    fn receive(&mut self, buf: &mut [u8]) -> Result<usize> {
        let room = self.left().map_or(buf.len(), |left| at_most(buf.len(), left));
        if room == 0 && !buf.is_empty() {
            self.finish();
            return Ok(0);
        }
        let buf = &mut buf[..room];
        let n = match &mut self.source {
            Source::Plain { wire, early } if early.is_empty() => receive(wire, buf, self.limit)?,
            Source::Plain { early, .. } => take(early, buf),
            Source::Framed { framed, piece } => {
                if piece.is_empty() {
                    match framed.next()? {
                        Next::Piece(next) => *piece = next,
                        Next::End(wire) => {
                            self.source = Source::Ended;
                            self.put_back(wire);
                            return Ok(0);
                        }
                    }
                }
                take(piece, buf)
            }
            Source::File(file) => file.read(buf)?,
            Source::Ended => 0,
            Source::Failed => return Err(Error::new(ErrorKind::CutShort, "it had failed before")),
        };
        self.received += n as u64;
        if n == 0 && !buf.is_empty() {
            if self.left().is_some_and(|left| left > 0) {
                return Err(Error::new(ErrorKind::CutShort, self.shortened()));
            }
            self.finish();
        }
        Ok(n)
    }

    fn shortened(&self) -> &'static str {
        match self.source {
            Source::File(_) => "the file has become shorter",
            Source::Plain { .. } | Source::Framed { .. } | Source::Ended | Source::Failed => {
                "the server closed the connection"
            }
        }
    }

    /// Writes chunks from where they were received to.
    fn pass_pieces(&mut self, to: &mut dyn Sink) -> Result<()> {
        while let Source::Framed { framed, piece } = &mut self.source {
            let mut piece = std::mem::take(piece);
            if piece.is_empty() {
                match framed.next() {
                    Ok(Next::Piece(next)) => piece = next,
                    Ok(Next::End(wire)) => {
                        self.source = Source::Ended;
                        self.put_back(wire);
                        return Ok(());
                    }
                    Err(error) => return Err(self.fail(error)),
                }
            }
            self.received += piece.len() as u64;
            to.write_all(&piece)?;
            to.moved(piece.len() as u64)?;
        }
        Ok(())
    }

    /// Lets the kernel move what it can.
    fn splice(&mut self, to: &mut dyn Sink) -> Result<()> {
        let Source::Plain { wire, early } = &mut self.source else { return Ok(()) };
        if wire.bare().is_none() || to.descriptor().is_none() {
            return Ok(());
        }
        let early = std::mem::take(early);
        let (head, rest) = early.split_at(at_most(early.len(), self.expected.unwrap_or(u64::MAX)));
        to.write_all(head)?;
        to.moved(head.len() as u64)?;
        self.received += head.len() as u64;
        if !rest.is_empty() {
            // The end is reached, and something lies behind it.
            wire.is_ended = true;
        }
        let Ok(mut pipe) = Pipe::behind(wire) else { return Ok(()) };
        let outcome = loop {
            let left = self.expected.map(|expected| expected.saturating_sub(self.received));
            if left == Some(0) {
                break Ok(());
            }
            match pipe.step(wire, left, to, self.limit, &mut self.received) {
                Ok(Moved::Some) => {}
                Ok(Moved::End | Moved::Refused) => break Ok(()),
                Err(side) => break Err(side),
            }
        };
        pipe.leave(wire);
        outcome.map_err(|side| match side {
            Side::Ours(error) => error,
            Side::Theirs(error) => self.fail(error),
        })
    }
}

/// Whose fault it is that bytes were not moved.
pub(super) enum Side {
    /// Where they should go.
    Ours(Error),
    /// Where they come from.
    Theirs(Error),
}

impl Read for Delivery {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.receive(buf) {
            Ok(n) => Ok(n),
            // Who reads to the end goes on where a signal came in between; here the run ends.
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                Err(io::Error::other(self.fail(error)))
            }
            Err(error) => Err(self.fail(error).into()),
        }
    }
}

impl Body for Delivery {
    fn copy_to(&mut self, to: &mut dyn Sink) -> Result<u64> {
        let before = self.received;
        self.splice(to)?;
        self.pass_pieces(to)?;
        pass_through(self, to)?;
        Ok(self.received - before)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Delivery");
        out.field("received", &self.received).field("expected", &self.expected);
        out.finish_non_exhaustive()
    }
}

/// Reads everything and writes it.
pub(super) fn pass_through(from: &mut dyn Read, to: &mut dyn Sink) -> Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let n = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        to.write_all(&piece[..n])?;
        to.moved(n as u64)?;
    }
}

fn receive(wire: &mut Wire, buf: &mut [u8], limit: Duration) -> Result<usize> {
    if let Some(error) = wire.failed.take() {
        return Err(error);
    }
    loop {
        if let Some(n) = wire.receive(buf)? {
            return Ok(n);
        }
        if !wire.wait(limit)? {
            return Err(silent(limit));
        }
    }
}

fn take(from: &mut Bytes, buf: &mut [u8]) -> usize {
    let piece = from.split_to(from.len().min(buf.len()));
    buf[..piece.len()].copy_from_slice(&piece);
    piece.len()
}

fn at_most(len: usize, left: u64) -> usize {
    usize::try_from(left).map_or(len, |left| left.min(len))
}
