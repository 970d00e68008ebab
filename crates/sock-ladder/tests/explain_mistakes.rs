//! Explanations of what first programs get wrong: calls on a socket that is not ready, datagrams to who is not there.

mod tape;

use sock_ladder::{explain, page};
use sock_record::{CallKind, Kind, Line, Origin};
use tape::{CLIENT, SERVER, Tape};

fn about(tape: &Tape, code: &str) -> Vec<String> {
    assert!(page(code).is_some());
    explain(&tape.lines)
        .into_iter()
        .filter(|note| note.code == code)
        .map(|note| note.text)
        .collect()
}

/// All codes that are said of it.
fn codes(tape: &Tape) -> Vec<String> {
    explain(&tape.lines).into_iter().map(|note| note.code).collect()
}

/// A program and its fresh socket 1.
fn alone(kind: Kind) -> Tape {
    let mut tape = Tape::default();
    tape.proc(SERVER, "server").sock(1, kind, Origin::Socket, 0);
    tape
}

fn bind(tape: &mut Tape, address: &str, came: Result<i64, &str>) {
    tape.call(SERVER, CallKind::Bind, 1, 10, 11, came).args.addr = Some(address.into());
}

#[test]
fn accept_without_listen_is_told() {
    let mut tape = alone(Kind::Stream);
    tape.call(SERVER, CallKind::Accept, 1, 100, 101, Err("EINVAL"));
    let expected = "server called accept on a socket that does not listen, and so nobody can call it: call bind, then listen, \
                    and then accept";
    assert_eq!(about(&tape, "not-listening"), [expected]);
    let mut tape = alone(Kind::Stream);
    bind(&mut tape, "127.0.0.1:80", Ok(0));
    tape.call(SERVER, CallKind::Accept, 1, 100, 101, Err("EINVAL"));
    assert!(
        about(&tape, "not-listening")[0].ends_with(": call listen after bind, and then accept")
    );
    tape.call(SERVER, CallKind::Listen, 1, 200, 201, Ok(0));
    assert_eq!(codes(&tape), ["not-listening"], "it did so too late");
    tape.call(SERVER, CallKind::Listen, 1, 20, 21, Ok(0));
    assert_eq!(codes(&tape), [""; 0], "it listened, and was shut down");
}

#[test]
fn bytes_through_the_socket_that_listens_are_told() {
    let mut tape = alone(Kind::Stream);
    bind(&mut tape, "127.0.0.1:80", Ok(0));
    tape.call(SERVER, CallKind::Listen, 1, 20, 21, Ok(0));
    tape.call(SERVER, CallKind::Recv, 1, 100, 101, Err("ENOTCONN"));
    tape.call(SERVER, CallKind::Send, 1, 110, 111, Err("EPIPE"));
    let expected = "server called recv on the socket that listens: that one only takes calls, and bytes come and go through the \
                    socket that accept returns: call recv on that one";
    assert_eq!(
        about(&tape, "not-connected"),
        [expected.to_owned(), expected.replace("recv", "send")]
    );
    assert_eq!(codes(&tape).len(), 2);
    // A program is told of the call that it knows.
    for line in &mut tape.lines {
        if let Line::Call(call) = line
            && call.err.is_some()
        {
            call.sys = Some(if call.call == CallKind::Recv { "readv" } else { "sendto" }.into());
        }
    }
    let called = [expected.replace("recv", "readv"), expected.replace("recv", "send")];
    assert_eq!(about(&tape, "not-connected"), called);
}

#[test]
fn bytes_without_connect_are_told() {
    let mut tape = alone(Kind::Stream);
    tape.call(SERVER, CallKind::Send, 1, 100, 101, Err("EPIPE"));
    let expected = "server called send on a socket that is connected to nobody: call connect first, or use the socket that \
                    accept returns";
    assert_eq!(about(&tape, "not-connected"), [expected]);
    assert_eq!(codes(&tape), ["not-connected"]);

    let mut tape = alone(Kind::Stream);
    let connect = tape.call(SERVER, CallKind::Connect, 1, 20, 21, Err("ECONNREFUSED"));
    connect.args.addr = Some("127.0.0.1:81".into());
    tape.call(SERVER, CallKind::Send, 1, 100, 101, Err("EPIPE"));
    let expected = "server called send on a socket whose connect had failed: look at what connect returned, and take a new \
                    socket for the next try";
    assert_eq!(about(&tape, "not-connected"), [expected]);
    assert_eq!(codes(&tape), ["refused", "not-connected"]);

    let mut tape = alone(Kind::Dgram);
    tape.call(SERVER, CallKind::Send, 1, 100, 101, Err("EDESTADDRREQ"));
    let expected = "server called send and did not say to whom: give the address with it (sendto), or connect the socket first";
    assert_eq!(about(&tape, "not-connected"), [expected]);

    // Who was connected has a story of its own.
    let mut tape = Tape::connected(7);
    tape.call(CLIENT, CallKind::Recv, 1, 100, 101, Err("ENOTCONN"));
    assert_eq!(about(&tape, "not-connected"), [""; 0]);
}

#[test]
fn an_address_that_is_none_of_this_machine_is_told() {
    let mut tape = alone(Kind::Stream);
    bind(&mut tape, "192.0.2.1:80", Err("EADDRNOTAVAIL"));
    let expected = "server cannot be at 192.0.2.1:80: no interface of this machine has the address 192.0.2.1; bind one that it \
                    has (ip addr shows them), or 0.0.0.0, which is all of them; the address of the other side belongs to connect";
    assert_eq!(about(&tape, "not-here"), [expected]);
}

/// The server was bound to port 5353 and closed its socket at 0.1 ms; the client sends there at `t`.
fn late(t: u64) -> Tape {
    let mut tape = alone(Kind::Dgram);
    bind(&mut tape, "127.0.0.1:5353", Ok(0));
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.local = Some("127.0.0.1:5353".into());
        }
    }
    tape.close(SERVER, 1, 100);
    tape.proc(CLIENT, "client").udp(2, "127.0.0.1:40000");
    tape.send(CLIENT, 2, t, b"hi").args.addr = Some("127.0.0.1:5353".into());
    tape
}

#[test]
fn a_datagram_to_who_has_closed_its_socket_says_when() {
    let expected = "sent into the void: server, which had been bound to 127.0.0.1:5353, had closed its socket 0.9 ms earlier, \
                    and UDP does not tell the sender; let the receiver keep its socket open until all have sent";
    assert_eq!(about(&late(1_005), "nobody-bound"), [expected]);
    // The same where the kernel told the sender.
    let mut tape = late(1_005);
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line
            && sock.sock.0 == 2
        {
            sock.peer = Some("127.0.0.1:5353".into());
        }
    }
    tape.call(CLIENT, CallKind::Recv, 2, 1_100, 1_101, Err("ECONNREFUSED"));
    let told = about(&tape, "nobody-bound");
    assert!(told[0].ends_with("had closed its socket 0.9 ms earlier; let the receiver keep its socket open until all have sent"), "{told:?}");
}

#[test]
fn a_receiver_that_was_never_bound_is_told() {
    let mut tape = alone(Kind::Dgram);
    let receive = tape.call(SERVER, CallKind::Recv, 1, 100, 100, Ok(0));
    (receive.exit, receive.ret) = (None, None);
    tape.proc(CLIENT, "client").udp(2, "127.0.0.1:40000");
    tape.send(CLIENT, 2, 200, b"hi").args.addr = Some("127.0.0.1:5353".into());
    let expected = "server receives on a socket that it never bound: it has no port that anybody could send to, so nothing can \
                    come; call bind before, with the address that the others send to";
    assert_eq!(about(&tape, "not-bound"), [expected]);
    let sent = "sent into the void: no program of this record was bound to 127.0.0.1:5353, and UDP does not tell the sender; \
                server receives on a socket that it never bound: call bind there";
    assert_eq!(about(&tape, "nobody-bound"), [sent]);
    // A client has a port from its first send on.
    let mut tape = alone(Kind::Dgram);
    tape.send(SERVER, 1, 50, b"hi").args.addr = Some("198.51.100.7:53".into());
    let receive = tape.call(SERVER, CallKind::Recv, 1, 100, 100, Ok(0));
    (receive.exit, receive.ret) = (None, None);
    assert_eq!(about(&tape, "not-bound"), [""; 0]);
}

#[test]
fn a_receiver_that_no_datagram_reaches_is_told_where_they_went() {
    let waits = |to: Option<&str>| {
        let mut tape = alone(Kind::Dgram);
        bind(&mut tape, "127.0.0.1:5353", Ok(0));
        for line in &mut tape.lines {
            if let Line::Sock(sock) = line {
                sock.local = Some("127.0.0.1:5353".into());
            }
        }
        let wait = tape.call(SERVER, CallKind::Recv, 1, 100, 100, Ok(0));
        (wait.exit, wait.ret) = (None, None);
        tape.proc(CLIENT, "client").udp(2, "127.0.0.1:40000");
        if let Some(to) = to {
            tape.send(CLIENT, 2, 200, b"hi").args.addr = Some(to.into());
        }
        tape.end(3_000_100);
        about(&tape, "nothing-came")
    };
    let vain = "server waited 3.0 s for a datagram, and none ever came to 127.0.0.1:5353: ";
    let elsewhere = "client sent to 127.0.0.1:5533 instead; one of the two addresses is wrong";
    assert_eq!(waits(Some("127.0.0.1:5533")), [format!("{vain}{elsewhere}")]);
    assert_eq!(waits(None), [format!("{vain}no program of this record sent one there")]);

    // The one received, and has no answer for the other.
    let mut tape = alone(Kind::Dgram);
    bind(&mut tape, "127.0.0.1:5353", Ok(0));
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.local = Some("127.0.0.1:5353".into());
        }
    }
    tape.proc(CLIENT, "client").udp(2, "127.0.0.1:40000");
    tape.send(CLIENT, 2, 200, b"hi").args.addr = Some("127.0.0.1:5353".into());
    tape.recv(SERVER, 1, 100, 220, b"hi").args.addr = Some("127.0.0.1:40000".into());
    let wait = tape.call(CLIENT, CallKind::Recv, 2, 300, 300, Ok(0));
    (wait.exit, wait.ret) = (None, None);
    tape.end(3_000_300);
    let expected = "client waited 3.0 s for an answer, and none ever came: server received what was sent to 127.0.0.1:5353 and \
                    sent nothing back";
    assert_eq!(about(&tape, "nothing-came"), [expected]);
    tape.send(SERVER, 1, 250, b"HI").args.addr = Some("127.0.0.1:40001".into());
    let astray = expected.replace(
        "sent nothing back",
        "sent to 127.0.0.1:40001 afterwards; an answer goes to the address that recvfrom tells of its question",
    );
    assert_eq!(about(&tape, "nothing-came"), [astray]);
}

#[test]
fn what_a_record_says_already_with_a_count_is_not_counted_again() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    for n in 0..5 {
        let (client, server) = (2 * n + 1, 2 * n + 2);
        let (t, port) = (1_000 * u64::from(n), format!("127.0.0.1:{}", 40_000 + n));
        tape.tcp(client, Origin::Socket, t, &port, "127.0.0.1:7");
        tape.tcp(server, Origin::Accept, t + 60, "127.0.0.1:7", &port);
        tape.call(CLIENT, CallKind::Connect, client, t, t + 50, Ok(0));
        tape.call(SERVER, CallKind::Accept, server, t, t + 60, Ok(4));
        for part in 0..5 {
            tape.send(CLIENT, client, t + 100 + 20 * part, b"ab");
        }
        tape.recv(SERVER, server, t + 90, t + 300, b"ababababab");
        tape.close(CLIENT, client, t + 310);
        tape.recv(SERVER, server, t + 320, t + 330, b"");
        tape.close(SERVER, server, t + 340);
    }
    let notes = explain(&tape.lines);
    let counted = notes.iter().filter(|note| note.text.ends_with("(× 5)")).count();
    assert!(counted >= 2, "{notes:?}");
    let joined = sock_ladder::joined(&tape.lines);
    assert_eq!(explain(&joined), [], "all of it was said");
    assert_eq!(sock_ladder::joined(&joined), joined);
}
