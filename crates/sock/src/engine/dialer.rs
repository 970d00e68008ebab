//! Dialer: calls peers for a reactor, on threads, because a name or a connect may take its time.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::event::{EventfdFlags, eventfd};
use sock_proto::{Endpoint, Peer};

use crate::Result;
use crate::call::Caller;

/// A call that has come to an end: for whom, where to, and the socket.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) group: usize,
    pub(super) peer: Peer,
    pub(super) endpoint: Endpoint,
    pub(super) answer: Result<OwnedFd>,
}

/// Moves that are under way, and those that have come to an end.
#[derive(Debug)]
pub(super) struct Dialer {
    called: Receiver<Called>,
    report: Sender<Called>,
    bell: Arc<OwnedFd>,
    /// How many are under way.
    under_way: usize,
}

impl Dialer {
    pub(super) fn new() -> std::io::Result<Self> {
        let (report, called) = channel();
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        Ok(Self { called, report, bell, under_way: 0 })
    }

    /// Readable while there is somebody in [`Dialer::next`].
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Moves `endpoint` for a peer of a group.
    pub(super) fn call(
        &mut self,
        caller: Caller,
        group: usize,
        peer: Peer,
        endpoint: Endpoint,
    ) -> std::io::Result<()> {
        let (report, bell) = (self.report.clone(), Arc::clone(&self.bell));
        let call = move || {
            let answer = caller.call(&endpoint).and_then(|socket| socket.detach());
            // Both fail only when the reactor has ended, and nobody waits any more.
            let _ = report.send(Called { group, peer, endpoint, answer });
            let _ = rustix::io::write(&bell, &1_u64.to_ne_bytes());
        };
        std::thread::Builder::new().name("sock-dial".to_owned()).spawn(call)?;
        self.under_way += 1;
        Ok(())
    }

    pub(super) fn next(&mut self) -> Option<Called> {
        // First the bell, then the calls: one that ends in between rings again.
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        let called = self.called.try_recv().ok();
        self.under_way -= usize::from(called.is_some());
        called
    }
}
