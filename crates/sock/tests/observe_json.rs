//! JSON Lines: one object for each kind of event, with the fields that scripts rely on.
#![allow(clippy::unwrap_used, reason = "tests and what they share")]

mod observed;

use std::time::Duration;

use observed::{Sink, closed, endpoint, fin, open, tell};
use proptest::prelude::*;
use serde_json::Value;
use sock::observe::{Failure, Json, Level};
use sock_proto::{By, Client, Endpoint, How, Kind, Observer, Reason, Time, UnixName, What};

const SERVER: &str = "tcp://127.0.0.1:12000";
const CLIENT: &str = "tcp://127.0.0.1:40000";

fn lines(level: Level, datagrams: bool, story: impl FnOnce(&Json)) -> String {
    let sink = Sink::default();
    let json = Json::queued(sink.clone(), level, datagrams).unwrap();
    story(&json);
    json.close().unwrap();
    sink.text()
}

fn talk(json: &Json) {
    open(json, 1, false, SERVER, CLIENT);
    let (kind, since) = (Kind::Stream, Time::ZERO);
    tell(json, 2, 1, What::Received { kind, bytes: b"hello\n", since });
    tell(json, 3, 1, What::Sent { kind, bytes: b"HI\n", since });
    tell(json, 4, 1, What::Eof);
    tell(json, 5, 1, What::Finished);
    tell(json, 6, 1, What::Note { code: "late-send", text: format_args!("2 B were not sent") });
    closed(json, 1, fin(By::Peer), 0);
}

#[test]
fn a_request_that_was_answered_is_an_object() {
    let text = lines(Level::Normal, false, |json| {
        open(json, 1, false, SERVER, CLIENT);
        for line in
            [&b"GET /a?b HTTP/1.1"[..], b"GET /", b"FUBAR", b"GET /a b HTTP/1.1", b"\xff  \x1b\""]
        {
            let (began, took) = (Duration::from_secs(1), Duration::from_millis(20));
            let client = Client { user: b"me", agent: b"Lynx/2 \xff", referer: b"" };
            tell(json, 2, 1, What::Request { line, status: 200, bytes: 7, began, took, client });
        }
    });
    let words = [
        r#""method":"GET","target":"/a?b","version":"HTTP/1.1""#,
        r#""method":"GET","target":"/""#,
        r#""line":"FUBAR""#,
        r#""line":"GET /a b HTTP/1.1""#,
        "\"line\":\"\u{fffd}  \\u001b\\\"\"",
    ];
    let expected = words.map(|words| {
        format!(
            r#"{{"event":"request","t":0.002,"conn":1,"local":"127.0.0.1:12000","peer":"127.0.0.1:40000",{words},"status":200,"bytes":7,"seconds":0.02,"time":"1970-01-01T00:00:01.000Z","user":"me","agent":"Lynx/2 �"}}"#
        )
    });
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), expected);
}

#[test]
fn every_event_has_its_object() {
    let text = lines(Level::Normal, false, |json| {
        let (endpoint, wall) = (&endpoint(SERVER), Duration::from_millis(971_186_136_007));
        tell(json, 2, 0, What::Listening { endpoint, service: "upper", engine: "epoll", wall });
        talk(json);
        open(json, 2, true, CLIENT, SERVER);
        closed(json, 2, Reason { by: By::Us, how: How::Timeout }, 7);
        let cure = "ports below 1024 need root";
        json.failure(Time::ZERO, &Failure { code: 8, text: "cannot listen", cure });
        json.failure(Time::ZERO, &Failure { code: 1, text: "no", cure: "" });
        tell(json, 2000, 0, What::Stopped { conversations: 2, sent: 6, received: 12 });
    });
    let pid = std::process::id();
    let who = r#""conn":1,"local":"127.0.0.1:12000","peer":"127.0.0.1:40000""#;
    let two = r#""conn":2,"local":"127.0.0.1:40000","peer":"127.0.0.1:12000""#;
    let expected = [
        format!(
            r#"{{"event":"listening","t":0.002,"endpoint":"tcp://127.0.0.1:12000","service":"upper","engine":"epoll","pid":{pid},"time":"2000-10-10T13:55:36.007Z"}}"#
        ),
        format!(r#"{{"event":"open","t":0.001,{who},"endpoint":"tcp://127.0.0.1:12000"}}"#),
        format!(
            r#"{{"event":"note","t":0.006,{who},"code":"late-send","text":"2 B were not sent"}}"#
        ),
        format!(
            r#"{{"event":"close","t":1.503,{who},"by":"peer","how":"fin","sent":3,"received":6,"seconds":1.502}}"#
        ),
        format!(r#"{{"event":"open","t":0.001,{two},"endpoint":"tcp://127.0.0.1:12000"}}"#),
        format!(
            r#"{{"event":"close","t":1.503,{two},"by":"us","how":"timeout","sent":3,"received":6,"seconds":1.502,"unsent":7}}"#
        ),
        r#"{"event":"error","t":0,"code":8,"text":"cannot listen","cure":"ports below 1024 need root"}"#
            .to_owned(),
        r#"{"event":"error","t":0,"code":1,"text":"no"}"#.to_owned(),
        r#"{"event":"stopped","t":2,"conversations":2,"sent":6,"received":12}"#.to_owned(),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn verbose_adds_data() {
    let text = lines(Level::Verbose, false, talk);
    let data: Vec<_> = text.lines().filter(|line| line.contains("\"data\"")).collect();
    let who = r#""conn":1,"local":"127.0.0.1:12000","peer":"127.0.0.1:40000""#;
    let expected = [
        format!(r#"{{"event":"data","t":0.002,{who},"dir":"in","bytes":6}}"#),
        format!(r#"{{"event":"data","t":0.003,{who},"dir":"out","bytes":3}}"#),
    ];
    assert_eq!(data, expected);
}

#[test]
fn quiet_says_errors_only() {
    let text = lines(Level::Quiet, true, |json| {
        talk(json);
        json.failure(Time::ZERO, &Failure { code: 1, text: "no", cure: "" });
    });
    assert_eq!(text, "{\"event\":\"error\",\"t\":0,\"code\":1,\"text\":\"no\"}\n");
}

#[test]
fn datagrams_have_their_text_where_it_is_text() {
    let story = |json: &Json| {
        let local = &endpoint("udp://127.0.0.1:12000");
        let remote = &endpoint("udp://127.0.0.1:1600");
        for bytes in [&b"hello \x1b\xe2\x80\xae\"\xf3\xa0\x80\xa1"[..], b"\xff\xfe", b""] {
            let (kind, since) = (Kind::Datagram, Time::ZERO);
            tell(json, 1, 4, What::Open { kind, called: false, transient: true, local, remote });
            tell(json, 1, 4, What::Received { kind, bytes, since });
            tell(json, 1, 4, What::Sent { kind, bytes, since });
            closed(json, 4, fin(By::Us), 0);
        }
    };
    let who = r#""conn":4,"local":"127.0.0.1:12000","peer":"127.0.0.1:1600""#;
    let expected = [
        format!(
            r#"{{"event":"datagram","t":0.001,{who},"bytes":15,"text":"hello \u001b\u202e\"\udb40\udc21"}}"#
        )
        .replace("202e\"", "202e\\\""),
        format!(r#"{{"event":"datagram","t":0.001,{who},"bytes":2}}"#),
        format!(r#"{{"event":"datagram","t":0.001,{who},"bytes":0,"text":""}}"#),
    ];
    assert_eq!(lines(Level::Normal, true, story).lines().collect::<Vec<_>>(), expected);
    assert_eq!(lines(Level::Normal, false, story), "");
}

#[test]
fn direct_cuts_what_would_not_leave_in_one_piece() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let json = Json::direct(writer, Level::Normal, true);
    open(&json, 1, false, "udp://127.0.0.1:12000", "udp://127.0.0.1:1600");
    let bytes = "\u{7f}".repeat(60_000);
    let what = What::Received { kind: Kind::Datagram, bytes: bytes.as_bytes(), since: Time::ZERO };
    tell(&json, 1, 1, what);
    drop(json);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    let line = text.lines().last().unwrap();
    assert!(line.len() < 4096, "{}", line.len());
    let object: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&object["bytes"], &object["cut"]), (&60_000.into(), &true.into()));
}

/// An event of any kind, as plain values.
fn anything() -> impl Strategy<Value = (u8, u64, u64, String, Vec<u8>)> {
    (0..10_u8, any::<u64>(), 0..4_u64, any::<String>(), any::<Vec<u8>>())
}

proptest! {
    #[test]
    fn every_line_parses_and_has_what_is_promised(
        events in proptest::collection::vec(anything(), 0..40),
        is_verbose: bool,
        datagrams: bool,
    ) {
        let level = if is_verbose { Level::Verbose } else { Level::Normal };
        let text = lines(level, datagrams, |json| {
            for (which, nanos, conn, text, bytes) in &events {
                any_event(json, *which, Time::from_nanos(*nanos), *conn, text, bytes);
            }
        });
        for line in text.lines() {
            let object: Value = serde_json::from_str(line).unwrap();
            prop_assert!(object["t"].is_number(), "{}", line);
            let promised: &[&str] = match object["event"].as_str().unwrap() {
                "listening" => &["endpoint", "service", "engine", "pid"],
                "open" => &["conn", "local", "peer", "endpoint"],
                "datagram" => &["conn", "local", "peer", "bytes"],
                "data" => &["conn", "local", "peer", "dir", "bytes"],
                "close" => &["by", "how", "sent", "received", "seconds"],
                "note" | "error" => &["code", "text"],
                "request" => &["status", "bytes", "seconds"],
                "stopped" => &["conversations", "sent", "received"],
                other => panic!("{other} is not promised"),
            };
            for field in promised {
                prop_assert!(object.get(field).is_some(), "{field} is not in {}", line);
            }
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}

fn any_event(json: &Json, which: u8, time: Time, conn: u64, text: &str, bytes: &[u8]) {
    let endpoint = &Endpoint::Unix(UnixName::from_sun_path(bytes));
    let kind = if bytes.len().is_multiple_of(2) { Kind::Stream } else { Kind::Datagram };
    let what = match which {
        0 => What::Listening { endpoint, service: text, engine: text, wall: time - Time::ZERO },
        1 => What::Open {
            kind,
            called: text.len().is_multiple_of(2),
            transient: text.len().is_multiple_of(3),
            local: endpoint,
            remote: endpoint,
        },
        2 => What::Received { kind, bytes, since: time },
        3 => What::Sent { kind, bytes, since: time },
        4 => What::Eof,
        5 => What::Closed {
            reason: fin(By::Us),
            sent: conn,
            received: conn,
            unsent: conn,
            lasted: time - Time::ZERO,
        },
        6 => What::Note { code: "any", text: format_args!("{text}") },
        8 => What::Request {
            line: bytes,
            status: 404,
            bytes: conn,
            began: Duration::from_nanos(conn),
            took: Duration::ZERO,
            client: Client { user: bytes, agent: bytes, referer: bytes },
        },
        7 => What::Stopped { conversations: conn, sent: conn, received: conn },
        _ => return json.failure(time, &Failure { code: 1, text, cure: text }),
    };
    let per_conversation = !matches!(which, 0 | 6 | 7 | 8);
    let conn = if per_conversation { conn + 1 } else { conn };
    json.event(&sock_proto::Event { time, conn, what });
}
