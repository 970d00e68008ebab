//! Outbox: what waits to be sent to one peer, a queue of pieces.
//!
//! A piece is bytes of a stream or exactly one datagram (empty ones too). Only the last piece
//! grows, up to 64 KiB. Buffers come from the engine's [`Pool`] and go back to it as soon as they
//! are empty: an idle session holds none, and a busy one allocates nothing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::peers::Kind;

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
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    pub(crate) fn give(&mut self, mut buf: Vec<u8>) {
        if (1..=SPARE).contains(&buf.capacity()) && self.spare.len() < SPARES {
            buf.clear();
            self.spare.push(buf);
        }
    }
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// How much of it was sent.
    at: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<Piece>,
    len: usize,
}

impl Outbox {
    /// Queues bytes, or one datagram.
    pub(crate) fn push(&mut self, bytes: &[u8], kind: Kind, pool: &mut Pool) {
        self.len += bytes.len();
        let mut rest = bytes;
        if kind == Kind::Stream {
            if rest.is_empty() {
                return;
            }
            if let Some(last) = self.pieces.back_mut() {
                // Many small answers leave as one send.
                let room = PIECE.saturating_sub(last.bytes.len());
                let (now, later) = rest.split_at(room.min(rest.len()));
                last.bytes.extend_from_slice(now);
                if later.is_empty() {
                    return;
                }
                rest = later;
            }
        }
        let mut buf = pool.take();
        buf.extend_from_slice(rest);
        self.pieces.push_back(Piece { bytes: buf, at: 0 });
    }

    /// The bytes that come next: of a stream as many as lie together, or one datagram.
    pub(crate) fn first(&self) -> Option<&[u8]> {
        self.pieces.front().map(|piece| &piece.bytes[piece.at..])
    }

    /// Takes `n` bytes off the first piece; an exhausted piece goes back to the pool.
    pub(crate) fn advance(&mut self, n: usize, pool: &mut Pool) {
        let Some(piece) = self.pieces.front_mut() else { return };
        let n = n.min(piece.bytes.len() - piece.at);
        piece.at += n;
        self.len -= n;
        if piece.at == piece.bytes.len()
            && let Some(piece) = self.pieces.pop_front()
        {
            pool.give(piece.bytes);
        }
    }

    /// Gives roomy buffers back when the peer does not read: a stalled peer holds what it is owed
    /// and no more.
    pub(crate) fn settle(&mut self, pool: &mut Pool) {
        for piece in &mut self.pieces {
            if piece.bytes.capacity() > 2 * (piece.bytes.len() - piece.at) + 512 {
                let exact = piece.bytes[piece.at..].to_vec();
                pool.give(core::mem::replace(&mut piece.bytes, exact));
                piece.at = 0;
            }
        }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits, not even an empty datagram.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Forgets everything and tells how many bytes that were.
    pub(crate) fn clear(&mut self, pool: &mut Pool) -> usize {
        for piece in self.pieces.drain(..) {
            pool.give(piece.bytes);
        }
        // The queue of a datagram's sender serves the next; a longer one would be kept for nothing.
        if self.pieces.capacity() > FEW {
            self.pieces = VecDeque::new();
        }
        core::mem::take(&mut self.len)
    }
}
