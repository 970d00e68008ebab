//! Files that clients store.

use std::io::Write;

use crate::client::{ask, call, get, put, read, request};
use crate::{ENGINES, Place, Web};

#[test]
fn a_file_is_stored_and_replaced_on_every_engine() {
    for engine in ENGINES {
        let place = Place::with(&[("sub/old", b"old")]);
        let web = Web::serve(&place.root, &["--upload", "--engine", engine]);
        assert_eq!(put(web.port, "/new.txt", b"hello", &[]).status, 201, "{engine}");
        assert_eq!(place.read("new.txt"), b"hello");
        let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let replaced = put(web.port, "/sub/old", &large, &[]);
        assert!([200, 204].contains(&replaced.status), "{engine}: {}", replaced.head);
        assert!(place.read("sub/old") == large, "{engine}");
        assert!(get(web.port, "/sub/old", &[]).body == large, "{engine}");
        assert_eq!(place.names(), ["new.txt", "sub"]);
        web.stop();
    }
}

#[test]
fn what_is_not_offered_or_too_large_is_refused() {
    let place = Place::with(&[("page", b"page")]);
    let web = Web::serve(&place.root, &[]);
    let refused = put(web.port, "/new", b"x", &[]);
    assert!([403, 405].contains(&refused.status), "{}", refused.head);
    web.stop();
    let web = Web::serve(&place.root, &["--upload=1KiB"]);
    assert_eq!(put(web.port, "/new", &[0; 1024], &[]).status, 201);
    assert_eq!(put(web.port, "/large", &[0; 1025], &[]).status, 413);
    for path in ["/../out", "/%2e%2e/out", "/.hidden", "/", "/none/new", "/page/new", "/a%00b"] {
        let status = put(web.port, path, b"x", &[]).status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    assert_eq!(place.names(), ["new", "page"]);
    assert!(!place.around.path().join("out").exists());
    web.stop();
}

#[test]
fn what_is_not_sent_to_its_end_was_never_there() {
    let place = Place::with(&[("page", b"page")]);
    let web = Web::serve(&place.root, &["--upload"]);
    let mut stream = call(web.port);
    let head = request("PUT", "/page", &["Content-Length: 100"]);
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(b"half").expect("it reads");
    assert_eq!(get(web.port, "/page", &[]).text(), "page");
    drop(stream);
    // Not before this conversation is over has the other one ended.
    assert_eq!(get(web.port, "/page", &[]).text(), "page");
    web.stop();
    assert_eq!(place.names(), ["page"]);
    assert_eq!(place.read("page"), b"page");
}

#[test]
fn a_form_stores_its_files() {
    let place = Place::with(&[("sub/x", b"x")]);
    let web = Web::serve(&place.root, &["--upload"]);
    let body = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\n\
                Content-Type: text/plain\r\n\r\nfrom a form\r\n--xyz--\r\n";
    let fields = [
        "Content-Type: multipart/form-data; boundary=xyz",
        &format!("Content-Length: {}", body.len()),
    ];
    let answer = ask(web.port, request("POST", "/sub/", &fields) + body);
    assert!([200, 201, 204, 303].contains(&answer.status), "{}", answer.head);
    assert_eq!(place.read("sub/a b.txt"), b"from a form");
    web.stop();
}

#[test]
fn an_empty_file_and_one_in_chunks() {
    let place = Place::with(&[]);
    let web = Web::serve(&place.root, &["--upload"]);
    assert_eq!(put(web.port, "/empty", b"", &[]).status, 201);
    let mut stream = call(web.port);
    let head = request("PUT", "/chunks", &["Transfer-Encoding: chunked"]);
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(b"3\r\none\r\n4\r\n two\r\n0\r\n\r\n").expect("it reads");
    assert_eq!(read(stream).status, 201);
    assert_eq!(place.read("empty"), b"");
    assert_eq!(place.read("chunks"), b"one two");
    web.stop();
}

#[test]
fn a_file_that_the_limit_of_the_shell_forbids_is_refused_and_the_server_lives() {
    let place = Place::with(&[("page", b"page")]);
    let Some(web) = Web::limited(&place.root, &["--upload"], "ulimit -f 64") else { return };
    let refused = put(web.port, "/large", &vec![0; 1_000_000], &[]);
    assert_eq!(refused.status, 507, "{}", refused.head);
    assert_eq!(put(web.port, "/small", b"hello", &[]).status, 201);
    assert_eq!(get(web.port, "/page", &[]).text(), "page");
    web.stop();
    assert_eq!(place.names(), ["page", "small"]);
}
