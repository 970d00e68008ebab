//! Ports: where callers come in, by connection or by datagram.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketAddrUnix, SocketFlags};
use sock_proto::{By, Endpoint, How, Interest, Kind, Reason, Time, UnixName, What};

use super::conn::Io;
use super::datagrams::DatagramPort;
use super::key::Key;
use super::reactor::{Hand, Reactor};
use super::wait::{Ready, Wait, Want};
use crate::bind::Listener;
use crate::service::AnySession;

/// One listening socket.
pub(super) struct Port {
    listener: Listener,
    want: Want,
    /// It takes nobody before this moment.
    rests_until: Time,
    /// The pause before an accept has been taken.
    has_paused: bool,
    /// The next moment at which the same complaint may be made again.
    quiet_until: Time,
    pub(super) datagrams: Option<Box<DatagramPort>>,
}

/// So many callers or datagrams are taken in one turn before others have theirs.
pub(super) const TURN: usize = 64;
/// Out of descriptors: how long a port rests before it tries again by itself.
pub(super) const REST: Duration = Duration::from_millis(100);
/// The same complaint is made once in this time.
const COMPLAINT: Duration = Duration::from_secs(1);

impl Port {
    pub(super) fn new(
        listener: Listener,
        session: impl FnOnce() -> AnySession,
    ) -> std::io::Result<Self> {
        let datagrams = match listener.kind {
            Kind::Stream => None,
            Kind::Datagram => Some(Box::new(DatagramPort {
                fd: Rc::new(listener.fd.try_clone()?),
                session: session(),
                owed: None,
                senders: HashMap::new(),
            })),
        };
        Ok(Self {
            listener,
            want: Want::NOTHING,
            rests_until: Time::ZERO,
            has_paused: false,
            quiet_until: Time::ZERO,
            datagrams,
        })
    }

    /// A sender's conversation is over.
    pub(super) fn forget(&mut self, addr: &SocketAddrAny, slot: usize) {
        if let Some(datagrams) = &mut self.datagrams
            && datagrams.senders.get(addr) == Some(&slot)
        {
            datagrams.senders.remove(addr);
        }
    }

    /// Tells whether a complaint is due, at most once in a while.
    fn may_complain(&mut self, now: Time) -> bool {
        let may = self.quiet_until <= now;
        if may {
            self.quiet_until = now + COMPLAINT;
        }
        may
    }
}

impl<W: Wait> Reactor<W> {
    pub(super) fn listen(&mut self, listeners: Vec<Listener>) -> std::io::Result<()> {
        for listener in listeners {
            let service = &self.plan.service;
            self.ports.push(Some(Port::new(listener, || service.session())?));
            self.watch_port(self.ports.len() - 1)?;
        }
        Ok(())
    }

    /// Watches a port while it may take somebody.
    pub(super) fn watch_port(&mut self, place: usize) -> std::io::Result<()> {
        let has_room = self.has_room();
        let now = self.cx.now;
        let Some(port) = self.ports[place].as_mut() else { return Ok(()) };
        let takes = port.rests_until <= now
            && match &port.datagrams {
                None => has_room,
                Some(datagrams) => datagrams.owed.is_none(),
            };
        let owes = port.datagrams.as_ref().is_some_and(|datagrams| datagrams.owed.is_some());
        let want = Want { read: takes, write: owes };
        if want != port.want {
            let key = Key::port(place).to_u64();
            self.wait.watch(port.listener.as_fd(), key, port.want, want)?;
            port.want = want;
        }
        Ok(())
    }

    pub(super) fn close_port(&mut self, place: usize) -> std::io::Result<()> {
        if let Some(port) = self.ports[place].take() {
            let key = Key::port(place).to_u64();
            self.wait.watch(port.listener.as_fd(), key, port.want, Want::NOTHING)?;
        }
        Ok(())
    }

    pub(super) fn rest_port(&mut self, place: usize, rest: Duration) {
        let until = self.cx.now + rest;
        if let Some(port) = self.ports[place].as_mut() {
            port.rests_until = until;
            self.set_timer(until, Key::port(place));
        }
    }

    pub(super) fn port_due(&mut self, place: usize) -> std::io::Result<()> {
        if place < self.ports.len() { self.watch_port(place) } else { Ok(()) }
    }

    pub(super) fn port_ready(&mut self, place: usize, event: Ready) -> std::io::Result<()> {
        let Some(port) = self.ports.get_mut(place).and_then(Option::as_mut) else { return Ok(()) };
        if port.datagrams.is_some() {
            if event.write {
                self.pay_reply(place);
            }
            if event.read {
                self.take_datagrams(place)?;
            }
        } else if self.plan.pause_accept.is_zero() || std::mem::take(&mut port.has_paused) {
            self.take_callers(place)?;
        } else {
            port.has_paused = true;
            self.rest_port(place, self.plan.pause_accept);
        }
        if self.ports[place].is_some() { self.watch_port(place) } else { Ok(()) }
    }

    fn take_callers(&mut self, place: usize) -> std::io::Result<()> {
        let turn = if self.plan.pause_accept.is_zero() { TURN } else { 1 };
        for _ in 0..turn {
            if !self.has_room() {
                break;
            }
            let Some(port) = &self.ports[place] else { break };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match rustix::net::acceptfrom_with(&port.listener, flags) {
                Ok((fd, addr)) => self.take_caller(place, fd, addr.as_ref())?,
                Err(Errno::AGAIN) => break,
                // The caller gave up while it waited.
                Err(Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => {}
                Err(error) => {
                    self.complain(
                        place,
                        "accept",
                        &format!("cannot accept: {error}; trying again"),
                    );
                    self.rest_port(place, REST);
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_caller(
        &mut self,
        place: usize,
        fd: OwnedFd,
        addr: Option<&SocketAddrAny>,
    ) -> std::io::Result<()> {
        let number = self.next_number();
        let names = self.cx.is_watched(Interest::CONVERSATIONS).then(|| {
            let local = rustix::net::getsockname(&fd).ok();
            (endpoint_of(local.as_ref(), true), endpoint_of(addr, true))
        });
        let names = names.as_ref().map(|(local, remote)| (local, remote));
        if !self.plan.access.admits(ip_of(addr)) {
            self.deny(number, Kind::Stream, names);
            return Ok(());
        }
        if self.plan.once {
            self.close_ports()?;
        }
        let Hand::Over(crew) = &mut self.hand else {
            return self.adopt(Io::Stream(fd), number, names).map(drop);
        };
        let plan = Arc::clone(&self.plan);
        let names = names.map(|(local, remote)| (local.clone(), remote.clone()));
        let job = move || {
            let hold = || {
                let mut alone = Reactor::new(Arc::clone(&plan), W::fresh()?, Hand::Keep)?;
                let names = names.as_ref().map(|(local, remote)| (local, remote));
                alone.adopt(Io::Stream(fd.try_clone()?), number, names)?;
                alone.run()
            };
            // What fails here is this conversation's: it is closed, and its peer sees that.
            hold().unwrap_or_default()
        };
        let handed = crew.run(job);
        if let Err(error) = handed {
            self.complain(place, "hand-over", &format!("a caller was turned away: {error}"));
            self.rest_port(place, REST);
        }
        Ok(())
    }

    /// Says that an access rule turned somebody away.
    pub(super) fn deny(&mut self, number: u64, kind: Kind, names: Option<(&Endpoint, &Endpoint)>) {
        if let Some((local, remote)) = names {
            let open = What::Open { kind, called: false, transient: true, local, remote };
            self.cx.emit(number, open);
        }
        let reason = Reason { by: By::Us, how: How::Denied };
        let closed =
            What::Closed { reason, sent: 0, received: 0, unsent: 0, lasted: Duration::ZERO };
        self.cx.emit(number, closed);
    }

    pub(super) fn complain(&mut self, place: usize, code: &'static str, text: &str) {
        let now = self.cx.now;
        if self.ports[place].as_mut().is_some_and(|port| port.may_complain(now)) {
            self.cx.emit(0, What::Note { code, text: format_args!("{text}") });
        }
    }
}

pub(super) fn place_of<W>(reactor: &Reactor<W>, place: usize) -> Endpoint {
    let port = reactor.ports[place].as_ref();
    port.map_or(Endpoint::Stdio, |port| port.listener.endpoint.clone())
}

pub(super) fn ip_of(addr: Option<&SocketAddrAny>) -> Option<IpAddr> {
    Some(SocketAddr::try_from(addr?.clone()).ok()?.ip())
}

pub(super) fn port_of(addr: Option<&SocketAddrAny>) -> u16 {
    let addr = addr.and_then(|addr| SocketAddr::try_from(addr.clone()).ok());
    addr.map_or(0, |addr| addr.port())
}

/// The endpoint at a kernel's address, stream or datagram.
pub(super) fn endpoint_of(addr: Option<&SocketAddrAny>, is_stream: bool) -> Endpoint {
    if let Some(addr) = addr.and_then(|addr| SocketAddr::try_from(addr.clone()).ok()) {
        let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        return if is_stream { Endpoint::tcp(addr) } else { Endpoint::udp(addr) };
    }
    let unix = addr.and_then(|addr| SocketAddrUnix::try_from(addr.clone()).ok());
    let name =
        unix.map_or(UnixName::UNNAMED, |unix| match (unix.path_bytes(), unix.abstract_name()) {
            (Some(path), _) => UnixName::from_sun_path(path),
            (None, Some(name)) => UnixName::from_abstract(name),
            (None, None) => UnixName::UNNAMED,
        });
    if is_stream { Endpoint::Unix(name) } else { Endpoint::Unixgram(name) }
}
