//! Settling: what a reactor does for a conversation whose socket is ready, and after anything has
//! happened to its session.

use std::time::Duration;

use sock_proto::{By, How, Reason, What};

use super::conn::{Conn, Holds, Io, Left, Line, Pushed, pull, push_by, session_of, take_back};
use super::key::Key;
use super::reactor::Reactor;
use super::wait::{Ready, Wait, Want};

/// A sender whose answers the kernel would not take is tried again after so long: its descriptor is
/// the port's, and tells nothing about one sender.
const RETRY: Duration = Duration::from_millis(10);

impl<W: Wait> Reactor<W> {
    pub(super) fn conn_ready(&mut self, slot: usize, event: Ready) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        if conn.is_dialling {
            return self.dialled(slot);
        }
        if event.write {
            conn.is_blocked = false;
        }
        let mut left = Left::Bytes;
        let returned = self.wait.returned(event.key);
        if returned.is_some() || event.read {
            let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
            let (run, cx) = (&self.plan.run, &mut self.cx);
            let mut line = Line { run, io: &conn.io, key: event.key, session, peer, cx };
            match returned.map(|returned| take_back(&mut line, returned)) {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => conn.is_blocked = true,
                Some(Err(reason)) => conn.broken = Some(reason),
            }
            if event.read && line.session.wants_read(peer, line.cx) {
                let pulled = pull(&mut self.wait, &mut line, &mut self.buf, conn.broken);
                let Some((pushed, rest)) = pulled else { return self.depart(slot) };
                left = rest;
                match pushed {
                    Pushed::Open | Pushed::UnderWay | Pushed::Over => {}
                    Pushed::Blocked => conn.is_blocked = true,
                    Pushed::Broken(reason) => conn.broken = Some(reason),
                }
                let is_sound = !conn.is_blocked && conn.broken.is_none();
                if is_sound && conn.want == Want::READ && line.session.is_calm(peer, line.cx) {
                    self.keep_on(slot, event, left);
                    return Ok(());
                }
            }
        }
        self.settle(slot)?;
        self.keep_on(slot, event, left);
        Ok(())
    }

    /// A conversation from which not all was read that may be there has another turn.
    fn keep_on(&mut self, slot: usize, event: Ready, left: Left) {
        let goes_on = match left {
            Left::Bytes => event.goes_on,
            Left::NoByte if event.goes_on => true,
            // Once more, and no longer than that.
            Left::Nothing if event.goes_on => false,
            Left::NoByte | Left::Nothing | Left::End => return,
        };
        let is_told_once = |conn: &Conn| conn.drains && conn.want == Want::READ;
        if event.read && self.conns.get(slot).is_some_and(is_told_once) {
            self.wait.again(Ready { goes_on, ..event });
        }
    }

    /// After anything happened to a session: sends, obeys, dials, and watches for what is next.
    pub(super) fn settle(&mut self, slot: usize) -> std::io::Result<()> {
        let Some(conn) = self.conns.get(slot) else { return Ok(()) };
        let Holds::Member { group, .. } = conn.holds else {
            self.flush(slot)?;
            return self.dial_from(slot);
        };
        self.flush(slot)?;
        self.settle_group(group)
    }

    pub(super) fn flush(&mut self, slot: usize) -> std::io::Result<()> {
        self.flush_once(slot)?;
        while !self.held.is_empty() && self.give_held(slot) {
            self.flush_once(slot)?;
        }
        Ok(())
    }

    fn flush_once(&mut self, slot: usize) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot) else { return Ok(()) };
        let (run, cx) = (&self.plan.run, &mut self.cx);
        let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
        let full = conn.is_blocked || conn.broken.is_some();
        let key = Key::conn(slot).to_u64();
        let mut line = Line { run, io: &conn.io, key, session, peer, cx };
        let pushed = push_by(&mut self.wait, &mut line, full);
        let Line { session, cx, .. } = line;
        match pushed {
            Pushed::Open | Pushed::UnderWay => {}
            Pushed::Blocked => conn.is_blocked = true,
            Pushed::Broken(reason) => conn.broken = Some(reason),
            Pushed::Over => return self.leave(slot),
        }
        // What a peer sent before it went is read first, where somebody wants it.
        let over = conn.broken.filter(|_| !session.hears_on(peer)).or_else(|| {
            // Nobody hears a sender any more once its port is closed.
            let is_deaf = matches!(conn.io, Io::Sender { .. })
                && self.ports.iter().all(Option::is_none)
                && !self.held.contains_key(&slot)
                && session.is_idle(peer);
            is_deaf.then_some(Reason { by: By::Us, how: How::Stop })
        });
        if let Some(reason) = over {
            session.closed(peer, reason, cx);
            return self.leave(slot);
        }
        let write = conn.is_blocked && conn.broken.is_none();
        let want = Want { read: session.wants_read(peer, cx), write };
        // What is wanted next shows when that which is under way has come back, in a moment.
        if want != conn.want
            && pushed != Pushed::UnderWay
            && let Some(on) = conn.io.on(key, conn.drains)
        {
            if let Err(error) = self.wait.watch(on, conn.want, want) {
                let text = format_args!("the socket cannot be waited for: {error}");
                cx.emit(0, What::Note { code: "wait", text });
                session.closed(peer, Reason { by: By::Us, how: How::Failed }, cx);
                return self.leave(slot);
            }
            conn.want = want;
        }
        let retry = write && conn.io.descriptor().is_none();
        let retry = retry.then(|| cx.now + RETRY);
        let due = match &conn.holds {
            Holds::Own(session) => session.deadline(),
            Holds::Member { .. } => None,
        };
        if let Some(at) = retry.into_iter().chain(due).min().filter(|at| *at < conn.armed) {
            conn.armed = at;
            self.set_timer(at, Key::conn(slot));
        }
        Ok(())
    }

    /// Lets go of a conversation, and lets those hear of it who share its session.
    pub(super) fn depart(&mut self, slot: usize) -> std::io::Result<()> {
        let group = match self.conns.get(slot).map(|conn| &conn.holds) {
            Some(Holds::Member { group, .. }) => Some(*group),
            Some(Holds::Own(_)) | None => None,
        };
        self.leave(slot)?;
        group.map_or(Ok(()), |group| self.settle_group(group))
    }

    /// Lets go of a conversation whose protocol knows that it is over.
    pub(super) fn leave(&mut self, slot: usize) -> std::io::Result<()> {
        let Some(conn) = self.conns.try_remove(slot) else { return Ok(()) };
        if let Some(on) = conn.io.on(Key::conn(slot).to_u64(), conn.drains) {
            // It is closed in a moment, which ends the watching as well.
            let _ = self.wait.forget(on, conn.want);
        }
        let is_sender = matches!(conn.io, Io::Sender { .. });
        if is_sender {
            self.held.remove(&slot);
        }
        if let Io::Sender { sender, .. } = &conn.io {
            for port in self.ports.iter_mut().flatten() {
                if let Some(datagrams) = &mut port.datagrams {
                    datagrams.forget(sender, slot);
                }
            }
        }
        drop(conn.io);
        self.called -= usize::from(conn.is_called);
        if let Holds::Member { group, peer } = conn.holds
            && let Some(here) = self.groups.get_mut(group)
        {
            here.conns.remove(&peer);
        }
        if is_sender && self.plan.once {
            self.close_ports()?;
        }
        self.resume_ports()
    }
}
