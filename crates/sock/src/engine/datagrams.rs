//! Datagrams: a port where messages come in from anybody.
//!
//! A stateless service answers each with one session for all senders. Otherwise each sender has a
//! conversation of its own, which shares the port's descriptor.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketAddrAny};
use sock_proto::{
    By, Endpoint, How, Interest, Kind, Link, Peer, Reason, Time, is_small_service_port,
};

use super::conn::{Io, Pushed, push, stamp};
use super::port::{REST, TURN, endpoint_of, ip_of, place_of, port_of};
use super::reactor::Reactor;
use super::wait::Wait;
use crate::service::{AnySession, Datagrams};

/// So many senders have a conversation each at the most.
const SENDERS: usize = 4096;

/// What a port for datagrams keeps.
pub(super) struct DatagramPort {
    pub(super) fd: Rc<OwnedFd>,
    /// One for all senders.
    pub(super) session: AnySession,
    /// A reply that the kernel would not take, and whose it is.
    pub(super) owed: Option<SocketAddrAny>,
    /// The conversations of those senders who have one each.
    pub(super) senders: HashMap<SocketAddrAny, usize>,
}

impl<W: Wait> Reactor<W> {
    pub(super) fn take_datagrams(&mut self, place: usize) -> std::io::Result<()> {
        for _ in 0..TURN {
            let Some(port) = &self.ports[place] else { break };
            let Some(datagrams) = &port.datagrams else { break };
            if datagrams.owed.is_some() {
                break;
            }
            let fd = Rc::clone(&datagrams.fd);
            let since = stamp(&self.plan.run, &mut self.cx);
            let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
            match rustix::net::recvfrom(&fd, &mut self.buf[..], flags) {
                Ok((n, whole, addr)) => self.take_datagram(place, since, n, whole, addr)?,
                Err(Errno::AGAIN) => break,
                // The answer to somebody earlier was refused: nothing that concerns the next.
                Err(Errno::INTR | Errno::CONNREFUSED) => {}
                Err(error) => {
                    self.complain(place, "receive", &format!("cannot receive: {error}"));
                    self.rest_port(place, REST);
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_datagram(
        &mut self,
        place: usize,
        since: Time,
        n: usize,
        whole: usize,
        addr: Option<SocketAddrAny>,
    ) -> std::io::Result<()> {
        stamp(&self.plan.run, &mut self.cx);
        let ip = ip_of(addr.as_ref());
        let port = port_of(addr.as_ref());
        if ip.is_some() && is_small_service_port(port) {
            let text = format!("not answered: port {port} is itself a small service");
            self.complain(place, "small-service", &text);
            return Ok(());
        }
        let kept = addr.as_ref().and_then(|addr| {
            self.ports[place].as_ref()?.datagrams.as_ref()?.senders.get(addr).copied()
        });
        if let Some(slot) = kept {
            return self.deliver(slot, since, n, whole);
        }
        let number = self.next_number();
        let names = self
            .cx
            .is_watched(Interest::CONVERSATIONS)
            .then(|| (place_of(self, place), endpoint_of(addr.as_ref(), false)));
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        if !self.plan.access.admits(ip) {
            self.deny(number, Kind::Datagram, names);
            return Ok(());
        }
        let is_paused = self.plan.run.limits().pauses != sock_proto::Pauses::default();
        if self.plan.service.datagrams == Datagrams::PerSender || is_paused {
            return self.new_sender(place, since, n, whole, addr, number, names);
        }
        let Some(port) = self.ports[place].as_mut() else { return Ok(()) };
        let Some(datagrams) = port.datagrams.as_mut() else { return Ok(()) };
        let link =
            Link { conn: number, kind: Kind::Datagram, called: false, transient: true, names };
        let session = &mut datagrams.session;
        session.open(Peer::FIRST, &link, &mut self.cx);
        session.data(Peer::FIRST, &self.buf[..n], since, &mut self.cx);
        if whole > n {
            session.cut(Peer::FIRST, whole - n, &mut self.cx);
        }
        if let Some(addr) = addr {
            datagrams.owed = Some(addr);
        }
        self.pay_reply(place);
        if self.plan.once { self.close_ports() } else { Ok(()) }
    }

    /// Sends what a stateless service answers; what the kernel does not take now stays owed.
    pub(super) fn pay_reply(&mut self, place: usize) {
        let Some(port) = self.ports[place].as_mut() else { return };
        let Some(datagrams) = port.datagrams.as_mut() else { return };
        let (session, cx) = (&mut datagrams.session, &mut self.cx);
        let fin = Reason { by: By::Us, how: How::Fin };
        let Some(addr) = datagrams.owed.take() else {
            if session.output(Peer::FIRST, cx).is_some() {
                session.unsendable(Peer::FIRST, "the sender has no name", cx);
            }
            return session.closed(Peer::FIRST, fin, cx);
        };
        let io = Io::Sender { fd: Rc::clone(&datagrams.fd), addr: Box::new(addr) };
        match push(&self.plan.run, &io, session, Peer::FIRST, false, cx) {
            Pushed::Open => session.closed(Peer::FIRST, fin, cx),
            Pushed::Over => {}
            Pushed::Blocked => {
                if let Io::Sender { addr, .. } = io {
                    datagrams.owed = Some(*addr);
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "all that is known of one datagram")]
    fn new_sender(
        &mut self,
        place: usize,
        since: Time,
        n: usize,
        whole: usize,
        addr: Option<SocketAddrAny>,
        number: u64,
        names: Option<(&Endpoint, &Endpoint)>,
    ) -> std::io::Result<()> {
        let Some(datagrams) = self.ports[place].as_ref().and_then(|port| port.datagrams.as_ref())
        else {
            return Ok(());
        };
        let (Some(addr), true) = (addr, datagrams.senders.len() < SENDERS) else {
            self.complain(place, "senders", "a datagram was dropped: too many senders, or no name");
            return Ok(());
        };
        let io = Io::Sender { fd: Rc::clone(&datagrams.fd), addr: Box::new(addr.clone()) };
        let slot = self.adopt(io, number, names)?;
        if let Some(datagrams) = self.ports[place].as_mut().and_then(|port| port.datagrams.as_mut())
            && self.conns.contains(slot)
        {
            datagrams.senders.insert(addr, slot);
        }
        self.deliver(slot, since, n, whole)?;
        if self.plan.once { self.close_ports() } else { Ok(()) }
    }
}
