//! Files: what is said to a request for one, and who may ask.

#![allow(
    dead_code,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "a place for what comes next, and nobody calls it yet"
)]

use core::time::Duration;

use super::answer::Answer;
use super::head::Head;
use super::{Offer, Site};

/// Answers GET, HEAD and OPTIONS for what is beneath the root; `wall` is the time of day.
pub(super) fn answer(
    _head: &Head<'_>,
    _offer: &Offer,
    _site: &dyn Site,
    _wall: Duration,
) -> Answer {
    super::page::error(404, "files are not served yet", "")
}

/// Turns away who may not ask; asked for every request, whatever is offered.
pub(super) fn admits(_head: &Head<'_>, _offer: &Offer) -> Result<(), Answer> {
    Ok(())
}

/// What PUT and POST bring, on its way into a file.
#[derive(Debug)]
pub(super) struct Storing;

impl Storing {
    /// Begins to store what a request will bring.
    pub(super) fn begin(
        _head: &Head<'_>,
        _offer: &Offer,
        _site: &dyn Site,
    ) -> Result<Self, Answer> {
        Err(super::page::error(405, "files are not stored yet", ""))
    }

    /// Takes more of the body.
    pub(super) fn data(&mut self, _bytes: &[u8]) -> Result<(), Answer> {
        Ok(())
    }

    /// The body is whole.
    pub(super) fn end(self) -> Answer {
        Answer::new(201)
    }
}
