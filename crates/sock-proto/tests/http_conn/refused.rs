//! Requests that are refused: with which status, and that the conversation then ends.

use crate::web::{COMMON, answer, echo, statuses, web};

/// Both answers of a server to `request`: the status, and that it ends, are the same with and without echo.
#[track_caller]
fn refused(request: impl AsRef<[u8]>, status: u16) {
    let request = request.as_ref();
    let shown = request[..request.len().min(80)].escape_ascii();
    for pump in [web(), echo()] {
        let (said, ends) = answer(pump, request);
        assert_eq!((said.status, ends), (status, true), "{shown}");
        assert_eq!(said.field("Connection"), Some("close"), "{shown}");
    }
}

#[test]
fn first_lines_that_are_none() {
    for line in [
        "FUBAR",
        "GET",
        "GET ",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET / HTTP/1.1 x",
        "GET\t/ HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\r HTTP/1.1",
        "GET /\x1b[2J HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET / FUBAR",
        "GET / HTTP/",
        "GET / HTTP/1",
        "GET / HTTP/1.",
        "GET / HTTP/.1",
        "GET / HTTP/9.9.9",
        "GET / HTTP/-9_9_9.+9",
        "GET / HTTP/111111111111.1",
        "GET / HTTP/1.111111111111",
        "GET / HTTP/1.10",
        "GET / HTTP/01.1",
        "GET / http/1.1",
        "GET / XHTTP/1.1",
        "G@T / HTTP/1.1",
        "GET/ / HTTP/1.1",
    ] {
        refused(format!("{line}\r\n"), 400);
        refused(format!("{line}\n"), 400);
    }
    refused("GET /\u{e9} a HTTP/1.1\r\n", 400);
}

#[test]
fn other_versions() {
    for version in ["9.9", "2.0", "0.9", "3.0", "0.0"] {
        refused(format!("GET / HTTP/{version}\r\n"), 505);
    }
    // What a client of HTTP/2 says first.
    refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

#[test]
fn methods_that_are_not_here() {
    let methods =
        ["get", "Get", "XGET", "GETX", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "A&B"];
    for method in methods {
        for version in ["1.0", "1.1"] {
            let (said, ends) =
                answer(web(), format!("{method} / HTTP/{version}\r\nHost: a\r\n\r\n"));
            assert_eq!((said.status, ends), (501, true), "{method}");
            assert!(said.text().contains(&method.replace('&', "&amp;")), "{method}");
        }
    }
    refused_here("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    refused_here(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "X".repeat(9999)), 501);
}

#[track_caller]
fn refused_here(request: impl AsRef<[u8]>, status: u16) {
    assert_eq!(statuses(web(), request), (vec![status], true));
}

#[test]
fn hosts() {
    let with = |hosts: &[&str]| {
        let lines: Vec<String> = hosts.iter().map(|host| format!("Host:{host}\r\n")).collect();
        format!("GET / HTTP/1.1\r\n{}\r\n", lines.concat())
    };
    refused(with(&[]), 400);
    refused(with(&[" a", " a"]), 400);
    refused("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400);
    for host in [
        "a b", "a/b", "a@b", "a,b c", "[::1", "[]", "[::1]x", "a:b", "a:80:80", "a:123456",
        "\u{e9}",
    ] {
        refused(with(&[host]), 400);
    }
    for host in
        ["", " ", "a", "a:80", "a:", "[::1]", "[::1]:80", "[fe80::1%25eth0]", "127.0.0.1", "a_b.c~"]
    {
        let (said, _) = answer(web(), with(&[host]));
        assert_eq!(said.status, 200, "{host}");
    }
}

#[test]
fn first_lines_that_are_too_long() {
    let line = |len: usize| format!("GET /{} HTTP/1.0", "x".repeat(len - 14));
    assert_eq!(line(100).len(), 100);
    for end in ["\r\n\r\n", "\n\n"] {
        refused_here(line(65_536) + end, 404);
        refused_here(line(65_537) + end, 414);
    }
    // No line end need come.
    let endless = [b"GET /".to_vec(), vec![b'x'; 65_533]].concat();
    refused(&endless, 414);
    assert_eq!(statuses(web(), &endless[..65_537]), (vec![], false));
}

#[test]
fn header_sections_that_are_too_long() {
    // The fields, their ends, and the empty line.
    let section = |len: usize| format!("GET / HTTP/1.0\r\nX: {}\r\n\r\n", "x".repeat(len - 7));
    refused_here(section(65_536), 200);
    refused(section(65_537), 431);
    refused("GET / HTTP/1.0\r\nX: ".to_owned() + &"x".repeat(65_534), 431);
    let many = |n: usize| format!("GET / HTTP/1.0\r\n{}\r\n", "X: y\r\n".repeat(n));
    refused_here(many(100), 200);
    refused(many(101), 431);
    // All of what comes is bounded, wherever it ends.
    let both = format!("GET /{} HTTP/1.0\r\n{}", "x".repeat(60_000), "x".repeat(70_000));
    refused(both, 431);
}

#[test]
fn a_client_that_speaks_tls_is_told_so() {
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let (said, ends) = answer(web(), hello);
    assert_eq!((said.status, ends), (400, true));
    assert!(said.text().contains("TLS"));
}

#[test]
fn the_page_says_what_was_wrong_and_what_to_do() {
    let (said, _) = answer(web(), "GET / HTTP/9.9\r\n");
    let body = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
                <meta name=\"viewport\" content=\"width=device-width\">\n\
                <meta name=\"color-scheme\" content=\"light dark\">\n\
                <style>body{font-family:system-ui,sans-serif;line-height:1.5;max-width:60rem;margin:2rem auto;\
                padding:0 1rem}</style>\n\
                <title>505 HTTP Version Not Supported</title>\n<h1>505 HTTP Version Not Supported</h1>\n\
                <p>This server does not speak that version of HTTP.</p>\n\
                <p>Ask again in HTTP/1.1 or HTTP/1.0.</p>\n</html>\n";
    let head = format!(
        "HTTP/1.1 505 HTTP Version Not Supported\r\n{COMMON}Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    assert_eq!((&*said.head, said.text()), (&*head, body));
}

#[test]
fn a_refused_head_has_no_body() {
    for request in
        ["HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/9.9\r\n", "HEAD / HTTP/1.0\r\nX\r\n\r\n"]
    {
        let (said, ends) = answer(web(), request);
        assert!(said.status >= 400 && said.body.is_empty() && ends, "{request:?}");
    }
}
