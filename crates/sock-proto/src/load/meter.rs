//! Meter: who is told of each message what became of it.

use core::time::Duration;

use super::order::Turn;
use crate::{How, Time};

/// Who counts.
///
/// For each message that is due there is one [`Meter::fires`] that said yes and then one
/// [`Meter::replied`] or [`Meter::lost`]; or, where it was due in an open loop and never left, a
/// [`Meter::lost`] with [`Cause::Unsent`] alone.
pub trait Meter {
    /// The connection is open, so long after it was asked for.
    fn connected(&mut self, took: Duration, now: Time);

    /// One more message is due; false: there have been enough. Where the generator itself decided the
    /// moment, `late` says by how much it missed it.
    fn fires(&mut self, due: Time, late: Option<Duration>) -> bool;

    /// The message has gone to the outbox, with so many bytes.
    fn sent(&mut self, bytes: usize, due: Time);

    /// A whole and right reply has come.
    fn replied(&mut self, reply: &Reply);

    /// The message that was due then has no right reply, and will get none.
    fn lost(&mut self, cause: Cause, due: Time, now: Time);

    /// Something came that is no reply, or a wrong one; told once a connection.
    fn odd(&mut self, oddity: &Oddity, now: Time);

    /// Bytes were moved in bulk.
    fn moved(&mut self, sent: u64, received: u64, now: Time);

    /// The connection never opened.
    fn unconnected(&mut self, cause: Cause, now: Time);

    /// The connection is over; what a next one in its place begins with.
    fn ended(&mut self, next: Turn, now: Time);
}

/// A whole reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// When its message left, or in an open loop should have left.
    pub due: Time,
    /// When its message left.
    pub sent: Time,
    /// When its last byte had come.
    pub now: Time,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Why a message has no right reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Nobody listens there.
    Refused,
    /// No way leads there.
    Unreachable,
    /// The peer cut the connection short.
    Reset,
    /// The peer ended before the reply had begun.
    Ended,
    /// The peer ended in the middle of the reply.
    Short,
    /// No reply within its time.
    Timeout,
    /// The reply has other bytes than it should.
    Wrong,
    /// The reply says that the request has failed: a status of HTTP from 400 on.
    Status,
    /// TLS was not spoken, or somebody was not trusted.
    Tls,
    /// The run ended first.
    Missing,
    /// It was due, and the run ended before it could leave: what was before it had no reply.
    Unsent,
    /// Anything else.
    Failed,
}

impl Cause {
    /// Why a message is lost on a connection that ended like this.
    #[must_use]
    pub const fn of(how: How) -> Self {
        match how {
            How::Fin | How::Truncated => Self::Ended,
            How::Reset => Self::Reset,
            How::Timeout => Self::Timeout,
            How::Refused => Self::Refused,
            How::Unreachable | How::Denied => Self::Unreachable,
            How::Stop => Self::Missing,
            How::Tls => Self::Tls,
            How::Failed => Self::Failed,
        }
    }
}

/// What came that should not have: enough to say it in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A byte of a reply is another one; none: the reply ended there, or should have.
    Byte {
        /// The number of the message on its connection.
        number: u64,
        /// Where in the reply, from 0.
        at: u64,
        /// What it should have been.
        expected: Option<u8>,
        /// What it is.
        found: Option<u8>,
    },
    /// So many bytes came for which nobody had asked.
    Unasked {
        /// How many.
        bytes: u64,
    },
    /// A reply to a message that had been given up, or the same reply once more.
    Late,
    /// A reply of this status.
    Status(u16),
    /// A reply that HTTP's grammar does not know.
    Malformed,
}
