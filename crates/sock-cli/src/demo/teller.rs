//! Tells the record what a classic server does, which no engine watches.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sock::socket::Socket;
use sock::{Address, By, Endpoint, How, Reason, Run};
use sock_proto::{Event, Kind, Observer, Time, What};

/// One side of a record, told by hand.
#[derive(Clone)]
pub(super) struct Teller {
    clock: Run,
    side: Arc<dyn Observer>,
    conversations: Arc<AtomicU64>,
}

/// One conversation of that side.
pub(super) struct Told<'t> {
    teller: &'t Teller,
    conn: u64,
    kind: Kind,
    /// When the last call returned: the next one had begun by then.
    since: Cell<Time>,
    sent: Cell<u64>,
    received: Cell<u64>,
}

impl Teller {
    pub(super) fn new(clock: Run, side: Arc<dyn Observer>) -> Self {
        Self { clock, side, conversations: Arc::default() }
    }

    /// A caller was accepted, or a datagram is there.
    pub(super) fn open(
        &self,
        endpoint: fn(SocketAddr) -> Endpoint,
        kind: Kind,
        socket: &Socket,
        caller: &Address,
    ) -> Told<'_> {
        let conn = 1 + self.conversations.fetch_add(1, Ordering::Relaxed);
        let told = Told {
            teller: self,
            conn,
            kind,
            since: Cell::new(self.clock.now()),
            sent: Cell::new(0),
            received: Cell::new(0),
        };
        let ours = socket.local_addr().ok().and_then(|addr| addr.to_socket_addr());
        if let (Some(local), Some(remote)) = (ours, caller.to_socket_addr()) {
            let (local, remote) = (&endpoint(local), &endpoint(remote));
            let transient = kind == Kind::Datagram;
            told.tell(What::Open { kind, called: false, transient, local, remote });
        }
        told
    }
}

impl Told<'_> {
    pub(super) fn received(&self, bytes: &[u8]) {
        self.received.set(self.received.get() + bytes.len() as u64);
        self.tell(What::Received { kind: self.kind, bytes, since: self.since.get() });
    }

    pub(super) fn sent(&self, bytes: &[u8]) {
        self.sent.set(self.sent.get() + bytes.len() as u64);
        self.tell(What::Sent { kind: self.kind, bytes, since: self.since.get() });
    }

    pub(super) fn closed(&self) {
        let reason = Reason { by: By::Us, how: How::Fin };
        let (sent, received, lasted) = (self.sent.get(), self.received.get(), Duration::ZERO);
        self.tell(What::Closed { reason, sent, received, unsent: 0, lasted });
    }

    fn tell(&self, what: What<'_>) {
        let time = self.teller.clock.now();
        self.teller.side.event(&Event { time, conn: self.conn, what });
        self.since.set(time);
    }
}
