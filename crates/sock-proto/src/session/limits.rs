//! Limits: when a session is to be looked at, and whose time is over by then.

use super::Session;
use crate::context::Context;
use crate::event::{By, How, Reason};
use crate::peers::{Life, Peer, State};
use crate::time::Time;
use crate::{Input, Protocol};

impl<P: Protocol> Session<P> {
    /// When to call [`Session::tick`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        Time::earlier(self.wake, self.look)
    }

    /// Time passed: wakes the protocol if it asked. The engine then takes what is
    /// [`Session::expired`] and flushes.
    pub fn tick(&mut self, cx: &mut Context) {
        if self.wake.is_some_and(|at| at <= cx.now) {
            self.wake = None;
            self.handle(Peer::FIRST, Input::Timeout, cx);
        }
    }

    /// Ends the next peer whose time is over and names it; the engine lets go of its socket.
    pub fn expired(&mut self, cx: &mut Context) -> Option<Peer> {
        if self.look.is_none_or(|look| look > cx.now) {
            return None;
        }
        let over = |state: &State| {
            state.life == Life::Open
                && self.peers.patience(state, cx).is_some_and(|until| until <= cx.now)
        };
        let late = self.peers.each().find(|(_, state)| over(state)).map(|(peer, _)| peer);
        if let Some(peer) = late {
            self.closed(peer, Reason { by: By::Us, how: How::Timeout }, cx);
            return Some(peer);
        }
        let since = self.look.take()?;
        self.look =
            self.peers.each().filter_map(|(_, state)| self.peers.next_look(state, cx)).min();
        // Whom a pause held moves on.
        self.peers.activate_those(|state| state.was_held(since, cx.now));
        None
    }
}
