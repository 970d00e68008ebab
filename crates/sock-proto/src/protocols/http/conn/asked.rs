//! Asked: what is told of a request beside its answer.

use alloc::vec::Vec;

use super::super::Offer;
use super::super::files;
use super::super::head::Head;
use super::super::parse::first_line;
use crate::event::Client;

/// More of a field is not kept: many requests may wait to be told.
const MOST: usize = 512;

/// A request, as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// It begins with the first line.
    pub(super) raw: &'a [u8],
    pub(super) client: Client<'a>,
}

impl<'a> Asked<'a> {
    /// One that was not understood.
    pub(super) fn unknown(raw: &'a [u8]) -> Self {
        Self { raw, client: Client::default() }
    }

    /// One whose head is whole.
    pub(super) fn of(raw: &'a [u8], head: &Head<'a>, offer: &'a Offer) -> Self {
        let field = |name| head.field(name).unwrap_or_default();
        let user = files::user(head, offer).unwrap_or_default().as_bytes();
        let client = Client { user, agent: field("User-Agent"), referer: field("Referer") };
        Self { raw, client }
    }
}

/// The same, kept.
#[derive(Debug, Default)]
pub(in super::super) struct Kept {
    line: Vec<u8>,
    user: Vec<u8>,
    agent: Vec<u8>,
    referer: Vec<u8>,
}

impl Kept {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        let keep = |bytes: &[u8]| bytes[..bytes.len().min(MOST)].to_vec();
        let Client { user, agent, referer } = asked.client;
        let line = first_line(asked.raw).to_vec();
        Self { line, user: keep(user), agent: keep(agent), referer: keep(referer) }
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        let Self { line, user, agent, referer } = self;
        Asked { raw: line, client: Client { user, agent, referer } }
    }
}
