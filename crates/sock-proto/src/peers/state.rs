//! State: one conversation of a session.

use super::{Gate, Kind, Link};
use crate::context::Context;
use crate::event::{By, How};
use crate::outbox::Outbox;
use crate::time::Time;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Not yet open.
    Due,
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ours {
    Open,
    Finishing,
    Ended,
    /// To be cut short: nothing more is sent.
    Aborting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theirs {
    Heard,
    /// The protocol has closed: what still comes is counted and discarded.
    Unheard,
    Ended,
}

/// What a producer has asked for, and been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Nothing, or the turn that it asked for has come.
    Told,
    /// Its turn when the outbox is empty.
    Asked,
    /// The same, after something has been queued: it had its turn and did not use it.
    Held,
}

impl Drained {
    pub(crate) fn hold(&mut self) {
        if *self == Self::Asked {
            *self = Self::Held;
        }
    }

    pub(crate) fn release(&mut self) {
        if *self == Self::Held {
            *self = Self::Asked;
        }
    }
}

/// One conversation.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) outbox: Outbox,
    pub(crate) conn: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// What came after the protocol had closed.
    pub(crate) discarded: u64,
    pub(crate) opened: Time,
    /// When something last moved.
    pub(crate) moved: Time,
    pub(crate) read_from: Time,
    pub(crate) write_from: Time,
    pub(crate) close_from: Time,
    pub(crate) gate: Gate,
    pub(crate) kind: Kind,
    pub(crate) life: Life,
    pub(crate) ours: Ours,
    pub(crate) theirs: Theirs,
    pub(crate) drained: Drained,
    /// The protocol has closed, and waits no longer than the linger limit.
    pub(crate) lingers: bool,
    pub(crate) transient: bool,
    pub(crate) called: bool,
    pub(crate) ear: Ear,
    pub(crate) told: Told,
    pub(crate) ended_first: Option<By>,
    /// What its end is to be called.
    pub(crate) how: Option<How>,
    /// What a session within this one holds back for the peer.
    pub(crate) behind: u64,
}

/// Whether the protocol wants to be given more at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ear {
    Open,
    Shut,
}

/// What is told of a conversation that one session holds within another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    All,
    /// Its beginning and its end: the bytes are the wire's.
    Frame,
    /// What is between them.
    Content,
}

impl State {
    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            outbox: Outbox::default(),
            conn: 0,
            sent: 0,
            received: 0,
            discarded: 0,
            opened: Time::ZERO,
            moved: Time::ZERO,
            read_from: Time::ZERO,
            write_from: Time::ZERO,
            close_from: Time::ZERO,
            gate,
            kind: Kind::Stream,
            life: Life::Due,
            ours: Ours::Open,
            theirs: Theirs::Heard,
            drained: Drained::Told,
            lingers: false,
            transient: false,
            called: false,
            ear: Ear::Open,
            told: Told::All,
            ended_first: None,
            how: None,
            behind: 0,
        }
    }

    /// Whether the protocol still wants to know what the peer sends.
    pub(crate) fn is_heard(&self) -> bool {
        self.theirs == Theirs::Heard && self.ours != Ours::Aborting
    }

    /// Whether nothing about a stream that is open can fall due: it has no limit, no pause and no end. Most
    /// are asked only this, after every message.
    #[inline]
    pub(super) fn is_free(&self, cx: &Context) -> bool {
        self.kind == Kind::Stream
            && self.ours == Ours::Open
            && cx.limits.idle.is_none()
            && self.read_from.max(self.write_from) <= cx.now
    }

    /// Whether it is open, heard, owed nothing, and nothing about it can fall due.
    #[inline]
    pub(crate) fn is_calm(&self, cx: &Context) -> bool {
        self.life == Life::Open
            && self.theirs == Theirs::Heard
            && self.ear == Ear::Open
            && self.drained != Drained::Asked
            && self.outbox.is_empty()
            && !matches!(self.gate, Gate::Feeds(_))
            && self.is_free(cx)
    }

    /// When something about this peer is to be looked at.
    pub(super) fn next_look(&self, patience: Option<Time>, cx: &Context) -> Option<Time> {
        if self.life != Life::Open {
            return None;
        }
        let ended = self.theirs == Theirs::Ended;
        let pauses = [
            (self.read_from, !ended),
            (self.write_from, !self.outbox.is_empty()),
            (self.close_from, self.ours == Ours::Finishing),
        ];
        let ahead = pauses.into_iter().filter(|(at, on)| *on && *at > cx.now);
        Time::earlier(ahead.map(|(at, _)| at).min(), patience)
    }

    /// Whether a pause ended between these two moments.
    pub(crate) fn was_held(&self, since: Time, now: Time) -> bool {
        let pauses = [self.read_from, self.write_from, self.close_from];
        self.life == Life::Open && pauses.iter().any(|at| (since..=now).contains(at))
    }

    /// Until when the peer may stay silent, whichever limit comes first.
    pub(super) fn patience(&self, cx: &Context) -> Option<Time> {
        if self.ear == Ear::Shut && self.outbox.is_empty() {
            // It is not its silence.
            return None;
        }
        if self.conn == Link::OWN_SIDE {
            // Whoever reads our standard output takes the time that he takes.
            return None;
        }
        let ending = match self.ours {
            Ours::Open => None,
            Ours::Finishing | Ours::Ended | Ours::Aborting if self.lingers => cx.limits.linger,
            Ours::Finishing | Ours::Ended | Ours::Aborting => cx.limits.patience,
        };
        let idle = match self.kind {
            Kind::Datagram if !self.called => cx.limits.idle.or(cx.limits.sender_idle),
            Kind::Datagram | Kind::Stream => cx.limits.idle,
        };
        let wait = match (ending, idle) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some(self.moved + wait)
    }
}
