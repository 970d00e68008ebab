//! Whom the tracer ended: servers that would go on for ever when the last program has ended, and everybody when the time is
//! over.
//!
//! A record tells of calls, and a signal is none: to who reads it, a program that was ended looks like one that closed its
//! sockets. So a note says it: on what the kernel closed for it, or it closed itself then, or else on what it was doing when it
//! was asked.

use sock_record::{Ev, Level};

use crate::sockets::At;
use crate::sys::Tid;
use crate::tasks::Process;
use crate::tracer::Tracer;

/// Why everybody is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The last program has ended.
    Left,
    /// The time is over.
    Time,
    /// A program could not be run.
    NotRun,
}

/// How a process was asked to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    signal: &'static str,
    why: Why,
    /// Its latest call by then.
    at: Option<Ev>,
}

/// A close at the end of a process; the first of them says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LastClose {
    /// A connection says more.
    pub(crate) is_listener: bool,
    /// The process closed it itself.
    pub(crate) is_own: bool,
    pub(crate) ev: Ev,
    pub(crate) at: At,
}

impl Tracer<'_> {
    /// Everybody who is still there gets this signal.
    pub(crate) fn ask_all(&mut self, signal: &'static str) {
        let Some(why) = self.stage.why else { return };
        for (pid, process) in &mut self.tasks.processes {
            let own = self.tasks.all.values().filter(|task| task.pid == *pid);
            let at = own.filter_map(|task| task.latest).max();
            // What it closed since it was asked more kindly was no end.
            process.last_close = None;
            process.asked = Some(Asked { signal, why, at });
        }
    }

    /// A process has ended: says whose doing that was, if it was asked to.
    pub(crate) fn tell_stopped(&mut self, pid: Tid, process: &Process, how: Result<i32, i32>) {
        let Some(Asked { signal, why, at }) = process.asked else { return };
        let closed = process.last_close.map(|close| close.ev);
        // One that never touched a socket is in no picture.
        let Some(ev) = closed.or(at) else { return };
        let name = self.who(pid, process, process.last_close.map(|close| close.at));
        let why = match why {
            Why::Left => "the last program had ended, and this one went on",
            Why::Time => "the time that --timeout gives was over",
            Why::NotRun => "another program could not be run",
        };
        let text = match how {
            Err(_) => format!("sock ended {name} here ({signal}): {why}"),
            // It has heard the signal, and what it did then was its own doing.
            Ok(_) => format!("sock asked {name} to end here ({signal}): {why}"),
        };
        self.tape.note(Some(ev), "stopped", Level::Info, text);
    }
}

impl Process {
    /// A socket was closed by its end, or after it was asked to end.
    pub(crate) fn closes(&mut self, close: LastClose) {
        self.last_close = Some(self.last_close.map_or(close, |before| before.min(close)));
    }
}
