//! Timers: a heap of moments, looked at lazily.
//!
//! Progress moves a limit away without touching the heap: the timer fires at the old moment, finds
//! that nothing is due, and is set anew. One timer at most counts for a conversation, the one that
//! it is `armed` with; any other is stale and means nothing.

use std::cmp::Reverse;

use sock_proto::Time;

use super::conn::Holds;
use super::key::Key;
use super::reactor::Reactor;
use super::wait::Wait;

/// So many timers that mean nothing any more are kept, beside as many as there are conversations.
const STALE: usize = 1024;

impl<W: Wait> Reactor<W> {
    pub(super) fn set_timer(&mut self, at: Time, key: Key) {
        // A conversation that has ended leaves its timer behind: many short ones with a long limit
        // would leave many.
        if self.timers.len() > STALE + 2 * (self.conns.len() + self.groups.len()) {
            let (conns, groups) = (&self.conns, &self.groups);
            self.timers.retain(|Reverse((at, key))| match *key {
                Key::Conn(slot) => conns.get(slot as usize).is_some_and(|c| c.armed == *at),
                Key::Group(group) => groups.get(group as usize).is_some_and(|g| g.armed == *at),
                Key::Stop(_)
                | Key::Bell
                | Key::Port(_)
                | Key::Grace
                | Key::Dialer
                | Key::Campaign => true,
            });
        }
        self.timers.push(Reverse((at, key)));
    }

    pub(super) fn fire_timers(&mut self) -> std::io::Result<()> {
        // A timer that is set meanwhile is due in another turn, whatever the clock says by then.
        let now = self.cx.now;
        while let Some(Reverse((at, key))) = self.timers.peek().copied()
            && at <= now
        {
            self.timers.pop();
            match key {
                Key::Conn(slot) => self.conn_due(slot as usize, at)?,
                Key::Group(group) => self.group_due(group as usize, at)?,
                Key::Port(place) => self.port_due(place as usize)?,
                Key::Grace => self.end_all()?,
                Key::Campaign => self.asks_at = Time::NEVER,
                Key::Stop(_) | Key::Bell | Key::Dialer => {}
            }
        }
        Ok(())
    }

    fn conn_due(&mut self, slot: usize, at: Time) -> std::io::Result<()> {
        let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.armed == at) else {
            return Ok(());
        };
        conn.armed = Time::NEVER;
        if conn.is_dialling {
            return self.give_up_call(slot, rustix::io::Errno::TIMEDOUT);
        }
        if self.wait.is_sending(Key::conn(slot).to_u64()) {
            // What is under way comes back in a moment, and sets the timer anew.
            return Ok(());
        }
        if conn.io.descriptor().is_none() {
            conn.is_blocked = false;
        }
        if let Holds::Own(session) = &mut conn.holds {
            session.tick(&mut self.cx);
            if session.expired(&mut self.cx).is_some() {
                return self.depart(slot);
            }
        }
        self.settle(slot)
    }
}
