//! The transports and the scenarios of the engine table, and which cells mean nothing.

pub(crate) mod client;
pub(crate) mod server;

use std::time::{Duration, Instant};

/// Nothing in these tests takes longer on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const ENGINES: [&str; 7] =
    ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"];
/// Those on which one client does not wait for another.
pub(crate) const CONCURRENT: [&str; 6] = ["threads", "fork", "select", "epoll", "uring", "tokio"];
/// Those on which all conversations are held by one thread.
pub(crate) const ONE_THREAD: [&str; 4] = ["select", "epoll", "uring", "tokio"];

#[allow(clippy::disallowed_methods, reason = "tests measure that a timer is never early")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
    Unix,
    Unixgram,
    /// TLS over IPv4.
    Tls,
}

impl Transport {
    pub(crate) const ALL: [Self; 7] =
        [Self::Tcp4, Self::Tcp6, Self::Udp4, Self::Udp6, Self::Unix, Self::Unixgram, Self::Tls];

    pub(crate) fn is_datagram(self) -> bool {
        matches!(self, Self::Udp4 | Self::Udp6 | Self::Unixgram)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Echo,
    Bulk,
    HalfClose,
    Silent,
    Producer,
    Timer,
    Refused,
    Reset,
    StopsReading,
    StopWhileBusy,
}

impl Scenario {
    /// Why a cell means nothing, if it does.
    pub(crate) fn means_nothing(self, engine: &str, transport: Transport) -> Option<&'static str> {
        if transport.is_datagram() {
            match self {
                Self::HalfClose => return Some("a datagram socket has no direction to end"),
                Self::Reset => return Some("a datagram socket has no connection to reset"),
                Self::StopsReading => return Some("datagrams that nobody reads are dropped"),
                Self::Echo
                | Self::Bulk
                | Self::Silent
                | Self::Producer
                | Self::Timer
                | Self::Refused
                | Self::StopWhileBusy => {}
            }
        }
        if self == Self::Silent && engine == "iterative" && !transport.is_datagram() {
            return Some("the lecture's problem 1: see on_iterative_the_second_client_waits");
        }
        None
    }
}
