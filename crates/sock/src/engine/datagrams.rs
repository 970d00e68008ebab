//! Datagrams: a port where messages come in from anybody.
//!
//! A stateless service answers each with one session for all senders. Otherwise each sender has a
//! conversation of its own, which shares the port's descriptor.
//!
//! On this machine (unixgram) an answer that nobody has read yet counts against the send buffer of
//! the port: a receiver that lets some 200 KB of them lie keeps the others from being answered until
//! it reads or goes. The kernel has no way round that, since a client that is connected takes
//! answers from the port's own socket only. What is left to us is to try again in good time.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use sock_proto::{By, How, Interest, Kind, Link, Peer, Reason, Time};

use super::conn::{Io, Pushed, push, session_of, stamp};
use super::port::{REST, TURN, asked_of, endpoint_of, ip_of, port_of};
use super::reactor::Reactor;
use super::sender::{Came, Sender, ask_where, receive};
use super::wait::Wait;
use crate::bind::Listener;
use crate::service::{AnySession, Datagrams, is_small_service_port};

/// So many senders of a stateless service are held back at once by a pause for teaching.
const PAUSED: usize = 4096;
/// What it costs to keep a datagram, beside its bytes; an empty one is not free.
const KEEPING: usize = 64;
/// A datagram that came and went in good order.
const DONE: Reason = Reason { by: By::Us, how: How::Fin };

/// What a port for datagrams keeps.
pub(super) struct DatagramPort {
    fd: Arc<OwnedFd>,
    /// The kernel tells with each datagram which of our addresses it was sent to.
    told: bool,
    /// One for all senders.
    session: AnySession,
    /// A reply that the kernel would not take, and whose it is.
    pub(super) owed: Option<Sender>,
    /// The conversations of those senders who have one each.
    senders: HashMap<Sender, usize>,
}

/// Datagrams of one sender that wait to be heard, each with how much of it had no room.
#[derive(Debug, Default)]
pub(super) struct Held {
    queue: VecDeque<(Vec<u8>, usize)>,
    size: usize,
}

impl DatagramPort {
    pub(super) fn new(listener: &Listener, session: AnySession) -> std::io::Result<Self> {
        let told = ask_where(listener.as_fd())?;
        let fd = Arc::clone(&listener.fd);
        Ok(Self { fd, told, session, owed: None, senders: HashMap::new() })
    }

    /// A sender's conversation is over.
    pub(super) fn forget(&mut self, sender: &Sender, slot: usize) {
        if self.senders.get(sender) == Some(&slot) {
            self.senders.remove(sender);
        }
    }
}

impl<W: Wait> Reactor<W> {
    pub(super) fn take_datagrams(&mut self, place: usize) -> std::io::Result<()> {
        for _ in 0..TURN {
            let Some(datagrams) = self.datagrams(place) else { break };
            if datagrams.owed.is_some() {
                break;
            }
            let (fd, told) = (Arc::clone(&datagrams.fd), datagrams.told);
            let since = stamp(&self.plan.run, &mut self.cx);
            match receive(fd.as_fd(), &mut self.buf, told) {
                Ok(came) => self.take_datagram(place, since, came)?,
                Err(Errno::AGAIN) => break,
                // The answer to somebody earlier was refused: nothing that concerns the next.
                Err(Errno::INTR | Errno::CONNREFUSED) => {}
                Err(error) => {
                    self.complain("receive", format_args!("cannot receive: {error}"));
                    self.rest_port(place, REST);
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_datagram(&mut self, place: usize, since: Time, came: Came) -> std::io::Result<()> {
        stamp(&self.plan.run, &mut self.cx);
        let addr = came.from.as_ref().map(|from| &from.addr);
        let (ip, port) = (ip_of(addr), port_of(addr));
        if ip.is_some() && is_small_service_port(port) {
            let text = format_args!("not answered: port {port} is itself a small service");
            self.complain("small-service", text);
            return Ok(());
        }
        let kept = came.from.as_ref().and_then(|from| {
            self.ports[place].as_ref()?.datagrams.as_ref()?.senders.get(from).copied()
        });
        if let Some(slot) = kept {
            return self.deliver(slot, since, &came);
        }
        if !self.plan.access.admits(ip) {
            let number = self.next_number();
            let names = self.names(place, came.from.as_ref());
            self.deny(
                number,
                Kind::Datagram,
                names.as_ref().map(|(local, remote)| (local, remote)),
            );
            return Ok(());
        }
        let is_paused = self.plan.run.limits().pauses != sock_proto::Pauses::default();
        match self.plan.service.datagrams {
            Datagrams::PerSender { most } => self.new_sender(place, since, &came, most),
            Datagrams::Stateless | Datagrams::None if is_paused => {
                self.new_sender(place, since, &came, PAUSED)
            }
            Datagrams::Stateless | Datagrams::None => self.answer(place, since, came),
        }
    }

    /// Our address and the sender's, where somebody wants to know.
    fn names(
        &self,
        place: usize,
        from: Option<&Sender>,
    ) -> Option<(sock_proto::Endpoint, sock_proto::Endpoint)> {
        self.cx.is_watched(Interest::CONVERSATIONS).then(|| {
            let addr = from.map(|from| &from.addr);
            (asked_of(self, place, from.and_then(Sender::asked)), endpoint_of(addr, false))
        })
    }

    /// One datagram to a stateless service: a conversation of a moment.
    fn answer(&mut self, place: usize, since: Time, came: Came) -> std::io::Result<()> {
        let number = self.next_number();
        let names = self.names(place, came.from.as_ref());
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        let (buf, cx) = (&self.buf, &mut self.cx);
        let Some(datagrams) = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
        else {
            return Ok(());
        };
        let link =
            Link { conn: number, kind: Kind::Datagram, called: false, transient: true, names };
        let session = &mut datagrams.session;
        session.open(Peer::FIRST, &link, cx);
        session.data(Peer::FIRST, &buf[..came.n], since, cx);
        if came.whole > came.n {
            session.cut(Peer::FIRST, came.whole - came.n, cx);
        }
        datagrams.owed = came.from;
        self.pay_reply(place)
    }

    /// Sends what a stateless service answers; what the kernel does not take now stays owed.
    pub(super) fn pay_reply(&mut self, place: usize) -> std::io::Result<()> {
        let transport = self.transport(place);
        let Some(datagrams) = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
        else {
            return Ok(());
        };
        let (session, cx) = (&mut datagrams.session, &mut self.cx);
        match datagrams.owed.take() {
            None => {
                while session.output(Peer::FIRST, cx).is_some() {
                    session.unsendable(Peer::FIRST, "the sender has no name", cx);
                }
                session.closed(Peer::FIRST, DONE, cx);
            }
            Some(sender) => {
                let is_unix = sender.is_unix();
                let io = Io::Sender { fd: Arc::clone(&datagrams.fd), sender: Box::new(sender) };
                match push(&self.plan.run, &io, session, Peer::FIRST, false, cx) {
                    // Nothing is ever under way here: `push` sends at once.
                    Pushed::Open | Pushed::UnderWay => session.closed(Peer::FIRST, DONE, cx),
                    Pushed::Over => {}
                    Pushed::Broken(reason) => session.closed(Peer::FIRST, reason, cx),
                    // Nothing tells when a receiver on this machine has room again, and nobody
                    // else is to wait for it.
                    Pushed::Blocked if is_unix => {
                        while session.output(Peer::FIRST, cx).is_some() {
                            session.unsendable(Peer::FIRST, "its receiver reads nothing", cx);
                        }
                        session.closed(Peer::FIRST, DONE, cx);
                    }
                    Pushed::Blocked => {
                        if let Io::Sender { sender, .. } = io {
                            datagrams.owed = Some(*sender);
                        }
                        return Ok(());
                    }
                }
            }
        }
        if session.protocol().has_failed() {
            *session = self.plan.service.session(transport);
        }
        if self.plan.once { self.close_ports() } else { Ok(()) }
    }

    /// Gives up a reply that is still owed: the port closes.
    pub(super) fn give_up_reply(&mut self, place: usize) {
        if let Some(datagrams) = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
            && datagrams.owed.take().is_some()
        {
            let reason = Reason { by: By::Us, how: How::Stop };
            datagrams.session.closed(Peer::FIRST, reason, &mut self.cx);
        }
    }

    /// The first datagram of a sender who has a conversation from now on.
    fn new_sender(
        &mut self,
        place: usize,
        since: Time,
        came: &Came,
        most: usize,
    ) -> std::io::Result<()> {
        let has_room = self.has_room() && !(self.plan.once && self.has_taken);
        let Some(datagrams) = self.datagrams(place) else { return Ok(()) };
        let Some(from) = &came.from else {
            let text = "a datagram was dropped: its sender has no name and cannot be answered";
            self.complain("senders", format_args!("{text}"));
            return Ok(());
        };
        let count = datagrams.senders.len();
        if count >= most || !has_room {
            let text = format_args!("a datagram was dropped: {count} senders are served already");
            self.complain("senders", text);
            return Ok(());
        }
        let sender = Box::new(from.clone());
        let io = Io::Sender { fd: Arc::clone(&datagrams.fd), sender };
        let number = self.next_number();
        let names = self.names(place, came.from.as_ref());
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        if self.plan.once {
            // Nobody else is heard from now on; this sender is, where it may have more to say.
            self.has_taken = true;
            let goes_on = matches!(self.plan.service.datagrams, Datagrams::PerSender { .. });
            self.close_ports_but(goes_on.then_some(place))?;
        }
        let slot = self.adopt(io, number, names, self.transport(place))?;
        if let (Some(from), true) = (&came.from, self.conns.contains(slot))
            && let Some(datagrams) =
                self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
        {
            datagrams.senders.insert(from.clone(), slot);
        }
        self.deliver(slot, since, came)
    }

    /// Gives a datagram that lies in the buffer to the conversation of its sender, or keeps it for
    /// the moment when that is to be heard: a call may be under way, or answers lie unsent.
    fn deliver(&mut self, slot: usize, since: Time, came: &Came) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
        let bytes = &self.buf[..came.n];
        let lost = came.whole - came.n;
        if session.wants_read(peer, &self.cx) && !self.held.contains_key(&slot) {
            session.data(peer, bytes, since, &mut self.cx);
            if lost > 0 {
                session.cut(peer, lost, &mut self.cx);
            }
            return self.settle(slot);
        }
        let held = self.held.entry(slot).or_default();
        // Who sends on and on and never reads is not kept for ever; datagrams may be lost.
        let size = came.n + KEEPING;
        if held.size + size > self.cx.limits.relayed {
            let text = "a datagram was dropped: its sender is not heard at the moment";
            self.complain("senders", format_args!("{text}"));
        } else {
            held.size += size;
            held.queue.push_back((bytes.to_vec(), lost));
        }
        self.settle(slot)
    }

    /// Gives the next datagram that was kept to its conversation, if that is to be heard now.
    pub(super) fn give_held(&mut self, slot: usize) -> bool {
        let Some(held) = self.held.get_mut(&slot) else { return false };
        let Some(conn) = self.conns.get_mut(slot) else { return false };
        let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
        if !session.wants_read(peer, &self.cx) {
            return false;
        }
        let next = held.queue.pop_front();
        if let Some((bytes, lost)) = &next {
            held.size -= bytes.len() + KEEPING;
            session.data(peer, bytes, self.cx.now, &mut self.cx);
            if *lost > 0 {
                session.cut(peer, *lost, &mut self.cx);
            }
        }
        if held.queue.is_empty() {
            self.held.remove(&slot);
        }
        next.is_some()
    }

    fn datagrams(&self, place: usize) -> Option<&DatagramPort> {
        self.ports[place].as_ref()?.datagrams.as_deref()
    }
}
