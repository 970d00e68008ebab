//! The desk: what each call means, as soon as it has returned.

use std::collections::{HashMap, HashSet};

use sock_record::{Call, CallKind, Dir, Ev, Interval, SockId};

use super::super::words::{Label, Nothing, Waited, of_call};

use super::PATIENCE;
use super::book::{Book, Who, counted};
use super::meet::{Open, Role};
use super::row::{Row, Side};
use crate::facts::{Sent, is_nowhere, is_probe, sent_by};
use crate::pair::urgent;
use crate::plan::steps::What;
use crate::story::{Fate, is_by_end, is_eof, is_not_yet, is_peek, is_unreturned, returned};
use crate::waits::{Waits, signal};

/// Calls on their way to the page.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) book: Book,
    /// In the order in which they returned.
    pub(super) waiting: Vec<Open>,
    /// How many arrows were cut in two.
    pub(super) cuts: u32,
    /// Calls that only prepare are drawn as well.
    all: bool,
    ascii: bool,
    waits: Waits,
    /// Calls that are drawn as waiting.
    told: HashSet<Ev>,
    /// Waits that may have been in vain: what their threads do next tells.
    perhaps: HashMap<usize, Call>,
}

impl Desk {
    pub(super) fn new(all: bool, ascii: bool) -> Self {
        Self {
            book: Book::default(),
            waiting: Vec::new(),
            cuts: 0,
            all,
            ascii,
            waits: Waits::default(),
            told: HashSet::new(),
            perhaps: HashMap::new(),
        }
    }

    /// A call has returned.
    pub(super) fn call(&mut self, call: &Call, rows: &mut Vec<Row>) {
        let n = usize::try_from(call.ev.0).unwrap_or(usize::MAX);
        let vain = self.waits.learn(n, call, is_by_end(call));
        if let Some((wait, sock)) = vain
            && let Some(before) =
                if wait == n { Some(call.clone()) } else { self.perhaps.remove(&wait) }
        {
            self.gave_up(wait, &before, sock, rows);
        }
        self.perhaps.retain(|_, before| (before.proc, before.tid) != (call.proc, call.tid));
        let is_quiet = call.call == CallKind::Wait && call.ret == Some(0) && !self.all;
        if is_quiet && vain.is_none_or(|(wait, _)| wait != n) {
            self.perhaps.insert(n, call.clone());
        }
        // That it still waits stands there already.
        let is_told = self.told.remove(&call.ev) && is_unreturned(call);
        if !is_told {
            self.draw(call, rows);
        }
        self.waits.forget(n);
    }

    /// A wait for one socket was over before anything happened.
    fn gave_up(&mut self, n: usize, wait: &Call, sock: SockId, rows: &mut Vec<Row>) {
        // What all calls are drawn of stands there already.
        if self.all {
            return;
        }
        let listens = self.book.of(sock).is_some_and(|known| known.listens);
        let vain = self.waits.vain(n, wait, || listens);
        let pending = self.waits.pending(n, wait, || listens);
        let long = self.waits.long(n, wait);
        let waited = Waited { vain, pending, long, fate: Some(Fate::Ended), ..Waited::default() };
        let side = Side::of(Who::Proc(wait.proc), wait, of_call(wait, waited, self.ascii));
        self.clear_way(&side, rows);
        rows.push(Row { t: returned(wait), ..Row::local(side, wait) });
        // What waits to the end stands there already.
        self.waits.forget(n);
    }

    /// Whether a call was given a time that was over before anything came.
    fn vain(&self, call: &Call) -> bool {
        let n = usize::try_from(call.ev.0).unwrap_or(usize::MAX);
        self.waits.vain(n, call, || false).is_some()
    }

    /// A call as it stands beside its lane.
    fn side(&mut self, call: &Call) -> Side {
        let n = usize::try_from(call.ev.0).unwrap_or(usize::MAX);
        let vain = self.waits.vain(n, call, || false);
        // Who asks while it happens cannot know more than that the program ended meanwhile.
        let fate = Some(Fate::Ended);
        let is_message =
            call.sock.is_some_and(|sock| self.book.is_dgram(sock) || self.is_posted_nothing(sock));
        let nothing = if is_message { Nothing::Message } else { Nothing::End };
        let long = self.waits.long(n, call);
        let waited = Waited { vain, pending: None, long, fate, nothing };
        let tag = call.sock.map(|sock| self.book.tag(sock, call.proc)).unwrap_or_default();
        let label = of_call(call, waited, self.ascii);
        Side { tag, ..Side::of(Who::Proc(call.proc), call, label) }
    }

    fn draw(&mut self, call: &Call, rows: &mut Vec<Row>) {
        let failed = call.err.is_some() && !is_not_yet(call);
        let Some(sock) = call.sock.filter(|sock| self.book.of(*sock).is_some()) else {
            return self.aside(call, failed, rows);
        };
        self.book.touch(sock, call.proc, call.call == CallKind::Close);
        if call.call == CallKind::Send
            && let (Some(n), Some(known)) = (urgent(call), self.book.of(sock))
        {
            known.beside += n - 1;
        }
        match (&call.call, call.dir) {
            (CallKind::Connect, _) => self.connect(call, sock, failed, rows),
            (CallKind::Accept, _) if is_unreturned(call) || self.vain(call) => {
                self.aside(call, true, rows);
            }
            (CallKind::Accept, _) if call.err.is_none() => self.accept(call, sock, rows),
            (CallKind::Listen, _) if call.err.is_none() => {
                if let Some(known) = self.book.of(sock) {
                    known.listens = true;
                }
                self.book.name(sock, call.proc);
                self.aside(call, false, rows);
            }
            (CallKind::Shutdown | CallKind::Close, _) if call.err.is_none() => {
                self.ends(call, sock, rows);
            }
            (_, Some(dir)) => self.moves(call, sock, dir, rows),
            _ if urgent(call).is_some() => self.urgent(call, sock, rows),
            // A signal that says something ended a wait.
            _ => self.aside(call, failed || signal(call).is_some(), rows),
        }
    }

    /// A call has begun, and does not return.
    pub(super) fn waits(&mut self, call: &Call, rows: &mut Vec<Row>) {
        if call.call == CallKind::Wait && !self.all {
            return;
        }
        let label = Label::from(&*format!("{} waits", call.call));
        let mut side = Side::of(Who::Proc(call.proc), call, label);
        self.clear_way(&side, rows);
        self.told.insert(call.ev);
        // When it returns it is drawn for what it did.
        side.call = None;
        rows.push(Row::local(side, call));
    }

    /// It is `now`: who waits for long is drawn alone.
    pub(super) fn look(&mut self, now: u64, rows: &mut Vec<Row>) {
        self.draw_alone(rows, |open| now.saturating_sub(open.arrive) >= PATIENCE);
    }

    /// A call that concerns its own lane only.
    fn aside(&mut self, call: &Call, is_drawn: bool, rows: &mut Vec<Row>) {
        if is_drawn || self.all {
            let side = self.side(call);
            self.clear_way(&side, rows);
            let row = Row::local(side, call);
            // Who gives up does so at the end.
            let t = if self.vain(call) { returned(call) } else { row.t };
            rows.push(Row { t, ..row });
        }
    }

    pub(super) fn open(
        &mut self,
        role: Role,
        what: What,
        key: SockId,
        other: (Who, bool),
        call: &Call,
    ) -> Open {
        let who = Who::Proc(call.proc);
        let asks = matches!(role, Role::Connect);
        if matches!(role, Role::Connect | Role::Accept) {
            self.book.plays(&who, &other.0, asks);
        }
        Open {
            role,
            what,
            key,
            side: self.side(call),
            other,
            t: call.enter,
            arrive: returned(call),
            whole: Interval::at(0, 0),
            rest: Interval::at(0, 0),
            data: call.data.as_deref().map(Into::into),
            told: None,
            sock: call.sock,
            names: None,
            room: call.args.len,
        }
    }

    fn connect(&mut self, call: &Call, sock: SockId, failed: bool, rows: &mut Vec<Row>) {
        if failed && is_nowhere(call) {
            return self.aside(call, !is_probe(call), rows);
        }
        let Some(known) = self.book.of(sock) else { return };
        if known.peer.is_none() {
            known.peer.clone_from(&call.args.addr);
        }
        if known.is_dgram() || (known.connects && !failed) {
            return self.aside(call, failed, rows);
        }
        known.connects |= !failed;
        let what = if failed { What::Refused } else { What::Connect };
        let is_answered = !failed && call.err.is_none() && !is_unreturned(call);
        let peer = if is_answered { self.book.peer(sock) } else { self.book.target(sock) };
        let goal = call.args.addr.as_deref().unwrap_or_default();
        let open = self.open(Role::Connect, what, sock, peer, call);
        // Nobody takes what failed, or has left the record.
        if failed || !open.other.1 {
            self.clear_way(&open.side, rows);
            let row = open.lonely();
            let is_stray = !is_answered && !open.other.1;
            rows.push(if is_stray { row.stray(goal) } else { row });
        } else {
            self.meet(open, rows);
        }
    }

    fn accept(&mut self, call: &Call, sock: SockId, rows: &mut Vec<Row>) {
        let Some(known) = self.book.of(sock) else { return };
        if known.listens {
            return self.aside(call, false, rows);
        }
        let (mate, peer) = (known.mate, self.book.peer(sock));
        let open = self.open(Role::Accept, What::Connect, mate.unwrap_or(sock), peer, call);
        if mate.is_some() {
            self.meet(open, rows);
        } else {
            self.clear_way(&open.side, rows);
            rows.push(open.lonely());
        }
    }

    fn moves(&mut self, call: &Call, sock: SockId, dir: Dir, rows: &mut Vec<Row>) {
        let Some(known) = self.book.of(sock) else { return };
        let is_over = matches!(call.err.as_deref(), Some("ECONNRESET" | "EPIPE"));
        // Who never was connected has broken nothing.
        if is_over && known.is_connection() && !known.reset {
            let by_us = known.ends_itself() && call.err.as_deref() == Some("EPIPE");
            known.reset = !by_us;
            if known.reset {
                return self.reset(call, sock, rows);
            }
        }
        let Some(n) = call.moved() else {
            // Who waited to the end of the run, or until a signal, waited for something.
            let unfinished = (is_unreturned(call) || call.err.as_deref() == Some("EINTR"))
                && (known.is_dgram() || known.is_connection());
            let failed = call.err.is_some() && !is_not_yet(call);
            let vain = self.vain(call);
            return self.aside(call, failed || unfinished || vain, rows);
        };
        let (is_dgram, is_seqpacket) = (known.is_dgram(), known.is_seqpacket());
        let meets_end = n == 0 && is_eof(call) && !self.is_posted_nothing(sock);
        if is_dgram || (is_seqpacket && !meets_end) {
            return self.datagram(call, sock, dir, n, rows);
        }
        let Some(known) = self.book.of(sock) else { return };
        if n == 0 {
            if !is_eof(call) || std::mem::replace(&mut known.eof, true) {
                return self.aside(call, false, rows);
            }
            return self.meets_end(call, sock, rows);
        }
        let (mate, drawn) = (known.mate, known.drawn);
        let beside = if dir == Dir::Out { known.beside } else { 0 };
        let is_peeked = is_peek(call);
        let at = if is_peeked { known.got } else { counted(known, dir, n) };
        let at = call.off.map_or(at, Interval::start) + beside;
        let whole = Interval::at(at, n);
        let peer = self.book.peer(sock);
        let (role, key) = match dir {
            Dir::Out => (Role::Sends, sock),
            Dir::In => (Role::Takes, mate.unwrap_or(sock)),
        };
        let mut open = self.open(role, What::Bytes(whole), key, peer, call);
        (open.whole, open.rest) = (whole, whole);
        if dir == Dir::Out && drawn > whole.start() {
            // Who took that was drawn before.
            let Some(rest) = Interval::new(drawn, whole.end()).filter(|rest| !rest.is_empty())
            else {
                return self.aside(call, true, rows);
            };
            // What is left of it is a row of its own, and bears its name.
            let gone = usize::try_from(rest.start() - whole.start()).unwrap_or(usize::MAX);
            open.data = open.data.and_then(|data| data.get(gone..).map(Into::into));
            (open.whole, open.rest) = (rest, rest);
        }
        let is_met = if dir == Dir::Out { open.other.1 } else { mate.is_some() };
        if is_peeked || !is_met {
            self.clear_way(&open.side, rows);
            rows.push(Row { peek: is_peeked, ..open.lonely() });
        } else {
            self.meet(open, rows);
        }
    }

    fn meets_end(&mut self, call: &Call, sock: SockId, rows: &mut Vec<Row>) {
        let mate = self.book.of(sock).and_then(|known| known.mate);
        let peer = self.book.peer(sock);
        let open = self.open(Role::MeetsEnd, What::Fin, mate.unwrap_or(sock), peer, call);
        if mate.is_some() {
            self.meet(open, rows);
        } else {
            self.clear_way(&open.side, rows);
            rows.push(open.lonely());
        }
    }

    /// A call met a reset.
    fn reset(&mut self, call: &Call, sock: SockId, rows: &mut Vec<Row>) {
        let mate = self.book.of(sock).and_then(|known| known.mate);
        let peer = self.book.peer(sock);
        let side = self.side(call);
        // The close that caused it, where that is not drawn yet.
        let at =
            self.waiting.iter().position(|open| open.role == Role::Ends && Some(open.key) == mate);
        let cause = at.map(|at| self.waiting.remove(at)).filter(|cause| cause.told.is_none());
        let t = cause.as_ref().map_or(call.enter, |cause| cause.t);
        let from = cause.map_or_else(|| Side::bare(peer.0), |cause| cause.side);
        self.clear_way(&from, rows);
        self.clear_way(&side, rows);
        rows.push(Row::arrow(What::Rst, from, side, (t, returned(call))));
    }

    /// A socket is closed: its peer's end, where that still waits, will not be met.
    fn nobody_meets(&mut self, sock: SockId, rows: &mut Vec<Row>) {
        let mate = self.book.of(sock).and_then(|known| known.mate);
        let is_meant =
            |open: &Open| open.role == Role::Ends && Some(open.key) == mate && open.told.is_none();
        if let Some(at) = self.waiting.iter().position(is_meant) {
            let open = self.waiting.remove(at);
            self.clear_way(&open.side, rows);
            rows.push(open.lonely());
        }
    }

    fn ends(&mut self, call: &Call, sock: SockId, rows: &mut Vec<Row>) {
        let is_close = call.call == CallKind::Close;
        let is_held = call.args.more.contains_key("held_by");
        let how = call.args.how.as_deref();
        let Some(known) = self.book.of(sock) else { return };
        let (is_dgram, is_connection) = (known.is_dgram(), known.is_connection());
        let says = is_connection && !is_held && !known.fin && !known.reset;
        let says = says && (is_close || how != Some("SHUT_RD"));
        // Who never became a connection has nothing to end.
        let says = says && (known.connects || known.peer.is_some() || known.mate.is_some());
        let sent = if is_close && known.is_tcp { sent_by(call) } else { Sent::Fin };
        let says = says && sent != Sent::Nothing;
        known.fin |= says;
        let is_left = self.book.is_left(sock);
        if is_close && !is_held {
            self.book.close(sock);
            self.nobody_meets(sock, rows);
        }
        if !says {
            return self.aside(call, is_connection || (is_dgram && is_close), rows);
        }
        let half = !is_close && how != Some("SHUT_RDWR");
        let what = match sent {
            Sent::Rst => What::Rst,
            Sent::Fin | Sent::Nothing if half => What::HalfClose,
            Sent::Fin | Sent::Nothing => What::Fin,
        };
        let peer = self.book.peer(sock);
        let open = self.open(Role::Ends, what, sock, peer, call);
        if is_left || !open.other.1 {
            self.clear_way(&open.side, rows);
            rows.push(open.lonely());
        } else {
            self.meet(open, rows);
        }
    }
}
