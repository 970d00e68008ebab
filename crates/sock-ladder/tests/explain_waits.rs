//! What is said where a library waits on a program's behalf (`settimeout`): in `poll`, on a non-blocking socket.

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, Live, explain, text};
use sock_record::{CallKind, Line, SockId};
use tape::{CLIENT, SERVER, Tape};

fn about(lines: &[Line], code: &str) -> Vec<String> {
    tape::every_note_is_drawn(lines);
    let notes = explain(lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

fn nonblocking(tape: &mut Tape, who: u32, sock: u32) {
    let call = tape.call(who, "ioctl".into(), sock, 61, 62, Ok(0));
    call.args.more.insert("nonblock".into(), json!(true));
}

/// A poll for one socket from `enter` on; where it found something, or its time was over, at `exit`.
fn poll(tape: &mut Tape, who: u32, sock: u32, enter: u64, returned: Option<(u64, bool)>) {
    let exit = returned.map_or(enter, |(exit, _)| exit);
    let is_ready = returned.is_some_and(|(_, ready)| ready);
    let wait = tape.call(who, CallKind::Wait, sock, enter, exit, Ok(i64::from(is_ready)));
    (wait.sys, wait.sock) = (Some("poll".into()), None);
    let one = json!([{"fd": 3, "sock": sock, "events": ["POLLIN"]}]);
    wait.args.more.insert("watched".into(), one.clone());
    wait.args.more.insert("timeout_ns".into(), json!(50_000_000_000_u64));
    if returned.is_none() {
        (wait.exit, wait.ret) = (None, None);
    } else {
        wait.args.more.insert("ready".into(), if is_ready { one } else { json!([]) });
    }
}

/// The client, which waits with a time limit, has its answer and reads on; the server keeps the connection.
fn kept(returned: Option<(u64, bool)>, deed: impl FnOnce(&mut Tape)) -> Vec<Line> {
    let mut tape = Tape::connected(7);
    nonblocking(&mut tape, CLIENT, 1);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.send(SERVER, 2, 130, b"HELLO").fd = Some(4);
    poll(&mut tape, CLIENT, 1, 135, Some((145, true)));
    tape.recv(CLIENT, 1, 146, 150, b"HELLO");
    poll(&mut tape, CLIENT, 1, 200, returned);
    deed(&mut tape);
    tape.close(SERVER, 2, 2_900_000).args.more.insert("by".into(), json!("exit"));
    tape.end(3_000_000);
    tape.lines
}

#[test]
fn a_close_that_was_forgotten_is_told_to_who_waits_with_a_limit_too() {
    let expected = |long: &str| {
        format!(
            "client waited {long} for more, or for the end, in vain: server holds the socket (fd 4) and neither sends nor \
             closes it; no FIN goes out before it calls close or shutdown(SHUT_WR)"
        )
    };
    assert_eq!(about(&kept(None, |_| ()), "not-closed"), [expected("2.9 s")]);
    assert_eq!(about(&kept(Some((800_200, false)), |_| ()), "not-closed"), [expected("800 ms")]);
    // Ctrl-C ends the wait, and only then closes the server what it held.
    let interrupted = |close: u64| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"hello");
        tape.recv(SERVER, 2, 70, 120, b"hello");
        tape.send(SERVER, 2, 130, b"HELLO").fd = Some(4);
        tape.recv(CLIENT, 1, 110, 150, b"HELLO");
        tape.call(CLIENT, CallKind::Recv, 1, 200, 2_900_200, Err("EINTR"));
        tape.close(SERVER, 2, close);
        tape.end(3_000_000);
        about(&tape.lines, "not-closed")
    };
    assert_eq!(interrupted(2_900_300), [expected("2.9 s")]);
    assert_eq!(interrupted(2_800_000), [""; 0]);
    let answers = |tape: &mut Tape| drop(tape.send(SERVER, 2, 1_900_000, b"late").data.take());
    assert_eq!(about(&kept(Some((800_200, false)), answers), "not-closed"), [""; 0]);
    let ends = |tape: &mut Tape| drop(tape.close(SERVER, 2, 1_900_000).data.take());
    assert_eq!(about(&kept(None, ends), "not-closed"), [""; 0]);
    // Who holds the connection waits for it as well, in the same way.
    let both = |tape: &mut Tape| {
        nonblocking(tape, SERVER, 2);
        poll(tape, SERVER, 2, 300, None);
    };
    assert_eq!(about(&kept(None, both), "not-closed"), [""; 0]);
    assert_eq!(about(&kept(None, both), "deadlock"), [""; 0], "each would have given up by itself");
    let for_ever = |mut lines: Vec<Line>| {
        for line in &mut lines {
            if let Line::Call(call) = line {
                call.args.more.remove("timeout_ns");
            }
        }
        about(&lines, "deadlock").len()
    };
    assert_eq!(for_ever(kept(None, both)), 1);
}

/// A wait in a loop from `enter` on, that was cut at `exit`; `told` and `watched` name sockets.
fn in_loop(
    tape: &mut Tape,
    who: u32,
    sys: &str,
    (enter, exit): (u64, u64),
    socks: [(&str, u32); 1],
) {
    let wait = tape.call(who, CallKind::Wait, 9, enter, exit, Err("EINTR"));
    (wait.sys, wait.sock, wait.fd) = (Some(sys.to_owned().into()), None, Some(3));
    for (list, sock) in socks {
        wait.args.more.insert(list.into(), json!([{"fd": 5, "sock": sock, "events": ["POLLIN"]}]));
    }
}

/// A client that waits in a loop for the end of its answer until it is ended at `until`; then the server closes.
fn in_vain(until: u64, sys: &str, deed: impl FnOnce(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.send(SERVER, 2, 130, b"HELLO").fd = Some(4);
    in_loop(&mut tape, CLIENT, sys, (110, 140), [("ready", 1)]);
    tape.recv(CLIENT, 1, 145, 150, b"HELLO");
    let watched = if sys == "poll" { "watched" } else { "elsewhere" };
    in_loop(&mut tape, CLIENT, sys, (200, until), [(watched, 1)]);
    deed(&mut tape);
    tape.close(SERVER, 2, until + 100).args.more.insert("by".into(), json!("exit"));
    tape.end(until + 1_000);
    about(&tape.lines, "not-closed")
}

#[test]
fn a_close_that_was_forgotten_is_told_to_who_waits_in_a_loop_too() {
    let expected = |sys: &str| {
        format!(
            "client waited 2.9 s in {sys} for more, or for the end, in vain: server holds the socket (fd 4) and neither sends \
             nor closes it; no FIN goes out before it calls close or shutdown(SHUT_WR)"
        )
    };
    assert_eq!(in_vain(2_900_200, "poll", |_| ()), [expected("poll")]);
    assert_eq!(in_vain(2_900_200, "epoll_wait", |_| ()), [expected("epoll_wait")]);
    assert_eq!(in_vain(800_200, "poll", |_| ()), [""; 0], "it may only have been in between");
    // A server that watches it waits for the next question.
    for sys in ["poll", "epoll_wait"] {
        let watches = |tape: &mut Tape| {
            in_loop(tape, SERVER, sys, (210, 2_900_300), [("watched", 2)]);
        };
        assert_eq!(in_vain(2_900_200, "poll", watches), [""; 0]);
    }
    let closes = |tape: &mut Tape| drop(tape.close(SERVER, 2, 300).data.take());
    assert_eq!(in_vain(2_900_200, "poll", closes), [""; 0]);
    // Nobody owes an answer to who has just asked.
    let asks = |tape: &mut Tape| drop(tape.send(CLIENT, 1, 170, b"?").data.take());
    assert_eq!(in_vain(2_900_200, "poll", asks), [""; 0]);
}

#[test]
fn an_answer_that_may_lie_in_a_buffer_is_told_of() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello\n");
    tape.recv(SERVER, 2, 70, 120, b"hello\n").fd = Some(4);
    tape.call(CLIENT, CallKind::Recv, 1, 200, 2_900_200, Err("EINTR"));
    tape.end(3_000_000);
    let expected = "client waited 2.9 s for an answer, or for the end, in vain: server received all that was sent, and neither \
                    answers nor closes the socket (fd 4); an answer that it has written may lie in a buffer of its own, which it \
                    has to flush";
    assert_eq!(about(&tape.lines, "not-closed"), [expected]);
}

#[test]
fn a_wait_that_never_returned_stands_for_its_call() {
    let lines = kept(None, |_| ());
    let page = text(&lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(page.contains("recv still waiting"), "{page}");
    let mut live = Live::new(&Drawing { width: 100, ..Drawing::default() });
    for mut told in lines {
        if let Line::Sock(sock) = &mut told {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
        live.hear(&told);
    }
    let page = live.take();
    assert!(page.contains("recv still waiting"), "{page}");
}

#[test]
fn who_was_told_and_found_nothing_was_not_alone() {
    let mut tape = Tape::connected(7);
    nonblocking(&mut tape, SERVER, 2);
    tape.send(CLIENT, 1, 100, b"hello");
    poll(&mut tape, SERVER, 2, 70, Some((120, true)));
    tape.call(SERVER, CallKind::Recv, 2, 130, 132, Err("EAGAIN"));
    assert_eq!(
        about(&tape.lines, "would-block"),
        [
            "nothing to receive any more, though poll had told that there was: another may have been faster; the socket of \
             server is non-blocking, so recv returned at once with EAGAIN, which is no failure"
        ]
    );
}

#[test]
fn a_connect_with_a_limit_is_said_to_go_on_by_itself() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    tape.tcp(1, sock_record::Origin::Socket, 0, "127.0.0.1:40000", "127.0.0.1:7");
    nonblocking(&mut tape, CLIENT, 1);
    tape.call(CLIENT, CallKind::Connect, 1, 100, 110, Err("EINPROGRESS"));
    poll(&mut tape, CLIENT, 1, 120, Some((310, true)));
    assert_eq!(
        about(&tape.lines, "would-block"),
        [
            "connect goes on by itself (EINPROGRESS, which is no failure), because the socket of client is non-blocking; poll \
             woke it 0.2 ms later"
        ]
    );
}

/// Both wait to receive for three seconds, and are ended then; each call on the server's side may be another.
fn silent(deed: impl FnOnce(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    let wait = tape.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0));
    (wait.exit, wait.ret) = (None, None);
    deed(&mut tape);
    tape.close(SERVER, 2, 2_900_000).args.more.insert("by".into(), json!("exit"));
    tape.note("stopped", "sock ended server here");
    tape.end(3_000_000);
    about(&tape.lines, "deadlock")
}

#[test]
fn a_receive_with_a_limit_of_its_own_is_no_deadlock() {
    let limit = |tape: &mut Tape, microseconds: u64| {
        let set = tape.call(SERVER, CallKind::Setsockopt, 2, 130, 131, Ok(0));
        set.args.more.insert("name".into(), json!("SO_RCVTIMEO"));
        set.args.more.insert("value".into(), json!({ "microseconds": microseconds }));
    };
    let wait = |tape: &mut Tape| {
        drop(tape.call(SERVER, CallKind::Recv, 2, 200, 2_900_000, Err("EINTR")).data.take());
    };
    let limited = silent(|tape| {
        limit(tape, 4_000_000);
        wait(tape);
    });
    assert_eq!(limited, [""; 0]);
    // 0 is no limit.
    let unlimited = silent(|tape| {
        limit(tape, 4_000_000);
        limit(tape, 0);
        wait(tape);
    });
    let expected = "a deadlock: client waits to receive from server, which waits to receive from it, for 2.9 s, until sock ended \
                    them, and nothing is on its way; one of them has to send, or to end its direction with shutdown; client spoke last, without a line end: if \
                    server reads lines, it waits for one, and if it reads to the end, for shutdown(SHUT_WR)";
    assert_eq!(unlimited, [expected]);
}

#[test]
fn a_receive_that_wants_all_its_bytes_waits_though_it_has_some() {
    let all = |flag: &str| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"hello");
        let got = tape.recv(SERVER, 2, 70, 2_900_000, b"hello");
        (got.args.len, *got.args.flags) = (Some(10), vec![flag.into()]);
        let wait = tape.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0));
        (wait.exit, wait.ret) = (None, None);
        tape.close(SERVER, 2, 2_900_010).args.more.insert("by".into(), json!("exit"));
        tape.note("stopped", "sock ended server here");
        tape.end(3_000_000);
        about(&tape.lines, "deadlock").len()
    };
    assert_eq!((all("MSG_WAITALL"), all("MSG_NOSIGNAL")), (1, 0));
}
