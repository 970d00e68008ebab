//! The return of a call: what came of it, as a line of the record.

use serde_json::{Value, json};
use sock_record::{Call, CallKind, Dir, Origin};

use crate::calls::Sys;
use crate::decode::{answer, dir, fd, kind};
use crate::entry::fd_of;
use crate::memory::{self, half};
use crate::plan::TraceError;
use crate::seen::Seen;
use crate::sockets::At;
use crate::sys::{Go, Info, Tid, go, info};
use crate::taken;
use crate::tape::begun;
use crate::tasks::{Interrupted, On, Open, Phase, SIGNAL};
use crate::tracer::Tracer;
use crate::waits::{self, Asked, Waiting};
use crate::words;

/// What the kernel says of a call that goes on after a signal: no error that a program ever sees.
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

impl Tracer<'_> {
    pub(crate) fn leave(&mut self, tid: Tid) -> Result<(), TraceError> {
        let Some(Info::Exit { ret, place }) = info(tid) else { return Ok(go(tid, Go::On, 0)?) };
        let t = self.now;
        if let Some(process) = self.process_mut(tid) {
            process.table.settle();
        }
        let open = self.tasks.all.get_mut(&tid).and_then(|task| task.open.take());
        self.set_phase(tid, Phase::Running);
        let Some(mut open) = open else { return Ok(go(tid, Go::On, 0)?) };
        Self::give_limit(tid, &mut open);
        if let On::Sock(at) = open.on {
            self.book.all[at].end(&kind(open.sys), open.wish.args.len);
        }
        let is_over = ret == -i64::from(libc::EINTR);
        if (is_over && !Self::is_close(open.sys)) || RESTARTS.contains(&ret) {
            // Which signal it was is told next.
            if let Some(task) = self.tasks.all.get_mut(&tid) {
                let is_again = false;
                task.interrupted = Some(Interrupted { open, t, is_over, place, is_again });
            }
            return Ok(go(tid, Go::On, 0)?);
        }
        let is_ready = self.is_ready(&open, ret);
        self.write_call(tid, open, ret, t);
        go(tid, Go::On, 0)?;
        if is_ready {
            self.ready(tid)?;
        }
        self.reconsider();
        Ok(())
    }

    /// A call has returned, or failed.
    pub(crate) fn write_call(&mut self, tid: Tid, open: Open, ret: i64, t: u64) {
        self.numbered(tid, open.ev, |tracer| tracer.returned(tid, open, ret, t));
    }

    fn returned(&mut self, tid: Tid, mut open: Open, ret: i64, t: u64) {
        let Some(process) = self.tasks.process(tid).map(|process| process.id) else { return };
        if let (On::Affinity, Some(cpu), Ok(n)) = (&open.on, &self.cpu, u64::try_from(ret)) {
            return cpu.tell(tid, open.args[2], n);
        }
        answer(tid, open.sys, &open.args, ret, &mut open.wish);
        let mut call = begun(open.ev, process, kind(open.sys), tid, open.enter);
        call.sys = Some(open.sys.name().into());
        call.exit = Some(t);
        call.ret = Some(ret);
        if let Ok(error) = i32::try_from(ret)
            && (-4095..0).contains(&error)
        {
            (call.ret, call.err) = (Some(-1), Some(words::errno(-error).into()));
        }
        match std::mem::replace(&mut open.on, On::New) {
            On::New => self.made(tid, &open, call, t),
            On::Affinity => {}
            On::Wait(waiting) => self.waited(tid, &open, &waiting, call, t),
            On::Both { from, to } => self.spliced(&open, from, to, &call),
            On::Range(closed) => self.closed_range(tid, &closed, &open, &call),
            On::Sock(at) => {
                call.fd = Some(fd_of(open.sys, &open.args));
                call.sock = Some(self.book.all[at].line.sock);
                self.called(tid, at, open, call, t);
            }
        }
    }

    /// A call on a socket has returned.
    fn called(&mut self, tid: Tid, at: At, mut open: Open, mut call: Call, t: u64) {
        let (sys, failed) = (open.sys, call.err.is_some());
        if Self::is_close(sys) {
            call.args = open.wish.args;
            let still_held = call.args.more.contains_key("held_by");
            self.write(call);
            return self.closed(tid, at, still_held || failed);
        }
        let seen = open.seen.take();
        if let Some(seen) = &seen {
            if self.book.is_vague(at) {
                self.learn(Some(seen));
            }
            let received = if self.ring_users.is_empty() { received(&open, &call) } else { None };
            let moment = self.book.moment(seen, received);
            call.state = moment.state.map(Into::into);
            (call.inq, call.outq) = (moment.inq, moment.outq);
        }
        match call.call {
            CallKind::Accept => return self.accepted(tid, at, open, call, t),
            CallKind::Send | CallKind::Recv => return self.moved(tid, at, open, call),
            CallKind::Bind | CallKind::Connect => self.learn(seen.as_ref()),
            CallKind::Listen if !failed => {
                self.book.all[at].is_listener = true;
                self.learn(seen.as_ref());
            }
            CallKind::Shutdown if !failed && open.args[1] != 0 => {
                self.book.all[at].has_ended = true;
                self.wake_others(at);
            }
            _ => {}
        }
        if call.call == CallKind::Bind
            && call.err.as_deref() == Some("EADDRINUSE")
            && let Some(pid) = self.tasks.all.get(&tid).map(|task| task.pid)
            && let Some(holder) =
                open.wish.args.addr.as_deref().and_then(|addr| taken::holder(pid, addr))
        {
            open.wish.more("holder", holder);
        }
        if matches!(sys, Sys::Fcntl | Sys::Ioctl) {
            self.book.all[at].nonblocking = None;
        }
        if call.call == CallKind::Connect {
            self.wake_acceptors(at);
        }
        call.args = open.wish.args;
        self.write(call);
    }

    /// A socket has addresses now that it did not have before, perhaps.
    fn learn(&mut self, seen: Option<&Seen>) {
        if let Some(seen) = seen
            && self.book.learn(seen)
        {
            self.say_sock(seen.at);
        }
    }

    fn accepted(&mut self, tid: Tid, listener: At, open: Open, mut call: Call, t: u64) {
        call.args = open.wish.args;
        let new = call.ret.filter(|ret| *ret >= 0).and_then(|fd| i32::try_from(fd).ok());
        if let Some(seen) = new.and_then(|fd| self.see_from(tid, fd, Origin::Accept, t)) {
            let listener = self.book.all[listener].line.sock;
            let known = &mut self.book.all[seen.at];
            known.line.listener = Some(listener);
            known.used_by(tid);
            self.book.learn(&seen);
            if self.book.all[seen.at].mate.is_none() {
                self.meet_callers();
                self.book.learn(&seen);
            }
            self.say_sock(seen.at);
            let known = &self.book.all[seen.at];
            call.sock = Some(known.line.sock);
            call.args.addr = known.line.peer.as_deref().map(Into::into);
            let moment = seen.moment(&known.line);
            call.state = moment.state.map(Into::into);
            (call.inq, call.outq) = (moment.inq, moment.outq);
            call.args.more.insert("listener".to_owned(), json!(listener));
        }
        self.write(call);
    }

    /// Who is still in `connect` is connected already, perhaps: its return was not heard yet.
    fn meet_callers(&mut self) {
        let mut met = Vec::new();
        for task in self.tasks.all.values() {
            if let Some(Open { sys: Sys::Connect, seen: Some(seen), .. }) = &task.open
                && self.book.learn(seen)
            {
                met.push(seen.at);
            }
        }
        // When the connect returns there is nothing new to be learned, and so nothing said.
        for at in met {
            self.say_sock(at);
        }
    }

    /// `socket` or `socketpair` has returned.
    fn made(&mut self, tid: Tid, open: &Open, mut call: Call, t: u64) {
        if call.err.is_none() && open.sys == Sys::Socketpair {
            let raw = memory::bytes(tid, open.args[3], 8);
            let fds = [half(&raw, 0), half(&raw, 4)].map(fd);
            let ats = fds.map(|fd| Some(self.see_from(tid, fd, Origin::Pair, t)?.at));
            if let [Some(one), Some(other)] = ats {
                self.book.wed(one, other);
                self.say_sock(one);
                self.say_sock(other);
                call.sock = Some(self.book.all[one].line.sock);
                let other = self.book.all[other].line.sock;
                call.args.more.insert("fds".to_owned(), json!(fds));
                call.args.more.insert("other".to_owned(), json!(other));
            }
        } else if let Some(fd) =
            call.ret.filter(|ret| *ret >= 0).and_then(|fd| i32::try_from(fd).ok())
        {
            let seen = self.see_from(tid, fd, Origin::Socket, t);
            call.sock = seen.map(|seen| self.book.all[seen.at].line.sock);
            call.fd = Some(fd);
        }
        self.write(call);
    }

    /// A send or a receive has returned.
    fn moved(&mut self, tid: Tid, at: At, mut open: Open, mut call: Call) {
        call.dir = dir(open.sys);
        let flags = &open.wish.args;
        // Neither is part of the stream.
        if flags.has_flag("MSG_OOB") || flags.has_flag("MSG_ERRQUEUE") {
            self.book.all[at].bypass(flags, &call);
            call.dir = None;
        }
        if matches!(open.sys, Sys::Sendmmsg | Sys::Recvmmsg) && call.err.is_none() {
            return self.moved_many(tid, at, &open, &call);
        }
        self.passed(tid, &mut open, call.exit.unwrap_or_default());
        call.args = std::mem::take(&mut open.wish.args);
        if call.err.is_none() && call.dir.is_some() {
            self.count(tid, at, &open.wish, &mut call);
        }
        self.write(call);
    }

    /// Counts what a call moved, and keeps the first of its bytes.
    fn count(&mut self, tid: Tid, at: At, wish: &crate::decode::Wish, call: &mut Call) {
        let n = call.moved().unwrap_or(0);
        let known = &mut self.book.all[at];
        let only_looks = call.args.has_flag("MSG_PEEK");
        if known.is_stream() {
            call.off = match call.dir {
                Some(Dir::Out) => Some(known.send(n)),
                Some(Dir::In) => Some(known.receive(n, only_looks)),
                None => None,
            };
        }
        // TCP throws away what is received so.
        let is_thrown_away = known.is_stream() && call.args.has_flag("MSG_TRUNC");
        if !is_thrown_away {
            self.tape.keep(tid, wish, n, call);
        }
        if call.dir == Some(Dir::Out) {
            if n > 0 {
                self.add_to_held(at, call.enter);
            }
            self.wake_others(at);
        }
    }

    /// Each datagram of `sendmmsg` and `recvmmsg` is a call of its own.
    fn moved_many(&mut self, tid: Tid, at: At, open: &Open, whole: &Call) {
        let n = whole.ret.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let messages = memory::messages(tid, open.args[1], n);
        for (place, message) in messages.iter().enumerate() {
            let mut call = whole.clone();
            if place > 0 {
                call.ev = self.tape.ev();
            }
            let mut wish = open.wish.clone();
            wish.came(tid, message);
            // What came with it is not looked at.
            if !wish.passed.is_empty()
                && let Some(process) = self.process_mut(tid)
            {
                process.table.change();
            }
            wish.args.len = Some(memory::total(&message.pieces));
            wish.args.more.insert("message".to_owned(), json!(place));
            wish.pieces.clone_from(&message.pieces);
            call.ret = i64::try_from(message.moved).ok();
            call.args = wish.args.clone();
            self.count(tid, at, &wish, &mut call);
            self.write(call);
        }
    }

    /// Descriptors that travelled with a message: those that are sockets, by their numbers.
    fn passed(&mut self, tid: Tid, open: &mut Open, t: u64) {
        let fds = std::mem::take(&mut open.wish.passed);
        let passed: Vec<Value> = fds
            .into_iter()
            .map(|fd| match self.see(tid, fd, t) {
                Some(seen) => {
                    let known = &mut self.book.all[seen.at];
                    known.is_copied = true;
                    json!({ "fd": fd, "sock": known.line.sock })
                }
                None => json!({ "fd": fd }),
            })
            .collect();
        if !passed.is_empty() {
            open.wish.more("passed", json!(passed));
        }
    }

    /// `splice` moved bytes in the kernel: out of one socket, into another, or both.
    fn spliced(&mut self, open: &Open, from: Option<At>, to: Option<At>, whole: &Call) {
        let ends = [(from, Dir::In, open.args[0]), (to, Dir::Out, open.args[2])];
        let mut is_first = true;
        for (at, dir, argument) in ends {
            let Some(at) = at else { continue };
            let mut call = whole.clone();
            if !std::mem::take(&mut is_first) {
                call.ev = self.tape.ev();
            }
            call.call = if dir == Dir::In { CallKind::Recv } else { CallKind::Send };
            (call.fd, call.dir) = (Some(fd(argument)), Some(dir));
            call.sock = Some(self.book.all[at].line.sock);
            call.args = open.wish.args.clone();
            if let Some(n) = call.moved() {
                let known = &mut self.book.all[at];
                let is_in = dir == Dir::In;
                call.off = Some(if is_in { known.receive(n, false) } else { known.send(n) });
                call.cut = n > 0;
                if !is_in {
                    self.wake_others(at);
                }
            }
            self.write(call);
        }
    }

    fn closed_range(&mut self, tid: Tid, closed: &[(i32, At)], open: &Open, whole: &Call) {
        for (place, (fd, at)) in closed.iter().enumerate() {
            let mut call = whole.clone();
            if place > 0 {
                call.ev = self.tape.ev();
            }
            call.args = open.wish.args.clone();
            (call.fd, call.sock) = (Some(*fd), Some(self.book.all[*at].line.sock));
            let failed = call.err.is_some();
            self.write(call);
            self.closed(tid, *at, failed);
        }
    }

    /// `select`, `poll` or `epoll_wait` has returned.
    fn waited(&mut self, tid: Tid, open: &Open, waiting: &Waiting, mut call: Call, t: u64) {
        let Some(pid) = self.tasks.all.get(&tid).map(|task| task.pid) else { return };
        let ready = waits::ended(tid, pid, open.sys, &open.args, call.ret.unwrap_or(-1));
        let is_of_ours = waiting.asked.is_empty();
        let ready = self.name_all(tid, &ready, t);
        // An epoll wait for other things than sockets is none of ours.
        if is_of_ours && !ready.is_empty() && ready.iter().all(|one| one.get("sock").is_none()) {
            return;
        }
        if let Some(signal) = open.wish.args.more.get(SIGNAL) {
            call.args.more.insert(SIGNAL.to_owned(), signal.clone());
        }
        let watched = self.name_all(tid, &waiting.asked, t);
        let nanos = waiting.timeout.and_then(|time| u64::try_from(time.as_nanos()).ok());
        call.args.more.insert("timeout_ns".to_owned(), json!(nanos));
        call.args.more.insert("ready".to_owned(), json!(ready));
        if is_of_ours {
            call.fd = Some(fd_of(open.sys, &open.args));
        } else {
            call.args.more.insert("watched".to_owned(), json!(watched));
        }
        self.write(call);
    }

    pub(crate) fn name_all(&mut self, tid: Tid, asked: &[Asked], t: u64) -> Vec<Value> {
        let name = |(fd, events): &Asked| match self.see(tid, *fd, t) {
            Some(seen) => {
                json!({ "fd": fd, "sock": self.book.all[seen.at].line.sock, "events": events })
            }
            None => json!({ "fd": fd, "events": events }),
        };
        asked.iter().map(name).collect()
    }
}

/// What a send (nothing) or a receive that moved bytes of a stream took out of its queue.
fn received(open: &Open, call: &Call) -> Option<u64> {
    let n = call.ret.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0)?;
    let is_other =
        ["MSG_PEEK", "MSG_OOB", "MSG_ERRQUEUE"].iter().any(|f| open.wish.args.has_flag(f));
    match dir(open.sys) {
        Some(_) if is_other || matches!(open.sys, Sys::Sendmmsg | Sys::Recvmmsg) => None,
        Some(Dir::Out) => Some(0),
        Some(Dir::In) => Some(n),
        None => None,
    }
}
