//! What went where nobody is: no lane stands for who was not there, in any picture.

mod tape;

use sock_ladder::{Drawing, Live, html, mermaid, svg, text};
use sock_record::{CallKind, End, Family, Kind, Line, Meta, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

fn drawing(width: usize) -> Drawing {
    Drawing { width, ..Drawing::default() }
}

fn live(lines: &[Line]) -> String {
    let mut live = Live::new(&Drawing::default());
    for line in lines {
        live.hear(line);
    }
    live.take()
}

/// Every picture of a record.
fn pictures(lines: &[Line]) -> Vec<String> {
    let paper = drawing(80);
    vec![
        text(lines, &paper),
        text(lines, &drawing(40)),
        live(lines),
        svg(lines, &paper),
        html(lines, &paper),
        mermaid(lines, &paper),
    ]
}

/// A client whose connect to `address` is refused.
fn refused(tape: &mut Tape, address: &str) {
    tape.proc(CLIENT, "client.py").sock(1, Kind::Stream, Origin::Socket, 0);
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 10, 40, Err("ECONNREFUSED"));
    connect.args.addr = Some(address.into());
    tape.close(CLIENT, 1, 60);
}

#[test]
fn a_refusal_has_no_lane_and_says_by_which_address() {
    let mut tape = Tape::default();
    refused(&mut tape, "127.0.0.1:9999");
    for picture in pictures(&tape.lines) {
        assert!(!picture.contains("not recorded"), "{picture}");
        assert!(picture.contains("127.0.0.1:9999"), "{picture}");
    }
}

#[test]
fn a_refusal_beside_another_server_does_not_reach_its_lane() {
    let mut tape = Tape::default();
    tape.proc(SERVER, "server.py");
    tape.sock(2, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:6102".into());
    tape.call(SERVER, CallKind::Listen, 2, 0, 1, Ok(0));
    refused(&mut tape, "127.0.0.1:6103");
    for width in [60, 80, 120] {
        let ladder = text(&tape.lines, &drawing(width));
        let row = ladder.lines().find(|line| line.contains(":6103")).expect("the address");
        assert!(row.contains("╳ ") && row.trim_end().ends_with(":6103 │"), "{ladder}");
        assert!(!ladder.contains("not recorded"), "{ladder}");
    }
}

#[test]
fn whoever_has_the_address_and_does_not_listen_is_who_refuses() {
    let mut tape = Tape::default();
    tape.proc(SERVER, "server.py");
    tape.sock(2, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:6101".into());
    tape.call(SERVER, CallKind::Accept, 2, 0, 1, Err("EINVAL"));
    refused(&mut tape, "127.0.0.1:6101");
    let ladder = text(&tape.lines, &drawing(80));
    assert!(!ladder.contains("not recorded") && ladder.contains("─╳│"), "{ladder}");
    assert!(live(&tape.lines).contains("─╳│"), "{}", live(&tape.lines));
}

#[test]
fn a_connect_that_is_still_under_way_has_met_nobody() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client.py").sock(1, Kind::Stream, Origin::Socket, 0);
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 10, 40, Err("EINPROGRESS"));
    connect.args.addr = Some("10.0.0.9:80".into());
    tape.close(CLIENT, 1, 60);
    for picture in pictures(&tape.lines) {
        assert!(!picture.contains("not recorded") && picture.contains("10.0.0.9:80"), "{picture}");
    }
}

#[test]
fn a_datagram_that_nobody_answers_has_no_lane_and_one_that_is_answered_has() {
    for is_answered in [false, true] {
        let mut tape = Tape::default();
        tape.proc(CLIENT, "client.py");
        tape.udp(1, "0.0.0.0:1600");
        tape.send(CLIENT, 1, 10, b"anybody?").args.addr = Some("10.0.0.9:53".into());
        if is_answered {
            tape.recv(CLIENT, 1, 20, 30, b"yes").args.addr = Some("10.0.0.9:53".into());
        }
        for picture in pictures(&tape.lines) {
            assert!(picture.contains("10.0.0.9:53") && picture.contains("anybody?"), "{picture}");
        }
        let ladder = text(&tape.lines, &drawing(80));
        assert_eq!(ladder.contains("not recorded"), is_answered, "{ladder}");
        tape.end(100);
        let ladder = live(&tape.lines);
        let names = ladder.lines().filter(|line| !line.contains(['│', '├']));
        assert_eq!(names.skip(1).any(|line| line.contains("10.0.0.9:53")), is_answered, "{ladder}");
    }
}

#[test]
fn who_made_a_pair_has_both_ends_until_somebody_else_calls() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "pair.py");
    for (id, mate) in [(1, 2), (2, 1)] {
        let sock = tape.sock(id, Kind::Dgram, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    tape.send(CLIENT, 1, 10, b"one");
    tape.close(CLIENT, 1, 20);
    tape.close(CLIENT, 2, 30);
    let ladder = live(&tape.lines);
    assert!(!ladder.contains("not recorded") && !ladder.contains("peer"), "{ladder}");
    assert!(ladder.contains("send 3 B"), "{ladder}");
}

#[test]
fn a_program_without_a_socket_is_named() {
    let mut tape = Tape::connected(7);
    tape.lines.insert(0, Meta::new("trace").into());
    tape.proc(9, "sort");
    tape.lines.push(End { t: 1_000_000, exit: vec![Some(0)], dropped: 0 }.into());
    for picture in pictures(&tape.lines).into_iter().filter(|picture| picture.contains("accept")) {
        let is_live = picture == live(&tape.lines);
        assert!(is_live || picture.contains("sort used no socket"), "{picture}");
    }
    // Of a part nobody knows what else there was.
    let part = Drawing { is_part: true, ..drawing(80) };
    assert!(!text(&tape.lines, &part).contains("sort"));
}

#[test]
fn a_pair_between_a_parent_and_its_child_has_a_lane_for_each_though_both_close_the_others_end() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "parent").proc(SERVER, "child");
    for (id, mate) in [(1, 2), (2, 1)] {
        let sock = tape.sock(id, Kind::Stream, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    for (who, sock, holder, t) in [(CLIENT, 2, SERVER, 10), (SERVER, 1, CLIENT, 12)] {
        let held = serde_json::json!([{"proc": holder, "fd": 4}]);
        tape.close(who, sock, t).args.more.insert("held_by".into(), held);
    }
    tape.send(CLIENT, 1, 30, b"hello");
    tape.recv(SERVER, 2, 20, 45, b"hello");
    tape.close(SERVER, 2, 60);
    tape.close(CLIENT, 1, 80);
    let ladder = text(&tape.lines, &drawing(80));
    let names: Vec<&str> = ladder.lines().next().unwrap_or("").split_whitespace().collect();
    assert_eq!(names.len(), 2, "{ladder}");
    let row = ladder.lines().find(|line| line.contains("hello")).expect("the message");
    assert!(row.contains("send 5 B") && row.ends_with("recv 5 B"), "{ladder}");
    assert!(!ladder.contains("socket 1"), "{ladder}");
}

#[test]
fn the_filter_of_a_page_says_what_a_socket_without_a_connection_is() {
    let mut tape = Tape::default();
    tape.proc(SERVER, "server.py");
    tape.sock(2, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:6102".into());
    tape.call(SERVER, CallKind::Listen, 2, 0, 1, Ok(0));
    let accept = tape.call(SERVER, CallKind::Accept, 2, 2, 3, Ok(0));
    (accept.exit, accept.ret) = (None, None);
    refused(&mut tape, "127.0.0.1:6103");
    let page = html(&tape.lines, &drawing(80));
    for words in
        ["\"127.0.0.1:6102, which listens\"", "\"to 127.0.0.1:6103, where nobody answered\""]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn who_never_was_connected_has_got_no_reset() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client.py").sock(1, Kind::Stream, Origin::Socket, 0);
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 10, 40, Err("ECONNREFUSED"));
    connect.args.addr = Some("127.0.0.1:9999".into());
    tape.call(CLIENT, CallKind::Send, 1, 50, 55, Err("EPIPE"));
    tape.close(CLIENT, 1, 60);
    for picture in pictures(&tape.lines) {
        // A page that explains speaks of much.
        let has_reset = picture.contains("RST") && !picture.contains("<html");
        assert!(!has_reset && !picture.contains("not recorded"), "{picture}");
        assert!(picture.contains("send EPIPE"), "{picture}");
    }
}
