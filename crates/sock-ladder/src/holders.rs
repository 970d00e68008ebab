//! What sockets came to: who holds one beside who closes it, whose connect met nobody, what went through one unseen.

use serde_json::Value;
use sock_record::{Call, CallKind, Dir, ProcId};

use crate::facts::{is_nowhere, is_probe};
use crate::story::{Story, is_by_end, is_unseen, returned};

/// The status of a program that this signal has ended, as a shell tells it.
const SIGPIPE: i32 = 128 + 13;

impl Story<'_> {
    /// Takes in which last closes were the last indeed, though others held the socket when they began.
    pub(crate) fn closed_at_once(&mut self) {
        for sock in 0..self.socks.len() {
            let last = self.facts(sock).last_close;
            let Some(last) = last.filter(|&n| self.calls[n].args.more.contains_key("held_by"))
            else {
                continue;
            };
            if self.holders(last).is_empty() {
                self.learn_last_close(sock, last);
            }
        }
    }

    /// Whether a close is that of a program which SIGPIPE ended: it had a broken pipe, and its status tells the signal.
    pub(crate) fn is_by_sigpipe(&self, close: usize) -> bool {
        let line = self.calls[close];
        let status = || {
            let nth = self.started.iter().position(|&proc| proc == line.proc)?;
            *self.end?.exit.get(nth)?
        };
        let broke = |call: &Call| call.proc == line.proc && call.err.as_deref() == Some("EPIPE");
        is_by_end(line)
            && status() == Some(SIGPIPE)
            && self.calls[..close].iter().any(|call| broke(call))
    }

    /// The connect of a socket that failed before it met anybody.
    pub(crate) fn nowhere(&self, sock: usize) -> Option<usize> {
        let facts = self.facts(sock);
        facts.refused.filter(|&n| facts.connect.is_none() && is_nowhere(self.calls[n]))
    }

    /// Whether a socket was made by the C library for itself, and came to nothing.
    pub(crate) fn is_probe(&self, sock: usize) -> bool {
        self.nowhere(sock).is_some_and(|n| is_probe(self.calls[n]))
    }

    /// Who still holds a socket of which a call has closed a descriptor, and by which descriptor. Each of those who close it
    /// at the same time finds the others holding it, and yet it is closed by all of them.
    pub(crate) fn holders(&self, close: usize) -> Vec<(ProcId, Option<i32>)> {
        let line = self.calls[close];
        let told = line.args.more.get("held_by").and_then(Value::as_array);
        let holder = |one: &Value| {
            let proc = u32::try_from(one.get("proc")?.as_u64()?).ok()?;
            let fd = one.get("fd").and_then(Value::as_i64).and_then(|fd| fd.try_into().ok());
            Some((ProcId(proc), fd))
        };
        let mut holders: Vec<_> = told.into_iter().flatten().filter_map(holder).collect();
        let Some(sock) = self.on(close).filter(|_| !holders.is_empty()) else { return holders };
        let at_once = |other: &Call| {
            other.call == CallKind::Close
                && other.enter <= returned(line)
                && returned(other) >= line.enter
        };
        // Of a program that forks without end there are thousands of both: most calls are asked for their time alone.
        let others = self.calls_on(sock).filter(|(n, other)| *n != close && at_once(other));
        for (_, other) in others {
            let meant = |(proc, fd): &(ProcId, Option<i32>)| {
                *proc == other.proc && fd.is_none_or(|fd| other.fd.is_none_or(|own| own == fd))
            };
            if let Some(at) = holders.iter().position(meant) {
                holders.remove(at);
            }
        }
        holders
    }

    /// Whether bytes went through a socket in this direction by ways that the record does not have.
    pub(crate) fn has_unseen(&self, sock: usize, dir: Dir) -> bool {
        let id = self.socks[sock].sock;
        self.gaps.iter().any(|gap| gap.sock == id && is_unseen(gap, dir))
    }

    /// Whether a program that called on a listener has a ring (`io_uring`), which accepts without a call that could be
    /// seen. The tracer names those programs in one sentence, before what they did.
    pub(crate) fn has_ring(&self, listener: usize) -> bool {
        let rings = self.remarks.iter().filter(|note| note.code == "ring");
        rings.into_iter().any(|note| match note.text.split_once(" used io_uring") {
            Some((names, _)) => {
                let mut owners =
                    self.calls_on(listener).filter_map(|(_, call)| self.procs.get(&call.proc));
                owners.any(|owner| names.split(", ").any(|name| name == owner.name))
            }
            // Whoever says it in other words may mean anybody.
            None => true,
        })
    }
}
