//! What the generator was told to do: two reports can be compared when this is the same.

use serde::{Deserialize, Serialize};

/// What the generator was told to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Whom to load, as the run names it: `tcp://127.0.0.1:50007`.
    pub endpoint: String,
    /// How messages travel: `tcp`, `udp`, `unix`, `unixgram`, `tls`, `http`, `https`.
    pub transport: String,
    /// The service that replies are checked against, byte for byte: `echo`, `upper` … Null when they are not.
    pub service: Option<String>,
    /// The engine of the generator.
    pub engine: String,
    /// How many connections at once.
    pub connections: u64,
    /// When a message is sent.
    pub pacing: Pacing,
    /// The length of a message in bytes; null where messages differ.
    pub size: Option<u64>,
    /// Until when a reply is read: `line`, `close`, or a number of bytes. Null where the service says it.
    pub until: Option<String>,
    /// How long to measure, in ns; null when a number of messages was asked for.
    pub duration: Option<u64>,
    /// How many messages to send; null when a time was asked for.
    pub number: Option<u64>,
    /// How long to load before measuring begins, in ns; null for not at all.
    pub warm_up: Option<u64>,
    /// Over how long connections are opened, or the rate rises, in ns; null for all at once.
    pub ramp: Option<u64>,
    /// True when every message has a connection of its own.
    pub new_connection: bool,
    /// How long to wait for a reply, in ns; null for as long as it takes.
    pub timeout: Option<u64>,
    /// How many workers load at once.
    pub workers: u32,
    /// How long to spin before waiting, in ns; null for not at all.
    pub busy_poll: Option<u64>,
}

/// When a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "loop", rename_all = "lowercase")]
pub enum Pacing {
    /// When a reply has come: every connection has `depth` messages on the way.
    Closed {
        /// How many messages a connection has on the way.
        depth: u32,
    },
    /// When the schedule says so, whatever has come: latency counts from then, and no slow reply hides another.
    Open {
        /// How many messages a second, on all connections together.
        rate: f64,
    },
    /// As fast as bytes go: there are no messages, and so no latency.
    Bulk {
        /// Which way.
        direction: Direction,
    },
}

impl Default for Pacing {
    /// One message at a time.
    fn default() -> Self {
        Self::Closed { depth: 1 }
    }
}

/// Which way bytes go in bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the server.
    Up,
    /// From the server.
    Down,
    /// Both at once.
    Both,
}
