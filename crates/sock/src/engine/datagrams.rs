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
use sock_proto::{By, How, Interest, Kind, Link, Peer, Reason, Transport};

use super::batch::{Batch, Datagram, has_trains};
use super::conn::{Io, Pushed, push, session_of, stamp};
use super::port::{REST, TURN, asked_of, endpoint_of};
use super::reactor::Reactor;
use super::replies::Flushed;
use super::sender::Sender;
use super::wait::Wait;
use crate::bind::Listener;
use crate::service::{AnySession, Datagrams, is_small_service_port};
use crate::sys::MANY;

/// So many senders of a stateless service are held back at once by a pause for teaching.
const PAUSED: usize = 4096;
/// So often the replies of one batch may fill up in a turn before others have theirs: together
/// that is the 1 MiB that a stream sends.
const TURNS: usize = 8;
/// What it costs to keep a datagram, beside its bytes; an empty one is not free.
const KEEPING: usize = 64;
/// A datagram that came and went in good order.
const DONE: Reason = Reason { by: By::Us, how: How::Fin };

/// What a port for datagrams keeps.
pub(super) struct DatagramPort {
    fd: Arc<OwnedFd>,
    is_ip: bool,
    /// The kernel takes and leaves trains together.
    has_trains: bool,
    /// One for all senders.
    session: AnySession,
    /// A batch some of whose replies the kernel would not take.
    owed: Option<Box<Batch>>,
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
    pub(super) fn new(listener: &Listener, session: AnySession) -> Self {
        let is_ip = listener.endpoint.transport() == Transport::Udp;
        let has_trains = is_ip && has_trains(listener.as_fd());
        let fd = Arc::clone(&listener.fd);
        Self { fd, is_ip, has_trains, session, owed: None, senders: HashMap::new() }
    }

    /// Whether the kernel would not take all that is to be sent, so that nothing more is received.
    pub(super) fn owes(&self) -> bool {
        self.owed.is_some()
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
        for _ in 0..TURN.div_ceil(MANY) {
            let Some(datagrams) = self.datagrams(place).filter(|datagrams| !datagrams.owes())
            else {
                break;
            };
            let (fd, is_ip) = (Arc::clone(&datagrams.fd), datagrams.is_ip);
            let mut batch = self.spare.take().unwrap_or_default();
            let since = stamp(&self.plan.run, &mut self.cx);
            match batch.receive(fd.as_fd(), is_ip, since) {
                Ok(has_more) => {
                    stamp(&self.plan.run, &mut self.cx);
                    self.work(place, batch)?;
                    if !has_more {
                        break;
                    }
                    continue;
                }
                Err(Errno::AGAIN) => {
                    self.spare = Some(batch);
                    break;
                }
                // The answer to somebody earlier was refused: nothing that concerns the next.
                Err(Errno::INTR | Errno::CONNREFUSED) => {}
                Err(error) => {
                    self.complain("receive", format_args!("cannot receive: {error}"));
                    self.rest_port(place, REST);
                    self.spare = Some(batch);
                    break;
                }
            }
            self.spare = Some(batch);
        }
        Ok(())
    }

    /// Takes what is left of a batch, in order, and sends what is owed for it; what the kernel does
    /// not take now stays owed, and so does the rest of the batch.
    fn work(&mut self, place: usize, mut batch: Box<Batch>) -> std::io::Result<()> {
        let mut turns = 0;
        while let Some(datagrams) =
            self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
        {
            let fd = Arc::clone(&datagrams.fd);
            let is_free = batch.flush(fd.as_fd(), &self.plan.run, &mut self.cx) == Flushed::All
                && self.speak(place, &mut batch);
            if !is_free || turns > TURNS {
                if let Some(datagrams) =
                    self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
                {
                    datagrams.owed = Some(batch);
                }
                return Ok(());
            }
            if batch.is_done() {
                let is_over = self.plan.once && batch.is_answered;
                self.spare = Some(batch);
                return if is_over { self.close_ports() } else { Ok(()) };
            }
            while !batch.replies.is_full()
                && batch.speaking.is_none()
                && let Some(datagram) = batch.next()
            {
                self.take_datagram(place, &mut batch, &datagram)?;
            }
            turns += 1;
        }
        Ok(())
    }

    /// Goes on with a batch whose replies the kernel would not take.
    pub(super) fn pay_replies(&mut self, place: usize) -> std::io::Result<()> {
        let datagrams = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut());
        match datagrams.and_then(|datagrams| datagrams.owed.take()) {
            Some(batch) => self.work(place, batch),
            None => Ok(()),
        }
    }

    fn take_datagram(
        &mut self,
        place: usize,
        batch: &mut Batch,
        datagram: &Datagram,
    ) -> std::io::Result<()> {
        let addr = batch.address(datagram);
        if let Some(port) = addr.map(|addr| addr.port()).filter(|port| is_small_service_port(*port))
        {
            let text = format_args!("not answered: port {port} is itself a small service");
            self.complain("small-service", text);
            return Ok(());
        }
        let senders = self.datagrams(place).map(|datagrams| &datagrams.senders);
        let kept = senders.filter(|senders| !senders.is_empty()).and_then(|senders| {
            batch.sender(datagram).and_then(|from| senders.get(&from).copied())
        });
        if let Some(slot) = kept {
            return self.deliver(slot, batch, datagram);
        }
        if !self.plan.access.admits(addr.map(|addr| addr.ip())) {
            let number = self.next_number();
            let names = self.names(place, batch, datagram);
            self.deny(
                number,
                Kind::Datagram,
                names.as_ref().map(|(local, remote)| (local, remote)),
            );
            return Ok(());
        }
        let is_paused = self.plan.run.limits().pauses != sock_proto::Pauses::default();
        match self.plan.service.datagrams {
            Datagrams::PerSender { most } => self.new_sender(place, batch, datagram, most),
            Datagrams::Stateless | Datagrams::None if is_paused => {
                self.new_sender(place, batch, datagram, PAUSED)
            }
            Datagrams::Stateless | Datagrams::None => {
                self.answer(place, batch, datagram);
                Ok(())
            }
        }
    }

    /// Our address and the sender's, where somebody wants to know.
    fn names(
        &self,
        place: usize,
        batch: &Batch,
        datagram: &Datagram,
    ) -> Option<(sock_proto::Endpoint, sock_proto::Endpoint)> {
        self.cx.is_watched(Interest::CONVERSATIONS).then(|| {
            let from = batch.sender(datagram);
            let asked = from.as_ref().and_then(Sender::asked);
            (asked_of(self, place, asked), endpoint_of(from.map(|from| from.addr).as_ref(), false))
        })
    }

    /// One datagram to a stateless service: a conversation of a moment, whose answers leave with
    /// those to others.
    fn answer(&mut self, place: usize, batch: &mut Batch, datagram: &Datagram) {
        let number = self.next_number();
        let names = self.names(place, batch, datagram);
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        let cx = &mut self.cx;
        let Some(port) = self.ports[place].as_mut() else { return };
        let transport = port.listener.endpoint.transport();
        let Some(datagrams) = port.datagrams.as_mut() else { return };
        let link =
            Link { conn: number, kind: Kind::Datagram, called: false, transient: true, names };
        let session = &mut datagrams.session;
        session.open(Peer::FIRST, &link, cx);
        session.data(Peer::FIRST, batch.bytes(datagram), batch.since, cx);
        if datagram.lost > 0 {
            session.cut(Peer::FIRST, datagram.lost, cx);
        }
        batch.is_answered = true;
        if self.plan.once {
            batch.skip_rest();
        }
        if !session.has_said_all(Peer::FIRST) && batch.has_name(datagram) {
            batch.speaking = batch.sender(datagram);
            return;
        }
        batch.replies.gather(|bytes| session.take(Peer::FIRST, bytes, cx));
        if let Some(mut parting) = session.part(Peer::FIRST, cx) {
            if !batch.has_name(datagram) {
                batch.replies.drop_unsendable(&mut parting, "the sender has no name", cx);
            }
            batch.replies.part(parting, batch.whose(datagram), datagrams.has_trains);
        }
        if session.protocol().has_failed() {
            *session = self.plan.service.session(transport);
        }
    }

    /// Lets a conversation go on whose protocol has more to say whenever something has left; false
    /// if the kernel takes no more at the moment.
    fn speak(&mut self, place: usize, batch: &mut Batch) -> bool {
        let Some(sender) = batch.speaking.take() else { return true };
        let cx = &mut self.cx;
        let Some(port) = self.ports[place].as_mut() else { return true };
        let transport = port.listener.endpoint.transport();
        let Some(datagrams) = port.datagrams.as_mut() else { return true };
        let session = &mut datagrams.session;
        let io = Io::Sender { fd: Arc::clone(&datagrams.fd), sender: Box::new(sender) };
        match push(&self.plan.run, &io, session, Peer::FIRST, false, cx) {
            // Nothing is ever under way here: `push` sends at once.
            Pushed::Open | Pushed::UnderWay => session.closed(Peer::FIRST, DONE, cx),
            Pushed::Over => {}
            Pushed::Broken(reason) => session.closed(Peer::FIRST, reason, cx),
            // Nothing tells when a receiver on this machine has room again, and nobody else is to
            // wait for it.
            Pushed::Blocked if !datagrams.is_ip => {
                while session.output(Peer::FIRST, cx).is_some() {
                    session.unsendable(Peer::FIRST, "its receiver reads nothing", cx);
                }
                session.closed(Peer::FIRST, DONE, cx);
            }
            Pushed::Blocked => {
                if let Io::Sender { sender, .. } = io {
                    batch.speaking = Some(*sender);
                }
                return false;
            }
        }
        if session.protocol().has_failed() {
            *session = self.plan.service.session(transport);
        }
        true
    }

    /// Gives up the replies that are still owed: the port closes.
    pub(super) fn give_up_replies(&mut self, place: usize) {
        if let Some(datagrams) = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
            && let Some(mut batch) = datagrams.owed.take()
        {
            let reason = Reason { by: By::Us, how: How::Stop };
            batch.replies.give_up(reason, &mut self.cx);
            datagrams.session.closed(Peer::FIRST, reason, &mut self.cx);
        }
    }

    /// The first datagram of a sender who has a conversation from now on.
    fn new_sender(
        &mut self,
        place: usize,
        batch: &Batch,
        datagram: &Datagram,
        most: usize,
    ) -> std::io::Result<()> {
        let has_room = self.has_room() && !(self.plan.once && self.has_taken);
        let Some(datagrams) = self.datagrams(place) else { return Ok(()) };
        let Some(from) = batch.sender(datagram) else {
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
        let names = self.names(place, batch, datagram);
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        if self.plan.once {
            // Nobody else is heard from now on; this sender is, where it may have more to say.
            self.has_taken = true;
            let goes_on = matches!(self.plan.service.datagrams, Datagrams::PerSender { .. });
            self.close_ports_but(goes_on.then_some(place))?;
        }
        let slot = self.adopt(io, number, names, self.transport(place))?;
        if self.conns.contains(slot)
            && let Some(datagrams) =
                self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
        {
            datagrams.senders.insert(from, slot);
        }
        self.deliver(slot, batch, datagram)
    }

    /// Gives a datagram that lies in the buffer to the conversation of its sender, or keeps it for
    /// the moment when that is to be heard: a call may be under way, or answers lie unsent.
    fn deliver(&mut self, slot: usize, batch: &Batch, datagram: &Datagram) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
        let (bytes, lost, since) = (batch.bytes(datagram), datagram.lost, batch.since);
        if session.wants_read(peer, &self.cx) && !self.held.contains_key(&slot) {
            session.data(peer, bytes, since, &mut self.cx);
            if lost > 0 {
                session.cut(peer, lost, &mut self.cx);
            }
            return self.settle(slot);
        }
        let held = self.held.entry(slot).or_default();
        // Who sends on and on and never reads is not kept for ever; datagrams may be lost.
        let size = bytes.len() + KEEPING;
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
