//! Requests that can be understood in two ways, or in none: each is refused, the conversation ends, and nothing
//! that came behind is taken for a request.

use crate::site::{PAGE, Site, serve};
use crate::support::Server;
use crate::wire::Wire;

/// What stands behind each of the vectors; it is never answered.
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: here\r\n\r\n";

/// What is wrong, how it is said, and the answers that are right.
type Vector = (&'static str, &'static str, &'static [u16]);

/// Behind the line and the host of a POST: how long its body is can be said in one way only
/// (RFC 9112, section 6.3).
const LENGTHS: &[Vector] = &[
    ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", &[400]),
    ("one length twice", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", &[400]),
    ("a list of lengths", "Content-Length: 5, 5\r\n\r\nhello", &[400]),
    ("CL.TE", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &[400]),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", &[400]),
    ("a plus", "Content-Length: +5\r\n\r\nhello", &[400]),
    ("a minus", "Content-Length: -5\r\n\r\nhello", &[400]),
    ("hexadecimal", "Content-Length: 0x5\r\n\r\nhello", &[400]),
    ("a blank within", "Content-Length: 5 5\r\n\r\nhello", &[400]),
    ("no number", "Content-Length: \r\n\r\nhello", &[400]),
    ("a fraction", "Content-Length: 5.0\r\n\r\nhello", &[400]),
    ("over 64 bits", "Content-Length: 18446744073709551621\r\n\r\nhello", &[400, 413]),
    ("chunked is not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", &[400, 501]),
    (
        "chunked in two fields",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        &[400, 501],
    ),
    ("identity", "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("nothing", "Transfer-Encoding:\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("a word like chunked", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("a sign before it", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("quotes around it", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", &[400, 501]),
    ("an unknown coding", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", &[501]),
    ("a fold", "Content-Length:\r\n 5\r\n\r\nhello", &[400]),
    ("a blank before the colon", "Content-Length : 5\r\n\r\nhello", &[400]),
    ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", &[400]),
];

/// Behind the line and the host of a GET (RFC 9112, section 5).
const FIELDS: &[Vector] = &[
    ("obs-fold", "X: 1\r\n 2\r\n\r\n", &[400]),
    ("a fold with a tab", "X: 1\r\n\t2\r\n\r\n", &[400]),
    ("a bare CR in a value", "X: 1\r2\r\n\r\n", &[400]),
    ("a bare CR for a line end", "X: 1\rY: 2\r\n\r\n", &[400]),
    ("a blank before the colon", "X : 1\r\n\r\n", &[400]),
    ("a tab before the colon", "X\t: 1\r\n\r\n", &[400]),
    ("a blank in a name", "X Y: 1\r\n\r\n", &[400]),
    ("a letter beyond ASCII in a name", "\u{e4}: 1\r\n\r\n", &[400]),
    ("no name", ": 1\r\n\r\n", &[400]),
    ("no colon", "X\r\n\r\n", &[400]),
    ("NUL in a value", "X: 1\x002\r\n\r\n", &[400]),
    ("NUL in a name", "X\x00: 1\r\n\r\n", &[400]),
    ("two hosts", "Host: b\r\n\r\n", &[400]),
    ("one host twice", "Host: a\r\n\r\n", &[400]),
    ("an unknown expectation", "Expect: a-miracle\r\n\r\n", &[417]),
];

/// Before the host (RFC 9112, sections 2 and 3).
const LINES: &[Vector] = &[
    ("a bare CR", "GET /\r HTTP/1.1", &[400]),
    ("NUL", "GET /\x00 HTTP/1.1", &[400]),
    ("a control character", "GET /\x1b[31m HTTP/1.1", &[400]),
    ("a space", "GET /a b HTTP/1.1", &[400]),
    ("two spaces", "GET  / HTTP/1.1", &[400]),
    ("a space behind the version", "GET / HTTP/1.1 ", &[400]),
    ("a space in front", " GET / HTTP/1.1", &[400]),
    ("a tab for a space", "GET\t/ HTTP/1.1", &[400]),
    ("no slash", "GET a HTTP/1.1", &[400]),
    ("an asterisk for GET", "GET * HTTP/1.1", &[400]),
    ("a fold in front", "GET / HTTP/1.1\r\n X: 1", &[400]),
    ("HTTP/9.9", "GET / HTTP/9.9", &[505]),
    ("HTTP/2.0", "GET / HTTP/2.0", &[505]),
    ("three numbers", "GET / HTTP/9.9.9", &[400]),
    ("signs in a version", "GET / HTTP/-9_9_9.+9", &[400]),
    ("a long version", "GET / HTTP/111111111111.1", &[400]),
    ("a version in lower case", "GET / http/1.1", &[400]),
    ("no version", "GET / FUBAR", &[400]),
    ("a method that is no word", "G(T / HTTP/1.1", &[400]),
    ("one word", "GET", &[400]),
    ("the wrong order", "HTTP/1.1 GET /", &[400, 501]),
];

/// The same, where files are served: who echoes does that for every method.
const METHODS: &[Vector] = &[
    ("an unknown method", "BREW / HTTP/1.1", &[501]),
    ("a method in lower case", "get / HTTP/1.1", &[501]),
    ("a method with a prefix", "XGET / HTTP/1.1", &[501]),
];

/// A head of another form than those.
const OTHERS: &[Vector] = &[
    ("no host", "GET / HTTP/1.1\r\n\r\n", &[400]),
    ("a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", &[400]),
    ("a host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", &[400]),
    ("chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &[400]),
    ("HTTP/2 by a client that assumes it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[505]),
];

/// Bodies in chunks that are none (RFC 9112, section 7.1).
const CHUNKS: &[Vector] = &[
    ("an overflow", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", &[400, 413]),
    ("an overflow to five", "10000000000000005\r\nhello\r\n0\r\n\r\n", &[400, 413]),
    ("a prefix", "0x5\r\nhello\r\n0\r\n\r\n", &[400]),
    ("a plus", "+5\r\nhello\r\n0\r\n\r\n", &[400]),
    ("a minus", "-5\r\nhello\r\n0\r\n\r\n", &[400]),
    ("a blank in front", " 5\r\nhello\r\n0\r\n\r\n", &[400]),
    ("no size", "\r\nhello\r\n0\r\n\r\n", &[400]),
    ("rubbish for a size", "hello\r\nhello\r\n0\r\n\r\n", &[400]),
    ("more than the size", "5\r\nhello!\r\n0\r\n\r\n", &[400]),
    ("less than the size", "5\r\nhell\r\n0\r\n\r\n", &[400]),
    ("a bare CR behind the size", "5\rhello\r\n0\r\n\r\n", &[400]),
    ("a NUL in an extension", "5;a=\x00\r\nhello\r\n0\r\n\r\n", &[400]),
    ("a bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n", &[400]),
    ("a fold among the trailers", "5\r\nhello\r\n0\r\nX: 1\r\n 2\r\n\r\n", &[400]),
];

/// A server with a page and one that echoes: both read heads in the same way.
fn servers(site: &Site) -> [Server; 2] {
    [site.serve(&[]), serve(&["http", "--echo"])]
}

/// Sends each with a request behind it, and expects a refusal and the end.
fn refuses(server: &Server, vectors: &[Vector], before: &str, behind: &str) {
    for (wrong, words, statuses) in vectors {
        let mut wire = Wire::to(server);
        wire.send([before, words, behind, NEXT].concat());
        let answer = wire.answer();
        assert!(statuses.contains(&answer.status), "{wrong}: not {statuses:?}: {}", answer.head);
        assert!(answer.closes(), "{wrong}: {}", answer.head);
        let page = answer.text();
        assert!(page.contains(&answer.status.to_string()), "{wrong}: {page}");
        let (rest, _) = wire.rest();
        assert_eq!(String::from_utf8_lossy(&rest), "", "{wrong}");
    }
}

#[test]
fn a_length_that_can_be_understood_in_two_ways_is_refused() {
    let site = Site::with_page();
    for server in servers(&site) {
        for method in ["POST", "GET"] {
            let before = format!("{method} / HTTP/1.1\r\nHost: a\r\n");
            refuses(&server, LENGTHS, &before, "");
        }
        server.stop();
    }
}

#[test]
fn a_head_that_is_none_is_refused() {
    let site = Site::with_page();
    for server in servers(&site) {
        refuses(&server, FIELDS, "GET / HTTP/1.1\r\nHost: a\r\n", "");
        refuses(&server, LINES, "", "\r\nHost: a\r\n\r\n");
        refuses(&server, OTHERS, "", "");
        server.stop();
    }
}

#[test]
fn a_method_that_nobody_has_is_refused() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    refuses(&server, METHODS, "", "\r\nHost: a\r\n\r\n");
    server.stop();
}

#[test]
fn a_chunk_that_is_none_is_refused() {
    let server = serve(&["http", "--echo"]);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    refuses(&server, CHUNKS, head, "");
    server.stop();
}

/// The same connection bears what is unusual and right.
#[test]
fn what_is_unusual_and_right_is_answered() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    for request in [
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET HTTP://a:80/?q HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%69ndex%2ehtml HTTP/1.1\r\nhOST:a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\nX: \t \r\nY:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{e4}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
         5;x=\"y\"\r\nhello\r\n0\r\nT: 1\r\n\r\n",
    ] {
        wire.send(request);
        let answer = wire.answer();
        assert_eq!((answer.status, answer.text().as_str()), (200, PAGE), "{request:?}");
    }
    drop(wire);
    server.stop();
}

#[test]
fn what_is_too_long_is_refused_with_its_own_status() {
    let site = Site::with_page();
    let long = |n: usize| "x".repeat(n);
    let fields = |n: usize| -> String {
        (0..n).flat_map(|n| [format!("X-{n}"), format!(": {n}\r\n")]).collect()
    };
    let table = [
        ("a line", 414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(65_537 - 14))),
        ("a line without end", 414, format!("GET /{}", long(70_000))),
        ("a method without end", 501, long(70_000)),
        ("a field", 431, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", long(65_537 - 3))),
        ("a field without end", 431, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", long(70_000))),
        ("101 fields", 431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", fields(100))),
        ("fields without end", 431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}", fields(5_000))),
    ];
    for server in servers(&site) {
        for (what, status, request) in &table {
            let mut wire = Wire::to(&server);
            wire.send(request);
            wire.send(NEXT);
            let answer = wire.answer();
            // A method that never ends is no line that is known to have a target.
            let fits =
                answer.status == *status || (*status == 501 && [400, 414].contains(&answer.status));
            assert!(fits, "{what}: {}", answer.head);
            assert!(answer.closes(), "{what}: {}", answer.head);
            wire.is_ended();
        }
        // What is just not too long is taken.
        let mut wire = Wire::to(&server);
        wire.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", fields(99)));
        assert_eq!(wire.answer().status, 200);
        wire.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", long(16_000)));
        assert_eq!(wire.answer().status, 200);
        drop(wire);
        server.stop();
    }
}

/// Who speaks TLS to a plain port learns it at once, and not by waiting.
#[test]
fn a_client_that_speaks_tls_is_told_so() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    // A record (RFC 8446, section 5.1) with a ClientHello of 161 bytes, of which its form is enough.
    let mut hello = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".to_vec();
    hello.resize(5 + 0xa5, 0);
    wire.send(&hello);
    let answer = wire.answer();
    assert_eq!(answer.status, 400, "{}", answer.head);
    let page = answer.text();
    assert!(page.contains("TLS") || page.contains("https"), "{page}");
    assert!(answer.closes(), "{}", answer.head);
    wire.is_ended();
    drop(wire);
    server.stop();
}
