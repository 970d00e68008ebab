//! Calls: connections that a reactor asks for itself, many at once, without a thread for each.
//!
//! ```text
//! Campaign::next --Call--> socket, connect --EINPROGRESS--> watched for room
//!                               |                                |
//!                               | refused at once          SO_ERROR: connected, or why not
//!                               v                                v
//!                         Campaign::failed,                session opens, like any other
//!                         session closed
//! ```
//!
//! A session is there before its connection is, and hears what became of it: an opening, or the end.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, sockopt};
use sock_proto::{By, Interest, Kind, Link, Peer, Reason, Time};

use super::conn::{Conn, Holds, Io, reason, session_of};
use super::crew::Counts;
use super::key::Key;
use super::port::{endpoint_of, ip_of, peer_of};
use super::reactor::Reactor;
use super::wait::{Wait, Want};
use crate::options::{IpFamily, SocketOptions};
use crate::service::AnySession;
use crate::stop::Urgency;

/// Who wants calls to be made.
pub(crate) trait Campaign: Send {
    /// Tells what to do at this moment; asked at every turn of the loop.
    fn next(&mut self, now: Time) -> Next;

    /// The next session that hears of its end is that of a call which the system did not make, for
    /// this reason.
    fn failed(&mut self, errno: Errno);

    /// Whether replies may be taken several at a time, each of them a moment later.
    fn gathers(&self) -> bool;

    /// Instead of sleeping, the loop has looked for so long whether something comes.
    fn looked(&mut self, time: Duration);

    /// The run is asked to end: no more calls are made.
    fn stop(&mut self, now: Time);

    /// Tells whether it will never want another call.
    fn is_over(&self) -> bool;
}

/// What a campaign wants.
pub(crate) enum Next {
    /// This call, now.
    Call(Box<Call>),
    /// To be asked again at this moment.
    At(Time),
    /// To be asked again when something has happened.
    Nothing,
}

/// A call that is to be made.
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) to: SocketAddrAny,
    /// Where our side is; none: the system chooses.
    pub(crate) source: Option<SocketAddrAny>,
    pub(crate) session: AnySession,
    /// How long the connection may take.
    pub(crate) patience: Duration,
}

/// So many calls are made in one turn before the connections that are there have theirs.
const TURN: usize = 64;

impl<W: Wait> Reactor<W> {
    /// Makes the calls of a campaign and holds what comes of them, to the end. The clock is read for
    /// each event, because somebody measures.
    pub(super) fn load_by(mut self, campaign: Box<dyn Campaign>) -> std::io::Result<Counts> {
        self.campaign = Some(campaign);
        self.cx.is_exact = true;
        self.wait.be_exact();
        self.run()
    }

    /// Makes the calls that are due.
    pub(super) fn make_calls(&mut self) -> std::io::Result<()> {
        for n in 0.. {
            let Some(campaign) = &mut self.campaign else { return Ok(()) };
            if n > 0 {
                // Each call begins at its own moment, not at that of the first.
                self.cx.now = self.plan.run.now();
            }
            if self.seen != Urgency::None {
                campaign.stop(self.cx.now);
            }
            let at = match campaign.next(self.cx.now) {
                Next::Call(call) if n < TURN => {
                    self.call(*call)?;
                    continue;
                }
                Next::Call(call) => {
                    self.call(*call)?;
                    self.cx.now
                }
                Next::At(at) => at,
                Next::Nothing => return Ok(()),
            };
            if at < self.asks_at {
                self.asks_at = at;
                self.set_timer(at, Key::Campaign);
            }
            break;
        }
        Ok(())
    }

    fn call(&mut self, call: Call) -> std::io::Result<()> {
        let Call { kind, to, source, mut session, patience } = call;
        let begun = open(kind, &to, source.as_ref(), &self.plan.options).and_then(|fd| {
            match rustix::net::connect(&fd, &to) {
                Ok(()) => Ok((fd, true)),
                Err(Errno::INPROGRESS) => Ok((fd, false)),
                Err(error) => Err(error),
            }
        });
        let (fd, is_connected) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                if let Some(campaign) = &mut self.campaign {
                    campaign.failed(error);
                }
                let reason = Reason { by: By::Us, ..reason(error) };
                session.closed(Peer::FIRST, reason, &mut self.cx);
                return Ok(());
            }
        };
        let io = if kind == Kind::Stream { Io::Stream(fd) } else { Io::Datagram(fd) };
        let mut conn = Conn::new(io, Holds::Own(session), false);
        conn.drains = kind == Kind::Stream && ip_of(Some(&to)).is_some();
        conn.is_dialling = true;
        // Nothing can be sent before it is connected.
        conn.is_blocked = true;
        let slot = self.conns.insert(conn);
        if is_connected {
            return self.connected(slot);
        }
        let want = Want { read: false, write: true };
        let until = self.cx.now + patience;
        let conn = &mut self.conns[slot];
        (conn.want, conn.armed) = (want, until);
        if let Some(on) = conn.io.on(Key::conn(slot).to_u64(), conn.drains) {
            self.wait.watch(on, Want::NOTHING, want)?;
        }
        self.set_timer(until, Key::conn(slot));
        Ok(())
    }

    /// A call has come to an end: tells its session which.
    pub(super) fn dialled(&mut self, slot: usize) -> std::io::Result<()> {
        let Some(fd) = self.conns.get(slot).and_then(|conn| conn.io.descriptor()) else {
            return Ok(());
        };
        // Ready says only that it is over; SO_ERROR says how it ended (connect(2)).
        match sockopt::socket_error(fd) {
            Ok(Ok(())) => self.connected(slot),
            Ok(Err(error)) | Err(error) => self.give_up_call(slot, error),
        }
    }

    fn connected(&mut self, slot: usize) -> std::io::Result<()> {
        // Many open in one turn, each at its own moment.
        self.cx.now = self.plan.run.now();
        let conn = self.next_number();
        let is_watched = self.cx.is_watched(Interest::CONVERSATIONS);
        let Some(here) = self.conns.get_mut(slot) else { return Ok(()) };
        (here.is_dialling, here.is_blocked) = (false, false);
        let kind = here.io.kind();
        let is_stream = kind == Kind::Stream;
        let names = here.io.descriptor().filter(|_| is_watched).map(|fd| {
            let local = endpoint_of(rustix::net::getsockname(fd).ok().as_ref(), is_stream);
            let remote = rustix::net::getpeername(fd).ok().flatten();
            let remote = peer_of(remote.as_ref(), &local, is_stream);
            [local, remote].map(|name| self.plan.service.named(name))
        });
        let names = names.as_ref().map(|[local, remote]| (local, remote));
        let link = Link { conn, kind, called: true, transient: false, names };
        let (session, peer) = session_of(&mut here.holds, &mut self.groups);
        session.open(peer, &link, &mut self.cx);
        self.settle(slot)
    }

    /// A call has failed, or has taken too long.
    pub(super) fn give_up_call(&mut self, slot: usize, error: Errno) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        if let Some(campaign) = &mut self.campaign {
            campaign.failed(error);
        }
        let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
        session.closed(peer, reason(error), &mut self.cx);
        self.leave(slot)
    }
}

/// A socket that does not wait, with the options of the run, bound where `source` says.
fn open(
    kind: Kind,
    to: &SocketAddrAny,
    source: Option<&SocketAddrAny>,
    options: &SocketOptions,
) -> Result<OwnedFd, Errno> {
    let family = to.address_family();
    let socket = if kind == Kind::Stream { SocketType::STREAM } else { SocketType::DGRAM };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, socket, flags, None)?;
    let ip = match family {
        AddressFamily::INET => Some(IpFamily::V4),
        AddressFamily::INET6 => Some(IpFamily::V6),
        _ => None,
    };
    let applied = options.apply(fd.as_fd(), kind, ip);
    applied.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
    if let Some(source) = source {
        if ip.is_some() && kind == Kind::Stream {
            // The port is chosen at connect, when the peer is known: one port serves many peers, and
            // a bind does not use one up (ip(7)).
            let _ = crate::sys::set_option(
                fd.as_fd(),
                libc::IPPROTO_IP,
                libc::IP_BIND_ADDRESS_NO_PORT,
                &1_i32.to_ne_bytes(),
            );
        }
        rustix::net::bind(&fd, source)?;
    }
    Ok(fd)
}
