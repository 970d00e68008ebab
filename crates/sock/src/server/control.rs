//! The part of a server that its handlers and other threads may hold.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};

use crate::Address;
use crate::error::Result;

/// What ends a server from elsewhere; a clone is the same control.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: Address,
    /// An eventfd: readable from the moment of a shutdown until it is taken.
    wake: OwnedFd,
}

impl Control {
    pub(super) fn new(address: Address) -> Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { shared: Arc::new(Shared { address, wake }) })
    }

    /// Where the server listens.
    #[must_use]
    pub fn server_address(&self) -> &Address {
        &self.shared.address
    }

    /// Ends serving: see [`Server::shutdown`](super::Server::shutdown).
    pub fn shutdown(&self) {
        // It fails only when 2^64 - 1 shutdowns are waiting, and then one is.
        let _ = rustix::io::write(&self.shared.wake, &1_u64.to_ne_bytes());
    }

    /// Whether somebody has asked for the end; all that were asked for until now are one.
    pub(super) fn take_shutdown(&self) -> bool {
        rustix::io::read(&self.shared.wake, &mut [0; 8]).is_ok()
    }
}

impl AsFd for Control {
    /// Readable while a shutdown waits to be taken.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.wake.as_fd()
    }
}
