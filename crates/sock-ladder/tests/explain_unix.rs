//! What is said of sockets within one machine: who is not there, whose queue is full, what stays in it.

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, explain, text};
use sock_record::{CallKind, Family, Kind, Line, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

fn about(lines: &[Line], code: &str) -> Vec<String> {
    tape::every_note_is_drawn(lines);
    let notes = explain(lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

/// A unix socket of a program.
fn unix(tape: &mut Tape, id: u32, kind: Kind, names: [Option<&str>; 2]) {
    let sock = tape.sock(id, kind, Origin::Socket, 0);
    sock.family = Family::Unix;
    [sock.local, sock.peer] = names.map(|name| name.map(Into::into));
}

/// Socket 1 of the client sends to socket 2 of the server, which is bound to `@there`.
fn bound() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    unix(&mut tape, 1, Kind::Dgram, [None, Some("@there")]);
    unix(&mut tape, 2, Kind::Dgram, [Some("@there"), None]);
    tape.call(SERVER, CallKind::Bind, 2, 10, 11, Ok(0)).args.addr = Some("@there".into());
    tape
}

/// Socket 1 of the client and socket 2 of the server are a pair.
fn pair() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    for (id, mate) in [(1, 2), (2, 1)] {
        let sock = tape.sock(id, Kind::Dgram, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    tape
}

#[test]
fn a_refused_datagram_of_a_unix_socket_is_no_word_about_an_earlier_one() {
    let mut tape = bound();
    tape.send(CLIENT, 1, 100, b"hi");
    tape.recv(SERVER, 2, 90, 115, b"hi");
    tape.close(SERVER, 2, 200);
    tape.call(CLIENT, CallKind::Send, 1, 1_190, 1_200, Err("ECONNREFUSED"));
    let expected = "send by client failed at once (ECONNREFUSED), and nothing was sent: server, which had been bound to @there, \
                    had closed its socket 1.0 ms earlier; let the receiver keep its socket open until all have sent";
    assert_eq!(about(&tape.lines, "nobody-bound"), [expected]);

    let mut tape = pair();
    tape.close(SERVER, 2, 200);
    tape.call(CLIENT, CallKind::Send, 1, 1_190, 1_200, Err("ECONNREFUSED"));
    let expected = "send by client failed at once (ECONNREFUSED), and nothing was sent: server had closed the other end 1.0 ms \
                    earlier; let the receiver keep its socket open until all have sent";
    assert_eq!(about(&tape.lines, "nobody-bound"), [expected]);

    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    unix(&mut tape, 1, Kind::Dgram, [None, None]);
    let send = tape.call(CLIENT, CallKind::Send, 1, 100, 110, Err("ECONNREFUSED"));
    send.args.addr = Some("/run/there".into());
    let expected = "send by client failed at once (ECONNREFUSED), and nothing was sent: nobody was bound to /run/there; start \
                    the receiver first";
    assert_eq!(about(&tape.lines, "nobody-bound"), [expected]);
}

#[test]
fn a_datagram_that_stays_in_the_queue_of_a_unix_socket_is_told_and_drawn_open() {
    let mut tape = pair();
    tape.send(CLIENT, 1, 100, b"one");
    let queued =
        "never received: server had the other end but did not receive it; it was still queued";
    tape.close(CLIENT, 1, 150);
    tape.close(SERVER, 2, 200);
    let closed = format!("{queued} when that socket was closed, and went with it");
    assert_eq!(about(&tape.lines, "not-received"), [closed]);
    let page = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(!page.contains("not recorded") && page.contains("server"), "{page}");
    assert!(!page.contains("►"), "it arrived nowhere: {page}");

    let mut tape = pair();
    tape.send(CLIENT, 1, 100, b"one");
    tape.recv(SERVER, 2, 90, 120, b"one");
    assert_eq!(about(&tape.lines, "not-received"), [""; 0]);

    let mut tape = bound();
    tape.send(CLIENT, 1, 100, b"hi");
    let expected = "never received: server was bound to @there but did not receive it; it was still queued at the end";
    assert_eq!(about(&tape.lines, "not-received"), [expected]);
}

#[test]
fn who_has_received_nothing_does_not_read_slowly() {
    let full = |reads: bool| {
        let mut tape = pair();
        tape.send(CLIENT, 1, 100, b"one");
        if reads {
            tape.recv(SERVER, 2, 90, 120, b"one");
        }
        let send = tape.call(CLIENT, CallKind::Send, 1, 200, 201, Err("EAGAIN"));
        send.args.more.insert("flags".into(), json!(["MSG_DONTWAIT"]));
        tape.close(SERVER, 2, 900);
        about(&tape.lines, "would-block").remove(0)
    };
    assert!(full(false).starts_with("the buffer is full: server had received nothing of it yet;"));
    assert!(full(true).starts_with("the buffer is full: server reads more slowly;"));
}

#[test]
fn a_connect_without_a_place_in_the_backlog_has_begun_nothing() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    for id in 1..4 {
        unix(&mut tape, id, Kind::Stream, [None, None]);
        let connect = tape.call(CLIENT, CallKind::Connect, id, 100, 101, Err("EAGAIN"));
        connect.args.addr = Some("@there".into());
    }
    tape.tcp(9, Origin::Socket, 0, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 9, 200, 201, Err("EINPROGRESS"));
    let expected = [
        "the backlog of @there is full; the socket of client is non-blocking, so connect returned at once with EAGAIN: nothing \
         was begun and nothing goes on; call connect again when the listener has accepted some of those that wait (× 3)",
        "connect goes on by itself (EINPROGRESS, which is no failure), because the socket of client is non-blocking",
    ];
    assert_eq!(about(&tape.lines, "would-block"), expected);
}

#[test]
fn a_server_that_knows_its_last_client_still_answers_others() {
    let mut tape = bound();
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
    }
    tape.send(SERVER, 2, 100, b"hi").args.addr = Some("@elsewhere".into());
    assert_eq!(about(&tape.lines, "not-received"), [""; 0]);
    let page = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(page.contains("@elsewhere"), "{page}");
}
