//! Several sockets of one program: where they could be mistaken for each other, the port behind a call tells which it was on.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use sock_ladder::{Drawing, html, mermaid, svg, text};
use sock_record::{CallKind, Line, Origin};
use tape::{CLIENT, SERVER, Tape};
use unicode_width::UnicodeWidthStr;

fn drawing(width: usize) -> Drawing {
    Drawing { width, explain: true, ..Drawing::default() }
}

/// Every drawing has these words, and none of them these others.
fn everywhere(lines: &[Line], has: &[&str], lacks: &[&str]) {
    let page = text(lines, &drawing(100));
    assert!(page.lines().all(|line| line.width() <= 100), "{page}");
    let pages = [
        page,
        svg(lines, &drawing(100)),
        html(lines, &drawing(100)),
        mermaid(lines, &drawing(100)),
    ];
    for page in pages {
        // What a page's script knows of each call stands beside the picture.
        let picture = page.split("id=\"data\"").next().unwrap();
        let picture = picture.replace("#58;", ":");
        for words in has {
            assert!(picture.contains(words), "{words}: {picture}");
        }
        for words in lacks {
            assert!(!picture.contains(words), "{words}: {picture}");
        }
    }
}

/// A client with two connections to one server, used in turns.
fn two_connections() -> Tape {
    let mut tape = Tape::connected(9111);
    tape.tcp(3, Origin::Socket, 70, "127.0.0.1:40001", "127.0.0.1:9111");
    tape.tcp(4, Origin::Accept, 80, "127.0.0.1:9111", "127.0.0.1:40001");
    tape.call(CLIENT, CallKind::Connect, 3, 70, 75, Ok(0));
    tape.call(SERVER, CallKind::Accept, 4, 65, 80, Ok(5));
    tape.send(CLIENT, 1, 100, b"one");
    tape.send(CLIENT, 3, 120, b"two");
    tape.recv(SERVER, 4, 90, 140, b"two");
    tape.recv(SERVER, 2, 150, 160, b"one");
    tape.call(SERVER, CallKind::Recv, 2, 170, 171, Err("EAGAIN"));
    tape.close(CLIENT, 1, 200);
    tape
}

#[test]
fn two_connections_between_the_same_two_are_told_apart_at_both_ends() {
    let tape = two_connections();
    insta::assert_snapshot!(text(&tape.lines, &drawing(80)));
    let has =
        ["send 3 B :40000", "send 3 B :40001", "recv 3 B :40001", "close :40000", "accept :40001"];
    everywhere(&tape.lines, &has, &[]);
    assert!(text(&tape.lines, &drawing(80)).contains("tells which socket"));
}

#[test]
fn one_connection_between_two_needs_no_number() {
    let mut tape = Tape::connected(9111);
    tape.send(CLIENT, 1, 100, b"one");
    tape.recv(SERVER, 2, 90, 140, b"one");
    // Another client, on a lane of its own.
    tape.proc(7, "other");
    tape.tcp(7, Origin::Socket, 200, "127.0.0.1:40007", "127.0.0.1:9111");
    tape.tcp(8, Origin::Accept, 210, "127.0.0.1:9111", "127.0.0.1:40007");
    tape.call(7, CallKind::Connect, 7, 200, 205, Ok(0));
    tape.call(SERVER, CallKind::Accept, 8, 190, 210, Ok(5));
    tape.send(7, 7, 220, b"two");
    tape.recv(SERVER, 8, 215, 240, b"two");
    everywhere(
        &tape.lines,
        &["recv 3 B"],
        &["3 B :", "connect :", "accept :", "tells which socket"],
    );
}

#[test]
fn clients_that_share_a_lane_are_told_apart() {
    let mut tape = Tape::default();
    tape.proc(1, "server");
    for id in 2..9 {
        let (own, peer) = (format!("127.0.0.1:{}", 40_000 + id), "127.0.0.1:9111");
        tape.proc(id, "client");
        tape.tcp(id, Origin::Socket, 0, &own, peer);
        tape.tcp(100 + id, Origin::Accept, 60, peer, &own);
        tape.call(id, CallKind::Connect, id, 0, 50, Ok(0));
        tape.call(1, CallKind::Accept, 100 + id, 0, 60, Ok(4));
        tape.send(id, id, 100, b"one");
        tape.recv(1, 100 + id, 110, 120, b"one");
    }
    let page = text(&tape.lines, &drawing(60));
    assert!(
        page.contains("7 clients") && page.contains(":40002") && page.contains(":40008"),
        "{page}"
    );
    // Where each has a lane, that says it.
    assert!(!text(&tape.lines, &drawing(160)).contains(" :40002"));
}

#[test]
fn two_datagram_sockets_and_two_doors_are_told_apart() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:5001");
    tape.udp(2, "127.0.0.1:5002");
    tape.udp(3, "127.0.0.1:53");
    for (sock, n) in [(1, 0), (2, 100)] {
        tape.send(CLIENT, sock, n, b"who?").args.addr = Some("127.0.0.1:53".into());
        let from = format!("127.0.0.1:{}", 5000 + sock);
        tape.recv(SERVER, 3, n, n + 40, b"who?").args.addr = Some(from.into());
    }
    everywhere(&tape.lines, &["send 4 B :5001", "send 4 B :5002", "recv 4 B"], &["recv 4 B :"]);
    let mut tape = Tape::default();
    tape.proc(SERVER, "server").proc(8, "a").proc(9, "b");
    for (n, port) in [(8, 80), (9, 443)] {
        let (own, peer) = (format!("127.0.0.1:{}", 40_000 + n), format!("127.0.0.1:{port}"));
        let door = tape.sock(30 + n, sock_record::Kind::Stream, Origin::Socket, 0);
        door.local = Some(peer.clone());
        tape.call(SERVER, CallKind::Listen, 30 + n, 0, 1, Ok(0));
        tape.tcp(n, Origin::Socket, 10, &own, &peer);
        tape.tcp(10 + n, Origin::Accept, 20, &peer, &own);
        tape.call(n, CallKind::Connect, n, 10, 15, Ok(0));
        tape.call(SERVER, CallKind::Accept, 10 + n, 5, 20, Ok(4));
    }
    everywhere(&tape.lines, &["accept :80", "accept :443"], &["connect :"]);
}
