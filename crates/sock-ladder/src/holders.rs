//! What sockets came to: who holds one beside who closes it, whose connect met nobody, what went through one unseen.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use sock_record::{Call, CallKind, Dir, Level, Origin, ProcId};

use crate::facts::{is_nowhere, is_probe};
use crate::story::{Story, is_by_end, is_unreturned, is_unseen, returned};

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

    /// Whether a close is that of a program which SIGPIPE ended: it had a broken pipe, and the tracer or its status tells the
    /// signal.
    pub(crate) fn is_by_sigpipe(&self, close: usize) -> bool {
        let line = self.calls[close];
        let status = || {
            let nth = self.started.iter().position(|&proc| proc == line.proc)?;
            *self.end?.exit.get(nth)?
        };
        let has_note = |call: &Call| {
            let mut notes = self.notes.get(&call.ev).into_iter().flatten();
            notes.any(|note| note.code == "sigpipe" && note.level == Level::Warn)
        };
        let broke = |call: &Call| call.proc == line.proc && call.err.as_deref() == Some("EPIPE");
        is_by_end(line)
            && self.calls[..close]
                .iter()
                .any(|call| broke(call) && (has_note(call) || status() == Some(SIGPIPE)))
    }

    /// The connect of a socket that failed before it met anybody.
    pub(crate) fn nowhere(&self, sock: usize) -> Option<usize> {
        let facts = self.facts(sock);
        facts.refused.filter(|&n| facts.connect.is_none() && is_nowhere(self.calls[n]))
    }

    /// Whether somebody was at the other end of a connection, as far as the calls on it tell.
    pub(crate) fn is_answered(&self, sock: usize) -> bool {
        let (facts, line) = (self.facts(sock), &self.socks[sock]);
        let is_heard = facts.moved.is_some() || facts.eof.is_some() || facts.reset().is_some();
        if is_heard || matches!(line.from, Origin::Accept | Origin::Pair) {
            return true;
        }
        let is_established = |call: &Call| call.state.as_deref() == Some("ESTABLISHED");
        match facts.connect.map(|n| self.calls[n]) {
            // One that goes on by itself may come to nothing.
            Some(connect) if connect.err.is_some() || is_unreturned(connect) => {
                self.calls_on(sock).any(|(_, call)| is_established(call))
            }
            Some(_) => true,
            None => facts.refused.is_none() && line.peer.is_some(),
        }
    }

    /// Whether a socket was made by the C library for itself, and came to nothing.
    pub(crate) fn is_probe(&self, sock: usize) -> bool {
        self.nowhere(sock).is_some_and(|n| is_probe(self.calls[n]))
    }

    /// Who forked whom, as far as the record knows both.
    pub(crate) fn families(&self) -> Families {
        let mut by_pid = HashMap::new();
        for proc in self.procs.values() {
            if let Some(pid) = proc.pid {
                by_pid.entry(pid).or_insert(proc.proc);
            }
        }
        let forked = self.procs.values().filter(|proc| proc.how == "fork".into());
        let parents = forked.filter_map(|proc| Some((proc.proc, *by_pid.get(&proc.ppid?)?)));
        Families { parents: parents.collect(), found: HashMap::new() }
    }

    /// The programs that used no socket, nor did any that they forked; what the C library did by itself does not count.
    /// Only a tracer sees everything that a program does.
    pub(crate) fn idle(&self) -> Vec<&str> {
        let is_traced = self.meta.is_some_and(|meta| meta.source == "trace");
        if !is_traced || self.end.is_none() {
            return Vec::new();
        }
        let mut used: BTreeSet<ProcId> = BTreeSet::new();
        for (n, call) in self.calls.iter().enumerate() {
            if !used.contains(&call.proc) && self.on(n).is_some_and(|sock| !self.is_probe(sock)) {
                used.insert(call.proc);
            }
        }
        let mut families = self.families();
        let used: BTreeSet<ProcId> = used.into_iter().map(|proc| families.of(proc)).collect();
        let idle = self.started.iter().filter(|proc| !used.contains(proc));
        idle.filter_map(|proc| Some(&*self.procs.get(proc)?.name)).collect()
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

/// Which program each process was forked from, perhaps over several steps.
pub(crate) struct Families {
    parents: HashMap<ProcId, ProcId>,
    /// What was found: a line of forks may be as long as the record.
    found: HashMap<ProcId, ProcId>,
}

impl Families {
    /// The program that a process was forked from; itself where it was not.
    pub(crate) fn of(&mut self, id: ProcId) -> ProcId {
        let (mut line, mut at) = (vec![id], id);
        let first = loop {
            if let Some(&first) = self.found.get(&at) {
                break first;
            }
            // No deeper than there are processes, whatever a record says.
            let is_deep = line.len() > self.parents.len();
            match self.parents.get(&at).filter(|parent| !is_deep && **parent != at) {
                Some(&parent) => at = parent,
                None => break at,
            }
            line.push(at);
        };
        self.found.extend(line.into_iter().map(|each| (each, first)));
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(parents: impl Iterator<Item = (u32, u32)>) -> Families {
        let parents = parents.map(|(child, parent)| (ProcId(child), ProcId(parent)));
        Families { parents: parents.collect(), found: HashMap::new() }
    }

    #[test]
    fn who_comes_from_whom_is_found_once_in_a_line_of_many_forks() {
        /// Going up from each of them to the first: 20,000,000,000 steps.
        const MANY: u32 = 200_000;
        let mut line = families((2..=MANY).map(|id| (id, id - 1)));
        assert!((1..=MANY).rev().all(|id| line.of(ProcId(id)) == ProcId(1)));
        assert_eq!(line.of(ProcId(MANY + 1)), ProcId(MANY + 1));
    }

    #[test]
    fn who_is_told_to_come_from_himself_is_one_family_all_the_same() {
        let mut round = families([(1, 2), (2, 3), (3, 1), (4, 4)].into_iter());
        let first = round.of(ProcId(1));
        assert!((1..=3).all(|id| round.of(ProcId(id)) == first && first.0 <= 3));
        assert_eq!(round.of(ProcId(4)), ProcId(4));
    }
}
