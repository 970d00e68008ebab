//! The record: the lines of conversations, exactly, and what is drawn from them.
#![allow(clippy::unwrap_used, reason = "tests and what they share")]

mod observed;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use observed::{Sink, Talk, at, closed, endpoint, fin, open, tell};
use proptest::prelude::*;
use sock::observe::{Record, Source};
use sock_proto::protocols::Echo;
use sock_proto::{
    By, Endpoint, How, Input, Kind, Link, Observer, Out, Protocol, Reason, Session, Time, What,
};
use sock_record::{Call, CallKind, Line, ProcId, Reader};

const SERVER: &str = "tcp://127.0.0.1:9111";
const CLIENT: &str = "tcp://127.0.0.1:60848";

fn source() -> Source {
    let began = Some(Duration::from_secs(1_700_000_000));
    Source { source: "serve".into(), backend: Some("epoll".into()), began, preview: None }
}

fn read(sink: &Sink) -> Vec<Line> {
    Reader::new(sink.text().as_bytes()).collect::<Result<_, _>>().unwrap()
}

fn record(source: Source, story: impl FnOnce(&Record)) -> Vec<Line> {
    let sink = Sink::default();
    let record = Record::queued(sink.clone(), source).unwrap();
    story(&record);
    record.close().unwrap();
    read(&sink)
}

fn calls(lines: &[Line]) -> impl Iterator<Item = &Call> {
    lines.iter().filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None })
}

/// Each line in short: what people would say of it.
fn short(lines: &[Line]) -> Vec<String> {
    lines.iter().map(one).collect()
}

fn one(line: &Line) -> String {
    let or = |text: Option<&str>| text.unwrap_or("-").to_owned();
    match line {
        Line::Meta(meta) => format!("meta {} {}", meta.source, or(meta.backend.as_deref())),
        Line::Proc(proc) => format!("proc {} {} {}", proc.proc.0, proc.name, proc.how),
        Line::Sock(sock) => format!(
            "sock {} {} {} {} {} {} {}",
            sock.sock.0,
            sock.family,
            sock.kind,
            or(sock.proto.as_deref()),
            sock.from,
            or(sock.local.as_deref()),
            or(sock.peer.as_deref())
        ),
        Line::Call(call) => {
            let times = (call.enter / 1_000_000, call.exit.unwrap() / 1_000_000);
            let mut text = format!(
                "{} proc {} sock {} {} {}-{} ms",
                call.ev.0,
                call.proc.0,
                call.sock.map_or("-".to_owned(), |sock| sock.0.to_string()),
                call.call,
                times.0,
                times.1
            );
            if let Some(ret) = call.ret {
                write!(text, " = {ret}").unwrap();
            }
            if let Some(err) = &call.err {
                write!(text, " {err}").unwrap();
            }
            if let Some(off) = call.off {
                write!(text, " [{},{}]", off.start(), off.end()).unwrap();
            }
            if let Some(data) = &call.data {
                write!(text, " {data:?}").unwrap();
            }
            if call.cut {
                text += " cut";
            }
            for arg in [call.args.addr.as_deref(), call.args.how.as_deref()].into_iter().flatten() {
                write!(text, " {arg}").unwrap();
            }
            text
        }
        Line::Note(note) => format!(
            "note {} {} {}: {}",
            note.ev.map_or("-".to_owned(), |ev| ev.0.to_string()),
            note.code,
            note.level,
            note.text
        ),
        Line::Gap(gap) => format!(
            "gap {} out {:?} of {:?} in {:?} of {:?}",
            gap.sock.0, gap.seen_out, gap.kernel_out, gap.seen_in, gap.kernel_in
        ),
        Line::End(end) => format!("end {} ms, {} dropped", end.t / 1_000_000, end.dropped),
        other @ (Line::Link(_) | Line::Other(_) | _) => panic!("{other:?} is not written"),
    }
}

fn talk(record: &Record, called: bool) {
    let names = if called { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    open(record, 1, called, names.0, names.1);
    let kind = Kind::Stream;
    tell(record, 3, 1, What::Received { kind, bytes: b"hello\n", since: at(2) });
    tell(record, 4, 1, What::Sent { kind, bytes: b"HI", since: at(3) });
    tell(record, 5, 1, What::Sent { kind, bytes: b"\n", since: at(4) });
    tell(record, 6, 1, What::Eof);
    tell(record, 7, 1, What::Finished);
    closed(record, 1, fin(By::Peer), 0);
}

#[test]
fn a_conversation_is_a_socket_and_its_calls() {
    let lines = record(source(), |record| talk(record, false));
    let expected = [
        "meta serve epoll",
        "proc 1 serve start",
        "sock 1 inet stream tcp accept 127.0.0.1:9111 127.0.0.1:60848",
        "1 proc 1 sock 1 accept 1-1 ms 127.0.0.1:60848",
        "2 proc 1 sock 1 recv 2-3 ms = 6 [0,6] b\"hello\\n\"",
        "3 proc 1 sock 1 send 3-4 ms = 2 [0,2] b\"HI\"",
        "4 proc 1 sock 1 send 4-5 ms = 1 [2,3] b\"\\n\"",
        "5 proc 1 sock 1 recv 6-6 ms = 0 [6,6] b\"\"",
        "6 proc 1 sock 1 shutdown 7-7 ms = 0 SHUT_WR",
        "7 proc 1 sock 1 close 1503-1503 ms = 0",
        "end 1503 ms, 0 dropped",
    ];
    assert_eq!(short(&lines), expected);
}

#[test]
fn the_first_lines_say_where_the_record_comes_from() {
    let lines = record(source(), |_| {});
    let [Line::Meta(meta), Line::Proc(proc), Line::End(end)] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(meta.t0_unix_ns, Some(1_700_000_000_000_000_000));
    assert_eq!(meta.preview, None);
    assert!(meta.kernel.as_deref().unwrap().contains('.'), "{:?}", meta.kernel);
    assert_eq!((proc.proc, proc.pid), (ProcId(1), Some(std::process::id())));
    assert!(proc.ppid.is_some());
    assert!(proc.argv.as_ref().unwrap()[0].contains("observe_record"));
    assert_eq!((end.t, &end.exit[..]), (0, &[][..]));
}

#[test]
fn who_calls_has_a_connect() {
    let lines = short(&record(source(), |record| talk(record, true)));
    assert_eq!(lines[2], "sock 1 inet stream tcp socket 127.0.0.1:60848 127.0.0.1:9111");
    assert_eq!(lines[3], "1 proc 1 sock 1 connect 1-1 ms = 0 127.0.0.1:9111");
}

#[test]
fn families_and_names_are_those_of_the_sockets() {
    let lines = record(source(), |record| {
        open(record, 1, false, "tcp://[::1]:7", "tcp://[::1]:4000");
        open(record, 2, true, "tls://127.0.0.1:4000", "tls://127.0.0.1:443");
        let (local, remote) =
            (&endpoint("unix:/run/x"), &Endpoint::Unix(sock_proto::UnixName::UNNAMED));
        let kind = Kind::Stream;
        tell(record, 1, 3, What::Open { kind, called: false, transient: false, local, remote });
        open(record, 4, true, "unixgram:@a", "unixgram:@b");
        open(record, 5, true, "stdio:", "stdio:");
        let (kind, since) = (Kind::Stream, Time::ZERO);
        tell(record, 2, 5, What::Received { kind, bytes: b"typed", since });
        closed(record, 5, fin(By::Us), 0);
    });
    let lines: Vec<_> = short(&lines).into_iter().filter(|line| line.starts_with("sock")).collect();
    let expected = [
        "sock 1 inet6 stream tcp accept [::1]:7 [::1]:4000",
        "sock 2 inet stream tcp socket 127.0.0.1:4000 127.0.0.1:443",
        "sock 3 unix stream - accept /run/x -",
        "sock 4 unix dgram - socket @a @b",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn ends_that_are_no_end_are_noted() {
    let lines = record(source(), |record| {
        for (conn, by, how) in
            [(1, By::Peer, How::Reset), (2, By::Us, How::Reset), (3, By::Us, How::Timeout)]
        {
            open(record, conn, false, SERVER, CLIENT);
            let what = What::Closed {
                reason: Reason { by, how },
                sent: 0,
                received: 0,
                unsent: conn - 1,
                lasted: Duration::from_millis(4),
            };
            tell(record, 5, conn, what);
        }
    });
    let expected = [
        "2 proc 1 sock 1 recv 5-5 ms = -1 ECONNRESET",
        "3 proc 1 sock 1 close 5-5 ms = 0",
        "note 3 reset warn: closed by peer (RST)",
        "5 proc 1 sock 2 close 5-5 ms = 0",
        "note 5 reset warn: closed by us (RST)",
        "note 5 unsent warn: 1 B were never sent",
        "7 proc 1 sock 3 close 5-5 ms = 0",
        "note 7 timeout warn: closed by us (timeout)",
        "note 7 unsent warn: 2 B were never sent",
    ];
    let ends: Vec<_> = short(&lines)
        .into_iter()
        .filter(|line| ["close", "recv", "note"].iter().any(|word| line.contains(word)))
        .collect();
    assert_eq!(ends, expected);
}

#[test]
fn a_call_that_nobody_takes_is_a_connect_that_failed() {
    let lines = record(source(), |record| {
        let reason = Reason { by: By::Peer, how: How::Refused };
        let lasted = Duration::ZERO;
        tell(record, 2, 1, What::Closed { reason, sent: 0, received: 0, unsent: 0, lasted });
    });
    let expected = [
        "1 proc 1 sock - connect 2-2 ms = -1 ECONNREFUSED",
        "note 1 refused error: closed by peer (refused)",
    ];
    assert_eq!(short(&lines)[2..4], expected);
}

#[test]
fn notes_are_about_the_latest_call() {
    let lines = record(source(), |record| {
        open(record, 1, false, SERVER, CLIENT);
        tell(record, 2, 1, What::Note { code: "late-send", text: format_args!("2 B") });
        tell(record, 3, 0, What::Note { code: "crowd", text: format_args!("accept pauses") });
    });
    let expected = ["note 1 late-send info: 2 B", "note - crowd info: accept pauses"];
    assert_eq!(short(&lines)[4..6], expected);
}

#[test]
fn a_request_that_was_answered_is_a_note() {
    let lines = record(source(), |record| {
        open(record, 1, false, SERVER, CLIENT);
        let (began, took) = (Duration::ZERO, Duration::ZERO);
        let (line, client) = (b"GET / HTTP/1.1", sock_proto::Client::default());
        tell(record, 2, 1, What::Request { line, status: 200, bytes: 5, began, took, client });
    });
    assert_eq!(short(&lines)[4], "note 1 request info: GET / HTTP/1.1: answered by 200 and 5 B");
}

#[test]
fn datagrams_between_the_same_addresses_are_one_socket() {
    let lines = record(source(), |record| {
        let local = &endpoint("udp://127.0.0.1:12000");
        for (conn, port) in [(1, 1600), (2, 1601), (3, 1600)] {
            let remote = &endpoint(&format!("udp://127.0.0.1:{port}"));
            let (kind, called, transient) = (Kind::Datagram, false, true);
            tell(record, 1, conn, What::Open { kind, called, transient, local, remote });
            tell(record, 1, conn, What::Received { kind, bytes: b"hi", since: at(1) });
            tell(record, 2, conn, What::Sent { kind, bytes: b"HI", since: at(1) });
            tell(record, 2, conn, What::Finished);
            let (reason, lasted) = (fin(By::Us), Duration::ZERO);
            tell(record, 2, conn, What::Closed { reason, sent: 2, received: 2, unsent: 0, lasted });
        }
    });
    let expected = [
        "sock 1 inet dgram udp socket 127.0.0.1:12000 127.0.0.1:1600",
        "1 proc 1 sock 1 recv 1-1 ms = 2 b\"hi\" 127.0.0.1:1600",
        "2 proc 1 sock 1 send 1-2 ms = 2 b\"HI\" 127.0.0.1:1600",
        "sock 2 inet dgram udp socket 127.0.0.1:12000 127.0.0.1:1601",
        "3 proc 1 sock 2 recv 1-1 ms = 2 b\"hi\" 127.0.0.1:1601",
        "4 proc 1 sock 2 send 1-2 ms = 2 b\"HI\" 127.0.0.1:1601",
        "5 proc 1 sock 1 recv 1-1 ms = 2 b\"hi\" 127.0.0.1:1600",
        "6 proc 1 sock 1 send 1-2 ms = 2 b\"HI\" 127.0.0.1:1600",
    ];
    assert_eq!(short(&lines)[2..10], expected);
}

#[test]
fn a_preview_keeps_the_first_bytes_and_says_so() {
    let source = Source { preview: Some(4), ..source() };
    let lines = record(source, |record| talk(record, false));
    let Line::Meta(meta) = &lines[0] else { panic!("{:?}", lines[0]) };
    assert_eq!(meta.preview, Some(4));
    let lines = short(&lines);
    assert_eq!(lines[4], "2 proc 1 sock 1 recv 2-3 ms = 6 [0,6] b\"hell\" cut");
    assert_eq!(lines[5], "3 proc 1 sock 1 send 3-4 ms = 2 [0,2] b\"HI\"");
}

#[test]
fn what_was_lost_is_counted_and_leaves_a_gap() {
    let sink = Sink::shut();
    let record = Record::queued(sink.clone(), source()).unwrap();
    sink.wait_for_writer();
    open(&record, 1, false, SERVER, CLIENT);
    let bytes = &vec![b'x'; 1 << 20];
    let (kind, since) = (Kind::Stream, at(2));
    for _ in 0..20 {
        tell(&record, 2, 1, What::Sent { kind, bytes, since });
    }
    // This would fit again, but a gap has one place.
    tell(&record, 3, 1, What::Sent { kind, bytes: b"!", since });
    assert_eq!(record.dropped(), 6);
    sink.open();
    record.flush().unwrap();
    tell(&record, 4, 1, What::Sent { kind, bytes: b"?", since });
    let (sent, lasted) = ((20 << 20) + 2, Duration::ZERO);
    tell(&record, 5, 1, What::Closed { reason: fin(By::Us), sent, received: 0, unsent: 0, lasted });
    drop(record);

    let lines = read(&sink);
    let sends = calls(&lines).filter(|call| call.call == CallKind::Send);
    let offs: Vec<_> = sends.map(|call| call.off.map(|off| off.start() >> 20)).collect();
    let expected: Vec<_> = (0..15).map(Some).chain([None]).collect();
    assert_eq!(offs, expected, "what comes behind a gap has no offset");
    let rest: Vec<_> = short(&lines[20..]).into_iter().collect();
    let expected = [
        "17 proc 1 sock 1 send 2-4 ms = 1 b\"?\"",
        "18 proc 1 sock 1 close 5-5 ms = 0",
        "gap 1 out Some(15728641) of Some(20971522) in Some(0) of Some(0)",
        "end 5 ms, 6 dropped",
    ];
    assert_eq!(rest, expected);
    let text =
        "note - dropped warn: 6 events were lost: they came faster than they could be written";
    assert_eq!(one(&lines[19]), text);
}

/// Says hello, and ends when it has heard it back.
struct Hello;

impl Protocol for Hello {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => out.send(b"hello"),
            Input::Data(_) => out.finish(),
            Input::Eof | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// A client and a server of echo, each over a session of its own, on one record.
fn echo() -> Vec<Line> {
    let sink = Sink::default();
    let source = Source { source: "demo".into(), ..source() };
    let [client, server] = Record::sides(sink.clone(), source, ["client", "server"]).unwrap();
    let (here, there) = (&endpoint(CLIENT), &endpoint(SERVER));
    let lag = Duration::from_micros(300);
    let mut client = Talk::new(Session::call(Hello), Arc::new(client));
    let mut server = Talk::new(Session::answer(Echo), Arc::new(server.after(lag)));

    client.open(&Link { called: true, names: Some((here, there)), ..Link::stream(1) });
    server.open(&Link { names: Some((there, here)), ..Link::stream(1) });
    let hello = client.flush();
    server.cx.now = client.cx.now;
    server.data(&hello);
    let back = server.flush();
    client.cx.now = server.cx.now;
    client.data(&back);
    client.flush();
    server.cx.now = client.cx.now;
    server.eof();
    server.flush();
    client.cx.now = server.cx.now;
    client.eof();
    client.flush();
    drop((client, server));
    read(&sink)
}

#[test]
fn two_sides_write_one_record() {
    let lines = echo();
    let expected = [
        "meta demo epoll",
        "proc 1 client start",
        "proc 2 server start",
        "sock 1 inet stream tcp socket 127.0.0.1:60848 127.0.0.1:9111",
        "1 proc 1 sock 1 connect 1-1 ms = 0 127.0.0.1:9111",
        "sock 2 inet stream tcp accept 127.0.0.1:9111 127.0.0.1:60848",
        "2 proc 2 sock 2 accept 1-1 ms 127.0.0.1:60848",
        "3 proc 1 sock 1 send 1-2 ms = 5 [0,5] b\"hello\"",
        "4 proc 2 sock 2 recv 3-4 ms = 5 [0,5] b\"hello\"",
        "5 proc 2 sock 2 send 4-5 ms = 5 [0,5] b\"hello\"",
        "6 proc 1 sock 1 recv 6-7 ms = 5 [0,5] b\"hello\"",
        "7 proc 1 sock 1 shutdown 8-8 ms = 0 SHUT_WR",
        "8 proc 2 sock 2 recv 10-10 ms = 0 [5,5] b\"\"",
        "9 proc 2 sock 2 shutdown 11-11 ms = 0 SHUT_WR",
        "10 proc 2 sock 2 close 12-12 ms = 0",
        "11 proc 1 sock 1 recv 14-14 ms = 0 [5,5] b\"\"",
        "12 proc 1 sock 1 close 15-15 ms = 0",
        "end 15 ms, 0 dropped",
    ];
    assert_eq!(short(&lines), expected);
    let Line::Call(accept) = &lines[6] else { panic!("{:?}", lines[6]) };
    assert_eq!(accept.enter, 1_300_000, "the server's run began later");
    let Line::Call(recv) = &lines[8] else { panic!("{:?}", lines[8]) };
    assert_eq!(recv.enter, 3_300_000);
}

/// An event of any kind on a few conversations, legal or not.
fn anything() -> impl Strategy<Value = (u8, u64, u64, Vec<u8>)> {
    (0..7_u8, any::<u64>(), 0..4_u64, any::<Vec<u8>>())
}

proptest! {
    #[test]
    fn every_line_can_be_read_and_no_number_is_given_twice(
        events in proptest::collection::vec(anything(), 0..40),
    ) {
        let lines = record(source(), |record| {
            for (which, nanos, conn, bytes) in &events {
                any_event(record, *which, Time::from_nanos(*nanos), *conn, bytes);
            }
        });
        let mut evs: Vec<_> = calls(&lines).map(|call| call.ev).collect();
        let count = evs.len();
        evs.sort_unstable();
        evs.dedup();
        prop_assert_eq!(evs.len(), count);
        prop_assert!(matches!(lines.last(), Some(Line::End(_))));
    }
}

fn any_event(record: &Record, which: u8, time: Time, conn: u64, bytes: &[u8]) {
    let (local, remote) = (&endpoint(SERVER), &endpoint(CLIENT));
    let kind = if bytes.len().is_multiple_of(2) { Kind::Stream } else { Kind::Datagram };
    let transient = bytes.len().is_multiple_of(3);
    let what = match which {
        0 => What::Open { kind, called: transient, transient, local, remote },
        1 => What::Received { kind, bytes, since: time },
        2 => What::Sent { kind, bytes, since: Time::NEVER },
        3 => What::Eof,
        4 => What::Finished,
        5 => What::Note { code: "any", text: format_args!("{bytes:?}") },
        _ => {
            let reason = Reason { by: By::Peer, how: How::Reset };
            let lasted = time - Time::ZERO;
            What::Closed { reason, sent: conn, received: conn, unsent: conn, lasted }
        }
    };
    record.event(&sock_proto::Event { time, conn, what });
}

fn draw(lines: &[Line]) -> Vec<String> {
    let drawing = sock_ladder::Drawing { width: 72, ..sock_ladder::Drawing::default() };
    sock_ladder::text(lines, &drawing).lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_record_of_two_sides_draws_as_one_ladder() {
    let expected = [
        "                       client                        server",
        "                   127.0.0.1:60848               127.0.0.1:9111",
        "                          │                             │",
        " 0.000 ms        connect  ├────────────────────────────►│  accept",
        " 0.000 ms       send 5 B  ├────────── \"hello\" ─────────►│  recv 5 B",
        " 3.300 ms       recv 5 B  │◄───────── \"hello\" ──────────┤  send 5 B",
        " 7.000 ms    shutdown WR  ├───── FIN (half-close) ─────►│  recv 0 B: end",
        "10.300 ms  recv 0 B: end  │◄───── FIN (half-close) ─────┤  shutdown WR",
        "11.300 ms                 │                             │  close",
        "14.000 ms          close  │                             │",
        "                          │                             │",
    ];
    assert_eq!(draw(&echo()), expected);
}

#[test]
fn a_record_of_one_side_draws_its_peer_as_not_recorded() {
    let lines = record(source(), |record| {
        open(record, 1, true, CLIENT, SERVER);
        tell(record, 2, 1, What::Sent { kind: Kind::Stream, bytes: b"hey", since: at(2) });
        let reason = Reason { by: By::Peer, how: How::Reset };
        let lasted = Duration::from_millis(4);
        tell(record, 5, 1, What::Closed { reason, sent: 3, received: 0, unsent: 4, lasted });
    });
    let ladder = draw(&lines).join("\n");
    for part in
        ["(not recorded)", "\"hey\"", "recv ECONNRESET", "RST (reset)", "4 B were never sent"]
    {
        assert!(ladder.contains(part), "{part} is not in\n{ladder}");
    }
    assert!(!ladder.contains("not seen"), "everything was seen:\n{ladder}");
}
