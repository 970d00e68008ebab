//! Explanations about addresses, listeners, processes and datagrams, one by one.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, explain, text};
use sock_record::{CallKind, Dir, Kind, Level, Line, LinkKind, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

fn about(lines: &[Line], code: &str) -> Vec<String> {
    tape::every_note_is_drawn(lines);
    explain(lines).into_iter().filter(|note| note.code == code).map(|note| note.text).collect()
}

/// A server's listening socket 9 at `local`, bound at `bind` and listening at `listen`, where it does.
fn listener(tape: &mut Tape, local: &str, bind: u64, listen: Option<u64>) {
    tape.proc(SERVER, "server");
    tape.sock(9, Kind::Stream, Origin::Socket, bind).local = Some(local.into());
    tape.call(SERVER, CallKind::Bind, 9, bind, bind + 1, Ok(0)).args.addr = Some(local.into());
    if let Some(listen) = listen {
        tape.call(SERVER, CallKind::Listen, 9, listen, listen + 1, Ok(0));
    }
}

/// A client's connect to `addr` that nobody took, at 1 ms.
fn refused(tape: &mut Tape, addr: &str) -> String {
    tape.proc(CLIENT, "client");
    tape.sock(1, Kind::Stream, Origin::Socket, 900);
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 1_000, 1_050, Err("ECONNREFUSED"));
    connect.args.addr = Some(addr.into());
    let notes = about(&tape.lines, "refused");
    assert_eq!(notes.len(), 1);
    notes.into_iter().next().unwrap()
}

#[test]
fn a_refusal_says_who_listens_instead() {
    let mut tape = Tape::default();
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: nobody listens on 127.0.0.1:9099, and nobody in this record listens anywhere; start the server first, or \
         mend the address"
    );
    let mut tape = Tape::default();
    listener(&mut tape, "127.0.0.1:9098", 10, Some(20));
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: nobody listens on 127.0.0.1:9099; who listens: server on 127.0.0.1:9098"
    );
    let mut tape = Tape::default();
    listener(&mut tape, "127.0.0.2:9099", 10, Some(20));
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: nobody listens on 127.0.0.1:9099; server listens on 127.0.0.2:9099 only: connect to that, or bind 0.0.0.0 \
         or [::]"
    );
}

#[test]
fn a_port_without_htons_is_known_by_its_bytes() {
    let mut tape = Tape::default();
    listener(&mut tape, "0.0.0.0:12000", 10, Some(20));
    assert_eq!(
        refused(&mut tape, "127.0.0.1:57390"),
        "refused: nobody listens on 127.0.0.1:57390, whose port is that of server on 0.0.0.0:12000 with its two bytes \
         swapped: write it with htons"
    );
}

#[test]
fn a_refusal_tells_a_server_that_is_not_ready_from_one_that_has_gone() {
    let mut tape = Tape::default();
    listener(&mut tape, "0.0.0.0:9099", 10, None);
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: server has bound 0.0.0.0:9099 but does not listen; call listen after bind"
    );
    let mut tape = Tape::default();
    listener(&mut tape, "0.0.0.0:9099", 10, Some(3_000));
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: server had bound 0.0.0.0:9099, but called listen only 2.0 ms later; connect after that, or try again"
    );
    let mut tape = Tape::default();
    listener(&mut tape, "0.0.0.0:9099", 10, Some(20));
    tape.close(SERVER, 9, 500);
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: server had stopped listening on 0.0.0.0:9099 0.5 ms earlier"
    );
    let mut tape = Tape::default();
    listener(&mut tape, "0.0.0.0:9099", 10, None);
    tape.close(SERVER, 9, 500);
    assert_eq!(
        refused(&mut tape, "127.0.0.1:9099"),
        "refused: server had bound 0.0.0.0:9099, never listened, and was gone 0.5 ms earlier; call listen after bind"
    );
}

#[test]
fn a_name_with_two_addresses_is_no_error() {
    let mut tape = Tape::default();
    tape.sock(2, Kind::Stream, Origin::Socket, 1_100);
    tape.call(CLIENT, CallKind::Connect, 2, 1_100, 1_150, Ok(0)).args.addr =
        Some("127.0.0.1:80".into());
    assert_eq!(
        refused(&mut tape, "[::1]:80"),
        "refused: nobody listens on [::1]:80; client tried 127.0.0.1:80 next, and that worked"
    );
    let notes = explain(&tape.lines);
    assert_eq!(notes.iter().find(|note| note.code == "refused").unwrap().level, Level::Info);
}

#[test]
fn an_address_in_use_names_who_has_it() {
    let taken = |tape: &mut Tape, holder: Option<serde_json::Value>| {
        tape.proc(CLIENT, "second");
        tape.sock(1, Kind::Stream, Origin::Socket, 900);
        let bind = tape.call(CLIENT, CallKind::Bind, 1, 1_000, 1_001, Err("EADDRINUSE"));
        bind.args.addr = Some("127.0.0.1:9111".into());
        bind.args.more.extend(holder.map(|holder| ("holder".to_owned(), holder)));
        about(&tape.lines, "in-use")
    };
    let mut tape = Tape::default();
    listener(&mut tape, "127.0.0.1:9111", 10, Some(20));
    assert_eq!(
        taken(&mut tape, None),
        [
            "127.0.0.1:9111 is in use: server listens there, for 1.0 ms now; stop it, or take another port"
        ]
    );
    let kernel = [
        (
            json!({"state": "LISTEN", "pid": 812, "name": "python3"}),
            "python3 (pid 812) listens there; stop it, or take another port",
        ),
        (
            json!({"state": "TIME_WAIT", "left_ms": 40_100}),
            "a connection that was closed there first is in TIME_WAIT, 41 s left; set SO_REUSEADDR before bind",
        ),
    ];
    for (holder, expected) in kernel {
        let said = taken(&mut Tape::default(), Some(holder));
        assert_eq!(said, [format!("127.0.0.1:9111 is in use: {expected}")]);
    }
}

#[test]
fn a_close_is_no_end_while_another_process_holds_the_socket() {
    let forked = |goes_on: bool| {
        let mut tape = Tape::connected(7);
        tape.proc(3, "child");
        let close = tape.close(SERVER, 2, 100);
        close.args.more.insert("held_by".into(), json!([{"proc": 3, "fd": 5}]));
        if goes_on {
            tape.send(3, 2, 200, b"Hi");
            tape.recv(CLIENT, 1, 60, 220, b"Hi");
        } else {
            tape.recv(CLIENT, 1, 60, 400_000, b"");
        }
        tape.close(3, 2, if goes_on { 300 } else { 399_000 });
        let notes = explain(&tape.lines);
        let note = notes.into_iter().find(|note| note.code == "no-fin").unwrap();
        (note.level, note.text)
    };
    let text = "server closed its descriptor, but child still holds the socket (fd 5): no FIN goes out before the last is \
                closed";
    assert_eq!(forked(true), (Level::Info, text.to_owned()));
    let late = ", so client had the end only 400 ms later; close it in every process that has it";
    assert_eq!(forked(false), (Level::Warn, format!("{text}{late}")));
}

/// A server that accepted at port 7 through the listener 9, with or without the option.
fn served(reuse: bool) -> Tape {
    let mut tape = Tape::connected(7);
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
    tape.sock(2, Kind::Stream, Origin::Accept, 60).listener = Some(SockId(9));
    if reuse {
        let option = tape.call(SERVER, CallKind::Setsockopt, 9, 0, 0, Ok(0));
        option.args.more.insert("name".into(), json!("SO_REUSEADDR"));
        option.args.more.insert("value".into(), json!(1));
    }
    tape.call(SERVER, CallKind::Bind, 9, 1, 2, Ok(0));
    tape.call(SERVER, CallKind::Listen, 9, 3, 4, Ok(0));
    tape
}

#[test]
fn who_closes_first_keeps_time_wait() {
    let said = |reuse: bool, first: u32| {
        let mut tape = served(reuse);
        let (one, other) =
            if first == SERVER { ((SERVER, 2), (CLIENT, 1)) } else { ((CLIENT, 1), (SERVER, 2)) };
        tape.close(one.0, one.1, 200);
        tape.close(other.0, other.1, 300);
        (about(&tape.lines, "time-wait"), about(&tape.lines, "no-reuseaddr"))
    };
    let kept = "server ended first, so its side keeps TIME_WAIT for 60 s: until then 127.0.0.1:7 can be bound again only \
                with SO_REUSEADDR";
    let missing = "server did not set SO_REUSEADDR before bind, and ends connections first: started again within 60 s, it \
                   finds port 7 in use (TIME_WAIT); set the option before bind";
    assert_eq!(said(false, SERVER), (vec![kept.to_owned()], vec![missing.to_owned()]));
    let mut tape = served(false);
    tape.close(SERVER, 2, 200);
    tape.close(CLIENT, 1, 300);
    let page = text(&tape.lines, &Drawing { explain: true, ..Drawing::default() });
    let rows: Vec<&str> = page.lines().collect();
    let bind = rows.iter().position(|row| row.ends_with("│  bind")).unwrap();
    assert!(rows[bind + 1].contains("! server did not set SO_REUSEADDR"), "{page}");
    assert_eq!(said(true, SERVER), (vec![format!("{kept}, which it has set")], vec![]));
    assert_eq!(said(false, CLIENT), (vec![], vec![]));
}

#[test]
fn a_connection_that_nobody_accepted_waited_in_the_backlog() {
    let mut tape = Tape::default();
    listener(&mut tape, "127.0.0.1:7", 0, Some(1));
    tape.proc(CLIENT, "client");
    tape.tcp(1, Origin::Socket, 10, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 1, 10, 20, Ok(0));
    assert_eq!(
        about(&tape.lines, "never-accepted"),
        [
            "connected, but server never accepted it: the kernel connects by itself, and the connection waited in the backlog of \
          127.0.0.1:7; call accept, in a loop"
        ]
    );
}

#[test]
fn who_may_have_accepted_unseen_is_not_blamed() {
    let connected = || {
        let mut tape = Tape::default();
        listener(&mut tape, "127.0.0.1:7", 0, Some(1));
        tape.proc(CLIENT, "client");
        tape.tcp(1, Origin::Socket, 10, "127.0.0.1:40000", "127.0.0.1:7");
        tape.call(CLIENT, CallKind::Connect, 1, 10, 20, Ok(0));
        tape
    };
    let blamed = |tape: &Tape| !about(&tape.lines, "never-accepted").is_empty();
    let mut sent = connected();
    sent.send(CLIENT, 1, 30, b"ping");
    assert!(blamed(&sent), "bytes that were only sent wait in the backlog as well");
    assert!(about(&sent.lines, "never-accepted")[0].contains("what was sent into it nobody read"));
    let mut answered = connected();
    answered.recv(CLIENT, 1, 40, 50, b"pong");
    assert!(!blamed(&answered), "somebody answered");
    let mut ring = connected();
    ring.note("ring", "server used io_uring");
    let Some(Line::Note(note)) = ring.lines.last_mut() else { panic!("no note") };
    note.ev = None;
    assert!(!blamed(&ring), "what went through a ring was not seen");
    let Some(Line::Note(note)) = ring.lines.last_mut() else { panic!("no note") };
    note.text = "node, client used io_uring: what went through it was not seen".into();
    assert!(blamed(&ring), "somebody else's ring accepts nothing here");
}

#[test]
fn a_second_client_that_waits_for_the_first_is_one_at_a_time() {
    let two = |own_thread: bool| {
        let mut tape = served(true);
        tape.proc(3, "second");
        tape.tcp(3, Origin::Socket, 1_000, "127.0.0.1:40001", "127.0.0.1:7");
        tape.tcp(4, Origin::Accept, 300_000, "127.0.0.1:7", "127.0.0.1:40001");
        tape.sock(4, Kind::Stream, Origin::Accept, 300_000).listener = Some(SockId(9));
        tape.call(3, CallKind::Connect, 3, 1_000, 1_050, Ok(0));
        tape.send(CLIENT, 1, 250_000, b"ping");
        tape.recv(SERVER, 2, 100, 250_020, b"ping").tid = own_thread.then_some(77);
        tape.call(SERVER, CallKind::Accept, 4, 300_000, 300_010, Ok(5));
        about(&tape.lines, "one-at-a-time")
    };
    assert_eq!(
        two(false),
        [
            "second waited 299 ms in the backlog while server served client: one client at a time; threads, processes, select or \
          epoll serve several"
        ]
    );
    assert_eq!(two(true), [""; 0], "another thread served it");
}

/// Two datagram sockets, the server's at port 53.
fn datagrams() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:40000");
    tape.udp(2, "127.0.0.1:5353");
    tape.call(SERVER, CallKind::Bind, 2, 0, 1, Ok(0));
    tape
}

#[test]
fn a_datagram_is_cut_to_the_room_there_is() {
    let mut tape = datagrams();
    tape.send(CLIENT, 1, 100, &[b'x'; 600]).args.addr = Some("127.0.0.1:5353".into());
    let receive = tape.recv(SERVER, 2, 50, 120, &[b'x'; 100]);
    (receive.args.len, receive.args.addr) = (Some(100), Some("127.0.0.1:40000".into()));
    assert_eq!(
        about(&tape.lines, "cut"),
        [
            "a datagram of 600 B was cut to 100 B, because server asked for no more: the rest is gone; ask for 65,535 B, or as \
          much as a message may have"
        ]
    );
}

#[test]
fn a_datagram_that_nobody_received_is_told_by_why() {
    let mut tape = datagrams();
    tape.send(CLIENT, 1, 100, b"one").args.addr = Some("127.0.0.1:5353".into());
    tape.send(CLIENT, 1, 200, b"two").args.addr = Some("127.0.0.1:5354".into());
    tape.send(CLIENT, 1, 300, b"far").args.addr = Some("198.51.100.7:53".into());
    assert_eq!(
        about(&tape.lines, "not-received"),
        [
            "never received: server was bound to 127.0.0.1:5353, but never received from that socket; call recvfrom, in a loop"
        ]
    );
    assert_eq!(
        about(&tape.lines, "nobody-bound"),
        [
            "sent into the void: no program of this record was bound to 127.0.0.1:5354, and UDP does not tell the sender; who is \
          bound: server on 127.0.0.1:5353; send there, or let it bind to 127.0.0.1:5354"
        ]
    );
}

#[test]
fn a_datagram_to_a_wrong_port_is_told_who_is_bound() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "0.0.0.0:40000");
    tape.udp(2, "0.0.0.0:12000");
    tape.call(SERVER, CallKind::Bind, 2, 1, 2, Ok(0)).args.addr = Some("0.0.0.0:12000".into());
    tape.send(CLIENT, 1, 100, b"hi").args.addr = Some("127.0.0.1:12001".into());
    assert_eq!(
        about(&tape.lines, "nobody-bound"),
        [
            "sent into the void: no program of this record was bound to 127.0.0.1:12001, and UDP does not tell the sender; who is \
          bound: server on 0.0.0.0:12000; send there, or let it bind to 127.0.0.1:12001"
        ]
    );
}

#[test]
fn an_error_that_came_back_names_the_datagram_that_caused_it() {
    let mut tape = datagrams();
    tape.sock(1, Kind::Dgram, Origin::Socket, 0).peer = Some("127.0.0.1:5354".into());
    tape.send(CLIENT, 1, 100, b"hi");
    let failed = tape.call(CLIENT, CallKind::Recv, 1, 200, 210, Err("ECONNREFUSED"));
    failed.dir = Some(Dir::In);
    assert_eq!(
        about(&tape.lines, "nobody-bound"),
        [
            "nobody was bound to 127.0.0.1:5354 when client sent 2 B 0.1 ms earlier: ICMP told it so (port unreachable), and the \
          socket reports it with its next call; start the receiver first"
        ]
    );
}

#[test]
fn a_socket_that_went_from_hand_to_hand_is_told() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "parent").proc(SERVER, "child");
    tape.sock(1, Kind::Stream, Origin::Pair, 0).mate = Some(SockId(2));
    tape.sock(2, Kind::Stream, Origin::Pair, 0).mate = Some(SockId(1));
    let send = tape.send(CLIENT, 1, 100, b"take");
    send.args.more.insert("passed".into(), json!([{"fd": 3, "sock": 7}]));
    let from = send.ev;
    let receive = tape.recv(SERVER, 2, 50, 120, b"take");
    receive.args.more.insert("passed".into(), json!([{"fd": 6, "sock": 7}]));
    let to = receive.ev;
    let links = sock_ladder::pair(&tape.lines).links;
    let passed = links.iter().find(|paired| paired.link.kind == LinkKind::Passed).unwrap();
    assert_eq!((passed.link.from, passed.link.to), (from, to));
    assert_eq!(
        about(&tape.lines, "passed"),
        [
            "a socket came with these bytes: child now holds the same one as parent, as fd 6; it ends when both have closed it"
        ]
    );
}

#[test]
fn who_close_at_once_are_no_holders_of_each_other() {
    let both = |second: u64, unread: u64| {
        let mut tape = Tape::connected(7);
        tape.proc(3, "child");
        for (proc, other, at) in [(SERVER, 3, 100), (3, SERVER, second)] {
            let close = tape.close(proc, 2, at);
            close.fd = Some(4);
            let held = if at < 200 { json!([{"proc": other, "fd": 4}]) } else { json!([]) };
            close.args.more.insert("held_by".into(), held);
            close.args.more.insert("unread".into(), json!(unread));
        }
        tape.recv(CLIENT, 1, 60, 310, b"");
        let kinds = sock_ladder::pair(&tape.lines).links.into_iter().map(|paired| paired.link.kind);
        let kinds: Vec<LinkKind> =
            kinds.filter(|kind| matches!(kind, LinkKind::Fin | LinkKind::Rst)).collect();
        (about(&tape.lines, "no-fin").len(), kinds)
    };
    // A close takes 5 here.
    assert_eq!(both(103, 0), (0, vec![LinkKind::Fin]));
    assert_eq!(both(300, 0), (1, vec![LinkKind::Fin]));
    assert_eq!(both(103, 3), (0, vec![LinkKind::Rst]), "the last of them found bytes unread");
}
