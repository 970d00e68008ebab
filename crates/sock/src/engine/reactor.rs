//! Reactor: one thread, many conversations, one wait.
//!
//! Every engine that waits for readiness is this loop over its own way to wait. A blocking engine
//! uses it twice: to wait for callers, each of whom it hands to its [`Crew`], and there, with a
//! single conversation, to hold it to its end.
//!
//! ```text
//!            +----------------------- wait -----------------------+
//!            |            |            |           |              |
//!          stop        a port       a conn        bell          timer
//!            |            |            |           |              |
//!         sessions     accept      pull, push   crew.reap       tick
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use slab::Slab;
use sock_proto::{Context, Endpoint, Link, Time, Transport};

use super::batch::Batch;
use super::calls::Campaign;
use super::conn::{Conn, Holds, Io, session_of};
use super::crew::{Counts, Crew};
use super::datagrams::Held;
use super::dialer::Dialer;
use super::group::Group;
use super::key::Key;
use super::port::{Port, endpoint_of, peer_of};
use super::ranges;
use super::spin::Habit;
use super::wait::{On, Ready, Wait, Want};
use crate::serve::Plan;
use crate::stop::Urgency;

/// What happens to a connection that was accepted.
pub(super) enum Hand {
    /// It is held here, among the others.
    Keep,
    /// It is a job for somebody else.
    Over(Crew),
}

/// One thread's loop.
pub(super) struct Reactor<W> {
    pub(super) plan: Arc<Plan>,
    pub(super) cx: Context,
    pub(super) wait: W,
    pub(super) hand: Hand,
    pub(super) ports: Vec<Option<Port>>,
    pub(super) conns: Slab<Conn>,
    pub(super) groups: Slab<Group>,
    pub(super) buf: Box<[u8]>,
    pub(super) room: Option<usize>,
    pub(super) dialer: Option<Dialer>,
    pub(super) timers: BinaryHeap<Reverse<(Time, Key)>>,
    pub(super) seen: Urgency,
    /// Numbers of conversations that are left in this thread's block.
    numbers: std::ops::Range<u64>,
    pub(super) was_full: bool,
    /// How many of the connections are calls of ours, each part of another conversation.
    pub(super) called: usize,
    /// The one sender of a server that serves once has come.
    pub(super) has_taken: bool,
    /// Datagrams of senders who are not to be heard yet.
    pub(super) held: HashMap<usize, Held>,
    /// Who wants calls to be made, and when it wants to be asked again.
    pub(super) campaign: Option<Box<dyn Campaign>>,
    pub(super) asks_at: Time,
    /// Whether it looks for a moment before it sleeps.
    pub(super) habit: Habit,
    /// Whether it waits for several results together, where it may.
    pub(super) company: Habit,
    /// Room for the datagrams of one call, which a port keeps that cannot send all of its replies.
    pub(super) spare: Option<Box<Batch>>,
}

/// Large enough for any datagram over IP, and for a stream to be read in few calls.
const BUFFER: usize = 65_536;

impl<W: Wait> Reactor<W> {
    pub(super) fn new(plan: Arc<Plan>, wait: W, hand: Hand) -> std::io::Result<Self> {
        let mut cx = plan.run.context();
        ranges::take(&mut cx);
        let mut reactor = Self {
            plan,
            cx,
            wait,
            hand,
            ports: Vec::new(),
            conns: Slab::new(),
            groups: Slab::new(),
            buf: vec![0; BUFFER].into_boxed_slice(),
            room: None,
            dialer: None,
            timers: BinaryHeap::new(),
            seen: Urgency::None,
            numbers: 0..0,
            was_full: false,
            called: 0,
            has_taken: false,
            held: HashMap::new(),
            campaign: None,
            asks_at: Time::NEVER,
            habit: Habit::default(),
            company: Habit::wary(),
            spare: None,
        };
        reactor.watch_stop(Want::NOTHING, Want::READ)?;
        if let Hand::Over(crew) = &reactor.hand
            && let Some(bell) = crew.bell()
        {
            let bell = On::signal(bell, Key::Bell.to_u64());
            reactor.wait.watch(bell, Want::NOTHING, Want::READ)?;
        }
        Ok(reactor)
    }

    /// Runs until nobody listens any more and every conversation is over.
    pub(super) fn run(mut self) -> std::io::Result<Counts> {
        let mut ready: Vec<Ready> = Vec::new();
        self.heed_stop()?;
        while !self.is_over() {
            self.make_calls()?;
            if self.is_over() {
                break;
            }
            self.rest(&mut ready)?;
            self.turn(&mut ready)?;
        }
        self.finish()
    }

    /// Takes what is ready, and the timers that are due.
    pub(super) fn turn(&mut self, ready: &mut Vec<Ready>) -> std::io::Result<()> {
        for event in ready.drain(..) {
            match Key::from_u64(event.key) {
                Key::Stop(_) => self.heed_stop()?,
                Key::Bell => self.reap()?,
                Key::Dialer => self.heed_dialer()?,
                Key::Port(place) => self.port_ready(place as usize, event)?,
                Key::Conn(slot) => self.conn_ready(slot as usize, event)?,
                Key::Group(_) | Key::Grace | Key::Campaign => {}
            }
        }
        self.fire_timers()
    }

    pub(super) fn is_over(&self) -> bool {
        let is_idle = match &self.hand {
            Hand::Keep => true,
            Hand::Over(crew) => crew.is_empty(),
        };
        let is_silent = self.campaign.as_ref().is_none_or(|campaign| campaign.is_over());
        is_idle && is_silent && self.conns.is_empty() && self.ports.iter().all(Option::is_none)
    }

    pub(super) fn finish(mut self) -> std::io::Result<Counts> {
        let tally = self.cx.tally;
        let mut counts = Counts {
            sent: tally.sent,
            received: tally.received,
            conversations: tally.conversations,
        };
        if let Hand::Over(crew) = &mut self.hand {
            crew.reap()?;
            counts += crew.counts();
        }
        Ok(counts)
    }

    /// How many conversations are open.
    pub(super) fn load(&self) -> usize {
        match &self.hand {
            Hand::Keep => self.conns.len() - self.called,
            Hand::Over(crew) => crew.len() + self.conns.len() - self.called,
        }
    }

    /// Numbers the calls that this thread or child makes from a block of its own.
    pub(super) fn number_from(&mut self, block: u64) {
        self.numbers = block + 1..block + crate::run::BLOCK + 1;
    }

    pub(super) fn next_number(&mut self) -> u64 {
        if self.numbers.is_empty() {
            self.number_from(self.plan.run.block());
        }
        self.numbers.next().unwrap_or_default()
    }

    /// Takes in a socket that came by this transport as a conversation, and lets it begin.
    pub(super) fn adopt(
        &mut self,
        io: Io,
        number: u64,
        names: Option<(&Endpoint, &Endpoint)>,
        transport: Transport,
    ) -> std::io::Result<usize> {
        let holds = match self.room() {
            Some(group) => {
                let peer = self.groups[group].session.join();
                Holds::Member { group, peer }
            }
            None => Holds::Own(self.plan.service.session(transport)),
        };
        let kind = io.kind();
        let link = Link { conn: number, kind, called: false, transient: false, names };
        self.enter(io, holds, &link, transport)
    }

    /// Holds one conversation in which we have called the peer, to its end.
    pub(super) fn hold(mut self, fd: OwnedFd, is_stream: bool) -> std::io::Result<Counts> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        let local = endpoint_of(rustix::net::getsockname(&fd).ok().as_ref(), is_stream);
        let remote = rustix::net::getpeername(&fd).ok().flatten();
        let remote = peer_of(remote.as_ref(), &local, is_stream);
        let [local, remote] = [local, remote].map(|name| self.plan.service.named(name));
        let io = if is_stream { Io::Stream(fd) } else { Io::Datagram(fd) };
        let transport = local.transport();
        let session = self.plan.service.calling();
        let link = Link {
            conn: super::HELD,
            kind: io.kind(),
            called: true,
            transient: false,
            names: Some((&local, &remote)),
        };
        self.numbers = super::HELD + 1..u64::MAX;
        self.enter(io, Holds::Own(session), &link, transport)?;
        self.run()
    }

    fn enter(
        &mut self,
        io: Io,
        holds: Holds,
        link: &Link<'_>,
        transport: Transport,
    ) -> std::io::Result<usize> {
        let member = match &holds {
            Holds::Member { group, peer } => Some((*group, *peer)),
            Holds::Own(_) => None,
        };
        let mut conn = Conn::new(io, holds, false);
        conn.drains = transport.is_over_tcp();
        let slot = self.conns.insert(conn);
        if let Some((group, peer)) = member {
            self.groups[group].conns.insert(peer, slot);
        }
        let (session, peer) = session_of(&mut self.conns[slot].holds, &mut self.groups);
        session.open(peer, link, &mut self.cx);
        self.settle(slot)?;
        Ok(slot)
    }

    fn reap(&mut self) -> std::io::Result<()> {
        if let Hand::Over(crew) = &mut self.hand {
            crew.reap()?;
        }
        self.resume_ports()
    }

    /// A place has become free.
    pub(super) fn resume_ports(&mut self) -> std::io::Result<()> {
        if std::mem::take(&mut self.was_full) {
            for place in 0..self.ports.len() {
                self.watch_port(place)?;
            }
        }
        Ok(())
    }

    /// Tells whether one more conversation may begin; if not, the ports rest until one has ended.
    pub(super) fn has_room(&mut self) -> bool {
        self.was_full |= self.load() >= self.plan.max_conns;
        self.load() < self.plan.max_conns
    }
}
