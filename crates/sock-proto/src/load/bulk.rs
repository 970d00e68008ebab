//! Bulk: as many bytes as the connection takes, without messages.

use alloc::sync::Arc;
use alloc::vec;

use super::meter::{Cause, Meter};
use super::order::Turn;
use crate::{How, Input, Out, Protocol, Time};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the peer.
    Up,
    /// From the peer.
    Down,
    /// Both at once: an echo.
    Both,
}

/// Moves bytes until the end of the run, and tells its [`Meter`] how many.
#[derive(Debug)]
pub struct Bulk<M> {
    direction: Direction,
    ends: Time,
    piece: Arc<[u8]>,
    meter: M,
    turn: Turn,
    is_open: bool,
    /// A piece is under way.
    pushes: bool,
}

/// One send moves so much: the kernel's cost of a call is nothing beside that of the bytes.
const PIECE: usize = 64 * 1024;
impl<M: Meter> Bulk<M> {
    /// The piece that all connections send.
    #[must_use]
    pub fn piece() -> Arc<[u8]> {
        vec![b'x'; PIECE].into()
    }

    /// The connection that begins where `turn` says, and moves bytes until `ends`.
    pub fn new(direction: Direction, ends: Time, piece: Arc<[u8]>, turn: Turn, meter: M) -> Self {
        Self { direction, ends, piece, meter, turn, is_open: false, pushes: false }
    }

    fn push(&mut self, out: &mut Out<'_>) {
        let now = out.now();
        if core::mem::take(&mut self.pushes) {
            self.meter.moved(self.piece.len() as u64, 0, now);
        }
        if self.direction == Direction::Down || !out.is_open() {
            return;
        }
        out.send(&self.piece);
        self.pushes = true;
        out.notify_drained();
    }
}

impl<M: Meter> Protocol for Bulk<M> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let now = out.now();
        match input {
            Input::Open => {
                self.is_open = true;
                self.meter.connected(now - self.turn.dialled, now);
                out.wake_at(self.ends);
                self.push(out);
            }
            Input::Drained => self.push(out),
            Input::Data(bytes) => self.meter.moved(0, bytes.len() as u64, now),
            // What is under way is of no use to anybody.
            Input::Timeout | Input::Stop => out.abort(),
            Input::Eof => {
                if now < self.ends {
                    self.meter.lost(Cause::Ended, now, now);
                }
                out.leave();
            }
            Input::Closed(reason) => {
                let cause = Cause::of(reason.how);
                if !self.is_open {
                    self.meter.unconnected(cause, now);
                } else if reason.how != How::Fin && now < self.ends && reason.by == crate::By::Peer
                {
                    self.meter.lost(cause, now, now);
                }
                self.meter.ended(self.turn, now);
            }
        }
    }
}
