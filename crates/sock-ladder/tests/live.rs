//! Ladders that are drawn while their record is written.

mod tape;

use sock_ladder::{Drawing, Live};
use sock_record::{Call, CallKind, Ev, Line, ProcId, SockId};
use tape::{CLIENT, SERVER, Tape};

fn drawing() -> Drawing {
    Drawing { width: 80, ..Drawing::default() }
}

/// What is drawn of a tape, by the time that its last line is heard.
fn drawn(tape: &Tape) -> Vec<String> {
    rows(&mut heard(tape))
}

fn heard(tape: &Tape) -> Live {
    let mut live = Live::new(&drawing());
    let mut lines: Vec<Line> = tape.lines.clone();
    for sock in lines.iter_mut().filter_map(sock) {
        sock.mate = Some(SockId(3 - sock.sock.0));
    }
    for line in &lines {
        live.hear(line);
    }
    live
}

fn sock(line: &mut Line) -> Option<&mut sock_record::Sock> {
    if let Line::Sock(sock) = line { Some(sock) } else { None }
}

/// The rows without the lanes' names, times left out and blanks put together.
fn rows(live: &mut Live) -> Vec<String> {
    let text = live.take().replace('↑', " ");
    let is_row =
        |line: &&str| line.contains(' ') && !line.contains("127.0.0.1") && !line.starts_with('(');
    let rows = text.lines().filter(is_row);
    let rows = rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let is_timed = words.get(1).is_some_and(|unit| ["ms", "s"].contains(unit));
        let words = if is_timed { &words[2..] } else { &words[..] };
        let mut row = words.join(" ");
        while row.contains("──") {
            row = row.replace("──", "─");
        }
        row
    });
    rows.filter(|row| !["client server", "│ │"].contains(&row.as_str())).collect()
}

#[test]
fn a_send_and_its_receive_are_one_row() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"Hi");
    tape.recv(SERVER, 2, 70, 120, b"Hi");
    assert_eq!(drawn(&tape), ["connect ├─►│ accept", "send 2 B ├─ \"Hi\" ─►│ recv 2 B"]);
}

#[test]
fn who_is_not_answered_at_once_is_drawn_alone_and_goes_on_later() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"Hi");
    let mut live = heard(&tape);
    assert_eq!(rows(&mut live), ["connect ├─►│ accept"]);
    live.look(50_000_000);
    assert!(live.take().is_empty(), "it may still be read");
    live.look(150_000_000);
    assert_eq!(rows(&mut live), ["send 2 B ├─ \"Hi\" ─ (1) │"]);
    live.look(400_000_000);
    assert!(live.take().is_empty(), "it is drawn once");
    tape.lines.clear();
    tape.recv(SERVER, 2, 70, 500_000, b"Hi");
    live.hear(&tape.lines[0]);
    assert_eq!(rows(&mut live), ["│ (1) ─►│ recv 2 B", "│ │ waited 500 ms"]);
}

#[test]
fn a_send_whose_first_bytes_were_drawn_before_it_is_named_at_the_rest() {
    let mut tape = Tape::connected(9);
    tape.recv(SERVER, 2, 70, 120, b"one");
    let mut live = heard(&tape);
    live.look(300_000_000);
    tape.lines.clear();
    tape.send(CLIENT, 1, 100, b"one two");
    live.hear(&tape.lines[0]);
    live.look(600_000_000);
    let rows = rows(&mut live);
    let rest = rows.iter().find(|row| row.contains("send 7 B"));
    assert!(rest.is_some_and(|row| row.contains("\" two\"")), "{rows:?}");
}

#[test]
fn messages_that_merge_are_bracketed() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"one");
    tape.send(CLIENT, 1, 120, b"two");
    tape.recv(SERVER, 2, 70, 140, b"onetwo");
    let rows = drawn(&tape);
    assert_eq!(
        rows[1..],
        ["send 3 B ├─ 3 B \"one\" ─►│ ╮", "send 3 B ├─ 3 B \"two\" ─►│ ╯ recv 6 B"]
    );
}

#[test]
fn a_lane_keeps_its_own_order() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"never read yet");
    tape.shutdown(CLIENT, 1, 120);
    tape.send(SERVER, 2, 90, b"Hi");
    tape.recv(CLIENT, 1, 130, 140, b"Hi");
    let rows = drawn(&tape);
    assert_eq!(rows[1], "send 14 B ├─ \"never rea\"… ─ (1) │");
    assert_eq!(rows[2], "shutdown WR ├─ half-close ─ (2) │");
    assert_eq!(rows[3], "recv 2 B │◄─ \"Hi\" ─┤ send 2 B");
}

#[test]
fn what_repeats_is_counted_and_its_last_time_drawn() {
    let mut tape = Tape::connected(9);
    for n in 0..1000 {
        tape.send(CLIENT, 1, 100 * n + 100, b"Hi");
        tape.recv(SERVER, 2, 100 * n + 70, 100 * n + 120, b"Hi");
    }
    tape.shutdown(CLIENT, 1, 200_000);
    tape.recv(SERVER, 2, 199_000, 200_010, b"");
    let rows = drawn(&tape);
    let message = "send 2 B ├─ \"Hi\" ─►│ recv 2 B";
    assert_eq!(rows[1..3], [message, message]);
    assert_eq!(rows[3], "× 997 the same, median 20 µs ┊");
    assert_eq!(rows[4..], [message, "shutdown WR ├─ FIN (half-close) ─►│ recv 0 B: end"]);
}

#[test]
fn what_repeats_slowly_is_drawn_each_time() {
    let mut tape = Tape::connected(9);
    for n in 1..20 {
        tape.send(CLIENT, 1, 1_000_000 * n, b"tick");
        tape.recv(SERVER, 2, 1_000_000 * n, 1_000_000 * n + 20, b"tick");
    }
    assert_eq!(drawn(&tape).len(), 20);
}

#[test]
fn what_comes_faster_than_anybody_reads_is_counted() {
    let mut tape = Tape::connected(9);
    for n in 1..2000_u64 {
        let bytes = vec![b'x'; usize::try_from(n * 7919 % 500).unwrap() + 1];
        tape.send(CLIENT, 1, 20 * n + 100, &bytes);
        tape.recv(SERVER, 2, 20 * n, 20 * n + 115, &bytes);
    }
    let mut live = heard(&tape);
    live.look(1_000_000_000);
    let rows = rows(&mut live);
    assert_eq!(rows.len(), 201, "200 rows, and how many came besides");
    assert_eq!(rows[200], "1,800 rows came too fast to be read");
}

#[test]
fn who_waits_is_shown_while_he_waits() {
    let tape = Tape::connected(9);
    let mut live = heard(&tape);
    let mut waits = Call::new(Ev(9), ProcId(SERVER), CallKind::Recv, 70_000);
    waits.sock = Some(SockId(2));
    live.waits(&waits);
    assert_eq!(rows(&mut live), ["connect ├─►│ accept", "│ │ recv waits"]);
}

#[test]
fn a_deadlock_is_said_between_the_lanes() {
    let mut tape = Tape::connected(9);
    tape.note("deadlock", "both wait");
    if let Some(Line::Note(note)) = tape.lines.last_mut() {
        note.level = sock_record::Level::Warn;
    }
    assert_eq!(drawn(&tape)[1], "│ ! both wait │");
}

#[test]
fn an_end_that_nobody_reads_is_an_arrow_all_the_same() {
    let mut tape = Tape::connected(9);
    tape.close(SERVER, 2, 100);
    tape.close(CLIENT, 1, 200);
    assert_eq!(drawn(&tape)[1..], ["│◄─ FIN ─┤ close", "close ├─ FIN ─►│"]);
}

#[test]
fn a_reset_comes_from_the_close_that_caused_it() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"unread");
    tape.close(SERVER, 2, 200);
    tape.call(CLIENT, CallKind::Recv, 1, 150, 210, Err("ECONNRESET"));
    let rows = drawn(&tape);
    assert_eq!(
        rows[1..],
        ["send 6 B ├─ \"unread\" ─ (1) │", "recv ECONNRESET │╳─ RST (reset) ─┤ close"]
    );
}

#[test]
fn datagrams_meet_who_takes_them_and_the_answer_finds_its_way() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(2, "127.0.0.1:7");
    // Nobody asked for the client's own address.
    tape.sock(1, sock_record::Kind::Dgram, sock_record::Origin::Socket, 0);
    tape.send(CLIENT, 1, 100, b"ping").args.addr = Some("127.0.0.1:7".into());
    tape.recv(SERVER, 2, 50, 120, b"ping").args.addr = Some("127.0.0.1:40000".into());
    tape.send(SERVER, 2, 130, b"pong").args.addr = Some("127.0.0.1:40000".into());
    tape.recv(CLIENT, 1, 125, 150, b"pong").args.addr = Some("127.0.0.1:7".into());
    let mut live = Live::new(&drawing());
    for line in &tape.lines {
        live.hear(line);
    }
    let rows = rows(&mut live);
    assert_eq!(rows, ["send 4 B ├─ \"ping\" ─►│ recv 4 B", "recv 4 B │◄─ \"pong\" ─┤ send 4 B"]);
}

#[test]
fn a_narrow_page_has_a_line_for_each_side() {
    let mut tape = Tape::connected(9);
    tape.send(CLIENT, 1, 100, b"Hi");
    tape.recv(SERVER, 2, 70, 120, b"Hi");
    let mut live = Live::new(&Drawing { width: 40, ascii: true, ..Drawing::default() });
    for line in &mut tape.lines {
        if let Some(sock) = sock(line) {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
        live.hear(line);
    }
    let text = live.take();
    assert!(
        text.is_ascii() && text.contains("client send 2 B\n  -> server recv 2 B \"Hi\"\n"),
        "{text}"
    );
}
