//! What ladders look like: one snapshot for each story.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use sock_ladder::{Drawing, text};
use sock_record::{CallKind, Line, Origin};
use tape::{CLIENT, SERVER, Tape};
use unicode_width::UnicodeWidthStr;

/// Draws, and holds every line to the width.
fn draw(lines: &[Line], drawing: &Drawing) -> String {
    let page = text(lines, drawing);
    for line in page.lines() {
        assert!(line.width() <= drawing.width, "{} columns: {line}", line.width());
        assert_eq!(line.trim_end(), line);
    }
    page
}

fn wide(width: usize) -> Drawing {
    Drawing { width, ..Drawing::default() }
}

macro_rules! ladder {
    ($name:ident, $tape:expr) => {
        ladder!($name, $tape, Drawing::default());
    };
    ($name:ident, $tape:expr, $drawing:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(draw(&$tape.lines, &$drawing));
        }
    };
}

fn greet() -> Tape {
    let mut tape = Tape::connected(1234);
    tape.send(SERVER, 2, 80, b"Thank you for connecting");
    tape.recv(CLIENT, 1, 55, 104, b"Thank you for connecting");
    tape.close(SERVER, 2, 95);
    tape.recv(CLIENT, 1, 110, 118, b"");
    tape.close(CLIENT, 1, 130);
    tape
}

fn upper_udp() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "UDPClient.py").proc(SERVER, "UDPServer.py");
    tape.udp(1, "0.0.0.0:1600");
    tape.udp(2, "127.0.0.1:12000");
    let at = Some("127.0.0.1:12000".into());
    let back = Some("127.0.0.1:1600".into());
    tape.send(CLIENT, 1, 0, b"hello from client1").args.addr.clone_from(&at);
    tape.recv(SERVER, 2, 0, 14, b"hello from client1").args.addr.clone_from(&back);
    tape.send(SERVER, 2, 31, b"HELLO FROM CLIENT1").args.addr.clone_from(&back);
    tape.recv(CLIENT, 1, 12, 45, b"HELLO FROM CLIENT1").args.addr.clone_from(&at);
    tape.close(CLIENT, 1, 60);
    tape
}

fn half_close_echo() -> Tape {
    let mut tape = Tape::connected(50007);
    tape.send(CLIENT, 1, 100, "straße\n".as_bytes());
    tape.shutdown(CLIENT, 1, 120);
    tape.recv(SERVER, 2, 70, 131, "straße\n".as_bytes());
    tape.recv(SERVER, 2, 150, 155, b"");
    tape.send(SERVER, 2, 170, "STRASSE\n".as_bytes());
    tape.close(SERVER, 2, 190);
    tape.recv(CLIENT, 1, 130, 201, "STRASSE\n".as_bytes());
    tape.recv(CLIENT, 1, 210, 215, b"");
    tape.close(CLIENT, 1, 230);
    tape
}

fn reset() -> Tape {
    let mut tape = Tape::connected(50007);
    tape.send(CLIENT, 1, 100, b"GET / HTTP/1.1\r\n");
    tape.recv(SERVER, 2, 70, 140, b"GET /");
    tape.close(SERVER, 2, 180);
    tape.call(CLIENT, CallKind::Recv, 1, 120, 210, Err("ECONNRESET"));
    tape.note(
        "unread",
        "the server closed with 11 unread bytes, so the client got a reset, not an end",
    );
    tape.close(CLIENT, 1, 230);
    tape
}

fn merged() -> Tape {
    let mut tape = Tape::connected(1060);
    tape.send(CLIENT, 1, 100, b"one ");
    tape.send(CLIENT, 1, 115, b"two ");
    tape.send(CLIENT, 1, 130, b"three");
    tape.recv(SERVER, 2, 90, 180, b"one two three");
    tape.note("merged", "3 sends became 1 receive: TCP keeps no message boundaries");
    tape
}

fn split() -> Tape {
    let mut tape = Tape::connected(1060);
    tape.send(CLIENT, 1, 100, b"abcdefghij").args.len = Some(12);
    tape.recv(SERVER, 2, 70, 120, b"abcd").args.len = Some(4);
    tape.recv(SERVER, 2, 130, 131, b"efgh").args.len = Some(4);
    tape.recv(SERVER, 2, 140, 141, b"ij").args.len = Some(4);
    tape
}

fn ack_chat() -> Tape {
    let mut tape = Tape::connected(1060);
    for (n, (message, reply)) in [
        ("Hi\n", "Your data was 2 bytes\n"),
        ("How are you?\n", "Your data was 12 bytes\n"),
        ("Exit\n", "Disconnect\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let t = 1_000_000 * (n as u64 + 1);
        tape.send(CLIENT, 1, t, message.as_bytes());
        tape.recv(SERVER, 2, t - 900_000, t + 30, message.as_bytes());
        tape.send(SERVER, 2, t + 50, reply.as_bytes());
        tape.recv(CLIENT, 1, t + 20, t + 90, reply.as_bytes());
    }
    tape.close(SERVER, 2, 3_000_080);
    tape.recv(CLIENT, 1, 3_000_100, 3_000_110, b"");
    tape.close(CLIENT, 1, 3_000_120);
    tape
}

fn one_sided() -> Tape {
    let mut tape = Tape::default();
    tape.proc(SERVER, "serve echo");
    tape.tcp(1, Origin::Accept, 0, "127.0.0.1:50007", "127.0.0.1:40112");
    tape.recv(SERVER, 1, 400, 400, b"hello\n");
    tape.send(SERVER, 1, 410, b"hello\n");
    tape.recv(SERVER, 1, 900, 900, b"");
    tape.close(SERVER, 1, 905);
    tape
}

fn select_server() -> Tape {
    let mut tape = Tape::default();
    tape.proc(1, "client A").proc(2, "client B").proc(3, "select.py");
    tape.sock(9, sock_record::Kind::Stream, Origin::Socket, 0).local = Some("0.0.0.0:7000".into());
    tape.call(3, CallKind::Listen, 9, 0, 1, Ok(0));
    for (n, at) in [(1, 0), (2, 40)] {
        let (client, server) = (format!("127.0.0.1:4000{n}"), "127.0.0.1:7000");
        tape.tcp(n, Origin::Socket, at, &client, server);
        tape.tcp(10 + n, Origin::Accept, at + 30, server, &client);
        tape.call(n, CallKind::Connect, n, at, at + 20, Ok(0));
        tape.call(3, CallKind::Accept, 10 + n, at + 28, at + 30, Ok(5));
    }
    tape.call(3, CallKind::Wait, 9, 80, 110, Ok(1));
    tape.send(2, 2, 100, b"from B");
    tape.recv(3, 12, 112, 115, b"from B");
    tape.send(3, 12, 118, b"FROM B");
    tape.send(1, 1, 119, b"from A");
    tape.recv(2, 2, 112, 130, b"FROM B");
    tape.recv(3, 11, 132, 135, b"from A");
    tape.send(3, 11, 138, b"FROM A");
    tape.recv(1, 1, 130, 150, b"FROM A");
    tape.close(1, 1, 160);
    tape.recv(3, 11, 170, 171, b"");
    tape.close(3, 11, 175);
    tape
}

fn thousand() -> Tape {
    let mut tape = Tape::connected(7);
    for n in 0..1_000 {
        let (t, sent) = (100 + n * 40, format!("message {n:03}"));
        tape.send(CLIENT, 1, t, sent.as_bytes());
        tape.recv(SERVER, 2, t - 20, t + 5, sent.as_bytes());
        tape.send(SERVER, 2, t + 7, sent.as_bytes());
        tape.recv(CLIENT, 1, t + 6, t + 13, sent.as_bytes());
    }
    tape.shutdown(CLIENT, 1, 50_000);
    tape.recv(SERVER, 2, 40_090, 50_020, b"");
    tape.close(SERVER, 2, 50_030);
    tape.recv(CLIENT, 1, 50_010, 50_050, b"");
    tape.close(CLIENT, 1, 50_060);
    tape
}

fn crossing() -> Tape {
    let mut tape = Tape::connected(1060);
    tape.send(CLIENT, 1, 100, b"ping");
    tape.send(SERVER, 2, 105, b"are you there?");
    tape.recv(SERVER, 2, 118, 130, b"ping");
    tape.recv(CLIENT, 1, 112, 140, b"are you there?");
    tape
}

/// What two engines write that hear of a call when it is over: a receive can be written down before its send.
fn late() -> Tape {
    let mut tape = Tape::connected(1060);
    for (who, sock, t, bytes, sends) in [
        (CLIENT, 1, 120, "Hi", true),
        (SERVER, 2, 110, "Hi", false),
        (SERVER, 2, 128, "Yo", true),
        (CLIENT, 1, 125, "Yo", false),
    ] {
        let bytes = bytes.as_bytes();
        let call =
            if sends { tape.send(who, sock, t, bytes) } else { tape.recv(who, sock, t, t, bytes) };
        call.exit = Some(call.enter);
    }
    tape
}

fn hostile() -> Tape {
    let mut tape = Tape::connected(1060);
    tape.proc(SERVER, "evil\x1b]0;pwned\x07\u{202e}gnp.exe");
    tape.send(CLIENT, 1, 100, b"\x1b[2J\x1b[31m\r\n\x00\xff\xfe\"\\");
    tape.recv(SERVER, 2, 90, 120, b"\x1b[2J\x1b[31m\r\n\x00\xff\xfe\"\\");
    let tricky = "a\u{202e}dcba\u{2066} \u{200b}日本語 👩\u{200d}💻".as_bytes();
    tape.send(SERVER, 2, 130, tricky);
    tape.recv(CLIENT, 1, 125, 150, tricky);
    tape.note("odd", "a note with \x1b[5m and \u{202e} in it");
    tape
}

ladder!(greet_says_thank_you_and_closes, greet());
ladder!(upper_over_udp, upper_udp());
ladder!(an_echo_with_a_half_close, half_close_echo());
ladder!(a_reset_and_why, reset());
ladder!(three_sends_are_one_receive, merged());
ladder!(one_partial_send_is_three_receives, split());
ladder!(an_acknowledging_chat, ack_chat(), wide(100));
ladder!(only_the_server_recorded, one_sided());
ladder!(a_select_server_and_two_clients, select_server(), wide(110));
ladder!(a_thousand_repeats_are_folded, thousand());
ladder!(what_crossed_is_cut_in_two, crossing());
ladder!(what_was_written_down_late_still_points_forward, late());
ladder!(sixty_columns, half_close_echo(), wide(60));
ladder!(forty_columns_are_a_list, half_close_echo(), wide(40));
ladder!(in_ascii, half_close_echo(), Drawing { ascii: true, ..wide(80) });
ladder!(a_fold_in_ascii, thousand(), Drawing { ascii: true, ..wide(80) });
ladder!(hostile_bytes_are_harmless, hostile(), wide(100));
ladder!(hostile_bytes_in_ascii, hostile(), Drawing { ascii: true, ..wide(100) });
ladder!(all_calls_of_the_select_server, select_server(), Drawing { all_calls: true, ..wide(110) });

#[test]
fn a_reset_that_answered_a_send_leaves_when_that_send_was_made() {
    let mut tape = Tape::connected(12020);
    tape.close(SERVER, 2, 100);
    tape.recv(CLIENT, 1, 50, 110, b"");
    tape.send(CLIENT, 1, 1_600, b"more");
    tape.call(CLIENT, CallKind::Send, 1, 1_700, 1_701, Err("EPIPE"));
    let page = text(&tape.lines, &Drawing::default());
    let line = |what: &str| page.lines().position(|line| line.contains(what)).expect(&page);
    assert!(line("FIN") < line("send 4 B") && line("send 4 B") < line("RST (reset)"), "{page}");
    assert!(page.contains("send EPIPE  │╳─") && page.matches("close").count() == 1, "{page}");
    let svg = sock_ladder::svg(&tape.lines, &Drawing::default());
    let start = |kind: &str| -> f64 {
        let arrow = svg.split(&format!("class=\"arrow {kind}\"")).nth(1).expect(&svg);
        let y = arrow.split(" y1=\"").nth(1).and_then(|rest| rest.split('"').next());
        y.expect(arrow).parse().expect(arrow)
    };
    assert!(start("reset") > start("lost"), "{svg}");
    // Where bytes were left unread it was the close itself.
    let mut torn = Tape::connected(12020);
    torn.close(SERVER, 2, 100).args.more.insert("unread".into(), 3.into());
    torn.send(CLIENT, 1, 1_600, b"more");
    torn.call(CLIENT, CallKind::Send, 1, 1_700, 1_701, Err("ECONNRESET"));
    let page = text(&torn.lines, &Drawing::default());
    assert!(page.lines().any(|line| line.contains("RST") && line.contains("close")), "{page}");
}

#[test]
fn a_number_stands_for_one_arrow_of_a_picture() {
    let mut tape = crossing();
    tape.send(CLIENT, 1, 200, b"and now?");
    tape.send(SERVER, 2, 205, b"still there?");
    tape.recv(SERVER, 2, 218, 230, b"and now?");
    tape.recv(CLIENT, 1, 212, 240, b"still there?");
    let page = draw(&tape.lines, &Drawing::default());
    for n in 1..=2 {
        assert_eq!(page.matches(&format!("({n})")).count(), 2, "{page}");
    }
}

#[test]
fn the_number_of_a_cut_arrow_covers_no_lane() {
    let mut tape = Tape::default();
    for id in 1..=5 {
        tape.proc(id, &format!("c{id}"));
    }
    tape.proc(9, "server");
    let server = "127.0.0.1:7";
    for id in 1..=5 {
        let own = format!("127.0.0.1:4000{id}");
        tape.tcp(id, Origin::Socket, 0, &own, server);
        tape.tcp(10 + id, Origin::Accept, 0, server, &own);
    }
    for id in 1..=5 {
        let t = 100 * u64::from(id);
        tape.send(id, id, t, b"ping");
        tape.send(9, 10 + id, t + 5, b"are you there?");
        tape.recv(9, 10 + id, t + 18, t + 30, b"ping");
        tape.recv(id, id, t + 12, t + 40, b"are you there?");
    }
    for width in 80..120 {
        let page = draw(&tape.lines, &wide(width));
        let lanes = |row: &str| row.chars().filter(|c| "│├┤┼".contains(*c)).count();
        let all = page.lines().map(lanes).find(|lanes| *lanes > 0).unwrap();
        for row in page.lines().filter(|row| row.contains(" µs ")) {
            assert_eq!(lanes(row), all, "{row}\n{page}");
        }
    }
}
