//! Batch: the datagrams that one call brought, and what is owed for them.
//!
//! A message of the kernel's may be a train: datagrams of one sender and of equal size, the last of
//! them perhaps shorter, which were never taken apart on their way (`UDP_GRO` of udp(7)). Here they
//! are, so that a protocol never sees one.

use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use sock_proto::{Context, Time};

use super::conn::stamp;
use super::replies::{Flushed, Full, Replies};
use super::sender::{At, Sender};
use crate::run::Run;
use crate::socket::control::push;
use crate::sys::{Inbox, MANY, Packet, option, send_many};

/// The datagrams of one call, those that were not looked at yet, and what is owed for the others.
pub(super) struct Batch {
    inbox: Inbox,
    arrivals: [Arrival; MANY],
    count: usize,
    /// What a full queue means to the socket.
    full: Full,
    /// When the call began.
    pub(super) since: Time,
    /// The message that is looked at, and how far.
    message: usize,
    offset: usize,
    pub(super) replies: Replies,
    /// A conversation that goes on after what was gathered: whose it is.
    pub(super) speaking: Option<Sender>,
    /// Something of it was answered.
    pub(super) is_answered: bool,
    /// Control data of what is being sent.
    control: Vec<u8>,
}

/// What is known of a message beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Arrival {
    /// The size of the datagrams of a train.
    segment: Option<usize>,
    at: Option<At>,
    from: Option<SocketAddr>,
    has_name: bool,
    /// The first of the messages in a row that came from there, asked us at one address.
    first: usize,
}

/// One datagram of a batch.
#[derive(Debug, Clone)]
pub(super) struct Datagram {
    message: usize,
    range: Range<usize>,
    /// So much of it had no room.
    pub(super) lost: usize,
}

/// Tells whether the kernel leaves trains together here. One that does takes trains as well (they
/// came with Linux 4.18, this with 5.0).
pub(super) fn has_trains(fd: BorrowedFd<'_>) -> bool {
    let size = size_of::<i32>();
    let is_on = |value: Vec<u8>| value.iter().any(|byte| *byte != 0);
    option(fd, libc::SOL_UDP, libc::UDP_GRO, size).is_ok_and(is_on)
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            inbox: Inbox::new(),
            arrivals: [Arrival::default(); MANY],
            count: 0,
            full: Full::Waits,
            since: Time::ZERO,
            message: 0,
            offset: 0,
            replies: Replies::default(),
            speaking: None,
            is_answered: false,
            control: Vec::new(),
        }
    }
}

impl Batch {
    /// Receives what is there and tells whether more is likely to be: whoever comes alone is usually
    /// the only one, and others have come meanwhile where there were several.
    pub(super) fn receive(
        &mut self,
        fd: BorrowedFd<'_>,
        is_ip: bool,
        since: Time,
    ) -> Result<bool, Errno> {
        (self.count, self.message, self.offset) = (0, 0, 0);
        (self.since, self.is_answered) = (since, false);
        self.full = if is_ip { Full::Waits } else { Full::Drops };
        // Over a unix socket anybody may pass descriptors on, which nobody here wants.
        self.count = self.inbox.receive(fd, is_ip)?;
        for (message, arrival) in self.arrivals[..self.count].iter_mut().enumerate() {
            let addr = self.inbox.sender(message);
            *arrival = Arrival { has_name: addr.is_some(), ..Arrival::default() };
            arrival.from = addr.and_then(|addr| SocketAddr::try_from(addr).ok());
            for item in self.inbox.control(message) {
                if (item.level, item.kind) == (libc::SOL_UDP, libc::UDP_GRO) {
                    let size = item.data.first_chunk().map(|size| i32::from_ne_bytes(*size));
                    let size = size.and_then(|size| usize::try_from(size).ok());
                    arrival.segment = size.filter(|size| *size > 0);
                } else if let Some(at) = At::of(&item) {
                    arrival.at = Some(at);
                }
            }
        }
        for message in 0..self.count {
            let Arrival { from, at, .. } = self.arrivals[message];
            let before = message.checked_sub(1).map(|before| self.arrivals[before]);
            let before =
                before.filter(|before| from.is_some() && (before.from, before.at) == (from, at));
            self.arrivals[message].first = before.map_or(message, |before| before.first);
        }
        Ok(self.count > 1)
    }

    /// The next datagram, in order.
    pub(super) fn next(&mut self) -> Option<Datagram> {
        if self.message >= self.count {
            return None;
        }
        let (message, start) = (self.message, self.offset);
        let (whole, room) = (self.inbox.whole(message), self.inbox.bytes(message).len());
        let segment = self.arrivals[message].segment;
        let end = segment.map_or(whole, |size| whole.min(start + size));
        if end == whole {
            (self.message, self.offset) = (message + 1, 0);
        } else {
            self.offset = end;
        }
        let range = start.min(room)..end.min(room);
        let lost = (end - start) - range.len();
        Some(Datagram { message, range, lost })
    }

    /// Forgets the datagrams that were not looked at.
    pub(super) fn skip_rest(&mut self) {
        self.message = self.count;
    }

    pub(super) fn is_done(&self) -> bool {
        self.message >= self.count && self.replies.is_empty() && self.speaking.is_none()
    }

    pub(super) fn bytes(&self, datagram: &Datagram) -> &[u8] {
        &self.inbox.bytes(datagram.message)[datagram.range.clone()]
    }

    /// The address over IP from which a datagram came.
    pub(super) fn address(&self, datagram: &Datagram) -> Option<SocketAddr> {
        self.arrivals[datagram.message].from
    }

    /// A message whose sender is to be answered: the same for all that came in a row from one.
    pub(super) fn whose(&self, datagram: &Datagram) -> usize {
        self.arrivals[datagram.message].first
    }

    pub(super) fn has_name(&self, datagram: &Datagram) -> bool {
        self.arrivals[datagram.message].has_name
    }

    /// Who sent a datagram; a unix socket without a name sends, too.
    pub(super) fn sender(&self, datagram: &Datagram) -> Option<Sender> {
        let addr = self.inbox.sender(datagram.message)?;
        Some(Sender { addr, at: self.arrivals[datagram.message].at })
    }

    /// Sends all that is owed, as far as the kernel takes it.
    pub(super) fn flush(&mut self, fd: BorrowedFd<'_>, run: &Run, cx: &mut Context) -> Flushed {
        let Self { inbox, arrivals, replies, control, .. } = self;
        let clock = |cx: &mut Context| stamp(run, cx);
        replies.flush(self.full, cx, clock, |bytes, parcels| {
            control.clear();
            let mut ends = [0; MANY];
            for (parcel, end) in parcels.iter().zip(&mut ends) {
                if let Some(at) = arrivals[parcel.message].at {
                    at.push(control);
                }
                if let Some(size) = parcel.segment {
                    // Two bytes always fit into a message.
                    let _ = push(control, libc::SOL_UDP, libc::UDP_SEGMENT, &size.to_ne_bytes());
                }
                *end = control.len();
            }
            let mut packets = [Packet { bytes: &[], control: &[], to: 0 }; MANY];
            let mut begin = 0;
            for ((packet, parcel), end) in packets.iter_mut().zip(parcels).zip(ends) {
                let bytes = &bytes[parcel.start..parcel.end];
                *packet = Packet { bytes, control: &control[begin..end], to: parcel.message };
                begin = end;
            }
            send_many(fd, inbox, &packets[..parcels.len()])
        })
    }
}
