//! Ports: where callers come in, by connection or by datagram.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{SocketAddrAny, SocketAddrUnix};
use sock_proto::{
    By, Endpoint, Host, How, Interest, Kind, Reason, Time, Transport, UnixName, What,
};

use super::conn::Io;
use super::crew::Counts;
use super::datagrams::DatagramPort;
use super::key::Key;
use super::moves::Moves;
use super::reactor::{Hand, Reactor};
use super::wait::{Nature, On, Ready, Wait, Want};
use crate::bind::Listener;
use crate::serve::Plan;

/// One listening socket.
pub(super) struct Port {
    pub(super) listener: Listener,
    nature: Nature,
    want: Want,
    /// It takes nobody before this moment.
    rests_until: Time,
    /// The pause before an accept has been taken.
    has_paused: bool,
    pub(super) datagrams: Option<Box<DatagramPort>>,
}

impl Port {
    fn on(&self, place: usize) -> On<'_> {
        let (fd, key) = (self.listener.as_fd(), Key::port(place).to_u64());
        On { fd, key, nature: self.nature, drains: false }
    }
}

/// So many callers or datagrams are taken in one turn before others have theirs.
pub(super) const TURN: usize = 64;
/// Out of descriptors: how long a port rests before it tries again by itself.
pub(super) const REST: Duration = Duration::from_millis(100);

impl<W: Wait> Reactor<W> {
    pub(super) fn listen(&mut self, listeners: Vec<Listener>) -> std::io::Result<()> {
        for listener in listeners {
            let datagrams = match listener.kind {
                Kind::Stream => None,
                Kind::Datagram => Some(Box::new(DatagramPort::new(
                    &listener,
                    self.plan.service.session(listener.endpoint.transport()),
                ))),
            };
            let nature = match listener.kind {
                Kind::Stream if self.takes_ahead() => Nature::Callers,
                Kind::Stream | Kind::Datagram => Nature::Signal,
            };
            self.ports.push(Some(Port {
                listener,
                nature,
                want: Want::NOTHING,
                rests_until: Time::ZERO,
                has_paused: false,
                datagrams,
            }));
            self.watch_port(self.ports.len() - 1)?;
        }
        Ok(())
    }

    /// Tells whether callers may be taken before it is their turn: everybody who comes is welcome, and
    /// nobody asks where they come from.
    fn takes_ahead(&self) -> bool {
        let plan = &self.plan;
        matches!(self.hand, Hand::Keep)
            && !plan.once
            && plan.max_conns == usize::MAX
            && plan.pause_accept.is_zero()
            && plan.access.admits_everybody()
            && !self.cx.is_watched(Interest::CONVERSATIONS)
    }

    /// Watches a port while it may take somebody.
    pub(super) fn watch_port(&mut self, place: usize) -> std::io::Result<()> {
        let has_room = self.has_room();
        let now = self.cx.now;
        let Some(port) = self.ports[place].as_mut() else { return Ok(()) };
        let takes = port.rests_until <= now
            && match &port.datagrams {
                None => has_room,
                Some(datagrams) => !datagrams.owes(),
            };
        let owes = port.datagrams.as_ref().is_some_and(|datagrams| datagrams.owes());
        let want = Want { read: takes, write: owes };
        if want != port.want {
            self.wait.watch(port.on(place), port.want, want)?;
            port.want = want;
        }
        Ok(())
    }

    pub(super) fn close_port(&mut self, place: usize) -> std::io::Result<()> {
        self.give_up_replies(place);
        if let Some(port) = self.ports[place].take() {
            self.wait.forget(port.on(place), port.want)?;
        }
        Ok(())
    }

    /// What a port takes.
    pub(super) fn transport(&self, place: usize) -> Transport {
        let port = self.ports.get(place).and_then(Option::as_ref);
        port.map_or(Transport::Tcp, |port| port.listener.endpoint.transport())
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
            self.pay_replies(place)?;
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
        // Who hands callers over may have been away for a whole conversation: it looks round first.
        let is_keeper = matches!(self.hand, Hand::Keep);
        let turn = if is_keeper && self.plan.pause_accept.is_zero() { TURN } else { 1 };
        for _ in 0..turn {
            if !self.has_room() {
                break;
            }
            let Some(port) = &self.ports[place] else { break };
            let on = port.on(place);
            match accept(&mut self.wait, &on, is_keeper) {
                Ok((fd, addr)) => self.take_caller(place, fd, addr.as_ref())?,
                Err(Errno::AGAIN) => break,
                Err(error) if is_callers(error) => {}
                Err(error) => {
                    self.complain("accept", format_args!("cannot accept: {error}; trying again"));
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
        let transport = self.transport(place);
        let names = self.cx.is_watched(Interest::CONVERSATIONS).then(|| {
            let local = rustix::net::getsockname(&fd).ok();
            [local.as_ref(), addr].map(|addr| endpoint_of(addr, true).on(transport))
        });
        if !self.plan.access.admits(ip_of(addr)) {
            self.deny(number, Kind::Stream, names.as_ref().map(|[local, remote]| (local, remote)));
            return Ok(());
        }
        if transport == Transport::Unix {
            // An accepted unix socket inherits nothing of the listening one's.
            self.plan.options.apply(fd.as_fd(), Kind::Stream, None)?;
        }
        if self.plan.once {
            self.close_ports()?;
        }
        let Hand::Over(crew) = &mut self.hand else {
            let names = names.as_ref().map(|[local, remote]| (local, remote));
            return self.adopt(Io::Stream(fd), number, names, transport).map(drop);
        };
        let plan = Arc::clone(&self.plan);
        // Here, before there is a child: it could not ask for numbers that nobody else has.
        let block = plan.run.block();
        let handed = crew.run(move || {
            let names = names.as_ref().map(|[local, remote]| (local, remote));
            hold_alone::<W>(&plan, block, fd, number, names, transport).unwrap_or_else(|error| {
                // This conversation's trouble: it is closed, and its peer sees that.
                let text = format_args!("cannot hold the conversation: {error}");
                plan.run.context().emit(number, What::Note { code: "hand-over", text });
                Counts::default()
            })
        });
        // It may have been held here, to its end.
        self.cx.now = self.plan.run.now();
        if let Err(error) = handed {
            self.complain("hand-over", format_args!("a caller was turned away: {error}"));
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

    /// Says what goes wrong, once in a while.
    pub(super) fn complain(&self, code: &'static str, text: fmt::Arguments<'_>) {
        if self.plan.complaints.may(code, self.cx.now) {
            self.cx.emit(0, What::Note { code, text });
        }
    }
}

/// Takes the next caller without waiting for one. Who hands callers over needs one descriptor more
/// for each, and has to know that it is there before somebody is taken whom nobody could hold.
fn accept(
    calls: &mut impl Moves,
    on: &On<'_>,
    is_keeper: bool,
) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
    let seat = if is_keeper { None } else { Some(fcntl_dupfd_cloexec(on.fd, 0)?) };
    let caller = calls.accept(on.key, on.fd);
    drop(seat);
    caller
}

/// Tells whether an error of `accept` is about the one caller that has gone, or about its network,
/// and nothing that concerns the next: see "Error handling" in accept(2).
fn is_callers(error: Errno) -> bool {
    matches!(
        error,
        Errno::INTR
            | Errno::CONNABORTED
            | Errno::CONNRESET
            | Errno::PROTO
            | Errno::PERM
            | Errno::TIMEDOUT
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::NOPROTOOPT
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NONET
            | Errno::OPNOTSUPP
    )
}

/// Holds one conversation to its end, in a loop of its own.
fn hold_alone<W: Wait>(
    plan: &Arc<Plan>,
    block: u64,
    fd: OwnedFd,
    number: u64,
    names: Option<(&Endpoint, &Endpoint)>,
    transport: Transport,
) -> std::io::Result<Counts> {
    let mut alone = Reactor::new(Arc::clone(plan), W::fresh()?, Hand::Keep)?;
    alone.number_from(block);
    alone.adopt(Io::Stream(fd), number, names, transport)?;
    alone.run()
}

/// Where a port listens, at the address that was asked where it is known.
pub(super) fn asked_of<W>(reactor: &Reactor<W>, place: usize, asked: Option<IpAddr>) -> Endpoint {
    let port = reactor.ports[place].as_ref();
    let endpoint = port.map_or(Endpoint::Stdio, |port| port.listener.endpoint.clone());
    match (asked, endpoint.port()) {
        (Some(ip), Some(port)) => Endpoint::udp(SocketAddr::new(ip, port)),
        (Some(_) | None, _) => endpoint,
    }
}

pub(super) fn ip_of(addr: Option<&SocketAddrAny>) -> Option<IpAddr> {
    Some(SocketAddr::try_from(addr?.clone()).ok()?.ip())
}

/// The endpoint at the other end of a socket; one that has gone has an address no more, but its
/// family is ours.
pub(super) fn peer_of(addr: Option<&SocketAddrAny>, local: &Endpoint, is_stream: bool) -> Endpoint {
    match (addr, local) {
        (None, Endpoint::Tcp(..) | Endpoint::Udp(..)) => {
            local.clone().with_host(Host::V4(Ipv4Addr::UNSPECIFIED)).with_port(0)
        }
        (addr, _) => endpoint_of(addr, is_stream),
    }
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
