//! Requests that two programs could read in two ways: each is refused, and nothing behind it is read.

use crate::web::{answers, echo, files, says, web};
use sock_proto::sim::Files;

/// What stands between `POST / HTTP/1.1\r\nHost: a\r\n` and what follows it, and the status.
const VECTORS: &[(&[u8], u16)] = &[
    // Two lengths.
    (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"Content-Length: 5, 5\r\n\r\nhello", 400),
    (b"Content-Length: 5,6\r\n\r\nhello", 400),
    (b"Content-Length: 0\r\ncontent-length: 44\r\n\r\n", 400),
    // A length that is none.
    (b"Content-Length:\r\n\r\n", 400),
    (b"Content-Length: +5\r\n\r\nhello", 400),
    (b"Content-Length: -5\r\n\r\nhello", 400),
    (b"Content-Length: 5 5\r\n\r\nhello", 400),
    (b"Content-Length: 0x5\r\n\r\nhello", 400),
    (b"Content-Length: 5e0\r\n\r\nhello", 400),
    (b"Content-Length: \"5\"\r\n\r\nhello", 400),
    (b"Content-Length: 5;\r\n\r\nhello", 400),
    (b"Content-Length: \xef\xbc\x95\r\n\r\nhello", 400),
    (b"Content-Length: 18446744073709551616\r\n\r\nhello", 400),
    (b"Content-Length: 99999999999999999999999999\r\n\r\nhello", 400),
    // A length and a coding.
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"Transfer-Encoding: x\r\nContent-Length: 0\r\n\r\n", 400),
    // Another coding.
    (b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: identity\r\n\r\n", 501),
    (b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 501),
    (b"Transfer-Encoding:\r\n\r\n", 501),
    // Names that are not quite names.
    (b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    (b"Content-Length : 5\r\n\r\nhello", 400),
    (b"Content-Length\t: 5\r\n\r\nhello", 400),
    (b" Content-Length: 5\r\n\r\nhello", 400),
    (b"Content-Length\0: 5\r\n\r\nhello", 400),
    (b"Content_Length:\x0b5\r\n\r\nhello", 400),
    (b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer\x00-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding\xa0: chunked\r\n\r\n0\r\n\r\n", 400),
    (b": chunked\r\n\r\n", 400),
    (b"Content-Length 5\r\n\r\nhello", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    // Lines that go on, and ends that are none.
    (b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\t\r\n\r\n0\r\n\r\n", 400),
    (b"X: y\rContent-Length: 5\r\n\r\nhello", 400),
    (b"X: y\r\rContent-Length: 5\r\n\r\nhello", 400),
    (b"X: y\nContent-Length: 5\r\n\r\nhello", 400),
    (b"X: y\r\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"Content-Length: 5\r\n\nhello", 400),
    (b"Content-Length: 5\r\n\r\r\nhello", 400),
    (b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"Content-Length: 5\0\r\n\r\nhello", 400),
    (b"X: \x01\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"X: \x7f\r\nContent-Length: 5\r\n\r\nhello", 400),
    // Chunks.
    (b"Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5;\0\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhellox\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n5_0\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n0\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\n A: b\r\n\r\n", 400),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\nA\0: b\r\n\r\n", 400),
];

/// What would be answered if it were taken for a request of its own.
const BEHIND: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn what_could_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_read() {
    for (vector, status) in VECTORS {
        let request = [b"POST / HTTP/1.1\r\nHost: a\r\n", *vector, BEHIND].concat();
        for pump in [web(), echo(), files(Files::new())] {
            let (bytes, ends) = says(pump, &request);
            let said = answers(&bytes, &[]);
            let seen: Vec<u16> = said.iter().map(|said| said.status).collect();
            assert_eq!((seen, ends), (vec![*status], true), "{}", vector.escape_ascii());
        }
    }
}

#[test]
fn a_coding_in_a_version_without_it_is_refused() {
    for rest in ["", "Connection: keep-alive\r\n"] {
        let head = format!("POST / HTTP/1.0\r\n{rest}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        let (bytes, ends) = says(web(), &[head.as_bytes(), BEHIND].concat());
        let said = answers(&bytes, &[]);
        assert_eq!((said.len(), said[0].status, ends), (1, 400, true));
    }
}

#[test]
fn line_feeds_alone_and_whole_line_ends_do_not_mix() {
    for request in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\nHost: a\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\n",
    ] {
        let (bytes, ends) = says(web(), &[request.as_bytes(), BEHIND].concat());
        let said = answers(&bytes, &[]);
        assert_eq!((said.len(), said[0].status, ends), (1, 400, true), "{request:?}");
    }
}

#[test]
fn what_is_unusual_and_clear_is_taken() {
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "content-LENGTH:005\r\n\r\nhello",
        "Content-Length: \t5 \t\r\n\r\nhello",
        "Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding:chunked\r\n\r\n0000000000000005\r\nhello\r\n000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1 \t;a=\"b\";c\r\nh\r\n4;\r\nello\r\n0;z\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 99\r\nA:\r\n\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{body}");
        let (bytes, ends) = says(web(), &[request.as_bytes(), BEHIND].concat());
        let said: Vec<_> = answers(&bytes, &[]).iter().map(|said| said.status).collect();
        assert_eq!((said, ends), (vec![405, 404], false), "{body:?}");
    }
}
