//! The lanes of a live ladder: who stands where while programs come and go, and rows that come late.

mod tape;

use sock_ladder::{Drawing, Live};
use sock_record::{CallKind, Line, Origin, Proc, ProcId, SockId};
use tape::{CLIENT, SERVER, Tape};

fn drawn(lines: &[Line]) -> String {
    let mut live = Live::new(&Drawing::default());
    for line in lines {
        live.hear(line);
    }
    let text = live.take();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

/// A client and its end at the server, each other's mates, connected.
fn connect(tape: &mut Tape, client: u32, server: u32) {
    let (own, peer) = (format!("127.0.0.1:{}", 40_000 + client), "127.0.0.1:7");
    tape.tcp(client, Origin::Socket, 0, &own, peer);
    tape.tcp(10 + client, Origin::Accept, 0, peer, &own);
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line
            && [client, 10 + client].contains(&sock.sock.0)
        {
            sock.mate = Some(SockId(if sock.sock.0 == client { 10 + client } else { client }));
        }
    }
    let t = u64::from(client) * 1_000;
    tape.call(client, CallKind::Connect, client, t, t + 50, Ok(0));
    tape.call(server, CallKind::Accept, 10 + client, t, t + 60, Ok(4));
}

/// The lines that are no rows: those with a name and without a lane.
fn headers(text: &str) -> Vec<&str> {
    let is_name = |line: &&str| {
        !["│", "127.0.0.1", "port", "connected)"].iter().any(|word| line.contains(word))
    };
    text.lines().filter(is_name).collect()
}

#[test]
fn a_header_comes_only_with_a_new_lane_and_is_one_line() {
    let mut tape = Tape::default();
    tape.proc(9, "server");
    for client in 1..=3 {
        tape.proc(client, &format!("client{client}"));
        connect(&mut tape, client, 9);
    }
    for n in 0..20 {
        let (client, t) = (n % 3 + 1, 10_000 + u64::from(n) * 1_000);
        tape.send(client, client, t, b"Hi");
        tape.recv(9, 10 + client, t, t + 20, b"Hi");
    }
    let text = drawn(&tape.lines);
    assert_eq!(headers(&text).len(), 3, "{text}");
    assert!(headers(&text)[2].contains("client1      client2      client3      server"), "{text}");
}

#[test]
fn who_is_there_keeps_a_lane_and_who_comes_when_all_are_taken_shares_one() {
    let mut tape = Tape::default();
    tape.proc(9, "server");
    for client in 1..=6 {
        tape.proc(client, &format!("client{client}"));
        connect(&mut tape, client, 9);
    }
    for n in 0..30 {
        let (client, t) = (n % 6 + 1, 10_000 + u64::from(n) * 1_000);
        tape.send(client, client, t, b"Hi");
        tape.recv(9, 10 + client, t, t + 20, b"Hi");
    }
    let text = drawn(&tape.lines);
    for client in 1..=6 {
        assert!(text.contains(&format!("client{client}")), "each is named once: {text}");
    }
    assert_eq!(headers(&text).len(), 6, "{text}");
}

#[test]
fn who_has_ended_makes_room() {
    let mut tape = Tape::default();
    tape.proc(9, "server");
    for client in 1..=5 {
        tape.proc(client, &format!("client{client}"));
        connect(&mut tape, client, 9);
        tape.close(client, client, u64::from(client) * 1_000 + 100);
        tape.close(9, 10 + client, u64::from(client) * 1_000 + 200);
    }
    let text = drawn(&tape.lines);
    let last = headers(&text).pop().unwrap_or_default();
    assert!(!last.contains("client1") && last.contains("client5"), "{text}");
    assert!(!text.contains('+'), "nobody shares: {text}");
}

#[test]
fn forked_children_share_a_lane_before_clients_do() {
    let mut tape = Tape::default();
    let mut server = Proc::new(ProcId(9), "server", 0);
    server.pid = Some(100);
    tape.lines.push(server.into());
    let listener = tape.sock(30, sock_record::Kind::Stream, Origin::Socket, 0);
    listener.local = Some("127.0.0.1:7".into());
    tape.call(9, CallKind::Listen, 30, 0, 1, Ok(0));
    for client in 1..=3 {
        tape.proc(client, &format!("client{client}"));
        connect(&mut tape, client, 9);
        let mut child = Proc::new(ProcId(20 + client), "server", 0);
        (child.pid, child.ppid, child.how) = (Some(100 + client), Some(100), "fork".into());
        tape.lines.push(child.into());
        let t = u64::from(client) * 1_000;
        tape.send(client, client, t + 200, b"Hi");
        tape.recv(20 + client, 10 + client, t + 100, t + 220, b"Hi");
    }
    let text = drawn(&tape.lines);
    let last = headers(&text).pop().unwrap_or_default();
    assert!(last.contains("client1      client2      client3"), "{text}");
    assert!(last.contains("server +"), "{text}");
}

#[test]
fn a_row_that_began_before_the_one_above_it_is_marked() {
    let mut tape = Tape::connected(9);
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
    }
    tape.shutdown(CLIENT, 1, 120);
    tape.send(SERVER, 2, 90, b"Hi");
    tape.recv(CLIENT, 1, 130, 140, b"Hi");
    let text = drawn(&tape.lines);
    let late: Vec<&str> = text.lines().filter(|line| line.contains('↑')).collect();
    assert_eq!(late.len(), 2, "{text}");
    assert_eq!(late[0], "(↑ began before the row above it, and is told only now)");
    assert!(late[1].starts_with("  0.090 ms↑"), "{text}");
}

#[test]
fn what_arrives_long_after_it_left_stands_where_it_arrives() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"Hi");
    tape.send(CLIENT, 1, 400_000, b"Ho");
    tape.recv(SERVER, 2, 70, 500_000, b"Hi");
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
    }
    let mut live = Live::new(&Drawing::default());
    for line in &tape.lines {
        if let Line::Call(call) = line {
            live.look(call.exit.unwrap_or(0));
        }
        live.hear(line);
    }
    let text = live.take();
    assert!(text.contains("500.000 ms                     │     (1) "), "{text}");
    assert!(!text.contains('↑'), "{text}");
}

#[test]
fn a_datagram_is_answered_to_a_name_though_its_own_send_is_told_later() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(2, "127.0.0.1:7");
    tape.sock(1, sock_record::Kind::Dgram, Origin::Socket, 0);
    tape.recv(SERVER, 2, 50, 120, b"ping").args.addr = Some("127.0.0.1:40000".into());
    tape.send(SERVER, 2, 130, b"pong").args.addr = Some("127.0.0.1:40000".into());
    tape.send(CLIENT, 1, 100, b"ping").args.addr = Some("127.0.0.1:7".into());
    tape.recv(CLIENT, 1, 125, 150, b"pong").args.addr = Some("127.0.0.1:7".into());
    let text = drawn(&tape.lines);
    assert!(!text.contains("not recorded") && text.contains("client"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("ms")).count(), 2, "{text}");
}

#[test]
fn who_takes_the_lane_of_another_of_the_same_name_is_named_by_its_port() {
    let mut tape = Tape::default();
    tape.proc(1, "server").proc(2, "client").proc(3, "client");
    for client in [2, 3] {
        connect(&mut tape, client, 1);
        let t = u64::from(client) * 1_000 + 100;
        tape.close(client, client, t);
        tape.close(1, 10 + client, t + 10);
    }
    let mut live = Live::new(&Drawing { width: 60, ..Drawing::default() });
    for line in &tape.lines {
        live.hear(line);
    }
    let text = live.take();
    let names: Vec<&str> =
        headers(&text).into_iter().filter(|line| line.contains("server")).collect();
    assert_eq!(names.len(), 2, "{text}");
    assert!(names[0].contains("client") && names[1].contains(":40003"), "{text}");
}
