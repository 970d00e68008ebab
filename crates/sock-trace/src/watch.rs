//! Watching a trace while it goes on: beside the record's lines, the passing of time, and who waits.

use sock_record::{Call, CallKind, Line};

use crate::decode::{dir, kind};
use crate::entry::fd_of;
use crate::plan::{Outcome, Plan, TraceError};
use crate::tape::begun;
use crate::tasks::{On, Open};
use crate::tracer::{self, Tracer};

/// A call that has not returned for so long, in ns, waits.
const LONG: u64 = 300_000_000;

/// Is told what happens in a trace, while everybody in it stands still: whoever takes time takes it from the programs.
pub trait Watch {
    /// The next line of the record.
    fn line(&mut self, line: Line);

    /// It is `now`, in ns since t0; told about every 50 ms.
    fn look(&mut self, now: u64);

    /// A call on a socket has begun and does not return: told once, when it has waited for 0.3 s. When it returns it is
    /// a line of the record, of the same number.
    fn waits(&mut self, call: &Call);
}

/// Hears the lines only.
struct Lines<'a>(&'a mut dyn FnMut(Line));

impl Watch for Lines<'_> {
    fn line(&mut self, line: Line) {
        (self.0)(line);
    }

    fn look(&mut self, _: u64) {}

    fn waits(&mut self, _: &Call) {}
}

/// Runs the programs and tells `sink` every line of the record, as [`watch`](crate::watch()) does.
///
/// # Errors
///
/// As [`watch`](crate::watch()).
pub fn trace(plan: &Plan, sink: &mut dyn FnMut(Line)) -> Result<Outcome, TraceError> {
    tracer::watch(plan, &mut Lines(sink))
}

impl Tracer<'_> {
    /// Tells the time, and of calls that wait.
    pub(crate) fn tell_watch(&mut self, now: u64) {
        let waits = |open: &Open| {
            let On::Sock(at) = open.on else { return None };
            let kind = kind(open.sys);
            let can_wait = matches!(
                kind,
                CallKind::Accept | CallKind::Connect | CallKind::Recv | CallKind::Send
            );
            (can_wait && now.saturating_sub(open.enter) >= LONG).then_some((at, kind))
        };
        let open = self.tasks.all.iter().filter_map(|(tid, task)| {
            let open = task.open.as_ref()?;
            let (at, kind) = waits(open)?;
            let mut call = begun(open.ev, self.tasks.process(*tid)?.id, kind, *tid, open.enter);
            (call.sys, call.dir) = (Some(open.sys.name().into()), dir(open.sys));
            call.fd = Some(fd_of(open.sys, &open.args));
            call.sock = Some(self.book.all[at].line.sock);
            Some(call)
        });
        let waiting: Vec<Call> = open.collect();
        for call in waiting.iter().filter(|call| !self.told_waiting.contains(&call.ev)) {
            if let Some(line) = self.tasks.introduce(call.proc) {
                self.tape.write(line);
            }
            self.tape.watch().waits(call);
        }
        // What has returned does not come again.
        self.told_waiting = waiting.iter().map(|call| call.ev).collect();
        self.tape.watch().look(now);
    }
}
