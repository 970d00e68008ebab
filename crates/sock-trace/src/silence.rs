//! Silence: two sides that wait for each other, told while they do.

use rustix::net::sockopt::{Timeout, socket_timeout};
use sock_record::{CallKind, Level, Origin};

use crate::decode::kind;
use crate::idle::{has_alarm, is_idle};
use crate::seen::Seen;
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
                let open = task.open.as_ref()?;
                let since = match task.phase {
                    Phase::Blocked(since) => since,
                    // One that found bytes waits all the same where it wants more.
                    Phase::Running => open.enter,
                    Phase::Held(_) => return None,
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
            let (here, there) = ((*tid, *at), (*other, mate));
            if self.told_silent.contains(&pair)
                || self.goes_on_by_itself(*tid)
                || self.goes_on_by_itself(*other)
                || self.has_bytes_under_way(here, there)
                || self.has_bytes_under_way(there, here)
                || self.may_still_send(pair, &waiting)
            {
                continue;
            }
            self.told_silent.push(pair);
            let name = |(tid, at): (Tid, At)| self.who_calls(tid, at);
            let seconds = (now - since.max(other_since)) / 1_000_000_000;
            let part = [(here, there), (there, here)].into_iter().filter_map(|(to, from)| {
                let (has, len) = self.part(to, from)?;
                let who = name(to);
                Some(format!(
                    "; {who} has {has} of the {len} bytes that it waits for (MSG_WAITALL)"
                ))
            });
            let text = format!(
                "a deadlock: {} waits to receive from {}, which waits to receive from it, and after {seconds} s \
                 nothing is on its way{}; one of them has to send, or to end its direction",
                name(here),
                name(there),
                part.collect::<String>()
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
        if self.tasks.processes.keys().any(|pid| holds(pid) && has_alarm(*pid)) {
            return true;
        }
        let mut others: Vec<(Tid, Tid)> = others.map(|(tid, task)| (*tid, task.pid)).collect();
        // Whose call is known to be another needs no look at what the kernel tells.
        let is_known = |tid: &Tid| self.tasks.all.get(tid).is_some_and(|task| task.open.is_some());
        others.sort_unstable();
        others.iter().any(|(tid, _)| is_known(tid))
            || others.iter().any(|(tid, pid)| !is_idle(*tid, &self.tasks.living(*pid)))
    }

    /// Whether the receive that a task is in may end by itself, for all that is known: it has a limit of time (`SO_RCVTIMEO`).
    fn goes_on_by_itself(&self, tid: Tid) -> bool {
        let hand = self.seen_by(tid).and_then(|seen| seen.hand.as_ref());
        hand.is_none_or(|hand| !matches!(socket_timeout(hand, Timeout::Recv), Ok(None)))
    }

    /// Whether one end has sent what the other has not received.
    fn has_bytes_under_way(&self, (to, here): (Tid, At), (from, there): (Tid, At)) -> bool {
        if self.book.all[there].out == self.book.all[here].come {
            return false;
        }
        // What a receive has got that waits for more is in no sum before it returns, and in no queue. What leaves the
        // sender's comes into the receiver's, so this one is asked last.
        self.seen_by(from).and_then(Seen::unsent) != Some(0)
            || self.seen_by(to).and_then(Seen::waiting) != Some(0)
    }

    /// How many bytes a receive has that waits until it has all of so many, where nothing is under way to it.
    fn part(&self, (to, here): (Tid, At), (_, there): (Tid, At)) -> Option<(u64, u64)> {
        let args = &self.tasks.all.get(&to)?.open.as_ref()?.wish.args;
        let (own, mate) = (&self.book.all[here], &self.book.all[there]);
        let is_known = args.has_flag("MSG_WAITALL") && own.is_whole() && mate.is_whole();
        let (has, len) = (mate.out.checked_sub(own.come)?, args.len?);
        (is_known && has < len).then_some((has, len))
    }

    /// The socket that the call of a task is about.
    fn seen_by(&self, tid: Tid) -> Option<&Seen> {
        self.tasks.all.get(&tid)?.open.as_ref()?.seen.as_ref()
    }
}

fn receives_on(open: &Open) -> Option<At> {
    match open.on {
        On::Sock(at) if kind(open.sys) == CallKind::Recv => Some(at),
        _ => None,
    }
}
