//! Order: what all connections of a run are told, and what each one is told on its own.

use core::time::Duration;

use super::check::Check;
use super::message::Message;
use super::meter::{Cause, Meter};
use super::until::Until;
use crate::Time;

/// When messages leave on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The next one when a reply has come, so that so many are under way.
    Closed {
        /// How many; at least 1.
        depth: u32,
    },
    /// At fixed moments, whatever has come; latency is counted from these moments.
    Open {
        /// The time between two of them; at least 1 ns.
        every: Duration,
        /// At most so many are under way; the others leave late, and the moment counts all the same.
        most: u32,
    },
}

impl When {
    /// How many may be under way.
    pub(super) const fn most(self) -> u32 {
        match self {
            Self::Closed { depth } => depth,
            Self::Open { most, .. } => most,
        }
    }
}

/// What all connections of a run are told.
#[derive(Debug, Clone)]
pub struct Order {
    /// When messages leave.
    pub when: When,
    /// What is sent.
    pub message: Message,
    /// When a reply is whole.
    pub until: Until,
    /// What each reply has to be.
    pub check: Check,
    /// How long a reply may take from when its message left; none: as long as it likes.
    pub timeout: Option<Duration>,
    /// No message leaves from this moment on.
    pub ends: Time,
    /// So long after that, replies are waited for.
    pub grace: Duration,
    /// A connection is for one message.
    pub once: bool,
    /// What chance grows from.
    pub seed: u64,
}

impl Order {
    /// Whether a connection is for one message: a reply until the end leaves no other choice.
    #[must_use]
    pub fn is_once(&self) -> bool {
        self.once || self.until == Until::Close
    }

    /// Counts what is due before `ends` as lost, where it cannot leave any more.
    pub fn give_up(&self, turn: &mut Turn, ends: Time, now: Time, meter: &mut impl Meter) {
        let When::Open { every, .. } = self.when else { return };
        while turn.due < ends {
            meter.lost(Cause::Unsent, turn.due, now);
            turn.due = turn.due + every;
        }
    }

    /// Counts the one message of a connection that never opened as lost.
    pub fn fail(&self, turn: &mut Turn, cause: Cause, now: Time, meter: &mut impl Meter) {
        if !self.is_once() {
            return;
        }
        let due = match self.when {
            When::Closed { .. } => turn.dialled,
            When::Open { .. } => turn.due,
        };
        if meter.fires(due, None) {
            meter.lost(cause, due, now);
        }
        turn.number += 1;
        if let When::Open { every, .. } = self.when {
            turn.due = due + every;
        }
    }
}

/// Where one connection begins: the place of one that ended goes on where that had come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Which of the connections that are open at once, from 1: `{conn}` of a message.
    pub conn: u64,
    /// The number of its next message, from 1.
    pub number: u64,
    /// When that is due in an open loop; in a closed one it leaves when the connection opens.
    pub due: Time,
    /// When the connection was asked for.
    pub dialled: Time,
}
