//! Replies: what is owed for the datagrams of one call, in the order in which they came.
//!
//! They leave together. Those that are for one sender, of equal size and lie side by side leave as
//! one train (`UDP_SEGMENT` of udp(7)), of which the last may be shorter: the kernel takes its way
//! through the network once for all of them. A path that refuses trains is sent each datagram by
//! itself. What the kernel does not take stays owed; what it refuses
//! concerns the one receiver.

use std::collections::VecDeque;

use rustix::io::Errno;
use sock_proto::{Context, Interest, Parting, Reason, Time};

use super::conn::reason;
use crate::sys::MANY;

/// The kernel takes no more segments in one train (`UDP_MAX_SEGMENTS` of older kernels).
const SEGMENTS: usize = 64;
/// The longest train: the length field of IPv4 counts the headers too, and IPv6's are longer.
const TRAIN: usize = 65_535 - 40 - 8;
/// So much lies together before it is sent.
const FULL: usize = 128 * 1024;
/// Spare room above this is given back once all has left: one answer was very long.
const SPARE: usize = 2 * FULL;

/// One conversation: whose message it answers, whether trains are known, and its replies up to an
/// index.
#[derive(Debug)]
struct Talk {
    parting: Parting,
    message: usize,
    may_join: bool,
    until: usize,
}

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Replies {
    bytes: Vec<u8>,
    /// Where each datagram ends among the bytes; it begins where the one before ends.
    ends: Vec<usize>,
    talks: VecDeque<Talk>,
    /// The next reply to be sent, and where it begins.
    next: usize,
    start: usize,
    /// Replies before this one leave each by itself: their train was refused.
    alone: usize,
}

/// Replies that leave as one: some bytes, for the sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Into segments of which size it is cut; none: it is one datagram.
    pub(super) segment: Option<u16>,
    pub(super) message: usize,
    count: usize,
}

/// What became of the replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing is owed any more.
    All,
    /// The kernel takes no more at the moment.
    Blocked,
}

/// What a full queue means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The socket has no room, and tells when it has.
    Waits,
    /// Perhaps one receiver has none, of which nothing tells: what it is owed is dropped.
    Drops,
}

impl Replies {
    pub(super) fn is_empty(&self) -> bool {
        self.talks.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() - self.start >= FULL
    }

    /// Adds the answers to one message: `take` moves the next of them to the end of the bytes.
    pub(super) fn gather(&mut self, mut take: impl FnMut(&mut Vec<u8>) -> Option<usize>) {
        while take(&mut self.bytes).is_some() {
            self.ends.push(self.bytes.len());
        }
    }

    /// What was gathered last is all that this conversation has to say.
    pub(super) fn part(&mut self, parting: Parting, message: usize, may_join: bool) {
        let until = self.ends.len();
        self.talks.push_back(Talk { parting, message, may_join, until });
    }

    /// What was gathered last cannot be sent.
    pub(super) fn drop_unsendable(&mut self, parting: &mut Parting, why: &str, cx: &Context) {
        let known = self.talks.back().map_or(0, |talk| talk.until);
        let first = known.checked_sub(1).map_or(0, |last| self.ends[last]);
        let mut start = first;
        for end in self.ends.drain(known..) {
            parting.unsendable(end - start, why, cx);
            start = end;
        }
        self.bytes.truncate(first);
    }

    /// Sends all that the kernel takes; `send` is given parcels and the bytes among which they lie,
    /// sends the first of them and tells how many; an error is about the first. `stamp` reads the clock for who looks at it.
    pub(super) fn flush(
        &mut self,
        full: Full,
        cx: &mut Context,
        mut stamp: impl FnMut(&mut Context) -> Time,
        mut send: impl FnMut(&[u8], &[Parcel]) -> Result<usize, Errno>,
    ) -> Flushed {
        let mut parcels = Vec::new();
        loop {
            self.settle(cx);
            if self.talks.is_empty() {
                self.clear();
                return Flushed::All;
            }
            self.pack(&mut parcels);
            let since = if cx.is_watched(Interest::DATA) { stamp(cx) } else { cx.now };
            match send(&self.bytes, &parcels) {
                Ok(n) if n > 0 => {
                    stamp(cx);
                    for parcel in &parcels[..n.min(parcels.len())] {
                        self.sent(parcel.count, since, cx);
                    }
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(Errno::AGAIN | Errno::NOBUFS) if full == Full::Waits => {
                    return Flushed::Blocked;
                }
                Ok(_) | Err(Errno::AGAIN | Errno::NOBUFS) => {
                    self.drop_talk(
                        |parting, n, cx| {
                            parting.unsendable(n, "its receiver reads nothing", cx);
                        },
                        cx,
                    );
                }
                // The path takes no trains, or none of such segments: what is too long for it by
                // itself is said so when it is sent by itself.
                Err(_) if parcels[0].segment.is_some() => self.alone = self.next + parcels[0].count,
                Err(error @ Errno::CONNREFUSED) => {
                    self.drop_talk(|parting, n, _| parting.broken(n, reason(error)), cx);
                }
                Err(error) => self.refused(&std::io::Error::from(error).to_string(), cx),
            }
        }
    }

    /// Gives up what is still owed.
    pub(super) fn give_up(&mut self, why: Reason, cx: &mut Context) {
        self.settle(cx);
        while !self.talks.is_empty() {
            self.drop_talk(|parting, n, _| parting.broken(n, why), cx);
            self.settle(cx);
        }
        self.clear();
    }

    /// Ends the conversations to which nothing is owed any more.
    fn settle(&mut self, cx: &mut Context) {
        while self.talks.front().is_some_and(|talk| talk.until <= self.next)
            && let Some(talk) = self.talks.pop_front()
        {
            talk.parting.closed(cx);
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(SPARE);
        self.ends.clear();
        (self.next, self.start, self.alone) = (0, 0, 0);
    }

    /// Makes parcels of what comes next, as many as one call takes.
    fn pack(&self, parcels: &mut Vec<Parcel>) {
        parcels.clear();
        let (mut at, mut start) = (self.next, self.start);
        for talk in &self.talks {
            while at < talk.until {
                // A train goes on over the conversations with one sender.
                let end = self.ends[at];
                let joined = parcels.last_mut().is_some_and(|last: &mut Parcel| {
                    talk.may_join && at >= self.alone && last.join(talk.message, end)
                });
                if !joined {
                    if parcels.len() == MANY {
                        return;
                    }
                    let message = talk.message;
                    parcels.push(Parcel { start, end, segment: None, message, count: 1 });
                }
                (at, start) = (at + 1, end);
            }
        }
    }

    /// The next `count` replies have left.
    fn sent(&mut self, count: usize, since: Time, cx: &mut Context) {
        for _ in 0..count {
            self.settle(cx);
            let Some(talk) = self.talks.front_mut() else { return };
            let end = self.ends[self.next];
            talk.parting.sent(&self.bytes[self.start..end], since, cx);
            (self.next, self.start) = (self.next + 1, end);
        }
    }

    /// The next reply cannot be sent.
    fn refused(&mut self, why: &str, cx: &Context) {
        let Some(talk) = self.talks.front_mut() else { return };
        let end = self.ends[self.next];
        talk.parting.unsendable(end - self.start, why, cx);
        (self.next, self.start) = (self.next + 1, end);
    }

    /// Everything else that the next reply's conversation has to say is not sent.
    fn drop_talk(&mut self, how: impl Fn(&mut Parting, usize, &Context), cx: &Context) {
        let Some(talk) = self.talks.front_mut() else { return };
        while self.next < talk.until {
            let end = self.ends[self.next];
            how(&mut talk.parting, end - self.start, cx);
            (self.next, self.start) = (self.next + 1, end);
        }
    }
}

impl Parcel {
    /// Takes one more reply in, which lies behind and ends there, if it can.
    fn join(&mut self, message: usize, end: usize) -> bool {
        let (len, all) = (end - self.end, end - self.start);
        let size = self.segment.map_or(self.end - self.start, usize::from);
        // Behind a shorter one nothing may come, and nothing is no segment.
        let is_even = (self.end - self.start) == size * self.count;
        let fits = message == self.message
            && is_even
            && (1..=size).contains(&len)
            && all <= TRAIN
            && self.count < SEGMENTS;
        if fits && let Ok(segment) = u16::try_from(size) {
            (self.segment, self.end, self.count) = (Some(segment), end, self.count + 1);
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests;
