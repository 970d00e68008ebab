//! Explanations claim no more than was seen: where the record does not say, neither do they.

mod tape;

use serde_json::json;
use sock_ladder::explain;
use sock_record::{CallKind, Dir, Level, Line};
use tape::{CLIENT, SERVER, Tape};

fn about(lines: &[Line], code: &str) -> Vec<String> {
    tape::every_note_is_drawn(lines);
    let notes = explain(lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

#[test]
fn a_reset_without_a_reason_in_the_record_is_given_none() {
    let reset = |sent: &[u8]| {
        let mut tape = Tape::connected(7);
        if !sent.is_empty() {
            tape.send(CLIENT, 1, 100, sent);
        }
        tape.close(SERVER, 2, 200);
        tape.call(CLIENT, CallKind::Recv, 1, 300, 310, Err("ECONNRESET"));
        about(&tape.lines, "reset")
    };
    assert_eq!(
        reset(b""),
        [
            "reset: server closed its socket, and its system sent RST; the calls of this record do not say why"
        ]
    );
    assert_eq!(
        reset(b"hello"),
        [
            "reset: server closed its socket while bytes were on their way to it; read to the end before closing"
        ]
    );
}

#[test]
fn who_closed_later_broke_no_pipe() {
    let mut tape = Tape::connected(7);
    tape.call(CLIENT, CallKind::Send, 1, 300, 310, Err("EPIPE")).dir = Some(Dir::Out);
    tape.close(SERVER, 2, 900);
    assert_eq!(
        about(&tape.lines, "broken-pipe"),
        [
            "broken pipe: server takes no more, so nobody can receive this; take EPIPE as the end of the \
             conversation"
        ]
    );
}

#[test]
fn where_it_is_a_guess_whose_bytes_came_nobody_counts_sends() {
    let merged = |got: &[u8]| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"one");
        tape.send(CLIENT, 1, 120, b"two");
        tape.recv(SERVER, 2, 90, 150, got);
        about(&tape.lines, "merged").len()
    };
    assert_eq!((merged(b"onetwo"), merged(b"xyzxyz")), (1, 0));
}

#[test]
fn another_thread_that_has_sent_may_send_again() {
    let dead = |tid: u32| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"hello").tid = Some(tid);
        tape.recv(SERVER, 2, 70, 120, b"hello");
        for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
            let call = tape.call(proc, CallKind::Recv, sock, 200, 200, Ok(0));
            (call.exit, call.ret, call.tid) = (None, None, Some(10));
        }
        tape.end(3_000_000);
        about(&tape.lines, "deadlock").len()
    };
    assert_eq!((dead(10), dead(11)), (1, 0));
}

/// The server closes its copy at 100, while its child waits in a receive since 90; the client has its end late.
fn forked(deed: impl FnOnce(&mut Tape)) -> Vec<Level> {
    let mut tape = Tape::connected(7);
    tape.proc(3, "child");
    deed(&mut tape);
    let close = tape.close(SERVER, 2, 100);
    close.args.more.insert("held_by".into(), json!([{"proc": 3, "fd": 5}]));
    tape.recv(CLIENT, 1, 60, 400_000, b"");
    tape.close(3, 2, 399_000);
    let notes = explain(&tape.lines).into_iter().filter(|note| note.code == "no-fin");
    notes.map(|note| note.level).collect()
}

#[test]
fn a_child_that_waited_already_when_its_parent_closed_goes_on() {
    let goes_on = |tape: &mut Tape| {
        tape.recv(3, 2, 90, 300_000, b"log this");
    };
    assert_eq!(forked(goes_on), [Level::Info]);
    let waits = |tape: &mut Tape| {
        let wait = tape.recv(3, 2, 120, 398_000, b"");
        (wait.exit, wait.ret) = (None, None);
    };
    assert_eq!(forked(waits), [Level::Info], "it has not forgotten the socket");
    // What it received before is over.
    let is_over = |tape: &mut Tape| {
        tape.recv(3, 2, 80, 90, b"log this");
    };
    assert_eq!(forked(is_over), [Level::Warn]);
}

#[test]
fn who_shut_its_own_socket_down_was_not_kept_waiting() {
    let shut = |tape: &mut Tape| {
        tape.shutdown(CLIENT, 1, 399_900).args.how = Some("SHUT_RDWR".into());
    };
    assert_eq!(forked(shut), [Level::Info]);
}
