//! Link: one descriptor that is watched, the operations that run for it, and what they have brought.
//!
//! An operation names its link, not the descriptor: a number that is used again after a close means
//! somebody else, and a link lives until its last operation has ended. What an operation is:
//!
//! ```text
//! Idle --wanted--> Running --it ends by itself--> Idle
//!                     | no longer wanted
//!                     +--> Ending --its last result--> Idle
//! ```

use std::num::NonZero;
use std::os::fd::RawFd;

use rustix::io::Errno;

use super::super::wait::{Nature, Want};

/// Where an operation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Life {
    #[default]
    Idle,
    Running,
    /// It was asked to end, and has not yet.
    Ending,
}

/// A piece of an outbox, by its place among those that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sending {
    #[default]
    Nothing,
    /// It leaves with the next wait.
    Queued(u32),
    UnderWay(u32),
    /// It has its result, and comes back.
    Done(u32),
}

/// Bytes in a buffer of the kernel's choice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) is_bulk: bool,
    pub(super) buffer: u16,
    pub(super) n: u32,
}

/// Bytes that came and were not wanted at that moment.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) at: usize,
}

/// The result of an operation that brought no more: 0, or an error with its sign; one less, so that
/// there being none takes no room.
#[derive(Debug, Clone, Copy)]
pub(super) struct End(NonZero<i32>);

impl End {
    pub(super) fn new(result: i32) -> Option<Self> {
        NonZero::new(result.checked_sub(1)?).map(Self)
    }

    fn result(self) -> i32 {
        self.0.get() + 1
    }
}

/// One descriptor that is watched.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is about another thing, and all combine")]
pub(super) struct Link {
    pub(super) key: u64,
    pub(super) fd: RawFd,
    pub(super) nature: Nature,
    pub(super) want: Want,
    /// The receive, the accept or the poll for reading.
    pub(super) input: Life,
    /// The poll for writing.
    pub(super) room: Life,
    pub(super) sending: Sending,
    /// The receive takes one large buffer, and ends; it is asked for each time.
    pub(super) is_bulk: bool,
    /// The next receive is to be of that kind.
    pub(super) next_is_bulk: bool,
    /// Nobody asks for it any more: it goes with its last operation.
    pub(super) is_forgotten: bool,
    /// It is among those that are looked at before the next wait.
    pub(super) is_due: bool,
    /// It is among those that are told after this one.
    pub(super) is_told: bool,
    /// A poll has said so.
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    /// Somebody was accepted and has not been taken.
    pub(super) has_callers: bool,
    /// What came, in this order: a piece, what is kept, the end.
    pub(super) piece: Option<Piece>,
    pub(super) more: Option<Box<Kept>>,
    /// The result with which the stream ended, or the last accept failed; 0 is the end of a stream.
    pub(super) end: Option<End>,
}

impl Link {
    pub(super) fn new(key: u64, fd: RawFd, nature: Nature) -> Self {
        Self {
            key,
            fd,
            nature,
            want: Want::NOTHING,
            input: Life::Idle,
            room: Life::Idle,
            sending: Sending::Nothing,
            is_bulk: false,
            next_is_bulk: false,
            is_forgotten: false,
            is_due: false,
            is_told: false,
            is_readable: false,
            is_writable: false,
            has_callers: false,
            piece: None,
            more: None,
            end: None,
        }
    }

    /// Whether an operation runs that will have a result.
    pub(super) fn is_running(&self) -> bool {
        let is_sent = matches!(self.sending, Sending::UnderWay(_));
        self.input != Life::Idle || self.room != Life::Idle || is_sent
    }

    /// Whether bytes came that have not been taken.
    pub(super) fn has_bytes(&self) -> bool {
        self.piece.is_some() || self.more.is_some()
    }

    /// Whether a read would find something without asking the kernel.
    pub(super) fn has_come(&self) -> bool {
        self.has_bytes() || self.end.is_some() || self.has_callers
    }

    /// Whether whoever watches it is to be told that it may be read. While something is under way
    /// nobody knows yet whether more is wanted.
    pub(super) fn is_ready_to_read(&self) -> bool {
        self.want.read && (self.is_readable || (self.has_come() && !self.is_sending()))
    }

    /// Whether the kernel is to be asked for more.
    pub(super) fn wants_input(&self) -> bool {
        let is_held = self.has_bytes() || (self.is_bulk && self.is_sending());
        self.want.read && !self.is_forgotten && self.end.is_none() && !is_held
    }

    fn is_sending(&self) -> bool {
        matches!(self.sending, Sending::Queued(_) | Sending::UnderWay(_))
    }

    /// Whether the receive or accept that runs is to end: nobody wants more, or more in another way.
    pub(super) fn is_input_over(&self) -> bool {
        let is_held = !self.is_bulk && (self.has_bytes() || self.next_is_bulk);
        self.input == Life::Running && (!self.want.read || self.is_forgotten || is_held)
    }

    /// Keeps bytes behind those that have come already.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.more.get_or_insert_default().bytes.extend_from_slice(bytes);
    }

    /// Keeps bytes in front of those that are kept.
    pub(super) fn keep_first(&mut self, bytes: &[u8]) {
        let mut all = bytes.to_vec();
        if let Some(kept) = self.more.take() {
            all.extend_from_slice(&kept.bytes[kept.at..]);
        }
        self.more = Some(Box::new(Kept { bytes: all, at: 0 }));
    }

    /// The end of a stream stays; what made an accept fail is told once.
    pub(super) fn take_end(&mut self) -> Result<(), Errno> {
        let end = match self.nature {
            Nature::Stream => self.end,
            Nature::Signal | Nature::Callers => self.end.take(),
        };
        match end {
            None => Err(Errno::AGAIN),
            Some(end) if end.result() == 0 => Ok(()),
            Some(end) => Err(Errno::from_raw_os_error(-end.result())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_small_because_every_idle_connection_has_one() {
        assert!(size_of::<Link>() <= 56, "{} B", size_of::<Link>());
    }
}
