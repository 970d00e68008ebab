//! The loop: waits for a task to stop, hears why, and lets it go on.

use std::time::Duration;

use rustix::system::uname;
use sock_record::{Call, End, Ev, Level, Meta};

use crate::calls::{HERE, Sys};
use crate::cpu::OneCpu;
use crate::filter::filter;
use crate::limits::Raised;
use crate::plan::{Outcome, Plan, TraceError};
use crate::signals::{Answer, answer};
use crate::sockets::Book;
use crate::stage::Stage;
use crate::sys::{Alarm, Go, QuietStops, Stop, Tid, Waited, go, kill, wait};
use crate::tape::{Tape, wall};
use crate::tasks::{Phase, Tasks};
use crate::watch::Watch;

/// How often it is looked whether something takes too long, in ns.
const LOOK: u64 = 50_000_000;

/// Runs the programs and tells `watch` every line of the record, in the order in which calls return.
///
/// The calling thread traces; it must not have children of its own, whose ends it would hear of. Signals that the
/// terminal sends reach the programs by themselves; for others there is [`Plan::control`].
///
/// # Errors
///
/// The system lets nobody be traced (the message says what to do), or fails in the middle: then the programs are
/// killed.
pub fn watch(plan: &Plan, watch: &mut dyn Watch) -> Result<Outcome, TraceError> {
    Tracer::new(plan, watch)?.run()
}

pub(crate) struct Tracer<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) tape: Tape<'a>,
    pub(crate) tasks: Tasks,
    pub(crate) book: Book,
    pub(crate) stage: Stage,
    pub(crate) filter: Vec<libc::sock_filter>,
    pub(crate) outcome: Outcome,
    /// Tasks that are kept at a receive.
    pub(crate) held: Vec<Tid>,
    /// By its number on this machine, each traced call.
    pub(crate) calls: Vec<Option<Sys>>,
    pub(crate) warned_of_foreign: bool,
    /// The names of those who made an `io_uring`.
    pub(crate) ring_users: Vec<String>,
    /// Pairs of sockets of whose silence was told.
    pub(crate) told_silent: Vec<(usize, usize)>,
    /// Calls of which it was told that they wait.
    pub(crate) told_waiting: Vec<Ev>,
    /// They share one CPU, unless that was not wanted.
    pub(crate) cpu: Option<OneCpu>,
    pub(crate) limits: Raised,
    alarm: Alarm,
    /// When the alarm rings next, in ns since t0.
    rings: u64,
    looks: u64,
    /// When the latest wait ended.
    pub(crate) now: u64,
    _quiet: QuietStops,
}

impl<'a> Tracer<'a> {
    fn new(plan: &'a Plan, watch: &'a mut dyn Watch) -> Result<Self, TraceError> {
        let alarm = Alarm::new()?;
        plan.control.listen(Alarm::waker());
        let mut calls = Vec::new();
        for (sys, nr) in HERE.calls() {
            let nr = nr as usize;
            calls.resize(calls.len().max(nr + 1), None);
            calls[nr] = Some(sys);
        }
        let count = plan.programs.len();
        let outcome =
            Outcome { ended: vec![None; count], asked: vec![false; count], ..Outcome::default() };
        Ok(Self {
            plan,
            tape: Tape::new(plan.preview, watch),
            tasks: Tasks::default(),
            book: Book::new(),
            stage: Stage::default(),
            filter: filter(HERE, plan.refuse_rings),
            outcome,
            held: Vec::new(),
            calls,
            warned_of_foreign: false,
            ring_users: Vec::new(),
            told_silent: Vec::new(),
            told_waiting: Vec::new(),
            cpu: if plan.one_cpu { OneCpu::keep() } else { None },
            limits: Raised::now(),
            alarm,
            rings: u64::MAX,
            looks: 0,
            now: 0,
            _quiet: QuietStops::begin(),
        })
    }

    fn run(mut self) -> Result<Outcome, TraceError> {
        self.tape.write(Meta {
            backend: Some("ptrace-seccomp".into()),
            kernel: Some(uname().release().to_string_lossy().into_owned()),
            t0_unix_ns: Some(wall()),
            hold_us: u64::try_from(self.plan.hold.as_micros()).ok(),
            preview: self.plan.preview,
            ..Meta::new("trace")
        });
        self.start_next()?;
        while !self.is_over() {
            self.set_alarm();
            let waited = wait()?;
            // One reading serves everything that this stop is about.
            self.now = self.tape.now();
            match waited {
                Waited::Stopped(tid, stop) => self.stopped(tid, stop)?,
                Waited::Exited(tid, status) => self.ended(tid, Ok(status))?,
                Waited::Killed(tid, signal) => self.ended(tid, Err(signal))?,
                Waited::Interrupted => {}
                Waited::Nobody if self.stage.is_killing || self.is_over() => break,
                // Everybody has gone, and the next program is not due yet.
                Waited::Nobody => self.rest(),
            }
            if self.now >= self.looks {
                self.looks = self.now + LOOK;
                self.look(self.now)?;
            }
            if !self.held.is_empty() {
                self.release_late(self.now);
            }
        }
        self.tell_rings();
        let (t, exit) = (self.tape.now(), self.statuses());
        self.tape.write(End { t, exit, dropped: 0 });
        Ok(self.outcome)
    }

    /// Waits for the alarm where there is nobody to wait for.
    fn rest(&mut self) {
        // Woken too early, it only looks once more.
        let _ =
            rustix::thread::nanosleep(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 10_000_000 });
        self.looks = 0;
    }

    fn set_alarm(&mut self) {
        let due = self.hold_ends().map_or(self.looks, |at| at.min(self.looks));
        // One that has rung already, seen or not, goes on ringing; one that rings too early is looked at once.
        if due < self.rings || self.rings <= self.now {
            self.alarm.ring_in(Duration::from_nanos(due.saturating_sub(self.now)));
            self.rings = due;
        }
    }

    fn stopped(&mut self, tid: Tid, stop: Stop) -> Result<(), TraceError> {
        if self.stage.is_killing {
            return Ok(finish(tid, stop)?);
        }
        if !self.tasks.all.contains_key(&tid) {
            self.tasks.meet(tid, self.tape.now());
        }
        match stop {
            Stop::Entry => self.enter(tid)?,
            Stop::Exit => self.leave(tid)?,
            // Its maker may be heard of again before it is itself.
            Stop::Born(new) => {
                self.tasks.expect(new, tid, self.now);
                go(tid, Go::On, 0)?;
            }
            Stop::Fresh => go(tid, Go::On, 0)?,
            Stop::Became(former) => {
                self.become_program(tid, former);
                go(tid, Go::On, 0)?;
            }
            Stop::Dying(signal) => {
                self.dying(tid, Some(signal).filter(|signal| *signal != 0));
                go(tid, Go::On, 0)?;
            }
            Stop::Group => {
                self.stays(tid);
                go(tid, Go::Stay, 0)?;
            }
            Stop::Signal(signal) => {
                if signal == libc::SIGPIPE {
                    self.tell_sigpipe(tid);
                }
                let reaches = !self.is_unheard(tid, signal);
                go(tid, Go::On, if reaches { signal } else { 0 })?;
            }
        }
        Ok(())
    }

    /// A call failed with EPIPE, and the signal that comes with it is about to be taken. Who ignores it (every Python program
    /// does) has the error alone.
    fn tell_sigpipe(&mut self, tid: Tid) {
        // Where standard output goes no socket has anything to do with it.
        let broken = self.tasks.all.get_mut(&tid).and_then(|task| task.broken.take());
        let Some(ev) = broken else { return };
        let answer = answer(tid, libc::SIGPIPE);
        if answer == Answer::Ignores {
            return;
        }
        let who = self.tasks.process(tid).map_or("the program", |process| &process.name);
        let (level, text) = if answer == Answer::Handler {
            (Level::Info, format!("SIGPIPE came with this error, and {who} has a handler for it"))
        } else {
            let cure = "ignore it, or send with MSG_NOSIGNAL, and look at the error EPIPE instead";
            (
                Level::Warn,
                format!(
                    "SIGPIPE came with EPIPE and ended {who}, which does not ignore it: {cure}"
                ),
            )
        };
        self.tape.note(Some(ev), "sigpipe", level, text);
    }

    fn become_program(&mut self, tid: Tid, former: Tid) {
        if former != tid {
            // The thread that called exec has taken its leader's number.
            self.forget(former);
        }
        self.forget_call(tid);
        self.tasks.became(tid, self.tape.now());
        self.tell_rights(tid);
        self.keep_inherited(tid);
    }

    /// Writes a call, behind what is to be said of who made it.
    pub(crate) fn write(&mut self, call: Call) {
        if let Some(line) = self.tasks.introduce(call.proc) {
            self.tape.write(line);
        }
        if call.err.as_deref() == Some("EPIPE") && !call.args.has_flag("MSG_NOSIGNAL") {
            let tid = call.tid.and_then(|tid| Tid::try_from(tid).ok());
            if let Some(task) = tid.and_then(|tid| self.tasks.all.get_mut(&tid)) {
                task.broken = Some(call.ev);
            }
        }
        self.tape.write(call);
    }

    /// Does what writes a call of this number, where there is something to tell of it. If there is none the next call gets the
    /// number: where one is missing in a record, a line is.
    pub(crate) fn numbered(&mut self, tid: Tid, ev: Ev, write: impl FnOnce(&mut Self)) {
        let before = self.tape.calls;
        write(self);
        let is_written = self.tape.calls > before;
        if !is_written {
            self.tape.give_back(ev);
        }
        if let Some(task) = self.tasks.all.get_mut(&tid) {
            task.written = if is_written { Some(ev) } else { task.written };
            task.latest = task.written;
        }
    }

    /// A task is over.
    fn ended(&mut self, tid: Tid, how: Result<i32, i32>) -> Result<(), TraceError> {
        let Some(task) = self.tasks.all.get(&tid) else { return Ok(()) };
        let pid = task.pid;
        self.forget(tid);
        if self.tasks.count(pid) == 0 {
            self.process_ended(pid, how)?;
        }
        self.reconsider();
        Ok(())
    }

    /// Lets go of a task that is no more; what it was doing never returned.
    pub(crate) fn forget(&mut self, tid: Tid) {
        self.forget_call(tid);
        self.held.retain(|held| *held != tid);
        self.tasks.all.remove(&tid);
    }

    pub(crate) fn set_phase(&mut self, tid: Tid, phase: Phase) {
        if let Some(task) = self.tasks.all.get_mut(&tid) {
            task.phase = phase;
        }
    }
}

/// Ends a task that has stopped on its way to its end, and asks nothing of it: of those who fork all the time there are
/// more at each look, so whoever comes is killed where it is born, and faster than it could make another.
fn finish(tid: Tid, stop: Stop) -> std::io::Result<()> {
    if !matches!(stop, Stop::Dying(_)) {
        kill(tid, libc::SIGKILL);
    }
    go(tid, Go::On, 0)
}
