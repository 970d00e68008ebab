//! Explanations of who closed after a part of what was sent: one receive is not one message.

mod tape;

use serde_json::json;
use sock_ladder::explain;
use sock_record::{CallKind, Dir};
use tape::{CLIENT, SERVER, Tape};

fn about(tape: &Tape, code: &str) -> Vec<String> {
    tape::every_note_is_drawn(&tape.lines);
    explain(&tape.lines)
        .into_iter()
        .filter(|note| note.code == code)
        .map(|note| note.text)
        .collect()
}

const CURE: &str = "one receive is not one message: to have all of it, server receives in a loop until it is whole";

/// The client sends 4 B; the server receives and answers them, and closes from 400 to 405; the client sends 6 B more at `t`.
fn pieces(t: u64) -> Tape {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"name");
    tape.recv(SERVER, 2, 70, 120, b"name");
    tape.send(SERVER, 2, 130, b"ok");
    tape.close(SERVER, 2, 400);
    tape.send(CLIENT, 1, t, b" and m");
    tape
}

/// The server has not closed yet.
const BEFORE: u64 = 402;

#[test]
fn a_server_that_closes_after_one_receive_is_told_that_more_came() {
    let mut tape = pieces(BEFORE);
    tape.call(CLIENT, CallKind::Send, 1, 1_400, 1_401, Err("EPIPE")).dir = Some(Dir::Out);
    let expected = format!(
        "broken pipe: server closed its socket 1.0 ms earlier with 4 of 10 B received in 1 receive; the first send after that \
         (6 B) went and was answered by RST, this one fails; {CURE}"
    );
    assert_eq!(about(&tape, "broken-pipe"), [expected]);
    assert_eq!(about(&tape, "closed-unread"), [""; 0]);

    let mut tape = pieces(BEFORE);
    tape.call(CLIENT, CallKind::Recv, 1, 1_400, 1_401, Err("ECONNRESET"));
    let expected = format!(
        "reset: server closed its socket with 4 of 10 B received in 1 receive, and its system answered what came later with \
         RST; {CURE}"
    );
    assert_eq!(about(&tape, "reset"), [expected]);

    // The client has its answer and goes: nobody notices.
    let mut tape = pieces(BEFORE);
    tape.recv(CLIENT, 1, 1_400, 1_401, b"ok");
    tape.close(CLIENT, 1, 1_500);
    let expected = format!(
        "server closed with 4 of 10 B received in 1 receive: nobody reads the rest, which came later; {CURE}"
    );
    assert_eq!(about(&tape, "closed-unread"), [expected]);
}

#[test]
fn a_server_that_had_all_when_it_closed_is_not_told_to_receive_more() {
    let mut tape = pieces(900);
    tape.call(CLIENT, CallKind::Send, 1, 1_400, 1_401, Err("EPIPE")).dir = Some(Dir::Out);
    let expected = "broken pipe: server closed its socket 1.0 ms earlier; the first send after that (6 B) went and was answered by \
                    RST, this one fails; take EPIPE as the end of the conversation";
    assert_eq!(about(&tape, "broken-pipe"), [expected]);

    let mut tape = pieces(900);
    tape.call(CLIENT, CallKind::Recv, 1, 1_400, 1_401, Err("ECONNRESET"));
    let expected = "reset: server closed its socket 0.5 ms before client sent 6 B, so the kernel answered with RST; receive 0 B \
                    (the end) before you send on";
    assert_eq!(about(&tape, "reset"), [expected]);

    // What was sent by then counts, and nothing else.
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.recv(SERVER, 2, 70, 120, b"0123").args.len = Some(4);
    tape.close(SERVER, 2, 200).args.more.insert("unread".into(), json!(6));
    tape.send(CLIENT, 1, 900, b"more");
    assert!(about(&tape, "closed-unread")[0].contains("(4 of 10 B received in 1 receive)"));

    let mut tape = pieces(900);
    tape.recv(CLIENT, 1, 1_400, 1_401, b"ok");
    tape.close(CLIENT, 1, 1_500);
    assert_eq!(about(&tape, "closed-unread"), [""; 0]);
}

#[test]
fn a_receive_that_asks_for_less_than_was_sent_is_told_at_the_close() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.recv(SERVER, 2, 70, 120, b"0123").args.len = Some(4);
    tape.close(SERVER, 2, 200).args.more.insert("unread".into(), json!(6));
    let expected = format!(
        "server closed with 6 B unread (4 of 10 B received in 1 receive): the kernel sends RST instead of FIN, and client may \
         lose what is on its way to it; {CURE}"
    );
    assert_eq!(about(&tape, "closed-unread"), [expected]);
}

#[test]
fn another_message_after_an_answer_is_none_that_was_cut() {
    let answered = |tape: &mut Tape| {
        tape.recv(CLIENT, 1, 120, 140, b"ok");
    };
    let mut tape = pieces(BEFORE);
    answered(&mut tape);
    tape.call(CLIENT, CallKind::Send, 1, 1_400, 1_401, Err("EPIPE")).dir = Some(Dir::Out);
    let said = about(&tape, "broken-pipe");
    assert!(said[0].ends_with("take EPIPE as the end of the conversation"), "{said:?}");
    let mut tape = pieces(BEFORE);
    answered(&mut tape);
    tape.close(CLIENT, 1, 1_500);
    assert_eq!(about(&tape, "closed-unread"), [""; 0]);
}

#[test]
fn an_answer_that_was_taken_in_part_is_told_though_the_sender_has_gone() {
    let mut tape = Tape::connected(7);
    tape.send(SERVER, 2, 100, b"0123456789");
    tape.close(SERVER, 2, 150);
    tape.recv(CLIENT, 1, 70, 200, b"0123").args.len = Some(4);
    tape.close(CLIENT, 1, 300).args.more.insert("unread".into(), json!(6));
    let expected = format!(
        "client closed with 6 B unread (4 of 10 B received in 1 receive): the rest is lost; {CURE}"
    );
    assert_eq!(about(&tape, "closed-unread"), [expected.replace("server", "client")]);
}

#[test]
fn who_ended_receiving_itself_is_told_why_the_answer_met_a_reset() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.shutdown(CLIENT, 1, 130).args.how = Some("SHUT_RDWR".into());
    tape.recv(SERVER, 2, 125, 140, b"");
    tape.send(SERVER, 2, 150, b"HELLO");
    tape.close(SERVER, 2, 200);
    tape.call(CLIENT, CallKind::Recv, 1, 145, 210, Err("ECONNRESET"));
    let expected = "reset: client had called shutdown(SHUT_RDWR) itself, which ends receiving too, so its system answered the 5 B \
                    that server sent with RST; shutdown(SHUT_WR) ends sending alone, and the answer can still come";
    assert_eq!(about(&tape, "reset"), [expected]);
}

#[test]
fn what_is_the_same_each_time_is_said_once() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client");
    tape.sock(1, sock_record::Kind::Stream, sock_record::Origin::Socket, 0);
    for n in 0..3 {
        let connect = tape.call(CLIENT, CallKind::Connect, 1, 10 + n, 11 + n, Err("ECONNREFUSED"));
        connect.args.addr = Some("127.0.0.1:81".into());
    }
    let said = about(&tape, "refused");
    assert!(said.len() == 1 && said[0].ends_with("mend the address (× 3)"), "{said:?}");
}
