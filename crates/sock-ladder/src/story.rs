//! A record put in order: calls by time, what is known of each socket in one place.

use std::collections::{BTreeMap, HashMap, HashSet};

use sock_record::{
    Call, CallKind, Dir, End, Ev, Family, Gap, Kind, Level, Line, Link, Meta, Note, Origin, Proc,
    ProcHow, ProcId, Sock, SockId,
};

use crate::facts::Facts;
use crate::few::Few;
use crate::place::Place;
use crate::waits::{Vain, Waits};

/// All lines of a record, by what they are. Calls and sockets are named by their index from here on: the numbers of a
/// record may repeat where several writers shared a file.
#[derive(Debug, Default)]
pub(crate) struct Story<'a> {
    pub(crate) meta: Option<&'a Meta>,
    pub(crate) procs: BTreeMap<ProcId, &'a Proc>,
    pub(crate) socks: Vec<Sock>,
    /// By entry, then by number.
    pub(crate) calls: Vec<&'a Call>,
    /// The calls on each socket, by entry.
    pub(crate) calls_of: Vec<Vec<usize>>,
    pub(crate) links: Vec<&'a Link>,
    /// In a tree: they are asked for at every call, and mostly there are few.
    pub(crate) notes: BTreeMap<Ev, Vec<&'a Note>>,
    /// Notes about the whole.
    pub(crate) remarks: Vec<&'a Note>,
    pub(crate) gaps: Vec<&'a Gap>,
    pub(crate) end: Option<&'a End>,
    sock_of: Few,
    /// The socket of each call; [`NONE`] for none.
    on: Vec<u32>,
    facts: Vec<Facts>,
    pub(crate) waits: Waits,
    /// When each process ended, where it still had a socket then.
    ended: HashMap<ProcId, u64>,
    /// Receives that took an empty message, where nothing received could be the end as well.
    empty: HashSet<usize>,
    /// The first processes of the programs, in the order in which they were named.
    pub(crate) started: Vec<ProcId>,
    /// Processes that were ended by whoever wrote the record.
    stopped: HashSet<ProcId>,
}

/// How a call that never returned was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The program was ended by whoever traced it.
    Stopped,
    /// The program ended.
    Ended,
    /// The record did.
    Open,
}

/// No socket: a record has millions of calls, and half the bytes for each are half the memory.
const NONE: u32 = u32::MAX;

impl<'a> Story<'a> {
    pub(crate) fn new(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let mut story = Self::default();
        for line in lines {
            match line {
                Line::Meta(meta) => story.meta = story.meta.or(Some(meta)),
                Line::Proc(proc) => {
                    story.started.extend((proc.how == ProcHow::Start).then_some(proc.proc));
                    story.procs.insert(proc.proc, proc);
                }
                Line::Sock(sock) => story.learn(sock),
                Line::Call(call) => story.calls.push(call),
                Line::Link(link) => story.links.push(link),
                Line::Note(note) => story.hear(std::slice::from_ref(note)),
                Line::Gap(gap) => story.gaps.push(gap),
                Line::End(end) => story.end = Some(end),
                // A line of a later version has nothing to draw yet.
                Line::Other(_) | _ => {}
            }
        }
        story.calls.sort_by_key(|call| (call.enter, call.ev));
        story.sort_out();
        story
    }

    /// Adds what a line says about a socket to what earlier lines said.
    fn learn(&mut self, line: &Sock) {
        let Some(known) = self.sock_of.get(line.sock.0) else {
            self.sock_of.insert(line.sock.0, self.socks.len());
            self.socks.push(line.clone());
            return;
        };
        let Sock { sock: _, cookie, family, kind, proto, t, from, listener, local, peer, mate } =
            line.clone();
        let sock = &mut self.socks[known];
        (sock.family, sock.kind, sock.from) = (family, kind, from);
        sock.t = sock.t.min(t);
        sock.cookie = cookie.or(sock.cookie.take());
        sock.proto = proto.or(sock.proto.take());
        sock.listener = listener.or(sock.listener);
        sock.local = local.or(sock.local.take());
        sock.peer = peer.or(sock.peer.take());
        sock.mate = mate.or(sock.mate);
    }

    fn sort_out(&mut self) {
        for call in &self.calls {
            // A call on a socket that no line describes: a stream that came from elsewhere is the weakest claim.
            if let Some(id) = call.sock
                && self.sock_of.get(id.0).is_none()
            {
                self.sock_of.insert(id.0, self.socks.len());
                let from = Origin::Passed;
                let sock = Sock::new(id, Family::Inet, Kind::Stream, from, call.enter);
                self.socks.push(sock);
            }
        }
        self.calls_of = vec![Vec::new(); self.socks.len()];
        self.facts = vec![Facts::default(); self.socks.len()];
        self.on = vec![NONE; self.calls.len()];
        let is_stop = |notes: &Vec<&Note>| notes.iter().any(|note| note.code == STOPPED);
        let stops: HashSet<Ev> =
            self.notes.iter().filter(|(_, notes)| is_stop(notes)).map(|(ev, _)| *ev).collect();
        if !stops.is_empty() {
            let stopped = self.calls.iter().filter(|call| stops.contains(&call.ev));
            self.stopped.extend(stopped.map(|call| call.proc));
        }
        let mut vain: Vec<(usize, SockId)> = Vec::new();
        for (n, call) in self.calls.iter().enumerate() {
            let is_end = is_by_end(call);
            if is_end {
                self.ended.entry(call.proc).or_insert(call.enter);
            }
            vain.extend(self.waits.learn(n, call, is_end && self.is_stopped(call.proc)));
            let Some(sock) = call.sock.and_then(|id| self.sock_of.get(id.0)) else { continue };
            self.calls_of[sock].push(n);
            self.on[n] = u32::try_from(sock).unwrap_or(NONE);
            self.facts[sock].learn(n, call, &self.socks[sock]);
        }
        // A wait for one socket, in vain, stands for the call that never came: it is one on this socket.
        for (n, id) in vain {
            let Some(sock) = self.sock_of.get(id.0) else { continue };
            self.on[n] = u32::try_from(sock).unwrap_or(NONE);
            let place = self.calls_of[sock].partition_point(|&other| other < n);
            self.calls_of[sock].insert(place, n);
        }
        for sock in &self.socks {
            if let Some(listener) = sock.listener.and_then(|id| self.sock_of.get(id.0)) {
                self.facts[listener].listens = true;
            }
        }
        self.closed_at_once();
        let messengers: Vec<usize> =
            (0..self.socks.len()).filter(|&sock| self.is_seqpacket(sock)).collect();
        if !messengers.is_empty() {
            self.empty = crate::pair::empty_messages(self).collect();
        }
        for sock in messengers {
            let ends = |n: &usize| is_eof(self.calls[*n]) && !self.empty.contains(n);
            if let Some(end) = self.calls_of[sock].iter().copied().find(ends) {
                self.facts[sock].meets_end(end, &self.calls);
            }
        }
    }

    /// Takes in that nobody held a socket any more when a call had closed it.
    pub(crate) fn learn_last_close(&mut self, sock: usize, close: usize) {
        self.facts[sock].closed_for_good(self.calls[close], &self.socks[sock]);
    }

    /// Whether a receive of nothing took an empty message: it met no end.
    pub(crate) fn is_empty_message(&self, n: usize) -> bool {
        self.empty.contains(&n) || self.on(n).is_some_and(|sock| self.is_dgram(sock))
    }

    /// Whether it is an end of a connection that keeps its messages apart.
    pub(crate) fn is_seqpacket(&self, sock: usize) -> bool {
        self.socks[sock].kind == Kind::Seqpacket
    }

    /// Whether a receive returned nothing because its own side had ended receiving.
    pub(crate) fn is_own_end(&self, n: usize) -> bool {
        let ended = || {
            let facts = self.facts(self.on(n)?);
            let ended = self.calls[facts.deaf.filter(|_| facts.eof.is_none())?].enter;
            Some(ended < returned(self.calls[n]))
        };
        is_eof(self.calls[n]) && ended().unwrap_or(false)
    }

    /// What a call waited for until it gave up.
    pub(crate) fn vain(&self, n: usize) -> Option<Vain> {
        let listens = || self.on(n).is_some_and(|sock| self.is_listener(sock));
        self.waits.vain(n, self.calls[n], listens)
    }

    /// What a wait that never returned was for: it stands for a call that never came.
    pub(crate) fn pending(&self, n: usize) -> Option<Vain> {
        let listens = || self.on(n).is_some_and(|sock| self.is_listener(sock));
        self.waits.pending(n, self.calls[n], listens)
    }

    /// Which way bytes went in a call, or would have gone in the one that a wait stands for.
    pub(crate) fn dir(&self, n: usize) -> Option<Dir> {
        let meant = || self.vain(n).or_else(|| self.pending(n)).and_then(Vain::dir);
        self.calls[n].dir.or_else(meant)
    }

    /// When a call was over: where it never returned, when its program or the record ended.
    pub(crate) fn until(&self, n: usize) -> u64 {
        let call = self.calls[n];
        if !is_unreturned(call) {
            return returned(call);
        }
        let ended = self.ended.get(&call.proc).copied().or(self.end.map(|end| end.t));
        ended.unwrap_or(call.enter).max(call.enter)
    }

    /// How a call that never returned was over.
    pub(crate) fn fate(&self, proc: ProcId) -> Fate {
        if self.is_stopped(proc) {
            Fate::Stopped
        } else if self.ended.contains_key(&proc) {
            Fate::Ended
        } else {
            Fate::Open
        }
    }

    /// Whether the record was cut off, before the end that its writer would have written: what it lacks may have happened later.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.meta.is_some() && self.end.is_none()
    }

    /// Whether a process was ended by whoever wrote the record.
    pub(crate) fn is_stopped(&self, proc: ProcId) -> bool {
        self.stopped.contains(&proc)
    }

    /// Whether something is said of a call for which the call has to be seen.
    pub(crate) fn has_to_be_told(&self, n: usize) -> bool {
        let notes = self.notes.get(&self.calls[n].ev).into_iter().flatten();
        notes
            .into_iter()
            .any(|note| matches!(note.level, Level::Warn | Level::Error) || note.code == STOPPED)
    }

    /// Takes in what is said of its calls beside the record's own notes.
    pub(crate) fn hear(&mut self, notes: &'a [Note]) {
        for note in notes {
            match note.ev {
                Some(ev) => self.notes.entry(ev).or_default().push(note),
                None => self.remarks.push(note),
            }
        }
    }

    pub(crate) fn sock_of(&self, id: SockId) -> Option<usize> {
        self.sock_of.get(id.0)
    }

    /// The socket that a call was made on.
    pub(crate) fn on(&self, call: usize) -> Option<usize> {
        (self.on[call] != NONE).then_some(self.on[call] as usize)
    }

    pub(crate) fn calls_on(&self, sock: usize) -> impl Iterator<Item = (usize, &'a Call)> + '_ {
        self.calls_of[sock].iter().map(|&n| (n, self.calls[n]))
    }

    pub(crate) fn is_listener(&self, sock: usize) -> bool {
        self.facts[sock].listens
    }

    pub(crate) fn facts(&self, sock: usize) -> &Facts {
        &self.facts[sock]
    }

    pub(crate) fn is_dgram(&self, sock: usize) -> bool {
        matches!(self.socks[sock].kind, Kind::Dgram | Kind::Raw)
    }

    /// Whether it is one end of a connection, or tried to become one.
    pub(crate) fn is_connection(&self, sock: usize) -> bool {
        !self.is_dgram(sock)
            && !self.facts[sock].listens
            && (self.socks[sock].peer.is_some()
                || matches!(self.socks[sock].from, Origin::Accept | Origin::Pair)
                || self.facts[sock].connect.is_some()
                || self.facts[sock].refused.is_some()
                || self.facts[sock].moved.is_some())
    }

    /// Whether any call on it failed.
    pub(crate) fn failed(&self, sock: usize) -> bool {
        self.facts[sock].failed
    }

    pub(crate) fn local(&self, sock: usize) -> Option<Place> {
        Place::new(self.socks[sock].local.as_deref()?)
    }

    /// The peer's address as the record writes it: the socket's, or the one that it asked to be connected to.
    pub(crate) fn peer_text(&self, sock: usize) -> Option<&str> {
        let asked = || {
            let connect = self.facts[sock].connect.or(self.facts[sock].refused)?;
            self.calls[connect].args.addr.as_deref()
        };
        self.socks[sock].peer.as_deref().or_else(asked)
    }

    pub(crate) fn peer(&self, sock: usize) -> Option<Place> {
        Place::new(self.peer_text(sock)?)
    }

    /// From its first sign of life to its last close; the end of time where nobody closed it.
    pub(crate) fn life(&self, sock: usize) -> (u64, u64) {
        let first = self.calls_of[sock].first().map(|&n| self.calls[n].enter);
        let start = first.unwrap_or(u64::MAX).min(self.socks[sock].t);
        (start, self.facts[sock].closed_at.unwrap_or(u64::MAX))
    }

    /// Who holds the socket: who called on it, or on the listener that it came from.
    pub(crate) fn proc(&self, sock: usize) -> Option<ProcId> {
        // Who only closes what it inherited is not its holder, where others did more.
        let own = |sock: usize| {
            let all = || self.calls_of[sock].iter().map(|&n| self.calls[n]);
            let does_more = |call: &&Call| call.call != CallKind::Close;
            all().find(does_more).or_else(|| all().next()).map(|call| call.proc)
        };
        own(sock)
            .or_else(|| own(self.sock_of(self.socks[sock].listener?)?))
            // Of a listener whose own calls are not here: who accepted there.
            .or_else(|| {
                let id = Some(self.socks[sock].sock).filter(|_| self.is_listener(sock));
                own(self.socks.iter().position(|other| id.is_some() && other.listener == id)?)
            })
            .or_else(|| self.procs.keys().next().copied())
    }
}

/// The code of a note about a close: whoever wrote the record has ended the program.
const STOPPED: &str = "stopped";

/// Whether the kernel counted more in this direction than the record has.
pub(crate) fn is_unseen(gap: &Gap, dir: Dir) -> bool {
    let (kernel, seen) = match dir {
        Dir::Out => (gap.kernel_out, gap.seen_out),
        Dir::In => (gap.kernel_in, gap.seen_in),
    };
    kernel.zip(seen).is_some_and(|(kernel, seen)| kernel > seen)
}

/// Whether nobody called `close`, but the end of a program closed its socket.
pub(crate) fn is_by_end(call: &Call) -> bool {
    let by = || call.args.more.get("by").and_then(|by| by.as_str());
    call.call == CallKind::Close && matches!(by(), Some("exit" | "kill"))
}

/// When a call returned; when it began where it never did.
pub(crate) fn returned(call: &Call) -> u64 {
    call.exit.unwrap_or(call.enter)
}

/// Whether a call never returned: engines that do not say when one did still say what it returned.
pub(crate) fn is_unreturned(call: &Call) -> bool {
    call.exit.is_none() && call.ret.is_none() && call.err.is_none()
}

/// Whether a call only looked at bytes that a later one takes.
pub(crate) fn is_peek(call: &Call) -> bool {
    call.dir == Some(Dir::In) && call.args.has_flag("MSG_PEEK")
}

/// Whether a call met the peer's end: a receive with room that returned nothing.
pub(crate) fn is_eof(call: &Call) -> bool {
    call.dir == Some(Dir::In) && call.ret == Some(0) && call.args.len != Some(0)
}

/// Whether a call failed only for now, or goes on after it returned.
pub(crate) fn is_not_yet(call: &Call) -> bool {
    matches!(
        call.err.as_deref(),
        Some("EAGAIN" | "EWOULDBLOCK" | "EINTR" | "EINPROGRESS" | "EALREADY")
    )
}

/// Whether a `shutdown` ended the direction to the peer.
pub(crate) fn ends_sending(call: &Call) -> bool {
    let how = call.args.how.as_deref().unwrap_or("SHUT_WR");
    let read_only =
        ["SHUT_RD", "rd", "read", "0"].iter().any(|name| how.eq_ignore_ascii_case(name));
    call.call == CallKind::Shutdown && call.err.is_none() && !read_only
}
