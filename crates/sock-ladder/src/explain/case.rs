//! What explanations ask of a paired story: who is who, what went where, which options were set.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use sock_record::{Call, CallKind, Kind, LinkKind, Origin, ProcId};

use super::loops::Loops;
use super::names;
use crate::facts::is_tcp;
use crate::pair::{Join, Joined};
use crate::place::Place;
use crate::story::Story;

/// A paired story with its indexes.
pub(super) struct Case<'s, 'a> {
    pub(super) story: &'s Story<'a>,
    pub(super) joined: &'s Joined,
    /// Where among the links those begin that lead away from each call; they are in that order.
    from: Vec<u32>,
    /// The links by the call that they lead to, and where among those each call's begin.
    by_to: Vec<u32>,
    to: Vec<u32>,
    names: HashMap<ProcId, String>,
    loops: OnceCell<Loops>,
    failed_binds: OnceCell<Vec<usize>>,
}

impl<'s, 'a> Case<'s, 'a> {
    pub(super) fn new(story: &'s Story<'a>, joined: &'s Joined) -> Self {
        let calls = story.calls.len();
        let from = begins(calls, joined.joins.iter().map(|join| join.from));
        let to = begins(calls, joined.joins.iter().map(|join| join.to));
        let mut next = to.clone();
        let mut by_to: Vec<u32> = vec![0; joined.joins.len()];
        for (n, join) in (0..).zip(&joined.joins) {
            let place = &mut next[join.to];
            by_to[*place as usize] = n;
            *place += 1;
        }
        drop(next);
        let names = names::names(story);
        let (loops, failed_binds) = Default::default();
        Self { story, joined, from, by_to, to, names, loops, failed_binds }
    }

    pub(super) fn line(&self, call: usize) -> &'a Call {
        self.story.calls[call]
    }

    /// The links that lead away from a call.
    pub(super) fn from(&self, call: usize) -> &'s [Join] {
        &self.joined.joins[self.from[call] as usize..self.from[call + 1] as usize]
    }

    /// The links that lead to a call.
    pub(super) fn to(&self, call: usize) -> impl Iterator<Item = &'s Join> + '_ {
        let all = &self.by_to[self.to[call] as usize..self.to[call + 1] as usize];
        all.iter().map(|&n| &self.joined.joins[n as usize])
    }

    /// The one link of a kind that leads to a call.
    pub(super) fn linked(&self, call: usize, kind: &LinkKind) -> Option<usize> {
        self.to(call).find(|join| join.kind == *kind).map(|join| join.from)
    }

    /// A program's name, with its process id where others have the same name.
    pub(super) fn name(&self, proc: ProcId) -> &str {
        self.names.get(&proc).map_or("a program", String::as_str)
    }

    /// A program's name alone: what is said of one of several that do the same holds for all of them.
    pub(super) fn kind(&self, proc: ProcId) -> &'a str {
        self.story.procs.get(&proc).map_or("", |proc| &proc.name)
    }

    /// Where a socket for datagrams is: as it knows itself, or as who received from it was told.
    pub(super) fn place(&self, sock: usize) -> Option<Place> {
        let told = |n: usize| {
            let join = self.from(n).iter().find(|join| join.kind == LinkKind::Dgram)?;
            Place::new(self.line(join.to).args.addr.as_deref()?)
        };
        let by_others = || self.story.calls_on(sock).find_map(|(n, _)| told(n));
        self.story.local(sock).or_else(by_others)
    }

    /// The status with which a program ended by itself, where that tells of a failure.
    pub(super) fn failure(&self, proc: ProcId) -> Option<i32> {
        // Whom somebody ended by Ctrl-C or by kill has not failed.
        const INTENDED: [i32; 3] = [0, 128 + 2, 128 + 15];
        let nth = self.story.started.iter().position(|&started| started == proc)?;
        let status = (*self.story.end?.exit.get(nth)?)?;
        let is_meant = INTENDED.contains(&status) || self.story.is_stopped(proc);
        (!is_meant).then_some(status)
    }

    /// The waits in loops; most records are never asked for them.
    pub(super) fn loops(&self) -> &Loops {
        self.loops.get_or_init(|| Loops::new(self.story))
    }

    /// The calls by which somebody wanted to be at a place, and that failed: each datagram that is lost asks for them.
    pub(super) fn failed_binds(&self) -> &[usize] {
        let is_failed = |call: &Call| {
            matches!(call.call, CallKind::Bind | CallKind::Listen) && call.err.is_some()
        };
        self.failed_binds.get_or_init(|| {
            let calls = self.story.calls.iter().enumerate();
            calls.filter(|(_, call)| is_failed(call)).map(|(n, _)| n).collect()
        })
    }

    /// Who made a call.
    pub(super) fn who(&self, call: usize) -> &str {
        self.name(self.line(call).proc)
    }

    /// The other end of a connection; none where both ends are one.
    pub(super) fn mate(&self, sock: usize) -> Option<usize> {
        self.joined.mates[sock].filter(|&mate| mate != sock)
    }

    /// Whom a socket speaks with and nobody else: the other end of a connection or of a pair. Many may speak with a socket that
    /// takes datagrams.
    pub(super) fn partner(&self, sock: usize) -> Option<usize> {
        let is_alone = !self.story.is_dgram(sock) || self.story.socks[sock].from == Origin::Pair;
        self.mate(sock).filter(|_| is_alone)
    }

    /// Who is at the other end: a program, or an address where the record has no more.
    pub(super) fn peer(&self, sock: usize) -> String {
        let known = self.mate(sock).and_then(|mate| self.story.proc(mate));
        match (known, self.story.peer_text(sock)) {
            (Some(proc), _) => self.name(proc).to_owned(),
            (None, Some(address)) if !address.is_empty() => format!("the peer at {address}"),
            (None, _) => "the peer".to_owned(),
        }
    }

    pub(super) fn is_tcp(&self, sock: usize) -> bool {
        is_tcp(&self.story.socks[sock])
    }

    /// Whether bytes on it have no boundaries.
    pub(super) fn is_stream(&self, sock: usize) -> bool {
        self.story.socks[sock].kind == Kind::Stream
    }

    /// What is said to keep no boundaries.
    pub(super) fn stream(&self, sock: usize) -> &'static str {
        if self.is_tcp(sock) { "TCP" } else { "a stream" }
    }

    /// The last value that an option was given on a socket before `t`, by its C name.
    pub(super) fn option(&self, sock: usize, name: &str, t: u64) -> Option<&'a Value> {
        let set =
            self.story.calls_on(sock).take_while(|(_, call)| call.enter < t).filter(|(_, call)| {
                call.call == CallKind::Setsockopt
                    && call.err.is_none()
                    && text(call, "name") == Some(name)
            });
        set.last().and_then(|(_, call)| call.args.more.get("value"))
    }

    /// Whether an option was switched on before `t`.
    pub(super) fn has_option(&self, sock: usize, name: &str, t: u64) -> bool {
        match self.option(sock, name, t) {
            Some(Value::Bool(on)) => *on,
            Some(value) => value.as_i64().is_some_and(|n| n != 0),
            None => false,
        }
    }

    /// The call that a socket's bytes were last asked for, or put in, by name.
    pub(super) fn first(&self, sock: usize, kind: &CallKind) -> Option<(usize, &'a Call)> {
        let done = |call: &Call| call.call == *kind && call.err.is_none();
        self.story.calls_on(sock).find(|(_, call)| done(call))
    }
}

/// Where each call's links begin, and where the last one's end, when they stand by call.
fn begins(calls: usize, of: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut begins = vec![0; calls + 1];
    for call in of {
        begins[call + 1] += 1;
    }
    for call in 0..calls {
        begins[call + 1] += begins[call];
    }
    begins
}

/// The name by which a program called, as far as the record has it. The C library makes the `sendto` of the kernel out of its
/// own `send`: with an address alone it is what it is called.
pub(super) fn called(call: &Call) -> &str {
    match call.sys.as_deref() {
        Some("sendto" | "recvfrom") if call.args.addr.is_none() => call.call.as_str(),
        Some("accept4") | None => call.call.as_str(),
        Some("pselect6") => "select",
        Some("ppoll") => "poll",
        Some("epoll_pwait" | "epoll_pwait2") => "epoll_wait",
        Some(sys) => sys,
    }
}

/// A number among a call's other arguments.
pub(super) fn number(call: &Call, name: &str) -> Option<u64> {
    call.args.more.get(name)?.as_u64()
}

/// A word among a call's other arguments.
pub(super) fn text<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    call.args.more.get(name)?.as_str()
}

/// A list among a call's other arguments.
pub(super) fn list<'c>(call: &'c Call, name: &str) -> &'c [Value] {
    call.args.more.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `1 send`, `3 sends`.
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", crate::text::count(n as u64), if n == 1 { "" } else { "s" })
}

/// `6 B`, `6 and 4 B`, `6, 4, 6 … B`.
pub(super) fn sizes(all: &[u64]) -> String {
    let texts: Vec<String> = all.iter().take(3).map(|&n| crate::text::count(n)).collect();
    match (&texts[..], all.len()) {
        ([one], 1) => format!("{one} B"),
        ([rest @ .., last], 2..=3) => format!("{} and {last} B", rest.join(", ")),
        _ => format!("{} … B", texts.join(", ")),
    }
}

/// A time in ns as a sentence has it, in plain letters: `0.2 ms`, `40 ms`, `2.1 s`.
pub(super) fn took(t: u64) -> String {
    let time = Duration::from_nanos(t);
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..0.095 => format!("{ms:.2} ms"),
        ..9.95 => format!("{ms:.1} ms"),
        ..999.5 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_a_sentence() {
        assert_eq!(sizes(&[6]), "6 B");
        assert_eq!(sizes(&[6, 4]), "6 and 4 B");
        assert_eq!(sizes(&[6, 4, 1000]), "6, 4 and 1,000 B");
        assert_eq!(sizes(&[6, 4, 6, 1]), "6, 4, 6 … B");
        assert_eq!(counted(1, "send"), "1 send");
        assert_eq!(counted(2, "send"), "2 sends");
        let times = [13_000, 200_000, 40_100_000, 999_600_000, 2_130_000_000].map(took);
        assert_eq!(times, ["0.01 ms", "0.2 ms", "40 ms", "1.0 s", "2.1 s"]);
    }
}
