//! Observers: who hears what happened, and what becomes of it.
//!
//! ```text
//!                      +--> Log      lines for people
//! engine --Event--> Fan+--> Json     lines for scripts
//!                      +--> Record   sock-record/1, from which pictures are drawn
//!                      +--> Tally    numbers
//! ```
//!
//! An observer must not hold up the engine that calls it, and so [`Log`], [`Json`] and [`Record`] have two ways
//! to write, chosen when one is made:
//!
//! - *queued*: an event is copied into a bounded queue, and a thread of the observer's own makes the text and
//!   writes it. A writer that blocks blocks that thread alone; what does not fit is counted and reported.
//!   An engine pays one short lock and one copy of what will be shown: no text is made on its time, and once
//!   the two buffers of the queue have grown there is no allocation but for the addresses of a conversation.
//! - *direct*: the text is made at once and leaves in one `write(2)`. There is no thread, and no lock that
//!   could be held over a `fork`: for an engine whose parent has one thread and whose children have one.
//!
//! When an observer is dropped, or closed, everything that was queued is written first.

mod access;
mod appetite;
mod conversations;
mod descriptor;
mod direct;
mod eager;
mod fan;
mod form;
mod json;
mod log;
mod object;
mod outlet;
mod queue;
mod record;
mod tally;
mod told;
mod words;

pub use self::descriptor::Descriptor;
pub use self::fan::Fan;
pub use self::form::Failure;
pub use self::json::Json;
pub use self::log::{Log, Look};
pub use self::record::{Record, Source};
pub use self::tally::{Counts, Tally};

use sock_proto::Interest;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Errors and nothing else.
    Quiet,
    /// What listens, who comes and goes, notes.
    #[default]
    Normal,
    /// Data and the ends of directions as well.
    Verbose,
}

impl Level {
    /// The events that are needed to tell so much, and datagrams where those are asked for.
    fn interest(self, datagrams: bool) -> Interest {
        let normal = Interest::CONVERSATIONS.union(Interest::NOTES);
        match self {
            Self::Quiet => Interest::NONE,
            Self::Normal if !datagrams => normal,
            Self::Normal | Self::Verbose => normal.union(Interest::DATA),
        }
    }
}
