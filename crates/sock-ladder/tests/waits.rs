//! Waiting as it is drawn: how long, in vain, to the end; and whom sock ended.

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, Live, explain, svg, text};
use sock_record::{CallKind, Line, SockId};
use tape::{CLIENT, SERVER, Tape};

const SECOND: u64 = 1_000_000;

fn drawn(tape: &Tape) -> String {
    tape::every_note_is_drawn(&tape.lines);
    let page = text(&tape.lines, &Drawing { explain: true, ..Drawing::default() });
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    page
}

fn live(tape: &Tape) -> String {
    heard(tape, &Drawing::default())
}

/// What is drawn live, of ends that know each other as a tracer tells them.
fn heard(tape: &Tape, drawing: &Drawing) -> String {
    let mut heard = Live::new(drawing);
    for told in &tape.lines {
        let mut told = told.clone();
        if let Line::Sock(sock) = &mut told
            && sock.peer.is_some()
        {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
        heard.hear(&told);
    }
    heard.take()
}

/// The rows, each without its time, blanks put together.
fn rows(page: &str) -> Vec<String> {
    page.lines().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn has(page: &str, row: &str) -> bool {
    rows(page).iter().any(|line| line.ends_with(row))
}

/// A wait for one socket that lasted from `enter` to `exit`.
fn poll(tape: &mut Tape, who: u32, sock: u32, (enter, exit): (u64, u64), ready: i64) {
    let wait = tape.call(who, CallKind::Wait, sock, enter, exit, Ok(ready));
    (wait.sys, wait.sock) = (Some("poll".into()), None);
    let one = json!([{"fd": 3, "sock": sock, "events": ["POLLIN"]}]);
    wait.args.more.insert("watched".into(), one.clone());
    wait.args.more.insert("ready".into(), if ready > 0 { one } else { json!([]) });
    wait.args.more.insert("timeout_ns".into(), json!(SECOND * 1_000));
}

/// What `settimeout` does to a socket.
fn nonblocking(tape: &mut Tape, who: u32, sock: u32) {
    let call = tape.call(who, "ioctl".into(), sock, 61, 62, Ok(0));
    call.args.more.insert("nonblock".into(), json!(true));
}

#[test]
fn a_receive_that_waited_long_says_how_long() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.send(SERVER, 2, 1_200_200, b"HELLO");
    tape.recv(CLIENT, 1, 200, 1_200_250, b"HELLO");
    let page = drawn(&tape);
    assert!(has(&page, "│ waited 1.2 s │ │") || page.contains("waited 1.2 s  │"), "{page}");
    assert_eq!(page.matches("waited").count(), 1, "a short wait is nobody's business: {page}");
    let wide = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(wide.contains("recv 5 B · waited 1.2 s  │"), "{wide}");
    let ascii = text(&tape.lines, &Drawing { width: 100, ascii: true, ..Drawing::default() });
    assert!(ascii.contains("recv 5 B, waited 1.2 s  |"), "{ascii}");
    assert!(live(&tape).contains("waited 1.2 s"), "{}", live(&tape));
    assert!(svg(&tape.lines, &Drawing::default()).contains("recv 5 B · waited 1.2 s"));
}

#[test]
fn an_accept_that_waited_long_says_how_long() {
    let mut tape = Tape::connected(7);
    for line in &mut tape.lines {
        let Line::Call(call) = line else { continue };
        let is_accept = call.call == CallKind::Accept;
        call.enter = if is_accept { 0 } else { 2_500_000_000 };
        call.exit = Some(2_500_060_000);
    }
    let page = drawn(&tape);
    assert!(has(&page, "│ waited 2.5 s"), "{page}");
}

#[test]
fn a_call_whose_library_waits_in_poll_waited_as_long() {
    let mut tape = Tape::connected(7);
    nonblocking(&mut tape, CLIENT, 1);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    poll(&mut tape, CLIENT, 1, (200, 700_000), 1);
    tape.send(SERVER, 2, 699_900, b"HELLO");
    tape.recv(CLIENT, 1, 700_010, 700_020, b"HELLO");
    assert!(drawn(&tape).contains("waited 700 ms"), "{}", drawn(&tape));
    assert!(live(&tape).contains("waited 700 ms"), "{}", live(&tape));
}

#[test]
fn a_time_limit_that_was_over_is_a_row_in_plain_words() {
    let mut tape = Tape::connected(7);
    nonblocking(&mut tape, CLIENT, 1);
    poll(&mut tape, CLIENT, 1, (200, 200 + SECOND), 0);
    tape.close(CLIENT, 1, 300 + SECOND);
    for page in [drawn(&tape), live(&tape)] {
        let all = rows(&page);
        let at = all.iter().position(|row| row.contains("recv gave up"));
        let at = at.unwrap_or_else(|| panic!("no such row: {page}"));
        assert!(all[at + 1].starts_with("after 1.0 s:"), "{page}");
        assert!(all[at + 2].starts_with("nothing came"), "{page}");
        assert!(all[at].starts_with('1'), "it stands where it gave up: {page}");
    }
    let notes = explain(&tape.lines);
    let said = notes.iter().find(|note| note.code == "timed-out");
    assert!(said.is_some_and(|note| note.text.contains("poll with a timeout")), "{notes:?}");
}

#[test]
fn a_receive_with_a_limit_of_its_own_gives_up_as_well() {
    let mut tape = Tape::connected(7);
    let set = tape.call(CLIENT, CallKind::Setsockopt, 1, 61, 62, Ok(0));
    set.args.more.insert("name".into(), json!("SO_RCVTIMEO"));
    tape.call(CLIENT, CallKind::Recv, 1, 200, 400_200, Err("EAGAIN"));
    tape.call(CLIENT, CallKind::Recv, 1, 400_300, 400_310, Err("EAGAIN"));
    for page in [drawn(&tape), live(&tape)] {
        assert_eq!(page.matches("recv gave up").count(), 1, "{page}");
        assert!(page.contains("after 400 ms:"), "{page}");
    }
}

#[test]
fn a_wait_that_is_drawn_is_called_what_it_is() {
    let mut tape = Tape::connected(7);
    poll(&mut tape, SERVER, 2, (200, 1_200_200), 1);
    let page = text(&tape.lines, &Drawing { width: 100, all_calls: true, ..Drawing::default() });
    assert!(page.contains("poll · waited 1.2 s"), "{page}");
}

#[test]
fn a_loop_that_looks_again_and_again_gives_nothing_up() {
    // A server that looks twice a second whether it is to end; its socket blocks.
    let mut tape = Tape::connected(7);
    for n in 0..4 {
        poll(&mut tape, SERVER, 2, (200 + n * SECOND, 500_000 + n * SECOND), 0);
    }
    poll(&mut tape, SERVER, 2, (4 * SECOND, 4 * SECOND + 20), 1);
    for page in [drawn(&tape), live(&tape)] {
        assert!(!page.contains("gave up"), "{page}");
    }
    // One that goes on to something else did.
    poll(&mut tape, SERVER, 2, (5 * SECOND, 6 * SECOND), 0);
    tape.close(SERVER, 2, 6 * SECOND + 10);
    for page in [drawn(&tape), live(&tape)] {
        assert_eq!(page.matches("recv gave up").count(), 1, "{page}");
    }
}

/// A client that got its answer and left; a server whose calls never returned.
fn left_alone(stream: bool) -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:40000");
    tape.udp(2, "127.0.0.1:7");
    let to = |address: &str| Some(address.into());
    tape.send(CLIENT, 1, 0, b"ping").args.addr = to("127.0.0.1:7");
    tape.recv(SERVER, 2, 0, 14, b"ping").args.addr = to("127.0.0.1:40000");
    tape.close(CLIENT, 1, 60);
    if stream {
        tape = Tape::connected(7);
        tape.close(CLIENT, 1, 100);
    }
    let open = tape.call(SERVER, CallKind::Recv, 2, 200, 200, Ok(0));
    (open.exit, open.ret) = (None, None);
    tape
}

#[test]
fn a_receive_that_waits_when_the_trace_ends_is_drawn_as_open() {
    for stream in [false, true] {
        let mut tape = left_alone(stream);
        tape.end(2 * SECOND);
        let page = drawn(&tape);
        assert!(has(&page, "│ recv still waiting"), "{page}");
        assert!(has(&page, "│ when the trace ended"), "{page}");
        let picture = svg(&tape.lines, &Drawing::default());
        assert!(picture.contains("box in open"), "its box is dashed, and goes on to the end");
        assert!(live(&tape).contains("recv still"), "{}", live(&tape));
    }
}

#[test]
fn an_accept_that_waits_when_the_trace_ends_is_drawn_as_open() {
    let mut tape = Tape::connected(7);
    tape.sock(3, sock_record::Kind::Stream, sock_record::Origin::Socket, 0).local =
        Some("127.0.0.1:7".into());
    tape.call(SERVER, CallKind::Listen, 3, 0, 1, Ok(0));
    let open = tape.call(SERVER, CallKind::Accept, 3, 200, 200, Ok(0));
    (open.exit, open.ret) = (None, None);
    tape.end(2 * SECOND);
    let page = drawn(&tape);
    assert!(has(&page, "│ accept still waiting"), "{page}");
}

#[test]
fn whom_sock_ended_has_closed_nothing_itself() {
    let mut tape = left_alone(true);
    tape.close(SERVER, 2, SECOND).args.more.insert("by".into(), json!("exit"));
    let unasked = drawn(&tape);
    assert!(has(&unasked, "┤ exit"), "nobody called close: {unasked}");
    assert!(has(&unasked, "│ when it was ended"), "{unasked}");
    tape.note("stopped", "sock ended server here (SIGTERM)");
    tape.end(2 * SECOND);
    let page = drawn(&tape);
    assert!(has(&page, "┤ ended by sock") && has(&page, "│ when sock ended it"), "{page}");
    assert!(page.contains("* sock ended server here (SIGTERM)"), "{page}");
}

#[test]
fn whom_sock_ended_while_it_only_waited_is_told() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(9, sock_record::Kind::Stream, sock_record::Origin::Socket, 0).local =
        Some("127.0.0.1:7".into());
    tape.call(SERVER, CallKind::Listen, 9, 3, 4, Ok(0));
    tape.close(SERVER, 9, SECOND).args.more.insert("by".into(), json!("exit"));
    tape.note("stopped", "sock ended server here (SIGTERM)");
    tape.end(2 * SECOND);
    let page = drawn(&tape);
    assert!(has(&page, "│ ended by sock") && page.contains("* sock ended server here"), "{page}");
}

#[test]
fn whom_sock_ended_first_is_not_blamed_for_time_wait() {
    let ended = |by_sock: bool| {
        let mut tape = Tape::connected(7);
        for line in &mut tape.lines {
            if let Line::Sock(sock) = line
                && sock.sock == SockId(2)
            {
                sock.listener = Some(SockId(3));
            }
        }
        tape.sock(3, sock_record::Kind::Stream, sock_record::Origin::Socket, 0).local =
            Some("127.0.0.1:7".into());
        tape.call(SERVER, CallKind::Bind, 3, 0, 1, Ok(0));
        tape.call(SERVER, CallKind::Listen, 3, 2, 3, Ok(0));
        tape.close(SERVER, 2, SECOND).args.more.insert("by".into(), json!("exit"));
        if by_sock {
            tape.note("stopped", "sock ended server here (SIGTERM)");
        }
        tape.recv(CLIENT, 1, 100, SECOND + 100, b"");
        tape.close(CLIENT, 1, SECOND + 200);
        explain(&tape.lines)
    };
    let codes = |by_sock: bool| -> Vec<String> {
        let mut codes: Vec<String> = ended(by_sock).into_iter().map(|note| note.code).collect();
        codes.sort();
        codes
    };
    assert_eq!(codes(false), ["end", "no-reuseaddr", "time-wait"]);
    assert_eq!(codes(true), ["end"]);
    let end = &ended(true)[0].text;
    assert!(end.contains("server was ended by sock, which closed its socket,"), "{end}");
}

#[test]
fn only_the_calls_that_are_asked_for_are_drawn() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    tape.recv(SERVER, 2, 70, 120, b"hello");
    tape.close(CLIENT, 1, 200);
    let drawing = Drawing { only: Some(CallKind::Recv), ..Drawing::default() };
    let page = text(&tape.lines, &drawing);
    assert!(page.contains("\"hello\"") && !page.contains("connect"), "{page}");
    assert!(!page.contains("close"), "{page}");
    let live = heard(&tape, &drawing);
    assert!(live.contains("recv 5 B") && !live.contains("connect"), "{live}");
}

/// A server that says welcome at once, of which the client takes notice `later` µs after that.
fn noticed(later: u64) -> Tape {
    let mut tape = Tape::connected(7);
    tape.send(SERVER, 2, 200, b"welcome\n");
    tape.recv(CLIENT, 1, 190 + later, 200 + later, b"welcome\n");
    tape
}

#[test]
fn a_receive_that_came_much_later_than_its_send_says_so() {
    let tape = noticed(300_000);
    let wide = Drawing { width: 100, ..Drawing::default() };
    for page in [text(&tape.lines, &wide), heard(&tape, &wide)] {
        assert!(page.contains("300 ms later  ") && page.matches("later").count() == 1, "{page}");
    }
    let drawn = |drawing: &Drawing| text(&tape.lines, drawing);
    assert!(drawn(&wide).contains("recv 8 B · 300 ms later  │"), "{}", drawn(&wide));
    let ascii = drawn(&Drawing { ascii: true, ..wide.clone() });
    assert!(ascii.contains("recv 8 B, 300 ms later  |"), "{ascii}");
    let list = Drawing { width: 40, ..Drawing::default() };
    for page in [drawn(&list), heard(&tape, &list)] {
        assert!(page.contains("client recv 8 B · 300 ms later"), "{page}");
    }
    let narrow = drawn(&Drawing { width: 60, ..Drawing::default() });
    assert!(narrow.contains("300 ms later"), "{narrow}");
    // A picture with an axis of time shows it.
    assert!(!svg(&tape.lines, &wide).contains("later"));
    // Machines take a moment by themselves.
    assert!(!text(&noticed(9_000).lines, &wide).contains("later"));
}

#[test]
fn who_waited_long_and_was_late_says_both() {
    let mut tape = Tape::connected(7);
    tape.send(SERVER, 2, 1_000_000, b"slow");
    tape.recv(CLIENT, 1, 100, 1_300_100, b"slow");
    let page = text(&tape.lines, &Drawing { width: 110, ..Drawing::default() });
    assert!(page.contains("recv 4 B · 300 ms later, waited 1.3 s  │"), "{page}");
}

#[test]
fn what_stands_in_two_rows_has_two_times_and_is_not_called_late() {
    let mut tape = Tape::connected(7);
    tape.send(SERVER, 2, 200, b"welcome");
    tape.send(CLIENT, 1, 150_000, b"hello");
    tape.recv(SERVER, 2, 149_000, 150_100, b"hello");
    tape.recv(CLIENT, 1, 299_000, 300_000, b"welcome");
    let page = text(&tape.lines, &Drawing { width: 100, ..Drawing::default() });
    assert!(page.contains("(1)") && !page.contains("later"), "{page}");
}

#[test]
fn a_receive_that_is_late_is_seen_in_a_fold_where_people_would_notice() {
    let folded = |late: u64| {
        let mut tape = Tape::connected(7);
        let mut t = 1_000;
        for n in 0..100 {
            let later = if n == 50 { late } else { 20 };
            tape.send(CLIENT, 1, t, b"tick");
            tape.recv(SERVER, 2, t + later - 10, t + later, b"tick");
            t += later + 1_000;
        }
        text(&tape.lines, &Drawing { width: 100, ..Drawing::default() })
    };
    let page = folded(300_000);
    assert!(page.contains("300 ms later") && page.matches("the same").count() == 2, "{page}");
    // Hiccups do not tear what repeats.
    let page = folded(20_000);
    assert!(page.contains("× 98 the same") && !page.contains("later"), "{page}");
}
