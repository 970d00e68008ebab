//! Replies that are datagrams: each is whole, and may be late, come twice, or overtake another.

use alloc::vec::Vec;

use super::Load;
use crate::load::check::{Check, Shadow};
use crate::load::meter::{Meter, Oddity};
use crate::load::order::{Order, Turn};
use crate::{Kind, Time};

/// A reply is known for one that is late, or that came twice, if its message was one of the last so many.
const RECENT: u64 = 256;

impl<M: Meter> Load<M> {
    /// A datagram is the reply to whose it can be, or to the oldest.
    pub(super) fn hear_datagram(&mut self, bytes: &[u8], now: Time) {
        let check = &self.order.check;
        let place = match check {
            Check::Nothing => (!self.asked.is_empty()).then_some(0),
            Check::Bytes(_) | Check::Service(_) => self.asked.whose(bytes, check),
        };
        self.got = bytes.len() as u64;
        if place.is_none() && self.is_old(bytes) {
            self.got = 0;
            return self.tell(&Oddity::Late, now);
        }
        let check = &self.order.check;
        match (place, self.asked.first()) {
            (Some(place), _) => self.answered(place, now),
            (None, None) => self.tell(&Oddity::Unasked { bytes: self.got }, now),
            (None, Some(first)) => {
                let expected = self.asked.expected(first, check).unwrap_or_default();
                let at = expected.iter().zip(bytes).position(|(a, b)| a != b);
                let at = at.unwrap_or(expected.len().min(bytes.len()));
                let (expected, found) = (expected.get(at).copied(), bytes.get(at).copied());
                let (number, at) = (first.number, at as u64);
                self.is_wrong = true;
                self.tell(&Oddity::Byte { number, at, expected, found }, now);
                self.answered(0, now);
            }
        }
        self.got = 0;
    }

    /// Whether a datagram that is nobody's reply now was the reply to a message that has been answered
    /// or given up.
    fn is_old(&mut self, bytes: &[u8]) -> bool {
        let Order { check, message, seed, .. } = &*self.order;
        let Turn { conn, number, .. } = self.turn;
        match check {
            Check::Nothing => {
                let is_awaited = self.late > 0;
                self.late -= u64::from(is_awaited);
                is_awaited
            }
            Check::Bytes(reply) => bytes == &reply[..],
            Check::Service(row) => {
                let mut shadow = Shadow::new(row, Kind::Datagram);
                let [mut asked, mut reply] = [Vec::new(), Vec::new()];
                (number.saturating_sub(RECENT).max(1)..number).any(|number| {
                    asked.clear();
                    reply.clear();
                    message.write(*seed, conn, number, &mut asked);
                    shadow.answer(&asked, &mut reply);
                    reply == bytes
                })
            }
        }
    }
}
