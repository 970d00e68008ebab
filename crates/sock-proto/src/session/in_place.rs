//! In place: what a protocol gives back unchanged is sent from where it was received.
//!
//! An echo would otherwise be copied once more in user space, which for 64 KiB is a tenth of all that
//! it costs. The part of what came that is owed before anything else is named instead of queued, and
//! lives as long as the engine's buffer: until the next read. So the engine sends it at once, and what
//! the kernel does not take is queued after all.
//!
//! ```text
//! recv --> data_in_place --> range --> send --> sent_in_place
//! ```

use core::ops::Range;

use super::Session;
use crate::context::Context;
use crate::event::What;
use crate::out::Out;
use crate::peers::{Kind, Ours, Peer, Theirs, Told};
use crate::time::Time;
use crate::{Input, Protocol};

impl<P: Protocol> Session<P> {
    /// The same as [`Session::data`] of a stream, for an engine that can send from where it has received: returns
    /// which part of `bytes` is to be sent to the peer now, before any [`Session::output`]. Where that is
    /// not empty, [`Session::sent_in_place`] is the next call.
    #[must_use]
    #[inline]
    pub fn data_in_place(
        &mut self,
        peer: Peer,
        bytes: &[u8],
        since: Time,
        cx: &mut Context,
    ) -> Range<usize> {
        if !self.hears(peer, bytes, since, cx) {
            return 0..0;
        }
        let mut out = Out::giving_back(&mut self.peers, &mut self.wake, cx, peer, bytes);
        self.protocol.handle(Input::Data(bytes), &mut out);
        let back = out.back();
        if back.is_empty() {
            return back;
        }
        let is_alone = self.peers.more.is_none();
        let Some(state) = self.peers.open_mut(peer) else { return 0..0 };
        let may_go = matches!(state.ours, Ours::Open | Ours::Finishing);
        let is_stream = state.kind == Kind::Stream;
        if is_alone && may_go && is_stream && state.write_from <= cx.now {
            return back;
        }
        state.outbox.push(&bytes[back], state.kind, &mut cx.pool);
        0..0
    }

    /// The kernel took the first `n` of `bytes`, the part that [`Session::data_in_place`] named, in a
    /// call that began at `since`. The others wait in the outbox.
    #[inline]
    pub fn sent_in_place(
        &mut self,
        peer: Peer,
        bytes: &[u8],
        n: usize,
        since: Time,
        cx: &mut Context,
    ) {
        let Some(state) = self.peers.open_mut(peer) else { return };
        let (sent, rest) = bytes.split_at(n.min(bytes.len()));
        if !sent.is_empty() {
            state.moved = cx.now;
            if state.told != Told::Frame {
                state.sent += sent.len() as u64;
                let kind = state.kind;
                cx.emit(state.conn, What::Sent { kind, bytes: sent, since });
            }
        }
        if !rest.is_empty() {
            state.outbox.push(rest, Kind::Stream, &mut cx.pool);
        }
    }

    /// Notes and tells what came; whether the protocol is to be given it.
    pub(super) fn hears(
        &mut self,
        peer: Peer,
        bytes: &[u8],
        since: Time,
        cx: &mut Context,
    ) -> bool {
        let Some(state) = self.peers.open_mut(peer).filter(|s| s.theirs != Theirs::Ended) else {
            return false;
        };
        if bytes.is_empty() && state.kind == Kind::Stream {
            return false;
        }
        if state.told != Told::Frame {
            state.received += bytes.len() as u64;
        }
        state.read_from = cx.now + cx.limits.pauses.read;
        let (conn, kind, heard, told) = (state.conn, state.kind, state.is_heard(), state.told);
        if heard {
            // What we no longer hear keeps nobody waiting.
            state.moved = cx.now;
        }
        if told != Told::Frame {
            cx.emit(conn, What::Received { kind, bytes, since });
        }
        if let Some(state) = self.peers.state_mut(peer).filter(|_| !heard) {
            state.discarded += bytes.len() as u64;
        }
        heard
    }
}
