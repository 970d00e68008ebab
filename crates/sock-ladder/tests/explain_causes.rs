//! Explanations that look past the call: who was there with the wrong kind of socket, who answered too late, who had ended.

mod tape;

use serde_json::json;
use sock_ladder::{codes, explain};
use sock_record::{CallKind, End, Kind, Line, Origin, ProcHow, SockId};
use tape::{CLIENT, SERVER, Tape};

fn about(tape: &Tape, code: &str) -> Vec<String> {
    assert!(codes().any(|known| known == code));
    tape::every_note_is_drawn(&tape.lines);
    let notes = explain(&tape.lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

/// A server whose socket 2, of one kind, is bound to port 5071, and a client with socket 1 of the other.
fn other_kind(server: Kind) -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    let client = if server == Kind::Dgram { Kind::Stream } else { Kind::Dgram };
    tape.sock(2, server, Origin::Socket, 0).local = Some("127.0.0.1:5071".into());
    tape.sock(1, client, Origin::Socket, 50);
    let bind = tape.call(SERVER, CallKind::Bind, 2, 1, 2, Ok(0));
    bind.args.addr = Some("127.0.0.1:5071".into());
    tape
}

#[test]
fn who_calls_with_tcp_where_somebody_is_bound_with_udp_is_told() {
    let refused = |closed: Option<u64>| {
        let mut tape = other_kind(Kind::Dgram);
        if let Some(closed) = closed {
            tape.close(SERVER, 2, closed);
        }
        let connect = tape.call(CLIENT, CallKind::Connect, 1, 100, 110, Err("ECONNREFUSED"));
        connect.args.addr = Some("127.0.0.1:5071".into());
        about(&tape, "refused")
    };
    let expected = "refused: nobody listens on 127.0.0.1:5071: server is bound there, but with UDP (SOCK_DGRAM), and client calls \
                    with TCP (SOCK_STREAM): use the same kind on both sides";
    assert_eq!(refused(None), [expected]);
    assert!(refused(Some(50))[0].contains("nobody in this record listens anywhere"));
}

#[test]
fn who_sends_with_udp_where_somebody_listens_with_tcp_is_told() {
    let mut tape = other_kind(Kind::Stream);
    tape.call(SERVER, CallKind::Listen, 2, 3, 4, Ok(0));
    tape.send(CLIENT, 1, 100, b"hi").args.addr = Some("127.0.0.1:5071".into());
    let kinds = "server listens there, but with TCP (SOCK_STREAM), and client sends with UDP (SOCK_DGRAM): use the same kind on both \
                 sides";
    assert_eq!(
        about(&tape, "nobody-bound"),
        [format!(
            "sent into the void: no socket of UDP was bound to 127.0.0.1:5071, and UDP does not tell the sender; {kinds}"
        )]
    );
    // The same where the kernel told the sender.
    tape.sock(1, Kind::Dgram, Origin::Socket, 50).peer = Some("127.0.0.1:5071".into());
    tape.call(CLIENT, CallKind::Recv, 1, 200, 210, Err("ECONNREFUSED"));
    let told = about(&tape, "nobody-bound");
    assert!(
        told.len() == 1 && told[0].ends_with(&format!("with its next call; {kinds}")),
        "{told:?}"
    );
}

/// The client asks, and gives up after 200 ms of waiting in poll.
fn gives_up(deed: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = Tape::connected(7);
    let set = tape.call(CLIENT, "ioctl".into(), 1, 61, 62, Ok(0));
    set.args.more.insert("nonblock".into(), json!(true));
    tape.send(CLIENT, 1, 100, b"q");
    poll(&mut tape, 200_200);
    deed(&mut tape);
    tape.end(1_000_000);
    tape
}

/// A wait of the client for its socket, in vain, from 200 on.
fn poll(tape: &mut Tape, exit: u64) {
    let wait = tape.call(CLIENT, CallKind::Wait, 1, 200, exit, Ok(0));
    (wait.sys, wait.sock) = (Some("poll".into()), None);
    wait.args.more.insert("watched".into(), json!([{"fd": 3, "sock": 1, "events": ["POLLIN"]}]));
    wait.args.more.insert("ready".into(), json!([]));
    wait.args.more.insert("timeout_ns".into(), json!((exit - 200) * 1_000));
}

const GAVE_UP: &str = "nothing came for 200 ms, and that is all the time that client had set (in Python: settimeout; poll with a \
                       timeout, before the call itself): recv was given up, and may be tried again";

#[test]
fn an_answer_that_comes_after_the_client_gave_up_is_told_and_nobody_blamed() {
    let late =
        "; server sent 11 B 300 ms later, when nobody received there any more: wait longer for it";
    let answers = |tape: &mut Tape| {
        tape.close(CLIENT, 1, 200_300);
        tape.send(SERVER, 2, 500_200, b"late answer");
    };
    let unheard = gives_up(answers);
    assert_eq!(about(&unheard, "timed-out"), [format!("{GAVE_UP}{late}")]);
    assert_eq!(about(&unheard, "not-read"), [""; 0]);
    let heard = gives_up(|tape| {
        tape.recv(SERVER, 2, 70, 120, b"q");
        answers(tape);
    });
    assert_eq!(about(&heard, "timed-out"), [format!("{GAVE_UP}{late}")]);
    // Who tried again and had it has missed nothing.
    let tried = gives_up(|tape| {
        tape.send(SERVER, 2, 500_200, b"late answer");
        tape.recv(CLIENT, 1, 400_000, 500_220, b"late answer");
    });
    assert_eq!(about(&tried, "timed-out"), [GAVE_UP]);
    let silent = gives_up(|tape| drop(tape.close(CLIENT, 1, 200_300).data.take()));
    assert_eq!(about(&silent, "timed-out"), [GAVE_UP]);
    assert_eq!(about(&silent, "not-read").len(), 1, "nobody ever answered");
}

/// A client, which may never have asked where it is, asks the UDP server at port 5353, which received the question, and gives
/// up after 400 ms.
fn asked(local: Option<&str>, answer: Option<(u64, &str)>) -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(1, Kind::Dgram, Origin::Socket, 0).local = local.map(Into::into);
    tape.udp(2, "127.0.0.1:5353");
    tape.call(SERVER, CallKind::Bind, 2, 0, 1, Ok(0));
    let set = tape.call(CLIENT, "ioctl".into(), 1, 61, 62, Ok(0));
    set.args.more.insert("nonblock".into(), json!(true));
    tape.send(CLIENT, 1, 100, b"time?").args.addr = Some("127.0.0.1:5353".into());
    let got = tape.recv(SERVER, 2, 50, 120, b"time?");
    got.args.addr = Some("127.0.0.1:40000".into());
    poll(&mut tape, 400_200);
    tape.close(CLIENT, 1, 400_300);
    if let Some((t, to)) = answer {
        tape.send(SERVER, 2, t, b"noon").args.addr = Some(to.into());
    }
    tape.end(1_000_000);
    tape
}

#[test]
fn a_limit_of_time_does_not_hide_that_a_server_never_answers() {
    let expected = "client waited 400 ms for an answer, and none ever came: server received what was sent to 127.0.0.1:5353 and \
                    sent nothing back";
    for local in [None, Some("0.0.0.0:40000")] {
        assert_eq!(about(&asked(local, None), "nothing-came"), [expected]);
        let late = asked(local, Some((700_200, "127.0.0.1:40000")));
        assert_eq!(about(&late, "nothing-came"), [""; 0]);
        let told = about(&late, "timed-out");
        let end = "; server sent 4 B 300 ms later, when nobody received there any more: wait longer for it";
        assert!(told.len() == 1 && told[0].ends_with(end), "{told:?}");
        // An answer to another client is none.
        let mut other = asked(local, Some((300, "127.0.0.1:40001")));
        other.recv(SERVER, 2, 125, 140, b"date?").args.addr = Some("127.0.0.1:40001".into());
        assert_eq!(about(&other, "nothing-came"), [expected]);
    }
}

/// A client that had an answer over UDP from port 5353 asks again at `again`; the server closes at 1 ms.
fn asks_again(again: u64, close: bool) -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "0.0.0.0:40000");
    tape.udp(2, "127.0.0.1:5353");
    tape.call(SERVER, CallKind::Bind, 2, 0, 1, Ok(0));
    tape.send(CLIENT, 1, 100, b"time?").args.addr = Some("127.0.0.1:5353".into());
    let got = tape.recv(SERVER, 2, 50, 120, b"time?");
    (got.args.addr, got.sys) = (Some("127.0.0.1:40000".into()), Some("recvfrom".into()));
    tape.send(SERVER, 2, 130, b"noon").args.addr = Some("127.0.0.1:40000".into());
    tape.recv(CLIENT, 1, 140, 150, b"noon").args.addr = Some("127.0.0.1:5353".into());
    if close {
        tape.close(SERVER, 2, 1_000);
    }
    tape.send(CLIENT, 1, again, b"and now?").args.addr = Some("127.0.0.1:5353".into());
    tape
}

#[test]
fn a_datagram_to_who_answered_before_and_has_closed_since_is_told() {
    let expected = "sent into the void: server, which had been bound to 127.0.0.1:5353, had closed its socket 300 ms earlier, and \
                    UDP does not tell the sender; let the receiver keep its socket open until all have sent";
    assert_eq!(about(&asks_again(301_005, true), "nobody-bound"), [expected]);
}

#[test]
fn a_receiver_that_receives_once_alone_is_told_to_go_on() {
    let once = asks_again(500, true);
    let expected = "never received: server was bound to 127.0.0.1:5353, but called recvfrom no more after that; receive in a loop";
    assert_eq!(about(&once, "not-received"), [expected]);
    // Who receives something later may have lost it by a full queue.
    let mut busy = asks_again(500, false);
    busy.call(SERVER, CallKind::Recv, 2, 600, 601, Err("EINTR"));
    let told = about(&busy, "not-received");
    assert!(told.len() == 1 && told[0].contains("or the queue was full"), "{told:?}");
}

/// Both wait to receive until the record ends.
fn both_wait(tape: &mut Tape) -> String {
    for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
        let call = tape.call(proc, CallKind::Recv, sock, 200, 200, Ok(0));
        (call.exit, call.ret) = (None, None);
    }
    tape.end(3_000_000);
    let told = about(tape, "deadlock");
    assert_eq!(told.len(), 1, "{told:?}");
    let (_, hint) = told[0].split_once("with shutdown; ").expect("a hint");
    hint.to_owned()
}

#[test]
fn a_deadlock_in_which_nobody_has_spoken_thinks_of_buffers() {
    let expected = "neither client nor server has sent a byte: what one of them has written may lie in a buffer of its own, which \
                    it has to flush (in Python: flush() of the file that makefile returned)";
    assert_eq!(both_wait(&mut Tape::connected(7)), expected);
}

#[test]
fn a_deadlock_is_explained_where_the_record_has_only_the_first_bytes_too() {
    let mut tape = Tape::connected(7);
    let question = tape.send(CLIENT, 1, 100, &[b'x'; 64]);
    (question.ret, question.args.len, question.cut) = (Some(10_000), Some(10_000), true);
    let got = tape.recv(SERVER, 2, 70, 120, &[b'x'; 64]);
    (got.ret, got.args.len, got.cut) = (Some(10_000), Some(20_000), true);
    let expected = "client spoke last: if server reads to the end, it waits for shutdown(SHUT_WR), and if it reads lines, for a \
                    line end; whether those 10,000 B had one the record does not say, which has the first 64 alone";
    assert_eq!(both_wait(&mut tape), expected);
}

#[test]
fn a_program_that_binds_twice_is_not_told_to_stop_itself() {
    let mut tape = other_kind(Kind::Dgram);
    tape.sock(3, Kind::Dgram, Origin::Socket, 50);
    let bind = tape.call(SERVER, CallKind::Bind, 3, 1_001, 1_002, Err("EADDRINUSE"));
    bind.args.addr = Some("127.0.0.1:5071".into());
    let expected = "127.0.0.1:5071 is in use: server itself is bound there, for 1.0 ms now; close that socket first, or take \
                    another port";
    assert_eq!(about(&tape, "in-use"), [expected]);
}

/// A server that listens at port 7 and closes that at 1 ms without having accepted the client.
fn unaccepted(by: Option<&str>) -> Vec<String> {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
    tape.call(SERVER, CallKind::Bind, 9, 1, 2, Ok(0));
    tape.call(SERVER, CallKind::Listen, 9, 3, 4, Ok(0));
    tape.tcp(1, Origin::Socket, 10, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 1, 10, 20, Ok(0));
    tape.send(CLIENT, 1, 30, b"hello");
    let close = tape.close(SERVER, 9, 1_000);
    close.args.more.extend(by.map(|by| ("by".to_owned(), json!(by))));
    tape.call(CLIENT, CallKind::Recv, 1, 50, 1_003, Err("ECONNRESET"));
    about(&tape, "reset")
}

#[test]
fn a_reset_in_the_backlog_names_who_never_accepted() {
    let expected = |deed: &str| {
        format!(
            "reset: server {deed} without having accepted this connection, so its kernel sent RST to all that waited in the \
             backlog; call accept, in a loop"
        )
    };
    assert_eq!(unaccepted(None), [expected("closed its socket")]);
    assert_eq!(unaccepted(Some("exit")), [expected("ended, which closed its socket,")]);
}

/// Makes processes programs of their own, which ended with these statuses.
fn ended(tape: &mut Tape, exit: &[i32]) {
    for line in &mut tape.lines {
        if let Line::Proc(proc) = line {
            proc.how = ProcHow::Start;
        }
    }
    let exit = exit.iter().copied().map(Some).collect();
    tape.lines.push(End { t: 3_000_000_000, exit, dropped: 0 }.into());
}

#[test]
fn who_failed_with_bytes_unread_is_not_told_to_read_on() {
    let closed = |status: i32| {
        let mut tape = Tape::connected(7);
        tape.send(SERVER, 2, 100, b"number?");
        let close = tape.close(CLIENT, 1, 100_000);
        close.args.more.insert("by".into(), json!("exit"));
        close.args.more.insert("unread".into(), json!(7));
        tape.call(SERVER, CallKind::Recv, 2, 150, 100_010, Err("ECONNRESET"));
        ended(&mut tape, &[status, 0]);
        about(&tape, "reset")
    };
    let expected = |cure: &str| {
        let why = "client ended, which closed its socket with 7 B unread, so the kernel sent RST instead of FIN";
        [format!("reset: {why}; {cure}")]
    };
    assert_eq!(closed(0), expected("read to the end before closing"));
    assert_eq!(closed(130), expected("read to the end before closing"), "by Ctrl-C");
    assert_eq!(closed(1), expected("look first at why client ended (status 1)"));
    assert_eq!(closed(137), expected("look first at why client ended (signal 9)"));
}

#[test]
fn who_dies_of_a_call_that_would_block_is_told_to_try_again() {
    let accepts = |status: i32, goes_on: bool| {
        let mut tape = Tape::connected(7);
        tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
        tape.call(SERVER, CallKind::Listen, 9, 1, 2, Ok(0));
        tape.call(SERVER, CallKind::Accept, 9, 100, 101, Err("EAGAIN"));
        if goes_on {
            tape.recv(SERVER, 2, 110, 120, b"");
        }
        tape.close(SERVER, 9, 200);
        ended(&mut tape, &[0, status]);
        about(&tape, "would-block")
    };
    let died = "nobody waits to be accepted; the socket of server is non-blocking, so accept returned at once with EAGAIN (in \
                Python: BlockingIOError), which only says: not yet; server ended then (status 1): wait with select or poll, and \
                call accept again";
    assert_eq!(accepts(1, false), [died]);
    let ordinary = "nobody waits to be accepted; the socket of server is non-blocking, so accept returned at once with EAGAIN, \
                    which is no failure";
    assert_eq!(accepts(0, false), [ordinary]);
    assert_eq!(accepts(1, true), [ordinary]);
}

#[test]
fn who_is_accepted_and_left_alone_for_another_is_told() {
    let left = |said: bool| {
        let mut tape = Tape::connected(7);
        tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
        tape.sock(2, Kind::Stream, Origin::Accept, 60).listener = Some(SockId(9));
        tape.call(SERVER, CallKind::Listen, 9, 1, 2, Ok(0));
        if said {
            tape.send(SERVER, 2, 70, b"wait");
            tape.recv(CLIENT, 1, 71, 90, b"wait");
        }
        let wait = tape.call(SERVER, CallKind::Accept, 9, 100, 100, Ok(0));
        (wait.exit, wait.ret) = (None, None);
        let wait = tape.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0));
        (wait.exit, wait.ret) = (None, None);
        tape.end(4_000_000);
        about(&tape, "no-answer")
    };
    let expected = "client waited 4.0 s to receive in vain: server had accepted it, said nothing, and waited in accept for \
                    somebody else; start whom it waits for, or let it serve each as soon as it has accepted it";
    assert_eq!(left(false), [expected]);
    assert_eq!(left(true), [""; 0]);
}
