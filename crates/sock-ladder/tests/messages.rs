//! Connections that keep messages apart (`SOCK_SEQPACKET`): one send is one receive, and what it does not take is gone.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use proptest::prelude::*;
use sock_ladder::{Drawing, Live, explain, pair, text};
use sock_record::{Family, Kind, Line, LinkKind, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

/// The two ends of a pair, each with a process.
fn pair_of() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    for (id, mate) in [(1, 2), (2, 1)] {
        let sock = tape.sock(id, Kind::Seqpacket, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    tape
}

fn links(lines: &[Line]) -> Vec<(u64, u64)> {
    let all = pair(lines).links.into_iter().map(|paired| paired.link);
    all.filter(|link| link.kind == LinkKind::Dgram).map(|link| (link.from.0, link.to.0)).collect()
}

fn live(lines: &[Line]) -> String {
    let mut live = Live::new(&Drawing { width: 100, ..Drawing::default() });
    for line in lines {
        live.hear(line);
    }
    live.take()
}

#[test]
fn a_short_receive_cuts_its_message_and_no_other() {
    let mut tape = pair_of();
    tape.send(CLIENT, 1, 100, b"hello world");
    tape.send(CLIENT, 1, 200, b"second");
    tape.recv(SERVER, 2, 300, 310, b"hel").args.len = Some(3);
    tape.recv(SERVER, 2, 400, 410, b"second");
    tape.end(1_000);
    assert_eq!(links(&tape.lines), [(1, 3), (2, 4)]);
    let notes = explain(&tape.lines);
    let said: Vec<(&str, &str)> =
        notes.iter().map(|note| (note.code.as_str(), note.text.as_str())).collect();
    assert_eq!(
        said,
        [(
            "cut",
            "a message of 11 B was cut to 3 B, because server asked for no more: the rest is gone; ask for as much as a \
             message may have"
        )]
    );
    let page = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(!page.contains("never") && page.contains("\"second\""), "{page}");
    assert!(!live(&tape.lines).contains("never"), "{}", live(&tape.lines));
    tape::every_note_is_drawn(&tape.lines);
}

#[test]
fn a_message_that_nobody_took_was_never_received() {
    let mut tape = pair_of();
    tape.send(CLIENT, 1, 100, b"one");
    tape.send(CLIENT, 1, 200, b"two");
    tape.recv(SERVER, 2, 300, 310, b"one");
    tape.close(SERVER, 2, 400);
    tape.end(1_000);
    assert_eq!(links(&tape.lines), [(1, 3)]);
    let page = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(page.contains("\"two\" never received"), "{page}");
}

#[test]
fn an_empty_message_is_no_end() {
    let mut tape = pair_of();
    tape.send(CLIENT, 1, 100, b"");
    tape.send(CLIENT, 1, 200, b"x");
    tape.recv(SERVER, 2, 300, 310, b"");
    tape.recv(SERVER, 2, 320, 330, b"x");
    tape.send(CLIENT, 1, 400, b"");
    tape.close(CLIENT, 1, 500);
    tape.recv(SERVER, 2, 600, 610, b"");
    tape.recv(SERVER, 2, 620, 630, b"");
    tape.end(1_000);
    assert_eq!(links(&tape.lines), [(1, 3), (2, 4), (5, 7)]);
    let fins: Vec<(u64, u64)> = pair(&tape.lines)
        .links
        .into_iter()
        .filter(|paired| paired.link.kind == LinkKind::Fin)
        .map(|paired| (paired.link.from.0, paired.link.to.0))
        .collect();
    assert_eq!(fins, [(6, 8)]);
    for page in
        [text(&tape.lines, &Drawing { width: 100, ..Drawing::default() }), live(&tape.lines)]
    {
        assert_eq!(page.matches("recv 0 B: end").count(), 1, "{page}");
        assert_eq!(page.lines().filter(|row| row.ends_with("recv 0 B")).count(), 2, "{page}");
    }
}

proptest! {
    /// Whatever their lengths and the room for them, the first message sent is the first received.
    #[test]
    fn messages_are_taken_in_turn(messages in prop::collection::vec((0_usize..6, 1_usize..6), 0..30), left in 0_usize..4) {
        let mut tape = pair_of();
        for (n, (len, _)) in messages.iter().enumerate() {
            tape.send(CLIENT, 1, 100 + n as u64, &vec![b'x'; *len]);
        }
        let received = messages.len().saturating_sub(left);
        for (n, (len, room)) in messages[..received].iter().enumerate() {
            let t = 1_000 + 10 * n as u64;
            tape.recv(SERVER, 2, t, t + 1, &vec![b'x'; *len.min(room)]).args.len = Some(*room as u64);
        }
        let all = messages.len() as u64;
        let expected: Vec<(u64, u64)> = (1..=received as u64).map(|n| (n, all + n)).collect();
        prop_assert_eq!(links(&tape.lines), expected);
    }
}
