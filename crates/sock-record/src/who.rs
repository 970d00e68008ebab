//! The lines that say who took part: the record itself, processes, sockets.

use serde::{Deserialize, Serialize};

use crate::word::words;

/// The number of a process in a record. It is not the process id, which the system gives out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcId(pub u32);

/// The number of a socket in a record. It is not the descriptor, which the system gives out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SockId(pub u32);

/// The version of the format: always `sock-record/1`, and reading any other is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Schema;

impl Schema {
    /// How the format is named in `meta`.
    pub const NAME: &str = "sock-record/1";
}

impl From<Schema> for &'static str {
    fn from(_: Schema) -> Self {
        Schema::NAME
    }
}

impl TryFrom<String> for Schema {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        if name == Self::NAME {
            return Ok(Self);
        }
        Err(format!("this record is {name:?}; only {:?} can be read", Self::NAME))
    }
}

/// Where a record comes from; the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The format.
    pub schema: Schema,
    /// What wrote it: `trace`, `serve`, `connect` …
    pub source: String,
    /// How it was seen: the tracer's mechanism, or the engine's name.
    pub backend: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The time of day at t0, in ns since 1970.
    pub t0_unix_ns: Option<u64>,
    /// How long a tracer held receivers back, in µs.
    pub hold_us: Option<u64>,
    /// How many bytes of each call were kept; null when all were.
    pub preview: Option<u64>,
}

impl Meta {
    /// A record by `source`, of which nothing else is known yet.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            schema: Schema,
            source: source.into(),
            backend: None,
            kernel: None,
            t0_unix_ns: None,
            hold_us: None,
            preview: None,
        }
    }
}

words! {
    /// How a process came to be.
    ProcHow {
        /// It was started as one of the programs of the record.
        Start = "start",
        /// Another one forked it.
        Fork = "fork",
        /// It became another program.
        Exec = "exec",
        /// It is a thread of another one.
        Thread = "thread",
    }
}

/// A process, or a thread that is shown as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proc {
    /// Its number.
    pub proc: ProcId,
    /// Its process id.
    pub pid: Option<u32>,
    /// Its parent's process id.
    pub ppid: Option<u32>,
    /// What people call it.
    pub name: String,
    /// Its command line.
    pub argv: Option<Vec<String>>,
    /// When it came to be, in ns since t0.
    pub t: u64,
    /// How it came to be.
    pub how: ProcHow,
}

impl Proc {
    /// A process of which only this is known.
    #[must_use]
    pub fn new(proc: ProcId, name: impl Into<String>, t: u64) -> Self {
        Self { proc, pid: None, ppid: None, name: name.into(), argv: None, t, how: ProcHow::Start }
    }
}

words! {
    /// The address family of a socket.
    Family {
        /// `AF_INET`.
        Inet = "inet",
        /// `AF_INET6`.
        Inet6 = "inet6",
        /// `AF_UNIX`.
        Unix = "unix",
    }
}

words! {
    /// The type of a socket.
    Kind {
        /// `SOCK_STREAM`: bytes in order, without boundaries.
        Stream = "stream",
        /// `SOCK_DGRAM`: messages, each for itself.
        Dgram = "dgram",
        /// `SOCK_SEQPACKET`: messages in order over a connection.
        Seqpacket = "seqpacket",
        /// `SOCK_RAW`: packets as the network has them.
        Raw = "raw",
    }
}

words! {
    /// Where a socket comes from.
    Origin {
        /// It was made by `socket`.
        Socket = "socket",
        /// A listener accepted it.
        Accept = "accept",
        /// It is one of a pair.
        Pair = "pair",
        /// It was inherited, or came over a unix socket.
        Passed = "passed",
    }
}

/// A socket. A later line about the same number adds what has become known since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sock {
    /// Its number.
    pub sock: SockId,
    /// What the kernel calls it, in hexadecimal.
    pub cookie: Option<String>,
    /// Its address family.
    pub family: Family,
    /// Its type.
    pub kind: Kind,
    /// Its protocol: `tcp`, `udp`.
    pub proto: Option<String>,
    /// When it came to be, in ns since t0.
    pub t: u64,
    /// Where it comes from.
    pub from: Origin,
    /// The listener that accepted it.
    pub listener: Option<SockId>,
    /// Its own address.
    pub local: Option<String>,
    /// Its peer's address.
    pub peer: Option<String>,
    /// The other end, where that is in the record too.
    pub mate: Option<SockId>,
}

impl Sock {
    /// A socket of which only this is known; everything else is null.
    #[must_use]
    pub fn new(sock: SockId, family: Family, kind: Kind, from: Origin, t: u64) -> Self {
        Self {
            sock,
            cookie: None,
            family,
            kind,
            proto: None,
            t,
            from,
            listener: None,
            local: None,
            peer: None,
            mate: None,
        }
    }
}
