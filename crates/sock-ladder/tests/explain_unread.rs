//! Explanations of questions that nobody reads, and of answers that lie in a buffer.

mod tape;

use serde_json::json;
use sock_ladder::explain;
use sock_record::CallKind;
use tape::{CLIENT, SERVER, Tape};

fn about(tape: &Tape, code: &str) -> Vec<String> {
    tape::every_note_is_drawn(&tape.lines);
    let notes = explain(&tape.lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

/// The client asks and waits for 2.9 s, until it is ended; what the server does meanwhile is `deed`.
fn asked(deed: impl FnOnce(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    let wait = tape.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0));
    (wait.exit, wait.ret) = (None, None);
    deed(&mut tape);
    tape.end(2_900_200);
    about(&tape, "not-read")
}

/// The server waits in select from 150 to the end, for socket 9 and for `more`.
fn select(tape: &mut Tape, more: Option<u32>) {
    let wait = tape.call(SERVER, CallKind::Wait, 9, 150, 150, Ok(0));
    (wait.sys, wait.sock, wait.exit, wait.ret) = (Some("pselect6".into()), None, None, None);
    let one = |sock: u32| json!({"fd": sock, "sock": sock, "events": ["POLLIN"]});
    let all: Vec<_> = [Some(9), more].into_iter().flatten().map(one).collect();
    wait.args.more.insert("watched".into(), json!(all));
}

const VAIN: &str =
    "client waited 2.9 s for an answer in vain: server never received 5 B that it had sent; ";

#[test]
fn a_question_that_select_does_not_watch_for_is_told() {
    let expected = format!(
        "{VAIN}it waited in select for 1 other descriptor and not for this one: every connection that is accepted has to be among \
         those that select watches"
    );
    assert_eq!(asked(|tape| select(tape, None)), [expected]);
    let idle = format!("{VAIN}server has to receive on every connection that it accepts");
    assert_eq!(asked(|_| ()), [idle]);
}

#[test]
fn a_question_that_waits_while_the_server_is_in_accept_is_told() {
    let accepts = |tid: u32| {
        move |tape: &mut Tape| {
            tape.call(SERVER, "listen".into(), 8, 1, 2, Ok(0)).tid = Some(tid);
            let wait = tape.call(SERVER, CallKind::Accept, 9, 150, 150, Ok(0));
            (wait.exit, wait.ret) = (None, None);
        }
    };
    let expected = format!(
        "{VAIN}it waited in accept for somebody else: who serves several has a thread or a process for each, or watches all of \
         them with select, poll or epoll"
    );
    let mut said = asked(|tape| {
        let wait = tape.call(SERVER, CallKind::Accept, 9, 150, 150, Ok(0));
        (wait.exit, wait.ret) = (None, None);
    });
    assert_eq!(said, [expected]);
    // Another thread may have been to read it.
    said = asked(accepts(77));
    assert_eq!(said, [format!("{VAIN}server has to receive on every connection that it accepts")]);
}

#[test]
fn a_question_that_is_read_late_or_answered_with_the_end_is_another_story() {
    let late =
        |tape: &mut Tape| drop(tape.recv(SERVER, 2, 2_000_000, 2_000_001, b"hello").data.take());
    assert_eq!(asked(late), [""; 0]);
    let waits = |tape: &mut Tape| {
        let wait = tape.call(SERVER, CallKind::Recv, 2, 150, 150, Ok(0));
        (wait.exit, wait.ret) = (None, None);
    };
    assert_eq!(asked(waits), [""; 0], "it never came, perhaps");
    let closes = |tape: &mut Tape| {
        tape.close(SERVER, 2, 300).args.more.insert("unread".into(), json!(5));
    };
    assert_eq!(asked(closes), [""; 0]);
}

#[test]
fn an_answer_that_was_not_flushed_is_a_guess_where_the_question_had_a_line_end() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello\n");
    tape.recv(SERVER, 2, 70, 120, b"hello\n");
    for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
        let call = tape.call(proc, CallKind::Recv, sock, 200, 200, Ok(0));
        (call.exit, call.ret) = (None, None);
    }
    tape.end(3_000_000);
    let said = about(&tape, "deadlock");
    let expected = "; client spoke last, with a line end: either server reads to the end, which client has to tell with \
                    shutdown(SHUT_WR), or its answer lies in a buffer of its own that it has to flush";
    assert!(said[0].ends_with(expected), "{said:?}");
}
