//! Downloads over real connections: what the client tells of a body that breaks off is what a download needs.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, reason = "each test program uses its part of the fake")]
mod fake_web;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

use fake_web::Diary;
use sock::ErrorKind;
use sock::http::{Client, Download, Proxies};

/// Gives one answer a connection, which ends behind it, and tells what each request said of what is had.
fn serve(answers: &[&str]) -> (String, JoinHandle<Vec<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(|text| text.replace('\n', "\r\n")).collect();
    let answer = move |text: String| {
        let (mut peer, _) = listener.accept().unwrap();
        let lines = BufReader::new(peer.try_clone().unwrap()).lines().map(Result::unwrap);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        peer.write_all(text.as_bytes()).unwrap();
        let says = |line: &String| line.starts_with("Range") || line.starts_with("If-Range");
        head.into_iter().filter(says).collect()
    };
    (url, spawn(move || answers.into_iter().map(answer).collect()))
}

fn client() -> Client {
    Client::new().proxies(Proxies::none())
}

#[test]
fn each_kind_of_end_is_gone_on_with() {
    for first in [
        "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 10\n\n0123",
        "HTTP/1.1 200 OK\nETag: \"a\"\nTransfer-Encoding: chunked\n\n4\n0123\n",
        "HTTP/1.1 200 OK\nETag: \"a\"\nTransfer-Encoding: chunked\n\n8\n0123",
    ] {
        let rest = "HTTP/1.1 206 Partial Content\nETag: \"a\"\nContent-Range: bytes 4-9/10\n\
                    Content-Length: 6\n\n456789";
        let (url, server) = serve(&[first, rest]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        let mut diary = Diary::default();
        let done = Download::new(url).to_file(&mut client(), &file, &mut diary).unwrap();
        assert_eq!(fs::read(file).unwrap(), b"0123456789", "{first}");
        assert_eq!((done.len, done.status, diary.moved), (10, 206, 10));
        let asked = server.join().unwrap();
        assert_eq!(
            asked,
            [vec![], vec!["Range: bytes=4-".to_owned(), "If-Range: \"a\"".to_owned()]]
        );
    }
}

#[test]
fn a_part_of_several_ranges_or_of_none_is_refused() {
    let first = "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 10\n\n0123";
    for second in [
        "HTTP/1.1 206 Partial Content\nETag: \"a\"\nContent-Length: 6\n\n456789",
        "HTTP/1.1 206 Partial Content\nETag: \"a\"\nContent-Type: multipart/byteranges; boundary=x\n\
         Content-Length: 2\n\n--",
        "HTTP/1.1 206 Partial Content\nETag: \"a\"\nContent-Range: bytes 3-8/10\nContent-Length: 6\n\n\
         456789",
        "HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */4\nContent-Length: 0\n\n",
    ] {
        let third = "HTTP/1.1 200 OK\nETag: \"b\"\nContent-Length: 3\n\nnew";
        let (url, server) = serve(&[first, second, third]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        let plan = Download::new(url).retries(1);
        plan.to_file(&mut client(), &file, &mut Diary::default()).unwrap();
        assert_eq!(fs::read(file).unwrap(), b"new", "{second}");
        assert_eq!(server.join().unwrap()[2], [""; 0]);
    }
}

#[test]
fn what_is_not_whole_says_how_much_came() {
    let (url, server) = serve(&["HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 10\n\n0123"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let mut diary = Diary::default();
    let plan = Download::new(&url).retries(0);
    let error = plan.to_file(&mut client(), &file, &mut diary).unwrap_err();
    server.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::CutShort);
    let text = format!("{url} broke off at byte 4 of 10: the server closed the connection");
    assert_eq!(error.to_string(), text);
    assert_eq!(
        error.shortfall().map(|short| (short.received, short.expected)),
        Some((4, Some(10)))
    );
    assert!(!file.exists());
    assert_eq!(diary.kept, Some((dir.path().join("file.part"), true)));
}
