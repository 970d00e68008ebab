//! The web client and servers that keep to the protocol: what is sent, what is followed, what is kept.

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use std::io::Read;
use std::sync::{Arc, Mutex};

use scripted::{Web, act, client, page, redirect, says};
use sock::http::{Ask, Client, Fetch, Proxies, Request, Resume};
use sock::{ErrorKind, Run};
use sock_proto::{Event, Observer, What};

/// The lines of a head that are not the same in every one.
fn lines(head: &str) -> Vec<&str> {
    let usual = ["Host:", "User-Agent:", "Accept:", "Accept-Encoding:"];
    head.lines().filter(|line| !usual.iter().any(|name| line.starts_with(name))).collect()
}

#[test]
fn a_request_is_as_short_as_it_can_be() {
    let web = Web::new([says(page("hello"))]);
    let response = client().open(&web.url("/a?b=c#part")).unwrap();
    assert_eq!((response.status(), response.reason(), response.len()), (200, "OK", Some(5)));
    assert_eq!(response.url(), web.url("/a?b=c"));
    assert_eq!(response.text().unwrap(), "hello");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /a?b=c HTTP/1.1\r\nHost: {}\r\nUser-Agent: sock/{version}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n",
        web.addr
    );
    assert_eq!(web.head(), expected);
}

#[test]
fn a_body_is_sent_with_its_length_or_in_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("upload");
    std::fs::write(&path, "from a file").unwrap();
    let answered = |len: usize, body: &'static str| {
        act(move |talk| {
            talk.request();
            assert_eq!(String::from_utf8(talk.body(len)).unwrap(), body);
            talk.say(page(""));
        })
    };
    let web = Web::new([
        answered(0, ""),
        answered(9, "a=b+%26+c"),
        answered(2, "{}"),
        answered(11, "from a file"),
        answered(16, "6\r\npieces\r\n0\r\n\r\n"),
        answered(5, "short"),
        act(|talk| {
            talk.request();
            talk.body((1 << 20) + 3);
            talk.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }),
        answered(3, "raw"),
    ]);
    let send = |request: Request| {
        client().send(&web.url("/"), &request).unwrap().bytes().unwrap();
        web.head()
    };
    let head = send(Request::new("POST"));
    assert_eq!(lines(&head), ["POST / HTTP/1.1", "Content-Length: 0", ""]);
    let head = send(Request::default().form([("a", "b & c")]));
    assert!(head.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(head.starts_with("POST ") && head.contains("\r\nContent-Length: 9\r\n"), "{head}");
    let head = send(Request::new("PATCH").json("{}"));
    assert!(head.starts_with("PATCH ") && head.contains("application/json"), "{head}");
    let head = send(Request::new("PUT").file(&path));
    assert!(head.contains("\r\nContent-Length: 11\r\n"), "{head}");
    let head = send(Request::default().reader(&b"pieces"[..]));
    assert!(head.contains("\r\nTransfer-Encoding: chunked\r\n"), "{head}");
    let head = send(Request::default().input(&b"short"[..]));
    assert!(head.contains("\r\nContent-Length: 5\r\n"), "{head}");
    let head = send(Request::default().input(std::io::repeat(b'x').take((1 << 20) + 3)));
    assert!(head.contains("\r\nTransfer-Encoding: chunked\r\n"), "{head}");
    let head = send(Request::default().bytes("raw").field("User-Agent", "me"));
    assert!(head.contains("\r\nUser-Agent: me\r\n") && !head.contains("sock/"), "{head}");
    web.done();
}

#[test]
fn what_would_break_a_head_is_refused_before_anybody_is_called() {
    // Nobody listens here; whoever called would be refused.
    let url = "http://127.0.0.1:1/";
    for request in [
        Request::new("GET /x HTTP/1.1\r\nX:"),
        Request::new(""),
        Request::default().field("X: y\r\nZ", "1"),
        Request::default().field("X", "1\r\nZ: 2"),
        Request::default().field("", "1"),
        Request::default().bearer("a\nb"),
    ] {
        let error = client().send(url, &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    for url in ["http://127.0.0.1:1/a\r\nb", "http://127.0.0.1:1\x7f/", "gopher://h/"] {
        assert_eq!(client().open(url).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn a_redirected_post_becomes_a_get() {
    for status in [301, 302, 303] {
        let web = Web::new([
            act(move |talk| {
                talk.request();
                talk.body(4);
                talk.say(redirect(status, "/to"));
            }),
            act(move |talk| {
                let head = talk.request();
                assert!(head.starts_with("GET /to "), "{status}: {head}");
                assert!(!head.contains("Content-Type"), "{head}");
                talk.say(page("there"));
            }),
        ]);
        let request = Request::default().bytes("text").field("Content-Type", "text/plain");
        let response = client().send(&web.url("/from"), &request).unwrap();
        assert_eq!(response.url(), web.url("/to"));
        assert!(response.timing().redirects.is_some());
        assert_eq!(response.text().unwrap(), "there");
        web.done();
    }
}

#[test]
fn a_post_is_not_sent_elsewhere_as_it_is_and_a_get_is() {
    for status in [307, 308] {
        let web = Web::new([act(move |talk| {
            talk.request();
            talk.body(4);
            talk.say(redirect(status, "/to"));
            talk.until_closed();
        })]);
        let error = client().send(&web.url("/"), &Request::default().bytes("text")).unwrap_err();
        let (from, to) = (web.url("/"), web.url("/to"));
        assert_eq!(error.kind(), ErrorKind::Status);
        assert_eq!(
            error.to_string(),
            format!(
                "{from}: {status} Look: a POST is not sent elsewhere unasked; if that is meant, send it to {to}"
            )
        );
        web.done();
        let web = Web::new([says(redirect(status, "/to")), says(page("there"))]);
        assert_eq!(client().open(&web.url("/")).unwrap().text().unwrap(), "there");
    }
    // Who follows nothing sees what was answered.
    let web = Web::new([act(|talk| {
        talk.request();
        talk.body(4);
        talk.say(redirect(307, "/to"));
    })]);
    let asks = Request::default().bytes("text");
    assert_eq!(client().redirects(0).send(&web.url("/"), &asks).unwrap().status(), 307);
}

#[test]
fn going_round_in_a_circle_ends() {
    let web = Web::new([act(|talk| {
        for to in ["/b", "/c", "/a"] {
            talk.request();
            talk.say(redirect(302, to));
        }
        talk.until_closed();
    })]);
    let error = client().open(&web.url("/a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    let expected = format!("{} redirects in a circle, by way of 3 URLs", web.url("/a"));
    assert_eq!(error.to_string(), expected);
    web.done();
    let web = Web::new([says(redirect(302, "/a"))]);
    let error = client().open(&web.url("/a")).unwrap_err();
    assert_eq!(error.to_string(), format!("{} redirects to itself", web.url("/a")));
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    let spiral = |n: usize| {
        Web::new([act(move |talk| {
            for step in 0..n {
                talk.request();
                talk.say(redirect(302, &format!("/{step}")));
            }
            if n == 10 {
                talk.request();
                talk.say(page("there"));
            }
            talk.until_closed();
        })])
    };
    let ten = spiral(10);
    assert_eq!(client().open(&ten.url("/")).unwrap().text().unwrap(), "there");
    let eleven = spiral(11);
    let error = client().open(&eleven.url("/")).unwrap_err().to_string();
    assert!(error.starts_with("more than 10 redirects, the last one to "), "{error}");
    let one = spiral(1);
    let response = client().redirects(0).open(&one.url("/")).unwrap();
    assert_eq!((response.status(), response.fields().get("location")), (302, Some("/0")));
}

#[test]
fn a_redirect_to_itself_with_a_cookie_is_no_circle() {
    let web = Web::new([act(|talk| {
        talk.request();
        talk.say("HTTP/1.1 302 Again\r\nLocation: /\r\nSet-Cookie: seen=1; Path=/\r\nContent-Length: 0\r\n\r\n");
        let head = talk.request();
        assert!(head.contains("\r\nCookie: seen=1\r\n"), "{head}");
        talk.say(page("welcome back"));
    })]);
    assert_eq!(client().open(&web.url("/")).unwrap().text().unwrap(), "welcome back");
    web.done();
}

#[test]
fn a_password_stays_with_whom_it_was_meant_for() {
    let elsewhere = Web::new([act(|talk| {
        let head = talk.request();
        assert!(!head.contains("Authorization") && !head.contains("secret"), "{head}");
        talk.say(page("open"));
    })]);
    let to = elsewhere.url("/");
    let web = Web::new([act(move |talk| {
        for next in ["/same", &to] {
            let head = talk.request();
            // ann:secret
            assert!(head.contains("\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n"), "{head}");
            talk.say(redirect(302, next));
        }
    })]);
    let url = format!("http://ann:secret@{}/", web.addr);
    let request = Request::default().field("Cookie", "also=secret");
    let response = client().send(&url, &request).unwrap();
    assert_eq!(response.url(), elsewhere.url("/"));
    assert_eq!(response.text().unwrap(), "open");
    web.done();
    elsewhere.done();
}

#[test]
fn a_connection_carries_the_next_request() {
    let web = Web::new([act(|talk| {
        for body in ["one", "two"] {
            talk.request();
            talk.say(page(body));
        }
        talk.request();
        talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n");
        talk.request();
        talk.say("HTTP/1.1 204 None\r\n\r\n");
        assert!(talk.request().starts_with("HEAD "));
        talk.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        talk.request();
        talk.say(page("six"));
        talk.until_closed();
    })]);
    let client = client();
    let get = || client.open(&web.url("/")).unwrap().text().unwrap();
    assert_eq!([get(), get(), get(), get()], ["one", "two", "three", ""]);
    let head = client.send(&web.url("/"), &Request::new("HEAD")).unwrap();
    assert_eq!((head.fields().get("content-length"), head.len()), (Some("1000"), Some(0)));
    assert_eq!(get(), "six");
    drop(client);
    web.done();
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let web = Web::new([
        act(|talk| {
            talk.request();
            talk.say(page("one"));
            // It takes the next request and says nothing.
            talk.request();
        }),
        says(page("two")),
    ]);
    let client = client();
    for expected in ["one", "two"] {
        assert_eq!(client.open(&web.url("/")).unwrap().text().unwrap(), expected);
    }
    web.done();
}

#[test]
fn what_must_not_be_done_twice_has_a_connection_of_its_own() {
    let web = Web::new([says(page("one")), says(page("posted"))]);
    let client = client();
    assert_eq!(client.open(&web.url("/")).unwrap().text().unwrap(), "one");
    let posted = client.send(&web.url("/"), &Request::new("POST")).unwrap();
    assert_eq!(posted.text().unwrap(), "posted");
    web.done();
}

#[test]
fn what_only_informs_is_passed_over() {
    let web = Web::new([says(
        [
            &b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                [..],
            &page("then"),
        ]
        .concat(),
    )]);
    assert_eq!(client().open(&web.url("/")).unwrap().text().unwrap(), "then");
}

#[test]
fn a_coding_is_taken_off_unless_the_bytes_themselves_are_asked_for() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"unpacked").unwrap();
    let packed = packed.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let whole = [head.as_bytes(), &packed].concat();
    let cut = [head.as_bytes(), &packed[..packed.len() - 4]].concat();
    let short = [
        format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            packed.len() - 4
        )
        .as_bytes(),
        &packed[..packed.len() - 4],
    ]
    .concat();
    let web = Web::new([says(&whole), says(&whole), says(cut), says(short)]);
    let response = client().open(&web.url("/")).unwrap();
    assert_eq!(response.len(), None);
    assert_eq!(response.text().unwrap(), "unpacked");
    assert!(web.head().contains("\r\nAccept-Encoding: gzip\r\n"));
    let response = client().send(&web.url("/"), &Request::default().identity()).unwrap();
    assert_eq!(response.bytes().unwrap(), packed);
    assert!(web.head().contains("\r\nAccept-Encoding: identity\r\n"));
    let error = client().open(&web.url("/")).unwrap().bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutShort, "{error}");
    assert!(error.shortfall().is_some());
    let error = client().open(&web.url("/")).unwrap().bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutShort, "{error}");
    assert!(error.to_string().ends_with("it ends too early"), "{error}");
}

#[test]
fn text_is_read_in_the_charset_of_the_header() {
    let body = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=latin1\r\nContent-Length: 3\r\n\r\n\xe9t\xe9";
    let web = Web::new([says(body)]);
    assert_eq!(client().open(&web.url("/")).unwrap().text().unwrap(), "été");
}

#[test]
fn a_status_of_failure_is_an_error_with_a_body_for_who_wants_it() {
    let gone = b"HTTP/1.1 404 Not\x1b[31m here\r\nContent-Length: 4\r\n\r\ngone";
    let web = Web::new([says(gone), says(gone.map(|byte| if byte == 0x1b { b'-' } else { byte }))]);
    // A control character in the reason is no reason (RFC 9112, section 4).
    assert_eq!(client().open(&web.url("/")).unwrap_err().kind(), ErrorKind::Malformed);
    let response = client().send(&web.url("/"), &Request::default()).unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.text().unwrap(), "gone");
    let web = Web::new([says("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")]);
    let error = client().open(&web.url("/a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert_eq!(error.to_string(), format!("{}: 503 Busy; try again later", web.url("/a")));
}

#[test]
fn a_download_asks_for_the_rest_of_the_same_version() {
    let web = Web::new([says(
        "HTTP/1.1 206 Part\r\nContent-Range: bytes 4-8/9\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\nwhole",
    )]);
    let resume = Resume { from: 4, validator: "\"v1\"".to_owned() };
    let ask = Ask { url: &web.url("/"), resume: Some(&resume), identity: true };
    let mut reply = client().fetch(&ask).unwrap();
    assert_eq!((reply.status, reply.from, reply.len, reply.total), (206, 4, Some(5), Some(9)));
    assert_eq!(reply.validator.as_deref(), Some("\"v1\""));
    let mut rest = String::new();
    reply.body.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "whole");
    let head = web.head();
    assert!(head.contains("\r\nRange: bytes=4-\r\nIf-Range: \"v1\"\r\n"), "{head}");
    assert!(head.contains("\r\nAccept-Encoding: identity\r\n"), "{head}");
}

#[test]
fn a_host_is_called_where_it_is_said_to_be() {
    let web = Web::new([says(page("pinned"))]);
    let url = format!("http://shop.example:{}/", web.addr.port());
    let pinned = client().resolve("shop.example", web.addr.port(), web.addr.ip());
    let response = pinned.open(&url).unwrap();
    assert_eq!(response.timing().name, None);
    assert_eq!(response.text().unwrap(), "pinned");
    assert!(web.head().contains(&format!("\r\nHost: shop.example:{}\r\n", web.addr.port())));
}

#[test]
fn a_unix_socket_stands_for_any_host() {
    use sock::socket::{Family, Kind, Socket};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("web");
    let server = Socket::new(Family::Unix, Kind::Stream).unwrap();
    server.bind(path.as_path()).unwrap();
    server.listen().unwrap();
    let thread = std::thread::spawn(move || {
        let (peer, _) = server.accept().unwrap();
        let head = peer.recv_vec(1000).unwrap();
        peer.send_all(&page("by a file")).unwrap();
        String::from_utf8(head).unwrap()
    });
    let response = client().unix(&path).open("http://docker/info").unwrap();
    assert_eq!(response.text().unwrap(), "by a file");
    assert!(thread.join().unwrap().starts_with("GET /info HTTP/1.1\r\nHost: docker\r\n"));
    let error = client().unix(dir.path().join("none")).open("http://docker/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_needs_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("note.txt");
    std::fs::write(&path, "on this machine").unwrap();
    let url = format!("file://{}", path.display());
    let response = client().open(&url).unwrap();
    assert_eq!(response.fields().get("content-type"), Some("text/plain"));
    assert_eq!(response.text().unwrap(), "on this machine");
    let error = client().open(&format!("file://{}", dir.path().display())).unwrap_err();
    assert!(error.to_string().ends_with("it is a folder"), "{error}");
    let error = client().open(&format!("{url}.none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(client().open("file://elsewhere/a").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn who_is_not_there_is_named_with_every_address() {
    let web = Web::new([]);
    let port = web.addr.port();
    web.done();
    let error = client().open(&format!("localhost:{port}")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().starts_with(&format!("cannot connect to tcp://localhost:{port}: ")));
    assert!(error.attempts().iter().any(|tried| tried.address.port() == Some(port)));
}

/// Writes down what it hears.
#[derive(Default)]
struct Story(Mutex<Vec<String>>);

impl Observer for Story {
    fn event(&self, event: &Event<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = match event.what {
            What::Open { called, remote, .. } => format!("open {called} {}", remote.transport()),
            What::Sent { bytes, .. } => format!("sent {}", text(bytes)),
            What::Received { bytes, .. } => format!("received {}", text(bytes)),
            What::Eof => "eof".to_owned(),
            What::Closed { reason, sent, received, .. } => {
                format!("closed {reason}: {sent}, {received}")
            }
            What::Listening { .. }
            | What::Finished
            | What::Request { .. }
            | What::Note { .. }
            | What::Stopped { .. } => "else".to_owned(),
        };
        self.0.lock().unwrap().push(format!("{} {line}", event.conn));
    }
}

#[test]
fn a_run_hears_of_every_connection() {
    let web = Web::new([
        act(|talk| {
            talk.request();
            talk.say(page("one"));
            talk.until_closed();
        }),
        act(|talk| {
            talk.request();
            talk.say(b"HTTP/1.0 200 OK\r\n\r\ntwo");
        }),
    ]);
    let story = Arc::new(Story::default());
    let run = Run::new().observed_by(Arc::clone(&story) as Arc<dyn Observer>);
    let client = Client::of(&run).proxies(Proxies::none());
    client.open(&web.url("/")).unwrap().text().unwrap();
    let other = client.clone().asking(Request::default().field("X", "y"));
    drop(client);
    assert_eq!(story.0.lock().unwrap().len(), 3, "it is held open");
    drop(other);
    let client = Client::of(&run).proxies(Proxies::none());
    client.open(&web.url("/")).unwrap().text().unwrap();
    let [first, second] = [web.head(), web.head()];
    let first_number = 1;
    let second_number = (1 << 20) + 1;
    let expected = [
        format!("{first_number} open true tcp"),
        format!("{first_number} sent {first}"),
        format!("{first_number} received HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"),
        format!("{first_number} closed by us (FIN): {}, 41", first.len()),
        format!("{second_number} open true tcp"),
        format!("{second_number} sent {second}"),
        format!("{second_number} received HTTP/1.0 200 OK\r\n\r\ntwo"),
        format!("{second_number} eof"),
        format!("{second_number} closed by peer (FIN): {}, 22", second.len()),
    ];
    assert_eq!(*story.0.lock().unwrap(), expected);
    web.done();
}

#[test]
fn a_run_that_is_asked_to_end_ends_what_waits() {
    let run = Run::new();
    let stop = run.stop().clone();
    let web = Web::new([act(move |talk| {
        talk.request();
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        stop.ask();
        talk.until_closed();
    })]);
    let client = Client::of(&run).proxies(Proxies::none());
    let error = client.open(&web.url("/")).and_then(sock::http::Response::bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    web.done();
}
