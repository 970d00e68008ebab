//! Bodies: those that are stored, those that nobody wants, and how large each may be.

use sock_proto::Command;
use sock_proto::sim::Files;

use crate::shelf::Shelf;
use crate::web::{ONE, answer, echo, files, says, statuses, web};

const MIB: usize = 1 << 20;

fn post(framing: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n");
    [head.as_bytes(), body].concat()
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let chunk = |part: &[u8]| [format!("{:X}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    [&body.chunks(size).map(chunk).collect::<Vec<_>>().concat()[..], b"0\r\n\r\n"].concat()
}

#[test]
fn a_body_that_nobody_wants_is_read_and_the_conversation_goes_on() {
    let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for request in [
        post("Content-Length: 0\r\n", b""),
        post("Content-Length: 5\r\n", b"hello"),
        post(&format!("Content-Length: {MIB}\r\n"), &vec![b'x'; MIB]),
        post("Transfer-Encoding: chunked\r\n", &chunked(&vec![b'x'; MIB], 50_000)),
        post("Transfer-Encoding: chunked\r\n", &chunked(b"hello", 1)),
        post("Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    ] {
        let all = [&request, next.as_bytes()].concat();
        assert_eq!(statuses(web(), &all), (vec![405, 200], false));
        let all = [String::from_utf8(request).unwrap().replacen("POST", "GET", 1), next.to_owned()];
        assert_eq!(statuses(web(), all.concat()), (vec![200, 200], false));
    }
}

#[test]
fn a_body_that_is_too_large_ends_the_conversation_at_once() {
    for (framing, body) in [
        (format!("Content-Length: {}\r\n", MIB + 1), Vec::new()),
        ("Content-Length: 18446744073709551615\r\n".to_owned(), Vec::new()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), b"100001\r\n".to_vec()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(&vec![b'x'; MIB + 1], 4096)),
    ] {
        let is_declared = body.is_empty();
        let body = if body.len() == 8 { [body, vec![b'x'; MIB + 1]].concat() } else { body };
        let request = post(&framing, &body);
        let get = String::from_utf8(request.clone()).unwrap().replacen("POST", "GET", 1);
        assert_eq!(statuses(web(), &request), (vec![405], true), "{framing}");
        assert_eq!(statuses(web(), get), (vec![413], true), "{framing}");
        assert_eq!(statuses(echo(), &request), (vec![413], true), "{framing}");
        if is_declared {
            let waits = post(&format!("Expect: 100-continue\r\n{framing}"), b"");
            assert_eq!(statuses(echo(), waits), (vec![413], true), "{framing}");
        }
    }
}

#[test]
fn a_body_that_is_too_large_to_be_shown_is_shown_up_to_there() {
    let mut pump = echo();
    let framing = format!("X-Mine: 1\r\nContent-Length: {}\r\n", MIB + 1);
    pump.data(ONE, &post(&framing, b""));
    let text = pump.text(ONE);
    for told in [
        "HTTP/1.1 413 ",
        "It is not taken (413): The body of the request is longer than 1,048,576 bytes",
        "\n| X-Mine: 1\\r\\n\n",
        "The body: 0 bytes of the 1048577 that Content-Length says; here it was answered\n",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let mut pump = echo();
    pump.data(
        ONE,
        &post("Transfer-Encoding: chunked\r\n", &chunked(&vec![b'x'; MIB + 1], 1 << 19)),
    );
    pump.flush();
    let text = pump.text(ONE);
    assert!(text.contains("without that frame it has 1048577 bytes\n"), "{}", &text[..999]);
    assert!(text.contains("\n| 80000\\r\\n\n| xxxx"), "{}", &text[..999]);
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let long = |n: usize| "x".repeat(n);
    for (body, status, ends) in [
        (format!("1;{}\r\na\r\n0\r\n\r\n", long(65_536)), 405, false),
        (format!("1;{}\r\na\r\n0\r\n\r\n", long(65_537)), 431, true),
        (format!("1;{0}\r\na\r\n1;{0}\r\na\r\n0\r\n\r\n", long(40_000)), 431, true),
        (format!("0\r\n{}\r\n\r\n", long(65_536)), 405, false),
        (format!("0\r\n{}\r\n\r\n", long(65_537)), 431, true),
        (format!("0\r\n{}\r\n", "A: b\r\n".repeat(20_000)), 431, true),
    ] {
        let request = post("Transfer-Encoding: chunked\r\n", body.as_bytes());
        assert_eq!(statuses(web(), request), (vec![status], ends));
    }
}

#[test]
fn what_is_put_is_stored_however_it_comes() {
    let next = "GET /new.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    for (framing, body) in [
        ("Content-Length: 5\r\n", &b"hello"[..]),
        ("Transfer-Encoding: chunked\r\n", b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\n"),
    ] {
        for expects in ["", "Expect: 100-continue\r\n"] {
            let shelf = Shelf::new(Files::new());
            let mut pump = files(shelf.clone());
            let head = format!("PUT /new.txt HTTP/1.1\r\nHost: a\r\n{expects}{framing}\r\n");
            pump.data(ONE, head.as_bytes());
            let word = if expects.is_empty() { "" } else { "HTTP/1.1 100 Continue\r\n\r\n" };
            assert_eq!(pump.news(ONE), word);
            assert_eq!((shelf.open(), shelf.bytes("new.txt")), (1, None));
            pump.data(ONE, &body[..body.len() - 1]);
            assert_eq!((pump.news(ONE), shelf.bytes("new.txt")), (String::new(), None));
            pump.data(ONE, &[&body[body.len() - 1..], next.as_bytes()].concat());
            let said = pump.news(ONE);
            assert!(
                said.starts_with("HTTP/1.1 201 Created\r\n") && said.ends_with("\r\n\r\nhello")
            );
            assert_eq!((shelf.open(), shelf.bytes("new.txt")), (0, Some(b"hello".to_vec())));
        }
    }
}

/// Without a length there is no body by the rules, and what follows would be taken for a request.
#[test]
fn a_file_whose_length_is_not_said_takes_the_place_of_none() {
    for (version, body) in [("1.1", &b""[..]), ("1.0", b""), ("1.0", b"hello"), ("1.1", b"hello")] {
        let shelf = Shelf::new(Files::new().file("old", "kept"));
        let head = format!("PUT /old HTTP/{version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
        let request = [head.as_bytes(), body].concat();
        assert_eq!(statuses(files(shelf.clone()), request), (vec![411], true), "{version}");
        assert_eq!((shelf.open(), shelf.bytes("old")), (0, Some(b"kept".to_vec())));
        // That of an empty one can be said.
        let empty = "PUT /old HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(statuses(files(shelf.clone()), empty), (vec![200], false));
        assert_eq!(shelf.bytes("old"), Some(Vec::new()));
    }
}

#[test]
fn what_does_not_come_to_its_end_is_not_stored() {
    let shelf = || Shelf::new(Files::new().file("old", "kept"));
    let (length, chunks) = ("Content-Length: 50\r\n", "Transfer-Encoding: chunked\r\n");
    let ends: [(&str, &[u8], &[u16]); 4] = [
        (length, b"hello", &[]),
        (chunks, b"5\r\nhello\r\n0\r\n", &[]),
        (chunks, b"5\r\nhello\r\nx", &[400]),
        (chunks, b"65\r\nhello", &[]),
    ];
    for (framing, body, seen) in ends {
        for name in ["new", "old"] {
            let site = shelf();
            let mut pump = files(site.clone());
            let head = format!("PUT /{name} HTTP/1.1\r\nHost: a\r\n{framing}\r\n");
            pump.data(ONE, &[head.as_bytes(), body].concat());
            pump.eof(ONE);
            let statuses: Vec<_> = crate::web::answers(&pump.heard[&ONE].sent.concat(), &[])
                .iter()
                .map(|s| s.status)
                .collect();
            assert_eq!(statuses, seen);
            assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
            assert_eq!(
                (site.open(), site.bytes("old"), site.bytes("new")),
                (0, Some(b"kept".to_vec()), None)
            );
        }
    }
}

#[test]
fn what_is_too_large_to_be_stored_is_refused_where_that_is_known() {
    let put = |framing: &str, body: &[u8]| {
        let head = format!("PUT /new HTTP/1.1\r\nHost: a\r\n{framing}\r\n");
        [head.as_bytes(), body].concat()
    };
    let shelf = Shelf::new(Files::new());
    // It is said before the body comes, and the conversation goes on where the body is read to its end.
    let known = put("Content-Length: 101\r\n", &[b'x'; 101]);
    assert_eq!(statuses(files(shelf.clone()), known), (vec![413], false));
    let waits = put("Content-Length: 101\r\nExpect: 100-continue\r\n", b"");
    assert_eq!(statuses(files(shelf.clone()), waits), (vec![413], true));
    let comes = put("Transfer-Encoding: chunked\r\n", &chunked(&[b'x'; 101], 20));
    assert_eq!(statuses(files(shelf.clone()), comes), (vec![413], true));
    let fits = put("Transfer-Encoding: chunked\r\n", &chunked(&[b'x'; 100], 20));
    assert_eq!(statuses(files(shelf.clone()), fits), (vec![201], false));
    assert_eq!(shelf.bytes("new").map(|bytes| bytes.len()), Some(100));
}

#[test]
fn a_full_disk_is_said() {
    let shelf = Shelf::new(Files::new()).room(3);
    let request = "PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let (said, ends) = answer(files(shelf.clone()), request);
    assert_eq!((said.status, ends, shelf.paths().len(), shelf.open()), (507, true, 0, 0));
}

#[test]
fn a_body_is_not_taken_for_a_request() {
    let inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let outer =
        format!("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}", inner.len());
    assert_eq!(statuses(web(), &outer), (vec![200], false));
    let (bytes, _) = says(web(), (outer + inner).as_bytes());
    assert_eq!(crate::web::answers(&bytes, &[]).len(), 2);
}
