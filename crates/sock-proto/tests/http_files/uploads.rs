//! Uploads: PUT, forms, and who may not.

use std::sync::Arc;

use proptest::prelude::*;
use sock_proto::protocols::http::site::Missing;
use sock_proto::sim::Files;

use super::fuzz::fuzz;
use super::shelf::Shelf;
use super::*;

/// The content type of the forms below.
const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=B");

fn offer(most: u64) -> Offer {
    Offer { upload: Some(most), ..Offer::default() }
}

fn shelf() -> (Shelf, Arc<dyn Site>) {
    let files = Files::new().changed(CHANGED).file("there.txt", "hello\n").folder("dir");
    let shelf = Shelf::new(files);
    (shelf.clone(), Arc::new(shelf))
}

fn put(site: &Arc<dyn Site>, target: &str, fields: &[(&str, &str)], body: &str) -> Said {
    send(Method::Put, site, &offer(10), target, fields, [body.as_bytes()])
}

fn post(site: &Arc<dyn Site>, target: &str, body: &str) -> Said {
    send(Method::Post, site, &offer(10), target, &[FORM], [body.as_bytes()])
}

fn file(name: &str, bytes: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/plain\r\n\r\n{bytes}\r\n"
    )
}

#[test]
fn put_stores_a_file() {
    let (shelf, site) = shelf();
    let said = put(&site, "/dir/a%20b", &[], "0123456789");
    assert_eq!((said.status, said.text()), (201, "stored dir/a b: 10 B\n"));
    assert_eq!(said.field("Content-Type"), Some("text/plain; charset=utf-8"));
    let said = put(&site, "/there.txt", &[("Content-Length", "3")], "new");
    assert_eq!((said.status, said.text()), (200, "replaced there.txt: 3 B\n"));
    assert_eq!(shelf.bytes("dir/a b").unwrap(), b"0123456789");
    assert_eq!(shelf.bytes("there.txt").unwrap(), b"new");
    assert_eq!(get(&shelf, "/there.txt", &[]).body, b"new");
    assert_eq!(put(&site, "/none", &[], "").status, 201);
}

#[test]
fn put_is_refused_where_it_makes_no_sense() {
    let (shelf, site) = shelf();
    for (target, fields, status) in [
        ("/", &[][..], 400),
        ("/dir/", &[], 400),
        ("/new/", &[], 400),
        ("/a/..", &[], 400),
        ("/../a", &[], 400),
        ("/a%00", &[], 400),
        ("/a%0ab", &[], 400),
        ("/dir", &[], 409),
        ("/no/a", &[], 409),
        ("/a", &[("Content-Range", "bytes 0-1/9")], 400),
        ("/a", &[("Content-Encoding", "gzip")], 415),
        ("/a", &[("Content-Length", "11")], 413),
        ("/a", &[("Content-Length", "18446744073709551615")], 413),
    ] {
        assert_eq!(put(&site, target, fields, "x").status, status, "{target} {fields:?}");
    }
    let said = put(&site, "/a", &[], "01234567890");
    assert_eq!(said.status, 413);
    assert!(said.text().contains("10 bytes"), "{}", said.text());
    assert_eq!((shelf.paths(), shelf.open()), (vec!["there.txt".to_owned()], 0));
    let closed = send(Method::Put, &site, &Offer::default(), "/a", &[], [&b"x"[..]]);
    assert_eq!((closed.status, closed.field("Allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn put_asks_first_what_is_there() {
    let etag = get(&shelf().0, "/there.txt", &[]).field("ETag").unwrap().to_owned();
    for (target, name, value, status) in [
        ("/there.txt", "If-None-Match", "*", 412),
        ("/new.txt", "If-None-Match", "*", 201),
        ("/there.txt", "If-Match", "*", 200),
        ("/new.txt", "If-Match", "*", 412),
        ("/there.txt", "If-Match", &etag, 200),
        ("/there.txt", "If-Match", "\"other\"", 412),
        ("/there.txt", "If-Unmodified-Since", CHANGED_DATE, 200),
        ("/there.txt", "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", 412),
        ("/there.txt", "If-Modified-Since", CHANGED_DATE, 200),
    ] {
        let (shelf, site) = shelf();
        assert_eq!(put(&site, target, &[(name, value)], "new").status, status, "{name}: {value}");
        let stored = shelf.bytes(&target[1..]).is_some_and(|bytes| bytes == b"new");
        assert_eq!(stored, status < 300);
    }
}

#[test]
fn a_body_that_is_cut_short_leaves_nothing() {
    let (shelf, site) = shelf();
    head_of(Method::Put, b"/a", &[], |head| {
        let mut storing = Storing::begin(head, &offer(10), &site).map_err(Said::from).unwrap();
        storing.data(b"half").map_err(Said::from).unwrap();
        assert_eq!(shelf.open(), 1);
    });
    head_of(Method::Post, b"/", &[FORM], |head| {
        let mut storing = Storing::begin(head, &offer(10), &site).map_err(Said::from).unwrap();
        let body = file("whole", "x") + &file("half", "y");
        storing.data(body.as_bytes()).map_err(Said::from).unwrap();
        assert_eq!(shelf.open(), 1);
    });
    assert_eq!(shelf.open(), 0);
    assert_eq!(shelf.paths(), ["there.txt", "whole"]);
}

#[test]
fn a_full_disk_is_507() {
    let shelf = Shelf::new(Files::new()).room(5);
    let site: Arc<dyn Site> = Arc::new(shelf.clone());
    assert_eq!(put(&site, "/a", &[], "123456").status, 507);
    assert_eq!(post(&site, "/", &(file("b", "123456") + "--B--")).status, 507);
    assert_eq!((shelf.paths().len(), shelf.open()), (0, 0));
}

#[test]
fn a_form_stores_its_files() {
    let (shelf, site) = shelf();
    let body = format!(
        "nobody reads this\r\n--B\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n\
         {}{}--B\r\ncontent-disposition: FORM-DATA; filename=plain\r\n\r\n\r\n--B--\r\nnor this --B\r\n",
        file("a.txt", "line\r\n--b"),
        file("there.txt", "0123456789"),
    );
    let said = post(&site, "/", &body);
    assert_eq!(
        (said.status, said.text()),
        (201, "stored a.txt: 9 B\nreplaced there.txt: 10 B\nstored plain: 0 B\n")
    );
    assert_eq!(shelf.bytes("a.txt").unwrap(), b"line\r\n--b");
    assert_eq!(shelf.bytes("there.txt").unwrap(), b"0123456789");
    assert_eq!(shelf.bytes("plain").unwrap(), b"");
    assert_eq!(post(&site, "/", &(file("a.txt", "z") + "--B--")).status, 200);
    for target in ["/dir", "/dir/"] {
        assert_eq!(post(&site, target, &(file("a", "z") + "--B--\r\n")).text().lines().count(), 1);
    }
    assert_eq!(shelf.bytes("dir/a").unwrap(), b"z");
}

#[test]
fn where_a_form_was_cut_is_not_seen() {
    let body = format!("x\r\n{}{}--B--\r\n", file("a", "1\r\n--\r\n-"), file("b", "\r\r"));
    for at in 0..=body.len() {
        let (shelf, site) = shelf();
        let (begin, end) = body.as_bytes().split_at(at);
        let said = send(Method::Post, &site, &offer(10), "/", &[FORM], [begin, end]);
        assert_eq!(said.text(), "stored a: 8 B\nstored b: 2 B\n", "cut at {at}");
        assert_eq!(shelf.bytes("a").unwrap(), b"1\r\n--\r\n-");
    }
}

#[test]
fn a_browser_gets_a_page() {
    let (_, site) = shelf();
    let fields = [FORM, ("Accept", "text/html,*/*;q=0.8")];
    let body = file("<b>&.txt", "x") + "--B--\r\n";
    let said = send(Method::Post, &site, &offer(10), "/dir", &fields, [body.as_bytes()]);
    assert_eq!(said.status, 201);
    // It looks like the folder's own page, on a small screen too, and holds the browser to as little.
    let (begin, rest) = said.text().split_once("<title>Stored</title>\n").unwrap();
    let (style, rest) = rest.split_once("</style>\n").unwrap();
    let listing = get(&Files::new(), "/", &[]);
    assert!(listing.text().starts_with(begin), "{begin}");
    assert!(listing.text().contains(&format!("{style}</style>")), "{style}");
    let policy = "Content-Security-Policy";
    assert_eq!(said.field(policy), listing.field(policy));
    assert_eq!(
        rest,
        "</head>\n<body>\n<h1>Stored</h1>\n<ul>\n<li>stored &lt;b&gt;&amp;.txt: 1 B</li>\n</ul>\n\
         <p><a href=\"/dir/\">Back to the folder</a></p>\n</body>\n</html>\n"
    );
}

#[test]
fn a_file_gets_a_name_that_does_no_harm() {
    for (said, stored) in [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.txt", "a b.txt"),
        ("..\\..\\x", "x"),
        (".htaccess", "htaccess"),
        ("...x", "x"),
        ("a..", "a"),
        (" a ", "a"),
        ("a\\\"b\\\\c.txt", "c.txt"),
        ("q\\\"q", "q\"q"),
        ("q%22q%0d%0A%41", "q\"q__%41"),
        ("tab\tnext\u{85}", "tab_next_"),
        ("na\u{ef}ve \u{20ac}", "na\u{ef}ve \u{20ac}"),
        ("a;b=c.txt", "a;b=c.txt"),
    ] {
        let (shelf, site) = shelf();
        let said = post(&site, "/dir/", &(file(said, "x") + "--B--\r\n"));
        assert_eq!(said.status, 201, "{stored}: {}", said.text());
        assert_eq!(shelf.paths(), [&*format!("dir/{stored}"), "there.txt"]);
    }
    for said in ["..", ".", "/", "a/", "...", " . "] {
        let (shelf, site) = shelf();
        assert_eq!(post(&site, "/", &(file(said, "x") + "--B--\r\n")).status, 400, "{said}");
        assert_eq!(shelf.paths(), ["there.txt"]);
    }
}

#[test]
fn a_name_may_be_said_in_the_other_way() {
    for (disposition, stored) in [
        ("form-data; filename*=UTF-8''na%C3%AFve", Some("na\u{ef}ve")),
        ("form-data; filename=\"a\"; filename*=utf-8'en'b", Some("b")),
        ("form-data; filename*=UTF-8''%2e%2e%2fx", Some("x")),
        ("form-data; filename=\"a\"; filename*=ISO-8859-1''%E9", Some("a")),
        ("form-data; filename=\"a\"; filename*=UTF-8''%E9", Some("a")),
        ("form-data; filename=\"a\"; filename*=UTF-8''%4", Some("a")),
        ("form-data ; filename = \"a\"", None),
        ("form-data; filename=\"a\"; filename=\"b\"", None),
        ("form-data; filename=\"a", None),
        ("form-data; filename=\"a\"b", None),
        ("attachment; filename=\"a\"", None),
        ("form-data; filename=a; ", Some("a")),
        ("form-data;filename=a;name=b", Some("a")),
        ("", None),
    ] {
        let (shelf, site) = shelf();
        let body = format!("--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--");
        let said = post(&site, "/dir", &body);
        assert_eq!(said.status, if stored.is_some() { 201 } else { 400 }, "{disposition}");
        let expected: Vec<_> = stored.map(|name| format!("dir/{name}")).into_iter().collect();
        assert_eq!(shelf.paths()[..expected.len()], expected, "{disposition}");
    }
}

#[test]
fn a_form_that_is_none_is_refused() {
    let open = "Content-Disposition: form-data; name=f; filename=a\r\n\r\nx\r\n";
    for (body, status) in [
        (String::new(), 400),
        ("--B--".into(), 400),
        ("--B".into(), 400),
        (format!("--B\r\n{open}"), 400),
        (format!("--B\r\n{open}--B"), 400),
        (format!("--B\r\n{open}--B-"), 400),
        (format!("--B\r\n{open}--Bx\r\n"), 400),
        (format!("--B\n{open}--B--"), 400),
        (format!("x--B\r\n{open}--B--"), 400),
        (format!("--B \t\r\n{open}--B--"), 201),
        (format!("\r\n--B\r\n{open}--B--x"), 201),
        (format!("--B\r\nX: {}\r\n{open}--B--", "y".repeat(8 * 1024)), 400),
        (format!("--B\r\n{}{open}--B--", "X: y\r\n".repeat(16)), 400),
        (format!("--B\r\nX: y\n\n{open}--B--"), 400),
        (format!("--B\r\nContent-Disposition: form-data; filename=a\n\n{open}--B--"), 400),
        (format!("--B\r\nno field\r\n{open}--B--"), 400),
        (format!("--B\r\nContent-Transfer-Encoding: base64\r\n{open}--B--"), 400),
        (format!("--B\r\nContent-Transfer-Encoding: 8BIT\r\n{open}--B--"), 201),
        ("--B\r\n\r\nx\r\n--B--".into(), 400),
        (file("", "") + "--B--", 400),
        (file("a", "01234567890") + "--B--", 413),
    ] {
        let (shelf, site) = shelf();
        let said = post(&site, "/", &body);
        assert_eq!(said.status, status, "{body:?}: {}", said.text());
        // What was whole before the fault is stored, and what was not is not.
        let whole =
            body.contains("\r\nx\r\n--B") && body.contains("filename=a") && said.status < 400;
        assert!(!whole || shelf.bytes("a").unwrap() == b"x");
        assert_eq!(shelf.open(), 0);
    }
    let (shelf, site) = shelf();
    let said = post(&site, "/", &(file("first", "1") + &file("second", "2")));
    assert_eq!(said.status, 400);
    assert!(said.text().contains("The file before that was stored"));
    assert_eq!(shelf.paths(), ["first", "there.txt"]);
}

#[test]
fn what_follows_a_boundary_decides_whether_the_file_before_it_is_whole() {
    let there = || Shelf::new(Files::new().file("f", "the good one"));
    let open = file("f", "hello") + "--B";
    for (behind, status, bytes) in [
        ("continues here\r\n--B--", 400, "the good one"),
        ("", 400, "the good one"),
        ("-", 400, "the good one"),
        ("\r", 400, "the good one"),
        (" x", 400, "the good one"),
        ("-\r\n", 400, "the good one"),
        ("\r\n", 400, "hello"),
        ("--", 200, "hello"),
        (" \t\r\n\r\n\r\n--B--", 400, "hello"),
    ] {
        let body = format!("{open}{behind}");
        for cut in [0, open.len(), body.len() - 1] {
            let shelf = there();
            let site: Arc<dyn Site> = Arc::new(shelf.clone());
            let (a, b) = body.as_bytes().split_at(cut);
            let said = send(Method::Post, &site, &offer(100), "/", &[FORM], [a, b]);
            assert_eq!(said.status, status, "{behind:?} cut at {cut}");
            assert_eq!(shelf.bytes("f").unwrap(), bytes.as_bytes(), "{behind:?}");
            assert_eq!(shelf.open(), 0);
        }
    }
}

#[test]
fn what_is_beside_the_files_of_a_form_is_bounded_too() {
    let field = |len| {
        let value = "x".repeat(len);
        format!("--B\r\nContent-Disposition: form-data; name=t\r\n\r\n{value}\r\n")
    };
    let end = file("new", "x") + "--B--";
    let most = 64 * 1024;
    for (body, status) in [
        (field(most) + &end, 201),
        (field(most + 1) + &end, 413),
        (field(most / 2) + &field(most / 2 + 1) + &end, 413),
        // As if a line had ended before it.
        ("p".repeat(most - 2) + "\r\n" + &end, 201),
        ("p".repeat(most + 1) + "\r\n" + &end, 413),
        (end.clone() + &"e".repeat(most), 201),
        (end.clone() + &"e".repeat(most + 1), 413),
    ] {
        let (shelf, site) = shelf();
        let said =
            send(Method::Post, &site, &offer(100), "/", &[FORM], body.as_bytes().chunks(777));
        assert_eq!(said.status, status, "{} bytes", body.len());
        assert_eq!(shelf.open(), 0);
    }
}

#[test]
fn a_form_holds_a_bounded_number_of_files() {
    let (shelf, site) = shelf();
    let many: String = (0..1001).map(|n| file(&n.to_string(), "")).collect();
    assert_eq!(post(&site, "/", &(many + "--B--")).status, 413);
    assert_eq!(shelf.paths().len(), 1001);
}

#[test]
fn what_is_sent_must_be_a_form_and_go_to_a_folder() {
    let (_, site) = shelf();
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    for (media, status) in [
        ("multipart/form-data; boundary=B", 201),
        ("Multipart/Form-Data;BOUNDARY=\"B\"; charset=x", 201),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=\"\"", 400),
        ("multipart/form-data; boundary=\"B \"", 400),
        ("multipart/form-data; boundary=\"B\r\"", 400),
        ("multipart/form-data; boundary=B; boundary=C", 400),
        ("multipart/form-data", 400),
        (&long, 400),
        ("multipart/mixed; boundary=B", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ] {
        let body = file("a", "x") + "--B--";
        let fields = [("Content-Type", media)];
        let said = send(Method::Post, &site, &offer(10), "/", &fields, [body.as_bytes()]);
        assert!(said.status == status || (status == 201 && said.status == 200), "{media}");
    }
    let body = file("a", "x") + "--B--";
    assert_eq!(send(Method::Post, &site, &offer(10), "/", &[], [&b"x"[..]]).status, 415);
    assert_eq!(post(&site, "/nothing/", &body).status, 404);
    assert_eq!(post(&site, "/a", &body).status, 405);
    let hidden: Arc<dyn Site> = Arc::new(Shelf::new(Files::new().missing("x", Missing::Forbidden)));
    assert_eq!(post(&hidden, "/x", &body).status, 403);
}

#[test]
fn a_page_of_another_site_cannot_store() {
    let body = file("new", "x") + "--B--";
    let host = ("Host", "box.example:8000");
    for (fields, is_own) in [
        (&[host][..], true),
        (&[host, ("Origin", "http://box.example:8000")], true),
        (&[host, ("Origin", "HTTPS://Box.Example:8000")], true),
        (&[host, ("Origin", "http://box.example")], false),
        (&[host, ("Origin", "http://box.example:8001")], false),
        (&[host, ("Origin", "http://evil.example:8000")], false),
        (&[host, ("Origin", "http://box.example:8000.evil.example")], false),
        (&[host, ("Origin", "null")], false),
        (&[host, ("Origin", "")], false),
        (&[host, ("Origin", "file://box.example:8000")], false),
        (&[host, ("Origin", "http://box.example:8000"), ("Origin", "http://evil")], false),
        (&[("Host", "a"), ("Origin", "http://a")], true),
        (&[("Host", "a:80"), ("Origin", "http://a")], true),
        (&[("Host", "a"), ("Origin", "http://a:80")], true),
        (&[("Host", "a:443"), ("Origin", "https://a")], true),
        (&[("Host", "a:443"), ("Origin", "http://a")], false),
        (&[("Host", "[::1]:8000"), ("Origin", "http://[::1]:8000")], true),
        (&[("Host", ""), ("Origin", "http://")], false),
        (&[("Origin", "http://a")], false),
        (&[host, ("Sec-Fetch-Site", "same-origin")], true),
        (&[host, ("Sec-Fetch-Site", "none")], true),
        (&[host, ("Sec-Fetch-Site", "same-site")], false),
        (&[host, ("Sec-Fetch-Site", "cross-site")], false),
        (&[host, ("Origin", "http://box.example:8000"), ("Sec-Fetch-Site", "cross-site")], false),
    ] {
        let (shelf, site) = shelf();
        let cors = Offer { cors: true, ..offer(10) };
        let mut all = fields.to_vec();
        all.push(FORM);
        let said = send(Method::Post, &site, &cors, "/", &all, [body.as_bytes()]);
        assert_eq!(said.status, if is_own { 201 } else { 403 }, "{fields:?}");
        let said = send(Method::Put, &site, &cors, "/put", fields, [&b"x"[..]]);
        assert_eq!(said.status, if is_own { 201 } else { 403 }, "{fields:?}");
        assert_eq!(shelf.paths().len(), if is_own { 3 } else { 1 });
    }
}

/// Bytes that look like a delimiter more often than not.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\r"),
        Just("\n"),
        Just("-"),
        Just("B"),
        Just("\r\n--"),
        Just("\r\n--b"),
        Just("\r\r\n-"),
        Just("x"),
        Just("\r\n"),
        Just("--B"),
        Just("\r\n-\r\n--"),
    ];
    let bytes = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes());
    bytes.prop_filter("no delimiter", |bytes| !bytes.windows(5).any(|five| five == b"\r\n--B"))
}

#[test]
fn any_multipart_is_taken_apart_however_it_is_cut() {
    let bodies = prop::collection::vec((any::<bool>(), tricky()), 1..4);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    fuzz(&(tricky(), bodies, tricky(), cuts), |(preamble, bodies, epilogue, cuts)| {
        prop_assume!(!preamble.starts_with(b"--B"));
        let mut body = preamble;
        let mut expected = vec![];
        for (n, (is_file, bytes)) in bodies.iter().enumerate() {
            let name = if *is_file { format!("; filename={n}") } else { String::new() };
            let begin = if body.is_empty() { "" } else { "\r\n" };
            body.extend(
                format!("{begin}--B\r\nContent-Disposition: form-data{name}\r\n\r\n").bytes(),
            );
            body.extend_from_slice(bytes);
            expected.extend(is_file.then(|| (n.to_string(), bytes.clone())));
        }
        body.extend_from_slice(b"\r\n--B--");
        body.extend_from_slice(&epilogue);
        let check = |pieces: &[&[u8]]| {
            let shelf = Shelf::new(Files::new());
            let site: Arc<dyn Site> = Arc::new(shelf.clone());
            let said =
                send(Method::Post, &site, &offer(1000), "/", &[FORM], pieces.iter().copied());
            prop_assert_eq!(said.status, if expected.is_empty() { 400 } else { 201 });
            let stored: Vec<_> = shelf
                .paths()
                .into_iter()
                .map(|path| (path.clone(), shelf.bytes(&path).unwrap()))
                .collect();
            prop_assert_eq!(&stored, &expected);
            Ok(())
        };
        for at in 0..=body.len() {
            let (a, b) = body.split_at(at);
            check(&[a, b])?;
        }
        check(&body.chunks(1).collect::<Vec<_>>())?;
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        check(&cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect::<Vec<_>>())
    });
}

#[test]
fn no_multipart_is_too_odd() {
    let piece = prop_oneof![
        Just("--B"),
        Just("\r\n--B"),
        Just("\r\n"),
        Just("\r\n\r\n"),
        Just("--"),
        Just("x"),
        Just("\n"),
        Just("Content-Disposition: form-data"),
        Just("; filename=a"),
        Just("; filename=\"../b\\\""),
        Just("; filename*=UTF-8''%2f..%00"),
        Just(":"),
        Just(" "),
        Just("\0"),
    ];
    fuzz(&prop::collection::vec(piece, 0..24), |pieces| {
        let (shelf, site) = shelf();
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        let said = send(Method::Post, &site, &offer(1000), "/dir", &[FORM], pieces.iter().copied());
        let whole = send(Method::Post, &site, &offer(1000), "/dir", &[FORM], [&*pieces.concat()]);
        prop_assert_eq!(said.status == 400, whole.status == 400);
        prop_assert_eq!(shelf.open(), 0);
        let hidden = |path: &str| path.rsplit('/').next().unwrap().starts_with('.');
        prop_assert!(!shelf.paths().iter().any(|path| hidden(path)));
        Ok(())
    });
}
