//! Ranges: a part of a file, several parts in one answer, and downloads that go on.

use std::fs;

use crate::curl::{curl, output, status};
use crate::site::{Site, numbered, url};
use crate::wire::{Answer, Wire};

const LEN: usize = 1_000_000;

fn site() -> Site {
    Site::new().with("a.bin", numbered(LEN)).with("empty", "").with("small.txt", "hello, world\n")
}

#[test]
fn curl_gets_the_range_that_it_asks_for() {
    let site = site();
    let all = numbered(LEN);
    let server = site.serve(&[]);
    for (range, part) in [
        ("0-0", &all[..1]),
        ("0-99", &all[..100]),
        ("100-100", &all[100..=100]),
        ("500000-", &all[500_000..]),
        ("-1", &all[LEN - 1..]),
        ("-100", &all[LEN - 100..]),
        ("-5000000", &all[..]),
        ("999990-5000000", &all[999_990..]),
    ] {
        let Some(body) = output(&server, "/a.bin", &["-r", range], 0) else { break };
        assert!(body == part, "{range}: {} B", body.len());
        assert_eq!(status(&server, "/a.bin", &["-r", range]), Some(206), "{range}");
    }
    for range in ["1000000-", "1000000-2000000", "-0"] {
        let Some(got) = status(&server, "/a.bin", &["-r", range]) else { break };
        assert_eq!(got, 416, "{range}");
        // The page says what there is, and a client that wants the file fails.
        let arguments = ["-i", "-r", range];
        let answer = output(&server, "/a.bin", &arguments, 0).expect("curl is here");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("\r\nContent-Range: bytes */1000000\r\n"), "{answer}");
        output(&server, "/a.bin", &["-f", "-r", range], 22);
    }
    server.stop();
}

/// The parts of an answer with several ranges: where each lies, and its bytes.
#[track_caller]
fn parts(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let media = answer.field("Content-Type").expect("a type");
    let boundary = media.strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.unwrap_or_else(|| panic!("{}", answer.head)).trim_matches('"');
    let mut rest = answer.body.as_slice();
    let mut parts = Vec::new();
    let after = |rest: &[u8], what: &str| {
        let at = rest.windows(what.len()).position(|window| window == what.as_bytes());
        at.unwrap_or_else(|| panic!("no {what:?} in {:?}", String::from_utf8_lossy(rest)))
    };
    loop {
        // The first may stand at the beginning, each other one behind a line end.
        rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        let dashes = format!("--{boundary}");
        rest = rest.strip_prefix(dashes.as_bytes()).expect("a boundary");
        if let Some(end) = rest.strip_prefix(b"--") {
            assert!([&b""[..], b"\r\n"].contains(&end), "behind the last boundary: {end:?}");
            return parts;
        }
        rest = rest.strip_prefix(b"\r\n").expect("a boundary ends its line");
        let head_len = after(rest, "\r\n\r\n");
        let head = String::from_utf8_lossy(&rest[..head_len]).into_owned();
        rest = &rest[head_len + 4..];
        let place = head.lines().find_map(|line| line.strip_prefix("Content-Range: bytes "));
        assert!(head.contains("Content-Type: application/octet-stream"), "{head}");
        let len = after(rest, &format!("\r\n--{boundary}"));
        parts.push((place.expect("a place").to_owned(), rest[..len].to_vec()));
        rest = &rest[len..];
    }
}

#[test]
fn several_ranges_come_in_parts_that_say_where_they_lie() {
    let site = site();
    let all = numbered(LEN);
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    let ask = |wire: &mut Wire, ranges: &str| {
        wire.send(format!("GET /a.bin HTTP/1.1\r\nHost: a\r\nRange: bytes={ranges}\r\n\r\n"));
        wire.answer()
    };
    let answer = ask(&mut wire, "0-9, 500000-500099,-10");
    assert_eq!(answer.status, 206, "{}", answer.head);
    assert_eq!(answer.field("Content-Range"), None);
    let expected = [
        ("0-9/1000000".to_owned(), all[..10].to_vec()),
        ("500000-500099/1000000".to_owned(), all[500_000..500_100].to_vec()),
        ("999990-999999/1000000".to_owned(), all[LEN - 10..].to_vec()),
    ];
    assert_eq!(parts(&answer), expected);
    // What cannot be satisfied is left out; what is left alone needs no parts.
    let answer = ask(&mut wire, "2000000-,5-6");
    assert_eq!((answer.status, &answer.body[..]), (206, &all[5..7]), "{}", answer.head);
    assert_eq!(answer.field("Content-Range"), Some("bytes 5-6/1000000"));
    // An answer that is no larger than it has to be.
    for greedy in [vec!["0-"; 1000].join(","), vec!["0-999999"; 20].join(",")] {
        let answer = ask(&mut wire, &greedy);
        assert!([200, 206, 416].contains(&answer.status), "{}", answer.head);
        assert!(answer.body.len() <= 2 * LEN, "{} B", answer.body.len());
    }
    // What is no range is as if it were not there (RFC 9110, section 14.2).
    for none in ["", "5", "9-5", "a-b", "0-1;2-3", "--5", "0-5-", "18446744073709551616-"] {
        let answer = ask(&mut wire, none);
        let fits = answer.status == 200 || (answer.status == 416 && none.starts_with("18446"));
        assert!(fits, "{none}: {}", answer.head);
    }
    drop(wire);
    server.stop();
}

/// The validator of a file, once it stands for all of its bytes: that of a file which has just been written is used
/// once, as a second change within the same tick of the clock would not show.
fn settled(wire: &mut Wire, path: &str) -> String {
    let mut tag = String::new();
    loop {
        let next = wire.get(path).field("ETag").expect("a validator").to_owned();
        if next == tag {
            return tag;
        }
        tag = next;
    }
}

#[test]
fn a_range_of_another_version_is_the_whole() {
    let site = site();
    let all = numbered(LEN);
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    let tag = settled(&mut wire, "/a.bin");
    let first = wire.get("/a.bin");
    let date = first.field("Last-Modified").expect("a date").to_owned();
    assert_eq!(first.field("Accept-Ranges"), Some("bytes"));
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (version, whole) in
        [(tag.as_str(), false), ("\"other\"", true), (&format!("W/{tag}"), true), (old, true)]
    {
        wire.send(format!(
            "GET /a.bin HTTP/1.1\r\nHost: a\r\nIf-Range: {version}\r\nRange: bytes=1-2\r\n\r\n"
        ));
        let answer = wire.answer();
        let expected = if whole { (200, &all[..]) } else { (206, &all[1..3]) };
        assert!((answer.status, &answer.body[..]) == expected, "{version}: {}", answer.head);
    }
    // A date is a strong validator only when it is old enough to be sure (RFC 9110, section 8.8.2.2).
    wire.send(format!(
        "GET /a.bin HTTP/1.1\r\nHost: a\r\nIf-Range: {date}\r\nRange: bytes=1-2\r\n\r\n"
    ));
    assert!([200, 206].contains(&wire.answer().status));
    // Of HEAD no range is defined, and of an empty file none is there.
    wire.send("HEAD /a.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n");
    assert_eq!(wire.head().status, 200);
    wire.send("GET /empty HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\n\r\n");
    let answer = wire.answer();
    assert!([200, 416].contains(&answer.status), "{}", answer.head);
    drop(wire);
    server.stop();
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let site = site();
    let all = numbered(LEN);
    let server = site.serve(&[]);
    for have in [0, 1, 123_456, LEN - 1, LEN] {
        let copy = site.beside("copy");
        fs::write(&copy, &all[..have]).expect("a file can be written");
        let name = copy.to_str().expect("a temporary directory's name is text");
        let at = url(&server, "/a.bin");
        let Some(done) = curl(&["-C", "-", "-o", name, &at], b"") else { break };
        // What is whole already has nothing behind it, which curl takes for what it is.
        done.expect(0);
        assert!(fs::read(&copy).expect("a file can be read") == all, "from {have}");
    }
    server.stop();
}
