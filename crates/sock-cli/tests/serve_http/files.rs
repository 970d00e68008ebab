//! Files over a socket: whole, in parts, compressed, and none from outside of the directory.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;

use crate::client::{ask, call, get, request};
use crate::support::{Program, peer};
use crate::{ENGINES, Place, Web};

#[test]
fn pages_folders_and_what_is_not_there() {
    let place = Place::with(&[
        ("index.html", b"<h1>hello</h1>"),
        ("data/a&b.txt", b"text"),
        ("data/.secret", b"hidden"),
    ]);
    let web = Web::serve(&place.root, &[]);
    let index = get(web.port, "/", &[]);
    assert_eq!((index.status, index.text().as_str()), (200, "<h1>hello</h1>"));
    assert_eq!(index.field("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(index.field("Content-Length"), Some("14"));
    let listing = get(web.port, "/data/", &[]);
    assert_eq!(listing.status, 200);
    assert!(listing.text().contains("a&amp;b.txt"), "{}", listing.text());
    assert!(!listing.text().contains("secret"), "{}", listing.text());
    let text = get(web.port, "/data/a%26b.txt", &[]);
    assert_eq!((text.status, text.text().as_str()), (200, "text"));
    assert_eq!(get(web.port, "/data", &[]).field("Location"), Some("/data/"));
    for path in ["/none", "/data/.secret", "/index.html/more"] {
        assert_eq!(get(web.port, path, &[]).status, 404, "{path}");
    }
    let head = ask(web.port, request("HEAD", "/index.html", &[]));
    assert_eq!((head.status, head.body.len(), head.field("Content-Length")), (200, 0, Some("14")));
    web.stop();
}

#[test]
fn hidden_names_are_served_where_that_is_asked_for() {
    let place = Place::with(&[(".well-known/x", b"x"), ("a", b"a")]);
    let web = Web::serve(&place.root, &["--hidden"]);
    assert_eq!(get(web.port, "/.well-known/x", &[]).text(), "x");
    assert!(get(web.port, "/", &[]).text().contains(".well-known"));
    web.stop();
}

#[test]
fn nothing_outside_is_served_however_it_is_spelt() {
    let place = Place::with(&[("page", b"page"), ("sub/inner", b"inner")]);
    fs::write(place.around.path().join("secret"), "the secret").expect("a new file");
    symlink("../secret", place.root.join("link")).expect("a new link");
    symlink("/proc/self/root", place.root.join("magic")).expect("a new link");
    symlink("..", place.root.join("up")).expect("a new link");
    let mut targets: Vec<Vec<u8>> = Vec::new();
    for way in ["..", "%2e%2e", ".%2e", "%2E.", "..%2f", "..\\", "%2e%2e%5c", "%252e%252e"] {
        for start in ["/", "//", "/sub/../", "/sub/%2e%2e/", "/./", "/sub//", "/page/"] {
            targets.push(format!("{start}{way}/secret").into());
            targets.push(format!("{start}{way}/{way}/{way}/{way}/etc/passwd").into());
        }
    }
    let more = [
        "/link",
        "/magic/etc/passwd",
        "/magic",
        "/up/secret",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/secret",
        "/etc/passwd",
        "/page%00/../../secret",
        "/%c0%ae%c0%ae/secret",
        "/..;/secret",
        "file:///etc/passwd",
        "/~root/",
        "/.%00./secret",
        "http://localhost/../secret",
    ];
    targets.extend(more.map(|target| target.as_bytes().to_vec()));
    targets.push(b"/\xff\xfe/../../secret".to_vec());
    targets.push(b"/..\0/secret".to_vec());
    targets.push([b"/", "../".repeat(2000).as_bytes(), b"secret"].concat());
    let web = Web::serve(&place.root, &[]);
    for target in targets {
        let rest = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = ask(web.port, [b"GET ", target.as_slice(), rest].concat());
        let shown = target.escape_ascii().to_string();
        assert!((400..500).contains(&answer.status), "{shown}: {}", answer.head);
        let text = answer.text();
        assert!(!text.contains("the secret") && !text.contains("root:"), "{shown}: {text}");
    }
    // Ways that stay within are ways.
    for path in ["/sub/../page", "/./page", "/sub/%2e%2e/page"] {
        let answer = get(web.port, path, &[]);
        assert!([200, 301, 308, 400].contains(&answer.status), "{path}: {}", answer.head);
    }
    for path in ["/link", "/magic/etc/passwd", "/up/secret"] {
        assert_eq!(get(web.port, path, &[]).status, 403, "{path}");
    }
    web.stop();
}

#[test]
fn parts_and_conditions() {
    let place = Place::with(&[("digits", b"0123456789")]);
    let web = Web::serve(&place.root, &[]);
    let part = get(web.port, "/digits", &["Range: bytes=2-4"]);
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.field("Content-Range"), Some("bytes 2-4/10"));
    let end = get(web.port, "/digits", &["Range: bytes=-3"]);
    assert_eq!((end.status, end.text().as_str()), (206, "789"));
    let beyond = get(web.port, "/digits", &["Range: bytes=10-"]);
    assert_eq!((beyond.status, beyond.field("Content-Range")), (416, Some("bytes */10")));
    let whole = get(web.port, "/digits", &[]);
    let etag = whole.field("ETag").expect("a validator").to_owned();
    let modified = whole.field("Last-Modified").expect("a time").to_owned();
    let same = get(web.port, "/digits", &[&format!("If-None-Match: {etag}")]);
    assert_eq!((same.status, same.body.len()), (304, 0));
    let since = get(web.port, "/digits", &[&format!("If-Modified-Since: {modified}")]);
    assert_eq!(since.status, 304);
    let both = ["Range: bytes=0-0", &format!("If-Range: {etag}")];
    assert_eq!(get(web.port, "/digits", &both).status, 206);
    fs::write(place.root.join("digits"), "9876543210").expect("it can be written");
    let changed = get(web.port, "/digits", &[&format!("If-None-Match: {etag}")]);
    assert_eq!((changed.status, changed.text().as_str()), (200, "9876543210"));
    assert_eq!(get(web.port, "/digits", &both).status, 200);
    web.stop();
}

#[test]
fn every_engine_sends_a_large_file_whole() {
    let large: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).take(8 << 20).collect();
    let place = Place::with(&[("large", &large), ("small", b"small")]);
    for engine in ENGINES {
        let web = Web::serve(&place.root, &["--engine", engine]);
        let mut stream = call(web.port);
        // The second answer begins where the first ends.
        let first = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n".to_owned();
        stream.write_all((first + &request("GET", "/small", &[])).as_bytes()).expect("it reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it ends");
        drop(stream);
        let at = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
        assert!(bytes[at..][..large.len()] == large, "{engine}");
        let rest = String::from_utf8_lossy(&bytes[at + large.len()..]);
        assert!(rest.starts_with("HTTP/1.1 200 ") && rest.ends_with("\r\n\r\nsmall"), "{rest}");
        let part = get(web.port, "/large", &["Range: bytes=4194304-4194307"]);
        assert_eq!(part.body, large[4 << 20..][..4], "{engine}");
        web.stop();
    }
}

#[test]
fn text_is_compressed_for_who_takes_it() {
    let text = "the same line again and again\n".repeat(500);
    let place = Place::with(&[("page.html", text.as_bytes()), ("page.html.br", b"brotli")]);
    let web = Web::serve(&place.root, &[]);
    let plain = get(web.port, "/page.html", &[]);
    assert_eq!((plain.field("Content-Encoding"), plain.text()), (None, text.clone()));
    assert!(plain.field("Vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
    let packed = get(web.port, "/page.html", &["Accept-Encoding: gzip"]);
    assert_eq!(packed.field("Content-Encoding"), Some("gzip"));
    assert_eq!(packed.field("Content-Length"), Some(packed.body.len().to_string().as_str()));
    assert_ne!(packed.field("ETag"), plain.field("ETag"));
    if let Some(mut gzip) = peer("gzip") {
        gzip.arg("-dc");
        assert_eq!(Program::run(gzip, &packed.body).expect(0).text(), text);
    }
    let beside = get(web.port, "/page.html", &["Accept-Encoding: br, gzip"]);
    assert_eq!((beside.field("Content-Encoding"), beside.text().as_str()), (Some("br"), "brotli"));
    web.stop();
}

/// Two workers share the memory of what was read, and each change is seen by both.
#[test]
fn workers_see_every_change() {
    let place = Place::with(&[("page", b"0")]);
    let web = Web::serve(&place.root, &["--workers", "2"]);
    for n in 0..50 {
        let text = n.to_string();
        fs::write(place.root.join("page"), &text).expect("it can be written");
        for _ in 0..4 {
            assert_eq!(get(web.port, "/page", &[]).text(), text);
        }
    }
    web.stop();
}

/// Whoever put it there learns why it does not work; whoever asks learns nothing.
#[test]
fn a_link_that_leads_out_is_told_in_the_terminal_and_not_to_the_client() {
    let place = Place::with(&[("page", b"page")]);
    fs::write(place.around.path().join("secret"), "secret").expect("a new file");
    symlink("../secret", place.root.join("out")).expect("a new link");
    let mut web = Web::serve(&place.root, &[]);
    let answer = get(web.port, "/out?x", &[]);
    assert_eq!(answer.status, 403);
    assert!(!answer.text().contains("link"), "{}", answer.text());
    let line = web.program.error_line_with(": /out?x: ");
    let told = "a link on the way leads out of the directory, as every absolute one does, and is not followed";
    assert!(line.starts_with("127.0.0.1:") && line.ends_with(told), "{line}");
    assert!(web.program.error_line().contains("\"GET /out?x HTTP/1.1\" 403 "));
    web.stop();
}
