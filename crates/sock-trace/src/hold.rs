//! Holding: a receiver waits at its entry for what the other side is about to send.
//!
//! Under ptrace every call of a sender takes some 20 µs longer, and a receiver that is blocked in the kernel wakes up at
//! the first of three quick sends: what is one receive when nobody looks would be three. So a receiver of a stream is kept
//! *before* its call
//!
//! - until the tasks at the other end are waiting themselves, are kept with nothing to receive, or are gone;
//! - or until nothing was sent for the time of the hold, counted from the latest send or from its own entry, while the
//!   sender had the CPU;
//! - and not at all where the other end has ended, is not traced, or has the habit of one send a turn.
//!
//! Every order of events that this brings about is one that the scheduler could have chosen.

use sock_record::Kind;

use crate::sockets::At;
use crate::sys::{Go, Tid, go};
use crate::tasks::{Held, Phase};
use crate::tracer::Tracer;

/// So often a hold is prolonged for tasks that wait for the CPU.
const MOST_LOOKS: u32 = 20;
/// So many turns of one send each are a habit.
const TERSE: u32 = 8;

impl Tracer<'_> {
    /// Whether a receive on this socket is to wait for others at all.
    pub(crate) fn is_held(&self, tid: Tid, at: At) -> bool {
        !self.plan.hold.is_zero()
            && self.book.all[at].is_stream()
            && !self.book.all[at].is_listener
            && self.others(at).is_some_and(|users| {
                !users.is_empty() && !users.contains(&tid) && !self.are_quiet(users)
            })
            && !self.is_terse(at)
    }

    /// Whether the other end has, again and again, sent once and then waited: no second send is to be expected.
    fn is_terse(&self, at: At) -> bool {
        self.book.all[at].mate.is_some_and(|mate| self.book.all[mate].singles >= TERSE)
    }

    /// Keeps a task at the entry of a receive.
    pub(crate) fn hold(&mut self, tid: Tid, held: Held) {
        self.set_phase(tid, Phase::Held(held));
        self.held.push(tid);
        self.outcome.held.0 += 1;
        self.reconsider();
    }

    /// The tasks at the other end: of its mate, or of the listener in whose queue it lies.
    fn others(&self, at: At) -> Option<&[Tid]> {
        let known = &self.book.all[at];
        if let Some(mate) = known.mate {
            return (mate != at && !self.book.all[mate].has_ended)
                .then_some(&self.book.all[mate].users[..]);
        }
        let peer = known.line.peer.as_deref()?;
        let is_it = |local: &str| {
            let port = |place: &str| place.rsplit_once(':').map(|(_, port)| port.to_owned());
            local == peer || (known.line.kind == Kind::Stream && port(local) == port(peer))
        };
        let mut listeners = self.book.all.iter().filter(|other| other.is_listener);
        let listener = listeners.find(|other| other.line.local.as_deref().is_some_and(is_it))?;
        (!listener.has_ended).then_some(&listener.users[..])
    }

    /// Whether nothing is to be expected of these tasks before they are sent something.
    fn are_quiet(&self, tasks: &[Tid]) -> bool {
        tasks.iter().all(|tid| {
            self.tasks.all.get(tid).is_none_or(|task| match task.phase {
                Phase::Running => false,
                Phase::Blocked(_) => true,
                Phase::Held(held) => !held.has_data,
            })
        })
    }

    /// Lets go of those for whom there is nothing more to wait for.
    pub(crate) fn reconsider(&mut self) {
        while let Some(place) = self.held.iter().position(|tid| self.may_go(*tid)) {
            let tid = self.held.swap_remove(place);
            self.let_in(tid, false);
        }
    }

    fn may_go(&self, tid: Tid) -> bool {
        match self.tasks.all.get(&tid).map(|task| task.phase) {
            Some(Phase::Held(held)) => {
                self.others(held.at).is_none_or(|users| users.is_empty() || self.are_quiet(users))
            }
            Some(Phase::Running | Phase::Blocked(_)) | None => true,
        }
    }

    /// Lets go of those whose time is over.
    pub(crate) fn release_late(&mut self, now: u64) {
        while let Some(place) = self.held.iter().position(|tid| self.hold_end(*tid) <= now) {
            let tid = self.held[place];
            if !self.may_prolong(tid, now) {
                self.held.swap_remove(place);
                self.let_in(tid, true);
            }
        }
    }

    /// Whether those for whom a task is held had no time to do anything: others had the CPU.
    fn may_prolong(&mut self, tid: Tid, now: u64) -> bool {
        let Some(Phase::Held(mut held)) = self.tasks.all.get(&tid).map(|task| task.phase) else {
            return false;
        };
        let users = self.others(held.at).unwrap_or_default();
        let runnable = users.iter().filter_map(|tid| ready_to_run(*tid));
        let (count, ran) = runnable.fold((0, 0), |(count, sum), ran| (count + 1, sum + ran));
        let time = self.hold_nanos();
        let had_its_time = held.looks > 0 && ran.saturating_sub(held.ran) >= time;
        if count == 0 || had_its_time || held.looks >= MOST_LOOKS {
            return false;
        }
        if held.looks == 0 {
            held.ran = ran;
        }
        held.looks += 1;
        held.until = now + time;
        self.set_phase(tid, Phase::Held(held));
        true
    }

    /// When the first hold ends, in ns since t0.
    pub(crate) fn hold_ends(&self) -> Option<u64> {
        self.held.iter().map(|tid| self.hold_end(*tid)).min()
    }

    fn hold_end(&self, tid: Tid) -> u64 {
        let Some(Phase::Held(held)) = self.tasks.all.get(&tid).map(|task| task.phase) else {
            return 0;
        };
        let sent_at = self.book.all[held.at].mate.map_or(0, |mate| self.book.all[mate].sent_at);
        held.since.max(sent_at).saturating_add(self.hold_nanos()).max(held.until)
    }

    fn hold_nanos(&self) -> u64 {
        u64::try_from(self.plan.hold.as_nanos()).unwrap_or(u64::MAX)
    }

    fn let_in(&mut self, tid: Tid, is_late: bool) {
        let phase = match self.tasks.all.get(&tid).map(|task| task.phase) {
            // It would have waited in any case.
            Some(Phase::Held(held)) if !held.has_data => Phase::Blocked(self.tape.now()),
            Some(Phase::Held(held)) => {
                self.outcome.held.1 += u64::from(is_late || held.sends > 1);
                Phase::Running
            }
            _ => Phase::Running,
        };
        self.set_phase(tid, phase);
        // A task that was killed meanwhile says so at the next wait.
        let _ = go(tid, Go::ToExit, 0);
    }

    /// Bytes went out on a socket, in a call that began at `t`: who is held at the other end gets them with those that it has.
    pub(crate) fn add_to_held(&mut self, at: At, t: u64) {
        let Some(mate) = self.book.all[at].mate else { return };
        for tid in &self.book.all[mate].users {
            if let Some(task) = self.tasks.all.get_mut(tid)
                && let Phase::Held(held) = &mut task.phase
                // What it found there may be of a send whose return is heard only now.
                && held.at == mate
                && (t >= held.since || held.sends == 0)
            {
                held.sends += 1;
            }
        }
    }

    /// Something went out on a socket: whoever waits at the other end has something to do.
    pub(crate) fn wake_others(&mut self, at: At) {
        let Some(mate) = self.book.all[at].mate else { return };
        // Returns are not heard in order: it may have been received long ago.
        let (own, other) = (&self.book.all[at], &self.book.all[mate]);
        if own.is_stream() && !own.has_ended && own.is_whole() && own.out <= other.come {
            return;
        }
        for tid in &self.book.all[mate].users {
            let Some(task) = self.tasks.all.get_mut(tid) else { continue };
            match &mut task.phase {
                Phase::Held(held) if held.at == mate => held.has_data = true,
                Phase::Blocked(_) => task.phase = Phase::Running,
                Phase::Held(_) | Phase::Running => {}
            }
        }
    }

    /// A call on a listener's port: its acceptors have something to do.
    pub(crate) fn wake_acceptors(&mut self, at: At) {
        let users: Vec<Tid> = self.others(at).unwrap_or_default().to_vec();
        for tid in users {
            if let Some(task) = self.tasks.all.get_mut(&tid)
                && matches!(task.phase, Phase::Blocked(_))
            {
                task.phase = Phase::Running;
            }
        }
    }
}

/// How long a task has run, in ns, if it runs or would if it had the CPU (proc(5): `stat`, `schedstat`).
fn ready_to_run(tid: Tid) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{tid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    if !rest.trim_start().starts_with('R') {
        return None;
    }
    let schedule = std::fs::read_to_string(format!("/proc/{tid}/schedstat")).ok()?;
    schedule.split(' ').next()?.parse().ok()
}
