//! Peers: the state of each conversation that a session holds.
//!
//! Most sessions have one peer; it lies inline, without a map and without an allocation. A
//! session with more (a relay, a room) keeps the others in a tree beside it.
//!
//! Each of the two directions of a conversation ends on its own:
//!
//! ```text
//! ours:    Open --finish--> Finishing --outbox empty, FIN--> Ended
//! theirs:  Heard --close--> Unheard ---------eof-----------> Ended
//! both Ended: the conversation is over and is closed
//! ```

mod state;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::time::Time;

pub(crate) use self::state::{Drained, Ear, Life, Ours, State, Theirs, Told};

/// The number of a peer within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(u32);

impl Peer {
    /// The first peer of a session, for most sessions the only one.
    pub const FIRST: Self = Self(0);

    /// Tells the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What a conversation keeps of its messages' boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing: bytes in order.
    Stream,
    /// Everything: each datagram is one message, and may be lost.
    Datagram,
}

/// What an engine says of a connection when it opens.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The conversation's number in this run, from 1.
    pub conn: u64,
    /// Stream or datagram.
    pub kind: Kind,
    /// Whether we called the peer (and not the peer us).
    pub called: bool,
    /// Whether it lives for one datagram only.
    pub transient: bool,
    /// Our address and the peer's, where somebody wants to know.
    pub names: Option<(&'a Endpoint, &'a Endpoint)>,
}

impl Link<'_> {
    /// The number of a conversation with the program itself (its standard input and output): it
    /// is part of another one, and neither told nor counted on its own.
    pub const OWN_SIDE: u64 = u64::MAX;

    /// A stream on which a peer called us.
    #[must_use]
    pub const fn stream(conn: u64) -> Self {
        Self { conn, kind: Kind::Stream, called: false, transient: false, names: None }
    }

    /// One datagram, to be answered and forgotten.
    #[must_use]
    pub const fn datagram(conn: u64) -> Self {
        Self { conn, kind: Kind::Datagram, called: false, transient: true, names: None }
    }
}

/// When a peer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// While its own outbox is empty: who does not read its answers is not read.
    Answer,
    /// Always: who asks must hear, or two full pipes wait for each other for ever.
    Call,
    /// While the outbox of that other peer has room.
    Feeds(Peer),
}

/// The peers that are not the first, and what concerns several of them.
#[derive(Debug, Default)]
pub(crate) struct More {
    states: BTreeMap<u32, State>,
    next: u32,
    /// Peers that have something for the engine to do.
    pub(crate) active: VecDeque<Peer>,
    pub(crate) dials: VecDeque<(Peer, Endpoint)>,
    /// Who is read only while whose outbox has room.
    feeders: Vec<(Peer, Peer)>,
}

#[derive(Debug)]
pub(crate) struct Peers {
    first: State,
    pub(crate) more: Option<Box<More>>,
}

impl Peers {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { first: State::new(gate), more: None }
    }

    #[inline]
    pub(crate) fn state(&self, peer: Peer) -> Option<&State> {
        if peer == Peer::FIRST {
            return Some(&self.first);
        }
        self.more.as_ref()?.states.get(&peer.0)
    }

    #[inline]
    pub(crate) fn state_mut(&mut self, peer: Peer) -> Option<&mut State> {
        if peer == Peer::FIRST {
            return Some(&mut self.first);
        }
        self.more.as_mut()?.states.get_mut(&peer.0)
    }

    /// The state of a peer that is open.
    #[inline]
    pub(crate) fn open_mut(&mut self, peer: Peer) -> Option<&mut State> {
        self.state_mut(peer).filter(|state| state.life == Life::Open)
    }

    pub(crate) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_with(|| Box::new(More { next: 1, ..More::default() }))
    }

    /// Makes room for one more peer.
    pub(crate) fn add(&mut self, gate: Gate) -> Peer {
        let more = self.more();
        while more.states.contains_key(&more.next) {
            // The numbers have come round to one that still lives.
            more.next = more.next.wrapping_add(1).max(1);
        }
        let peer = Peer(more.next);
        more.next = more.next.wrapping_add(1).max(1);
        more.states.insert(peer.0, State::new(gate));
        peer
    }

    /// Forgets a peer that has closed; the first one's place stays, marked closed.
    pub(crate) fn forget(&mut self, peer: Peer) {
        if let Some(more) = &mut self.more {
            more.states.remove(&peer.0);
            more.feeders.retain(|(from, _)| *from != peer);
        }
    }

    /// Notes that the engine has something to do for `peer`.
    #[inline]
    pub(crate) fn activate(&mut self, peer: Peer) {
        if let Some(more) = &mut self.more
            && more.active.back() != Some(&peer)
        {
            more.active.push_back(peer);
        }
    }

    /// Notes that the engine has something to do for each peer of which this is true.
    pub(crate) fn activate_those(&mut self, whom: impl Fn(&State) -> bool) {
        if let Some(more) = self.more.as_deref_mut() {
            more.active.extend(whom(&self.first).then_some(Peer::FIRST));
            let rest = more.states.iter().filter(|(_, state)| whom(state));
            more.active.extend(rest.map(|(n, _)| Peer(*n)));
        }
    }

    /// Reads `from` only while the outbox of `into` has room.
    pub(crate) fn feed(&mut self, from: Peer, into: Peer) {
        let Some(state) = self.state_mut(from) else { return };
        state.gate = Gate::Feeds(into);
        let feeders = &mut self.more().feeders;
        feeders.retain(|(other, _)| *other != from);
        feeders.push((from, into));
        self.activate(from);
    }

    /// The outbox of `into` has changed, or it opened: who feeds it may be read again.
    #[inline]
    pub(crate) fn activate_feeders(&mut self, into: Peer, now: Time) {
        if self.more.is_some() {
            self.activate_each_feeder(into, now);
        }
    }

    fn activate_each_feeder(&mut self, into: Peer, now: Time) {
        let feeders = self.more.as_ref().map_or(0, |more| more.feeders.len());
        for n in 0..feeders {
            let Some((from, to)) = self.more.as_ref().and_then(|more| more.feeders.get(n).copied())
            else {
                return;
            };
            if to == into {
                // It could not be read before: its silence begins now.
                if let Some(state) = self.open_mut(from) {
                    state.moved = now;
                }
                self.activate(from);
            }
        }
    }

    /// Tells whether a peer is not read because whom it feeds has no room, or is not there yet.
    pub(crate) fn is_held(&self, state: &State, cx: &Context) -> bool {
        let Gate::Feeds(into) = state.gate else { return false };
        state.is_heard()
            && self.state(into).is_some_and(|other| {
                other.life == Life::Due || other.outbox.len() >= cx.limits.relayed as u64
            })
    }

    /// Until when a peer may stay silent. While it cannot be read, its silence is none, unless it
    /// does not read either: two peers of a relay must not hold each other for ever.
    pub(crate) fn patience(&self, state: &State, cx: &Context) -> Option<Time> {
        let is_excused = || {
            let Gate::Feeds(into) = state.gate else { return false };
            state.outbox.is_empty()
                && self.is_held(state, cx)
                && self
                    .state(into)
                    .is_some_and(|other| other.life == Life::Open && !other.outbox.is_empty())
        };
        state.patience(cx).filter(|_| !is_excused())
    }

    /// When something about a peer is to be looked at.
    #[inline]
    pub(crate) fn next_look(&self, state: &State, cx: &Context) -> Option<Time> {
        if state.is_free(cx) {
            return None;
        }
        state.next_look(self.patience(state, cx), cx)
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (Peer, &State)> {
        let rest = self.more.iter().flat_map(|more| &more.states);
        core::iter::once((Peer::FIRST, &self.first)).chain(rest.map(|(n, s)| (Peer(*n), s)))
    }
}
