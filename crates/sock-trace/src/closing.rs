//! The end of a socket: what lies in it, who else holds it, and what the kernel counted that nobody saw.

use std::collections::BTreeMap;

use serde_json::json;
use sock_record::{Args, CallKind, Gap};

use crate::calls::Sys;
use crate::entry::fd_of;
use crate::lookup;
use crate::seen::Seen;
use crate::sockets::At;
use crate::stopped::LastClose;
use crate::sys::{Tid, shares_descriptors};
use crate::tape::begun;
use crate::tasks::{Interrupted, On, Open, Process, Task};
use crate::tracer::Tracer;
use crate::words;

/// What closes a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Call,
    /// The end of its process.
    Exit,
}

impl Tracer<'_> {
    /// What has to be known before a descriptor is closed.
    pub(crate) fn before_close(&mut self, tid: Tid, fd: i32, seen: Seen, by: By, args: &mut Args) {
        let at = seen.at;
        let moment = seen.moment(&self.book.all[at].line);
        let mut more = |name: &str, value| drop(args.more.insert(name.to_owned(), value));
        if let Some(state) = moment.state {
            more("state", json!(state));
        }
        if let Some(unread) = moment.inq {
            more("unread", json!(unread));
        }
        if let Some(unsent) = moment.outq {
            more("unsent", json!(unsent));
        }
        if let Some(linger) = seen.linger() {
            more("linger_s", json!(linger.as_secs()));
        }
        self.compare(at, &seen, moment.inq.unwrap_or(0));
        drop(seen);
        let holders = self.holders(tid, fd, at, by);
        if !holders.is_empty() {
            more("held_by", json!(holders));
        }
    }

    /// The descriptors by which it is still held: each with its process's number in the record.
    fn holders(&mut self, tid: Tid, fd: i32, at: At, by: By) -> Vec<serde_json::Value> {
        let Some(own) = self.tasks.all.get(&tid).map(|task| task.pid) else { return Vec::new() };
        let Some(inode) = self.book.inode(at) else { return Vec::new() };
        let mut holders = Vec::new();
        let has_rings = !self.ring_users.is_empty();
        for (pid, process) in &mut self.tasks.processes {
            if *pid != own && !process.sockets.contains(&at) {
                continue;
            }
            // A call closes it for all that have the same table. Where nobody tells whether they do, to take them for two
            // would keep open what one of them closes for both; and of an end it would be the other way round.
            let is_same = *pid != own && shares_descriptors(own, *pid).unwrap_or(by == By::Call);
            if is_same {
                continue;
            }
            // Where nobody made a copy, who inherited it has it by the same number.
            let fds = if self.book.all[at].is_copied || has_rings {
                let all = sockets(*pid, process, &mut self.outcome.searched);
                all.iter().filter(|(_, other)| **other == inode).map(|(fd, _)| *fd).collect()
            } else if *pid != own && lookup::inode(*pid, fd) == Some(inode) {
                vec![fd]
            } else {
                Vec::new()
            };
            let others = fds.into_iter().filter(|other| (*pid, *other) != (own, fd));
            holders.extend(others.map(|fd| json!({ "proc": process.id, "fd": fd })));
        }
        holders
    }

    /// Whether a process that has closed a descriptor of a socket has another one.
    fn has_copy(&mut self, pid: Tid, at: At) -> bool {
        let known = self.book.all[at].is_copied.then(|| self.tasks.processes.get_mut(&pid));
        let (Some(process), Some(inode)) = (known.flatten(), self.book.inode(at)) else {
            return false;
        };
        let all = sockets(pid, process, &mut self.outcome.searched);
        all.values().any(|other| *other == inode)
    }

    /// A process has become another program: what of its sockets was to be closed then is closed.
    pub(crate) fn keep_inherited(&mut self, pid: Tid) {
        let Some(process) = self.tasks.processes.get_mut(&pid) else { return };
        if !process.sockets.is_empty() {
            let kept = lookup::sockets(pid).into_iter();
            let kept = kept.filter_map(|(_, inode)| self.book.with_inode(inode)).collect();
            for at in std::mem::replace(&mut process.sockets, kept) {
                if !process.sockets.contains(&at) {
                    self.book.all[at].is_unsteady = true;
                }
            }
        }
    }

    /// Compares the kernel's counts with what was seen, while nothing is under way.
    fn compare(&mut self, at: At, seen: &Seen, waiting: u64) {
        let known = &self.book.all[at];
        // What was never connected has counts that mean nothing.
        let is_connected = known.line.peer.is_some();
        if known.has_gap || !is_connected || known.is_dgram() || known.under_way > 0 {
            return;
        }
        let urgent = known.mate.map_or(0, |mate| self.book.all[mate].urgent.0);
        let Some((out, come)) = seen.counts().and_then(|counts| known.gap(counts, waiting, urgent))
        else {
            return;
        };
        let (seen_out, seen_in, sock) = (known.out, known.come, known.line.sock);
        self.book.all[at].has_gap = true;
        let why = "bytes went through it by other ways than the calls that are traced: io_uring (try --no-io-uring), or a \
                   program that is not traced holds it too";
        self.tape.write(Gap {
            sock,
            kernel_out: Some(out),
            seen_out: Some(seen_out),
            kernel_in: Some(come),
            seen_in: Some(seen_in),
            why: Some(why.to_owned()),
        });
    }

    /// The sockets that `close_range` is about to close.
    pub(crate) fn in_range(&mut self, tid: Tid, args: &[u64; 6], t: u64) -> Vec<(i32, At)> {
        /// Only marks them to be closed at exec: `CLOSE_RANGE_CLOEXEC`.
        const LATER: u64 = 4;
        let [first, last, flags, ..] = *args;
        let Some(pid) = self.tasks.all.get(&tid).map(|task| task.pid) else { return Vec::new() };
        if flags & LATER != 0 {
            return Vec::new();
        }
        let range = first & 0xffff_ffff..=last & 0xffff_ffff;
        let found = lookup::sockets(pid).into_iter().map(|(fd, _)| fd);
        let inside = found.filter(|fd| u64::try_from(*fd).is_ok_and(|fd| range.contains(&fd)));
        let inside: Vec<i32> = inside.collect();
        inside.into_iter().filter_map(|fd| Some((fd, self.see(tid, fd, t)?.at))).collect()
    }

    /// Whoever held a socket has closed it: nothing more comes from it, if nobody else holds it.
    pub(crate) fn closed(&mut self, tid: Tid, at: At, still_held: bool) {
        if let Some(Task { pid, latest: Some(ev), is_dying: false, .. }) = self.tasks.all.get(&tid)
            && let Some(process) = self.tasks.processes.get_mut(pid)
            && process.asked.is_some()
        {
            let is_listener = self.book.all[at].is_listener;
            process.closes(LastClose { is_listener, is_own: true, ev: *ev, at });
        }
        if let Some(pid) = self.tasks.all.get(&tid).map(|task| task.pid)
            && !self.has_copy(pid, at)
            && let Some(process) = self.tasks.processes.get_mut(&pid)
        {
            process.sockets.remove(&at);
        }
        if !still_held {
            self.book.all[at].has_ended = true;
            self.wake_others(at);
        }
    }

    /// A task is about to end: with the last of a process, the kernel closes what it holds. Where all end together, the
    /// first is asked what that is: a leader that has gone on has nothing any more, and its process cannot be asked. They may
    /// end of a signal.
    pub(crate) fn dying(&mut self, tid: Tid, signal: Option<i32>) {
        self.forget_call(tid);
        let Some(task) = self.tasks.all.get_mut(&tid) else { return };
        task.is_dying = true;
        let pid = task.pid;
        let may_share =
            self.tasks.processes.get(&pid).is_some_and(|process| !process.window.keeps());
        if let Some(process) = self.tasks.processes.get_mut(&pid) {
            process.window.distrust();
        }
        let has_sockets =
            self.tasks.processes.get(&pid).is_some_and(|process| !process.sockets.is_empty());
        if !has_sockets {
            return;
        }
        let others = self.tasks.living(pid);
        if !others.iter().all(|other| lookup::is_being_killed(*other)) {
            return;
        }
        for other in others {
            self.forget_call(other);
        }
        if may_share && self.leave_to_sharer(tid, pid) {
            return;
        }
        let t = self.tape.now();
        for (fd, _) in lookup::sockets(tid) {
            // What is asked of each of thousands takes long, and the time is over: the rest is closed with the process.
            if self.stage.is_kill_due(self.tape.now()) {
                return;
            }
            let Some(seen) = self.see(tid, fd, t) else { continue };
            let at = seen.at;
            let Some(process) = self.tasks.process(tid) else { return };
            let id = process.id;
            let ev = self.tape.ev();
            let mut call = begun(ev, id, CallKind::Close, tid, t);
            self.before_close(tid, fd, seen, By::Exit, &mut call.args);
            by_end(&mut call.args, signal);
            (call.fd, call.sock) = (Some(fd), Some(self.book.all[at].line.sock));
            (call.exit, call.ret) = (Some(self.tape.now()), Some(0));
            let still_held = call.args.more.contains_key("held_by");
            self.write(call);
            let is_listener = self.book.all[at].is_listener;
            if let Some(process) = self.tasks.processes.get_mut(&pid) {
                process.closes(LastClose { is_listener, is_own: false, ev, at });
            }
            self.closed(tid, at, still_held);
        }
        // Whatever copies there were: all are closed now.
        if let Some(process) = self.tasks.processes.get_mut(&pid) {
            process.sockets.clear();
        }
    }

    /// Whether another process has the same table of descriptors: then the end of this one closes nothing, and the other has
    /// what this one had.
    fn leave_to_sharer(&mut self, tid: Tid, pid: Tid) -> bool {
        let keeps = |pid| self.tasks.processes.get(&pid).is_none_or(|other| other.window.keeps());
        let others = self.tasks.all.iter().filter(|(_, task)| task.pid != pid && !task.is_dying);
        let mut others = others.filter(|(_, task)| !keeps(task.pid));
        let sharer = others.find(|(other, _)| shares_descriptors(tid, **other) == Some(true));
        let Some(sharer) = sharer.map(|(_, task)| task.pid) else { return false };
        let own = self.tasks.processes.get_mut(&pid);
        let left = own.map(|process| std::mem::take(&mut process.sockets)).unwrap_or_default();
        if let Some(process) = self.tasks.processes.get_mut(&sharer) {
            process.sockets.extend(left);
        }
        true
    }

    /// A process has ended that could not be asked: what it held is closed with it.
    pub(crate) fn leave_sockets(&mut self, pid: Tid, process: &mut Process, signal: Option<i32>) {
        let t = self.tape.now();
        for at in std::mem::take(&mut process.sockets) {
            if self.tasks.processes.values().any(|other| other.sockets.contains(&at)) {
                continue;
            }
            let ev = self.tape.ev();
            let mut call = begun(ev, process.id, CallKind::Close, pid, t);
            by_end(&mut call.args, signal);
            (call.sock, call.exit) = (Some(self.book.all[at].line.sock), Some(t));
            // It is among the processes no more.
            if let Some(line) = process.unsaid.take() {
                self.tape.write(line);
            }
            self.write(call);
            let is_listener = self.book.all[at].is_listener;
            process.closes(LastClose { is_listener, is_own: false, ev, at });
            self.book.all[at].has_ended = true;
            self.wake_others(at);
        }
    }

    /// What a task was in the middle of never returned to it.
    pub(crate) fn forget_call(&mut self, tid: Tid) {
        self.failed(tid);
        let Some(task) = self.tasks.all.get_mut(&tid) else { return };
        let is_under_way = task.open.is_some();
        // One that a signal interrupted would have gone on, had the signal not ended the task.
        let taken = task.open.take().or_else(|| task.interrupted.take().map(|it| it.open));
        if let Some(open) = taken {
            self.numbered(tid, open.ev, |tracer| tracer.never_returned(tid, open, is_under_way));
        }
    }

    fn never_returned(&mut self, tid: Tid, open: Open, is_under_way: bool) {
        let at = match &open.on {
            On::Sock(at) => *at,
            On::Wait(_) => return self.forget_wait(tid, &open),
            On::New | On::Both { .. } | On::Range(_) | On::Affinity => return,
        };
        if is_under_way {
            self.book.all[at].end(&crate::decode::kind(open.sys), open.wish.args.len);
        }
        let Some(process) = self.tasks.process(tid) else { return };
        let kind = crate::decode::kind(open.sys);
        let mut call = begun(open.ev, process.id, kind, tid, open.enter);
        (call.sys, call.args) = (Some(open.sys.name().into()), open.wish.args);
        call.fd = Some(fd_of(open.sys, &open.args));
        call.sock = Some(self.book.all[at].line.sock);
        call.dir = crate::decode::dir(open.sys);
        self.write(call);
    }

    /// A wait never returned: what it was for says what its task was about.
    fn forget_wait(&mut self, tid: Tid, open: &Open) {
        let On::Wait(waiting) = &open.on else { return };
        let t = self.tape.now();
        let watched = self.name_all(tid, &waiting.asked, t);
        if watched.iter().all(|one| one.get("sock").is_none()) {
            return;
        }
        let Some(process) = self.tasks.process(tid) else { return };
        let mut call = begun(open.ev, process.id, CallKind::Wait, tid, open.enter);
        call.sys = Some(open.sys.name().into());
        let nanos = waiting.timeout.and_then(|time| u64::try_from(time.as_nanos()).ok());
        call.args.more.insert("timeout_ns".to_owned(), json!(nanos));
        call.args.more.insert("watched".to_owned(), json!(watched));
        self.write(call);
    }

    /// A call that a signal interrupted did not go on: it has failed.
    pub(crate) fn interrupted(&mut self, tid: Tid) {
        let taken = self.tasks.all.get_mut(&tid).and_then(|task| task.interrupted.take());
        if let Some(Interrupted { open, t, .. }) = taken {
            self.write_call(tid, open, -i64::from(libc::EINTR), t);
        }
    }

    /// A call that a signal interrupted has failed already.
    pub(crate) fn failed(&mut self, tid: Tid) {
        let interrupted = self.tasks.all.get(&tid).and_then(|task| task.interrupted.as_ref());
        if interrupted.is_some_and(|it| it.is_over) {
            self.interrupted(tid);
        }
    }

    /// Whether a call closes one descriptor.
    pub(crate) fn is_close(sys: Sys) -> bool {
        matches!(sys, Sys::Close | Sys::Dup2 | Sys::Dup3)
    }
}

/// Says of a close that no call made it: its program ended, by itself or by this signal.
fn by_end(args: &mut Args, signal: Option<i32>) {
    let by = if signal.is_some() { "kill" } else { "exit" };
    args.more.insert("by".to_owned(), json!(by));
    if let Some(signal) = signal {
        args.more.insert("by_signal".to_owned(), json!(words::signal(signal)));
    }
}

/// The sockets of a process, read where they are not known; `searched` counts that.
fn sockets<'t>(pid: Tid, process: &'t mut Process, searched: &mut u64) -> &'t BTreeMap<i32, u64> {
    // Threads, rings and processes with the same table: who keeps no copies for their sake knows no table either.
    let may_change = !process.window.keeps();
    process.table.all(may_change, || {
        *searched += 1;
        lookup::sockets(pid).into_iter().collect()
    })
}
