//! Patience: how long a client may take over its part of a conversation.

use core::time::Duration;

/// How long a client may take; who takes longer is answered by 408 where an answer still makes sense,
/// and let go.
///
/// The general limit on silence (`Limits::idle`) holds beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of a request until the last of its head.
    pub head: Duration,
    /// Between two pieces of a body.
    pub body: Duration,
    /// While a body comes, in bytes a second on average; 0 asks for no rate. What is slower has
    /// [`Patience::body`] twice, and then no more: one byte every nine seconds would hold a
    /// conversation for ever.
    pub rate: u32,
    /// Between two requests, and before the first.
    pub idle: Duration,
    /// While an answer waits to be sent and the client takes nothing of it. There is no rate here:
    /// what a kernel takes over comes in lumps of up to some megabytes, with long pauses between them.
    pub stalled: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            rate: 500,
            idle: Duration::from_mins(1),
            stalled: Duration::from_mins(1),
        }
    }
}
