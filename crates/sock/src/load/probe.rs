//! Probe: what a connection tells, written into the tally of its worker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sock_proto::Time;
use sock_proto::load::{Cause, Meter, Oddity, Reply, Turn};

use super::tally::{Tally, Trouble, nanos};

/// The meter of one connection.
#[derive(Debug)]
pub(super) struct Probe {
    lane: usize,
    tally: Arc<Mutex<Tally>>,
    has_opened: bool,
    has_ended: bool,
    /// Its one message is off the budget already.
    pub(super) has_drawn: bool,
    /// From when on messages count.
    from: Time,
    ends: Time,
}

/// One of each kind is told; of many the first.
const ODDITIES: usize = 8;

impl Probe {
    /// The meter of a connection that is to be.
    pub(super) fn new(lane: usize, tally: &Arc<Mutex<Tally>>, (from, ends): (Time, Time)) -> Self {
        let (has_opened, has_ended, has_drawn) = (false, false, false);
        Self { lane, tally: Arc::clone(tally), has_opened, has_ended, has_drawn, from, ends }
    }

    /// The same for what never becomes one.
    pub(super) fn aside(lane: usize, tally: &Arc<Mutex<Tally>>, measured: (Time, Time)) -> Self {
        let mut probe = Self::new(lane, tally, measured);
        (probe.has_ended, probe.has_drawn) = (true, true);
        probe
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Probe {
    fn connected(&mut self, took: Duration, now: Time) {
        self.has_opened = true;
        self.tally().connected(took, now);
    }

    fn fires(&mut self, due: Time, late: Option<Duration>) -> bool {
        let mut tally = self.tally();
        let may = self.has_drawn || tally.draw();
        if may && due >= self.from {
            tally.counts.due += 1;
            if let Some(late) = late {
                tally.lateness.record(nanos(late));
            }
        }
        may
    }

    fn sent(&mut self, bytes: usize, due: Time) {
        if due >= self.from {
            let mut tally = self.tally();
            tally.counts.sent += 1;
            tally.counts.bytes.out += bytes as u64;
        }
    }

    fn replied(&mut self, reply: &Reply) {
        if reply.due >= self.from {
            let mut tally = self.tally();
            tally.counts.replies += 1;
            tally.counts.bytes.back += reply.bytes;
            tally.latency.record(nanos(reply.now - reply.due));
            tally.last_reply = reply.now;
        }
    }

    fn lost(&mut self, cause: Cause, due: Time, _now: Time) {
        if due < self.from {
            return;
        }
        let mut tally = self.tally();
        tally.counts.lost += 1;
        match cause {
            // The number that was asked for has been sent: nothing more was due.
            Cause::Unsent if tally.budget == Some(0) => tally.counts.lost -= 1,
            Cause::Unsent => {
                tally.counts.due += 1;
                tally.counts.missing += 1;
            }
            Cause::Missing => tally.counts.missing += 1,
            Cause::Refused
            | Cause::Unreachable
            | Cause::Reset
            | Cause::Ended
            | Cause::Short
            | Cause::Timeout
            | Cause::Wrong
            | Cause::Status
            | Cause::Tls
            | Cause::Failed => {
                // Why it was never connected is told once, by whoever called.
                if self.has_opened {
                    tally.count(Trouble::Lost(cause));
                }
            }
        }
    }

    fn odd(&mut self, oddity: &Oddity, now: Time) {
        let mut tally = self.tally();
        if matches!(oddity, Oddity::Unasked { .. }) && now >= self.from {
            tally.count(Trouble::Unasked);
        }
        let is_new =
            tally.odd.iter().all(|o| std::mem::discriminant(o) != std::mem::discriminant(oddity));
        if is_new && tally.odd.len() < ODDITIES {
            tally.odd.push(*oddity);
        }
    }

    fn moved(&mut self, sent: u64, received: u64, now: Time) {
        if now >= self.from {
            let mut tally = self.tally();
            tally.counts.bytes.out += sent;
            tally.counts.bytes.back += received;
            tally.last_reply = now;
        }
    }

    fn unconnected(&mut self, cause: Cause, _now: Time) {
        let mut tally = self.tally();
        let trouble = match tally.errno.take() {
            // The system has more words for it than the protocol.
            Some(errno) => Trouble::System(errno.raw_os_error()),
            None => Trouble::Unconnected(cause),
        };
        tally.count(trouble);
    }

    fn ended(&mut self, next: Turn, now: Time) {
        self.has_ended = true;
        let ends = self.ends;
        let mut tally = self.tally();
        if now >= ends || tally.budget == Some(0) {
            let open = tally.open;
            tally.open_at_end.get_or_insert(open);
        }
        tally.open -= u64::from(self.has_opened);
        tally.ended.push((self.lane, Some(next), self.has_opened));
    }
}

/// A protocol within TLS hears nothing of a connection on which TLS was never spoken.
impl Drop for Probe {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut tally = self.tally();
            if tally.errno.take().is_none() {
                tally.count(Trouble::Unconnected(Cause::Tls));
            }
            tally.ended.push((self.lane, None, false));
        }
    }
}
