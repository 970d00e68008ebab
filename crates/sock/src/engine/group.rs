//! Groups: sessions with several peers, such as a room or a relay, and the calls that they make.

use std::collections::BTreeMap;

use sock_proto::{By, Endpoint, How, Link, Peer, Reason, Time, What};

use super::conn::{Conn, Holds, Io};
use super::key::Key;
use super::reactor::Reactor;
use super::wait::{Wait, Want};
use crate::call::Caller;
use crate::service::AnySession;
use crate::{Error, ErrorKind};

/// A session with several peers, and their connections.
pub(super) struct Group {
    pub(super) session: AnySession,
    pub(super) conns: BTreeMap<Peer, usize>,
    pub(super) armed: Time,
    /// The one of the whole service: it lives as long as the server.
    is_room: bool,
}

impl<W: Wait> Reactor<W> {
    pub(super) fn room(&mut self) -> Option<usize> {
        if self.plan.service.is_shared() && self.room.is_none() {
            let session = self.plan.service.session();
            let group =
                Group { session, conns: BTreeMap::new(), armed: Time::NEVER, is_room: true };
            self.room = Some(self.groups.insert(group));
        }
        self.room
    }

    pub(super) fn settle_group(&mut self, group: usize) -> std::io::Result<()> {
        while let Some(here) = self.groups.get_mut(group) {
            if let Some((peer, endpoint)) = here.session.dial() {
                self.dial(group, peer, &endpoint)?;
            } else if let Some(peer) = here.session.active() {
                if let Some(slot) = here.conns.get(&peer).copied() {
                    self.flush(slot)?;
                }
            } else {
                if !here.is_room && here.conns.is_empty() {
                    self.groups.remove(group);
                } else if let Some(at) = here.session.deadline().filter(|at| *at < here.armed) {
                    here.armed = at;
                    self.set_timer(at, Key::group(group));
                }
                break;
            }
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
        self.groups.insert(Group { session, conns, armed: Time::NEVER, is_room: false });
        self.dial(place, peer, &endpoint)?;
        self.settle_group(place)
    }

    fn dial(&mut self, group: usize, peer: Peer, endpoint: &Endpoint) -> std::io::Result<()> {
        let opened = match (endpoint, &self.plan.stdio) {
            (Endpoint::Stdio, Some(stdio)) => stdio.open().map_err(Error::from),
            (endpoint, _) => Caller::new()
                .options(self.plan.options.clone())
                .call(endpoint)
                .and_then(|socket| socket.detach()),
        };
        let is_own = *endpoint == Endpoint::Stdio;
        let conn = if is_own { Link::OWN_SIDE } else { self.next_number() };
        let fd = match opened {
            Ok(fd) => fd,
            Err(error) => {
                let how = how(&error);
                let text = format_args!("cannot call {endpoint}: {error}");
                self.cx.emit(conn, What::Note { code: "dial", text });
                let session = &mut self.groups[group].session;
                session.closed(peer, Reason { by: By::Peer, how }, &mut self.cx);
                return Ok(());
            }
        };
        rustix::io::ioctl_fionbio(&fd, true)?;
        let io = if endpoint.is_stream() { Io::Stream(fd) } else { Io::Datagram(fd) };
        let kind = io.kind();
        let link = Link { conn, kind, called: true, transient: false, names: None };
        let slot = self.conns.insert(Conn {
            io,
            holds: Holds::Member { group, peer },
            want: Want::NOTHING,
            armed: Time::NEVER,
            is_blocked: false,
        });
        let here = &mut self.groups[group];
        here.conns.insert(peer, slot);
        here.session.open(peer, &link, &mut self.cx);
        // Whoever waits for this peer's room may be read now.
        let members: Vec<usize> = here.conns.values().copied().collect();
        for slot in members {
            self.flush(slot)?;
        }
        Ok(())
    }

    pub(super) fn group_due(&mut self, group: usize, at: Time) -> std::io::Result<()> {
        let Some(here) = self.groups.get_mut(group).filter(|here| here.armed == at) else {
            return Ok(());
        };
        here.armed = Time::NEVER;
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
