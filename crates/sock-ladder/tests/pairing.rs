//! Pairing: against a model that counts every single byte, and the cases that addresses alone do not settle.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use std::collections::BTreeMap;

use proptest::prelude::*;
use sock_ladder::{Pairing, pair};
use sock_record::{
    CallKind, Dir, Ev, Interval, Kind, Line, Link, LinkHow, LinkKind, Origin, Reader, SockId,
};
use tape::{CLIENT, SERVER, Tape};

/// From, to, offset of the first byte, length.
type Plain = (u64, u64, u64, u64);

fn bytes(pairing: &Pairing) -> Vec<Plain> {
    let streams = pairing.links.iter().filter(|paired| paired.link.kind == LinkKind::Bytes);
    streams
        .map(|paired| {
            let off = paired.link.off.unwrap();
            (paired.link.from.0, paired.link.to.0, off.start(), off.len())
        })
        .collect()
}

fn of_kind(pairing: &Pairing, kind: &LinkKind) -> Vec<(u64, u64)> {
    let links = pairing.links.iter().map(|paired| &paired.link).filter(|link| link.kind == *kind);
    links.map(|link| (link.from.0, link.to.0)).collect()
}

fn ev(lines: &[Line]) -> u64 {
    let Some(Line::Call(call)) = lines.last() else { panic!("no call") };
    call.ev.0
}

/// Byte by byte: every byte knows the call that sent it, every received byte takes the next one.
fn model(sends: &[(u64, usize)], receives: &[(u64, usize)]) -> Vec<Plain> {
    let mut sent = sends.iter().flat_map(|&(ev, len)| std::iter::repeat_n(ev, len)).enumerate();
    let mut links: BTreeMap<(u64, u64), (u64, u64)> = BTreeMap::new();
    for &(to, len) in receives {
        for _ in 0..len {
            let Some((at, from)) = sent.next() else { break };
            links.entry((from, to)).or_insert((at as u64, 0)).1 += 1;
        }
    }
    links.into_iter().map(|((from, to), (at, len))| (from, to, at, len)).collect()
}

#[derive(Clone, Debug)]
struct Step {
    from_client: bool,
    sends: bool,
    len: usize,
    given: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (any::<bool>(), any::<bool>(), 0_usize..9, any::<bool>())
        .prop_map(|(from_client, sends, len, given)| Step { from_client, sends, len, given })
}

proptest! {
    #[test]
    fn streams_are_paired_as_if_byte_by_byte(
        steps in prop::collection::vec(step(), 0..60),
        shuffle in any::<u64>(),
    ) {
        let mut tape = Tape::connected(7);
        let mut sent = [Vec::new(), Vec::new()];
        let mut got = [Vec::new(), Vec::new()];
        let mut at = [[0_u64; 2]; 2];
        for (n, step) in steps.iter().enumerate() {
            let t = 100 + 10 * n as u64;
            let way = usize::from(step.from_client);
            let (client, server) = ((CLIENT, 1), (SERVER, 2));
            let (sender, receiver) = if step.from_client { (client, server) } else { (server, client) };
            let bytes = vec![b'x'; step.len];
            let call = if step.sends {
                tape.send(sender.0, sender.1, t, &bytes)
            } else {
                tape.recv(receiver.0, receiver.1, t, t + 1, &bytes)
            };
            let start = &mut at[way][usize::from(step.sends)];
            call.off = step.given.then(|| Interval::at(*start, step.len as u64));
            *start += step.len as u64;
            let story = if step.sends { &mut sent[way] } else { &mut got[way] };
            story.push((call.ev.0, step.len));
        }
        // The order of lines is the order in which they were written, not that of the calls.
        let rest = tape.lines.split_off(4);
        let mut rest: Vec<(u64, Line)> = rest.into_iter().enumerate()
            .map(|(n, line)| ((n as u64 + 1).wrapping_mul(shuffle | 1).rotate_left(17), line)).collect();
        rest.sort_by_key(|each| each.0);
        tape.lines.extend(rest.into_iter().map(|each| each.1));

        let mut expected = model(&sent[0], &got[0]);
        expected.extend(model(&sent[1], &got[1]));
        expected.sort_unstable();
        let pairing = pair(&tape.lines);
        let mut found = bytes(&pairing);
        found.sort_unstable();
        prop_assert_eq!(found, expected);
        prop_assert!(pairing.links.iter().all(|paired| paired.link.how == LinkHow::Offset));
    }
}

#[test]
fn mapped_addresses_and_the_nearest_in_time_are_mates() {
    let mut tape = Tape::default();
    let (client, server) = ("127.0.0.1:40000", "127.0.0.1:7");
    // The same port is used twice; the first connection waits in the backlog until its client has gone.
    tape.tcp(1, Origin::Socket, 0, client, server);
    tape.send(CLIENT, 1, 5, b"first");
    tape.close(CLIENT, 1, 20);
    tape.tcp(2, Origin::Socket, 100, client, server);
    tape.send(CLIENT, 2, 105, b"second");
    tape.close(CLIENT, 2, 400);
    let (mapped_server, mapped_client) = ("[::ffff:127.0.0.1]:7", "[::ffff:127.0.0.1]:40000");
    tape.tcp(3, Origin::Accept, 50, mapped_server, mapped_client);
    tape.recv(SERVER, 3, 51, 52, b"first");
    tape.close(SERVER, 3, 60);
    tape.tcp(4, Origin::Accept, 110, mapped_server, mapped_client);
    tape.recv(SERVER, 4, 111, 112, b"second");
    tape.close(SERVER, 4, 410);
    let pairing = pair(&tape.lines);
    let mates: Vec<(u32, u32)> = pairing.mates.iter().map(|(a, b)| (a.0, b.0)).collect();
    assert_eq!(mates, [(1, 3), (2, 4), (3, 1), (4, 2)]);
    assert_eq!(
        bytes(&pairing).iter().map(|link| (link.0, link.1)).collect::<Vec<_>>(),
        [(1, 5), (3, 7)]
    );
}

#[test]
fn a_connection_that_nobody_accepted_has_no_mate() {
    let mut tape = Tape::default();
    tape.tcp(1, Origin::Socket, 100_000, "127.0.0.1:40000", "127.0.0.1:7");
    tape.tcp(2, Origin::Accept, 0, "127.0.0.1:7", "127.0.0.1:40000");
    tape.close(SERVER, 2, 10);
    assert!(pair(&tape.lines).mates.is_empty());
}

#[test]
fn nameless_clients_of_a_unix_socket_are_accepted_in_turn() {
    let mut tape = Tape::default();
    for n in 0..3 {
        let client = tape.sock(n, Kind::Stream, Origin::Socket, u64::from(n));
        client.peer = Some("/run/echo".into());
        client.local = Some(String::new());
    }
    for n in 0..3 {
        let server = tape.sock(10 + n, Kind::Stream, Origin::Accept, 100 + u64::from(n));
        server.local = Some("/run/echo".into());
    }
    let mates: Vec<(u32, u32)> =
        pair(&tape.lines).mates.iter().map(|(a, b)| (a.0, b.0)).take(3).collect();
    assert_eq!(mates, [(0, 10), (1, 11), (2, 12)]);
}

#[test]
fn a_mate_that_the_record_names_needs_no_address() {
    let mut tape = Tape::default();
    tape.sock(1, Kind::Stream, Origin::Pair, 0).mate = Some(SockId(2));
    tape.sock(2, Kind::Stream, Origin::Pair, 0);
    tape.send(1, 1, 5, b"down");
    tape.recv(1, 2, 6, 8, b"down");
    assert_eq!(bytes(&pair(&tape.lines)), [(1, 2, 0, 4)]);
}

#[test]
fn beginnings_and_ends_are_links() {
    let mut tape = Tape::default();
    tape.sock(9, Kind::Stream, Origin::Socket, 0).local = Some("0.0.0.0:7".into());
    tape.call(SERVER, CallKind::Listen, 9, 0, 1, Ok(0));
    tape.tcp(1, Origin::Socket, 5, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 1, 5, 9, Ok(0));
    let connect = ev(&tape.lines);
    // The record names the listener, not what came out of it.
    tape.call(SERVER, CallKind::Accept, 9, 2, 10, Ok(4));
    let accept = ev(&tape.lines);
    tape.tcp(2, Origin::Accept, 10, "127.0.0.1:7", "127.0.0.1:40000");
    if let Some(Line::Sock(sock)) = tape.lines.last_mut() {
        sock.listener = Some(SockId(9));
    }
    tape.shutdown(CLIENT, 1, 20);
    let shutdown = ev(&tape.lines);
    tape.recv(SERVER, 2, 11, 25, b"");
    let end = ev(&tape.lines);
    tape.send(SERVER, 2, 27, b"late");
    tape.close(CLIENT, 1, 30);
    let close = ev(&tape.lines);
    tape.call(SERVER, CallKind::Send, 2, 35, 36, Err("EPIPE"));
    let broken = ev(&tape.lines);
    let pairing = pair(&tape.lines);
    assert_eq!(of_kind(&pairing, &LinkKind::Connect), [(connect, accept)]);
    assert_eq!(of_kind(&pairing, &LinkKind::Fin), [(shutdown, end)]);
    assert_eq!(of_kind(&pairing, &LinkKind::Rst), [(close, broken)]);
}

#[test]
fn a_peek_is_marked_and_takes_nothing() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"abc");
    tape.recv(SERVER, 2, 110, 111, b"ab").args.flags.push("MSG_PEEK".into());
    let peek = ev(&tape.lines);
    tape.recv(SERVER, 2, 112, 113, b"abc");
    let pairing = pair(&tape.lines);
    let marks: Vec<(u64, bool, u64)> = pairing
        .links
        .iter()
        .filter(|paired| paired.link.kind == LinkKind::Bytes)
        .map(|paired| (paired.link.to.0, paired.peek, paired.link.off.unwrap().len()))
        .collect();
    assert_eq!(marks, [(peek, true, 2), (peek + 1, false, 3)]);
}

#[test]
fn bytes_that_disagree_make_a_link_a_guess() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"abc");
    tape.recv(SERVER, 2, 110, 111, b"abd");
    let pairing = pair(&tape.lines);
    let link = &pairing.links.last().unwrap().link;
    assert_eq!((&link.kind, &link.how), (&LinkKind::Bytes, &LinkHow::Guess));
}

#[test]
fn datagrams_may_be_lost_and_overtake_each_other() {
    let mut tape = Tape::default();
    tape.udp(1, "[::]:5000");
    tape.udp(2, "0.0.0.0:12000");
    let to = || Some("127.0.0.1:12000".into());
    for (t, text) in [(0, "one"), (1, "lost"), (2, "two"), (3, "same"), (4, "same"), (5, "")] {
        tape.send(CLIENT, 1, t, text.as_bytes()).args.addr = to();
    }
    let from = || Some("[::ffff:127.0.0.1]:5000".into());
    for (t, text) in
        [(20, "two"), (21, "one"), (22, "same"), (23, "same"), (24, ""), (25, "never sent")]
    {
        tape.recv(SERVER, 2, t, t + 1, text.as_bytes()).args.addr = from();
    }
    let cut = tape.send(CLIENT, 1, 30, b"too long for that");
    cut.args.addr = to();
    let cut = tape.recv(SERVER, 2, 31, 40, b"too l");
    (cut.args.addr, cut.args.len) = (from(), Some(5));
    let pairing = pair(&tape.lines);
    assert_eq!(
        of_kind(&pairing, &LinkKind::Dgram),
        [(1, 8), (3, 7), (4, 9), (5, 10), (6, 11), (13, 14)]
    );
    let how: Vec<&LinkHow> = pairing.links.iter().map(|paired| &paired.link.how).collect();
    assert!(how[..5].iter().all(|how| **how == LinkHow::Content), "{how:?}");
    assert_eq!(*how[5], LinkHow::Guess);
}

#[test]
fn a_client_without_an_address_gets_its_replies() {
    let mut tape = Tape::default();
    tape.sock(1, Kind::Dgram, Origin::Socket, 0);
    tape.sock(3, Kind::Dgram, Origin::Socket, 0);
    tape.udp(2, "0.0.0.0:12000");
    for (client, port) in [(1, 5000), (3, 5001)] {
        let (server, from) = (|| Some("127.0.0.1:12000".into()), format!("127.0.0.1:{port}"));
        let text = format!("from {port}");
        tape.send(CLIENT, client, 10, text.as_bytes()).args.addr = server();
        tape.recv(SERVER, 2, 11, 15, text.as_bytes()).args.addr = Some(from.as_str().into());
        tape.send(SERVER, 2, 20, b"same").args.addr = Some(from.as_str().into());
        tape.recv(CLIENT, client, 21, 25, b"same").args.addr = server();
    }
    assert_eq!(of_kind(&pair(&tape.lines), &LinkKind::Dgram), [(1, 2), (5, 6), (3, 4), (7, 8)]);
}

#[test]
fn a_datagram_is_not_received_before_it_was_sent() {
    let mut tape = Tape::default();
    tape.udp(1, "127.0.0.1:5000");
    tape.udp(2, "127.0.0.1:12000");
    tape.recv(SERVER, 2, 0, 1, b"x").args.addr = Some("127.0.0.1:5000".into());
    tape.send(CLIENT, 1, 50_000, b"x").args.addr = Some("127.0.0.1:12000".into());
    assert_eq!(pair(&tape.lines).links, []);
}

#[test]
fn links_of_the_record_win() {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"abc");
    tape.send(CLIENT, 1, 101, b"abc");
    tape.recv(SERVER, 2, 110, 111, b"abc");
    let to = Ev(ev(&tape.lines));
    let given = Link {
        kind: LinkKind::Bytes,
        from: Ev(to.0 - 1),
        to,
        off: Interval::new(3, 6),
        how: LinkHow::Content,
    };
    tape.lines.push(given.into());
    assert_eq!(bytes(&pair(&tape.lines)), [(to.0 - 1, to.0, 3, 3)]);
}

#[test]
fn calls_without_a_socket_line_are_no_reason_to_fail() {
    let record =
        r#"{"type":"call","ev":1,"proc":1,"call":"send","sock":5,"enter":1,"ret":3,"dir":"out"}"#;
    let lines: Vec<Line> = Reader::new(record.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(pair(&lines), Pairing::default());
}

/// Any record over few sockets and addresses, so that everything meets everything.
fn wild() -> impl Strategy<Value = Vec<Line>> {
    let address = prop_oneof![
        Just(None),
        Just(Some("127.0.0.1:1".to_owned())),
        Just(Some("127.0.0.1:2".to_owned())),
        Just(Some("0.0.0.0:1".to_owned())),
        Just(Some("/x\u{202e}".to_owned())),
    ];
    let kind = prop_oneof![2 => Just(Kind::Stream), 1 => Just(Kind::Dgram)];
    let from = prop_oneof![Just(Origin::Socket), Just(Origin::Accept), Just(Origin::Passed)];
    let sock = (0_u32..5, kind, from, 0_u64..40, address.clone(), address.clone(), 0_u32..20);
    let word = prop::sample::select(CallKind::KNOWN).prop_map(CallKind::from);
    let dir = prop_oneof![Just(None), Just(Some(Dir::In)), Just(Some(Dir::Out))];
    let err = prop_oneof![4 => Just(None), 1 => Just(Some("ECONNRESET")), 1 => Just(Some("EPIPE"))];
    let call = (
        (0_u32..3, word, 0_u32..7, 0_u64..40, prop::option::of(0_u64..40)),
        (prop::option::of(-1_i64..9), err, dir, prop::option::of((0_u64..20, 0_u64..9))),
        (address, prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), any::<bool>()),
    );
    let lines = (prop::collection::vec(sock, 0..6), prop::collection::vec(call, 0..30));
    lines.prop_map(|(socks, calls)| {
        let mut tape = Tape::default();
        for (id, kind, from, t, local, peer, mate) in socks {
            let sock = tape.sock(id, kind, from, t);
            (sock.local, sock.peer) = (local, peer);
            sock.mate = (mate < 5).then_some(SockId(mate));
        }
        for ((proc, word, sock, enter, exit), (ret, err, dir, off), (addr, data, peek)) in calls {
            let call = tape.call(proc, word, sock, enter, 0, Ok(0));
            call.exit = exit.map(|t| t * 1_000);
            (call.ret, call.dir) = (ret, dir);
            call.err = err.map(Into::into);
            call.off = off.map(|(start, len)| Interval::at(start, len));
            call.args.addr = addr.map(Into::into);
            call.data = data.map(Into::into);
            if peek {
                call.args.flags.push("MSG_PEEK".into());
            }
        }
        tape.lines
    })
}

proptest! {
    #[test]
    fn any_record_can_be_drawn_and_is_never_wider(
        lines in wild(), width in 1_usize..130, ascii in any::<bool>(), all_calls in any::<bool>(),
    ) {
        use unicode_width::UnicodeWidthStr;
        let drawing = sock_ladder::Drawing { width, ascii, all_calls, explain: true, ..Default::default() };
        let mut pages = vec![sock_ladder::text(&lines, &drawing)];
        pages.extend(sock_ladder::conversations(&lines).iter().map(|each| each.text(&drawing)));
        for page in pages {
            for line in page.lines() {
                prop_assert!(line.width() <= width, "{} > {width}: {line}", line.width());
                prop_assert!(!line.contains(['\u{202e}', '\u{1b}', '\0']), "{}", line);
                prop_assert!(!ascii || line.is_ascii());
            }
        }
    }

    #[test]
    fn a_datagram_is_taken_once(lines in wild()) {
        let links = pair(&lines).links;
        let mut taken: Vec<u64> = links
            .iter()
            .filter(|paired| paired.link.kind == LinkKind::Dgram && !paired.peek)
            .map(|paired| paired.link.from.0)
            .collect();
        let all = taken.len();
        taken.sort_unstable();
        taken.dedup();
        prop_assert_eq!(taken.len(), all);
    }
}
