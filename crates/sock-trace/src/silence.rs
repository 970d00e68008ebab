//! Silence: two sides that wait for each other, told while they do.

use sock_record::{CallKind, Level, Origin};

use crate::decode::kind;
use crate::idle::is_idle;
use crate::sockets::At;
use crate::sys::Tid;
use crate::tasks::{On, Open, Phase};
use crate::tracer::Tracer;

/// Both have to be silent for so long, in ns, before it is said.
const LONG: u64 = 2_000_000_000;

impl Tracer<'_> {
    /// Says of connections of which both ends wait to receive, and nothing is on its way.
    pub(crate) fn tell_silence(&mut self, now: u64) {
        let waiting: Vec<(Tid, At, u64)> = self
            .tasks
            .all
            .iter()
            .filter_map(|(tid, task)| {
                let (Phase::Blocked(since), Some(open)) = (task.phase, &task.open) else {
                    return None;
                };
                let at = receives_on(open)?;
                (now.saturating_sub(since.max(open.enter)) >= LONG).then_some((*tid, at, since))
            })
            .collect();
        for (tid, at, since) in &waiting {
            let Some(mate) = self.book.all[*at].mate else { continue };
            let pair = (*at.min(&mate), *at.max(&mate));
            let other = waiting.iter().find(|(_, there, _)| *there == mate);
            let Some((other, _, other_since)) = other.filter(|(other, ..)| other != tid) else {
                continue;
            };
            if self.told_silent.contains(&pair)
                || self.has_bytes_under_way(pair)
                || self.may_still_send(pair, &waiting)
            {
                continue;
            }
            self.told_silent.push(pair);
            let name = |tid: &Tid| self.tasks.process(*tid).map_or("?", |process| &process.name);
            let seconds = (now - since.max(other_since)) / 1_000_000_000;
            let text = format!(
                "a deadlock: {} waits to receive from {}, which waits to receive from it, for {seconds} s now, and \
                 nothing is on its way; one of them has to send, or to end its direction",
                name(tid),
                name(other)
            );
            let ev = self.tasks.all.get(tid).and_then(|task| Some(task.open.as_ref()?.ev));
            self.tape.note(ev, "deadlock", Level::Warn, text);
        }
    }

    /// Says who may have accepted what nobody was seen to accept. A ring alone is no reason to speak: many runtimes have
    /// one and call on their sockets all the same.
    pub(crate) fn tell_rings(&mut self) {
        let port = |place: &Option<String>| {
            place
                .as_deref()
                .and_then(|place| place.rsplit_once(':'))
                .map(|(_, port)| port.to_owned())
        };
        let all = &self.book.all;
        let listens_at = |wanted: &str| {
            all.iter().any(|known| {
                known.is_listener && port(&known.line.local).as_deref() == Some(wanted)
            })
        };
        let is_lost = all.iter().any(|known| {
            // Nobody was seen to accept it: its other end is unknown, or came from nowhere.
            known.mate.is_none_or(|mate| all[mate].line.from == Origin::Passed)
                && !known.is_listener
                && port(&known.line.peer).is_some_and(|port| listens_at(&port))
        });
        if is_lost && !self.ring_users.is_empty() {
            let names = self.ring_users.join(", ");
            let text = format!(
                "{names} used io_uring: what went through it was not seen, such as who accepted; with --no-io-uring \
                 programs use calls that are seen"
            );
            self.tape.note(None, "ring", Level::Warn, text);
        }
    }

    /// Whether somebody who holds one of the ends does anything but wait to receive from the other one: a thread that sleeps, or
    /// waits for its user, or to accept, may send in a moment. One that waits for a fellow of its process to wake it does not,
    /// where all its fellows wait as well.
    fn may_still_send(&self, (one, other): (At, At), waiting: &[(Tid, At, u64)]) -> bool {
        let waits = |tid: &Tid| {
            waiting.iter().any(|(who, at, _)| who == tid && (*at == one || *at == other))
        };
        let holds = |pid: &Tid| {
            let process = self.tasks.processes.get(pid);
            process.is_some_and(|process| {
                process.sockets.contains(&one) || process.sockets.contains(&other)
            })
        };
        let living = self.tasks.all.iter().filter(|(_, task)| !task.is_dying);
        let others = living.filter(|(tid, task)| !waits(tid) && holds(&task.pid));
        let mut others: Vec<(Tid, Tid)> = others.map(|(tid, task)| (*tid, task.pid)).collect();
        // Whose call is known to be another needs no look at what the kernel tells.
        let is_known = |tid: &Tid| self.tasks.all.get(tid).is_some_and(|task| task.open.is_some());
        others.sort_unstable();
        others.iter().any(|(tid, _)| is_known(tid))
            || others.iter().any(|(tid, pid)| !is_idle(*tid, &self.tasks.living(*pid)))
    }

    /// Whether one end has sent what the other has not received.
    fn has_bytes_under_way(&self, (one, other): (At, At)) -> bool {
        let (one, other) = (&self.book.all[one], &self.book.all[other]);
        one.out != other.come || other.out != one.come
    }
}

fn receives_on(open: &Open) -> Option<At> {
    match open.on {
        On::Sock(at) if kind(open.sys) == CallKind::Recv => Some(at),
        _ => None,
    }
}
