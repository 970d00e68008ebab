//! What `get` shows, writes and sends, and with which status it ends.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread::spawn;

use crate::bench::{Bench, version};
use crate::support::{Program, peer, sock};

fn run(arguments: &[&str]) -> crate::support::Finished {
    Program::run(sock(&[&["get"], arguments].concat()), b"")
}

#[test]
fn each_failure_has_a_status_and_a_cure() {
    for (url, code, text) in [
        ("http://nowhere.invalid/", 3, "cannot resolve 'nowhere.invalid'"),
        ("http://127.0.0.1:1/", 4, "connection refused; nothing listens there"),
        ("gopher://127.0.0.1/", 2, "http, https and file are spoken here"),
        ("http://a b/", 2, "cannot read the URL"),
    ] {
        let finished = run(&["-q", url]).expect(code);
        assert!(finished.stderr.contains(text), "{url}: {}", finished.stderr);
    }
}

#[test]
fn a_refusal_is_exit_1_and_its_body_is_shown_on_request() {
    let Some(bench) = Bench::new() else { return };
    let finished = bench.get(&["-o", "file"], "status:404/x").expect(1);
    let why = format!("sock: {}: 404 Not Found; look at the path\n", bench.url("status:404/x"));
    assert!(finished.stderr.ends_with(&why), "{}", finished.stderr);
    assert_eq!((finished.text(), bench.names()), (String::new(), vec![]));
    let finished = bench.get(&["--show-error-body", "-o", "file"], "status:404/x").expect(1);
    assert_eq!((finished.text().as_str(), bench.names()), ("the server says why\n", vec![]));
    // Of those that were tried again, only the last.
    let finished = bench.get(&["--show-error-body", "--retry", "1"], "status:500:0/x").expect(1);
    assert_eq!(finished.text(), "the server says why\n");
}

#[test]
fn a_body_comes_as_it_is_into_a_pipe_and_into_a_file() {
    let Some(bench) = Bench::new() else { return };
    for mood in ["ok", "chunked", "endless", "noetag"] {
        let finished = bench.get(&[], &format!("{mood}/x")).expect(0);
        assert_eq!(finished.stdout, version(1), "{mood}");
        bench.get(&["-o", "file"], &format!("{mood}/x")).expect(0);
        assert_eq!(bench.read("file"), version(1), "{mood}");
    }
    let finished = bench.get(&["-o", "-"], "ok/x").expect(0);
    assert_eq!(finished.stdout, version(1));
    bench.get(&["-o", "/dev/null"], "ok/x").expect(0);
    let finished = bench.get(&["-o", "no/file"], "ok/x").expect(1);
    assert!(finished.stderr.contains("there is no such directory"), "{}", finished.stderr);
}

#[test]
fn a_coding_is_taken_off_where_it_was_asked_for() {
    let Some(mut bench) = Bench::new() else { return };
    let finished = bench.get(&["--compressed"], "gzip+text/x").expect(0);
    assert!(finished.text().starts_with("line 0 of a text: grüße\n"));
    let accepted = bench.request()["fields"]["accept-encoding"].to_string();
    assert!(accepted.contains("gzip"), "{accepted}");
    // Cut short, it is not taken for whole.
    bench.get(&["--compressed", "--retry", "0"], "gzip+text+cut:300/x").expect(6);
    bench.get(&["--compressed", "--retry", "0"], "gzip+text+chunked+cut:300/x").expect(6);
    // Nobody asked: these bytes are the file.
    let finished = bench.get(&[], "gzip+text/x").expect(0);
    assert_eq!(finished.stdout[..2], [0x1f, 0x8b]);
}

#[test]
fn a_name_is_made_harmless_and_no_file_is_replaced() {
    let Some(bench) = Bench::new() else { return };
    let get = |path: &str| bench.get(&["-O"], path);
    get("ok/report%202.txt?x=1").expect(0);
    assert_eq!(bench.read("report 2.txt"), version(1));
    let finished = get("v:2/report%202.txt").expect(1);
    let why = "sock: report 2.txt exists already; to replace it, name it with -o\n";
    assert!(finished.stderr.ends_with(why), "{}", finished.stderr);
    assert_eq!(bench.read("report 2.txt"), version(1));
    get("ok/..%2f..%2f.profile").expect(0);
    assert_eq!(bench.names(), ["profile", "report 2.txt"]);
    // A part of such a file is gone on with as well.
    bench.get(&["-O", "--retry", "0"], "cut:30000,ok/part").expect(6);
    bench.get(&["-O", "-C"], "cut:30000,ok/part").expect(0);
    assert_eq!(bench.read("part"), version(1));
}

#[test]
fn several_urls_come_one_after_the_other_or_at_once() {
    let Some(bench) = Bench::new() else { return };
    let (a, b, no) = (bench.url("text/a"), bench.url("text/b"), bench.url("status:404/c"));
    let finished = run(&["-q", &a, &no, &b, "http://127.0.0.1:1/"]).expect(1);
    assert_eq!(finished.text().matches("line 0 of").count(), 2);
    assert_eq!(finished.stderr.lines().count(), 2, "{}", finished.stderr);
    // The first that failed, in the order in which they were given.
    run(&["-q", &a, "http://127.0.0.1:1/", &no]).expect(4);
    let urls: Vec<String> = (0..20).map(|n| bench.url(&format!("ok/file{n}"))).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut command = sock(&[&["get", "-qO", "--parallel", "8"], &urls[..]].concat());
    command.current_dir(bench.dir.path()).env("no_proxy", "*");
    Program::run(command, b"").expect(0);
    assert_eq!(bench.names().len(), 20);
    assert!(bench.names().iter().all(|name| bench.read(name) == version(1)));
}

#[test]
fn what_is_asked_is_what_the_user_says() {
    let Some(mut bench) = Bench::new() else { return };
    fs::write(bench.path("body"), "from a file").unwrap();
    fs::write(bench.path("secret"), "ann:pass word\n").unwrap();
    let urlencoded = "application/x-www-form-urlencoded";
    for (arguments, method, body, field, value) in [
        (&["-X", "PURGE"][..], "PURGE", "", "accept", "*/*"),
        (&["-d", "a=b"], "POST", "a=b", "content-type", urlencoded),
        (&["-d", "@body"], "POST", "from a file", "content-type", "application/octet-stream"),
        (&["-d", "x", "-X", "PUT", "-H", "Content-Type: a/b"], "PUT", "x", "content-type", "a/b"),
        (&["--data-json", "{}"], "POST", "{}", "content-type", "application/json"),
        (
            &["--form", "a=b c", "--form", "d=ä"],
            "POST",
            "a=b+c&d=%C3%A4",
            "content-type",
            urlencoded,
        ),
        (&["-H", "X-A: b", "-H", "x-c:d"], "GET", "", "x-c", "d"),
        (&["--user", "ann:pass word"], "GET", "", "authorization", "Basic YW5uOnBhc3Mgd29yZA=="),
        (&["--user", "@secret"], "GET", "", "authorization", "Basic YW5uOnBhc3Mgd29yZA=="),
        (&["--bearer", "t0k"], "GET", "", "authorization", "Bearer t0k"),
        (&["--cookie", "a=b", "--cookie", "c=d"], "GET", "", "cookie", "a=b; c=d"),
        (&["-I"], "HEAD", "", "accept", "*/*"),
    ] {
        bench.get(&[&["-q"], arguments].concat(), "ok/x").expect(0);
        let request = bench.request();
        assert_eq!(request["method"], method, "{arguments:?}");
        assert_eq!(request["body"], body, "{arguments:?}");
        assert_eq!(request["fields"][field], value, "{arguments:?}");
    }
    let mut program = bench.start(&["-q", "-d", "@-"], "ok/x");
    program.say(b"from stdin");
    program.finish().expect(0);
    // Nobody knew how long it is; it was short, and is sent so that who knows no chunks understands it.
    assert_eq!(bench.request()["fields"]["content-length"], "10");
    bench.get(&["-q", "-H", "Range: bytes=5-"], "ok/x").expect(0);
    assert_eq!(bench.request()["range"], "bytes=5-");
}

#[test]
fn a_head_is_shown_as_it_came() {
    let Some(bench) = Bench::new() else { return };
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
                ETag: \"v1\"\r\n";
    let finished = bench.get(&["-q", "-i"], "text/x").expect(0);
    assert!(finished.text().starts_with(head), "{}", finished.text());
    assert!(finished.text().contains("\r\n\r\nline 0 of a text"), "{}", finished.text());
    let finished = bench.get(&["-q", "-I"], "text/x").expect(0);
    assert!(finished.text().starts_with(head), "{}", finished.text());
    assert!(finished.text().ends_with("\r\n\r\n"), "{}", finished.text());
    bench.get(&["-q", "-I"], "status:404/x").expect(1);
}

#[test]
fn what_happens_on_the_wire_is_shown_with_its_size() {
    let Some(bench) = Bench::new() else { return };
    let finished = bench.get(&["--show-wire", "--timing"], "text/x").expect(0);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    let sent = lines.iter().find(|line| line.starts_with("sent ")).unwrap();
    assert!(sent.contains(" B: \"GET /text/x HTTP/1.1\\r\\nHost: "), "{sent}");
    assert!(lines.iter().any(|line| line.starts_with("received ")), "{}", finished.stderr);
    let timing = lines.iter().find(|line| line.starts_with("connect ")).unwrap();
    for step in [", request ", ", first byte ", ", body ", ", rest ", ", total "] {
        assert!(timing.contains(step), "{timing}");
    }
    // Also of what fails: the steps that were taken, and how long it took until it had.
    let refused = bench.get(&["-q", "--timing"], "status:404/x").expect(1).stderr;
    assert!(refused.starts_with("connect ") && refused.contains(", first byte "), "{refused}");
    let silent = bench.get(&["-q", "--timing", "--retry", "0"], "close/x").expect(6).stderr;
    assert!(silent.starts_with("connect ") && silent.contains(", total "), "{silent}");
    assert!(!silent.contains("first byte"), "{silent}");
    // As events, and on stderr: stdout is for the body.
    let finished = bench.get(&["--json", "--timing"], "text/x").expect(0);
    let events: Vec<serde_json::Value> =
        finished.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(finished.text().starts_with("line 0 of"));
    let told = |name: &str| events.iter().any(|event| event["event"] == name);
    assert!(told("open") && told("close"), "{}", finished.stderr);
    assert!(events.iter().any(|event| event["code"] == "timing"), "{}", finished.stderr);
}

#[test]
fn a_conversation_is_recorded() {
    let Some(bench) = Bench::new() else { return };
    bench.get(&["--record", "tape"], "text/x").expect(0);
    let mut show = sock(&["show", "tape"]);
    show.current_dir(bench.dir.path());
    let shown = Program::run(show, b"").expect(0).text();
    assert!(shown.contains("GET /text/x HTTP/1.1"), "{shown}");
}

#[test]
fn a_server_may_listen_on_a_unix_socket_or_elsewhere_than_its_name_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let server = spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            peer.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n").unwrap();
        String::from_utf8(head).unwrap()
    });
    let path = path.to_str().unwrap();
    let finished = run(&["-q", "--unix", path, "http://docker/info"]).expect(0);
    assert_eq!(finished.text(), "hi\n");
    assert!(server.join().unwrap().starts_with("GET /info HTTP/1.1\r\nHost: docker\r\n"));

    let Some(mut bench) = Bench::new() else { return };
    let url = bench.url("text/x").replace("127.0.0.1", "a.example");
    let port = url.split([':', '/']).nth(4).unwrap();
    let pin = format!("a.example:{port}:127.0.0.1");
    run(&["-q", "--no-proxy", "--resolve", &pin, &url]).expect(0);
    assert_eq!(bench.request()["fields"]["host"], format!("a.example:{port}"));
}

#[test]
fn python_s_own_server_is_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page"), version(2)).unwrap();
    let bench = Bench::with(|python| {
        let script = "import http.server, functools, sys\n\
            h = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n\
            s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), h)\n\
            print(s.server_address[1], flush=True)\n\
            import threading; threading.Thread(target=s.serve_forever, daemon=True).start()\n\
            sys.stdin.read()\n";
        python.args(["-c", script]).arg(dir.path());
    });
    let Some(bench) = bench else { return };
    assert_eq!(bench.get(&["-q"], "page").expect(0).stdout, version(2));
    bench.get(&["-q", "-O"], "page").expect(0);
    assert_eq!(bench.read("page"), version(2));
    let finished = bench.get(&["-q"], "none").expect(1);
    assert!(finished.stderr.contains(": 404 Not Found"), "{}", finished.stderr);
    let Some(mut curl) = peer("curl") else { return };
    curl.args(["-sS", &bench.url("page")]).env("no_proxy", "*");
    assert_eq!(Program::run(curl, b"").expect(0).stdout, version(2));
}

#[test]
fn options_that_do_not_go_together_are_told() {
    for (arguments, text) in [
        (&["-o", "f", "a", "b"][..], "-o names one file; with several URLs, use -O"),
        (&["-C", "a"], "-C goes on with a file: name it with -o FILE, or use -O"),
        (&["--parallel", "2", "a"], "--parallel needs -O"),
        (&["--sha256", "00", "a"], "write 64 digits 0-9 a-f"),
        (&["--user", "ann", "a"], "--user: write NAME:PASSWORD, or @FILE"),
        (&["-H", "no colon", "a"], "write a name, a colon and a value"),
        (&["-X", "A B", "a"], "write one word, such as PUT"),
    ] {
        let finished = run(arguments).expect(2);
        assert!(finished.stderr.contains(text), "{arguments:?}: {}", finished.stderr);
    }
}

#[test]
fn the_help_names_every_option() {
    insta::assert_snapshot!(Program::run(sock(&["help", "get"]), b"").expect(0).text());
}

#[test]
fn a_file_that_an_option_names_is_looked_at_before_anybody_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("c.pem");
    fs::write(&pem, "").unwrap();
    let pem = pem.to_str().unwrap();
    let folder = format!("@{}", dir.path().display());
    let is_folder = format!("{} is a directory", dir.path().display());
    for (arguments, text) in [
        (&["-d", "@/nix"][..], "cannot send /nix: no such file"),
        (&["--data-json", "@/nix"], "cannot send /nix: no such file"),
        (&["-d", &folder], &is_folder),
        (&["--user", "@/nix"], "cannot read the secret in /nix: no such file"),
        (&["--bearer", "@/nix"], "cannot read the secret in /nix: no such file"),
        (&["--data-json", "{no json}"], "--data-json: this is no JSON: key must be a string"),
        (&["--ca", "/nix"], "cannot read the certificates in /nix: no such file"),
        (&["--cert", pem], "holds no certificate"),
    ] {
        // Nobody listens there, which would be exit 4.
        let url = if arguments[0].starts_with("--c") {
            "https://127.0.0.1:1/"
        } else {
            "http://127.0.0.1:1/"
        };
        let finished = run(&[arguments, &[url]].concat()).expect(2);
        assert!(finished.stderr.contains(text), "{arguments:?}: {}", finished.stderr);
    }
}

#[test]
fn the_same_coding_is_asked_for_whatever_is_done_with_the_body() {
    let Some(mut bench) = Bench::new() else { return };
    for arguments in [&[][..], &["-o", "file"], &["-I"], &["-i"]] {
        bench.get(&[&["-q"], arguments].concat(), "ok/x").expect(0);
        assert_eq!(bench.request()["fields"]["accept-encoding"], "identity", "{arguments:?}");
        bench.get(&[&["-q", "--compressed"], arguments].concat(), "ok/x").expect(0);
        assert_eq!(bench.request()["fields"]["accept-encoding"], "gzip", "{arguments:?}");
        let own = ["-q", "-H", "Accept-Encoding: br"];
        bench.get(&[&own, arguments].concat(), "ok/x").expect(0);
        assert_eq!(bench.request()["fields"]["accept-encoding"], "br", "{arguments:?}");
    }
}

#[test]
fn a_refusal_names_the_option_that_shows_its_reason() {
    let Some(bench) = Bench::new() else { return };
    let hint = "; --show-error-body shows what the server says about it\n";
    for status in ["400", "403", "405", "415"] {
        let finished = bench.get(&["-q"], &format!("status:{status}/x")).expect(1);
        assert!(finished.stderr.ends_with(hint), "{}", finished.stderr);
        let shown =
            bench.get(&["-q", "--show-error-body"], &format!("status:{status}/x")).expect(1);
        assert!(!shown.stderr.contains("--show-error-body"), "{}", shown.stderr);
    }
    let finished = bench.get(&["-q"], "status:404/x").expect(1);
    assert!(finished.stderr.ends_with("404 Not Found; look at the path\n"), "{}", finished.stderr);
}

#[test]
fn a_redirect_that_is_not_followed_is_told() {
    let Some(bench) = Bench::new() else { return };
    let finished = bench.get(&["--no-redirect"], "loop/x").expect(0);
    assert!(
        finished.stderr.contains("302 Found to /loop/x; not followed\n"),
        "{}",
        finished.stderr
    );
}

#[test]
fn who_leaves_bytes_unread_says_that_it_has_reset_the_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            peer.read_exact(&mut byte).unwrap();
            asked.extend(byte);
        }
        let head = b"HTTP/1.1 404 No\r\nContent-Length: 1000000\r\n\r\n";
        // In one piece, of which the client reads the head; the reset shows in either call.
        let sent = peer.write_all(&[&head[..], &vec![b'x'; 1_000_000]].concat());
        sent.and_then(|()| peer.read_to_end(&mut Vec::new()).map(drop))
    });
    let finished = run(&["--no-proxy", "--retry", "0", &url]).expect(1);
    assert!(finished.stderr.contains("closed by us (RST) after "), "{}", finished.stderr);
    assert!(server.join().unwrap().is_err(), "the server has seen no reset");
}

#[test]
fn a_coding_that_nobody_asked_for_is_told() {
    let Some(bench) = Bench::new() else { return };
    let told = bench.get(&["-o", "x"], "gzip/x").expect(0).stderr;
    assert!(told.contains("the server sent it in gzip, which was not asked for"), "{told}");
    assert!(bench.read("x").starts_with(b"\x1f\x8b"));
    let told = bench.get(&["--compressed", "-o", "y"], "gzip/x").expect(0).stderr;
    assert!(!told.contains("not asked for"), "{told}");
}

#[test]
fn a_file_of_this_machine_is_read_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x"), "text").unwrap();
    let url = format!("file://{}/x", dir.path().display());
    assert_eq!(Program::run(sock(&["get", "-q", &url]), b"").expect(0).text(), "text");
    for more in [&["-X", "DELETE"][..], &["-d", "x"]] {
        let told = Program::run(sock(&[&["get", "-q"], more, &[&url]].concat()), b"").expect(2);
        assert!(told.stderr.contains("a file is read, and no more"), "{}", told.stderr);
    }
}
