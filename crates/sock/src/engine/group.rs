//! Groups: sessions with several peers, such as a room or a relay, and the calls that they make.

use std::collections::BTreeMap;

use sock_proto::{By, Endpoint, How, Kind, Link, Peer, Reason, Time, What};

use super::conn::{Conn, Holds, Io};
use super::dialer::{Called, Dialer};
use super::key::Key;
use super::port::endpoint_of;
use super::reactor::Reactor;
use super::wait::{On, Wait, Want};
use crate::call::Caller;
use crate::serve::Stdio;
use crate::service::AnySession;
use crate::{Error, ErrorKind};

/// A session with several peers, and their connections.
pub(super) struct Group {
    pub(super) session: AnySession,
    pub(super) conns: BTreeMap<Peer, usize>,
    pub(super) armed: Time,
    /// Moves that are under way: they name this group, so that it stays.
    calls: usize,
    /// The one of the whole service: it lives as long as the server.
    is_room: bool,
}

impl<W: Wait> Reactor<W> {
    pub(super) fn room(&mut self) -> Option<usize> {
        if self.plan.service.is_shared() && self.room.is_none() {
            let session = self.plan.service.room();
            let group = Group {
                session,
                conns: BTreeMap::new(),
                armed: Time::NEVER,
                calls: 0,
                is_room: true,
            };
            self.room = Some(self.groups.insert(group));
        }
        self.room
    }

    pub(super) fn settle_group(&mut self, group: usize) -> std::io::Result<()> {
        while let Some(here) = self.groups.get_mut(group) {
            if let Some((peer, endpoint)) = here.session.dial() {
                self.dial(group, peer, endpoint)?;
            } else if let Some(peer) = here.session.active() {
                if let Some(slot) = here.conns.get(&peer).copied() {
                    self.flush(slot)?;
                }
            } else if here.session.protocol().has_failed() && !here.conns.is_empty() {
                self.cut(group)?;
            } else {
                let is_empty = here.conns.is_empty() && here.calls == 0;
                if is_empty && !here.is_room {
                    self.groups.remove(group);
                } else if is_empty && here.session.protocol().has_failed() {
                    // Whoever comes next finds a new room.
                    here.session = self.plan.service.room();
                } else if let Some(at) = here.session.deadline().filter(|at| *at < here.armed) {
                    here.armed = at;
                    self.set_timer(at, Key::group(group));
                }
                break;
            }
        }
        Ok(())
    }

    /// Cuts every conversation of a session whose protocol has failed.
    fn cut(&mut self, group: usize) -> std::io::Result<()> {
        let Some(here) = self.groups.get_mut(group) else { return Ok(()) };
        for (peer, slot) in std::mem::take(&mut here.conns) {
            if let Some(conn) = self.conns.get(slot) {
                conn.io.reset_at_close();
            }
            if let Some(here) = self.groups.get_mut(group) {
                here.session.closed(peer, Reason { by: By::Us, how: How::Reset }, &mut self.cx);
            }
            self.leave(slot)?;
        }
        Ok(())
    }

    /// A session that calls somebody has several peers from then on.
    pub(super) fn dial_from(&mut self, slot: usize) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        let Holds::Own(session) = &mut conn.holds else { return Ok(()) };
        let Some((peer, endpoint)) = session.dial() else { return Ok(()) };
        let place = self.groups.vacant_key();
        let member = Holds::Member { group: place, peer: Peer::FIRST };
        let Holds::Own(session) = std::mem::replace(&mut conn.holds, member) else {
            return Ok(());
        };
        let conns = BTreeMap::from([(Peer::FIRST, slot)]);
        self.groups.insert(Group { session, conns, armed: Time::NEVER, calls: 0, is_room: false });
        self.dial(place, peer, endpoint)?;
        self.settle_group(place)
    }

    fn dial(&mut self, group: usize, peer: Peer, endpoint: Endpoint) -> std::io::Result<()> {
        if endpoint == Endpoint::Stdio {
            let nobody = || std::io::ErrorKind::NotConnected.into();
            let opened = self.plan.stdio.as_ref().map_or_else(|| Err(nobody()), Stdio::open);
            let answer = opened.map_err(Error::from);
            return self.take_called(Called { group, peer, endpoint, answer });
        }
        let caller = Caller::new().options(self.plan.options.clone());
        let under_way =
            self.dialer().and_then(|dialer| dialer.call(caller, group, peer, endpoint.clone()));
        match under_way {
            Ok(()) => {
                if let Some(here) = self.groups.get_mut(group) {
                    here.calls += 1;
                }
                Ok(())
            }
            // Out of descriptors or threads: the call has failed, and nothing else.
            Err(error) => {
                let answer = Err(error.into());
                self.take_called(Called { group, peer, endpoint, answer })
            }
        }
    }

    fn dialer(&mut self) -> std::io::Result<&mut Dialer> {
        match &mut self.dialer {
            Some(dialer) => Ok(dialer),
            none => {
                let dialer = Dialer::new()?;
                let key = Key::Dialer.to_u64();
                self.wait.watch(On::signal(dialer.bell(), key), Want::NOTHING, Want::READ)?;
                Ok(none.insert(dialer))
            }
        }
    }

    /// Moves have come to an end.
    pub(super) fn heed_dialer(&mut self) -> std::io::Result<()> {
        while let Some(called) = self.dialer.as_mut().and_then(Dialer::next) {
            let group = called.group;
            if let Some(here) = self.groups.get_mut(group) {
                here.calls -= 1;
                self.take_called(called)?;
                self.settle_group(group)?;
            }
        }
        Ok(())
    }

    fn take_called(&mut self, called: Called) -> std::io::Result<()> {
        let Called { group, peer, endpoint, answer } = called;
        let is_own = endpoint == Endpoint::Stdio;
        let conn = if is_own { Link::OWN_SIDE } else { self.next_number() };
        let Some(here) = self.groups.get_mut(group) else { return Ok(()) };
        let fd = match answer {
            Ok(fd) => fd,
            Err(error) => {
                let text = format_args!("cannot call {endpoint}: {error}");
                self.cx.emit(conn, What::Note { code: "dial", text });
                let reason = Reason { by: By::Peer, how: how(&error) };
                here.session.closed(peer, reason, &mut self.cx);
                return Ok(());
            }
        };
        rustix::io::ioctl_fionbio(&fd, true)?;
        let io = if endpoint.is_stream() { Io::Stream(fd) } else { Io::Datagram(fd) };
        let kind = io.kind();
        let local = io.descriptor().and_then(|fd| rustix::net::getsockname(fd).ok());
        let local = endpoint_of(local.as_ref(), kind == Kind::Stream);
        let names = (!is_own).then_some((&local, &endpoint));
        let link = Link { conn, kind, called: true, transient: false, names };
        let mut conn = Conn::new(io, Holds::Member { group, peer }, true);
        conn.drains = endpoint.transport().is_over_tcp();
        let slot = self.conns.insert(conn);
        self.called += 1;
        here.conns.insert(peer, slot);
        here.session.open(peer, &link, &mut self.cx);
        // Whoever feeds this peer is named by the session, which every caller settles next.
        self.flush(slot)
    }

    pub(super) fn group_due(&mut self, group: usize, at: Time) -> std::io::Result<()> {
        let Some(here) = self.groups.get_mut(group).filter(|here| here.armed == at) else {
            return Ok(());
        };
        here.armed = Time::NEVER;
        let is_sending = |slot: &usize| self.wait.is_sending(Key::conn(*slot).to_u64());
        if W::CARRIES && here.conns.values().any(is_sending) {
            // What is under way comes back in a moment, and sets the timer anew.
            return Ok(());
        }
        here.session.tick(&mut self.cx);
        while let Some(here) = self.groups.get_mut(group)
            && let Some(peer) = here.session.expired(&mut self.cx)
        {
            if let Some(slot) = here.conns.get(&peer).copied() {
                self.leave(slot)?;
            }
        }
        self.settle_group(group)
    }
}

/// How a call that failed ends the conversation that it was to be.
fn how(error: &Error) -> How {
    let kind = error.kind();
    if kind == ErrorKind::Refused {
        How::Refused
    } else if kind == ErrorKind::TimedOut {
        How::Timeout
    } else if kind == ErrorKind::Unreachable {
        How::Unreachable
    } else {
        How::Failed
    }
}
