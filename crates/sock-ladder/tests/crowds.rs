//! Ladders of more than two, of sides that were not recorded, and of what did not arrive.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use sock_ladder::{Drawing, Live, conversations, ladder, text};
use sock_record::{CallKind, Family, Kind, Line, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};
use unicode_width::UnicodeWidthStr;

fn draw(lines: &[Line], width: usize) -> String {
    let page = text(lines, &Drawing { width, ..Drawing::default() });
    for line in page.lines() {
        assert!(line.width() <= width, "{} columns: {line}", line.width());
    }
    page
}

/// What the engine of a chat server writes: its own side only, calls that took no time.
fn chat(clients: u32) -> Tape {
    let mut tape = Tape::default();
    tape.proc(SERVER, "serve chat");
    for n in 1..=clients {
        tape.tcp(
            n,
            Origin::Accept,
            10 * u64::from(n),
            "127.0.0.1:50008",
            &format!("127.0.0.1:{}", 40_000 + n),
        );
    }
    let now = |tape: &mut Tape, n: u32, t: u64, bytes: &[u8], came: bool| {
        let call =
            if came { tape.recv(SERVER, n, t, t, bytes) } else { tape.send(SERVER, n, t, bytes) };
        call.exit = Some(t * 1_000);
    };
    now(&mut tape, 1, 500, b"hello all\n", true);
    for n in 2..=clients {
        now(&mut tape, n, 501, b"1: hello all\n", false);
    }
    now(&mut tape, 2, 900, b"", true);
    tape.close(SERVER, 2, 905);
    tape
}

#[test]
fn a_chat_server_and_five_clients_that_did_not_record() {
    insta::assert_snapshot!(draw(&chat(5).lines, 120));
}

#[test]
fn clients_that_have_no_room_share_a_lane() {
    let is_crowded =
        |width| ladder(&chat(9).lines, &Drawing { width, ..Drawing::default() }).is_crowded;
    assert!(is_crowded(80) && !is_crowded(160));
    insta::assert_snapshot!(draw(&chat(9).lines, 80));
}

#[test]
fn one_conversation_of_the_chat() {
    let tape = chat(5);
    let all = conversations(&tape.lines);
    assert_eq!(all.len(), 5);
    assert_eq!(all[1].socks, [SockId(2)]);
    insta::assert_snapshot!(all[1].text(&Drawing::default()));
}

#[test]
fn nobody_listens() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client.py");
    tape.sock(1, Kind::Stream, Origin::Socket, 0);
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 10, 40, Err("ECONNREFUSED"));
    connect.args.addr = Some("127.0.0.1:9999".into());
    tape.close(CLIENT, 1, 60);
    insta::assert_snapshot!(draw(&tape.lines, 80));
}

#[test]
fn a_client_that_waited_in_the_backlog() {
    let mut tape = Tape::connected(1060);
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:1060".into());
    tape.call(SERVER, CallKind::Listen, 9, 0, 1, Ok(0));
    tape.proc(3, "client 2").proc(4, "client 3");
    tape.tcp(3, Origin::Socket, 100, "127.0.0.1:40003", "127.0.0.1:1060");
    tape.call(3, CallKind::Connect, 3, 100, 130, Ok(0));
    tape.send(3, 3, 150, b"me too");
    tape.tcp(5, Origin::Socket, 160, "127.0.0.1:40005", "127.0.0.1:1060");
    tape.call(4, CallKind::Connect, 5, 160, 180, Ok(0));
    tape.send(4, 5, 190, b"and me");
    tape.send(CLIENT, 1, 200, b"slow");
    tape.recv(SERVER, 2, 70, 220, b"slow");
    tape.close(SERVER, 2, 240);
    tape.tcp(4, Origin::Accept, 250, "127.0.0.1:1060", "127.0.0.1:40003");
    tape.call(SERVER, CallKind::Accept, 4, 245, 250, Ok(4));
    tape.recv(SERVER, 4, 255, 260, b"me too");
    insta::assert_snapshot!(draw(&tape.lines, 120));
}

#[test]
fn a_forked_child_serves_what_its_parent_accepted() {
    let mut tape = Tape::connected(7);
    tape.proc(3, "child");
    tape.close(SERVER, 2, 90);
    tape.send(CLIENT, 1, 100, b"Hi");
    tape.recv(3, 2, 95, 115, b"Hi");
    tape.send(3, 2, 120, b"Hi");
    tape.recv(CLIENT, 1, 118, 130, b"Hi");
    tape.close(3, 2, 140);
    tape.recv(CLIENT, 1, 135, 150, b"");
    insta::assert_snapshot!(draw(&tape.lines, 110));
}

#[test]
fn both_ends_in_one_process() {
    let mut tape = Tape::default();
    tape.proc(1, "demo");
    tape.tcp(1, Origin::Socket, 0, "127.0.0.1:40000", "127.0.0.1:7");
    tape.tcp(2, Origin::Accept, 20, "127.0.0.1:7", "127.0.0.1:40000");
    tape.send(1, 1, 30, b"Hi");
    tape.recv(1, 2, 40, 41, b"Hi");
    tape.send(1, 2, 50, b"Hi");
    tape.recv(1, 1, 60, 61, b"Hi");
    insta::assert_snapshot!(draw(&tape.lines, 80));
}

#[test]
fn datagrams_that_went_nowhere() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:1600");
    tape.udp(2, "127.0.0.1:12000");
    tape.send(CLIENT, 1, 10, b"lost").args.addr = Some("127.0.0.1:12000".into());
    tape.send(CLIENT, 1, 20, b"to a stranger").args.addr = Some("10.0.0.9:53".into());
    tape.send(CLIENT, 1, 30, b"").args.addr = Some("127.0.0.1:12000".into());
    tape.recv(SERVER, 2, 0, 40, b"").args.addr = Some("127.0.0.1:1600".into());
    insta::assert_snapshot!(draw(&tape.lines, 110));
}

#[test]
fn a_relay_stands_in_the_middle() {
    let mut tape = Tape::default();
    tape.proc(1, "client").proc(2, "relay").proc(3, "server");
    tape.tcp(1, Origin::Socket, 0, "127.0.0.1:40000", "127.0.0.1:9000");
    tape.tcp(2, Origin::Accept, 20, "127.0.0.1:9000", "127.0.0.1:40000");
    tape.tcp(3, Origin::Socket, 30, "127.0.0.1:40001", "127.0.0.1:7");
    tape.tcp(4, Origin::Accept, 50, "127.0.0.1:7", "127.0.0.1:40001");
    tape.send(1, 1, 100, b"through");
    tape.recv(2, 2, 90, 120, b"through");
    tape.send(2, 3, 125, b"through");
    tape.recv(3, 4, 90, 140, b"through");
    tape.close(3, 4, 150);
    tape.recv(2, 3, 130, 160, b"");
    tape.close(2, 2, 170);
    tape.recv(1, 1, 105, 180, b"");
    insta::assert_snapshot!(draw(&tape.lines, 110));
}

#[test]
fn a_peek_is_dashed() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"abcdef");
    tape.recv(SERVER, 2, 110, 111, b"ab").args.flags.push("MSG_PEEK".into());
    tape.recv(SERVER, 2, 112, 113, b"abcdef");
    insta::assert_snapshot!(draw(&tape.lines, 80));
}

#[test]
fn what_the_record_lacks_is_said_below() {
    let mut tape = Tape::connected(7);
    let gap = r#"{"type":"gap","sock":2,"kernel_out":11,"seen_out":0,"kernel_in":5,"seen_in":5,"why":"io_uring was used, which cannot be traced"}"#;
    tape.lines.push(Line::from_json(gap.as_bytes()).unwrap());
    tape.lines.push(Line::from_json(br#"{"type":"end","t":9,"dropped":1200}"#).unwrap());
    insta::assert_snapshot!(draw(&tape.lines, 70));
}

#[test]
fn a_sentence_is_no_column_of_words_and_an_address_keeps_its_port() {
    let said = "said about a call, in more words than there is room for between two lanes that stand close to each other";
    let mut tape = Tape::connected(50007);
    for (proc, sock) in [(CLIENT, 1), (SERVER, 2)] {
        tape.send(proc, sock, 100, b"12345").args.len = Some(20_000_000);
    }
    tape.note("about", said);
    insta::assert_snapshot!(draw(&tape.lines, 60));
}

#[test]
fn an_option_that_the_system_does_not_have_is_no_event() {
    let mut tape = Tape::connected(7);
    tape.call(SERVER, CallKind::Setsockopt, 2, 60, 61, Err("ENOPROTOOPT"));
    tape.send(CLIENT, 1, 100, b"Hi");
    assert!(!draw(&tape.lines, 80).contains("setsockopt"));
    let all = Drawing { all_calls: true, ..Drawing::default() };
    assert!(text(&tape.lines, &all).contains("setsockopt ENOPROTOOPT"));
}

#[test]
fn an_empty_record_is_an_empty_page() {
    assert_eq!(text(&[], &Drawing::default()), "");
}

#[test]
fn conversations_have_all_their_lines_and_no_others() {
    let mut tape = Tape::connected(7);
    tape.tcp(3, Origin::Socket, 100, "127.0.0.1:40003", "127.0.0.1:7");
    tape.tcp(4, Origin::Accept, 130, "127.0.0.1:7", "127.0.0.1:40003");
    tape.udp(5, "127.0.0.1:1600");
    tape.udp(6, "127.0.0.1:12000");
    tape.send(CLIENT, 1, 200, b"one");
    tape.recv(SERVER, 2, 201, 205, b"one");
    tape.send(CLIENT, 3, 200, b"two");
    tape.note("about", "two");
    tape.send(CLIENT, 5, 300, b"dgram").args.addr = Some("127.0.0.1:12000".into());
    tape.recv(SERVER, 6, 301, 305, b"dgram").args.addr = Some("127.0.0.1:1600".into());
    tape.send(SERVER, 6, 310, b"other").args.addr = Some("127.0.0.1:1700".into());
    let all = conversations(&tape.lines);
    let socks: Vec<Vec<u32>> =
        all.iter().map(|each| each.socks.iter().map(|id| id.0).collect()).collect();
    assert_eq!(socks, [vec![1, 2], vec![3, 4], vec![5, 6], vec![6]]);
    let calls: Vec<Vec<u64>> = all
        .iter()
        .map(|each| {
            let evs = each.lines.iter().filter_map(|line| {
                let Line::Call(call) = line else { return None };
                Some(call.ev.0)
            });
            evs.collect()
        })
        .collect();
    assert_eq!(calls, [vec![1, 2, 3, 4], vec![5], vec![6, 7], vec![8]]);
    let notes = |n: usize| all[n].lines.iter().filter(|line| matches!(line, Line::Note(_))).count();
    assert_eq!([notes(0), notes(1), notes(2)], [0, 1, 0]);
}

/// The listener's own calls belong to no conversation; where it listens says where the server is, and nobody else.
#[test]
fn a_conversation_apart_has_its_client_at_its_own_address() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
    tape.call(SERVER, CallKind::Listen, 9, 1, 2, Ok(0));
    tape.tcp(1, Origin::Socket, 10, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 1, 10, 20, Ok(0));
    tape.tcp(2, Origin::Accept, 30, "127.0.0.1:7", "127.0.0.1:40000");
    if let Some(Line::Sock(sock)) = tape.lines.last_mut() {
        sock.listener = Some(SockId(9));
    }
    tape.call(SERVER, CallKind::Accept, 2, 25, 30, Ok(5));
    tape.send(CLIENT, 1, 40, b"hi");
    tape.recv(SERVER, 2, 41, 45, b"hi");
    let all = conversations(&tape.lines);
    let page = all[0].text(&Drawing::default());
    let words: Vec<&str> = page.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words, ["127.0.0.1:40000", "127.0.0.1:7"], "{page}");
}

#[test]
fn who_talks_to_itself_on_one_side_bears_its_own_name() {
    let mut tape = Tape::default();
    tape.proc(1, "priv.py");
    tape.udp(1, "127.0.0.1:5061");
    for (id, mate) in [(2, 3), (3, 2)] {
        let sock = tape.sock(id, Kind::Stream, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    tape.send(1, 1, 10, b"to me").args.addr = Some("127.0.0.1:5061".into());
    tape.recv(1, 1, 20, 30, b"to me").args.addr = Some("127.0.0.1:5061".into());
    tape.send(1, 2, 40, b"hey");
    tape.recv(1, 3, 50, 60, b"hey");
    let page = draw(&tape.lines, 100);
    let names = page.lines().next().unwrap();
    assert!(names.matches("priv.py").count() == 3 && !names.contains("client"), "{page}");
}

#[test]
fn who_waits_between_two_lanes_stands_where_its_other_calls_do() {
    let mut tape = Tape::default();
    tape.proc(1, "ann").proc(2, "bob").proc(3, "server");
    for (id, t) in [(1, 0), (2, 40)] {
        let (own, server) = (format!("127.0.0.1:4000{id}"), "127.0.0.1:7");
        tape.tcp(id, Origin::Socket, t, &own, server);
        tape.tcp(10 + id, Origin::Accept, t + 10, server, &own);
        for (sock, mate) in [(id, 10 + id), (10 + id, id)] {
            for line in &mut tape.lines {
                if let Line::Sock(told) = line
                    && told.sock == SockId(sock)
                {
                    told.mate = Some(SockId(mate));
                }
            }
        }
        tape.call(id, CallKind::Connect, id, t, t + 20, Ok(0));
        tape.call(3, CallKind::Accept, 10 + id, t + 5, t + 25, Ok(4));
    }
    let open = tape.recv(2, 2, 100, 100, b"");
    (open.exit, open.ret, open.data) = (None, None, None);
    tape.end(1_000);
    let drawing = Drawing { width: 130, ..Drawing::default() };
    let mut live = Live::new(&drawing);
    tape.lines.iter().for_each(|line| live.hear(line));
    for page in [text(&tape.lines, &drawing), live.take()] {
        let row = page.lines().find(|row| row.contains("recv still waiting")).expect(&page);
        let behind = row.split("recv still waiting").nth(1).unwrap();
        assert_eq!(behind.matches('│').count(), 2, "left of its lane and of the server's: {page}");
    }
}
