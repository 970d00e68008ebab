//! Explanations, one by one: a small record, and what is said of it word for word.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use serde_json::json;
use sock_ladder::{codes, explain, page};
use sock_record::{Call, CallKind, Level, Line, Note};
use tape::{CLIENT, SERVER, Tape};

/// Code and sentence of each note; each code has a page.
fn said(lines: &[Line]) -> Vec<(String, String)> {
    let notes = explain(lines);
    tape::every_note_is_drawn(lines);
    for note in &notes {
        assert!(page(&note.code).is_some(), "{} has no page", note.code);
        assert!(!note.text.contains('\n') && note.ev.is_some());
    }
    notes.into_iter().map(|note| (note.code, note.text)).collect()
}

/// The sentences with one code.
fn about(lines: &[Line], code: &str) -> Vec<String> {
    said(lines).into_iter().filter(|note| note.0 == code).map(|note| note.1).collect()
}

fn level(lines: &[Line], code: &str) -> Level {
    let notes: Vec<Note> = explain(lines);
    notes.into_iter().find(|note| note.code == code).unwrap().level
}

#[test]
fn an_ordinary_conversation_needs_one_word_about_its_end() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"Hi");
    tape.recv(SERVER, 2, 70, 120, b"Hi");
    tape.send(SERVER, 2, 130, b"Hi");
    tape.recv(CLIENT, 1, 110, 150, b"Hi");
    tape.close(CLIENT, 1, 200);
    tape.recv(SERVER, 2, 140, 400, b"");
    tape.close(SERVER, 2, 450);
    let text =
        "0 B received is the end and no empty message: client closed its socket 0.2 ms earlier";
    assert_eq!(said(&tape.lines), [("end".to_owned(), text.to_owned())]);
    assert_eq!(level(&tape.lines, "end"), Level::Info);
}

#[test]
fn three_sends_are_merged() {
    let mut tape = Tape::connected(7);
    for (n, bytes) in [&b"hello "[..], b"big ", b"world\n"].into_iter().enumerate() {
        tape.send(CLIENT, 1, 100 + 20 * n as u64, bytes);
    }
    tape.recv(SERVER, 2, 170, 180, b"hello big world\n");
    let expected = "3 sends by client (6, 4 and 6 B) became 1 receive of 16 B: TCP keeps no message boundaries; mark \
                    them, with a length in front or a line end";
    assert_eq!(said(&tape.lines), [("merged".to_owned(), expected.to_owned())]);
}

#[test]
fn what_is_often_true_is_said_once_and_counted() {
    let mut tape = Tape::connected(7);
    for n in 0..98 {
        tape.send(CLIENT, 1, 100 + 100 * n, b"ab");
        tape.send(CLIENT, 1, 120 + 100 * n, b"cd");
        tape.recv(SERVER, 2, 140 + 100 * n, 150 + 100 * n, b"abcd");
    }
    let merged = about(&tape.lines, "merged");
    assert_eq!(merged.len(), 1);
    assert!(merged[0].starts_with("2 sends by client (2 and 2 B) became 1 receive of 4 B"));
    assert!(merged[0].ends_with("a line end (× 98)"), "{merged:?}");
}

#[test]
fn one_send_is_split() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    for n in 0..3 {
        let part = &b"0123456789"[4 * n..(4 * n + 4).min(10)];
        tape.recv(SERVER, 2, 120 + 20 * n as u64, 130 + 20 * n as u64, part).args.len = Some(4);
    }
    let expected = "1 send of 10 B became 3 receives by server (4, 4 and 2 B), which asked for 4 B at a time: TCP keeps \
                    no message boundaries; receive in a loop until the message is whole";
    assert_eq!(said(&tape.lines), [("split".to_owned(), expected.to_owned())]);
}

#[test]
fn receives_that_asked_for_different_sizes_are_not_said_to_ask_for_one() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.recv(SERVER, 2, 120, 130, b"0123").args.len = Some(4);
    tape.recv(SERVER, 2, 140, 150, b"456789").args.len = Some(1000);
    let expected = "1 send of 10 B became 2 receives by server (4 and 6 B): TCP keeps no message boundaries; receive in a \
                    loop until the message is whole";
    assert_eq!(said(&tape.lines), [("split".to_owned(), expected.to_owned())]);
}

#[test]
fn a_peek_neither_splits_nor_merges() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"abcd");
    tape.recv(SERVER, 2, 110, 120, b"abcd").args.flags.push("MSG_PEEK".into());
    tape.recv(SERVER, 2, 130, 140, b"abcd");
    assert_eq!(said(&tape.lines), []);
}

#[test]
fn a_partial_send_goes_on_or_does_not() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123").args.len = Some(10);
    let never = "client asked to send 10 B and only 4 B went, because the buffer was full: server reads more slowly; it \
                 never sent the rest: send again from there on, in a loop, until all is gone";
    assert_eq!(said(&tape.lines), [("partial-send".to_owned(), never.to_owned())]);
    assert_eq!(level(&tape.lines, "partial-send"), Level::Warn);
    tape.send(CLIENT, 1, 200, b"456789").args.len = Some(6);
    assert!(about(&tape.lines, "partial-send")[0].ends_with("it sent the rest later, as it must"));
    assert_eq!(level(&tape.lines, "partial-send"), Level::Info);
    let Some(Line::Call(call)) = tape.lines.iter_mut().rev().nth(1) else { panic!("no call") };
    // sendfile stops at the end of the file.
    call.sys = Some("sendfile".into());
    assert_eq!(said(&tape.lines), []);
}

#[test]
fn a_call_that_would_block_and_what_woke_it() {
    let mut tape = Tape::connected(7);
    tape.call(SERVER, CallKind::Recv, 2, 100, 102, Err("EAGAIN"));
    let wait = tape.call(SERVER, CallKind::Wait, 2, 110, 2200, Ok(1));
    (wait.sys, wait.sock) = (Some("epoll_wait".into()), None);
    wait.args.more.insert("ready".into(), json!([{"fd": 4, "sock": 2, "events": ["POLLIN"]}]));
    tape.send(CLIENT, 1, 2150, b"Hello");
    tape.recv(SERVER, 2, 2210, 2220, b"Hello");
    let expected = "nothing to receive yet; the socket of server is non-blocking, so recv returned at once with EAGAIN, \
                    which is no failure; epoll_wait woke it 2.1 ms later, when client had sent 5 B";
    assert_eq!(said(&tape.lines), [("would-block".to_owned(), expected.to_owned())]);
}

#[test]
fn a_timeout_that_was_set_is_no_would_block() {
    let mut tape = Tape::connected(7);
    let option = tape.call(CLIENT, CallKind::Setsockopt, 1, 60, 61, Ok(0));
    option.args.more.insert("name".into(), json!("SO_RCVTIMEO"));
    option.args.more.insert("value".into(), json!({"microseconds": 500_000}));
    tape.call(CLIENT, CallKind::Recv, 1, 100, 500_100, Err("EAGAIN"));
    let expected = "nothing came for 500 ms: client had set SO_RCVTIMEO, so recv failed with EAGAIN instead of waiting on";
    assert_eq!(said(&tape.lines), [("timed-out".to_owned(), expected.to_owned())]);
}

#[test]
fn the_end_names_who_ended_and_how() {
    let mut tape = Tape::connected(7);
    tape.shutdown(CLIENT, 1, 100);
    tape.recv(SERVER, 2, 70, 120, b"");
    let half = "0 B received is the end and no empty message: client called shutdown(SHUT_WR) 0.02 ms earlier; it can \
                still receive";
    assert_eq!(about(&tape.lines, "end"), [half]);

    let mut tape = Tape::connected(7);
    tape.close(CLIENT, 1, 100).args.more.insert("by".into(), json!("exit"));
    tape.recv(SERVER, 2, 70, 120, b"");
    let exit = "0 B received is the end and no empty message: client ended, which closed its socket, 0.02 ms earlier";
    assert_eq!(about(&tape.lines, "end"), [exit]);
}

#[test]
fn who_receives_on_after_the_end_is_told() {
    let mut tape = Tape::connected(7);
    tape.close(CLIENT, 1, 100);
    for n in 0..6 {
        tape.recv(SERVER, 2, 110 + n * 10, 115 + n * 10, b"");
    }
    let expected = "server received 0 B 6 times: after the end every receive returns 0 at once; leave the loop at the first";
    assert_eq!(about(&tape.lines, "end-ignored"), [expected]);
}

fn reset() -> Tape {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.recv(SERVER, 2, 70, 120, b"0123").args.len = Some(4);
    tape.close(SERVER, 2, 200);
    tape.call(CLIENT, CallKind::Recv, 1, 150, 220, Err("ECONNRESET"));
    tape
}

fn closing(tape: &mut Tape) -> &mut Call {
    let close = |line: &mut Line| matches!(line, Line::Call(call) if call.call == CallKind::Close);
    let at = tape.lines.iter_mut().position(close).unwrap();
    let Line::Call(call) = &mut tape.lines[at] else { panic!("it is a call") };
    call
}

#[test]
fn a_reset_has_one_of_three_reasons() {
    let mut tape = reset();
    closing(&mut tape).args.more.insert("unread".into(), json!(6));
    let unread = "reset: server closed its socket with 6 B unread (4 of 10 B received in 1 receive), so the kernel sent RST \
                  instead of FIN; one receive is not one message: to have all of it, server receives in a loop until it is whole";
    assert_eq!(about(&tape.lines, "reset"), [unread]);
    assert_eq!(about(&tape.lines, "closed-unread"), [""; 0]);

    let mut tape = reset();
    closing(&mut tape).args.more.insert("linger_s".into(), json!(0));
    let linger = "reset: server had set SO_LINGER to 0 s, so its close sent RST instead of FIN";
    assert_eq!(about(&tape.lines, "reset"), [linger]);

    let mut tape = Tape::connected(7);
    tape.close(SERVER, 2, 200);
    tape.send(CLIENT, 1, 600, b"late");
    tape.call(CLIENT, CallKind::Recv, 1, 620, 630, Err("ECONNRESET"));
    let late = "reset: server closed its socket 0.4 ms before client sent 4 B, so the kernel answered with RST; receive 0 B \
                (the end) before you send on";
    assert_eq!(about(&tape.lines, "reset"), [late]);
}

#[test]
fn a_close_with_bytes_unread_is_told_where_nobody_noticed() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.close(SERVER, 2, 200).args.more.insert("unread".into(), json!(10));
    tape.close(CLIENT, 1, 400);
    let expected = "server closed with 10 B unread: the kernel sends RST instead of FIN, and client may lose what is on its \
                    way to it; read to the end before closing";
    assert_eq!(about(&tape.lines, "closed-unread"), [expected]);
    // Nobody is there to lose anything, but what was unread is lost.
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.close(CLIENT, 1, 150);
    tape.close(SERVER, 2, 200).args.more.insert("unread".into(), json!(10));
    let lost = "server closed with 10 B unread: they are lost, and client, which had closed before, never hears of it; read to \
                the end before closing";
    assert_eq!(about(&tape.lines, "closed-unread"), [lost]);
    assert_eq!(level(&tape.lines, "closed-unread"), Level::Info);
}

#[test]
fn a_broken_pipe_is_the_peers_end_or_ones_own() {
    let mut tape = Tape::connected(7);
    tape.close(SERVER, 2, 200);
    tape.send(CLIENT, 1, 600, b"more");
    tape.call(CLIENT, CallKind::Send, 1, 1200, 1201, Err("EPIPE"));
    let expected = "broken pipe: server closed its socket 1.0 ms earlier; the first send after that (4 B) went and was \
                    answered by RST, this one fails; take EPIPE as the end of the conversation";
    assert_eq!(about(&tape.lines, "broken-pipe"), [expected]);

    let mut tape = Tape::connected(7);
    tape.shutdown(CLIENT, 1, 200);
    tape.call(CLIENT, CallKind::Send, 1, 300, 301, Err("EPIPE"));
    let own = "broken pipe: client had ended this direction itself with shutdown 0.1 ms earlier; send first, then shut down";
    assert_eq!(about(&tape.lines, "broken-pipe"), [own]);
}

#[test]
fn a_deadlock_is_two_receives_that_never_returned() {
    let dead = |more: bool| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"hello");
        tape.recv(SERVER, 2, 70, 120, if more { b"hell" } else { b"hello" });
        for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
            let call = tape.call(proc, CallKind::Recv, sock, 200, 200, Ok(0));
            (call.exit, call.ret) = (None, None);
        }
        tape.end(3_000_000);
        tape
    };
    let expected = "a deadlock: client waits to receive from server, which waits to receive from it, for 3.0 s, and nothing \
                    is on its way; one of them has to send, or to end its direction with shutdown; client spoke last, without a line end: if \
                    server reads lines, it waits for one, and if it reads to the end, for shutdown(SHUT_WR)";
    assert_eq!(about(&dead(false).lines, "deadlock"), [expected]);
    assert_eq!(about(&dead(true).lines, "deadlock"), [""; 0], "one byte is on its way");

    let picture = sock_ladder::text(&dead(false).lines, &sock_ladder::Drawing::default());
    assert_eq!(picture.matches("recv still waiting").count(), 2, "{picture}");

    // One is killed, and only so the other comes to an end.
    let mut killed = Tape::connected(7);
    killed.recv(SERVER, 2, 70, 900_000, b"");
    killed.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0)).exit = None;
    killed.close(CLIENT, 1, 899_000).args.more.insert("by".into(), json!("exit"));
    killed.close(SERVER, 2, 900_100);
    assert_eq!(about(&killed.lines, "deadlock").len(), 1);

    // Who was stopped has told nobody that it was over, and what the record says already is not said again: only why.
    let mut told = dead(false);
    told.note("deadlock", "said live");
    let why = expected.split_once("shutdown; ").unwrap().1;
    assert_eq!(about(&told.lines, "deadlock"), [why]);
    assert_eq!(explain(&sock_ladder::joined(&told.lines)), []);
}

/// Two that send more than there is room for, and are stopped by force.
fn flood() -> Tape {
    let mut tape = Tape::connected(7);
    for (proc, sock, t) in [(CLIENT, 1, 100), (SERVER, 2, 200)] {
        tape.send(proc, sock, t, b"0123").args.len = Some(10);
        let Some(Line::Call(call)) = tape.lines.last_mut() else { panic!("it is a call") };
        // A send that a signal interrupts says how much had gone by then.
        call.exit = Some(2_900_000_000 + t);
    }
    for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
        let close = tape.close(proc, sock, 2_901_000);
        close.args.more.insert("by".into(), json!("exit"));
        close.args.more.insert("unread".into(), json!(4));
    }
    tape.end(3_000_000);
    tape
}

#[test]
fn two_that_only_send_wait_for_each_other_too() {
    let expected = "a deadlock: client and server both wait in send, for 2.9 s, because the buffers between them are full and \
                    neither receives; one of them has to receive before it sends on, or both receive while they send (with a \
                    thread, or with select)";
    let said: Vec<(String, String)> = said(&flood().lines);
    assert_eq!(said, [("deadlock".to_owned(), expected.to_owned())]);

    // One that is only slow, and whose peer has no wish to send.
    let mut slow = flood();
    let answers = |call: &Call| call.proc.0 == SERVER && call.call == CallKind::Send;
    slow.lines.retain(|line| !matches!(line, Line::Call(call) if answers(call)));
    assert_eq!(about(&slow.lines, "deadlock"), [""; 0]);
    let stopped = "client asked to send 10 B and only 4 B went, because the buffer was full: server reads more slowly; it \
                   ended while it waited for room";
    assert_eq!(about(&slow.lines, "partial-send"), [stopped]);
}

/// The client reads to the end; the server has answered, and keeps the connection.
fn kept(deed: impl FnOnce(&mut Tape)) -> Vec<String> {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.send(SERVER, 2, 130, b"HELLO").fd = Some(4);
    tape.recv(CLIENT, 1, 110, 150, b"HELLO");
    let call = tape.call(CLIENT, CallKind::Recv, 1, 200, 200, Ok(0));
    (call.exit, call.ret) = (None, None);
    deed(&mut tape);
    let close = tape.close(SERVER, 2, 2_900_000);
    close.args.more.insert("by".into(), json!("exit"));
    tape.end(3_000_000);
    about(&tape.lines, "not-closed")
}

#[test]
fn a_close_that_was_forgotten() {
    let expected = "client waited 2.9 s for more, or for the end, in vain: server holds the socket (fd 4) and neither sends \
                    nor closes it; no FIN goes out before it calls close or shutdown(SHUT_WR)";
    assert_eq!(kept(|_| ()), [expected]);
    let asks = |tape: &mut Tape| {
        let call = tape.call(SERVER, CallKind::Recv, 2, 210, 210, Ok(0));
        (call.exit, call.ret) = (None, None);
    };
    assert_eq!(kept(asks), [""; 0], "that is a deadlock");
    let tells = |tape: &mut Tape| {
        tape.shutdown(SERVER, 2, 300);
    };
    assert_eq!(kept(tells), [""; 0], "it was told");
    let late = |tape: &mut Tape| {
        tape.send(CLIENT, 1, 160, b"more");
    };
    assert_eq!(kept(late), [""; 0], "the server has something to read first");
}

#[test]
fn two_small_sends_and_forty_milliseconds_are_nagle() {
    let slow = |queued: Option<u64>, nodelay: bool| {
        let mut tape = Tape::connected(7);
        if nodelay {
            let option = tape.call(CLIENT, CallKind::Setsockopt, 1, 60, 61, Ok(0));
            option.args.more.insert("name".into(), json!("TCP_NODELAY"));
            option.args.more.insert("value".into(), json!(1));
        }
        tape.send(CLIENT, 1, 1_000, b"head ");
        tape.recv(SERVER, 2, 900, 1_100, b"head ");
        tape.send(CLIENT, 1, 2_000, b"body\n").outq = queued;
        tape.recv(SERVER, 2, 1_200, 43_000, b"body\n");
        about(&tape.lines, "nagle")
    };
    let expected = "these 5 B came only 41 ms later: Nagle's algorithm holds a small send until the 5 B before it are \
                    acknowledged, and an acknowledgement may be delayed; send both at once, or set TCP_NODELAY";
    assert_eq!(slow(Some(10), false), [expected]);
    assert_eq!(slow(None, false), [expected]);
    assert_eq!(slow(Some(5), false), [""; 0], "the first had been acknowledged");
    assert_eq!(slow(Some(10), true), [""; 0]);
}

#[test]
fn codes_are_words_that_stay() {
    insta::assert_snapshot!(codes().collect::<Vec<_>>().join(" "), @"backlog-full broken-pipe closed-unread cut deadlock end end-ignored foreign gap in-use interleaved interrupted merged nagle never-accepted no-answer no-fin no-reuseaddr nobody-bound not-bound not-closed not-connected not-here not-listening not-read not-received nothing-came one-at-a-time other-server partial-send passed refused reset ring sigpipe split start stopped time-wait timed-out would-block");
}

#[test]
fn the_picture_shows_what_is_explained() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"ab");
    tape.send(CLIENT, 1, 120, b"cd");
    tape.recv(SERVER, 2, 140, 150, b"abcd");
    let drawing = sock_ladder::Drawing { width: 90, explain: true, ..Default::default() };
    let text = sock_ladder::text(&tape.lines, &drawing);
    assert!(text.contains("* 2 sends by client (2 and 2 B) became 1"), "{text}");
    let plain = sock_ladder::text(&tape.lines, &sock_ladder::Drawing { explain: false, ..drawing });
    assert!(!plain.contains("became"), "{plain}");
}
