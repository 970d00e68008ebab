//! Every engine serves a page, a big file and a range of it, on one connection and on many.

use std::thread;

use crate::site::{PAGE, Site, numbered};
use crate::wire::Wire;

const ENGINES: [&str; 7] = ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"];
const LEN: usize = 12_000_000;

fn site() -> Site {
    Site::with_page().with("big.bin", numbered(LEN))
}

fn asks(wire: &mut Wire, all: &[u8], engine: &str) {
    let page = wire.get("/");
    assert_eq!((page.status, page.text().as_str()), (200, PAGE), "{engine}");
    let big = wire.get("/big.bin");
    assert!(big.status == 200 && big.body == all, "{engine}: {}", big.head);
    wire.send("GET /big.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=1000000-8999999\r\n\r\n");
    let range = wire.answer();
    assert_eq!(range.field("Content-Range"), Some("bytes 1000000-8999999/12000000"), "{engine}");
    assert!(range.status == 206 && range.body == all[1_000_000..9_000_000], "{engine}");
    assert_eq!(wire.get("/").text(), PAGE, "{engine}");
}

/// Also where every byte is watched, and none can go from the file to the socket by itself.
#[test]
fn every_engine_serves_a_page_a_big_file_and_a_range() {
    let site = site();
    let all = numbered(LEN);
    for engine in ENGINES {
        for more in [&[] as &[&str], &["-v"]] {
            let server = site.serve(&[&["--engine", engine], more].concat());
            asks(&mut Wire::to(&server), &all, engine);
            server.stop();
        }
    }
}

#[test]
fn every_engine_but_one_serves_many_at_once() {
    let site = site();
    let all = numbered(LEN);
    for (engine, workers) in [
        ("threads", "1"),
        ("fork", "1"),
        ("select", "1"),
        ("epoll", "1"),
        ("epoll", "2"),
        ("uring", "2"),
    ] {
        let server = site.serve(&["--engine", engine, "--workers", workers]);
        // These are there and say nothing, or half a word.
        let mut idle: Vec<Wire> = (0..10).map(|_| Wire::to(&server)).collect();
        for wire in &mut idle[5..] {
            wire.send("GET / HT");
        }
        thread::scope(|scope| {
            for _ in 0..4 {
                let (mut wire, all) = (Wire::to(&server), &all);
                scope.spawn(move || asks(&mut wire, all, engine));
            }
        });
        for wire in &mut idle[5..] {
            wire.send("TP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(wire.answer().text(), PAGE, "{engine}");
        }
        drop(idle);
        server.stop();
    }
}

/// The rights that the program keeps are enough for it, whoever holds the conversation.
#[test]
fn every_engine_stores_a_file() {
    for (engine, workers) in ENGINES.map(|engine| (engine, "1")).into_iter().chain([("epoll", "2")])
    {
        let site = Site::new().with("old.txt", "old\n");
        let server = site.serve(&["--engine", engine, "--workers", workers, "--upload"]);
        for (name, status) in [("new.txt", 201), ("old.txt", 204)] {
            let mut wire = Wire::to(&server);
            wire.send(format!("PUT /{name} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"));
            wire.send("hello");
            let answer = wire.answer();
            let fits = answer.status == status || (status, answer.status) == (204, 200);
            assert!(fits, "{engine}: {}", answer.head);
            assert_eq!(wire.get(&format!("/{name}")).text(), "hello", "{engine}");
        }
        server.stop();
        assert_eq!(site.names().1, ["new.txt", "old.txt"], "{engine}");
    }
}

/// A protocol that is held by one connection after the other carries nothing over.
#[test]
fn one_at_a_time_is_served_one_after_the_other() {
    let site = Site::with_page();
    let server = site.serve(&["--engine", "iterative"]);
    for n in 0..20 {
        let mut wire = Wire::to(&server);
        wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(wire.answer().text(), PAGE, "{n}");
        wire.is_ended();
    }
    server.stop();
}
