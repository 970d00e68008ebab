//! Uploads: stored whole or not at all, in the directory or nowhere.

use std::fs;
use std::os::unix::fs::symlink;

use crate::curl::{curl, output};
use crate::site::{SECRET, Site, numbered, url};
use crate::support::{Finished, Server};
use crate::wire::Wire;

/// Sends the bytes to a path with PUT, and tells the status and the page.
#[track_caller]
fn put(server: &Server, path: &str, bytes: &[u8]) -> Option<(u16, String)> {
    // Not by its standard input: curl may be answered, and be gone, before anything is written there.
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    fs::write(&file, bytes).expect("a file can be written");
    let (source, at) = (format!("@{}", file.path().display()), url(server, path));
    let arguments = ["--path-as-is", "-X", "PUT", "--data-binary", &source];
    Some(told(curl(&[&arguments[..], &["-w", "%{stderr}%{http_code}", &at]].concat(), b"")?))
}

#[track_caller]
fn told(done: Finished) -> (u16, String) {
    let done = done.expect(0);
    (done.stderr.parse().unwrap_or_else(|e| panic!("{}: {e}", done.stderr)), done.text())
}

#[test]
fn without_the_option_nothing_is_stored() {
    let site = Site::with_page();
    let before = site.names();
    let server = site.serve(&[]);
    for path in ["/new.txt", "/index.html", "/../new.txt"] {
        let Some((status, _)) = put(&server, path, b"new") else { break };
        assert!([400, 403, 405].contains(&status), "{path}: {status}");
    }
    server.stop();
    assert_eq!(site.names(), before);
}

#[test]
fn a_file_is_created_and_then_replaced() {
    let site = Site::new().with("sub/old.txt", "old");
    let server = site.serve(&["--upload"]);
    for (bytes, expected) in [(numbered(3_000_000), 201), (b"short".to_vec(), 0), (Vec::new(), 0)] {
        let Some((status, page)) = put(&server, "/sub/new.bin", &bytes) else { break };
        let fits = status == expected || (expected == 0 && [200, 204].contains(&status));
        assert!(fits, "{status} {page}");
        assert!(site.read("sub/new.bin") == bytes);
        // And it is served at once.
        assert!(output(&server, "/sub/new.bin", &[], 0).expect("curl is here") == bytes);
    }
    server.stop();
    let (_, names) = site.names();
    assert!(names == ["sub"], "{names:?}");
}

/// By its name, from a file: curl knows the length, and waits for the word to go on.
#[test]
fn a_file_is_sent_by_name_into_a_folder() {
    let site = Site::new();
    let file = site.beside("three megabytes.bin");
    fs::write(&file, numbered(3_000_000)).expect("a file can be written");
    let server = site.serve(&["--upload=3000000"]);
    let name = file.to_str().expect("a temporary directory's name is text");
    let at = url(&server, "/");
    let written = ["-w", "%{stderr}%{http_code}", "--expect100-timeout", "30", "--max-time", "20"];
    if let Some(done) = curl(&[&written, &["-T", name, &at][..]].concat(), b"") {
        assert_eq!(told(done).0, 201);
        assert!(site.read("three megabytes.bin") == numbered(3_000_000));
    }
    server.stop();
}

#[test]
fn what_is_too_large_leaves_nothing() {
    let site = Site::new().with("old.txt", "old");
    let server = site.serve(&["--upload=1KiB"]);
    let file = site.beside("file");
    let file = file.to_str().expect("a temporary directory's name is text");
    for (length, expected) in [(1024, 201), (1025, 413), (5_000_000, 413)] {
        let bytes = vec![b'x'; length];
        fs::write(file, &bytes).expect("a file can be written");
        // With its length in the head, and chunked, as nobody knows how much comes.
        for (name, field) in [("known", "X: 1"), ("chunked", "Transfer-Encoding: chunked")] {
            let path = format!("/{name}-{length}");
            let at = url(&server, &path);
            let arguments = ["-T", file, "-H", field, "-w", "%{stderr}%{http_code}", &at];
            let Some(done) = curl(&arguments, b"") else { return server.stop() };
            // A client may be cut off while it sends what nobody will take, and complain of that.
            assert!(done.stderr.contains(&expected.to_string()), "{path}: {}", done.stderr);
            assert_eq!(site.path(&path[1..]).exists(), expected == 201, "{path}");
        }
    }
    let (status, _) = put(&server, "/old.txt", &[b'x'; 2_000]).expect("curl is here");
    assert_eq!((status, site.read("old.txt")), (413, b"old".to_vec()));
    server.stop();
    assert_eq!(site.names().1, ["chunked-1024", "known-1024", "old.txt"]);
}

/// Who goes away in the middle has stored nothing, and replaced nothing.
#[test]
fn half_a_file_is_none() {
    let site = Site::new().with("old.txt", "old");
    let mut server = site.serve(&["--upload"]);
    for head in [
        "PUT /new.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
        "PUT /old.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
        "PUT /old.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "PUT /old.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nx\r\n",
        "PUT /old.txt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    ] {
        let mut wire = Wire::to(&server);
        wire.send(head);
        wire.finish();
        let (answer, _) = wire.rest();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains("HTTP/1.1 20"), "{head}: {answer}");
        server.event_named("close");
        assert_eq!(site.names().1, ["old.txt"]);
        assert_eq!(site.read("old.txt"), b"old");
    }
    server.stop();
}

#[test]
fn nothing_is_stored_outside() {
    let site = Site::new().with("a/b.txt", "b").with("dir/x", "x");
    symlink("..", site.path("out")).expect("a link can be made");
    symlink("../secret.txt", site.path("outfile")).expect("a link can be made");
    let server = site.serve(&["--upload"]);
    let before = site.names();
    for path in [
        "/../evil.txt",
        "/../secret.txt",
        "/%2e%2e/evil.txt",
        "/..%2fevil.txt",
        "/a/../../evil.txt",
        "/out/evil.txt",
        "/out/secret.txt",
        "/evil%00.txt",
        "/.evil",
        "/a/.evil",
        "/nothing/evil.txt",
        "/dir",
        "/dir/",
        "/",
        "/.",
        "/..",
        "/a/b.txt/evil",
    ] {
        let Some((status, page)) = put(&server, path, b"evil") else { break };
        assert!([400, 403, 404, 405, 409].contains(&status), "{path}: {status} {page}");
    }
    assert_eq!(site.names(), before);
    // A link's name may be taken; what it leads to is not written.
    put(&server, "/outfile", b"evil");
    server.stop();
    let secret = fs::read_to_string(site.beside("secret.txt")).expect("it is still there");
    assert_eq!(secret, SECRET);
    assert_eq!(site.read("a/b.txt"), b"b");
}

#[test]
fn a_form_stores_its_files() {
    let site = Site::new().with("sub/old.txt", "old");
    let one = site.beside("one.bin");
    fs::write(&one, numbered(200_000)).expect("a file can be written");
    let one = one.to_str().expect("a temporary directory's name is text");
    let server = site.serve(&["--upload"]);
    let at = url(&server, "/sub/");
    let first = format!("file=@{one}");
    let second = format!("file=@{one};filename=na\u{ef}ve \"name\".bin;type=text/plain");
    let written = ["-w", "%{stderr}%{http_code}"];
    let forms = ["-F", &first, "-F", "comment=no file", "-F", &second];
    if let Some(done) = curl(&[&written[..], &forms, &[&at]].concat(), b"") {
        let (status, page) = told(done);
        assert!([200, 201, 303].contains(&status), "{status} {page}");
        assert!(site.read("sub/one.bin") == numbered(200_000));
        assert!(site.read("sub/na\u{ef}ve \"name\".bin") == numbered(200_000));
    }
    // Names that lead elsewhere lead into the folder, or nowhere.
    for name in ["../evil.txt", "/evil.txt", "..", ".", "", "a/../../evil.txt", "..\\evil.txt"] {
        let form = format!("file=@{one};filename={name}");
        let Some(done) = curl(&[&written[..], &["-F", &form, &at]].concat(), b"") else { break };
        let (status, page) = told(done);
        assert!([200, 201, 303, 400, 403].contains(&status), "{name}: {status} {page}");
    }
    server.stop();
    let (around, root) = site.names();
    assert_eq!(around, ["one.bin", "root", "secret.txt"]);
    assert_eq!(root, ["sub"]);
    assert_eq!(site.read("sub/old.txt"), b"old");
    // A name is not made of dots alone, and nothing hides.
    for entry in fs::read_dir(site.path("sub")).expect("it is there") {
        let name = entry.expect("a name").file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with('.'), "{name}");
    }
}
