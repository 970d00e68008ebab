//! Who holds a socket beside who closes it.

use serde_json::Value;
use sock_record::{CallKind, ProcId};

use crate::story::{Story, returned};

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
        for (_, other) in self.calls_on(sock).filter(|(n, _)| *n != close) {
            let is_at_once = other.call == CallKind::Close
                && other.enter <= returned(line)
                && returned(other) >= line.enter;
            let meant = |(proc, fd): &(ProcId, Option<i32>)| {
                *proc == other.proc && fd.is_none_or(|fd| other.fd.is_none_or(|own| own == fd))
            };
            if let Some(at) = holders.iter().position(meant).filter(|_| is_at_once) {
                holders.remove(at);
            }
        }
        holders
    }
}
