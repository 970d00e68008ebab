//! Stopping: what a reactor does when the run is asked to end.

use std::time::Duration;

use sock_proto::{By, How, Reason};

use super::conn::session_of;
use super::key::Key;
use super::reactor::{Hand, Reactor};
use super::wait::{On, Wait, Want};
use crate::stop::Urgency;

/// So long a job that was told to end now may take to do so.
const LAST_MOMENT: Duration = Duration::from_secs(1);

impl<W: Wait> Reactor<W> {
    pub(super) fn watch_stop(&mut self, old: Want, new: Want) -> std::io::Result<()> {
        for (n, fd) in self.plan.run.stop().waits(self.seen).enumerate() {
            self.wait.watch(On::signal(fd, Key::stop(n).to_u64()), old, new)?;
        }
        Ok(())
    }

    pub(super) fn heed_stop(&mut self) -> std::io::Result<()> {
        let urgency = self.plan.run.stop().urgency();
        if urgency == self.seen {
            return Ok(());
        }
        self.watch_stop(Want::READ, Want::NOTHING)?;
        self.seen = urgency;
        self.watch_stop(Want::NOTHING, Want::READ)?;
        self.close_ports()?;
        if urgency == Urgency::Hard {
            return self.end_all();
        }
        self.set_timer(self.cx.now + self.plan.grace, Key::Grace);
        let slots: Vec<usize> = self.conns.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(conn) = self.conns.get_mut(slot) else { continue };
            let (session, _) = session_of(&mut conn.holds, &mut self.groups);
            session.stop(&mut self.cx);
            self.settle(slot)?;
        }
        Ok(())
    }

    /// Nobody has any more time.
    pub(super) fn end_all(&mut self) -> std::io::Result<()> {
        let slots: Vec<usize> = self.conns.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(conn) = self.conns.get_mut(slot) else { continue };
            let (session, peer) = session_of(&mut conn.holds, &mut self.groups);
            session.closed(peer, Reason { by: By::Us, how: How::Stop }, &mut self.cx);
            self.depart(slot)?;
        }
        if let Hand::Over(crew) = &mut self.hand {
            // Jobs see the same stop; a child that does not is ended by its id.
            let soon = crate::run::instant() + LAST_MOMENT;
            crew.join(Some(soon))?;
            crew.end()?;
        }
        Ok(())
    }

    pub(super) fn close_ports(&mut self) -> std::io::Result<()> {
        self.close_ports_but(None)
    }

    pub(super) fn close_ports_but(&mut self, kept: Option<usize>) -> std::io::Result<()> {
        for place in (0..self.ports.len()).filter(|place| Some(*place) != kept) {
            self.close_port(place)?;
        }
        Ok(())
    }
}
