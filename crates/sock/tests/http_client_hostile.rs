//! The web client and servers that mean harm, or proxies that nobody can use: nothing grows for ever, and
//! nothing goes where it was not meant to.

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use scripted::{Web, act, client, page, says};
use sock::ErrorKind;
use sock::http::{Proxies, Request, Response};

#[test]
fn who_informs_without_end_is_left() {
    let web = Web::new([act(|talk| {
        talk.request();
        let informs = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000);
        // Until the client has gone.
        while talk.peer.send_all(&informs).is_ok() {}
    })]);
    let error = client().open(&web.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("its head has not ended after"), "{error}");
    web.done();
}

#[test]
fn a_body_in_a_coding_that_nobody_asked_for_is_not_taken() {
    for codings in
        ["gzip, chunked", "gzip", "chunked, chunked", "chunked\r\nTransfer-Encoding: gzip"]
    {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {codings}\r\n\r\n0\r\n\r\n");
        let web = Web::new([says(head)]);
        let error = client().open(&web.url("/")).and_then(Response::bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{codings}: {error}");
        web.done();
    }
}

#[test]
fn gzip_that_ends_too_early_is_cut_short_and_that_of_nothing_is_nothing() {
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    let web = Web::new([says(format!("{head}0\r\n\r\n"))]);
    assert_eq!(client().open(&web.url("/")).unwrap().bytes().unwrap(), b"");
    web.done();
    let web = Web::new([says(format!("{head}2\r\n\u{1f}\u{8}\r\n0\r\n\r\n"))]);
    let error = client().open(&web.url("/")).unwrap().bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutShort, "{error}");
    web.done();
}

#[test]
fn what_is_said_to_be_gzip_and_is_none_is_told_so() {
    let gzip = |text: &[u8]| {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        coder.write_all(text).unwrap();
        coder.finish().unwrap()
    };
    let answer = |body: &[u8]| {
        let fields = format!("Content-Encoding: gzip\r\nContent-Length: {}", body.len());
        [format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes(), body].concat()
    };
    let got = |body: &[u8]| {
        let web = Web::new([says(answer(body))]);
        let got = client().open(&web.url("/")).unwrap().bytes();
        web.done();
        got
    };
    assert_eq!(got(&[gzip(b"one"), gzip(b""), gzip(b"two")].concat()).unwrap(), b"onetwo");
    for (body, why) in [
        (b"hello, no gzip".to_vec(), "the body is said to be gzip and is none"),
        (b"h".to_vec(), "the body is said to be gzip and is none"),
        (
            [gzip(b"one"), b"x".to_vec()].concat(),
            "something that is no gzip follows the gzip of 3 bytes",
        ),
        (
            [gzip(b"one"), vec![0; 20]].concat(),
            "something that is no gzip follows the gzip of 3 bytes",
        ),
    ] {
        let error = got(&body).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Malformed, why));
    }
}

#[test]
fn a_content_coding_that_nobody_asked_for_passes_for_nothing_else() {
    for coding in ["br", "deflate", "gzip, gzip", "br\r\nContent-Encoding: gzip"] {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 4\r\n\r\n");
        let web = Web::new([says(format!("{head}body")), says(format!("{head}body"))]);
        let error = client().open(&web.url("/")).unwrap().bytes().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
        let why = "the body is in a coding that nobody asked for: ";
        assert!(error.to_string().starts_with(why), "{error}");
        // Who asked for one has its bytes as they are.
        let asking = Request::default().field("Accept-Encoding", "br, deflate");
        assert_eq!(client().send(&web.url("/"), &asking).unwrap().bytes().unwrap(), b"body");
        web.done();
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_has_its_time_as_a_whole() {
    let web = Web::new([act(|talk| {
        talk.request();
        talk.say(b"HTTP/1.1 200 OK\r\nX: ");
        // Each byte is soon enough for the limit on silence.
        talk.peer.set_timeout(Some(Duration::from_millis(20))).unwrap();
        while talk.peer.recv(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::TimedOut) {
            if talk.peer.send_all(b"x").is_err() {
                break;
            }
        }
    })]);
    let limit = Duration::from_millis(300);
    let error = client().stall_timeout(limit).open(&web.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    let why = "the head of the response has not ended 300ms after it began";
    assert!(error.to_string().contains(why), "{error}");
    web.done();
}

#[test]
fn a_request_that_could_be_read_in_two_ways_is_not_sent() {
    let post = || Request::new("POST").bytes("hello");
    for (request, why) in [
        (
            Request::default().field("Content-Length", "5"),
            "it says Content-Length: \"5\" of a body of 0 bytes",
        ),
        (post().field("Content-Length", "6"), "it says Content-Length: \"6\" of a body of 5 bytes"),
        (post().field("Content-Length", "x"), "it says Content-Length: \"x\" of a body of 5 bytes"),
        (
            post().field("Content-Length", "5").field("Content-Length", "5"),
            "it has more than one Content-Length",
        ),
        (Request::default().field("Host", "a").field("host", "b"), "it has more than one Host"),
        (
            post().field("Transfer-Encoding", "chunked"),
            "how the body is cut is not said by a Transfer-Encoding of one's own",
        ),
    ] {
        let error = client().send("http://127.0.0.1:9/", &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().ends_with(why), "{error}");
    }
    let web = Web::new([says(page("")), says(page("")), says(page(""))]);
    for request in
        [post().field("Content-Length", "5"), Request::new("POST"), Request::new("QUERY").bytes("")]
    {
        client().send(&web.url("/"), &request).unwrap();
        let lengths = web
            .head()
            .lines()
            .filter(|line| line.to_lowercase().starts_with("content-length: "))
            .count();
        assert_eq!(lengths, 1);
    }
    web.done();
}

#[test]
fn a_proxy_that_cannot_be_used_is_not_left_out() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    for proxy in ["no url", "ftp://127.0.0.1:1", "", "http://", "http://127.0.0.1:99999"] {
        let error = client().proxies(Proxies::all(proxy, "")).open(&url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{proxy:?}: {error}");
    }
    server.set_nonblocking(true).unwrap();
    assert!(server.accept().is_err(), "nobody has called");
    let error = client().proxies(Proxies::all("x://ann:secret@h/", "")).open(&url).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_proxy_that_cannot_be_used_does_not_matter_to_whom_it_is_not_for() {
    let web = Web::new([says(page("direct"))]);
    let text =
        client().proxies(Proxies::all("no url", "127.0.0.1")).open(&web.url("/")).unwrap().text();
    assert_eq!(text.unwrap(), "direct");
    web.done();
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_that_it_is_empty_is_read_nevertheless() {
    let text = client().open("file:///proc/self/status").unwrap().text().unwrap();
    assert!(text.starts_with("Name:"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let url = format!("file://{}", empty.display());
    assert_eq!(client().open(&url).unwrap().bytes().unwrap(), b"");
}
