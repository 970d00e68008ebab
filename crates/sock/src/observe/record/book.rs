//! The book of sockets: which are open, what moved on each, and which datagrams belong together.

use std::collections::HashMap;

use sock_proto::{Endpoint, Host, Kind, Transport};
use sock_record::{Ev, Family, Interval, Kind as SockKind, Origin, Sock, SockId};

use super::super::conversations::address;

/// How many pairs of addresses are remembered after their datagrams: a flood from everywhere fills no memory.
const PAIRS: usize = 4096;

/// A conversation that is open.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) sock: SockId,
    pub(super) kind: Kind,
    pub(super) called: bool,
    pub(super) peer: Option<Box<str>>,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Whether nothing was lost, so that offsets are known.
    pub(super) is_whole: bool,
    /// Its latest call, for what is said about it.
    pub(super) latest: Option<Ev>,
}

impl Traffic {
    /// A conversation of whose beginning nothing was heard.
    pub(super) fn unknown(sock: SockId, kind: Kind) -> Self {
        Self {
            sock,
            kind,
            called: false,
            peer: None,
            sent: 0,
            received: 0,
            is_whole: false,
            latest: None,
        }
    }

    /// Counts bytes that were sent and tells which of the stream they are.
    pub(super) fn send(&mut self, len: usize) -> Option<Interval> {
        let off = Interval::at(self.sent, len as u64);
        self.sent = off.end();
        self.has_offsets().then_some(off)
    }

    /// Counts bytes that were received and tells which of the stream they are.
    pub(super) fn receive(&mut self, len: usize) -> Option<Interval> {
        let off = Interval::at(self.received, len as u64);
        self.received = off.end();
        self.has_offsets().then_some(off)
    }

    fn has_offsets(&self) -> bool {
        self.is_whole && self.kind == Kind::Stream
    }
}

/// What is open, by side and number; none where that is no socket.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) open: HashMap<(usize, u64), Option<Traffic>>,
    pairs: HashMap<(usize, Endpoint, Endpoint), SockId>,
}

impl Book {
    /// The socket of datagrams between two addresses: `new`, or the one that it was before.
    pub(super) fn paired(
        &mut self,
        side: usize,
        local: &Endpoint,
        remote: &Endpoint,
        new: SockId,
    ) -> SockId {
        let pair = (side, local.clone(), remote.clone());
        if let Some(old) = self.pairs.get(&pair) {
            return *old;
        }
        if self.pairs.len() >= PAIRS {
            self.pairs.clear();
        }
        self.pairs.insert(pair, new);
        new
    }

    /// Events were lost: what comes now cannot be placed any more.
    pub(super) fn tear(&mut self) {
        self.open.values_mut().flatten().for_each(|traffic| traffic.is_whole = false);
    }
}

/// The line of a socket; none for what is no socket.
pub(super) fn sock(
    number: SockId,
    origin: Origin,
    t: u64,
    (local, remote): (&Endpoint, &Endpoint),
) -> Option<Sock> {
    let transport = local.transport();
    let family = match transport {
        Transport::Stdio => return None,
        Transport::Unix | Transport::Unixgram => Family::Unix,
        Transport::Tcp | Transport::Udp | Transport::Tls => match local.host() {
            Some(Host::V6(..)) => Family::Inet6,
            Some(Host::V4(_) | Host::Name(_) | Host::Every | Host::Loopback) | None => Family::Inet,
        },
    };
    let kind = if transport.is_stream() { SockKind::Stream } else { SockKind::Dgram };
    let mut sock = Sock::new(number, family, kind, origin, t);
    sock.proto = match transport {
        Transport::Tcp | Transport::Tls => Some("tcp".into()),
        Transport::Udp => Some("udp".into()),
        Transport::Unix | Transport::Unixgram | Transport::Stdio => None,
    };
    sock.local = name(local);
    sock.peer = name(remote);
    Some(sock)
}

/// The address alone.
pub(super) fn name(endpoint: &Endpoint) -> Option<String> {
    address(&endpoint.to_string()).map(str::to_owned)
}
