//! What is known of one socket: what was seen to go through it, and what was done to it.

use sock_record::{Args, Call, CallKind, Dir, Interval, Kind, Origin, Sock};

use crate::sockets::At;
use crate::sys::{Counts, Tid};

/// What is known of a socket.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
pub(crate) struct Known {
    pub(crate) line: Sock,
    pub(crate) inode: Option<u64>,
    /// Bytes of the stream that were seen to go out and to come in.
    pub(crate) out: u64,
    pub(crate) come: u64,
    /// Bytes that went out, and that came in, as urgent ones: not of the stream, but the kernel counts them.
    pub(crate) urgent: (u64, u64),
    /// The kernel's counts when it was first seen: what came before is no gap.
    pub(crate) before: Counts,
    pub(crate) mate: Option<At>,
    /// Tasks that called on it lately.
    pub(crate) users: Vec<Tid>,
    pub(crate) is_listener: bool,
    /// When the latest send on it began, in ns since t0.
    pub(crate) sent_at: u64,
    /// Calls on it that are under way.
    pub(crate) under_way: u32,
    /// So many bytes are in those of them that send: none of them may be on its way, or all.
    pub(crate) sending: u64,
    /// Something was begun on it that is neither a send nor a receive: to close it, or to end one of its directions.
    pub(crate) is_unsteady: bool,
    /// It was connected, both ways, when it was asked last.
    pub(crate) is_established: bool,
    pub(crate) has_gap: bool,
    /// One process may have several descriptors of it: it was copied, passed along, or not seen from its beginning.
    pub(crate) is_copied: bool,
    /// It has ended its direction, or was closed: nothing more comes from it.
    pub(crate) has_ended: bool,
    /// Calls on it return at once; none while nobody has asked.
    pub(crate) nonblocking: Option<bool>,
    /// Sends since it last received something.
    turn: u32,
    /// So many turns in a row were a single send.
    pub(crate) singles: u32,
}

/// So many tasks that called on a socket are remembered: with more, it is a crowd, and nobody is held for it.
const USERS: usize = 8;

impl Known {
    pub(crate) fn new(line: Sock) -> Self {
        Self {
            is_copied: line.from == Origin::Passed,
            line,
            inode: None,
            out: 0,
            come: 0,
            urgent: (0, 0),
            before: Counts::default(),
            mate: None,
            users: Vec::new(),
            is_listener: false,
            sent_at: 0,
            under_way: 0,
            sending: 0,
            is_unsteady: false,
            is_established: false,
            has_gap: false,
            has_ended: false,
            nonblocking: None,
            turn: 0,
            singles: 0,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.line.kind, Kind::Stream)
    }

    /// Whether everything that went through it was seen, as far as is known.
    pub(crate) fn is_whole(&self) -> bool {
        self.before == Counts::default() && !self.has_gap && self.line.from != Origin::Passed
    }

    /// Whether it keeps messages apart.
    pub(crate) fn is_dgram(&self) -> bool {
        !self.is_stream()
    }

    /// A call on it has begun.
    pub(crate) fn begin(&mut self, kind: &CallKind, len: Option<u64>) {
        self.under_way += 1;
        match (kind, len) {
            (CallKind::Send, Some(len)) => self.sending = self.sending.saturating_add(len),
            (CallKind::Send, None) | (CallKind::Shutdown | CallKind::Close, _) => {
                self.is_unsteady = true;
            }
            // One without an address takes a connection apart.
            (CallKind::Connect, _) => self.is_unsteady |= self.is_established,
            _ => {}
        }
    }

    /// It is over.
    pub(crate) fn end(&mut self, kind: &CallKind, len: Option<u64>) {
        self.under_way = self.under_way.saturating_sub(1);
        if *kind == CallKind::Send {
            self.sending = self.sending.saturating_sub(len.unwrap_or(0));
        }
    }

    /// So many bytes were sent, if calls that are under way have sent all of theirs.
    pub(crate) fn most_sent(&self) -> u64 {
        self.out.saturating_add(self.sending)
    }

    /// Whether nothing but the traced calls of one program can have touched it, and none of them ended it.
    pub(crate) fn is_steady(&self) -> bool {
        self.is_stream()
            && self.is_whole()
            && !self.is_copied
            && !self.is_unsteady
            && !self.has_ended
    }

    pub(crate) fn used_by(&mut self, tid: Tid) {
        if !self.users.contains(&tid) {
            if self.users.len() == USERS {
                self.users.remove(0);
            }
            self.users.push(tid);
        }
    }

    /// The bytes that a send moved.
    pub(crate) fn send(&mut self, n: u64) -> Interval {
        let off = Interval::at(self.out, n);
        self.out = off.end();
        self.turn = self.turn.saturating_add(1);
        off
    }

    /// The bytes that a receive moved; one that only looks moves none.
    pub(crate) fn receive(&mut self, n: u64, only_looks: bool) -> Interval {
        let off = Interval::at(self.come, n);
        if !only_looks {
            self.come = off.end();
            match std::mem::take(&mut self.turn) {
                0 => {}
                1 => self.singles = self.singles.saturating_add(1),
                _ => self.singles = 0,
            }
        }
        off
    }

    /// A call moved bytes beside the stream; of the urgent ones the kernel counts each.
    pub(crate) fn bypass(&mut self, args: &Args, call: &Call) {
        let n = call.moved().filter(|_| args.has_flag("MSG_OOB")).unwrap_or(0);
        match call.dir {
            Some(Dir::Out) => self.urgent.0 = self.urgent.0.saturating_add(n),
            Some(Dir::In) => self.urgent.1 = self.urgent.1.saturating_add(n),
            None => {}
        }
    }

    /// What was not seen: the kernel's counts beside ours, where they differ; so many `urgent` bytes were sent to it.
    pub(crate) fn gap(&self, counts: Counts, waiting: u64, urgent: u64) -> Option<(u64, u64)> {
        let out = counts.out.saturating_sub(self.before.out);
        let come = counts.come.saturating_sub(self.before.come);
        let received = come.saturating_sub(waiting);
        let fin = u64::from(counts.may_have_fin);
        let (urgent_out, urgent_in) = self.urgent;
        let has_urgent = urgent.max(urgent_in) > 0;
        // Urgent bytes may have been received, passed over, or taken into the stream (`SO_OOBINLINE`); and what waits behind
        // one is not told.
        let has_come = received == self.come
            || received == self.come + fin
            || (has_urgent && received > self.come);
        // A kernel without counts tells zero.
        let agrees = (out == 0 || out == self.out + urgent_out) && (come == 0 || has_come);
        (!agrees).then(|| (out, received.saturating_sub(fin)))
    }
}
