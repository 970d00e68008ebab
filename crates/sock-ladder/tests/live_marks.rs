//! Marks of a live ladder: which connection of several a call was on, and bytes that come beside the stream.

mod tape;

use sock_ladder::{Drawing, Live, text};
use sock_record::{CallKind, Kind, Line, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

fn drawn(lines: &[Line], width: usize) -> String {
    let mut live = Live::new(&Drawing { width, ..Drawing::default() });
    for line in lines {
        live.hear(line);
    }
    live.take()
}

/// A connection of the client: a socket at each end, each other's mates, at port 40000 and `n`.
fn connect(tape: &mut Tape, n: u32) {
    let (own, peer) = (format!("127.0.0.1:{}", 40_000 + n), "127.0.0.1:7");
    tape.tcp(n, Origin::Socket, 0, &own, peer);
    tape.tcp(10 + n, Origin::Accept, 0, peer, &own);
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line
            && [n, 10 + n].contains(&sock.sock.0)
        {
            sock.mate = Some(SockId(if sock.sock.0 == n { 10 + n } else { n }));
        }
    }
    let t = u64::from(n) * 1_000;
    tape.call(CLIENT, CallKind::Connect, n, t, t + 50, Ok(0));
    tape.call(SERVER, CallKind::Accept, 10 + n, t, t + 60, Ok(4));
    tape.send(CLIENT, n, t + 100, b"hello");
    tape.recv(SERVER, 10 + n, t + 90, t + 120, b"hello");
}

#[test]
fn of_several_connections_each_call_bears_a_port_and_of_one_none() {
    for width in [40, 80] {
        let mut tape = Tape::default();
        tape.proc(CLIENT, "client").proc(SERVER, "server");
        connect(&mut tape, 1);
        let one = drawn(&tape.lines, width);
        assert!(one.contains("send 5 B") && !one.contains("B :4"), "{one}");
        connect(&mut tape, 2);
        tape.send(CLIENT, 1, 3_000, b"again");
        tape.recv(SERVER, 11, 2_990, 3_020, b"again");
        let two = drawn(&tape.lines, width);
        for call in ["send 5 B :40002", "recv 5 B :40002", "send 5 B :40001", "recv 5 B :40001"] {
            assert_eq!(two.matches(call).count(), 1, "{call}: {two}");
        }
    }
}

#[test]
fn an_urgent_byte_is_drawn_to_who_asked_for_it() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    connect(&mut tape, 1);
    for (who, sock, kind, n) in [(CLIENT, 1, CallKind::Send, 3), (SERVER, 11, CallKind::Recv, 1)] {
        let oob = tape.call(who, kind, sock, 2_000, 2_010, Ok(n));
        (oob.dir, oob.args.flags) = (None, vec!["MSG_OOB".into()].into());
    }
    tape.recv(SERVER, 11, 2_020, 2_030, b"!t");
    tape.end(3_000);
    let ladder = drawn(&tape.lines, 80);
    let row = ladder.lines().find(|line| line.contains(" 1 B urgent ")).expect("the byte");
    assert!(row.contains("send 3 B urgent") && row.ends_with("recv 1 B urgent"), "{ladder}");
    assert!(ladder.contains("\"!t\""), "{ladder}");
}

#[test]
fn who_never_was_connected_has_met_no_reset() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    tape.sock(1, Kind::Stream, Origin::Socket, 0);
    let send = tape.call(CLIENT, CallKind::Send, 1, 100, 110, Err("EPIPE"));
    send.args.flags = vec!["MSG_NOSIGNAL".into()].into();
    tape.end(1_000);
    let page = drawn(&tape.lines, 80);
    assert!(page.contains("send EPIPE"), "{page}");
    assert!(!page.contains("RST") && !page.contains("not recorded"), "{page}");
}

#[test]
fn an_accept_that_a_signal_ended_is_a_row() {
    let page = |signal: &str| {
        let mut tape = Tape::default();
        tape.proc(SERVER, "server");
        tape.sock(1, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
        tape.call(SERVER, CallKind::Listen, 1, 10, 11, Ok(0));
        let accept = tape.call(SERVER, CallKind::Accept, 1, 100, 50_100, Err("EINTR"));
        accept.args.more.insert("signal".into(), signal.into());
        tape.call(SERVER, CallKind::Close, 1, 50_200, 50_210, Ok(0));
        tape.end(60_000);
        let pages = [drawn(&tape.lines, 80), text(&tape.lines, &Drawing::default())];
        pages.map(|page| page.matches("accept EINTR").count())
    };
    assert_eq!(page("SIGALRM"), [1, 1]);
    assert_eq!(page("SIGCHLD"), [0, 0]);
}
