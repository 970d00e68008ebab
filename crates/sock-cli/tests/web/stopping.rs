//! SIGTERM: downloads in progress are finished within the grace, and whoever asks for nothing is let go at once.

use std::time::Duration;

use rustix::process::Signal;

use crate::site::{Site, numbered, url};
use crate::support::{Program, Server, sock};
use crate::wire::{End, Wire};

/// More than kernels hold between a server and a client that does not read.
const LEN: usize = 24_000_000;

/// A client that has asked for the big file, and has its first byte.
fn downloading(server: &Server) -> Wire {
    let mut wire = Wire::to(server);
    wire.send("GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(wire.head().length(), Some(LEN));
    wire
}

#[test]
fn a_download_is_finished_and_idle_clients_are_let_go() {
    let site = Site::new().with("big.bin", numbered(LEN)).with("a.txt", "a\n");
    let all = numbered(LEN);
    for engine in ["threads", "fork", "select", "epoll", "uring", "tokio"] {
        let server = site.serve(&["--engine", engine, "--grace", "30s"]);
        let mut silent = Wire::to(&server);
        let mut idle = Wire::to(&server);
        assert_eq!(idle.get("/a.txt").status, 200);
        let mut wire = downloading(&server);
        server.signal(Signal::TERM);
        // While the download goes on.
        assert_eq!(idle.rest(), (Vec::new(), End::Fin), "{engine}");
        assert_eq!(silent.rest(), (Vec::new(), End::Fin), "{engine}");
        assert!(wire.exactly(LEN) == all, "{engine}");
        // It was the last answer, though nothing could say so when it began.
        assert_eq!(wire.rest(), (Vec::new(), End::Fin), "{engine}");
        drop((silent, idle, wire));
        server.ended();
    }
}

/// What was sent before the stop is answered, and says that it is the last.
#[test]
fn who_does_not_read_has_the_grace_and_no_more() {
    let site = Site::new().with("big.bin", numbered(LEN));
    for engine in ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"] {
        let server = site.serve(&["--engine", engine, "--grace", "200ms"]);
        let mut wire = downloading(&server);
        server.signal(Signal::TERM);
        server.ended();
        let (rest, _) = wire.rest();
        assert!(rest.len() < LEN, "{engine}: a part is no whole");
    }
}

/// A second signal ends it now.
#[test]
fn a_second_signal_is_obeyed_at_once() {
    let site = Site::new().with("big.bin", numbered(LEN));
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let arguments = ["serve", "http", root, "tcp://127.0.0.1:0", "--grace", "1h"];
    let mut program = Program::start_for(Duration::from_secs(40), sock(&arguments));
    let line = program.error_line_with("listening on ");
    let port = line.rsplit(':').next().expect("a port").to_owned();
    let mut client = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    std::io::Write::write_all(&mut client, b"GET /big.bin HTTP/1.0\r\n\r\n").expect("it reads");
    program.error_line_with("connected");
    program.signal(Signal::TERM);
    // The port is free as soon as the first one was heard.
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
        std::thread::yield_now();
    }
    let waits = program.error_line_with("waiting for ");
    assert_eq!(
        waits,
        "waiting for 1 conversation to end, 3600s at most (--grace); Ctrl-C again ends at once"
    );
    program.signal(Signal::TERM);
    program.finish().expect(0);
}

/// Whoever asks for nothing is not waited for, and neither is anybody where nothing is to be told.
#[test]
fn nothing_is_said_of_waiting_where_nobody_is_waited_for() {
    let site = Site::new().with("a.txt", "a\n");
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let mut program = Program::start(sock(&["serve", "http", root, "tcp://127.0.0.1:0"]));
    let line = program.error_line_with("listening on ");
    let port = line.rsplit(':').next().expect("a port").to_owned();
    let client = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    program.error_line_with("connected");
    program.signal(Signal::TERM);
    std::io::Read::read(&mut &client, &mut [0]).expect("it ends");
    drop(client);
    let told = program.finish().expect(0).stderr;
    assert!(!told.contains("waiting for"), "{told}");
}

/// Where one looks at it is said, for people.
#[test]
fn it_says_where_to_look_at_it() {
    let site = Site::with_page();
    let mut server = site.serve(&[]);
    let at = url(&server, "/");
    let note = server.event_named("note");
    assert!(note["text"].as_str().is_some_and(|text| text.contains(&at)), "{note}");
    server.stop();
}
