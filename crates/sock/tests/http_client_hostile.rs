//! The web client and servers that mean harm, or proxies that nobody can use: nothing grows for ever, and
//! nothing goes where it was not meant to.

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use std::net::TcpListener;

use scripted::{Web, act, client, page, says};
use sock::ErrorKind;
use sock::http::{Proxies, Response};

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
