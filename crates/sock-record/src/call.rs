//! The `call` line: one call on a socket, from its entry to its exit.

use std::collections::BTreeMap;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bytes::{Bytes, Interval};
use crate::rare::Rare;
use crate::short::Name;
use crate::who::{ProcId, SockId};
use crate::word::words;

/// The number of a call: what links and notes point at, unique in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ev(pub u64);

words! {
    /// The classic name of a call, whatever the system call was.
    CallKind {
        /// A socket was made.
        Socket = "socket",
        /// Two sockets were made that are each other's peers.
        Socketpair = "socketpair",
        /// A socket got its own address.
        Bind = "bind",
        /// A socket became one that accepts.
        Listen = "listen",
        /// A connection was taken from the backlog.
        Accept = "accept",
        /// A connection was asked for, or a datagram socket got its peer.
        Connect = "connect",
        /// Bytes went out: `send`, `sendto`, `sendmsg`, `write`, `sendfile` …
        Send = "send",
        /// Bytes came in: `recv`, `recvfrom`, `recvmsg`, `read` …
        Recv = "recv",
        /// One direction, or both, was ended.
        Shutdown = "shutdown",
        /// A descriptor was given back.
        Close = "close",
        /// An option was set.
        Setsockopt = "setsockopt",
        /// An option was asked for.
        Getsockopt = "getsockopt",
        /// `select`, `poll`, `epoll_wait`: waiting until something can be done.
        Wait = "wait",
    }
}

/// Which way bytes went, seen from the socket of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dir {
    /// From the peer to this socket.
    In,
    /// From this socket to the peer.
    Out,
}

/// The arguments of a call by name: those that readers rely on as fields, any others as they came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Args {
    /// How many bytes were offered, or how many there was room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// Flags by their C names: `MSG_PEEK`.
    #[serde(skip_serializing_if = "no_flags")]
    pub flags: Rare<Vec<Name>>,
    /// The address that was passed in or handed back: whom a datagram went to or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<Box<str>>,
    /// Which direction `shutdown` ended: `SHUT_RD`, `SHUT_WR` or `SHUT_RDWR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<Name>,
    /// All other arguments.
    #[serde(flatten)]
    pub more: Rare<BTreeMap<String, Value>>,
}

fn no_flags(flags: &Rare<Vec<Name>>) -> bool {
    flags.is_empty()
}

impl Args {
    /// Whether the call was made with this flag, by its C name.
    #[must_use]
    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| **flag == *name)
    }
}

// By hand: a flattened map would have serde keep every argument of every call twice, and a record has millions.
impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> Visitor<'de> for Named {
            type Value = Args;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("arguments by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Args, A::Error> {
                let mut args = Args::default();
                while let Some(name) = all.next_key::<std::borrow::Cow<'de, str>>()? {
                    match &*name {
                        "len" => args.len = all.next_value()?,
                        "flags" => args.flags = all.next_value()?,
                        "addr" => args.addr = all.next_value()?,
                        "how" => args.how = all.next_value()?,
                        _ => drop(args.more.insert(name.into_owned(), all.next_value()?)),
                    }
                }
                Ok(args)
            }
        }
        from.deserialize_map(Named)
    }
}

/// One call on a socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its number.
    pub ev: Ev,
    /// Who called.
    pub proc: ProcId,
    /// The thread that called.
    pub tid: Option<u32>,
    /// Its classic name.
    pub call: CallKind,
    /// The system call that it was; null where an engine reports.
    pub sys: Option<Name>,
    /// The descriptor.
    pub fd: Option<i32>,
    /// The socket. For `accept` the connection that was taken, or the listener where that is not known.
    pub sock: Option<SockId>,
    /// Its arguments.
    #[serde(default)]
    pub args: Args,
    /// When it began, in ns since t0.
    pub enter: u64,
    /// When it returned, in ns since t0; null when it never did.
    pub exit: Option<u64>,
    /// What it returned; null when it never did.
    pub ret: Option<i64>,
    /// The name of its error: `ECONNRESET`.
    pub err: Option<Name>,
    /// Which way bytes went; null where none could.
    pub dir: Option<Dir>,
    /// Which bytes of its direction it moved (streams).
    pub off: Option<Interval>,
    /// The bytes that it moved, or the first of them.
    pub data: Option<Bytes>,
    /// Whether `data` holds only the first of the bytes.
    #[serde(default)]
    pub cut: bool,
    /// The state of the connection when it returned: `ESTABLISHED`.
    pub state: Option<Name>,
    /// Bytes that waited to be received when it returned.
    pub inq: Option<u64>,
    /// Bytes that waited to be acknowledged by the peer when it returned.
    pub outq: Option<u64>,
}

impl Call {
    /// A call of which only this is known yet; everything else is null.
    #[must_use]
    pub fn new(ev: Ev, proc: ProcId, call: CallKind, enter: u64) -> Self {
        Self {
            ev,
            proc,
            tid: None,
            call,
            sys: None,
            fd: None,
            sock: None,
            args: Args::default(),
            enter,
            exit: None,
            ret: None,
            err: None,
            dir: None,
            off: None,
            data: None,
            cut: false,
            state: None,
            inq: None,
            outq: None,
        }
    }

    /// How many bytes it moved: what `send` and `recv` returned, where that was no error.
    #[must_use]
    pub fn moved(&self) -> Option<u64> {
        self.dir?;
        u64::try_from(self.ret?).ok()
    }
}
