//! Load: one connection of a load generator, as a protocol.

mod datagrams;

use alloc::sync::Arc;
use core::time::Duration;

use super::asked::{Asked, Queue};
use super::http::{HttpReply, Took};
use super::meter::{Cause, Meter, Oddity, Reply};
use super::order::{Order, Turn, When};
use super::until::Until;
use crate::{Input, Kind, Out, Protocol, Reason, Time};

/// Asks, hears, and tells its [`Meter`] about each message; to be held by
/// [`Session::call`](crate::Session::call).
#[derive(Debug)]
pub struct Load<M> {
    order: Arc<Order>,
    meter: M,
    turn: Turn,
    stage: Stage,
    asked: Queue,
    /// Bytes of the reply to the oldest that have come.
    got: u64,
    /// The reply to the oldest is known to be wrong.
    is_wrong: bool,
    http: HttpReply,
    /// No message leaves from here on: that of the order, or when the run was asked to stop.
    ends: Time,
    /// Since when there has been room for one more under way.
    room_since: Time,
    /// The moment that was asked for.
    wake: Time,
    /// Datagrams that were given up, and may still come.
    late: u64,
    /// An oddity has been told.
    was_odd: bool,
}

/// So many bytes wait to be sent at most: more are made when these have left, and are late. A schedule that nothing
/// could keep would fill the memory otherwise, and its turns would never end.
const WAITS: u64 = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not yet connected.
    Dialling,
    /// Messages leave.
    Asking,
    /// No more of them leave here; replies are still heard.
    Hearing,
    /// Nothing more is said or heard.
    Gone,
}

impl<M: Meter> Load<M> {
    /// The connection that begins where `turn` says.
    pub fn new(order: Arc<Order>, turn: Turn, meter: M) -> Self {
        Self {
            ends: order.ends,
            order,
            meter,
            turn,
            stage: Stage::Dialling,
            asked: Queue::default(),
            got: 0,
            is_wrong: false,
            http: HttpReply::default(),
            room_since: Time::ZERO,
            wake: Time::NEVER,
            late: 0,
            was_odd: false,
        }
    }

    /// Sends what is due and has room.
    fn ask(&mut self, out: &mut Out<'_>) {
        let now = out.now();
        while self.stage == Stage::Asking {
            let due = match self.order.when {
                When::Closed { .. } => now,
                When::Open { .. } => self.turn.due,
            };
            let is_full = self.asked.len() as u64 >= u64::from(self.order.when.most())
                || out.queued() > WAITS;
            // Whose last message has left stays to the end: so many connections were asked for.
            if now >= self.ends && (is_full || due >= self.ends) {
                self.order.give_up(&mut self.turn, self.ends, now, &mut self.meter);
                self.stage = Stage::Hearing;
            } else if due > now || is_full || due >= self.ends {
                break;
            } else {
                // Who waited for a reply, or for a connection, was not late by itself.
                let is_ours =
                    matches!(self.order.when, When::Open { .. }) && due >= self.room_since;
                if self.meter.fires(due, is_ours.then(|| now - due)) {
                    self.send(due, out);
                } else {
                    self.stage = Stage::Hearing;
                }
            }
        }
        if self.stage == Stage::Hearing && self.asked.is_empty() {
            self.stage = Stage::Gone;
            out.leave();
        }
        self.arm(out);
    }

    fn send(&mut self, due: Time, out: &mut Out<'_>) {
        let (order, now, kind) = (&*self.order, out.now(), out.kind());
        let Turn { conn, number, .. } = self.turn;
        let mut len = 0;
        if let Some(bytes) = order.message.fixed() {
            len = bytes.len();
            self.asked.push(due, now, number, bytes, &order.check, kind);
            out.send(bytes);
        } else {
            let asked = &mut self.asked;
            out.compose(|bytes| {
                order.message.write(order.seed, conn, number, bytes);
                len = bytes.len();
                asked.push(due, now, number, bytes, &order.check, kind);
            });
        }
        self.meter.sent(len, due);
        self.turn.number += 1;
        if let When::Open { every, .. } = order.when {
            self.turn.due = due + every;
        }
        if order.until == Until::Close && kind == Kind::Stream {
            out.finish();
        }
        if order.is_once() {
            self.stage = Stage::Hearing;
        }
    }

    /// Asks to be woken when there will be something to do; replies move that away, and it is looked
    /// at again only then.
    fn arm(&mut self, out: &mut Out<'_>) {
        let mut at = match (self.stage, self.order.when) {
            (Stage::Dialling | Stage::Gone, _) => return,
            (Stage::Asking, When::Open { most, .. })
                if self.asked.len() as u64 >= u64::from(most) =>
            {
                self.ends
            }
            // Whether there is room by then shows then.
            (Stage::Asking, When::Open { .. }) if out.queued() > WAITS => {
                self.ends.min(out.now() + Duration::from_millis(1))
            }
            (Stage::Asking, When::Open { .. }) => self.turn.due.min(self.ends),
            (Stage::Asking, When::Closed { .. }) => self.ends,
            (Stage::Hearing, _) => self.ends + self.order.grace,
        };
        if let (Some(first), Some(timeout)) = (self.asked.first(), self.order.timeout) {
            at = at.min(first.sent + timeout);
        }
        if at < self.wake {
            self.wake = at;
            out.wake_at(at);
        }
    }

    fn hear(&mut self, mut bytes: &[u8], out: &mut Out<'_>) {
        let now = out.now();
        while !bytes.is_empty() && self.stage != Stage::Gone {
            let Some(first) = self.asked.first().copied() else {
                self.tell(&Oddity::Unasked { bytes: bytes.len() as u64 }, now);
                return self.cut_short(Cause::Wrong, out);
            };
            let before = bytes.len();
            let took = self.take(&mut bytes, &first, now);
            self.got += (before - bytes.len()) as u64;
            match took {
                Took::More => {}
                Took::Whole => self.answered(0, now),
                Took::Malformed => {
                    self.tell(&Oddity::Malformed, now);
                    return self.cut_short(Cause::Wrong, out);
                }
            }
        }
        self.ask(out);
    }

    /// Takes what belongs to the reply to `first` off `bytes`.
    fn take(&mut self, bytes: &mut &[u8], first: &Asked, now: Time) -> Took {
        let until = self.order.until;
        if let Some(expected) = self.asked.expected(first, &self.order.check) {
            let at = usize::try_from(self.got).unwrap_or(usize::MAX).min(expected.len());
            let rest = &expected[at..];
            let ours = &bytes[..rest.len().min(bytes.len())];
            let to_end = until == Until::Close;
            let left = if to_end { u64::MAX } else { rest.len() as u64 };
            if !rest.starts_with(ours) || (to_end && bytes.len() > ours.len()) {
                let differs = ours.iter().zip(rest).position(|(a, b)| a != b);
                let differs = differs.unwrap_or(ours.len());
                let (expected, found) = (rest.get(differs).copied(), bytes.get(differs).copied());
                let at = self.got + differs as u64;
                self.is_wrong = true;
                self.tell(&Oddity::Byte { number: first.number, at, expected, found }, now);
            }
            return skip(bytes, left);
        }
        match until {
            Until::Same => skip(bytes, first.len.max(1) - self.got),
            Until::Length(len) => skip(bytes, len.max(1) - self.got),
            Until::Close => skip(bytes, u64::MAX),
            Until::Line => {
                skip(bytes, memchr::memchr(b'\n', bytes).map_or(u64::MAX, |at| at as u64 + 1))
            }
            Until::Http { head } => self.http.take(bytes, head),
        }
    }

    /// The reply to the message at `place` of the queue is whole.
    fn answered(&mut self, place: usize, now: Time) {
        if self.asked.len() as u64 == u64::from(self.order.when.most()) {
            self.room_since = now;
        }
        let Some(Asked { due, sent, .. }) = self.asked.take(place) else { return };
        let bytes = core::mem::take(&mut self.got);
        let mut wrong = core::mem::take(&mut self.is_wrong).then_some(Cause::Wrong);
        if matches!(self.order.until, Until::Http { .. }) {
            if self.http.is_last && self.stage == Stage::Asking {
                self.stage = Stage::Hearing;
            }
            if self.http.status >= 400 {
                wrong = Some(Cause::Status);
                self.tell(&Oddity::Status(self.http.status), now);
            }
        }
        match wrong {
            None => self.meter.replied(&Reply { due, sent, now, bytes }),
            Some(cause) => self.meter.lost(cause, due, now),
        }
    }

    /// The peer will say no more.
    fn ended(&mut self, now: Time) {
        let is_whole = match self.order.until {
            Until::Close => self.got > 0,
            Until::Http { .. } => self.http.is_whole_at_end(),
            Until::Same | Until::Line | Until::Length(_) => false,
        };
        if let Some(first) = self.asked.first().filter(|_| is_whole)
            && self
                .asked
                .expected(first, &self.order.check)
                .is_none_or(|expected| self.is_wrong || expected.len() as u64 == self.got)
        {
            self.answered(0, now);
        }
        self.lose_all(Cause::Ended, now);
    }

    /// What time has brought: replies that come no more.
    fn look(&mut self, out: &mut Out<'_>) {
        let now = out.now();
        if let Some(timeout) = self.order.timeout {
            while let Some(first) = self.asked.first().filter(|first| first.sent + timeout <= now) {
                let due = first.due;
                if out.kind() == Kind::Stream {
                    // What comes next would be taken for the reply to another one.
                    return self.cut_short(Cause::Timeout, out);
                }
                self.late += 1;
                if self.asked.len() as u64 == u64::from(self.order.when.most()) {
                    self.room_since = now;
                }
                self.asked.take(0);
                self.meter.lost(Cause::Timeout, due, now);
            }
        }
        if self.stage == Stage::Hearing && self.ends + self.order.grace <= now {
            self.lose_all(Cause::Missing, now);
        }
    }

    /// No reply to any message under way will come.
    fn lose_all(&mut self, cause: Cause, now: Time) {
        let mut cause = if cause == Cause::Ended && self.got > 0 { Cause::Short } else { cause };
        while let Some(asked) = self.asked.take(0) {
            self.meter.lost(cause, asked.due, now);
            if cause == Cause::Short {
                cause = Cause::Ended;
            }
        }
        self.got = 0;
    }

    fn cut_short(&mut self, cause: Cause, out: &mut Out<'_>) {
        self.lose_all(cause, out.now());
        self.stage = Stage::Gone;
        out.abort();
    }

    fn tell(&mut self, oddity: &Oddity, now: Time) {
        if !core::mem::replace(&mut self.was_odd, true) {
            self.meter.odd(oddity, now);
        }
    }

    fn closed(&mut self, reason: Reason, now: Time) {
        let cause = Cause::of(reason.how);
        if self.stage == Stage::Dialling {
            self.meter.unconnected(cause, now);
            self.order.fail(&mut self.turn, cause, now, &mut self.meter);
        }
        self.lose_all(cause, now);
        self.stage = Stage::Gone;
        self.meter.ended(self.turn, now);
    }
}

impl<M: Meter> Protocol for Load<M> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let now = out.now();
        match input {
            Input::Open => {
                self.stage = Stage::Asking;
                self.room_since = now;
                self.meter.connected(now - self.turn.dialled, now);
                self.ask(out);
            }
            Input::Data(bytes) if out.kind() == Kind::Datagram => {
                self.hear_datagram(bytes, now);
                self.ask(out);
            }
            Input::Data(bytes) => self.hear(bytes, out),
            Input::Eof => {
                self.ended(now);
                self.stage = Stage::Gone;
                out.leave();
            }
            Input::Timeout => {
                self.wake = Time::NEVER;
                self.look(out);
                self.ask(out);
            }
            Input::Stop => {
                self.ends = self.ends.min(now);
                self.ask(out);
            }
            Input::Closed(reason) => self.closed(reason, now),
            Input::Drained => {}
        }
    }
}

/// Takes up to `left` bytes off the beginning.
fn skip(bytes: &mut &[u8], left: u64) -> Took {
    let n = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    *bytes = &bytes[n..];
    if n as u64 == left { Took::Whole } else { Took::More }
}
