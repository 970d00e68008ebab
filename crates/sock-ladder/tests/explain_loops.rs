//! Explanations of what happens to who waits in a loop, or in the backlog of who is slow.

mod tape;

use serde_json::json;
use sock_ladder::explain;
use sock_record::{CallKind, Kind, Origin};
use tape::{CLIENT, SERVER, Tape};

fn about(tape: &Tape, code: &str) -> Vec<String> {
    tape::every_note_is_drawn(&tape.lines);
    let notes = explain(&tape.lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

/// A wait for one socket in an epoll, from 200 on, that is cut at `exit`; before, the same epoll told of the socket.
fn epoll(tape: &mut Tape, who: u32, sock: u32, exit: u64, limit: Option<u64>) {
    for (enter, exit, came) in [(60, 65, Ok(1)), (200, exit, Err("EINTR"))] {
        let wait = tape.call(who, CallKind::Wait, 9, enter, exit, came);
        (wait.sys, wait.sock, wait.fd) = (Some("epoll_wait".into()), None, Some(3));
        if came.is_ok() {
            let one = json!([{"fd": 5, "sock": sock, "events": ["POLLIN"]}]);
            wait.args.more.insert("ready".into(), one);
        } else if let Some(limit) = limit {
            wait.args.more.insert("timeout_ns".into(), json!(limit));
        }
    }
}

/// The client asks and blocks in a receive; the server, whose loop has a limit or none, has taken all.
fn asked(limit: Option<u64>, deed: impl FnOnce(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.call(CLIENT, CallKind::Recv, 1, 150, 2_900_000, Err("EINTR"));
    epoll(&mut tape, SERVER, 2, 2_900_000, limit);
    deed(&mut tape);
    tape.end(2_900_100);
    about(&tape, "no-answer")
}

#[test]
fn a_question_that_a_loop_waits_to_be_whole_is_told() {
    let expected = "client waited 2.9 s for an answer in vain: server received all 5 B, sent nothing back, and waited in epoll_wait \
                    itself; client spoke last, without a line end: if server reads lines, it waits for one, and if it reads to \
                    the end, for shutdown(SHUT_WR)";
    assert_eq!(asked(None, |_| ()), [expected]);
    assert_eq!(asked(Some(5_000_000_000), |_| ()), [""; 0], "a timer may be about to answer");
    let answers = |tape: &mut Tape| drop(tape.send(SERVER, 2, 2_000_000, b"so").data.take());
    assert_eq!(asked(None, answers), [""; 0]);
    let more = |tape: &mut Tape| drop(tape.send(CLIENT, 1, 130, b"more").data.take());
    assert_eq!(asked(None, more), [""; 0], "something is on its way");
}

/// Two clients of a server that listens with room for `room`; the second's connect takes as long as `took` says.
fn crowd(room: u64, took: u64, accepted: u64) -> Vec<String> {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
    let listen = tape.call(SERVER, CallKind::Listen, 9, 1, 2, Ok(0));
    listen.args.more.insert("backlog".into(), json!(room));
    for (n, enter, exit) in [(1, 100, 150), (3, 200, 200 + took)] {
        let (client, t) =
            (format!("127.0.0.1:{}", 40_000 + n), if n == 1 { accepted } else { exit });
        tape.tcp(n, Origin::Socket, enter, &client, "127.0.0.1:7");
        tape.tcp(n + 1, Origin::Accept, t, "127.0.0.1:7", &client);
        let connect = tape.call(CLIENT, CallKind::Connect, n, enter, exit, Ok(0));
        connect.args.addr = Some("127.0.0.1:7".into());
        tape.call(SERVER, CallKind::Accept, n + 1, t - 10, t, Ok(4));
    }
    about(&tape, "backlog-full")
}

#[test]
fn a_connect_that_was_dropped_because_the_backlog_was_full_is_told() {
    let expected = "client waited 1.0 s to be connected: 1 connection was still to be accepted by server, and its listen(0) has \
                    room for no more at 127.0.0.1:7, so its kernel dropped the call (SYN), which is repeated after 1 s, 2 s more, \
                    4 s more; accept sooner, or give listen a larger number";
    assert_eq!(crowd(0, 1_010_000, 500_000), [expected]);
    assert_eq!(crowd(1, 1_010_000, 500_000), [""; 0], "there was room");
    assert_eq!(crowd(0, 1_010_000, 160), [""; 0], "it had been accepted by then");
    assert_eq!(crowd(0, 10_000, 500_000), [""; 0]);
}
