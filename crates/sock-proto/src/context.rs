//! Context: what an engine lends to a session at every call: the time, the limits, the buffers
//! and who observes.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::event::{Event, Interest, Observer, What};
use crate::outbox::Pool;
use crate::peers::Link;
use crate::time::Time;

/// What an engine thread shares among all of its sessions.
#[derive(Default)]
pub struct Context {
    /// The present moment: read once a wake-up, not once an event.
    pub now: Time,
    /// What the run was told about time and size.
    pub limits: Limits,
    /// What all of its conversations came to.
    pub tally: Tally,
    /// The engine sends ranges of files by itself; for another they are read. Whoever watches the
    /// bytes gets them: with an interest in [`Interest::DATA`] it is best left unset.
    pub takes_ranges: bool,
    /// The engine reads the clock anew for what each peer has sent: somebody measures how long that
    /// took.
    pub is_exact: bool,
    wall_origin: Duration,
    chance: u64,
    observer: Option<Arc<dyn Observer>>,
    interest: Interest,
    pub(crate) pool: Pool,
}

impl Context {
    /// Makes a context whose moment [`Time::ZERO`] is `wall_origin` after the Unix epoch, and whose
    /// chance grows from `seed`.
    #[must_use]
    pub fn new(limits: Limits, wall_origin: Duration, seed: u64) -> Self {
        Self { limits, wall_origin, chance: seed, ..Self::default() }
    }

    /// Tells every event from now on to `observer`.
    #[must_use]
    pub fn observed_by(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.interest = observer.as_ref().map_or(Interest::NONE, |o| o.interest());
        self.observer = observer;
        self
    }

    /// Tells whether anybody wants events of this kind.
    #[must_use]
    #[inline]
    pub fn is_watched(&self, interest: Interest) -> bool {
        self.interest.contains(interest)
    }

    /// Tells the observer what happened just now; costs a branch when nobody wants to know.
    #[inline]
    pub fn emit(&self, conn: u64, what: What<'_>) {
        if self.interest.contains(what.interest())
            && conn != Link::OWN_SIDE
            && let Some(observer) = &self.observer
        {
            observer.event(&Event { time: self.now, conn, what });
        }
    }

    /// Tells the time of day, since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.wall_origin + self.now.since(Time::ZERO)
    }

    /// Draws a number; the same seed draws the same numbers (the generator is called split-mix).
    pub fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("limits", &self.limits)
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}

/// What conversations came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Conversations that ended.
    pub conversations: u64,
    /// Bytes that were sent in them.
    pub sent: u64,
    /// Bytes that were received in them.
    pub received: u64,
}

/// How long and how much a session may wait and keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A conversation in which nothing moves for so long is ended; none: never.
    pub idle: Option<Duration>,
    /// The same for a sender of datagrams, which cannot say that it has ended.
    pub sender_idle: Option<Duration>,
    /// After [`Out::close`](crate::Out::close): how long the peer may take to read what it is owed
    /// and to end; counted from the last progress. None: for ever.
    pub linger: Option<Duration>,
    /// After [`Out::finish`](crate::Out::finish): how long we go on hearing a peer that does not
    /// end. None: for ever.
    pub patience: Option<Duration>,
    /// End with a reset instead of a FIN.
    pub reset: bool,
    /// A relay stops reading one side while so many bytes wait for the other.
    pub relayed: usize,
    /// Delays at named points, for teaching.
    pub pauses: Pauses,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: None,
            // As long as a careful router remembers a sender (RFC 4787 asks for 2 minutes).
            sender_idle: Some(Duration::from_mins(2)),
            linger: Some(Duration::from_secs(2)),
            patience: None,
            reset: false,
            // Two pieces: one in the kernel's hands while the next is read.
            relayed: 128 * 1024,
            pauses: Pauses::default(),
        }
    }
}

/// Delays at named points of a conversation, for teaching; zero is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pauses {
    /// Before each read.
    pub read: Duration,
    /// Before what was queued is written.
    pub write: Duration,
    /// Before our direction is ended: the FIN is late by so much.
    pub close: Duration,
}
