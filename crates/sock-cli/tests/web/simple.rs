//! The simple request of deck D13: `GET /` and a line end, typed by hand.

use crate::site::{PAGE, Site, url};
use crate::support::{Program, nc, peer};
use crate::wire::{End, Wire};

#[test]
fn a_simple_request_brings_the_page_and_nothing_else() {
    let site = Site::with_page().with("sub/a.txt", "a\n");
    let server = site.serve(&[]);
    let table: [(&[u8], &str); 5] = [
        (b"GET /\n", PAGE),
        (b"GET /\r\n", PAGE),
        (b"GET /index.html\n", PAGE),
        (b"GET /sub/a.txt\r\n", "a\n"),
        // What follows the line is no part of it, and no second request.
        (b"GET /\r\nHost: here\r\n\r\nGET /sub/a.txt\r\n", PAGE),
    ];
    for (request, page) in table {
        let mut wire = Wire::to(&server);
        wire.send(request);
        let (answer, end) = wire.rest();
        assert_eq!(String::from_utf8_lossy(&answer), page, "{request:?}");
        assert_eq!(end, End::Fin, "{request:?}");
    }
    server.stop();
}

#[test]
fn a_simple_request_may_come_letter_by_letter() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    for byte in b"GET /\n" {
        wire.send([*byte]);
    }
    assert_eq!(wire.rest(), (PAGE.into(), End::Fin));
    drop(wire);
    server.stop();
}

/// HTTP/0.9 has no other method, and no status line to say so in: what comes is a page.
#[test]
fn a_simple_request_is_for_get_only() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    for request in ["HEAD /\r\n", "POST /\r\n", "get /\r\n"] {
        let mut wire = Wire::to(&server);
        wire.send(request);
        let (answer, _) = wire.rest();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains("Home"), "{request}: {answer}");
    }
    server.stop();
}

#[test]
fn netcat_gets_the_page_by_hand() {
    let Some(mut command) = nc() else { return };
    let site = Site::with_page();
    let server = site.serve(&[]);
    command.args(["127.0.0.1", &server.port("tcp")]);
    let mut client = Program::start(command);
    client.say(b"GET /\n");
    assert_eq!(client.exactly(PAGE.len()), PAGE.as_bytes());
    // The server has closed; netcat has not, before its input ends.
    assert_eq!(client.finish().expect(0).text(), "");
    server.stop();
}

/// curl takes such an answer only when it is told to; our server gives one only to who asks for it.
#[test]
fn curl_is_answered_with_a_status_line() {
    let Some(mut command) = peer("curl") else { return };
    let site = Site::with_page();
    let server = site.serve(&[]);
    command.args(["-q", "-s", "-S", "-i", "--noproxy", "*", "--http0.9", &url(&server, "/")]);
    let answer = Program::run(command, b"").expect(0).text();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(PAGE), "{answer}");
    server.stop();
}

/// What goes wrong is told by the page alone.
#[test]
fn a_simple_request_for_nothing_brings_a_page_that_says_so() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    wire.send("GET /nothing\n");
    let (answer, end) = wire.rest();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with('<') && answer.contains("404"), "{answer}");
    assert_eq!(end, End::Fin);
    drop(wire);
    server.stop();
}
