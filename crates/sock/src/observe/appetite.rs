//! What of an event is worth copying: decided before the queue, so that nothing is copied to be thrown away.

use sock_proto::{Kind, What};

/// What a form makes use of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appetite {
    /// Anything that happens by itself; if not, the form only speaks of failures.
    pub(super) events: bool,
    /// The ends of single directions.
    pub(super) ends: bool,
    /// Conversations of one datagram as such, and not only that datagram.
    pub(super) transient: bool,
    /// How many bytes of each piece of a stream; none: pieces are not told.
    pub(super) stream: Option<usize>,
    /// How many bytes of each datagram that came.
    pub(super) datagram_in: Option<usize>,
    /// How many bytes of each datagram that went.
    pub(super) datagram_out: Option<usize>,
}

impl Appetite {
    /// Tells whether a datagram that comes and goes in order leaves no line.
    pub(super) fn is_hushed(&self) -> bool {
        !self.transient && self.datagram_in.is_none()
    }

    /// How many bytes of its data this event is told with; none where it is not told.
    pub(super) fn keep(&self, what: &What<'_>) -> Option<usize> {
        if !self.events {
            return None;
        }
        let most = |keep: Option<usize>, bytes: &[u8]| keep.map(|keep| keep.min(bytes.len()));
        match what {
            What::Received { kind: Kind::Stream, bytes, .. }
            | What::Sent { kind: Kind::Stream, bytes, .. } => most(self.stream, bytes),
            What::Received { kind: Kind::Datagram, bytes, .. } => most(self.datagram_in, bytes),
            What::Sent { kind: Kind::Datagram, bytes, .. } => most(self.datagram_out, bytes),
            What::Request { line, .. } => Some(line.len()),
            What::Eof | What::Finished => self.ends.then_some(0),
            What::Listening { .. }
            | What::Open { .. }
            | What::Closed { .. }
            | What::Note { .. }
            | What::Stopped { .. } => Some(0),
        }
    }
}
