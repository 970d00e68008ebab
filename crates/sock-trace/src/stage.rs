//! The stage: which program starts when, and how those end that would go on for ever.

use std::time::Duration;

use sock_record::Level;

use crate::calls::Sys;
use crate::plan::{CLOSE, Ended, PASSED, Start, TraceError};
use crate::refusal;
use crate::stopped::Why;
use crate::sys::{Child, Failure, Tid, kill, spawn};
use crate::tasks::{On, Open};
use crate::tracer::Tracer;

/// A program that has not begun to listen by then is not waited for any longer.
const PATIENCE: u64 = 3_000_000_000;
/// Ctrl-C reaches a program and us at once, in any order: so long after the end of a program, in ns, we have heard of it too.
const BEFORE_NEXT: u64 = 200_000_000;
/// Who is asked to end has so long to obey, in ns.
const BEFORE_KILL: u64 = 1_000_000_000;

/// Where the programs are.
#[derive(Default)]
pub(crate) struct Stage {
    /// Their first processes.
    pub(crate) started: Vec<Child>,
    /// When the latest of them started, in ns since t0.
    since: u64,
    /// The latest of them listens.
    is_ready: bool,
    /// When the latest of them ended, in ns since t0.
    ended_at: u64,
    /// When everybody is asked to end, and when they are made to.
    term_at: Option<u64>,
    kill_at: Option<u64>,
    /// What they are told about it.
    pub(crate) why: Option<Why>,
    /// Who is there is killed, and who comes: one that forks all the time is never there as a whole. Nothing is held or
    /// looked at any more, and it is over when there is nobody left.
    pub(crate) is_killing: bool,
    /// Nobody else is started any more.
    is_closing: bool,
}

impl Stage {
    /// Whether whoever is still there is to be killed by now, or is being killed.
    pub(crate) fn is_kill_due(&self, now: u64) -> bool {
        self.is_killing || self.kill_at.is_some_and(|at| now >= at)
    }
}

impl Tracer<'_> {
    /// Starts the next program.
    pub(crate) fn start_next(&mut self) -> Result<(), TraceError> {
        let n = self.stage.started.len();
        let Some(program) = self.plan.programs.get(n) else { return Ok(()) };
        let child = spawn(&program.argv, &self.filter, &self.limits.before).map_err(|source| {
            TraceError::Refused {
                program: program.name().to_owned(),
                cure: refusal::of_trace(&source),
                source,
            }
        })?;
        let t = self.tape.now();
        let line = self.tasks.start(child.pid, n, program, t);
        self.tape.write(line);
        self.stage.started.push(child);
        (self.stage.since, self.stage.is_ready) = (t, false);
        if self.plan.start == Start::Now {
            self.start_next()?;
        }
        Ok(())
    }

    /// A process has begun to listen, or has bound a datagram socket.
    pub(crate) fn ready(&mut self, tid: Tid) -> Result<(), TraceError> {
        let program = self.tasks.process(tid).map(|process| process.program);
        let is_latest = program.is_some_and(|program| program + 1 == self.stage.started.len());
        if is_latest && !std::mem::replace(&mut self.stage.is_ready, true) {
            self.start_if_due(self.tape.now())?;
        }
        Ok(())
    }

    /// Whether a server can be called from now on, or a client has begun: who calls one of the others waits for nobody.
    pub(crate) fn is_ready(&self, open: &Open, ret: i64) -> bool {
        /// The call goes on by itself, as it was asked to.
        const GOES_ON: i64 = -115;
        let On::Sock(at) = open.on else { return false };
        // Nobody waits any more: a datagram should cost no search.
        if self.stage.started.len() == self.plan.programs.len() {
            return false;
        }
        let calls = || open.wish.args.addr.as_deref().is_some_and(|addr| self.book.is_home(addr));
        match open.sys {
            Sys::Listen => ret == 0,
            Sys::Bind => ret == 0 && self.book.all[at].is_dgram(),
            Sys::Connect => (ret == 0 || ret == GOES_ON) && calls(),
            Sys::Sendto => ret >= 0 && calls(),
            _ => false,
        }
    }

    fn start_if_due(&mut self, now: u64) -> Result<(), TraceError> {
        let (waited, n) = (now.saturating_sub(self.stage.since), self.stage.started.len());
        let is_closing = self.stage.is_closing || self.plan.control.asks_for_end();
        if is_closing || n >= self.plan.programs.len() {
            return Ok(());
        }
        let before = &self.plan.programs[n - 1];
        let is_due = match self.plan.start {
            Start::Listen if self.stage.is_ready => true,
            Start::Listen if self.outcome.ended[n - 1].is_some() => {
                if now.saturating_sub(self.stage.ended_at) < BEFORE_NEXT {
                    return Ok(());
                }
                let text = format!(
                    "{} ended before it had begun to listen, and {} is started now; a server stands before its clients, \
                     and calls listen (or bind, for UDP)",
                    before.name(),
                    self.plan.programs[n].name()
                );
                self.tape.note(None, "start", Level::Warn, text);
                true
            }
            Start::Listen if waited >= PATIENCE => {
                let text = format!(
                    "{} did not begin to listen in 3 s: {} was started all the same",
                    before.name(),
                    self.plan.programs[n].name()
                );
                self.tape.note(None, "start", Level::Warn, text);
                true
            }
            Start::Listen => false,
            Start::Now => true,
            Start::After(time) => u128::from(waited) >= time.as_nanos(),
        };
        if is_due { self.start_next() } else { Ok(()) }
    }

    /// Looks whether something is due; once in a while.
    pub(crate) fn look(&mut self, now: u64) -> Result<(), TraceError> {
        self.start_if_due(now)?;
        if let Some(signal) = self.plan.control.take() {
            let is_passed = signal != CLOSE && signal & PASSED != 0;
            self.stage.is_closing |= !is_passed;
            if signal == libc::SIGKILL {
                self.begin_killing();
            }
            if signal != CLOSE {
                self.signal(signal & !PASSED);
            }
        }
        let time = self.plan.timeout.map(nanos);
        if time.is_some_and(|time| now >= time) && !self.outcome.timed_out {
            self.outcome.timed_out = true;
            self.close_at(now, Why::Time);
        }
        if self.stage.term_at.is_some_and(|at| now >= at) {
            self.stage.term_at = None;
            self.stage.kill_at = Some(now + BEFORE_KILL);
            self.ask_all("SIGTERM");
            self.signal(libc::SIGTERM);
        }
        if !self.stage.is_killing && self.stage.is_kill_due(now) {
            self.stage.kill_at = None;
            self.ask_all("SIGKILL");
            self.begin_killing();
        }
        if self.stage.is_killing {
            self.signal(libc::SIGKILL);
            return Ok(());
        }
        self.tell_watch(now);
        self.tell_silence(now);
        Ok(())
    }

    /// Nobody is started any more, and those who are still there are asked to end at `at`.
    fn close_at(&mut self, at: u64, why: Why) {
        self.stage.is_closing = true;
        let is_asked = self.stage.kill_at.is_some() || self.stage.is_killing;
        if !is_asked && self.stage.term_at.is_none_or(|before| at < before) {
            (self.stage.term_at, self.stage.why) = (Some(at), Some(why));
        }
    }

    fn begin_killing(&mut self) {
        self.stage.is_killing = true;
        // Who is killed needs no leave to go on.
        self.held.clear();
    }

    fn signal(&self, signal: i32) {
        for pid in self.tasks.processes.keys() {
            kill(*pid, signal);
        }
    }

    /// A process has no task any more.
    pub(crate) fn process_ended(
        &mut self,
        pid: Tid,
        how: Result<i32, i32>,
    ) -> Result<(), TraceError> {
        let Some(mut process) = self.tasks.processes.remove(&pid) else { return Ok(()) };
        self.leave_sockets(pid, &mut process, how.err());
        self.tell_stopped(pid, &process, how);
        let Some(n) = self.stage.started.iter().position(|child| child.pid == pid) else {
            return Ok(());
        };
        let failure = if process.has_begun { None } else { self.stage.started[n].failure() };
        let not_run = match failure {
            Some(Failure::Filter(source)) => {
                let program = self.plan.programs[n].name().to_owned();
                return Err(TraceError::Refused {
                    program,
                    cure: refusal::of_filter(&source),
                    source,
                });
            }
            Some(Failure::Exec(error)) => {
                Some(Ended::NotRun(error.raw_os_error().unwrap_or_default()))
            }
            None => None,
        };
        let ended = not_run.unwrap_or(match how {
            Ok(status) => Ended::Exit(status),
            Err(signal) => Ended::Signal(signal),
        });
        self.outcome.ended[n] = Some(ended);
        self.outcome.asked[n] = process.asked.is_some();
        let now = self.tape.now();
        if n + 1 == self.stage.started.len() {
            self.stage.ended_at = now;
        }
        if matches!(ended, Ended::NotRun(_)) {
            self.close_at(now, Why::NotRun);
        } else if let Some(after) = self.plan.stop
            && n + 1 == self.plan.programs.len()
        {
            self.close_at(now.saturating_add(nanos(after)), Why::Left);
        }
        Ok(())
    }

    /// Whether everybody has ended who was to be started.
    pub(crate) fn is_over(&self) -> bool {
        let all_started =
            self.stage.is_closing || self.stage.started.len() == self.plan.programs.len();
        // Those who are killed where they are born are not among the tasks.
        all_started && self.tasks.all.is_empty() && !self.stage.is_killing
    }

    /// The exit statuses as the record has them: 128 and the signal, as shells tell it.
    pub(crate) fn statuses(&self) -> Vec<Option<i32>> {
        let status = |ended: &Ended| match *ended {
            Ended::Exit(status) => status,
            Ended::Signal(signal) => 128 + signal,
            Ended::NotRun(libc::ENOENT) => 127,
            Ended::NotRun(_) => 126,
        };
        self.outcome.ended.iter().map(|ended| ended.as_ref().map(status)).collect()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
