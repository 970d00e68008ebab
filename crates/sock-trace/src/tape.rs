//! The record as it grows: numbers for calls, and the clock.

use rustix::time::{ClockId, Timespec, clock_gettime};
use sock_record::{Bytes, Call, CallKind, Ev, LONGEST, Level, Line, Note, ProcId};

use crate::decode::Wish;
use crate::memory;
use crate::sys::Tid;
use crate::watch::Watch;

/// Takes the lines of the record, as they come.
pub(crate) struct Tape<'a> {
    watch: &'a mut dyn Watch,
    began: Timespec,
    latest: u64,
    /// Numbers of calls of which there was nothing to tell.
    free: Vec<Ev>,
    /// So many calls were written.
    pub(crate) calls: u64,
    /// So many bytes of each call are kept; none: all.
    preview: Option<u64>,
}

/// More is kept of no call, whatever was asked for: base64 takes a third more, and then the line can still be read.
const MOST: u64 = LONGEST / 2;

impl<'a> Tape<'a> {
    pub(crate) fn new(preview: Option<u64>, watch: &'a mut dyn Watch) -> Self {
        Self {
            watch,
            began: clock_gettime(ClockId::Monotonic),
            latest: 0,
            free: Vec::new(),
            calls: 0,
            preview,
        }
    }

    /// The time since t0, in ns.
    pub(crate) fn now(&self) -> u64 {
        nanos(clock_gettime(ClockId::Monotonic)).saturating_sub(nanos(self.began))
    }

    /// A number for one more call.
    pub(crate) fn ev(&mut self) -> Ev {
        self.free.pop().unwrap_or_else(|| {
            self.latest += 1;
            Ev(self.latest)
        })
    }

    /// A number that no line has, for another call.
    pub(crate) fn give_back(&mut self, ev: Ev) {
        self.free.push(ev);
    }

    pub(crate) fn write(&mut self, line: impl Into<Line>) {
        let line = line.into();
        self.calls += u64::from(matches!(line, Line::Call(_)));
        self.watch.line(line);
    }

    /// Who is told beside the record.
    pub(crate) fn watch(&mut self) -> &mut dyn Watch {
        self.watch
    }

    pub(crate) fn note(
        &mut self,
        ev: Option<Ev>,
        code: &str,
        level: Level,
        text: impl Into<String>,
    ) {
        self.write(Note { ev, code: code.to_owned(), level, text: text.into() });
    }

    /// Gives a call the first of the `n` bytes that it moved, out of the task's memory.
    pub(crate) fn keep(&self, tid: Tid, wish: &Wish, n: u64, call: &mut Call) {
        let there = memory::total(&wish.pieces).min(n);
        let want = self.preview.unwrap_or(MOST).min(MOST).min(there);
        if want == 0 || wish.pieces.is_empty() {
            call.cut = n > 0;
            return;
        }
        let data = memory::gather(tid, &wish.pieces, want);
        call.cut = (data.len() as u64) < n;
        call.data = Some(Bytes::from(data));
    }
}

/// A call of which its beginning is known.
pub(crate) fn begun(ev: Ev, proc: ProcId, kind: CallKind, tid: Tid, enter: u64) -> Call {
    let mut call = Call::new(ev, proc, kind, enter);
    call.tid = u32::try_from(tid).ok();
    call
}

/// The time of day, in ns since 1970.
pub(crate) fn wall() -> u64 {
    nanos(clock_gettime(ClockId::Realtime))
}

fn nanos(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let part = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(part)
}
