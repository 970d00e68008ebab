//! Outbox: what waits to be sent to one peer, a queue of pieces.
//!
//! A piece is bytes of a stream, exactly one datagram (empty ones too), or a range of a file. Only a
//! last piece of bytes grows, up to 64 KiB. Buffers come from the engine's [`Pool`] and go back to it
//! as soon as they are empty: an idle session holds none, and a busy one allocates nothing.
//!
//! The first piece may be [lent](Outbox::lend) to an engine that sends while the session goes on. The
//! buffer itself leaves, so that nothing here can grow, move or free what the kernel reads; its place
//! is kept, and nothing behind it is sent until it has come back.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::peers::Kind;
use crate::source::Span;

/// A piece is closed at this size; larger ones only cost cache, smaller ones system calls.
const PIECE: usize = 64 * 1024;
/// A spare buffer larger than this is given back to the system.
const SPARE: usize = 256 * 1024;
/// A queue with room for so many pieces (128 bytes) is worth keeping.
const FEW: usize = 4;
/// So many spare buffers are kept: what one engine thread has in use at once when nobody stalls.
const SPARES: usize = 8;

/// Spare buffers of one engine thread.
#[derive(Debug, Default)]
pub struct Pool {
    spare: Vec<Vec<u8>>,
}

impl Pool {
    #[inline]
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn give(&mut self, mut buf: Vec<u8>) {
        if (1..=SPARE).contains(&buf.capacity()) && self.spare.len() < SPARES {
            buf.clear();
            self.spare.push(buf);
        }
    }
}

#[derive(Debug)]
enum Piece {
    Bytes {
        bytes: Vec<u8>,
        /// How much of them was sent.
        at: usize,
    },
    /// Apart, so that a place in the queue is no larger for it: idle conversations keep a few.
    Range(Box<Span>),
    /// The engine has it, and so many bytes of it are still to be sent.
    Lent(usize),
}

/// A range could not be read to its end: the file has become shorter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<Piece>,
    len: u64,
}

impl Outbox {
    /// Queues bytes, or one datagram.
    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8], kind: Kind, pool: &mut Pool) {
        self.len += bytes.len() as u64;
        let mut rest = bytes;
        if kind == Kind::Stream {
            if rest.is_empty() {
                return;
            }
            if let Some(Piece::Bytes { bytes: last, .. }) = self.pieces.back_mut() {
                // Many small answers leave as one send.
                let room = PIECE.saturating_sub(last.len());
                let (now, later) = rest.split_at(room.min(rest.len()));
                last.extend_from_slice(now);
                if later.is_empty() {
                    return;
                }
                rest = later;
            }
        }
        let mut buf = pool.take();
        buf.extend_from_slice(rest);
        self.pieces.push_back(Piece::Bytes { bytes: buf, at: 0 });
    }

    /// Queues a range of a file, which is no datagram.
    pub(crate) fn push_range(&mut self, span: Span) {
        if !span.is_empty() {
            self.len += span.len();
            self.pieces.push_back(Piece::Range(Box::new(span)));
        }
    }

    /// The bytes that come next: of a stream as many as lie together, or one datagram.
    #[inline]
    pub(crate) fn first(&self) -> Option<&[u8]> {
        match self.pieces.front()? {
            Piece::Bytes { bytes, at } => Some(&bytes[*at..]),
            Piece::Range(_) | Piece::Lent(_) => None,
        }
    }

    /// The range of a file that comes next.
    #[inline]
    pub(crate) fn range(&self) -> Option<&Span> {
        match self.pieces.front()? {
            Piece::Range(span) => Some(span),
            Piece::Bytes { .. } | Piece::Lent(_) => None,
        }
    }

    /// Whether a range comes behind the first piece.
    #[inline]
    pub(crate) fn has_range_next(&self) -> bool {
        matches!(self.pieces.get(1), Some(Piece::Range(_)))
    }

    /// Reads the beginning of the range that comes next, so that bytes do.
    pub(crate) fn load(&mut self, pool: &mut Pool) -> Result<(), Short> {
        let Some(Piece::Range(span)) = self.pieces.front_mut() else { return Ok(()) };
        let most = usize::try_from(span.len()).map_or(PIECE, |len| len.min(PIECE));
        let mut bytes = pool.take();
        bytes.resize(most, 0);
        let n = span.source().read_at(span.at(), &mut bytes).min(most);
        if n == 0 {
            pool.give(bytes);
            return Err(Short);
        }
        bytes.truncate(n);
        span.advance(n as u64);
        if span.is_empty() {
            self.pieces.pop_front();
        }
        self.pieces.push_front(Piece::Bytes { bytes, at: 0 });
        Ok(())
    }

    /// Hands out the first piece, if it is bytes: the buffer, and how much of it was sent.
    pub(crate) fn lend(&mut self) -> Option<(Vec<u8>, usize)> {
        let first = self.pieces.front_mut()?;
        let Piece::Bytes { bytes, at } = first else { return None };
        let lent = (core::mem::take(bytes), *at);
        *first = Piece::Lent(lent.0.len() - lent.1);
        Some(lent)
    }

    /// Whether the first piece is lent.
    pub(crate) fn is_lent(&self) -> bool {
        matches!(self.pieces.front(), Some(Piece::Lent(_)))
    }

    /// Puts a piece back where it was, of which `at` bytes are sent in all; one for which nobody waits
    /// any more, or that is exhausted, goes to the pool.
    pub(crate) fn take_back(&mut self, bytes: Vec<u8>, at: usize, pool: &mut Pool) {
        let Some(Piece::Lent(left)) = self.pieces.front() else { return pool.give(bytes) };
        let now = bytes.len().saturating_sub(at);
        self.len -= left.saturating_sub(now) as u64;
        self.pieces.pop_front();
        if now == 0 {
            pool.give(bytes);
        } else {
            self.pieces.push_front(Piece::Bytes { bytes, at });
        }
    }

    /// Takes `n` bytes off the first piece; an exhausted piece goes back to the pool.
    #[inline]
    pub(crate) fn advance(&mut self, n: u64, pool: &mut Pool) {
        let Some(piece) = self.pieces.front_mut() else { return };
        let n = n.min(piece.len());
        self.len -= n;
        piece.advance(n);
        if piece.len() == 0
            && let Some(Piece::Bytes { bytes, .. }) = self.pieces.pop_front()
        {
            pool.give(bytes);
        }
    }

    /// Gives roomy buffers back when the peer does not read: a stalled peer holds what it is owed
    /// and no more.
    pub(crate) fn settle(&mut self, pool: &mut Pool) {
        for piece in &mut self.pieces {
            if let Piece::Bytes { bytes, at } = piece
                && bytes.capacity() > 2 * (bytes.len() - *at) + 512
            {
                let exact = bytes[*at..].to_vec();
                pool.give(core::mem::replace(bytes, exact));
                *at = 0;
            }
        }
    }

    /// Bytes that wait, those of ranges too.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing waits, not even an empty datagram.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Forgets everything and tells how many bytes that were.
    pub(crate) fn clear(&mut self, pool: &mut Pool) -> u64 {
        for piece in self.pieces.drain(..) {
            if let Piece::Bytes { bytes, .. } = piece {
                pool.give(bytes);
            }
        }
        // The queue of a datagram's sender serves the next; a longer one would be kept for nothing.
        if self.pieces.capacity() > FEW {
            self.pieces = VecDeque::new();
        }
        core::mem::take(&mut self.len)
    }
}

impl Piece {
    /// What is left of it.
    fn len(&self) -> u64 {
        match self {
            Self::Bytes { bytes, at } => (bytes.len() - at) as u64,
            Self::Range(span) => span.len(),
            Self::Lent(left) => *left as u64,
        }
    }

    fn advance(&mut self, n: u64) {
        match self {
            // No more than its length, which is one of memory.
            Self::Bytes { bytes, at } => {
                *at = usize::try_from(n).map_or(bytes.len(), |n| (*at + n).min(bytes.len()));
            }
            Self::Range(span) => span.advance(n),
            // Whoever has it tells when it comes back.
            Self::Lent(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_queue_holds_a_buffer_and_how_far_it_is_sent() {
        assert_eq!(size_of::<Piece>(), size_of::<(Vec<u8>, usize)>());
    }
}
