//! The log: one line for each kind of event, exactly.
#![allow(clippy::unwrap_used, reason = "tests and what they share")]

mod observed;

use std::io::Read;
use std::time::Duration;

use observed::{Sink, closed, endpoint, fin, open, tell};
use sock::observe::{Failure, Level, Log, Look};
use sock_proto::{By, Client, How, Interest, Kind, Observer, Reason, Time, What};

const SERVER: &str = "tcp://127.0.0.1:12000";
const CLIENT: &str = "tcp://127.0.0.1:40000";

fn lines(look: Look, story: impl FnOnce(&Log)) -> String {
    let sink = Sink::default();
    let log = Log::queued(sink.clone(), look).unwrap();
    story(&log);
    log.close().unwrap();
    sink.text()
}

fn normal(story: impl FnOnce(&Log)) -> String {
    lines(Look::default(), story)
}

fn verbose(story: impl FnOnce(&Log)) -> String {
    lines(Look { level: Level::Verbose, ..Look::default() }, story)
}

fn listen(log: &Log) {
    let endpoint = &endpoint(SERVER);
    tell(
        log,
        0,
        0,
        What::Listening { endpoint, service: "echo", engine: "epoll", wall: Duration::ZERO },
    );
}

/// A whole conversation, ends of directions and data included.
fn talk(log: &Log, called: bool) {
    let names = if called { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    open(log, 1, called, names.0, names.1);
    let (kind, since) = (Kind::Stream, Time::ZERO);
    tell(log, 2, 1, What::Received { kind, bytes: b"hello\n", since });
    tell(log, 3, 1, What::Sent { kind, bytes: b"HI\n", since });
    tell(log, 4, 1, What::Eof);
    tell(log, 5, 1, What::Finished);
    closed(log, 1, fin(By::Peer), 0);
}

#[test]
fn a_server_says_whom_each_line_is_about() {
    let text = normal(|log| {
        listen(log);
        talk(log, false);
        tell(log, 9, 0, What::Stopped { conversations: 1, sent: 3, received: 6 });
    });
    let expected = "\
listening on tcp://127.0.0.1:12000
127.0.0.1:40000: connected to tcp://127.0.0.1:12000
127.0.0.1:40000: closed by peer (FIN) after 1.502 s: sent 3 B, received 6 B
stopped after 1 conversation: sent 3 B, received 6 B
";
    assert_eq!(text, expected);
}

#[test]
fn a_client_has_one_conversation_and_need_not_say_which() {
    let expected = "\
connected to tcp://127.0.0.1:12000 from 127.0.0.1:40000
closed by peer (FIN) after 1.502 s: sent 3 B, received 6 B
";
    assert_eq!(normal(|log| talk(log, true)), expected);
}

#[test]
fn verbose_adds_data_and_the_ends_of_directions() {
    let expected = "\
127.0.0.1:40000: connected to tcp://127.0.0.1:12000
127.0.0.1:40000: received 6 B: \"hello\\n\"
127.0.0.1:40000: sent 3 B: \"HI\\n\"
127.0.0.1:40000: the peer ended its direction
127.0.0.1:40000: we ended our direction
127.0.0.1:40000: closed by peer (FIN) after 1.502 s: sent 3 B, received 6 B
";
    assert_eq!(verbose(|log| talk(log, false)), expected);
}

#[test]
fn quiet_says_errors_only() {
    let look = Look { level: Level::Quiet, ..Look::default() };
    let text = lines(look, |log| {
        assert_eq!(log.interest(), Interest::NONE);
        listen(log);
        talk(log, false);
        let text = "cannot listen on tcp://127.0.0.1:80: permission denied";
        let cure = "ports below 1024 need root, try 8080";
        log.failure(Time::ZERO, &Failure { code: 8, text, cure });
        let text = "bad endpoint: expected a port\n  localhost:80x\n              ^";
        log.failure(Time::ZERO, &Failure { code: 2, text, cure: "" });
    });
    let expected = "\
sock: cannot listen on tcp://127.0.0.1:80: permission denied; ports below 1024 need root, try 8080
sock: bad endpoint: expected a port
  localhost:80x
              ^
";
    assert_eq!(text, expected);
}

#[test]
fn a_closing_says_who_how_and_what_was_never_sent() {
    let text = normal(|log| {
        for (how, by) in [
            (How::Reset, By::Peer),
            (How::Timeout, By::Us),
            (How::Refused, By::Peer),
            (How::Denied, By::Us),
            (How::Stop, By::Us),
            (How::Truncated, By::Peer),
            (How::Tls, By::Us),
        ] {
            open(log, 1, false, SERVER, CLIENT);
            closed(log, 1, Reason { by, how }, 5);
        }
    });
    let ends: Vec<_> = text.lines().filter_map(|line| line.split_once("closed ")).collect();
    assert_eq!(
        ends.iter().map(|(_, end)| *end).collect::<Vec<_>>(),
        [
            "by peer (RST) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by us (timeout) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by peer (refused) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by us (denied: --allow or --deny keeps it out) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by us (stop: this program was asked to end) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by peer (truncated: it never said that this was all) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
            "by us (TLS failed) after 1.502 s: sent 3 B, received 6 B, 5 B never sent",
        ]
    );
}

#[test]
fn a_peer_without_a_name_has_a_number() {
    let name = sock_proto::UnixName::UNNAMED;
    let remote = &sock_proto::Endpoint::Unix(name);
    let local = &endpoint("unix:/run/echo");
    let text = normal(|log| {
        let kind = Kind::Stream;
        let (called, transient) = (false, false);
        tell(log, 1, 7, What::Open { kind, called, transient, local, remote });
        closed(log, 7, fin(By::Us), 0);
    });
    let expected = "\
conversation 7: connected to unix:/run/echo
conversation 7: closed by us (FIN) after 1.502 s: sent 3 B, received 6 B
";
    assert_eq!(text, expected);
}

fn datagrams(log: &Log) {
    let (local, remote) = (&endpoint("udp://127.0.0.1:12000"), &endpoint("udp://127.0.0.1:1600"));
    let (kind, since) = (Kind::Datagram, Time::ZERO);
    tell(log, 1, 4, What::Open { kind, called: false, transient: true, local, remote });
    tell(log, 1, 4, What::Received { kind, bytes: b"hello from client1", since });
    tell(log, 2, 4, What::Sent { kind, bytes: b"HELLO FROM CLIENT1", since });
    closed(log, 4, fin(By::Us), 0);
    open(log, 5, false, "udp://127.0.0.1:12000", "udp://127.0.0.1:1601");
    closed(log, 5, fin(By::Us), 0);
}

#[test]
fn datagrams_are_shown_where_asked_for_and_when_verbose() {
    let received = "127.0.0.1:1600: received a datagram of 18 B: \"hello from client1\"\n";
    let sent = "127.0.0.1:1600: sent a datagram of 18 B: \"HELLO FROM CLIENT1\"\n";
    let ends = "\
127.0.0.1:1601: began to talk to udp://127.0.0.1:12000
127.0.0.1:1601: ended by us after 1.502 s: sent 3 B, received 6 B
";
    let look = Look { datagrams: true, ..Look::default() };
    assert_eq!(lines(look, datagrams), format!("{received}{ends}"));
    assert_eq!(normal(datagrams), ends);
    assert_eq!(verbose(datagrams), format!("{received}{sent}{ends}"));
}

#[test]
fn who_is_turned_away_is_named_although_nothing_was_said() {
    let text = normal(|log| {
        for scheme in ["tcp", "udp"] {
            let local = &endpoint(&format!("{scheme}://127.0.0.1:12000"));
            let remote = &endpoint(&format!("{scheme}://127.0.0.1:1600"));
            let kind = if scheme == "tcp" { Kind::Stream } else { Kind::Datagram };
            tell(log, 1, 4, What::Open { kind, called: false, transient: true, local, remote });
            closed(log, 4, Reason { by: By::Us, how: How::Denied }, 0);
        }
    });
    let line = "127.0.0.1:1600: closed by us (denied: --allow or --deny keeps it out) after 1.502 s: sent 3 B, \
                received 6 B\n";
    assert_eq!(text, format!("{line}{line}"));
}

#[test]
fn interest_is_no_more_than_what_is_shown() {
    let interest = |level, datagrams| {
        let look = Look { level, datagrams, ..Look::default() };
        Log::queued(Sink::default(), look).unwrap().interest()
    };
    let normal = Interest::CONVERSATIONS.union(Interest::NOTES);
    assert_eq!(interest(Level::Normal, false), normal);
    assert_eq!(interest(Level::Normal, true), Interest::ALL);
    assert_eq!(interest(Level::Verbose, false), Interest::ALL);
}

#[test]
fn a_request_that_was_answered_is_a_line_of_the_common_log_format() {
    let text = normal(|log| {
        listen(log);
        open(log, 1, false, SERVER, CLIENT);
        open(log, 2, false, "unix:/run/x", "unix:/run/client");
        let (began, took) = (Duration::from_secs(971_186_136), Duration::from_millis(1));
        let line = b"GET /\x1b\" HTTP/1.1";
        let client = Client { user: b"me", ..Client::default() };
        tell(log, 2, 1, What::Request { line, status: 200, bytes: 2326, began, took, client });
        let (line, client) = (b"GET /", Client::default());
        tell(log, 2, 2, What::Request { line, status: 404, bytes: 0, began, took, client });
    });
    let lines: Vec<_> = text.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            r#"127.0.0.1 - me [10/Oct/2000:13:55:36 +0000] "GET /\x1b\" HTTP/1.1" 200 2326"#,
            r#"- - - [10/Oct/2000:13:55:36 +0000] "GET /" 404 -"#,
        ]
    );
}

#[test]
fn hostile_bytes_are_shown_and_not_obeyed() {
    let text = verbose(|log| {
        listen(log);
        open(log, 1, false, SERVER, CLIENT);
        let bytes = "\x1b]0;owned\x07\u{202e}txt\u{9b}2J\r\n\"\\".as_bytes();
        tell(log, 2, 1, What::Received { kind: Kind::Stream, bytes, since: Time::ZERO });
        let bytes = b"\xff\x00\xe2\x80";
        tell(log, 2, 1, What::Received { kind: Kind::Stream, bytes, since: Time::ZERO });
        let text = format_args!("the peer said \x1b[31m\n\u{2066}");
        tell(log, 3, 1, What::Note { code: "said", text });
        let bytes = &[b'a'; 300];
        tell(log, 4, 1, What::Sent { kind: Kind::Stream, bytes, since: Time::ZERO });
    });
    let lines: Vec<_> = text.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            r#"127.0.0.1:40000: received 24 B: "\u{1b}]0;owned\u{7}\u{202e}txt\u{9b}2J\r\n\"\\""#,
            r#"127.0.0.1:40000: received 4 B: "\xff\u{0}\xe2\x80""#,
            r"127.0.0.1:40000: the peer said \u{1b}[31m\n\u{2066}",
            &format!("127.0.0.1:40000: sent 300 B: \"{}\"…", "a".repeat(256)),
        ]
    );
}

#[test]
fn colour_adds_nothing_but_colour() {
    let look = Look { is_coloured: true, level: Level::Verbose, ..Look::default() };
    let story = |log: &Log| {
        listen(log);
        talk(log, false);
        log.failure(Time::ZERO, &Failure { code: 1, text: "no", cure: "" });
    };
    let coloured = lines(look, story);
    assert!(
        coloured.starts_with("\x1b[32mlistening on tcp://127.0.0.1:12000\x1b[0m\n"),
        "{coloured}"
    );
    assert!(coloured.ends_with("\x1b[31msock: no\x1b[0m\n"), "{coloured}");
    let mut plain = coloured;
    for code in ["0", "2", "31", "32", "33"] {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(plain, verbose(story));
}

#[test]
fn direct_writes_the_same_lines_at_once() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let log = Log::direct(writer, Look::default());
    listen(&log);
    let expected = "listening on tcp://127.0.0.1:12000\n";
    let mut line = vec![0; expected.len()];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(line, expected.as_bytes());
    talk(&log, false);
    drop(log);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, normal(|log| talk(log, false)));
}
