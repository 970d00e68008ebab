//! The server that says what arrived: explained, and so that every byte can be had back.

use proptest::prelude::*;

use crate::fuzz::fuzz;
use crate::web::{answer, answers, echo, says};

/// The bytes that arrived, put together from what was said about them.
fn recovered(text: &str) -> Vec<u8> {
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some(shown) = line.strip_prefix("| ") {
            unescape(shown, &mut all);
        } else if let Some(row) = line.strip_prefix("= ") {
            // Behind the place, up to sixteen numbers of two digits.
            let digits = row[10..10 + 3 * 16].split_whitespace();
            all.extend(digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()));
        }
    }
    all
}

fn unescape(shown: &str, to: &mut Vec<u8>) {
    let mut rest = shown.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            to.push(byte);
            continue;
        }
        to.push(match rest.next().unwrap() {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => panic!("\\{} means nothing", char::from(other)),
        });
    }
}

#[test]
fn a_request_is_explained() {
    let request = "POST /a%20b?c HTTP/1.1\r\nHost: me:8000\r\nX-Own: \t1\r\nContent-Length: 8\r\n\r\nhi\u{e9}\t\n\\!";
    let (said, ends) = answer(echo(), request);
    assert_eq!((said.status, ends), (200, false));
    assert_eq!(said.field("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        said.text(),
        r"79 bytes arrived. What came stands behind a bar,
with \r, \n, \t, \\ and \xNN for what cannot be seen.

The request line: what to do, with what, and in which version of HTTP
| POST /a%20b?c HTTP/1.1\r\n
      the method: POST
      the target: /a%20b?c
      the version: HTTP/1.1

The header fields: a name, a colon and a value in each line
| Host: me:8000\r\n
      the name by which the server was called: one address may have many
| X-Own: \t1\r\n
| Content-Length: 8\r\n
      how many bytes the body has

The empty line: the head ends here, after 71 bytes
| \r\n

The body: 8 bytes, as Content-Length says
| hié\t\n
| \\!
"
    );
}

#[test]
fn a_request_without_a_body_and_a_simple_one() {
    let (said, _) = answer(echo(), "GET / HTTP/1.0\r\n\r\n");
    assert!(said.text().ends_with("\nThere is no body.\n"), "{}", said.text());
    assert!(!said.text().contains("header fields"));
    let (bytes, ends) = says(echo(), b"GET /x\n");
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        ends && text.contains("| GET /x\\n\n") && text.contains("a simple request of HTTP/0.9")
    );
    assert_eq!(recovered(&text), b"GET /x\n");
}

#[test]
fn a_body_that_is_no_text_is_shown_in_numbers() {
    let body: Vec<u8> = (0..=17).chain(*b"A~\x7f\xff").collect();
    let head = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    let request = [head.as_bytes(), &body].concat();
    let (said, _) = answer(echo(), &request);
    let rows = "= 00000000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ................\n\
                = 00000010  10 11 41 7e 7f ff                                ..A~..\n";
    assert!(said.text().ends_with(rows), "{}", said.text());
    assert_eq!(recovered(said.text()), request);
}

#[test]
fn chunks_are_shown_as_they_came() {
    let request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                    2;x\r\nhi\r\n0\r\nT: v\r\n\r\n";
    let (said, ends) = answer(echo(), request);
    assert!(!ends);
    assert!(said.text().contains("The body: 20 bytes, which are chunks"), "{}", said.text());
    assert!(said.text().contains("without that frame it has 2 bytes"), "{}", said.text());
    assert_eq!(recovered(said.text()), request);
}

#[test]
fn every_method_is_answered() {
    for method in ["DELETE", "TRACE", "CONNECT", "get", "PROPFIND", "OPTIONS"] {
        let request = format!("{method} a:443 HTTP/1.1\r\nHost: a\r\n\r\n")
            .replace("OPTIONS a:443", "OPTIONS *");
        let (said, ends) = answer(echo(), &request);
        assert_eq!((said.status, ends, recovered(said.text())), (200, false, request.into_bytes()));
    }
}

#[test]
fn what_is_no_request_is_shown_as_far_as_it_was_read() {
    for (sent, status, seen) in [
        (&b"FUBAR\r\nmore"[..], 400, &b"FUBAR\r\n"[..]),
        (b"\x80\xff\x1b[31m\n", 400, b"\x80\xff\x1b[31m\n"),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\nmore", 400, b"GET / HTTP/1.1\r\nA : b\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, b"GET / HTTP/1.1\r\n\r\n"),
        (b"GET / HTTP/2.0\r\n", 505, b"GET / HTTP/2.0\r\n"),
        (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400, b"GET / HTTP/1.1\r\nA: b\n"),
    ] {
        let (said, ends) = answer(echo(), sent);
        assert_eq!((said.status, ends), (status, true));
        assert!(
            said.text().contains(&format!("It is not understood ({status}): ")),
            "{}",
            said.text()
        );
        assert_eq!(recovered(said.text()), seen, "{}", said.text());
    }
    let chunks = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nx";
    let (said, _) = answer(echo(), chunks);
    assert_eq!((said.status, recovered(said.text())), (400, chunks.to_vec()));
}

#[test]
fn whatever_a_body_is_it_can_be_had_back() {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\\x\r\n\t =|\xc3\xa9\x1b".to_vec())];
    fuzz(&prop::collection::vec(byte, 0..100), |body| {
        let head = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        let request = [head.as_bytes(), &body].concat();
        let (bytes, _) = says(echo(), &request);
        let said = answers(&bytes, &[]);
        prop_assert_eq!(recovered(said[0].text()), request);
        Ok(())
    });
}
