//! curl with the options that people use: heads, versions, methods, passwords, expectations, conditions, codings.

use std::fs;

use crate::site::{PAGE, Site, numbered, serve, url};
use crate::support::{Finished, Program, Server, peer};

/// Runs curl, quiet but for failures, and never through a proxy.
pub(crate) fn curl(arguments: &[&str], input: &[u8]) -> Option<Finished> {
    let mut command = peer("curl")?;
    command.args(["-q", "-s", "-S", "--noproxy", "*", "--max-time", "50"]).args(arguments);
    Some(Program::run(command, input))
}

/// The status of the answer to curl with these arguments and this path.
#[track_caller]
pub(crate) fn status(server: &Server, path: &str, arguments: &[&str]) -> Option<u16> {
    let url = url(server, path);
    let common = ["-o", "/dev/null", "-w", "%{http_code}", "--path-as-is"];
    let done = curl(&[&common, arguments, &[&url]].concat(), b"")?;
    let text = done.expect(0).text();
    Some(text.parse().unwrap_or_else(|e| panic!("{text}: {e}")))
}

/// What curl writes to its output, if it ends with this status.
#[track_caller]
pub(crate) fn output(
    server: &Server,
    path: &str,
    arguments: &[&str],
    code: i32,
) -> Option<Vec<u8>> {
    let url = url(server, path);
    Some(curl(&[arguments, &["--path-as-is", &url]].concat(), b"")?.expect(code).stdout)
}

#[track_caller]
fn text(server: &Server, path: &str, arguments: &[&str]) -> Option<String> {
    Some(String::from_utf8_lossy(&output(server, path, arguments, 0)?).into_owned())
}

#[test]
fn a_head_is_that_of_the_page_without_the_page() {
    let site = Site::with_page();
    let server = site.serve(&[]);
    let Some(head) = text(&server, "/", &["-I"]) else { return server.stop() };
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for field in ["Date: ", "ETag: \"", "Last-Modified: ", "Content-Type: text/html; charset=utf-8"]
    {
        assert!(head.contains(&format!("\r\n{field}")), "{field}: {head}");
    }
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", PAGE.len())), "{head}");
    let full = text(&server, "/", &["-i"]).expect("curl is here");
    // A clock may tick between the two.
    let lines = |text: &str| -> Vec<String> {
        let head = text.split("\r\n\r\n").next().expect("a head");
        let lines = head.split("\r\n").filter(|line| !line.starts_with("Date: "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lines(&head), lines(&full));
    server.stop();
}

#[test]
fn what_is_not_there_or_not_done_has_its_own_status() {
    let site = Site::with_page().with("sub/a.txt", "a\n");
    let server = site.serve(&[]);
    let table: [(&str, &[&str], u16); 13] = [
        ("/", &[], 200),
        ("/?q=1", &[], 200),
        ("/", &["-0"], 200),
        ("/", &["-X", "OPTIONS"], 204),
        ("/nothing", &[], 404),
        ("/sub", &[], 301),
        ("/sub/", &[], 200),
        ("/index.html/", &[], 404),
        ("/", &["-X", "BREW"], 501),
        ("/", &["-X", "get"], 501),
        ("/", &["-H", "Host:"], 400),
        ("/", &["-H", "Expect: a-miracle"], 417),
        ("/", &["-d", "a=b"], 405),
    ];
    for (path, arguments, expected) in table {
        let Some(got) = status(&server, path, arguments) else { break };
        let both = [200, 204];
        let fits = got == expected || (both.contains(&got) && both.contains(&expected));
        assert!(fits, "{arguments:?} {path}: {got}, not {expected}");
    }
    if let Some(answer) = text(&server, "/", &["-i", "-X", "OPTIONS"]) {
        let allow = answer.lines().find_map(|line| line.strip_prefix("Allow: "));
        let allow: Vec<_> = allow.expect("it says what it does").trim().split(", ").collect();
        assert!(["GET", "HEAD", "OPTIONS"].iter().all(|it| allow.contains(it)), "{allow:?}");
        assert!(!allow.contains(&"PUT"), "{allow:?}");
    }
    server.stop();
}

/// One connection serves all of them, in 1.1 unless it is asked to end, in 1.0 if it is asked not to.
#[test]
fn connections_are_kept_as_their_version_says() {
    let site = Site::with_page().with("sub/a.txt", "a\n");
    let server = site.serve(&[]);
    let urls = ["/", "/sub/a.txt", "/nothing", "/sub", "/"].map(|path| url(&server, path));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let table: [(&[&str], usize); 4] = [
        (&[], 1),
        (&["-H", "Connection: close"], 5),
        (&["-0"], 5),
        (&["-0", "-H", "Connection: keep-alive"], 1),
    ];
    for (arguments, expected) in table {
        let written = ["-w", "%{stderr}%{num_connects}\n"];
        let Some(done) = curl(&[&written, arguments, &urls].concat(), b"") else { break };
        let done = done.expect(0);
        let connects: usize = done.stderr.lines().flat_map(str::parse::<usize>).sum();
        assert_eq!(connects, expected, "{arguments:?}: {}", done.stderr);
    }
    server.stop();
}

#[test]
fn a_password_is_asked_for_and_compared() {
    let site = Site::with_page().with("a.txt", "a\n");
    let server = site.serve(&["--auth", "me:pass:word"]);
    let table: [(&[&str], u16); 9] = [
        (&[], 401),
        (&["-u", "me:pass:word"], 200),
        (&["-u", "me:pass:wor"], 401),
        (&["-u", "me:pass:word2"], 401),
        (&["-u", "me:"], 401),
        (&["-u", "Me:pass:word"], 401),
        (&["-H", "Authorization: Basic"], 401),
        (&["-H", "Authorization: Basic !!!"], 401),
        (&["-H", "Authorization: Bearer me:pass:word"], 401),
    ];
    for (arguments, expected) in table {
        for path in ["/", "/a.txt"] {
            let Some(got) = status(&server, path, arguments) else { break };
            assert_eq!(got, expected, "{arguments:?}");
        }
    }
    for (path, arguments) in [("/nothing", &[] as &[&str]), ("/", &["-I"]), ("/", &["-X", "PUT"])] {
        // Who may not ask does not learn what is there.
        assert!(status(&server, path, arguments).is_none_or(|got| got == 401), "{arguments:?}");
    }
    if let Some(answer) = text(&server, "/", &["-i"]) {
        assert!(answer.contains("\r\nWWW-Authenticate: Basic realm=\""), "{answer}");
        assert!(!answer.contains("Home"), "{answer}");
    }
    server.stop();
}

/// curl would wait half a minute for the word.
#[test]
fn curl_is_told_to_go_on() {
    let server = serve(&["http", "--echo"]);
    let body = "x".repeat(900_000);
    let arguments = ["-H", "Expect: 100-continue", "--expect100-timeout", "30", "--max-time", "20"];
    let at = url(&server, "/");
    let arguments = [&arguments[..], &["-v", "--data-binary", "@-", &at]].concat();
    if let Some(done) = curl(&arguments, body.as_bytes()) {
        let done = done.expect(0);
        assert!(done.stderr.contains("< HTTP/1.1 100 Continue"), "{}", done.stderr);
        // Longer than is told in full; its beginning is.
        assert!(done.text().contains("POST / HTTP/1.1"), "{}", done.text());
        assert!(done.text().contains("xxxxxxxx"));
    }
    server.stop();
}

#[test]
fn what_curl_has_is_not_sent_again() {
    let site = Site::with_page().with("a.css", "p {}\n".repeat(10_000));
    let server = site.serve(&[]);
    let tag = site.beside("etag");
    let tag = tag.to_str().expect("a temporary directory's name is text");
    for (path, arguments) in [("/", &[] as &[&str]), ("/a.css", &[]), ("/a.css", &["--compressed"])]
    {
        let save = [&["--etag-save", tag], arguments].concat();
        let Some(got) = status(&server, path, &save) else { break };
        assert_eq!(got, 200);
        assert!(fs::metadata(tag).expect("curl has written it").len() > 4);
        let compare = [&["--etag-compare", tag], arguments].concat();
        assert_eq!(status(&server, path, &compare), Some(304), "{path} {arguments:?}");
    }
    let old = status(&server, "/", &["-z", "Sun, 06 Nov 1994 08:49:37 GMT"]);
    assert!(old.is_none_or(|got| got == 200));
    // As old as the file itself, and therefore the same.
    if let Some(head) = text(&server, "/", &["-I"]) {
        let modified = head.lines().find_map(|line| line.strip_prefix("Last-Modified: "));
        let modified = modified.expect("a date").trim();
        assert_eq!(status(&server, "/", &["-z", modified]), Some(304));
        // Changed: another validator, another date or not.
        fs::write(site.path("index.html"), "other").expect("a file can be written");
        assert_eq!(output(&server, "/", &["--etag-compare", tag], 0), Some(b"other".to_vec()));
    }
    server.stop();
}

#[test]
fn text_is_compressed_for_who_takes_it() {
    let style = "p { color: black; background: white }\n".repeat(2_000);
    let packed = "this is said by the neighbour\n";
    let site =
        Site::new().with("a.css", &style).with("b.css", "p {}\n").with("a.bin", vec![0; 50_000]);
    let Some(mut gzip) = peer("gzip") else { return };
    gzip.args(["-n", "-c"]);
    let neighbour = Program::run(gzip, packed.as_bytes()).expect(0).stdout;
    let site = site.with("b.css.gz", neighbour);
    let server = site.serve(&[]);
    let Some(plain) = text(&server, "/a.css", &["-i"]) else { return server.stop() };
    assert!(!plain.contains("Content-Encoding") && plain.ends_with(&style), "not asked for");
    assert!(plain.contains("\r\nVary: Accept-Encoding\r\n"), "{}", &plain[..500]);
    let written = ["-w", "%{stderr}%{size_download}"];
    let at = ["/a.css", "/b.css", "/a.bin"].map(|path| url(&server, path));
    let run = |at: &str| {
        let arguments =
            [&written[..], &["-H", "Accept-Encoding: gzip", "--compressed", at]].concat();
        let done = curl(&arguments, b"").expect("curl is here").expect(0);
        let moved: usize = done.stderr.parse().expect("a size");
        (done.stdout, moved)
    };
    let (body, moved) = run(&at[0]);
    assert!(body == style.as_bytes() && moved < style.len() / 4, "{moved}");
    assert_eq!(run(&at[1]).0, packed.as_bytes());
    let (body, moved) = run(&at[2]);
    assert_eq!((body, moved), (vec![0; 50_000], 50_000));
    // What a client refuses it does not get.
    for refusal in ["gzip;q=0", "identity", "br;q=0, gzip;q=0.0", "*;q=0, identity"] {
        let field = format!("Accept-Encoding: {refusal}");
        let answer = text(&server, "/a.css", &["-i", "-H", &field]).expect("curl is here");
        assert!(answer.ends_with(&style) && !answer.contains("Content-Encoding"), "{refusal}");
    }
    // One file, two representations, two validators.
    let tag = |arguments: &[&str]| {
        let head = text(&server, "/a.css", &[&["-I"], arguments].concat()).expect("curl is here");
        let tag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).expect("a validator");
        tag.trim().to_owned()
    };
    assert_ne!(tag(&[]), tag(&["-H", "Accept-Encoding: gzip"]));
    server.stop();
}

#[test]
fn what_was_asked_for_every_answer_is_in_every_answer() {
    let site = Site::with_page().with("big.bin", numbered(100_000));
    let options =
        ["--cors", "--cache", "60", "--header", "X-One: 1", "--header", "X-Two: nobody's: own"];
    let server = site.serve(&options);
    for path in ["/", "/nothing", "/big.bin"] {
        let Some(head) = text(&server, path, &["-I"]) else { break };
        for field in ["X-One: 1", "X-Two: nobody's: own", "Access-Control-Allow-Origin: *"] {
            assert!(head.contains(&format!("\r\n{field}\r\n")), "{path} {field}: {head}");
        }
        let caches = head.contains("\r\nCache-Control: ") && head.contains("max-age=60");
        assert!(caches || path == "/nothing", "{head}");
    }
    server.stop();
}

/// Wherever it listens; the file of the socket goes when the server does.
#[test]
fn it_is_served_on_every_kind_of_socket() {
    let site = Site::with_page();
    let path = site.beside("socket");
    let at = format!("unix:{}", path.display());
    let root = site.root.to_str().expect("a temporary directory's name is text");
    let server = Server::start(&["http", root], &["tcp://[::1]:0", &at]);
    let sixth = format!("http://[::1]:{}/", server.port("tcp"));
    let socket = path.to_str().expect("a temporary directory's name is text");
    for arguments in [&[sixth.as_str()][..], &["--unix-socket", socket, "http://localhost/"]] {
        if let Some(done) = curl(arguments, b"") {
            assert_eq!(done.expect(0).text(), PAGE, "{arguments:?}");
        }
    }
    server.stop();
    assert!(!path.exists());
}

/// A program in the browser has paths that are no files.
#[test]
fn a_program_in_the_browser_gets_its_page_at_every_path() {
    let site = Site::with_page().with("app.js", "1\n");
    let server = site.serve(&["--spa"]);
    for (path, expected) in [("/", PAGE), ("/users/7", PAGE), ("/users", PAGE), ("/app.js", "1\n")]
    {
        if let Some(body) = text(&server, path, &[]) {
            assert_eq!(body, expected, "{path}");
        }
    }
    server.stop();
}
