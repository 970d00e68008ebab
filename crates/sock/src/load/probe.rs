//! Probe: what a connection tells, written into the tally of its worker.

use std::sync::Arc;
use std::time::Duration;

use sock_proto::Time;
use sock_proto::load::{Cause, Meter, Oddity, Reply, Turn};

use super::tally::{Tally, Trouble, nanos};

/// The meter of one connection.
#[derive(Debug)]
pub(super) struct Probe {
    lane: usize,
    tally: Arc<Tally>,
    has_opened: bool,
    has_ended: bool,
    talk: Talk,
    /// The peer cut it while it owed a reply, then.
    cut: Option<Time>,
    /// Its one message is off the budget already.
    pub(super) has_drawn: bool,
    /// From when on messages count.
    from: Time,
    ends: Time,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    /// No message has left.
    Silent,
    Asked,
    /// Before the end something has come that answers one, right or wrong.
    Heard,
}

/// One of each kind is told; of many the first.
const ODDITIES: usize = 8;

impl Probe {
    /// The meter of a connection that is to be.
    pub(super) fn new(lane: usize, tally: &Arc<Tally>, (from, ends): (Time, Time)) -> Self {
        Self {
            lane,
            tally: Arc::clone(tally),
            has_opened: false,
            has_ended: false,
            talk: Talk::Silent,
            cut: None,
            has_drawn: false,
            from,
            ends,
        }
    }

    /// The same for what never becomes one.
    pub(super) fn aside(lane: usize, tally: &Arc<Tally>, measured: (Time, Time)) -> Self {
        let mut probe = Self::new(lane, tally, measured);
        (probe.has_ended, probe.has_drawn) = (true, true);
        probe
    }
}

impl Probe {
    #[inline]
    fn heard(&mut self, now: Time) {
        if now < self.ends {
            self.talk = Talk::Heard;
        }
    }
}

impl Meter for Probe {
    fn connected(&mut self, took: Duration, now: Time) {
        self.has_opened = true;
        self.tally.rare().connected(took, now);
    }

    #[inline]
    fn fires(&mut self, due: Time, late: Option<Duration>) -> bool {
        let tally = &*self.tally;
        let counts = due >= self.from;
        // What leaves before measuring begins is not of the number that was asked for.
        let may = !counts || self.has_drawn || tally.draw();
        if may && counts {
            tally.due.add(1);
            if let Some(late) = late {
                tally.lateness.record(nanos(late));
            }
        }
        may
    }

    #[inline]
    fn sent(&mut self, bytes: usize, due: Time) {
        if self.talk == Talk::Silent {
            self.talk = Talk::Asked;
        }
        if due >= self.from {
            self.tally.sent.add(1);
            self.tally.out.add(bytes as u64);
        }
    }

    #[inline]
    fn replied(&mut self, reply: &Reply) {
        self.heard(reply.now);
        if reply.due >= self.from {
            let tally = &*self.tally;
            tally.replies.add(1);
            tally.back.add(reply.bytes);
            tally.latency.record(nanos(reply.now - reply.due));
            tally.last_reply.set(reply.now.as_nanos());
        }
    }

    fn lost(&mut self, cause: Cause, due: Time, now: Time) {
        match cause {
            Cause::Wrong | Cause::Status => self.heard(now),
            Cause::Reset | Cause::Ended | Cause::Short if now >= self.from => {
                self.cut.get_or_insert(now);
            }
            Cause::Refused
            | Cause::Unreachable
            | Cause::Reset
            | Cause::Ended
            | Cause::Short
            | Cause::Timeout
            | Cause::Tls
            | Cause::Missing
            | Cause::Unsent
            | Cause::Failed => {}
        }
        if due < self.from {
            return;
        }
        let tally = &*self.tally;
        // The number that was asked for has been sent: nothing more was due.
        if cause == Cause::Unsent && tally.is_spent() {
            return;
        }
        tally.lost.add(1);
        match cause {
            Cause::Unsent => {
                tally.due.add(1);
                tally.missing.add(1);
            }
            Cause::Missing => {
                tally.missing.add(1);
                tally.rare().count(Trouble::Lost(cause));
            }
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
                    tally.rare().count(Trouble::Lost(cause));
                }
            }
        }
    }

    fn odd(&mut self, oddity: &Oddity, now: Time) {
        let mut rare = self.tally.rare();
        if matches!(oddity, Oddity::Unasked { .. }) && now >= self.from {
            rare.count(Trouble::Unasked);
        }
        let is_new =
            rare.odd.iter().all(|o| std::mem::discriminant(o) != std::mem::discriminant(oddity));
        if is_new && rare.odd.len() < ODDITIES {
            rare.odd.push(*oddity);
        }
    }

    fn moved(&mut self, sent: u64, received: u64, now: Time) {
        if now >= self.from {
            self.tally.out.add(sent);
            self.tally.back.add(received);
            self.tally.last_reply.set(now.as_nanos());
        }
    }

    fn unconnected(&mut self, cause: Cause, _now: Time) {
        let mut rare = self.tally.rare();
        let trouble = match rare.errno.take() {
            // The system has more words for it than the protocol.
            Some(errno) => Trouble::System(errno.raw_os_error()),
            None => Trouble::Unconnected(cause),
        };
        rare.count(trouble);
    }

    fn ended(&mut self, next: Turn, now: Time) {
        self.has_ended = true;
        let is_last = now >= self.ends || self.tally.is_spent();
        let is_unheard = self.talk == Talk::Asked;
        if is_unheard || self.cut.is_some() {
            self.tally.rare().end_of(is_unheard, self.cut);
        }
        self.tally.end((self.lane, Some(next), self.has_opened), is_last);
    }
}

/// A protocol within TLS hears nothing of a connection on which TLS was never spoken.
impl Drop for Probe {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut rare = self.tally.rare();
            if rare.errno.take().is_none() {
                rare.count(Trouble::Unconnected(Cause::Tls));
            }
            drop(rare);
            self.tally.end((self.lane, None, false), false);
        }
    }
}
