//! Events: what happened, told once to whoever observes.
//!
//! Nobody prints and everybody observes: the log, the record, the tally and the tests are all
//! observers of the same events.

use core::fmt;
use core::time::Duration;

use crate::endpoint::Endpoint;
use crate::peers::Kind;
use crate::time::Time;

/// Hears every event in which it is interested, once.
///
/// An observer must not block: the engine that calls it serves everybody else.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event<'_>);

    /// Tells which events it wants; asked once, when a run begins.
    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

/// A set of kinds of events, so that a run that nobody watches pays nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Conversations that open and close, ends of directions, listening and stopping.
    pub const CONVERSATIONS: Self = Self(1);
    /// Bytes and datagrams that were sent and received.
    pub const DATA: Self = Self(2);
    /// Things worth saying, and requests that were answered.
    pub const NOTES: Self = Self(4);
    /// Everything.
    pub const ALL: Self = Self(7);

    /// Tells whether all of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Joins two sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When it had happened.
    pub time: Time,
    /// The conversation's number in this run, from 1; 0 where it concerns no conversation.
    pub conn: u64,
    /// What it was.
    pub what: What<'a>,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// An endpoint listens; once for each endpoint.
    Listening {
        /// Where, with the real port.
        endpoint: &'a Endpoint,
        /// The service's name.
        service: &'a str,
        /// The engine's name.
        engine: &'a str,
        /// The time of day, since the Unix epoch.
        wall: Duration,
    },
    /// A conversation began.
    Open {
        /// Stream or datagram.
        kind: Kind,
        /// Whether we called the peer (and not the peer us).
        called: bool,
        /// Whether it lives for one datagram only.
        transient: bool,
        /// Our address.
        local: &'a Endpoint,
        /// The peer's address.
        remote: &'a Endpoint,
    },
    /// Bytes, or one datagram, arrived.
    Received {
        /// Bytes of a stream, or one whole datagram.
        kind: Kind,
        /// What arrived.
        bytes: &'a [u8],
        /// When the call that received it began.
        since: Time,
    },
    /// Bytes, or one datagram, were taken by the kernel.
    Sent {
        /// Bytes of a stream, or one whole datagram.
        kind: Kind,
        /// What was sent.
        bytes: &'a [u8],
        /// When the call that sent it began.
        since: Time,
    },
    /// The peer ended its direction.
    Eof,
    /// We ended our direction.
    Finished,
    /// A conversation ended.
    Closed {
        /// Who ended it, and how.
        reason: Reason,
        /// Bytes that were sent in all.
        sent: u64,
        /// Bytes that were received in all.
        received: u64,
        /// Bytes that we had queued and that were never sent.
        unsent: u64,
        /// How long it was open.
        lasted: Duration,
    },
    /// Something worth saying.
    Note {
        /// A stable word for scripts.
        code: &'static str,
        /// A sentence for people.
        text: fmt::Arguments<'a>,
    },
    /// A request was answered, and the answer was sent, or its conversation has ended before all of it was.
    Request {
        /// The request's first line, without its end, or what came of it.
        line: &'a [u8],
        /// The status of the answer.
        status: u16,
        /// Bytes of the answer's body that were sent.
        bytes: u64,
        /// The time of day at which the request began to come, since the Unix epoch.
        began: Duration,
        /// How long after that the answer was sent.
        took: Duration,
        /// Who asked.
        client: Client<'a>,
    },
    /// The run ended.
    Stopped {
        /// Conversations in all.
        conversations: u64,
        /// Bytes that were sent in all.
        sent: u64,
        /// Bytes that were received in all.
        received: u64,
    },
}

/// What a request says of who asks; empty where it says nothing, and cut where it says more than a log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Client<'a> {
    /// The name under which it was let in, where a password is asked for.
    pub user: &'a [u8],
    /// The program: the field `User-Agent`.
    pub agent: &'a [u8],
    /// The page with the link that was followed: the field `Referer`.
    pub referer: &'a [u8],
}

impl What<'_> {
    /// Tells which interest this belongs to.
    #[must_use]
    pub const fn interest(&self) -> Interest {
        match self {
            Self::Received { .. } | Self::Sent { .. } => Interest::DATA,
            Self::Note { .. } | Self::Request { .. } => Interest::NOTES,
            Self::Listening { .. }
            | Self::Open { .. }
            | Self::Eof
            | Self::Finished
            | Self::Closed { .. }
            | Self::Stopped { .. } => Interest::CONVERSATIONS,
        }
    }
}

/// Who ended a conversation, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason {
    /// Who ended it first.
    pub by: By,
    /// How.
    pub how: How,
}

/// One of the two sides, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The other side.
    Peer,
    /// This side.
    Us,
}

/// The ways in which a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// Both directions ended in order.
    Fin,
    /// Cut short: what was on its way is lost.
    Reset,
    /// Nothing came, or nothing went, for too long.
    Timeout,
    /// Nothing listens there.
    Refused,
    /// No way leads there.
    Unreachable,
    /// The access rules say no.
    Denied,
    /// The run ended before the conversation did.
    Stop,
    /// TLS was not spoken, or somebody was not trusted; a note says why.
    Tls,
    /// The connection ended before the conversation did: nothing says that this was all.
    Truncated,
    /// The system failed in a way that has no word of its own; a note says which.
    Failed,
}

impl How {
    /// Tells the word that scripts read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::Stop => "stop",
            Self::Tls => "tls",
            Self::Truncated => "truncated",
            Self::Failed => "failed",
        }
    }
}

/// As a person reads it: `by peer (FIN)`, `by us (timeout)`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            By::Peer => "peer",
            By::Us => "us",
        };
        match self.how {
            How::Fin => write!(f, "by {by} (FIN)"),
            How::Reset => write!(f, "by {by} (RST)"),
            How::Tls => write!(f, "by {by} (TLS)"),
            How::Timeout
            | How::Refused
            | How::Unreachable
            | How::Denied
            | How::Stop
            | How::Truncated
            | How::Failed => write!(f, "by {by} ({})", self.how.word()),
        }
    }
}
