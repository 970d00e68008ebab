//! The entry of a call: which socket it is about, and whether the task is to go on at once.

use sock_record::{CallKind, Level, Origin};

use crate::calls::{HERE, Sys};
use crate::closing::By;
use crate::decode::{fd, wish};
use crate::filter::COPIES;
use crate::known::Known;
use crate::plan::TraceError;
use crate::seen::Seen;
use crate::sockets::At;
use crate::sys::{Go, Info, Tid, go, info};
use crate::tasks::{Held, Interrupted, On, Open, Phase, Process};
use crate::tracer::Tracer;
use crate::waits;

/// So many descriptors of a wait are looked at to see whether a socket is among them.
const LOOKED_AT: usize = 64;

/// What is done at the entry of a call.
enum Next {
    /// It is none of ours: no stop at its end.
    Ignore,
    /// It is followed to its end.
    Follow(On),
    /// So it is, and it is about this socket.
    On(Seen),
}

impl Tracer<'_> {
    pub(crate) fn enter(&mut self, tid: Tid) -> Result<(), TraceError> {
        let Some(Info::Entry { arch, nr, args }) = info(tid) else {
            return Ok(go(tid, Go::On, 0)?);
        };
        let sys = usize::try_from(nr).ok().and_then(|nr| *self.calls.get(nr)?);
        let Some(sys) = sys.filter(|_| arch == HERE.arch) else {
            self.warn_of_foreign(tid);
            return Ok(go(tid, Go::On, 0)?);
        };
        let t = self.now;
        if let Some(task) = self.tasks.all.get_mut(&tid) {
            // A signal that comes now came of something else.
            task.broken = None;
        }
        if let Some(process) = self.process_mut(tid) {
            process.table.settle();
        }
        if let Some(open) = self.resume(tid, sys, &args) {
            return self.begin(tid, open);
        }
        let (on, mut seen) = match self.look_at(tid, sys, &args, t) {
            Next::Ignore => return Ok(go(tid, Go::On, 0)?),
            Next::Follow(on) => (on, None),
            Next::On(seen) => (On::Sock(seen.at), Some(seen)),
        };
        let mut wish = wish(tid, sys, &args);
        // What is about to be closed must not be kept open.
        if let Some(fds) = closed_by(sys, &args)
            && let Some(process) = self.process_mut(tid)
        {
            // Marked to be closed later is not closed, and where a copy goes another socket may be.
            if sys == Sys::Close {
                process.table.close(*fds.start());
            } else {
                process.table.change();
            }
            process.window.drop_range(fds);
        }
        if Self::is_close(sys)
            && let Some(seen) = seen.take()
        {
            self.before_close(tid, fd_of(sys, &args), seen, By::Call, &mut wish.args);
        }
        let open = Open { ev: self.tape.ev(), sys, args, enter: t, on, wish, limit: None, seen };
        self.begin(tid, open)
    }

    /// The call that a signal interrupted goes on: it is the same one, or its error is known now.
    fn resume(&mut self, tid: Tid, sys: Sys, args: &[u64; 6]) -> Option<Open> {
        let Interrupted { open, is_over, .. } = self.tasks.all.get(&tid)?.interrupted.as_ref()?;
        let is_same = sys == Sys::Restart || (open.sys == sys && open.args == *args);
        let goes_on = is_same && !is_over;
        if !goes_on {
            self.interrupted(tid);
            return None;
        }
        self.tasks.all.get_mut(&tid)?.interrupted.take().map(Interrupted::goes_on)
    }

    /// What a call is about.
    fn look_at(&mut self, tid: Tid, sys: Sys, args: &[u64; 6], t: u64) -> Next {
        match sys {
            Sys::Socket | Sys::Socketpair => Next::Follow(On::New),
            Sys::IoUringSetup => {
                if let Some(process) = self.process_mut(tid) {
                    process.window.distrust();
                    let name = process.name.clone();
                    if !self.ring_users.contains(&name) {
                        self.ring_users.push(name);
                    }
                }
                Next::Ignore
            }
            Sys::Getaffinity if self.cpu.is_none() => Next::Ignore,
            Sys::Getaffinity => Next::Follow(On::Affinity),
            Sys::EpollWait | Sys::EpollPwait | Sys::EpollPwait2 => {
                Next::Follow(On::Wait(waits::begun(tid, sys, args)))
            }
            Sys::Poll | Sys::Ppoll | Sys::Select | Sys::Pselect6 => {
                let waiting = waits::begun(tid, sys, args);
                let fds: Vec<i32> =
                    waiting.asked.iter().take(LOOKED_AT).map(|(fd, _)| *fd).collect();
                let is_ours = fds.into_iter().any(|fd| self.see(tid, fd, t).is_some());
                if is_ours { Next::Follow(On::Wait(waiting)) } else { Next::Ignore }
            }
            Sys::Splice => {
                let [from, to] = [args[0], args[2]].map(|arg| Some(self.see(tid, fd(arg), t)?.at));
                if from.is_none() && to.is_none() {
                    return Next::Ignore;
                }
                for at in [from, to].into_iter().flatten() {
                    self.book.all[at].is_unsteady = true;
                }
                Next::Follow(On::Both { from, to })
            }
            Sys::CloseRange => {
                let closed = self.in_range(tid, args, t);
                for (_, at) in &closed {
                    self.book.all[*at].is_unsteady = true;
                }
                if closed.is_empty() { Next::Ignore } else { Next::Follow(On::Range(closed)) }
            }
            Sys::Dup | Sys::Fcntl if is_copied(sys, args) => {
                self.copies(tid, fd(args[0]), t);
                Next::Ignore
            }
            // A copy onto itself closes nothing.
            Sys::Dup2 | Sys::Dup3 if fd(args[0]) == fd(args[1]) => Next::Ignore,
            Sys::Dup2 | Sys::Dup3 => {
                self.copies(tid, fd(args[0]), t);
                self.see(tid, fd_of(sys, args), t).map_or(Next::Ignore, Next::On)
            }
            // Without a call that it belongs to, it continues one that is none of ours.
            Sys::Restart => Next::Ignore,
            _ => self.see(tid, fd_of(sys, args), t).map_or(Next::Ignore, Next::On),
        }
    }

    /// A task makes another descriptor of what may be a socket.
    fn copies(&mut self, tid: Tid, fd: i32, t: u64) {
        if let Some(process) = self.process_mut(tid) {
            process.table.change();
        }
        if let Some(seen) = self.see(tid, fd, t) {
            self.book.all[seen.at].is_copied = true;
        }
    }

    /// The socket behind a descriptor of a task; a new one is written down.
    pub(crate) fn see(&mut self, tid: Tid, fd: i32, t: u64) -> Option<Seen> {
        self.see_from(tid, fd, Origin::Passed, t)
    }

    pub(crate) fn see_from(&mut self, tid: Tid, fd: i32, from: Origin, t: u64) -> Option<Seen> {
        let pid = self.tasks.all.get(&tid)?.pid;
        let process = self.tasks.processes.get_mut(&pid)?;
        let (seen, is_new) = self.book.see(&mut process.window, tid, fd, from, t)?;
        process.sockets.insert(seen.at);
        process.table.put(fd, || self.book.inode(seen.at));
        // Where a call has just made it, there is more to be said in a moment.
        let is_made = is_new && self.book.all[seen.at].line.from == Origin::Accept;
        let is_found = is_new && self.book.all[seen.at].line.from == Origin::Passed;
        let learned = (is_found || self.book.is_vague(seen.at)) && self.book.learn(&seen);
        if (is_new || learned) && !is_made {
            self.say_sock(seen.at);
        }
        Some(seen)
    }

    pub(crate) fn say_sock(&mut self, at: At) {
        let line = self.book.all[at].line.clone();
        self.tape.write(line);
    }

    /// A call begins: the task goes in, or is held.
    fn begin(&mut self, tid: Tid, open: Open) -> Result<(), TraceError> {
        let t = open.enter;
        let mut phase = Phase::Running;
        let mut held = None;
        match &open.on {
            On::Sock(at) => {
                let at = *at;
                let kind = crate::decode::kind(open.sys);
                self.book.all[at].begin(&kind, open.wish.args.len);
                self.book.all[at].used_by(tid);
                match kind {
                    CallKind::Send => self.book.all[at].sent_at = t,
                    CallKind::Recv => {
                        let (waits, has_data) = self.would_wait(&open, at);
                        if (waits || has_data) && self.is_held(tid, at) {
                            held = Some(Held::new(at, t, has_data));
                        } else if waits {
                            phase = Phase::Blocked(t);
                        }
                    }
                    CallKind::Accept => phase = Phase::Blocked(t),
                    _ => {}
                }
            }
            On::Wait(waiting) if waiting.timeout.is_none_or(|time| !time.is_zero()) => {
                phase = Phase::Blocked(t);
            }
            On::New | On::Both { .. } | On::Wait(_) | On::Range(_) | On::Affinity => {}
        }
        if let Some(task) = self.tasks.all.get_mut(&tid) {
            (task.latest, task.open, task.phase) = (Some(open.ev), Some(open), phase);
        }
        if let Some(held) = held {
            self.hold(tid, held);
            return Ok(());
        }
        go(tid, Go::ToExit, 0)?;
        if phase != Phase::Running {
            self.reconsider();
        }
        Ok(())
    }

    /// Whether a receive would wait, and whether there is something to receive.
    fn would_wait(&mut self, open: &Open, at: At) -> (bool, bool) {
        let Some(seen) = &open.seen else { return (false, true) };
        let known = &self.book.all[at];
        let mate = known.mate.map(|mate| &self.book.all[mate]);
        let is_seen = |mate: &Known| mate.is_whole() && !mate.is_unsteady && known.is_stream();
        let has_data = match mate {
            Some(mate) if mate.has_ended => true,
            // Everything was seen: no need to ask.
            Some(mate) if is_seen(mate) && mate.out > known.come => true,
            Some(mate) if is_seen(mate) && mate.most_sent() <= known.come => false,
            Some(_) | None => seen.waiting().is_some_and(|n| n > 0),
        };
        if has_data || open.wish.is_impatient {
            return (false, has_data);
        }
        let known = &mut self.book.all[at];
        let nonblocking = *known.nonblocking.get_or_insert_with(|| seen.ask_nonblocking());
        (!nonblocking, false)
    }

    pub(crate) fn process_mut(&mut self, tid: Tid) -> Option<&mut Process> {
        let pid = self.tasks.all.get(&tid)?.pid;
        self.tasks.processes.get_mut(&pid)
    }

    fn warn_of_foreign(&mut self, tid: Tid) {
        if !std::mem::replace(&mut self.warned_of_foreign, true) {
            let name = self.tasks.process(tid).map_or("?", |process| &process.name);
            let text = format!(
                "{name} makes calls of another kind of machine (32 bit): they are not shown"
            );
            self.tape.note(None, "foreign", Level::Warn, text);
        }
    }
}

/// The descriptor that a call is about.
pub(crate) fn fd_of(sys: Sys, args: &[u64; 6]) -> i32 {
    fd(match sys {
        Sys::Dup2 | Sys::Dup3 => args[1],
        _ => args[0],
    })
}

/// Whether a call only makes another descriptor.
fn is_copied(sys: Sys, args: &[u64; 6]) -> bool {
    sys == Sys::Dup || COPIES.iter().any(|copies| u64::from(*copies) == args[1] & 0xffff_ffff)
}

/// The descriptors that a call closes.
fn closed_by(sys: Sys, args: &[u64; 6]) -> Option<std::ops::RangeInclusive<i32>> {
    match sys {
        Sys::Close | Sys::Dup2 | Sys::Dup3 => {
            let fd = fd_of(sys, args);
            Some(fd..=fd)
        }
        Sys::CloseRange => {
            let end = |argument: u64| i32::try_from(argument & 0xffff_ffff).unwrap_or(i32::MAX);
            Some(end(args[0])..=end(args[1]))
        }
        _ => None,
    }
}
