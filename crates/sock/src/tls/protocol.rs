//! `Tls<P>`: a protocol that speaks records to the wire and holds another, which knows nothing of it.
//!
//! ```text
//!            handshake                      records                        close_notify, FIN
//!  Hello ----------------> Open <-------------------------> inner protocol ------------------> Over
//!    |  10 s, no TLS, no trust         a FIN alone: truncated    an alert, a broken record      ^
//!    +------------------------------------------------------------------------------------------+
//! ```
//!
//! - The inner protocol opens when the handshake is done, and no sooner: nothing that was sent before
//!   reaches it.
//! - A `close_notify` of the peer is its end; a FIN without one says nothing about whether that was all
//!   (RFC 8446, section 6.1), and ends the conversation as truncated once what had come is delivered.
//! - What the inner protocol does not take now waits sealed, and the peer is not heard: never more than
//!   one read of the engine's.
//! - Who fails us is told why by an alert before the end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sock_proto::{By, How, Input, Nested, Out, Peer, Protocol, Reason, Time};

use super::client::ClientTls;
use super::server::Loaded;
use super::wire::{Came, Role, Stage, Wires};
use super::{info, words};
use crate::{Error, Result};

/// The alert that says so, in the clear, as the oldest version has it (RFC 8446, section 6.2 and appendix D.5).
const PROTOCOL_VERSION: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// TLS as it lies beneath each protocol of a service.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    role: Role,
    /// How long a handshake may take.
    patience: Duration,
}

impl Layer {
    /// Calls `host`.
    ///
    /// # Errors
    ///
    /// The settings name a file that is not what it has to be; no certificate can be for `host`.
    pub(crate) fn calling(settings: &ClientTls, host: &str) -> Result<Self> {
        let client = settings.load()?;
        client.call(host, &[])?;
        let role = Role::Client { client: Arc::new(client), host: host.to_owned() };
        Ok(Self { role, patience: settings.handshake_timeout })
    }

    /// Answers whoever calls.
    pub(crate) fn answering(loaded: &Loaded) -> Self {
        let Loaded { config, tells_info, handshake_timeout, .. } = loaded;
        let role = Role::Server { config: Arc::clone(config), tells_info: *tells_info };
        Self { role, patience: *handshake_timeout }
    }

    /// Puts itself beneath what `nested` holds.
    pub(crate) fn over<P: Protocol>(&self, nested: Nested<P>) -> Tls<P> {
        Tls::new(nested, self.role.clone(), self.patience)
    }
}

/// A protocol of a stream, behind TLS.
pub(crate) struct Tls<P> {
    nested: Nested<P>,
    wires: Wires,
    role: Role,
    /// How long a handshake may take.
    patience: Duration,
    /// Whose handshake ends when, at the latest: in order, because all may take the same time.
    waiting: VecDeque<(Time, Peer)>,
    /// For whom something waits that the inner protocol has not taken.
    stalled: Vec<Peer>,
}

impl<P: Protocol> Tls<P> {
    fn new(nested: Nested<P>, role: Role, patience: Duration) -> Self {
        let (wires, waiting, stalled) = (Wires::default(), VecDeque::new(), Vec::new());
        Self { nested, wires, role, patience, waiting, stalled }
    }

    fn open(&mut self, out: &mut Out<'_>) {
        out.veil();
        match self.role.wire() {
            Ok(wire) => {
                self.waiting.push_back((out.now() + self.patience, out.peer()));
                self.wires.insert(out.peer(), wire);
                self.wires.ship(out);
            }
            Err(error) => self.fail(By::Us, How::Tls, &error, out),
        }
    }

    /// Takes what came after what had to wait, as far as the inner protocol does.
    fn take(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let Some(wire) = self.wires.get_mut(out.peer()) else { return };
        let mut held = std::mem::take(&mut wire.held);
        let mut rest = bytes;
        let waited = !held.is_empty();
        if waited {
            held.extend_from_slice(bytes);
            rest = &held;
        }
        while self.hand_over(out) && !rest.is_empty() {
            self.read(&mut rest, out);
        }
        let left = rest.len();
        let Some(wire) = self.wires.get_mut(out.peer()) else { return };
        if wire.stage == Stage::Over {
            return;
        }
        if left == 0 && wire.is_read() {
            wire.slim();
            return self.truncate(out);
        }
        wire.held = if waited {
            held.drain(..held.len() - left);
            held
        } else {
            rest.to_vec()
        };
        if !self.stalled.contains(&out.peer()) {
            self.stalled.push(out.peer());
        }
    }

    /// Goes on with those for whom something waits: the inner protocol may want it now.
    fn go_on(&mut self, out: &mut Out<'_>) {
        for peer in std::mem::take(&mut self.stalled) {
            self.take(&[], &mut out.to(peer));
        }
    }

    /// Reads some records.
    fn read(&mut self, rest: &mut &[u8], out: &mut Out<'_>) {
        let side = self.role.side();
        let Some(wire) = self.wires.get_mut(out.peer()) else { return };
        let came = wire.read(rest, side);
        if wire.stage == Stage::Hello && wire.is_outdated(side) {
            out.send(&PROTOCOL_VERSION);
            return self.fail(By::Us, How::Tls, &words::outdated(), out);
        }
        // An answer, or the alert that says why there is none.
        self.wires.ship(out);
        match came {
            Ok(Came::Records) => {}
            Ok(Came::Handshake) => {
                if self.role.tells_info()
                    && let Some(wire) = self.wires.get_mut(out.peer())
                {
                    for line in info::lines(&wire.tls, out.wall()) {
                        out.note("tls-info", format_args!("{line}"));
                    }
                }
                if let Some(wire) = self.wires.get_mut(out.peer()) {
                    wire.is_inside = true;
                }
                self.nested.open(out);
            }
            Err((by, error)) => {
                let wire = self.wires.get_mut(out.peer());
                if let Some(answer) = wire.and_then(|wire| wire.answer_in_clear(side)) {
                    out.send(answer);
                }
                self.fail(by, How::Tls, &error, out);
            }
        }
    }

    /// Gives the inner protocol what has been opened, and sends what it says; false when it takes no
    /// more now.
    fn hand_over(&mut self, out: &mut Out<'_>) -> bool {
        loop {
            self.nested.flush(&mut self.wires, out);
            let Some(wire) = self.wires.get_mut(out.peer()) else { return false };
            match wire.stage {
                Stage::Hello => return true,
                Stage::Over => return false,
                Stage::Open => {}
            }
            if wire.is_read() {
                if let Some((by, error)) = wire.broken.take() {
                    self.fail(by, How::Tls, &error, out);
                    return false;
                }
                if wire.has_ended && !std::mem::replace(&mut wire.eof_told, true) {
                    self.nested.eof(out);
                    continue;
                }
                return true;
            }
            if !self.nested.wants_data(out) {
                return false;
            }
            let n = wire.plain().map_or(0, |bytes| {
                self.nested.data(bytes, out);
                bytes.len()
            });
            wire.consume(n);
        }
    }

    /// The peer has ended its direction of the connection, which is no word about the conversation.
    fn truncate(&mut self, out: &mut Out<'_>) {
        let side = self.role.side();
        let Some(wire) = self.wires.get_mut(out.peer()) else { return };
        if !wire.fin || wire.has_ended || !wire.is_read() {
            return;
        }
        match wire.stage {
            Stage::Over => {}
            Stage::Hello => {
                let error = words::ended_early(side);
                self.fail(By::Peer, How::Tls, &error, out);
            }
            Stage::Open => {
                wire.stage = Stage::Over;
                out.because(How::Truncated);
                self.closed(Reason { by: By::Peer, how: How::Truncated }, out);
                out.leave();
            }
        }
    }

    /// Ends the conversation with the peer, and says why.
    fn fail(&mut self, by: By, how: How, error: &Error, out: &mut Out<'_>) {
        out.note("tls", format_args!("{error}"));
        out.because(how);
        out.ended_by(by);
        if let Some(wire) = self.wires.get_mut(out.peer()) {
            wire.stage = Stage::Over;
            wire.held = Vec::new();
        }
        self.closed(Reason { by, how }, out);
        // Not at once: the alert would be lost with the reset that unread bytes cause.
        out.close();
    }

    /// Tells the inner protocol that the peer has gone, if it knows of it.
    fn closed(&mut self, reason: Reason, out: &mut Out<'_>) {
        let wire = self.wires.get_mut(out.peer());
        if wire.is_some_and(|wire| std::mem::take(&mut wire.is_inside)) {
            self.nested.closed(reason, out);
            self.nested.flush(&mut self.wires, out);
        }
    }

    /// Ends handshakes that take too long; on a stop, all of them.
    fn give_up(&mut self, stops: bool, out: &mut Out<'_>) {
        while let Some((at, peer)) = self.waiting.front().copied() {
            let is_due = at <= out.now();
            if self.wires.is_shaking(peer) && !stops && !is_due {
                break;
            }
            self.waiting.pop_front();
            if !self.wires.is_shaking(peer) {
                continue;
            }
            let mut out = out.to(peer);
            if is_due {
                let error = words::too_slow(self.role.side(), self.patience);
                self.fail(By::Peer, How::Timeout, &error, &mut out);
            } else {
                out.because(How::Stop);
                out.close();
            }
        }
    }

    fn wake(&self, out: &mut Out<'_>) {
        let handshake = self.waiting.front().map(|(at, _)| *at);
        match [self.nested.deadline(), handshake].into_iter().flatten().min() {
            Some(at) => out.wake_at(at),
            None => out.sleep(),
        }
    }
}

impl<P: Protocol> Protocol for Tls<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let peer = out.peer();
        match input {
            Input::Timeout => {
                self.nested.tick(out);
                self.nested.flush(&mut self.wires, out);
            }
            Input::Stop => {
                self.nested.stop(out);
                self.nested.flush(&mut self.wires, out);
                self.give_up(true, out);
            }
            _ if self.nested.is_passed(peer) => {
                self.nested.pass(input, out);
                self.nested.flush(&mut self.wires, out);
            }
            Input::Open => self.open(out),
            Input::Data(bytes) => self.take(bytes, out),
            Input::Eof => {
                if let Some(wire) = self.wires.get_mut(peer) {
                    wire.fin = true;
                }
                self.take(&[], out);
            }
            Input::Drained => self.take(&[], out),
            Input::Closed(reason) => {
                self.closed(reason, out);
                self.wires.remove(peer);
            }
        }
        self.go_on(out);
        self.give_up(false, out);
        self.wake(out);
    }
}

#[cfg(test)]
mod tests;
