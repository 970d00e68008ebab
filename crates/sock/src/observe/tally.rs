//! Tally: how often what happened.

use std::sync::atomic::{AtomicU64, Ordering};

use sock_proto::{Event, Observer, What};

/// Counts events by kind.
///
/// Counters are independent: while events come in, a sum over several of them need not fit.
#[derive(Debug, Default)]
pub struct Tally {
    listening: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
    received: AtomicU64,
    received_bytes: AtomicU64,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    eof: AtomicU64,
    finished: AtomicU64,
    notes: AtomicU64,
    stopped: AtomicU64,
}

/// What a [`Tally`] has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Endpoints that listened.
    pub listening: u64,
    /// Conversations that opened.
    pub opened: u64,
    /// Conversations that closed; those that never opened are among them.
    pub closed: u64,
    /// Arrivals: pieces of streams and datagrams.
    pub received: u64,
    /// Bytes that arrived.
    pub received_bytes: u64,
    /// Departures: pieces of streams and datagrams.
    pub sent: u64,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Directions that peers ended.
    pub eof: u64,
    /// Directions that we ended.
    pub finished: u64,
    /// Notes.
    pub notes: u64,
    /// Runs that ended.
    pub stopped: u64,
}

impl Tally {
    /// Counts from zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            listening: read(&self.listening),
            opened: read(&self.opened),
            closed: read(&self.closed),
            received: read(&self.received),
            received_bytes: read(&self.received_bytes),
            sent: read(&self.sent),
            sent_bytes: read(&self.sent_bytes),
            eof: read(&self.eof),
            finished: read(&self.finished),
            notes: read(&self.notes),
            stopped: read(&self.stopped),
        }
    }
}

impl Observer for Tally {
    fn event(&self, event: &Event<'_>) {
        let add = |counter: &AtomicU64, n: usize| {
            counter.fetch_add(n as u64, Ordering::Relaxed);
        };
        match event.what {
            What::Listening { .. } => add(&self.listening, 1),
            What::Open { .. } => add(&self.opened, 1),
            What::Received { bytes, .. } => {
                add(&self.received, 1);
                add(&self.received_bytes, bytes.len());
            }
            What::Sent { bytes, .. } => {
                add(&self.sent, 1);
                add(&self.sent_bytes, bytes.len());
            }
            What::Eof => add(&self.eof, 1),
            What::Finished => add(&self.finished, 1),
            What::Closed { .. } => add(&self.closed, 1),
            What::Note { .. } | What::Request { .. } => add(&self.notes, 1),
            What::Stopped { .. } => add(&self.stopped, 1),
        }
    }
}
