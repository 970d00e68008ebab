//! Threads that send, or receive, on one socket at the same time: the order in which that was heard is not always the kernel's.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use proptest::prelude::*;
use sock_ladder::{Drawing, explain, pair, text};
use sock_record::{Call, CallKind, Dir, Interval, Line, LinkHow, LinkKind};
use tape::{CLIENT, SERVER, Tape};

/// From, to, offset of the first byte, length.
type Plain = (u64, u64, u64, u64);

fn found(lines: &[Line]) -> Vec<(Plain, LinkHow)> {
    let bytes = pair(lines).links.into_iter().map(|paired| paired.link);
    let plain = bytes.filter(|link| link.kind == LinkKind::Bytes).map(|link| {
        let off = link.off.unwrap();
        ((link.from.0, link.to.0, off.start(), off.len()), link.how)
    });
    plain.collect()
}

/// A call that moved these bytes in a thread, and when.
fn moved<'t>(
    tape: &'t mut Tape,
    dir: Dir,
    tid: u32,
    (enter, exit): (u64, u64),
    bytes: &[u8],
) -> &'t mut Call {
    let (who, sock, kind) = match dir {
        Dir::Out => (CLIENT, 1, CallKind::Send),
        Dir::In => (SERVER, 2, CallKind::Recv),
    };
    let call = tape.call(who, kind, sock, enter, exit, Ok(i64::try_from(bytes.len()).unwrap()));
    (call.tid, call.data) = (Some(tid), Some(bytes.into()));
    call
}

/// Two threads that send at once; they are heard in this order.
fn two(heard: [&[u8]; 2], received: &[u8]) -> Vec<Line> {
    let mut tape = Tape::connected(7);
    for (tid, bytes) in (10..).zip(heard) {
        moved(&mut tape, Dir::Out, tid, (100, 120), bytes);
    }
    moved(&mut tape, Dir::In, 20, (90, 140), received);
    tape.lines
}

#[test]
fn what_was_received_tells_who_sent_first() {
    assert_eq!(
        found(&two([b"one", b"three"], b"onethree")),
        [((3, 5, 0, 3), LinkHow::Offset), ((4, 5, 3, 5), LinkHow::Offset)]
    );
    assert_eq!(
        found(&two([b"one", b"three"], b"threeone")),
        [((3, 5, 5, 3), LinkHow::Content), ((4, 5, 0, 5), LinkHow::Content)]
    );
}

#[test]
fn where_nothing_tells_the_order_is_a_guess_and_looks_so() {
    let page = |lines: &[Line]| text(lines, &Drawing { width: 100, ..Drawing::default() });
    let same = two([b"ping", b"ping"], b"pingping");
    assert!(found(&same).iter().all(|(_, how)| *how == LinkHow::Guess));
    assert!(page(&same).contains('╌'), "{}", page(&same));
    let torn = two([b"one", b"three"], b"othreene");
    let pieces = [(3, 5, 0, 1), (3, 5, 6, 2), (4, 5, 1, 5)];
    assert_eq!(found(&torn), pieces.map(|piece| (piece, LinkHow::Content)), "only so it can be");
    let merged: Vec<String> = explain(&torn).into_iter().map(|note| note.text).collect();
    assert!(
        merged[0].starts_with("2 sends by client (3 and 5 B) became 1 receive of 8 B"),
        "{merged:?}"
    );
    // One after the other, there is nothing to guess.
    let mut tape = Tape::connected(7);
    for (tid, at) in [(10, 100), (11, 200)] {
        moved(&mut tape, Dir::Out, tid, (at, at + 20), b"ping");
    }
    moved(&mut tape, Dir::In, 20, (90, 240), b"pingping");
    assert!(found(&tape.lines).iter().all(|(_, how)| *how == LinkHow::Offset));
    assert!(!page(&tape.lines).contains('╌'), "{}", page(&tape.lines));
}

#[test]
fn threads_that_receive_at_once_are_put_in_order_by_what_was_sent() {
    let mut tape = Tape::connected(7);
    moved(&mut tape, Dir::Out, 10, (100, 120), b"one");
    moved(&mut tape, Dir::Out, 10, (130, 150), b"two");
    moved(&mut tape, Dir::In, 20, (90, 160), b"two");
    moved(&mut tape, Dir::In, 21, (91, 161), b"one");
    assert_eq!(
        found(&tape.lines),
        [((3, 6, 0, 3), LinkHow::Content), ((4, 5, 3, 3), LinkHow::Content)]
    );
}

/// Sends of several threads in the kernel's order: the thread, the length, how long before and after the kernel took the
/// bytes the call began and its return was heard.
fn sends() -> impl Strategy<Value = Vec<(usize, usize, u64, u64)>> {
    prop::collection::vec((0_usize..4, 1_usize..6, 0_u64..40, 1_u64..40), 1..24)
}

proptest! {
    /// Against the naive model: every byte of the stream knows who sent it, in the kernel's order.
    #[test]
    fn an_order_that_was_heard_wrongly_is_put_right_by_the_bytes(
        sends in sends(), cuts in prop::collection::vec(1_usize..12, 1..60), given in any::<bool>(),
    ) {
        let mut tape = Tape::connected(7);
        // A thread makes one call after the other.
        let mut over = [0; 4];
        let mut heard: Vec<(u64, u64, usize)> = Vec::new();
        for (n, (thread, _, before, after)) in sends.iter().enumerate() {
            let t = 100 + 10 * n as u64;
            let next = sends[n + 1..].iter().position(|later| later.0 == *thread);
            let exit = (t + after).min(next.map_or(u64::MAX, |next| t + 10 * next as u64 + 5));
            heard.push((exit, (t - before).max(over[*thread]), n));
            over[*thread] = exit + 1;
        }
        heard.sort_unstable();
        let (mut evs, mut heard_at) = (vec![0; sends.len()], 0);
        for (exit, enter, n) in heard {
            let (thread, len, ..) = sends[n];
            let bytes = vec![u8::try_from(n).unwrap(); len];
            let tid = u32::try_from(thread).unwrap();
            let call = moved(&mut tape, Dir::Out, tid, (enter, exit), &bytes);
            call.off = given.then(|| Interval::at(heard_at, len as u64));
            heard_at += len as u64;
            evs[n] = call.ev.0;
        }
        let of = |n: usize| std::iter::repeat_n((evs[n], u8::try_from(n).unwrap()), sends[n].1);
        let stream: Vec<(u64, u8)> = (0..sends.len()).flat_map(of).collect();
        let (mut at, mut expected): (usize, Vec<Plain>) = (0, Vec::new());
        for (n, cut) in cuts.iter().enumerate() {
            let part = &stream[at.min(stream.len())..(at + cut).min(stream.len())];
            if part.is_empty() {
                break;
            }
            let bytes: Vec<u8> = part.iter().map(|(_, byte)| *byte).collect();
            let t = 90_000 + 10 * n as u64;
            let to = moved(&mut tape, Dir::In, 99, (t, t + 5), &bytes).ev.0;
            for (offset, (from, _)) in (at as u64..).zip(part) {
                match expected.last_mut().filter(|last| (last.0, last.1) == (*from, to)) {
                    Some(last) => last.3 += 1,
                    None => expected.push((*from, to, offset, 1)),
                }
            }
            at += cut;
        }
        let mut links = found(&tape.lines);
        // What was not received tells nothing of who sent it; where all was, everything is known.
        if at >= stream.len() {
            prop_assert!(links.iter().all(|(_, how)| *how != LinkHow::Guess), "{links:?}");
        }
        links.sort_by_key(|(plain, _)| plain.2);
        let plain: Vec<Plain> = links.iter().map(|(plain, _)| *plain).collect();
        prop_assert_eq!(plain, expected);
    }
}

#[test]
fn nothing_is_received_before_it_is_sent() {
    let hows = |sent_at: u64, got: &[u8]| -> Vec<LinkHow> {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"one").tid = Some(10);
        tape.send(CLIENT, 1, sent_at, b"two").tid = Some(11);
        tape.recv(SERVER, 2, 90, 130, b"one");
        tape.recv(SERVER, 2, 140, 150, got);
        found(&tape.lines).into_iter().map(|found| found.1).collect()
    };
    assert_eq!(hows(120, b"two"), [LinkHow::Offset, LinkHow::Offset]);
    assert_eq!(hows(200, b"two"), [LinkHow::Offset, LinkHow::Guess], "its bytes agree");
    assert_eq!(hows(200, b"six"), [LinkHow::Offset]);
}

/// Who sends the next piece, how long it is, and whether the call ends with it; and the letter that it is of.
fn pieces() -> impl Strategy<Value = Vec<(usize, usize, bool, u8)>> {
    prop::collection::vec((0_usize..3, 1_usize..6, any::<bool>(), b'a'..b'd'), 1..30)
}

proptest! {
    /// Against the naive model, where a send that waits for room lets others go between its pieces: every link is true to the
    /// byte, however little was kept, and where all bytes differ and are kept, every byte has its link.
    #[test]
    fn pieces_of_sends_that_wait_are_never_linked_wrongly(
        pieces in pieces(), cuts in prop::collection::vec(1_usize..9, 90),
        keep in prop_oneof![Just(usize::MAX), 0_usize..6], differ in any::<bool>(),
    ) {
        // Of each call: its thread, when it began and returned, its bytes.
        let mut calls: Vec<(usize, u64, u64, Vec<u8>)> = Vec::new();
        let mut open: [Option<usize>; 3] = [None; 3];
        let mut stream: Vec<(usize, u8)> = Vec::new();
        for (n, (thread, len, last, letter)) in pieces.iter().enumerate() {
            let t = 1_000 + 10_000 * n as u64;
            let call = open[*thread].unwrap_or_else(|| {
                calls.push((*thread, t - 200, 0, Vec::new()));
                calls.len() - 1
            });
            for _ in 0..*len {
                let byte = if differ { u8::try_from(stream.len()).unwrap() } else { *letter };
                stream.push((call, byte));
                calls[call].3.push(byte);
            }
            calls[call].2 = t + 200;
            open[*thread] = (!last).then_some(call);
        }
        let mut heard: Vec<usize> = (0..calls.len()).collect();
        heard.sort_by_key(|&n| calls[n].2);
        let mut tape = Tape::connected(7);
        let mut evs = vec![0; calls.len()];
        let mut at_heard = 0;
        for n in heard {
            let (thread, enter, exit, bytes) = &calls[n];
            let call = moved(&mut tape, Dir::Out, u32::try_from(*thread).unwrap(), (*enter, *exit), bytes);
            call.data = Some(bytes[..keep.min(bytes.len())].into());
            call.off = Some(Interval::at(at_heard, bytes.len() as u64));
            at_heard += bytes.len() as u64;
            evs[n] = call.ev.0;
        }
        let (mut at, mut got) = (0, vec![(0, 0); stream.len()]);
        for (n, cut) in cuts.iter().enumerate() {
            let part = &stream[at..(at + cut).min(stream.len())];
            if part.is_empty() {
                break;
            }
            let bytes: Vec<u8> = part.iter().map(|(_, byte)| *byte).collect();
            let t = 1_000_000 + 10 * n as u64;
            let call = moved(&mut tape, Dir::In, 99, (t, t + 5), &bytes);
            call.data = Some(bytes[..keep.min(bytes.len())].into());
            got[at..at + part.len()].fill((call.ev.0, at as u64));
            at += part.len();
        }
        let links = found(&tape.lines);
        let mut linked = 0;
        for ((from, to, off, len), how) in links.iter().filter(|(_, how)| *how != LinkHow::Guess) {
            for place in *off..off + len {
                let n = usize::try_from(place).unwrap();
                prop_assert_eq!((*from, *to), (evs[stream[n].0], got[n].0), "byte {} {:?}", place, how);
                linked += 1;
            }
        }
        if differ && keep == usize::MAX {
            prop_assert_eq!(linked, stream.len());
        }
    }
}

#[test]
fn sends_that_may_lie_among_each_other_are_drawn_and_explained_and_not_linked() {
    let mut tape = Tape::connected(7);
    for tid in [10, 11] {
        moved(&mut tape, Dir::Out, tid, (100, 90_000), &vec![b'a'; 30_000]).data =
            Some([b'a'; 64][..].into());
    }
    for t in 1..4 {
        moved(&mut tape, Dir::In, 20, (100 * t, 100 * t + 50), &vec![b'a'; 20_000]).data = None;
    }
    assert_eq!(found(&tape.lines), []);
    let page = text(&tape.lines, &Drawing { width: 100, explain: true, ..Drawing::default() });
    assert_eq!(page.matches("send 30,000 B").count(), 2, "{page}");
    assert_eq!(page.matches("recv 20,000 B").count(), 3, "{page}");
    assert_eq!(page.matches("[interleaved]").count(), 1, "{page}");
    assert!(!page.contains("never read"), "{page}");
}
