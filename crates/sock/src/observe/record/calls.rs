//! Events as the calls that they were.

use rustix::process::getppid;
use rustix::system::uname;
use sock_proto::{By, How, Kind, Reason, Time, What};
use sock_record::{
    Call, CallKind, Dir, End, Ev, Gap, Interval, Level, Line, Meta, Note, Origin, Proc, ProcHow,
    Writer,
};

use super::super::form::{Failure, Form, Told};
use super::Source;
use super::book::{Book, Traffic, name, sock};
use super::numbers::Numbers;

/// Turns events into lines of a record.
pub(super) struct Calls {
    source: Source,
    /// The names of the sides.
    names: Vec<String>,
    /// The process whose lines these are, where there may be several.
    pid: Option<u32>,
    numbers: Numbers,
    book: Book,
    latest: u64,
}

/// Which bytes a call moved, and which way.
struct Moved<'a> {
    dir: Dir,
    off: Option<Interval>,
    bytes: &'a [u8],
    len: usize,
}

impl Calls {
    pub(super) fn new(source: Source, names: Vec<String>, has_children: bool) -> Self {
        let numbers = Numbers::new(names.len(), has_children);
        let pid = has_children.then(std::process::id);
        Self { source, names, pid, numbers, book: Book::default(), latest: 0 }
    }

    /// In a process that was forked: introduces it.
    fn meet(&mut self, told: &Told<'_>, to: &mut Vec<u8>) {
        let (Some(parent), conn) = (self.pid, told.event.conn) else { return };
        let pid = std::process::id();
        // What concerns no conversation gives the child no number that is its own.
        if pid == parent || conn == 0 {
            return;
        }
        self.pid = Some(pid);
        self.numbers.fork(conn);
        let mut proc = self.proc(told.side, nanos(told.event.time));
        proc.pid = Some(pid);
        proc.ppid = Some(parent);
        proc.how = ProcHow::Fork;
        line(to, proc);
    }

    fn proc(&self, side: usize, t: u64) -> Proc {
        Proc::new(self.numbers.proc(side), self.names[side].as_str(), t)
    }

    /// A conversation of whose beginning nothing was heard; nothing of it is kept, as its end may be lost too.
    fn stranger(&self, told: &Told<'_>, kind: Kind) -> Traffic {
        Traffic::unknown(self.numbers.sock(told.side, told.event.conn), kind)
    }

    /// Writes one call on a socket; `fill` adds what is known beside its times.
    fn call(
        &mut self,
        told: &Told<'_>,
        traffic: &mut Traffic,
        (kind, enter): (CallKind, Time),
        fill: impl FnOnce(&mut Call),
        to: &mut Vec<u8>,
    ) {
        let Some(ev) = self.numbers.ev() else { return };
        let mut call = Call::new(ev, self.numbers.proc(told.side), kind, nanos(enter));
        // The clock is read once a wake-up, which may be before the call that it woke for.
        call.exit = Some(nanos(told.event.time.max(enter)));
        call.sock = Some(traffic.sock);
        call.ret = Some(0);
        fill(&mut call);
        traffic.latest = Some(ev);
        line(to, call);
    }

    fn open(&mut self, told: &Told<'_>, to: &mut Vec<u8>) {
        let What::Open { kind, called, local, remote, .. } = told.event.what else { return };
        let (side, conn, time) = (told.side, told.event.conn, told.event.time);
        let new = self.numbers.sock(side, conn);
        let number = match kind {
            Kind::Stream => new,
            Kind::Datagram => self.book.paired(side, local, remote, new),
        };
        let accepted = kind == Kind::Stream && !called;
        let origin = Origin::from(if accepted { "accept" } else { "socket" });
        let Some(about) = sock(number, origin, nanos(time), (local, remote)) else {
            self.book.open.insert((side, conn), None);
            return;
        };
        if number == new {
            line(to, about);
        }
        let peer: Option<Box<str>> = name(remote).map(Into::into);
        let mut traffic = Traffic::unknown(number, kind);
        (traffic.called, traffic.is_whole) = (called, true);
        traffic.peer.clone_from(&peer);
        let call = match (called, accepted) {
            (true, _) => Some(CallKind::Connect),
            (false, true) => Some(CallKind::Accept),
            (false, false) => None,
        };
        if let Some(call) = call {
            let fill = |line: &mut Call| {
                line.args.addr = peer;
                if !called {
                    // The descriptor that it returned is not told.
                    line.ret = None;
                }
            };
            self.call(told, &mut traffic, (call, time), fill, to);
        }
        self.book.open.insert((side, conn), Some(traffic));
    }

    /// Does something with a conversation that goes on, if it is one over a socket.
    fn with(&mut self, told: &Told<'_>, kind: Kind, act: impl FnOnce(&mut Self, &mut Traffic)) {
        let key = (told.side, told.event.conn);
        match self.book.open.remove(&key) {
            Some(Some(mut traffic)) => {
                act(self, &mut traffic);
                self.book.open.insert(key, Some(traffic));
            }
            Some(None) => {
                self.book.open.insert(key, None);
            }
            None => act(self, &mut self.stranger(told, kind)),
        }
    }

    fn moved(
        &mut self,
        told: &Told<'_>,
        traffic: &mut Traffic,
        since: Time,
        moved: &Moved<'_>,
        to: &mut Vec<u8>,
    ) {
        let kind = match moved.dir {
            Dir::In => CallKind::Recv,
            Dir::Out => CallKind::Send,
        };
        let addr = traffic.peer.clone().filter(|_| traffic.kind == Kind::Datagram);
        let fill = |line: &mut Call| {
            line.args.addr = addr;
            line.ret = i64::try_from(moved.len).ok();
            line.dir = Some(moved.dir);
            line.off = moved.off;
            line.data = Some(moved.bytes.into());
            line.cut = moved.len > moved.bytes.len();
        };
        self.call(told, traffic, (kind, since), fill, to);
    }

    fn closed(&mut self, told: &Told<'_>, traffic: &mut Traffic, to: &mut Vec<u8>) {
        let What::Closed { reason, sent, received, unsent, .. } = told.event.what else { return };
        let time = told.event.time;
        if traffic.kind == Kind::Stream && reason == (Reason { by: By::Peer, how: How::Reset }) {
            let fill = |line: &mut Call| {
                line.ret = Some(-1);
                line.err = Some("ECONNRESET".into());
                line.dir = Some(Dir::In);
            };
            self.call(told, traffic, (CallKind::Recv, time), fill, to);
        }
        // A socket that answers datagrams outlives each of its conversations.
        if traffic.kind == Kind::Stream || traffic.called {
            self.call(told, traffic, (CallKind::Close, time), |_| {}, to);
        }
        if let Some(level) = level(reason.how) {
            note(to, traffic.latest, reason.how.word(), level, format!("closed {reason}"));
        }
        if unsent > 0 {
            let text = format!("{unsent} B were never sent");
            note(to, traffic.latest, "unsent", Level::Warn, text);
        }
        if (sent, received) != (traffic.sent, traffic.received) {
            line(
                to,
                Gap {
                    sock: traffic.sock,
                    kernel_out: Some(sent),
                    seen_out: Some(traffic.sent),
                    kernel_in: Some(received),
                    seen_in: Some(traffic.received),
                    why: (!traffic.is_whole)
                        .then(|| "events came faster than they could be written".into()),
                },
            );
        }
    }

    /// A call that we made and that never came to be.
    fn unreached(&mut self, told: &Told<'_>, reason: Reason, to: &mut Vec<u8>) {
        let Some(ev) = self.numbers.ev() else { return };
        let t = nanos(told.event.time);
        let mut call = Call::new(ev, self.numbers.proc(told.side), CallKind::Connect, t);
        call.exit = Some(t);
        call.ret = Some(-1);
        call.err = (reason.how == How::Refused).then(|| "ECONNREFUSED".into());
        line(to, call);
        let text = format!("closed {reason}");
        note(to, Some(ev), reason.how.word(), Level::Error, text);
    }
}

impl Form for Calls {
    fn event(&mut self, told: &Told<'_>, to: &mut Vec<u8>) {
        self.latest = self.latest.max(nanos(told.event.time));
        self.meet(told, to);
        let (time, len) = (told.event.time, told.len);
        match told.event.what {
            What::Open { .. } => self.open(told, to),
            What::Received { kind, bytes, since } => self.with(told, kind, |calls, traffic| {
                let off = traffic.receive(len);
                let moved = Moved { dir: Dir::In, off, bytes, len };
                calls.moved(told, traffic, since, &moved, to);
            }),
            What::Sent { kind, bytes, since } => self.with(told, kind, |calls, traffic| {
                let off = traffic.send(len);
                let moved = Moved { dir: Dir::Out, off, bytes, len };
                calls.moved(told, traffic, since, &moved, to);
            }),
            What::Eof => self.with(told, Kind::Stream, |calls, traffic| {
                let off = traffic.receive(0);
                let moved = Moved { dir: Dir::In, off, bytes: b"", len: 0 };
                calls.moved(told, traffic, time, &moved, to);
            }),
            What::Finished => self.with(told, Kind::Stream, |calls, traffic| {
                // A datagram has no end that one could send.
                if traffic.kind == Kind::Stream {
                    let fill = |line: &mut Call| line.args.how = Some("SHUT_WR".into());
                    calls.call(told, traffic, (CallKind::Shutdown, time), fill, to);
                }
            }),
            What::Closed { reason, lasted, .. } => {
                match self.book.open.remove(&(told.side, told.event.conn)) {
                    Some(Some(mut traffic)) => self.closed(told, &mut traffic, to),
                    Some(None) => {}
                    None if lasted.is_zero() => self.unreached(told, reason, to),
                    None => self.closed(told, &mut self.stranger(told, Kind::Stream), to),
                }
            }
            What::Note { code, text } => {
                let about = self.book.open.get(&(told.side, told.event.conn));
                let latest = about.and_then(|traffic| traffic.as_ref()?.latest);
                note(to, latest, code, Level::Info, text.to_string());
            }
            What::Request { line, status, bytes, .. } => {
                let about = self.book.open.get(&(told.side, told.event.conn));
                let latest = about.and_then(|traffic| traffic.as_ref()?.latest);
                let line = String::from_utf8_lossy(line);
                let text = format!("{line}: answered by {status} and {bytes} B");
                note(to, latest, "request", Level::Info, text);
            }
            What::Listening { .. } | What::Stopped { .. } => {}
        }
    }

    fn failure(&mut self, _time: Time, failure: &Failure<'_>, to: &mut Vec<u8>) {
        note(to, None, "error", Level::Error, failure.text.to_owned());
    }

    fn dropped(&mut self, _time: Time, count: u64, to: &mut Vec<u8>) {
        self.book.tear();
        let text = format!("{count} events were lost: they came faster than they could be written");
        note(to, None, "dropped", Level::Warn, text);
    }

    fn begin(&mut self, to: &mut Vec<u8>) {
        let mut meta = Meta::new(self.source.source.as_str());
        meta.backend.clone_from(&self.source.backend);
        meta.kernel = Some(uname().release().to_string_lossy().into_owned());
        meta.t0_unix_ns = self.source.began.and_then(|began| u64::try_from(began.as_nanos()).ok());
        meta.preview = self.source.preview.map(|preview| preview as u64);
        line(to, meta);
        let argv = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
        let argv: Vec<_> = argv.collect();
        for side in 0..self.names.len() {
            let mut proc = self.proc(side, 0);
            proc.pid = Some(std::process::id());
            proc.ppid = getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
            proc.argv = Some(argv.clone());
            line(to, proc);
        }
    }

    fn end(&mut self, dropped: u64, to: &mut Vec<u8>) {
        line(to, End { t: self.latest, exit: Vec::new(), dropped });
    }
}

/// How much the way in which a conversation ended matters; none where it is as it should be.
fn level(how: How) -> Option<Level> {
    match how {
        How::Fin => None,
        How::Stop | How::Denied => Some(Level::Info),
        How::Reset | How::Timeout | How::Refused | How::Unreachable | How::Truncated => {
            Some(Level::Warn)
        }
        How::Tls | How::Failed => Some(Level::Error),
    }
}

fn note(to: &mut Vec<u8>, ev: Option<Ev>, code: &str, level: Level, text: String) {
    line(to, Note { ev, code: code.to_owned(), level, text });
}

fn line(to: &mut Vec<u8>, line: impl Into<Line>) {
    // Memory takes everything, and every line can be written as JSON.
    let _ = Writer::new(to).write(&line.into());
}

fn nanos(time: Time) -> u64 {
    time.as_nanos()
}
