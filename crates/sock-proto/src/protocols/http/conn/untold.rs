//! Untold: answers that are told when they are sent, or never will be.
//!
//! What is told of an answer is what was really sent of it: a client that goes away in the middle of a
//! download has not had all of it.

use alloc::vec::Vec;

use super::asked::{Asked, Kept};
use crate::{Out, Time};

/// What is queued, in its order; nothing lies here while nothing waits to be sent.
#[derive(Debug, Default)]
pub(super) struct Untold(Vec<Answered>);

#[derive(Debug)]
pub(super) struct Answered {
    pub(super) asked: Kept,
    pub(super) status: u16,
    /// Bytes of its body, which are the last ones of it.
    pub(super) body: u64,
    /// Bytes of all of it.
    pub(super) wire: u64,
    /// When the request began to come.
    pub(super) began: Time,
}

impl Untold {
    pub(super) fn add(&mut self, answered: Answered) {
        self.0.push(answered);
    }

    /// A client was told to go on: bytes that are no answer.
    pub(super) fn proceeded(&mut self, wire: u64) {
        if !self.0.is_empty() {
            let (asked, began) = (Kept::default(), Time::ZERO);
            self.0.push(Answered { asked, status: 100, body: 0, wire, began });
        }
    }

    /// Everything was sent.
    pub(super) fn sent(&mut self, out: &mut Out<'_>) {
        self.ended(0, out);
    }

    /// The conversation has ended, and the last `unsent` bytes of what was queued were never sent.
    pub(super) fn ended(&mut self, mut unsent: u64, out: &mut Out<'_>) {
        let mut all = core::mem::take(&mut self.0);
        for answered in all.iter_mut().rev() {
            let missing = unsent.min(answered.wire);
            unsent -= missing;
            answered.body = answered.body.saturating_sub(missing);
        }
        for Answered { asked, status, body, began, .. } in all {
            if status != 100 {
                let Asked { raw, client } = asked.asked();
                out.answered(raw, client, status, body, began);
            }
        }
    }
}
