//! Asked: the messages of a connection that are under way, and what their replies have to be.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::check::{Check, Shadow};
use crate::{Kind, Time};

/// A message that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) due: Time,
    pub(super) sent: Time,
    pub(super) number: u64,
    /// How long its reply is, as far as that is known beforehand.
    pub(super) len: u64,
    /// Where what its reply has to be lies in the stream of all replies.
    at: u64,
}

/// Messages under way, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    asked: VecDeque<Asked>,
    /// What the replies have to be, where it differs from one to the next.
    expected: Vec<u8>,
    /// How much was in front of that and is not needed any more.
    forgotten: u64,
    shadow: Option<Box<Shadow>>,
}

/// So much that is not needed any more may lie in front of what is.
const STALE: u64 = 64 * 1024;

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    pub(super) fn first(&self) -> Option<&Asked> {
        self.asked.front()
    }

    /// Adds a message, with these `bytes`.
    pub(super) fn push(
        &mut self,
        due: Time,
        now: Time,
        number: u64,
        bytes: &[u8],
        check: &Check,
        kind: Kind,
    ) {
        let at = self.forgotten + self.expected.len() as u64;
        let len = match check {
            Check::Nothing => bytes.len() as u64,
            Check::Bytes(reply) => reply.len() as u64,
            Check::Service(row) => {
                let shadow = self.shadow.get_or_insert_with(|| Box::new(Shadow::new(row, kind)));
                shadow.answer(bytes, &mut self.expected);
                self.forgotten + self.expected.len() as u64 - at
            }
        };
        self.asked.push_back(Asked { due, sent: now, number, len, at });
    }

    /// What the reply to `asked` has to be, if that is known.
    pub(super) fn expected<'a>(&'a self, asked: &Asked, check: &'a Check) -> Option<&'a [u8]> {
        match check {
            Check::Nothing => None,
            Check::Bytes(reply) => Some(reply),
            Check::Service(_) => {
                let at = usize::try_from(asked.at - self.forgotten).ok()?;
                self.expected.get(at..at + usize::try_from(asked.len).ok()?)
            }
        }
    }

    /// The place of the oldest message whose reply this is.
    pub(super) fn whose(&self, reply: &[u8], check: &Check) -> Option<usize> {
        self.asked.iter().position(|asked| self.expected(asked, check) == Some(reply))
    }

    /// Takes the message at this place out.
    pub(super) fn take(&mut self, place: usize) -> Option<Asked> {
        let asked = self.asked.remove(place);
        match self.asked.front() {
            None => {
                self.forgotten += self.expected.len() as u64;
                self.expected.clear();
            }
            Some(first) if first.at - self.forgotten > STALE => {
                let stale =
                    usize::try_from(first.at - self.forgotten).unwrap_or(self.expected.len());
                self.expected.drain(..stale);
                self.forgotten = first.at;
            }
            Some(_) => {}
        }
        asked
    }
}
