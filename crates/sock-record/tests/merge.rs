//! Several recordings made one: numbers, times, clocks that disagree.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arbitrary;

use std::collections::BTreeSet;

use proptest::prelude::*;
use sock_record::{
    Call, CallKind, Dir, End, Ev, Family, Kind, Line, Link, Meta, Note, Origin, Proc, ProcId, Sock,
    SockId, merge, split,
};

const MS: u64 = 1_000_000;
const CLIENT: &str = "127.0.0.1:40000";
const SERVER: &str = "[::ffff:127.0.0.1]:7";

/// One end of a connection: `moves` are whether it sent, when (ms after t0), and how much.
fn side(source: &str, t0: Option<u64>, origin: Origin, moves: &[(bool, u64, i64)]) -> Vec<Line> {
    let is_server = origin == Origin::Accept;
    let (local, peer) = if is_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
    let mut sock = Sock::new(SockId(1), Family::Inet, Kind::Stream, origin, 0);
    (sock.local, sock.peer) = (Some(local.into()), Some(peer.into()));
    let meta = Meta { t0_unix_ns: t0, ..Meta::new(source) };
    let mut lines = vec![meta.into(), Proc::new(ProcId(1), source, 0).into(), sock.into()];
    for (ev, &(sent, at, len)) in (1..).zip(moves) {
        let kind = if sent { CallKind::Send } else { CallKind::Recv };
        let mut call = Call::new(Ev(ev), ProcId(1), kind, at * MS);
        (call.sock, call.exit, call.ret) = (Some(SockId(1)), Some(at * MS), Some(len));
        call.dir = Some(if sent { Dir::Out } else { Dir::In });
        lines.push(call.into());
    }
    lines.push(End { t: 90 * MS, exit: vec![Some(0)], dropped: 1 }.into());
    lines
}

/// What each process did, in ms since the common t0.
fn times(lines: &[Line], proc: u32) -> Vec<u64> {
    let calls =
        lines.iter().filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None });
    calls.filter(|call| call.proc == ProcId(proc)).map(|call| call.enter / MS).collect()
}

fn notes(lines: &[Line]) -> Vec<&Note> {
    lines
        .iter()
        .filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None })
        .collect()
}

const ASKS: &[(bool, u64, i64)] = &[(true, 10, 3), (false, 14, 22)];

#[test]
fn both_ends_have_one_time_and_numbers_of_their_own() {
    let server = side("serve", Some(500 * MS), Origin::Accept, &[(false, 511, 3), (true, 512, 22)]);
    let client = side("send", Some(1_000 * MS), Origin::Socket, ASKS);
    let merged = merge([server, client]);
    assert_eq!((times(&merged, 1), times(&merged, 2)), (vec![511, 512], vec![510, 514]));
    let metas: Vec<_> = merged.iter().filter(|line| matches!(line, Line::Meta(_))).collect();
    let meta = Meta { t0_unix_ns: Some(500 * MS), ..Meta::new("serve, send") };
    assert_eq!(metas, [&Line::from(meta)]);
    let end = End { t: 590 * MS, exit: vec![Some(0), Some(0)], dropped: 2 };
    assert_eq!(merged.last(), Some(&Line::from(end)));
    assert_eq!(notes(&merged), Vec::<&Note>::new());
}

#[test]
fn a_clock_that_is_wrong_is_put_right_as_far_as_it_must_and_that_is_said() {
    for wrong in [-3_600_000_i64, -2_000, 2_000, 3_600_000] {
        // The server's clock is wrong by so many ms.
        let t0 = 10_000_000_u64.checked_add_signed(wrong).unwrap();
        let server =
            side("serve", Some(t0 * MS), Origin::Accept, &[(false, 11, 3), (true, 12, 22)]);
        let client = side("send", Some(10_000_000 * MS), Origin::Socket, ASKS);
        for merged in [merge([client.clone(), server.clone()]), merge([server, client])] {
            let of = |kind: CallKind, len: i64| {
                let is_it = |line: &&Line| matches!(line, Line::Call(call) if call.call == kind && call.ret == Some(len));
                let Some(Line::Call(call)) = merged.iter().find(is_it) else {
                    panic!("no {kind} of {len}")
                };
                call.enter
            };
            for len in [3, 22] {
                let (sent, came) = (of(CallKind::Send, len), of(CallKind::Recv, len));
                assert!(sent <= came && came - sent < 5 * MS, "{wrong}: {sent} {came}");
            }
            let [note] = notes(&merged)[..] else { panic!("one note") };
            assert!(note.text.contains("than its clock says"), "{}", note.text);
        }
    }
}

#[test]
fn clocks_that_contradict_themselves_are_left_alone() {
    // By its own clock the client has the answer long before the server had the question.
    let server = side("serve", Some(0), Origin::Accept, &[(false, 500, 3), (true, 900, 22)]);
    let client = side("send", Some(0), Origin::Socket, ASKS);
    let merged = merge([server, client]);
    assert_eq!((times(&merged, 1), times(&merged, 2)), (vec![500, 900], vec![10, 14]));
    assert_eq!(notes(&merged).len(), 0);
}

#[test]
fn a_connection_on_which_nothing_moved_tells_by_how_it_began() {
    let server = side("serve", Some(0), Origin::Accept, &[]);
    let client = side("send", Some(5_000 * MS), Origin::Socket, &[]);
    let merged = merge([client, server]);
    let born: Vec<u64> = merged
        .iter()
        .filter_map(|line| if let Line::Sock(sock) = line { Some(sock.t / MS) } else { None })
        .collect();
    assert_eq!(born, [10, 0], "the accept lies 10 ms before the connect at most");
}

#[test]
fn who_does_not_say_when_it_began_stands_beside_whom_it_spoke_with() {
    let server = side("serve", Some(500 * MS), Origin::Accept, &[(false, 511, 3), (true, 512, 22)]);
    let client = side("send", None, Origin::Socket, ASKS);
    let merged = merge([server, client]);
    assert_eq!(times(&merged, 1), [511, 512]);
    let [sent, got] = times(&merged, 2)[..] else { panic!("two calls") };
    assert!(sent <= 511 && got >= 512, "{sent} {got}");
    assert!(notes(&merged)[0].text.contains("is a guess"));
}

#[test]
fn the_third_is_compared_with_whom_it_spoke_with_wherever_it_stands() {
    // Nothing joins the first to the second but the third, which is both: a relay with a right clock.
    let asks = side("send", Some(9_000 * MS), Origin::Socket, ASKS);
    let mut relay =
        side("relay", Some(9_000 * MS), Origin::Accept, &[(false, 11, 3), (true, 13, 22)]);
    let mut answers =
        side("serve", Some(2_000 * MS), Origin::Accept, &[(false, 12, 3), (true, 12, 22)]);
    let (out, there) = ("127.0.0.1:40001", "127.0.0.1:9");
    let Line::Sock(sock) = &mut answers[2] else { panic!("a socket") };
    (sock.local, sock.peer) = (Some(there.into()), Some(out.into()));
    let mut dialled = sock.clone();
    (dialled.sock, dialled.from) = (SockId(9), Origin::Socket);
    (dialled.local, dialled.peer) = (Some(out.into()), Some(there.into()));
    relay.insert(3, dialled.into());
    for (ev, kind, dir, at, len) in
        [(8, CallKind::Send, Dir::Out, 11, 3), (9, CallKind::Recv, Dir::In, 13, 22)]
    {
        let mut call = Call::new(Ev(ev), ProcId(1), kind, at * MS);
        (call.sock, call.exit, call.ret, call.dir) =
            (Some(SockId(9)), Some(at * MS), Some(len), Some(dir));
        relay.push(call.into());
    }
    let merged = merge([asks, answers, relay]);
    // Moved by 7 s less a millisecond: what the relay sent at 9.011 s arrives then.
    assert_eq!((times(&merged, 1), times(&merged, 2)), (vec![11, 15], vec![12, 12]));
    assert_eq!(notes(&merged).len(), 1);
}

#[test]
fn lines_of_unknown_types_are_kept() {
    let other = Line::from_json(br#"{"type":"mood","ev":1,"good":true}"#).unwrap();
    let mut one = side("serve", None, Origin::Accept, &[]);
    one.push(other.clone());
    assert!(merge([one.clone(), one]).iter().filter(|line| **line == other).count() == 2);
}

/// Every number that a line holds, with what it counts.
fn numbers(line: &Line) -> Vec<(u8, u64)> {
    let socks = |all: &[Option<SockId>]| -> Vec<(u8, u64)> {
        all.iter().flatten().map(|id| (1, u64::from(id.0))).collect()
    };
    match line {
        Line::Proc(proc) => vec![(0, proc.proc.0.into())],
        Line::Sock(sock) => socks(&[Some(sock.sock), sock.listener, sock.mate]),
        Line::Call(call) => {
            let own = [(0, call.proc.0.into()), (2, call.ev.0)];
            own.into_iter().chain(socks(&[call.sock])).collect()
        }
        Line::Link(Link { from, to, .. }) => vec![(2, from.0), (2, to.0)],
        Line::Note(note) => note.ev.iter().map(|ev| (2, ev.0)).collect(),
        Line::Gap(gap) => socks(&[Some(gap.sock)]),
        Line::Meta(_) | Line::End(_) | Line::Other(_) | _ => vec![],
    }
}

fn is_body(line: &Line) -> bool {
    !matches!(line, Line::Meta(_) | Line::End(_))
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_number_stands_for_two(
        all in prop::collection::vec(prop::collection::vec(arbitrary::line(), 1..12), 0..4)
    ) {
        let merged = merge(all.clone());
        if let [one] = &all[..] {
            prop_assert_eq!(&merged, one);
            return Ok(());
        }
        let metas = merged.iter().filter(|line| matches!(line, Line::Meta(_))).count();
        prop_assert!(metas <= 1);
        // Remarks of the merger stand before all lines that were there.
        let count: usize = all.iter().map(|one| one.iter().filter(|line| is_body(line)).count()).sum();
        let body: Vec<&Line> = merged.iter().filter(|line| is_body(line)).collect();
        prop_assert!((count..=count + all.len()).contains(&body.len()));
        let mut body = body[body.len() - count..].iter();
        let mut taken: BTreeSet<(u8, u64)> = BTreeSet::new();
        for one in &all {
            let mut pairs: BTreeSet<((u8, u64), (u8, u64))> = BTreeSet::new();
            for old in one.iter().filter(|line| is_body(line)) {
                let new = body.next().unwrap();
                prop_assert_eq!(std::mem::discriminant(old), std::mem::discriminant(*new));
                let (olds, news) = (numbers(old), numbers(new));
                prop_assert_eq!(olds.len(), news.len());
                pairs.extend(olds.into_iter().zip(news));
            }
            // One to one, in the same order, and apart from everybody else's.
            for two in pairs.iter().collect::<Vec<_>>().windows(2) {
                prop_assert!(two[0].0 != two[1].0);
                prop_assert!(two[0].0.0 != two[1].0.0 || two[0].1 < two[1].1);
            }
            for (_, new) in &pairs {
                prop_assert!(taken.insert(*new));
            }
        }
    }

    #[test]
    fn what_was_put_behind_each_other_comes_apart_again(
        all in prop::collection::vec(prop::collection::vec(arbitrary::line(), 0..6), 0..4)
    ) {
        let begin = |mut lines: Vec<Line>| {
            lines.retain(|line| !matches!(line, Line::Meta(_)));
            lines.insert(0, Meta::new("x").into());
            lines
        };
        let all: Vec<Vec<Line>> = all.into_iter().map(begin).collect();
        prop_assert_eq!(split(all.concat()), all);
    }
}
