//! What a live ladder keeps to, whatever comes: every call is told once, and nothing that was held back is lost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sock_record::{
    Call, CallKind, Dir, End, Ev, Family, Interval, Kind, Line, Origin, Proc, ProcId, Sock, SockId,
};

use super::fold::{Fold, Shown};
use super::row::Row;
use super::*;
use crate::story::{is_eof, is_not_yet};

/// A conversation of a client (1) and a server (2) that is written as it happens.
#[derive(Default)]
struct Story {
    lines: Vec<Line>,
    ev: u64,
    now: u64,
    /// Bytes that were sent and received, in each direction.
    sent: [u64; 2],
    got: [u64; 2],
    ended: [bool; 2],
}

impl Story {
    fn new() -> Self {
        let mut story = Self::default();
        for (id, name) in [(1, "client"), (2, "server")] {
            story.lines.push(Proc::new(ProcId(id), name, 0).into());
        }
        let ends = ["127.0.0.1:40000", "127.0.0.1:9"];
        for (id, from, mate) in [(1, Origin::Socket, 2), (2, Origin::Accept, 1)] {
            let mut sock = Sock::new(SockId(id), Family::Inet, Kind::Stream, from, 0);
            let own = usize::from(id == 2);
            (sock.local, sock.peer) = (Some(ends[own].into()), Some(ends[1 - own].into()));
            sock.mate = Some(SockId(mate));
            story.lines.push(sock.into());
        }
        story.call(0, CallKind::Connect, |call| call.ret = Some(0));
        story.call(1, CallKind::Accept, |call| call.ret = Some(4));
        story
    }

    fn call(&mut self, who: usize, kind: CallKind, tell: impl FnOnce(&mut Call)) {
        let id = u32::try_from(who).unwrap() + 1;
        self.ev += 1;
        self.now += 10_000;
        let mut call = Call::new(Ev(self.ev), ProcId(id), kind, self.now);
        call.sock = Some(SockId(id));
        self.now += 5_000;
        call.exit = Some(self.now);
        tell(&mut call);
        self.lines.push(call.into());
    }

    fn play(&mut self, (who, what, n): (usize, u8, u64)) {
        match what {
            0 | 1 if !self.ended[who] => {
                let off = Interval::at(self.sent[who], n);
                self.sent[who] += n;
                self.call(who, CallKind::Send, |call| moved(call, Dir::Out, off));
            }
            2 | 3 => {
                let there = self.sent[1 - who] - self.got[1 - who];
                if there == 0 && !self.ended[1 - who] {
                    return self.call(who, CallKind::Recv, |call| {
                        (call.ret, call.err) = (Some(-1), Some("EAGAIN".into()));
                        call.dir = Some(Dir::In);
                    });
                }
                let off = Interval::at(self.got[1 - who], there.min(n));
                self.got[1 - who] += off.len();
                self.call(who, CallKind::Recv, |call| moved(call, Dir::In, off));
            }
            4 if !self.ended[who] => {
                self.ended[who] = true;
                self.call(who, CallKind::Shutdown, |call| {
                    (call.ret, call.args.how) = (Some(0), Some("SHUT_WR".into()));
                });
            }
            5 => self.now += 200_000_000,
            6 => {
                // Returns of different tasks are heard in any order.
                let n = self.lines.len();
                if let [.., Line::Call(one), Line::Call(other)] = &self.lines[..]
                    && one.proc != other.proc
                {
                    self.lines.swap(n - 2, n - 1);
                }
            }
            _ => self.call(who, CallKind::Setsockopt, |call| call.ret = Some(0)),
        }
    }

    fn end(&mut self) {
        for who in [0, 1] {
            self.call(who, CallKind::Close, |call| call.ret = Some(0));
        }
        self.lines.push(End { t: self.now, exit: Vec::new(), dropped: 0 }.into());
    }

    /// The calls that a ladder shows.
    fn due(&self) -> BTreeMap<Ev, usize> {
        let mut ends = [false; 3];
        let calls = self
            .lines
            .iter()
            .filter_map(|line| if let Line::Call(c) = line { Some(c) } else { None });
        let is_due = |call: &&Call| {
            let again = is_eof(call) && std::mem::replace(&mut ends[call.proc.0 as usize], true);
            call.call != CallKind::Setsockopt && !is_not_yet(call) && !again
        };
        calls.filter(is_due).map(|call| (call.ev, 1)).collect()
    }
}

fn moved(call: &mut Call, dir: Dir, off: Interval) {
    (call.dir, call.off) = (Some(dir), (!off.is_empty()).then_some(off));
    (call.ret, call.args.len) = (i64::try_from(off.len()).ok(), Some(1 << 16));
}

/// What is held back, drawn or counted.
fn counted(shown: &[Shown], len: usize) -> u64 {
    shown
        .iter()
        .map(|each| match each {
            Shown::Row(_) => 1,
            Shown::Fold { goes_on: true, .. } => 0,
            Shown::Fold { times, .. } => times * len as u64,
            Shown::Skipped(rows) => *rows,
        })
        .sum()
}

fn row(shape: u64, t: u64) -> Row {
    let mut call = Call::new(Ev(t), ProcId(1), CallKind::Send, t);
    (call.exit, call.ret) = (Some(t), Some(0));
    call.args.addr = Some(shape.to_string().into());
    let label = (&*shape.to_string()).into();
    let side = row::Side::of(book::Who::Proc(ProcId(1)), &call, label);
    Row::local(side, &call)
}

proptest! {
    #[test]
    fn every_call_is_told_once(
        plays in prop::collection::vec((0_usize..2, 0_u8..8, 1_u64..30), 0..120),
        looks in any::<bool>(),
    ) {
        let mut story = Story::new();
        for play in plays {
            story.play(play);
        }
        story.end();
        let mut live = Live::new(&Drawing::default());
        for line in &story.lines {
            live.hear(line);
            if let Line::Call(call) = line && looks {
                live.look(call.exit.unwrap_or(0));
            }
        }
        let mut told: BTreeMap<Ev, usize> = BTreeMap::new();
        for ev in &live.told {
            *told.entry(*ev).or_default() += 1;
        }
        prop_assert_eq!(told, story.due());
        prop_assert!(live.desk.waiting.is_empty());
        for line in live.take().lines() {
            prop_assert!(super::super::columns(line) <= 80, "{}", line);
        }
    }

    #[test]
    fn no_row_is_lost_in_a_fold(
        shapes in prop::collection::vec((0_u64..3, 1_usize..12, 1_usize..5), 0..12),
        pause in 1_u64..60_000_000,
    ) {
        let mut fold = Fold::new(true);
        let (mut t, mut pushed) = (0, 0);
        let mut shown = Vec::new();
        for (shape, times, len) in shapes {
            for n in 0..times * len {
                t += pause;
                pushed += 1;
                let new = fold.push(row(shape * 10 + (n % len) as u64, t));
                // What a push ends is the run that the push before it left.
                shown.push((new, fold.pattern()));
            }
        }
        shown.push((fold.settle(), 1));
        shown.push((fold.look(u64::MAX), 1));
        let mut lens = vec![1];
        lens.extend(shown.iter().map(|(_, len)| *len));
        let sum: u64 = shown.iter().zip(&lens).map(|((shown, _), len)| counted(shown, *len)).sum();
        prop_assert_eq!(sum, pushed);
    }
}
