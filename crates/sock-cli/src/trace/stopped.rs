//! Whom sock ended: servers that would go on for ever when the last program has ended, and everybody when the time is over.
//!
//! A record tells of calls, and a signal is none: to who reads it, a program that was ended looks like one that closed its
//! sockets. So a note says it, on the first of them, before the record ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sock_record::{CallKind, End, Ev, Level, Line, Note, Proc, ProcId, SockId};

/// The code of the note; its page is in `sock trace --explain`.
const CODE: &str = "stopped";

/// Who is asked to end when the last program has ended is so after 500 ms; in ns, with room for the clock.
const ASKED: u64 = 450_000_000;

/// When sock ends programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// After the last program.
    pub(crate) stop: bool,
    /// After so long.
    pub(crate) timeout: Option<Duration>,
}

/// What has been seen of programs and their ends.
#[derive(Debug)]
pub(super) struct Stopped {
    limits: Limits,
    procs: BTreeMap<ProcId, Seen>,
    programs: usize,
    listeners: BTreeSet<SockId>,
}

/// A process.
#[derive(Debug)]
struct Seen {
    name: String,
    pid: Option<u32>,
    /// The number of its program.
    program: usize,
    /// Its last sign of life before its end.
    last: u64,
    /// The first socket that its end closed, in ns since t0; rather one that was no listener.
    closed: Option<(bool, u64, Ev)>,
}

impl Stopped {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, procs: BTreeMap::new(), programs: 0, listeners: BTreeSet::new() }
    }

    pub(super) fn hear(&mut self, line: &Line) {
        if let Line::Proc(proc) = line {
            return self.meet(proc);
        }
        let Line::Call(call) = line else { return };
        if call.call == CallKind::Listen {
            self.listeners.extend(call.sock);
        }
        let listens = call.sock.is_some_and(|sock| self.listeners.contains(&sock));
        let Some(seen) = self.procs.get_mut(&call.proc) else { return };
        let is_end = call.call == CallKind::Close && call.args.more.contains_key("by");
        seen.last = seen.last.max(call.exit.unwrap_or(call.enter));
        if is_end {
            let this = (listens, call.enter, call.ev);
            seen.closed = Some(seen.closed.map_or(this, |before| before.min(this)));
        }
    }

    fn meet(&mut self, proc: &Proc) {
        if let Some(seen) = self.procs.get_mut(&proc.proc) {
            return seen.name.clone_from(&proc.name);
        }
        let is_program = proc.how == "start".into();
        let parent = self.procs.values().find(|seen| seen.pid.is_some() && seen.pid == proc.ppid);
        let program = match parent {
            Some(parent) if !is_program => parent.program,
            _ => self.programs,
        };
        self.programs += usize::from(is_program);
        let (name, pid) = (proc.name.clone(), proc.pid);
        self.procs.insert(proc.proc, Seen { name, pid, program, last: proc.t, closed: None });
    }

    /// What there is to say, now that the record ends.
    pub(super) fn notes(&self, end: &End) -> Vec<Note> {
        let last = self.programs.saturating_sub(1);
        let over = self.procs.values().filter(|seen| seen.program == last).map(|seen| seen.last);
        let asked = over.max().map(|over| over.saturating_add(ASKED));
        let timeout = self.limits.timeout;
        let timeout = timeout.and_then(|time| u64::try_from(time.as_nanos()).ok());
        let note = |seen: &Seen| {
            let (_, t, ev) = seen.closed?;
            let signal = match end.exit.get(seen.program).copied().flatten()? {
                143 => "SIGTERM",
                137 => "SIGKILL",
                _ => return None,
            };
            let is_left = self.limits.stop && seen.program != last;
            let why = if timeout.is_some_and(|timeout| t >= timeout) {
                "the time that --timeout gives was over"
            } else if is_left && asked.is_some_and(|asked| t >= asked) {
                "the last program had ended, and this one went on"
            } else {
                return None;
            };
            let text = format!("sock ended {} here ({signal}): {why}", seen.name);
            Some(Note { ev: Some(ev), code: CODE.to_owned(), level: Level::Info, text })
        };
        self.procs.values().filter_map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use sock_record::Call;

    use super::*;

    const S: u64 = 1_000_000_000;

    /// A server and a client whose last call is at 1 s; what is said of them where the server's end closes its socket at
    /// `closed`, and they leave `exit`.
    fn said(limits: Limits, closed: u64, exit: [i32; 2]) -> Vec<String> {
        let mut stopped = Stopped::new(limits);
        for (id, name) in [(1, "server"), (2, "client")] {
            stopped.hear(&Proc::new(ProcId(id), name, 0).into());
        }
        let mut close = |ev: u64, proc: u32, t: u64, by: bool| {
            let mut call = Call::new(Ev(ev), ProcId(proc), CallKind::Close, t);
            (call.sock, call.exit) = (Some(SockId(proc)), Some(t + 1));
            if by {
                call.args.more.insert("by".to_owned(), "exit".into());
            }
            stopped.hear(&call.into());
        };
        close(1, 2, S, false);
        close(2, 1, closed, true);
        let end = End { t: closed + S, exit: exit.map(Some).to_vec(), dropped: 0 };
        stopped.notes(&end).into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn who_went_on_after_the_last_program_was_ended_by_sock() {
        let limits = Limits { stop: true, timeout: None };
        let left =
            "sock ended server here (SIGTERM): the last program had ended, and this one went on";
        assert_eq!(said(limits, S + S / 2 + 1, [143, 0]), [left]);
        assert_eq!(said(limits, S + S / 2 + 1, [0, 0]), [""; 0], "it ended by itself");
        assert_eq!(said(limits, S / 2, [143, 0]), [""; 0], "somebody else ended it");
        let limits = Limits { stop: false, ..limits };
        assert_eq!(said(limits, S + S / 2 + 1, [143, 0]), [""; 0], "nobody asked it to end");
    }

    #[test]
    fn when_the_time_is_over_everybody_is_ended_by_sock() {
        let limits = Limits { stop: true, timeout: Some(Duration::from_secs(3)) };
        let over = "sock ended server here (SIGKILL): the time that --timeout gives was over";
        assert_eq!(said(limits, 3 * S + 5, [137, 0]), [over]);
    }
}
