//! A socket in hand: what is true of it at the moment of a call.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::net::sockopt;
use sock_record::Sock;

use crate::lookup::Entry;
use crate::sockets::At;
use crate::sys::{Counts, kernel_counts, out_queue, tcp_facts};
use crate::words::tcp_state;

/// A socket that a call is about.
pub(crate) struct Seen {
    pub(crate) at: At,
    /// A copy of its descriptor.
    pub(crate) hand: Option<Rc<OwnedFd>>,
    /// What `/proc` told instead.
    pub(crate) entry: Option<Entry>,
}

/// What is true of a socket at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    pub(crate) state: Option<&'static str>,
    pub(crate) inq: Option<u64>,
    pub(crate) outq: Option<u64>,
}

impl Seen {
    /// Its state, and how much waits in its queues.
    pub(crate) fn moment(&self, line: &Sock) -> Moment {
        match (&self.hand, &self.entry) {
            (Some(hand), _) => {
                let is_tcp = line.proto.as_deref() == Some("tcp");
                let facts = if is_tcp { tcp_facts(hand) } else { None };
                let state = facts.and_then(|facts| tcp_state(facts.state));
                let has_queues = state != Some("LISTEN");
                Moment {
                    state,
                    inq: rustix::io::ioctl_fionread(hand).ok().filter(|_| has_queues),
                    outq: out_queue(hand).filter(|_| has_queues),
                }
            }
            (None, Some(entry)) => Moment { state: entry.state, inq: entry.inq, outq: entry.outq },
            (None, None) => Moment::default(),
        }
    }

    /// Whether calls on it return at once, as far as the kernel tells.
    pub(crate) fn ask_nonblocking(&self) -> bool {
        let flags = self.hand.as_ref().and_then(|hand| rustix::fs::fcntl_getfl(hand).ok());
        flags.is_some_and(|flags| flags.contains(rustix::fs::OFlags::NONBLOCK))
    }

    /// Bytes that wait to be received.
    pub(crate) fn waiting(&self) -> Option<u64> {
        match &self.hand {
            Some(hand) => rustix::io::ioctl_fionread(hand).ok(),
            None => self.entry.as_ref()?.inq,
        }
    }

    /// Bytes that the other side has not acknowledged.
    pub(crate) fn unsent(&self) -> Option<u64> {
        match &self.hand {
            Some(hand) => out_queue(hand),
            None => self.entry.as_ref()?.outq,
        }
    }

    /// The time that a close is to take for what is unsent; zero: it resets (`SO_LINGER`).
    pub(crate) fn linger(&self) -> Option<std::time::Duration> {
        sockopt::socket_linger(self.hand.as_ref()?).ok().flatten()
    }

    /// Bytes that went out and that came in, by the kernel's count.
    pub(crate) fn counts(&self) -> Option<Counts> {
        kernel_counts(self.hand.as_ref()?)
    }
}
