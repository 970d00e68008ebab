//! The web client and servers that do not keep to the protocol, or do not last.

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use scripted::{Act, Web, act, client, page, says};
use sock::error::Shortfall;
use sock::http::{Proxies, Request, Response, Sink};
use sock::{Error, ErrorKind};

/// Longer than a busy machine needs to answer.
const LIMIT: Duration = Duration::from_millis(500);

/// What a client says of a server that acts so.
fn error(played: Act) -> Error {
    let web = Web::new([played]);
    let client = client().stall_timeout(LIMIT);
    let error = client.open(&web.url("/")).and_then(Response::bytes).unwrap_err();
    web.done();
    error
}

/// What is said behind the URL.
fn said(played: Act) -> String {
    let text = error(played).to_string();
    text.split_once("/: ").map_or(text.clone(), |(_, said)| said.to_owned())
}

#[allow(clippy::unnecessary_wraps, reason = "it is compared with what is one")]
fn cut(received: u64, expected: u64) -> Option<Shortfall> {
    Some(Shortfall { received, expected: Some(expected) })
}

#[test]
fn a_body_that_is_cut_short_is_no_body() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!";
    let closed = error(says(half));
    assert_eq!((closed.kind(), closed.shortfall()), (ErrorKind::CutShort, cut(5, 10)));
    assert_eq!(closed.to_string(), "cut short at byte 5 of 10: the server closed the connection");
    let reset = error(act(move |talk| {
        talk.request();
        talk.say(half);
        talk.reset();
    }));
    assert_eq!(reset.kind(), ErrorKind::Reset, "{reset}");
    assert!(reset.shortfall().unwrap().received <= 5);
    let stalled = error(act(move |talk| {
        talk.request();
        talk.say(half);
        talk.until_closed();
    }));
    assert_eq!((stalled.kind(), stalled.shortfall()), (ErrorKind::TimedOut, cut(5, 10)));
    let expected = "stalled at byte 5 of 10: nothing came for 500ms; try again, or wait longer";
    assert_eq!(stalled.to_string(), expected);
}

#[test]
fn chunks_end_where_they_say_or_not_at_all() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let rows = [
        ("5;ext=\"a;b\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", Ok("hello")),
        ("5\r\nhello\r\n0\r\n", Ok("hello")),
        ("0\r\n\r\n", Ok("")),
        ("5\r\nhello\r\n", Err((5, "the server closed the connection"))),
        ("5\r\nhel", Err((3, "the server closed the connection"))),
        ("5\r\nhello\r\nxyz\r\n\r\n", Err((5, "what should be a chunk is none"))),
        ("-1\r\nhello", Err((0, "what should be a chunk is none"))),
        ("fffffffffffffffff\r\nhello", Err((0, "what should be a chunk is none"))),
        // It looks like an end that was not finished, and is data.
        ("9\r\nab\r\n0\r\n", Err((2, "the server closed the connection"))),
    ];
    for (body, expected) in rows {
        let web = Web::new([says(format!("{head}{body}"))]);
        let mut response = client().open(&web.url("/")).unwrap();
        let mut came = Vec::new();
        let outcome = response.read_to_end(&mut came);
        match expected {
            Ok(whole) => {
                outcome.unwrap();
                assert_eq!(String::from_utf8(came).unwrap(), whole, "{body:?}");
            }
            Err((least, why)) => {
                let error = Error::from(outcome.unwrap_err());
                assert_eq!(error.kind(), ErrorKind::CutShort, "{body:?}: {error}");
                assert!(error.to_string().contains(why), "{body:?}: {error}");
                let shortfall = error.shortfall().unwrap();
                assert_eq!(shortfall.received, came.len() as u64, "{body:?}");
                assert!(shortfall.received >= least, "{body:?}: {error}");
                assert!(
                    b"helloab\r\n0\r\n".windows(came.len().max(1)).any(|part| part == came)
                        || came.is_empty(),
                    "{body:?} gave {came:?}"
                );
            }
        }
        web.done();
    }
}

#[test]
fn no_part_of_a_response_passes_for_the_whole() {
    let plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    for whole in [plain, chunked] {
        // The line end behind the last chunk's size is enough.
        let enough = if whole == chunked { whole.len() - 2 } else { whole.len() };
        let web = Web::new((0..=whole.len()).map(|len| says(&whole[..len])));
        for len in 0..=whole.len() {
            let outcome = client().open(&web.url("/")).and_then(Response::bytes);
            match outcome {
                Ok(body) => {
                    assert!(len == enough || len == whole.len(), "{:?} is whole", &whole[..len]);
                    assert_eq!(body, b"hello");
                }
                Err(error) => {
                    assert!(len != enough && len != whole.len(), "{len}: {error}");
                    let kinds = [ErrorKind::CutShort, ErrorKind::Reset];
                    assert!(kinds.contains(&error.kind()), "{len}: {error}");
                }
            }
        }
        web.done();
    }
}

#[test]
fn a_server_without_an_answer_is_told_from_one_that_breaks_off() {
    let nothing = error(act(|talk| drop(talk.request())));
    assert_eq!(nothing.kind(), ErrorKind::CutShort);
    assert!(nothing.to_string().ends_with("closed the connection without an answer"), "{nothing}");
    let part = error(says("HTTP/1.1 200 OK\r\nX: "));
    assert!(part.to_string().ends_with("within the head, after 20 bytes"), "{part}");
    assert_eq!(part.kind(), ErrorKind::CutShort);
    let silent = error(act(|talk| {
        talk.request();
        talk.until_closed();
    }));
    assert_eq!(silent.kind(), ErrorKind::TimedOut);
    assert!(silent.to_string().ends_with("nothing came for 500ms; try again, or wait longer"));
}

#[test]
fn what_is_no_response_is_named() {
    let long = "x".repeat(65_537);
    let rows = [
        ("FUBAR\r\n".into(), "the server does not answer in HTTP but with \"FUBAR\""),
        ("\x15\x03\x01\0\x02\x02\x0a".into(), "the server speaks TLS; ask for https://"),
        ("HTTP/2.0 200 OK\r\n\r\n".into(), "its version is not HTTP/1: \"HTTP/2.0 200 OK\""),
        (
            "HTTP/1.1 2xx OK\r\n\r\n".into(),
            "its status line is no status line: \"HTTP/1.1 2xx OK\"",
        ),
        (format!("HTTP/1.1 200 {long}\r\n\r\n"), "its status line is longer than 65536 bytes"),
        (
            format!("HTTP/1.1 200 OK\r\nX-Long: {long}\r\n\r\n"),
            "a line of its head is longer than 65536 bytes: \"X-Long\"",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101)),
            "its head has more than 100 fields",
        ),
        (
            "HTTP/1.1 200 OK\r\nno field\r\n\r\n".into(),
            "a line of its head is no field: \"no field\"",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".into(),
            "its Content-Length is no length that a body can have: \"-1\"",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n".into(),
            "its Content-Length is no length that a body can have: \"99999999999999999999\"",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into(),
            "its head says in several ways how long the body is: \"1\", \"2\"",
        ),
    ];
    for (answer, expected) in rows {
        let error = error(act(move |talk| {
            talk.request();
            // The client may have had enough before all of it is sent.
            let _ = talk.peer.send_all(answer.as_bytes());
            let _ = talk.peer.shutdown(std::net::Shutdown::Write);
            talk.until_closed();
        }));
        let text = error.to_string();
        assert!(text.ends_with(&format!("malformed response: {expected}")), "{text}");
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
    let text = said(says("<html>an old page</html>"));
    assert!(text.starts_with("malformed response: the server does not answer in HTTP"), "{text}");
}

#[test]
fn nothing_behind_a_body_is_read_for_it() {
    let extra = [page("five!"), b"HTTP/1.1 200 OK\r\n\r\nnot asked for".to_vec()].concat();
    let web = Web::new([
        act(move |talk| {
            talk.request();
            talk.say(&extra);
            talk.until_closed();
        }),
        says(page("asked")),
    ]);
    let client = client();
    for expected in ["five!", "asked"] {
        assert_eq!(client.open(&web.url("/")).unwrap().text().unwrap(), expected);
    }
    web.done();
}

#[test]
fn who_refuses_an_upload_is_heard() {
    // More than the buffers of both sides hold.
    const MUCH: usize = 64 << 20;
    for is_rude in [false, true] {
        let web = Web::new([act(move |talk| {
            talk.request();
            talk.say("HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nstop");
            if is_rude {
                talk.peer.shutdown(std::net::Shutdown::Both).unwrap();
            }
            talk.until_closed();
        })]);
        let request = Request::default().bytes(vec![0; MUCH]);
        let response = client().send(&web.url("/"), &request).unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.text().unwrap(), "stop");
        web.done();
    }
}

#[test]
fn a_redirect_that_leads_nowhere_is_an_error() {
    let web = Web::new([says("HTTP/1.1 302 Look\r\nLocation: file:///etc/passwd\r\n\r\n")]);
    let error = client().open(&web.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("redirects to \"file:///etc/passwd\""), "{error}");
    let web = Web::new([says("HTTP/1.1 302 Look\r\nContent-Length: 4\r\n\r\nhere")]);
    let response = client().open(&web.url("/")).unwrap();
    assert_eq!((response.status(), response.text().unwrap().as_str()), (302, "here"));
}

#[test]
fn a_proxy_is_told_the_whole_url() {
    let proxy = Web::new([says(page("by a proxy"))]);
    let through = Proxies::all(&format!("http://me:word@{}", proxy.addr), "");
    let response = client().proxies(through).open("http://shop.example/a?b").unwrap();
    assert_eq!(response.text().unwrap(), "by a proxy");
    let head = proxy.head();
    assert!(
        head.starts_with("GET http://shop.example/a?b HTTP/1.1\r\nHost: shop.example\r\n"),
        "{head}"
    );
    // me:word
    assert!(head.contains("\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n"), "{head}");
    let web = Web::new([says(page("direct"))]);
    let excepted = Proxies::all("http://127.0.0.1:1", "127.0.0.1");
    let response = client().proxies(excepted).open(&web.url("/")).unwrap();
    assert_eq!(response.text().unwrap(), "direct");
}

#[test]
fn a_proxy_that_lets_nobody_through_is_named() {
    let proxy = Web::new([says("HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")]);
    let through = Proxies::all(&format!("http://{}", proxy.addr), "");
    let error = client().proxies(through).open("https://shop.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    let expected = format!(
        "the proxy tcp://{} does not connect to shop.example:443: 407 Who?; name a user: http://USER:PASSWORD@HOST:PORT",
        proxy.addr
    );
    assert_eq!(error.to_string(), expected);
    assert!(
        proxy.head().starts_with("CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n")
    );
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let through = Proxies::all(&format!("http://{gone}"), "");
    let error = client().proxies(through).open("http://shop.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().starts_with(&format!("cannot connect to the proxy tcp://{gone}")));
}

#[test]
fn socks_is_spoken_with_and_without_a_user() {
    let web = Web::new([
        act(|talk| {
            assert_eq!(talk.body(3), [5, 1, 0]);
            talk.say([5, 0]);
            let name = b"shop.example";
            let asked = [&[5, 1, 0, 3, 12][..], name, &[0, 80]].concat();
            assert_eq!(talk.body(asked.len()), asked);
            talk.say([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]);
            assert!(talk.request().starts_with("GET / HTTP/1.1\r\nHost: shop.example\r\n"));
            talk.say(page("by name"));
        }),
        act(|talk| {
            assert_eq!(talk.body(4), [5, 2, 0, 2]);
            talk.say([5, 2]);
            assert_eq!(talk.body(10), [&[1, 2][..], b"me", &[5], b"words"].concat());
            talk.say([1, 0]);
            assert_eq!(talk.body(10), [5, 1, 0, 1, 127, 0, 0, 9, 0, 80]);
            talk.say([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
            talk.until_closed();
        }),
        says("HTTP/1.1 400 What?\r\n\r\n"),
    ]);
    let through = |proxy: String| client().proxies(Proxies::all(&proxy, ""));
    let response = through(format!("socks5h://{}", web.addr)).open("shop.example").unwrap();
    assert_eq!(response.text().unwrap(), "by name");
    let error = through(format!("socks5://me:words@{}", web.addr)).open("127.0.0.9").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let expected = format!(
        "the proxy tcp://{} does not connect to http://127.0.0.9/: connection refused",
        web.addr
    );
    assert_eq!(error.to_string(), expected);
}

/// A file, to which the kernel may move what nobody looks at.
struct Into {
    file: std::fs::File,
    is_open: bool,
    moved: Vec<u64>,
}

impl Into {
    fn new(file: std::fs::File) -> Self {
        Self { file, is_open: true, moved: Vec::new() }
    }
}

impl Write for Into {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink for Into {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.is_open.then(|| self.file.as_fd())
    }

    fn moved(&mut self, bytes: u64) -> sock::Result<()> {
        self.moved.push(bytes);
        Ok(())
    }
}

#[test]
fn the_kernel_moves_the_same_bytes() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let whole = [head.as_bytes(), &body].concat();
    let open_ended = [b"HTTP/1.0 200 OK\r\n\r\n", &body[..]].concat();
    let cut_short = whole[..whole.len() - 1].to_vec();
    let again = whole.clone();
    let web = Web::new([
        act(move |talk| {
            talk.request();
            talk.say(&whole);
            talk.request();
            talk.say(&again);
            talk.request();
            // One byte, which must wake a client that waited for many before.
            talk.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!");
        }),
        says(open_ended),
        says(cut_short),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("body");
    let client = client();
    let mut append = std::fs::File::options();
    append.create(true).append(true);
    let mut fresh = std::fs::File::options();
    fresh.create(true).truncate(true).write(true);
    for (options, keeps) in [(&fresh, true), (&append, true), (&fresh, false)] {
        if !keeps {
            assert_eq!(client.open(&web.url("/")).unwrap().text().unwrap(), "!");
        }
        // What is appended to cannot be spliced into.
        let _ = std::fs::remove_file(&path);
        let mut to = Into::new(options.open(&path).unwrap());
        let mut response = client.open(&web.url("/")).unwrap();
        assert_eq!(response.copy_to(&mut to).unwrap(), body.len() as u64);
        assert_eq!(to.moved.iter().sum::<u64>(), body.len() as u64);
        assert!(std::fs::read(&path).unwrap() == body, "the bytes are others");
    }
    let mut to = Into::new(fresh.open(&path).unwrap());
    let error = client.open(&web.url("/")).unwrap().copy_to(&mut to).unwrap_err();
    let len = body.len() as u64;
    assert_eq!((error.kind(), error.shortfall()), (ErrorKind::CutShort, cut(len - 1, len)));
    assert!(std::fs::read(&path).unwrap() == body[..body.len() - 1], "the bytes are others");
    web.done();
}

#[test]
fn a_server_that_stalls_is_noticed_by_the_kernel_too() {
    let web = Web::new([act(|talk| {
        talk.request();
        talk.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        talk.say("some");
        talk.until_closed();
    })]);
    let dir = tempfile::tempdir().unwrap();
    let mut to = Into::new(std::fs::File::create(dir.path().join("body")).unwrap());
    let client = client().stall_timeout(LIMIT);
    let error = client.open(&web.url("/")).unwrap().copy_to(&mut to).unwrap_err();
    assert_eq!((error.kind(), error.shortfall()), (ErrorKind::TimedOut, cut(4, 100)));
    assert_eq!(to.moved.iter().sum::<u64>(), 4);
    web.done();
}

#[test]
fn who_cannot_take_the_body_is_not_blamed_on_the_server() {
    let web = Web::new([says(page("no room"))]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut to = Into::new(full);
    to.is_open = false;
    let error = client().open(&web.url("/")).unwrap().copy_to(&mut to).unwrap_err();
    assert_eq!((error.errno(), error.shortfall()), (Some(28), None));
}
