//! What is told about each request: a line in the common log format, and an event.

use serde_json::Value;

use crate::site::{PAGE, Site};
use crate::support::{Program, Server, sock};
use crate::wire::Wire;

/// A line in the common log format, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    host: &'a str,
    moment: &'a str,
    request: &'a str,
    status: &'a str,
    bytes: &'a str,
}

/// `host ident user [moment] "request" status bytes`
fn parse(line: &str) -> Option<Line<'_>> {
    let (host, rest) = line.split_once(' ')?;
    let rest = rest.strip_prefix("- - [")?;
    let (moment, rest) = rest.split_once("] \"")?;
    // A quotation mark within the request is escaped.
    let (request, rest) = rest.rsplit_once("\" ")?;
    let (status, bytes) = rest.split_once(' ')?;
    Some(Line { host, moment, request, status, bytes })
}

/// `21/Nov/2026:12:34:56 +0000`
fn is_moment(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| match c {
            '0'..='9' => '0',
            c if c.is_ascii_alphabetic() => 'a',
            c => c,
        })
        .collect();
    shape == "00/aaa/0000:00:00:00 +0000" || shape == "00/aaa/0000:00:00:00 -0000"
}

/// Asks over one connection; what comes back does not matter here.
fn ask(endpoint: &str, requests: &[&str]) {
    let address = endpoint.strip_prefix("tcp://").expect("it is of this scheme");
    for request in requests {
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut answer).expect("it answers");
    }
}

const REQUESTS: [&str; 6] = [
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "HEAD /?q=1 HTTP/1.0\r\n\r\n",
    "GET /nothing HTTP/1.0\r\n\r\n",
    "GET /\n",
    "GET /\x1b[31m\"q\\ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u{e4}\" HTTP/1.0\r\n\r\n",
];

#[test]
fn each_request_is_a_line_in_the_common_format() {
    let site = Site::with_page();
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let mut program = Program::start(sock(&["serve", "http", root, "tcp://127.0.0.1:0"]));
    let listening = program.error_line_with("listening on ");
    ask(listening.rsplit(' ').next().expect("an endpoint"), &REQUESTS);
    program.signal(rustix::process::Signal::TERM);
    let done = program.finish().expect(0);
    assert_eq!(done.text(), "");
    assert!(!done.stderr.contains('\x1b'), "{:?}", done.stderr);
    let lines: Vec<Line<'_>> = done.stderr.lines().filter_map(parse).collect();
    assert_eq!(lines.len(), REQUESTS.len(), "{}", done.stderr);
    for line in &lines {
        assert!(line.host.starts_with("127.0.0.1"), "{line:?}");
        assert!(is_moment(line.moment), "{line:?}");
    }
    let of = |n: usize| (lines[n].request, lines[n].status, lines[n].bytes);
    let length = PAGE.len().to_string();
    assert_eq!(of(0), ("GET / HTTP/1.1", "200", length.as_str()));
    assert_eq!((of(1).0, of(1).1), ("HEAD /?q=1 HTTP/1.0", "200"));
    assert!(["-", "0"].contains(&of(1).2), "{:?}", lines[1]);
    assert_eq!((of(2).0, of(2).1), ("GET /nothing HTTP/1.0", "404"));
    assert_eq!((of(3).0, of(3).1, of(3).2), ("GET /", "200", length.as_str()));
    // Nothing in it can be taken for something else than what it is.
    assert_eq!(of(4).1, "400");
    assert!(of(4).0.contains("\\x1b[31m\\\"q"), "{:?}", lines[4]);
    assert!(of(5).0.contains("\\\""), "{:?}", lines[5]);
}

#[test]
fn each_request_is_an_event_too() {
    let site = Site::with_page();
    let mut server = site.serve(&[]);
    ask(&server.endpoint("tcp"), &REQUESTS);
    let mut next = || server.event_named("request");
    let events: Vec<Value> = (0..REQUESTS.len()).map(|_| next()).collect();
    let of = |n: usize| (events[n]["target"].as_str(), events[n]["status"].as_u64());
    assert_eq!(of(0), (Some("/"), Some(200)), "{}", events[0]);
    assert_eq!((&events[0]["method"], &events[0]["version"]), (&"GET".into(), &"HTTP/1.1".into()));
    assert_eq!(events[0]["bytes"].as_u64(), Some(PAGE.len() as u64), "{}", events[0]);
    assert_eq!(of(2), (Some("/nothing"), Some(404)), "{}", events[2]);
    assert_eq!(of(3).1, Some(200), "{}", events[3]);
    assert_eq!(of(4).1, Some(400), "{}", events[4]);
    assert!(events.iter().all(|event| event["t"].is_number() && event["conn"].is_number()));
    server.stop();
}

/// As a program for people's logs wants it: when, who, with what and from where.
#[test]
fn an_event_says_when_and_who() {
    let site = Site::with_page();
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let arguments = ["serve", "--json", "http", root, "tcp://127.0.0.1:0", "--auth", "me:word"];
    let mut program = Program::start(sock(&arguments));
    let mut next = |name: &str| loop {
        let event: Value = serde_json::from_str(&program.line()).expect("an object");
        if event["event"] == name {
            break event;
        }
    };
    let listening = next("listening");
    let began = listening["time"].as_str().unwrap_or_default();
    // Base64 of me:word.
    let fields = "Host: a\r\nUser-Agent: Lynx/2\r\nReferer: http://a/b\r\nConnection: close\r\n";
    let requests = [
        format!("GET / HTTP/1.1\r\n{fields}Authorization: Basic bWU6d29yZA==\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{fields}Authorization: Basic bWU6d29yZB==\r\n\r\n"),
    ];
    ask(listening["endpoint"].as_str().expect("text"), &requests.each_ref().map(String::as_str));
    for (status, user) in [(200, Value::from("me")), (401, Value::Null)] {
        let event = next("request");
        assert_eq!((&event["status"], &event["user"]), (&Value::from(status), &user), "{event}");
        assert_eq!((&event["agent"], &event["referer"]), (&"Lynx/2".into(), &"http://a/b".into()));
        let time = event["time"].as_str().unwrap_or_default();
        assert!(time.len() == 24 && time.ends_with('Z') && *time >= *began, "{event}");
    }
}

/// Requests that come together are told one by one, in their order.
#[test]
fn pipelined_requests_are_told_one_by_one() {
    let site = Site::with_page().with("a.txt", "a\n");
    let mut server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    wire.send(
        "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\
         HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    for (method, target) in [("GET", "/a.txt"), ("GET", "/"), ("HEAD", "/")] {
        let event = server.event_named("request");
        assert_eq!((&event["method"], &event["target"]), (&method.into(), &target.into()));
    }
    drop(wire);
    server.stop();
}

/// Who goes away in the middle of a download has not had all of it, and the log knows.
#[test]
fn a_download_that_breaks_off_is_told_with_what_was_sent() {
    let len = 64 << 20;
    let site = Site::new().with("big.bin", vec![b'x'; len]);
    let mut server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    wire.send("GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(wire.some(100_000) >= 100_000);
    drop(wire);
    let event = server.event_named("request");
    let sent = event["bytes"].as_u64().expect("a number");
    assert!((100_000..len as u64).contains(&sent), "{event}");
    assert_eq!(event["status"], 200);
    let closed = server.event_named("close");
    let in_all = closed["sent"].as_u64().expect("a number");
    assert!(in_all > sent && in_all < sent + 1000, "{event} {closed}");
    server.stop();
}

/// What lies in the buffers of TLS has not been sent either.
#[test]
fn a_download_within_tls_that_breaks_off_is_told_so_too() {
    let line = "x".repeat(99) + "\n";
    let len = 64 << 20;
    let site = Site::new().with("big.txt", line.repeat(len / 100));
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let mut server = Server::start(&["http", root], &["tls://127.0.0.1:0"]);
    let url = format!("https://127.0.0.1:{}/big.txt", server.port("tls"));
    let mut get = Program::start(sock(&["get", "-q", "--insecure", "--no-proxy", &url]));
    assert_eq!(get.line().len(), 99);
    get.signal(rustix::process::Signal::KILL);
    drop(get);
    let event = server.event_named("request");
    let sent = event["bytes"].as_u64().expect("a number");
    let closed = server.event_named("close");
    let number = |field: &str| closed[field].as_u64().expect("a number");
    assert!(sent > 99, "{event}");
    // Of the whole, its head of less than 1000 bytes included, these have not gone.
    let gone = (len / 100 * 100) as u64 + 1000 - number("unsent");
    assert!(sent < gone, "{event} {closed}");
    server.stop();
}
