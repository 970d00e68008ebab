//! The web programs of the lectures: each against its partner, and against Python's `socket`, `http.client`,
//! `http.server` and `urllib`, in both roles. What they print is compared whole.
//!
//! `cargo test` builds the examples; for this test alone, `cargo build -p sock --examples` first.
#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of it")]

mod deck_programs;
mod needs;

use std::path::Path;
use std::process::Command;

use sock::socket::{Socket, create_connection};

use deck_programs::{Running, Who, client, named_ports, pairs, program};

const PAGE: &str = "<title>Home</title>\n<h1>A home page</h1>\n";
const NO_PAGE: &str = "<h1>There is no such page</h1>\n";

fn answer(status: &str, page: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    )
}

/// Sends `request` and returns all that comes back.
fn ask(port: u16, request: &[u8]) -> String {
    let connection = create_connection(("127.0.0.1", port)).unwrap();
    connection.send_all(request).unwrap();
    read_to_end(&connection)
}

fn read_to_end(mut connection: &Socket) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut connection, &mut text).unwrap();
    text
}

/// What Python's `urlopen` makes of these paths.
fn urlopen(port: u16, paths: &[&str]) -> String {
    let mut command = program(Who::Python, "urlopen");
    command.env("no_proxy", "*");
    command.args(paths.iter().map(|path| format!("http://127.0.0.1:{port}{path}")));
    let (well, said) = Running::start(command).finish();
    assert!(well, "urlopen ended badly after {said:?}");
    said
}

#[test]
fn d11_a_request_and_an_answer_have_a_line_headers_a_blank_line_and_a_body() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d11_server");
        for _ in 0..2 {
            let said = client(pair.client, "d11_client", port, "");
            assert_eq!(said, answer("200 OK", PAGE), "{pair:?}");
        }
        server.prints("GET / HTTP/1.1\nGET / HTTP/1.1\n");
        server.end();
    }
}

#[test]
fn d11_pythons_urlopen_reads_the_page() {
    for pair in pairs().iter().filter(|pair| pair.client == Who::Python) {
        let (mut server, port) = Running::server(pair.server, "d11_server");
        assert_eq!(urlopen(port, &["/", "/other"]), format!("{PAGE}404 {NO_PAGE}"));
        server.prints("GET / HTTP/1.1\nGET /other HTTP/1.1\n");
        server.end();
    }
}

#[test]
fn d11_is_answered_however_the_request_comes() {
    let (mut server, port) = Running::server(Who::Rust, "d11_server");
    // A browser connects twice and asks once, on either of them.
    let idle = create_connection(("127.0.0.1", port)).unwrap();
    let slow = create_connection(("127.0.0.1", port)).unwrap();
    for piece in ["GET / HT", "TP/1.1\r\nHost: a\r", "\n\r", "\n"] {
        slow.send_all(piece.as_bytes()).unwrap();
    }
    assert_eq!(read_to_end(&slow), answer("200 OK", PAGE));
    assert_eq!(ask(port, b"GET /a HTTP/1.0\n\n"), answer("404 Not Found", NO_PAGE));
    let unknown = answer("501 Not Implemented", "<h1>Only GET is known here</h1>\n");
    assert_eq!(ask(port, b"BREW / HTTP/1.1\r\n\r\n"), unknown);
    idle.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&idle), "");
    server.prints("GET / HTTP/1.1\nGET /a HTTP/1.0\nBREW / HTTP/1.1\n");
    server.end();
}

#[test]
fn d13_a_line_asks_for_the_home_page_and_the_end_ends_it() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d13_server");
        for _ in 0..2 {
            assert_eq!(client(pair.client, "d13_client", port, ""), PAGE, "{pair:?}");
        }
        assert_eq!(ask(port, b"GET /other\r\n"), "", "{pair:?}");
        server.prints_as(
            "('127.0.0.1', PEER1) asks: GET /\n('127.0.0.1', PEER2) asks: GET /\n\
             ('127.0.0.1', PEER3) asks: GET /other\n",
            |text| named_ports(text, port),
        );
        server.end();
    }
}

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

/// A directory with a page, a file and a folder, and a server of it; ours, or Python's own.
fn files(who: Who) -> (tempfile::TempDir, Running, u16) {
    let site = tempfile::tempdir().unwrap();
    std::fs::write(site.path().join("index.html"), PAGE).unwrap();
    std::fs::write(site.path().join("bytes"), every_byte()).unwrap();
    std::fs::create_dir(site.path().join("empty")).unwrap();
    let mut server = match who {
        Who::Rust => {
            let mut command = program(who, "d11_files");
            command.arg(site.path()).arg("127.0.0.1:0");
            Running::start(command)
        }
        Who::Python => {
            let mut command = Command::new("python3");
            command.args(["-um", "http.server", "--bind", "127.0.0.1", "--directory"]);
            command.arg(site.path()).arg("0");
            Running::start(command)
        }
    };
    let line = server.line();
    let port = match who {
        Who::Rust => line.strip_prefix("listening on tcp://127.0.0.1:"),
        // Serving HTTP on 127.0.0.1 port 34567 (http://127.0.0.1:34567/) ...
        Who::Python => line.split(' ').nth(5),
    };
    let port = port.and_then(|port| port.parse().ok());
    (site, server, port.unwrap_or_else(|| panic!("a port, and not {line:?}")))
}

#[test]
fn d11_a_directory_is_served_in_one_line() {
    let (_site, _server, port) = files(Who::Rust);
    assert_eq!(client(Who::Rust, "d13_client", port, ""), PAGE);
    let said = client(Who::Rust, "d11_client", port, "");
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with(PAGE), "{said}");
    if pairs().iter().any(|pair| pair.client == Who::Python) {
        assert_eq!(urlopen(port, &["/", "/index.html"]), [PAGE, PAGE].concat());
        assert!(urlopen(port, &["/empty/"]).contains("<h1>"));
        assert!(urlopen(port, &["/nothing"]).starts_with("404 "));
    }
}

/// Runs a client of D12 against a path of the server at `port`, and returns whether it ended well and
/// what it printed.
fn d12(who: Who, name: &str, port: u16, path: &str, file: Option<&Path>) -> (bool, String) {
    let mut command = program(who, name);
    command.env("no_proxy", "*").arg(format!("http://127.0.0.1:{port}{path}")).args(file);
    Running::start(command).finish()
}

#[test]
fn d12_a_url_is_opened_and_read_as_text() {
    for pair in pairs() {
        let (_site, _server, port) = files(pair.server);
        let open = |path| d12(pair.client, "d12_urlopen", port, path, None);
        assert_eq!(open("/"), (true, PAGE.to_owned()), "{pair:?}");
        assert_eq!(open("/index.html"), (true, PAGE.to_owned()), "{pair:?}");
        assert_eq!(open("/nothing"), (false, String::new()), "{pair:?}");
    }
}

#[test]
fn d12_a_url_is_retrieved_into_a_file() {
    for pair in pairs() {
        let (_site, _server, port) = files(pair.server);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("retrieved");
        let retrieve = |path| d12(pair.client, "d12_urlretrieve", port, path, Some(&file));
        assert_eq!(retrieve("/nothing"), (false, String::new()), "{pair:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{pair:?}");
        assert_eq!(retrieve("/bytes"), (true, String::new()), "{pair:?}");
        assert_eq!(std::fs::read(&file).unwrap(), every_byte(), "{pair:?}");
    }
}

#[test]
fn d12_opens_what_d11_says_by_hand() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d11_server");
        let said = d12(pair.client, "d12_urlopen", port, "/", None);
        assert_eq!(said, (true, PAGE.to_owned()), "{pair:?}");
        server.prints("GET / HTTP/1.1\n");
        server.end();
    }
}
