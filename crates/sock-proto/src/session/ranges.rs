//! Ranges: pieces of files among the bytes that a peer is owed.
//!
//! An engine that [takes ranges](Context::takes_ranges) asks for [`Session::range`] before
//! [`Session::output`] and lets the kernel send it; for any other a range is read piece by piece, as its
//! turn comes, and looks like any other bytes.

use super::Session;
use crate::Protocol;
use crate::context::Context;
use crate::event::{By, What};
use crate::peers::{Ours, Peer, State};
use crate::source::Span;

impl<P: Protocol> Session<P> {
    /// The range of a file that is to be sent to the peer now, in place of [`Session::output`]; only
    /// for an engine that [takes ranges](Context::takes_ranges).
    #[must_use]
    pub fn range(&self, peer: Peer, cx: &Context) -> Option<&Span> {
        self.sendable(peer, cx)?.outbox.range()
    }

    /// Tells whether a range of a file follows what [`Session::output`] gives: both may leave together.
    #[must_use]
    pub fn has_range_next(&self, peer: Peer) -> bool {
        self.peers.state(peer).is_some_and(|state| state.outbox.has_range_next())
    }

    /// The kernel took the first `n` bytes of [`Session::range`]. None at all means that the file has
    /// become shorter: what was promised cannot be sent, and the conversation is cut short.
    pub fn sent_range(&mut self, peer: Peer, n: u64, cx: &mut Context) {
        let Some(state) = self.peers.open_mut(peer) else { return };
        if n == 0 {
            return state.fall_short(cx);
        }
        state.sent += n;
        state.moved = cx.now;
        state.outbox.advance(n, &mut cx.pool);
        self.peers.activate_feeders(peer, cx.now);
    }

    /// The engine cannot send this [`Session::range`] by itself: reads the beginning of it, so that
    /// there is [`Session::output`].
    pub fn read_range(&mut self, peer: Peer, cx: &mut Context) {
        if let Some(state) = self.peers.open_mut(peer) {
            state.read_range(cx);
        }
    }
}

impl State {
    /// Sees to it that bytes come next where a range does, for an engine that takes no ranges.
    #[inline]
    pub(crate) fn load(&mut self, cx: &mut Context) {
        if !cx.takes_ranges && self.outbox.range().is_some() {
            self.read_range(cx);
        }
    }

    /// Reads the beginning of the range that comes next.
    pub(crate) fn read_range(&mut self, cx: &mut Context) {
        if self.outbox.load(&mut cx.pool).is_err() {
            self.fall_short(cx);
        }
    }

    /// What was promised cannot be sent: nothing else may pass for it.
    pub(crate) fn fall_short(&mut self, cx: &mut Context) {
        let missing = self.outbox.range().map_or(0, Span::len);
        let text = format_args!("a file has become shorter: {missing} B of it are missing");
        cx.emit(self.conn, What::Note { code: "short-file", text });
        self.ours = Ours::Aborting;
        self.moved = cx.now;
        self.ended_first.get_or_insert(By::Us);
    }
}
