//! How it ends: 0 where nothing is missing, and a status for each kind of failure.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};

use rustix::process::Signal;

use crate::support::{Program, Server, sock};
use crate::{bench, flowing, report};

/// A server of one thread that answers each message of four bytes with this.
fn answers(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            while stream.read_exact(&mut [0; 4]).is_ok() && !answer.is_empty() {
                let _ = stream.write_all(answer);
            }
        }
    });
    endpoint
}

#[test]
fn a_server_that_says_nothing_is_no_success() {
    // It takes connections, as every listener's queue does, and nobody ever answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    let found = bench(&[&endpoint, "-d", "300ms", "-c", "2", "-q"]).expect(5);
    assert!(found.stderr.contains("no reply came: 2 connections were taken"), "{}", found.stderr);
}

#[test]
fn nobody_there_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    drop(listener);
    let found = bench(&[&endpoint, "-n", "10"]).expect(4);
    assert_eq!(found.text(), "");
    let told =
        format!("sock: {endpoint} refused the connection; start the server, or check the port\n");
    assert_eq!(found.stderr, told);
    let found = bench(&[&endpoint, "-n", "10", "-c", "3", "--json"]).expect(4);
    let report = report(&found);
    assert_eq!(
        (&report["errors"][0]["cause"], &report["errors"][0]["count"]),
        (&"refused".into(), &3.into())
    );
}

#[test]
fn a_path_at_which_nothing_is_has_no_file() {
    let found = bench(&["unix:/nowhere/at-all", "-n", "10"]).expect(4);
    let told = "sock: unix:/nowhere/at-all is not there: no such file; start the server, or check the path\n";
    assert_eq!(found.stderr, told);
}

#[test]
fn replies_none_of_which_is_right_are_no_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().display().to_string();
    let server = Server::start(&["http", &site], &["tcp://127.0.0.1:0"]);
    let port = server.port("tcp");
    // A page that is not there, and a service that is another one.
    let url = format!("http://127.0.0.1:{port}/nowhere?q");
    let found = bench(&[&url, "-n", "10", "-c", "2"]);
    assert_ne!(found.code(), 0);
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let wrong =
        bench(&[&endpoint, "--service", "upper", "-m", "hi\n\n", "-n", "10", "-c", "1", "-q"]);
    server.stop();
    let text = flowing(&found);
    assert!(text.contains("verdict 10 replies, none of them right"), "{text}");
    assert_eq!(text.matches("the first has the status 404").count(), 1, "{text}");
    assert!(text.contains("0 B/s back in right replies"), "{text}");
    assert!(text.contains("no right reply, and no other counts"), "{text}");
    assert!(found.text().starts_with(&format!("{url}\n")), "{}", found.text());
    assert!(!found.text().contains("no reply at all"), "{}", found.text());
    assert_ne!(wrong.code(), 0);
    assert!(wrong.stderr.contains("has 0x54 ('T') at byte 1, not 0x49 ('I')"), "{}", wrong.stderr);
}

#[test]
fn whoever_never_had_a_turn_is_named() {
    let server = Server::start(&["echo", "--engine", "iterative"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = [endpoint.as_str(), "-c", "5", "-d", "300ms", "--service", "echo"];
    let told = bench(&asked).expect(1);
    let line =
        "4 of 5 connections had no reply before the end: the figures are those of the one that had";
    assert!(flowing(&told).contains(line), "{}", told.text());
    assert!(flowing(&told).contains("seems to serve one client at a time"), "{}", told.text());
    // Whoever asks for errors alone hears of it as of one.
    let quiet = bench(&[&asked[..], &["-q"]].concat()).expect(1);
    assert_eq!(quiet.text(), "");
    assert!(quiet.stderr.starts_with(&format!("sock: {line}")), "{}", quiet.stderr);
    let found = report(&bench(&[&asked[..], &["--json"]].concat()).expect(1));
    server.stop();
    assert_eq!(found["connections"]["unheard"], 4);
}

#[test]
fn who_calls_just_before_the_end_has_not_failed() {
    // Of four callers three wait while one is answered, and so it is when the time is over.
    let fine = answers(b"pong");
    let asked = ["-c", "4", "-d", "300ms", "-m", "ping", "--new-connection"];
    for _ in 0..3 {
        let found = bench(&[&[fine.as_str()][..], &asked].concat()).expect(0);
        assert!(flowing(&found).contains("every message has its reply"), "{}", found.text());
    }
}

#[test]
fn a_server_that_closes_after_each_reply_is_told_with_the_cure() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if stream.read_exact(&mut [0; 4]).is_ok() {
                let _ = stream.write_all(b"pong");
            }
        }
    });
    let asked = [endpoint.as_str(), "-m", "ping", "-d", "300ms", "-c", "2"];
    let found = bench(&asked).expect(1);
    let told = flowing(&found);
    assert!(told.contains("call anew for every message with --new-connection"), "{told}");
    let cured = bench(&[&asked[..], &["--new-connection"]].concat()).expect(0);
    assert!(!flowing(&cured).contains("seems to"), "{}", cured.text());
}

#[test]
fn silence_is_a_timeout() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("udp://{}", silent.local_addr().expect("its address"));
    let found = bench(&[&endpoint, "-n", "2", "-c", "1", "--timeout", "20ms"]).expect(5);
    assert!(
        found.stderr.contains("no reply within 20ms; wait longer with --timeout"),
        "{}",
        found.stderr
    );
}

#[test]
fn wrong_replies_and_missing_ones_are_failures() {
    let wrong = answers(b"pong");
    let asked = ["-n", "10", "-c", "1", "-m", "ping", "--service", "echo", "--json"];
    let found = bench(&[&[wrong.as_str()][..], &asked].concat()).expect(1);
    let report = report(&found);
    assert_eq!(
        (&report["errors"][0]["cause"], &report["verdict"]["missing"]),
        (&"wrong".into(), &10.into())
    );
    let text = report["errors"][0]["text"].as_str().expect("a sentence");
    assert!(text.contains("0x6f ('o') at byte 1, not 0x69 ('i')"), "{text}");

    let short = answers(b"");
    let found = bench(&[&[short.as_str()][..], &asked].concat()).expect(6);
    assert!(
        found.stderr.contains("ended the connection while a reply was owed"),
        "{}",
        found.stderr
    );
}

#[test]
fn the_first_ctrl_c_ends_it_with_what_was_found() {
    let server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = ["bench", endpoint.as_str(), "--service", "echo", "-d", "1h", "--warmup", "0"];
    let mut program = Program::start(sock(&asked));
    program.error_line_with("/s  p50 ");
    program.signal(Signal::INT);
    let found = program.finish().expect(130);
    assert!(found.text().contains("stopped before its end"), "{}", found.text());
    server.stop();
}

#[test]
fn who_ends_it_before_it_has_measured_anything_blames_nobody() {
    let mut server = Server::start(&["echo"], &["tcp://127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let asked = ["bench", endpoint.as_str(), "-c", "2", "--ramp", "1h", "--rate", "100"];
    let program = Program::start(sock(&asked));
    server.event_named("open");
    program.signal(Signal::INT);
    let found = program.finish().expect(130);
    assert!(found.text().contains("stopped before its end"), "{}", found.text());
    assert!(!found.stderr.contains("no reply came"), "{}", found.stderr);
    server.stop();
}

#[test]
fn what_makes_no_sense_is_said() {
    for (arguments, told) in [
        (&["7", "--size", "0"][..], "an empty message has no reply"),
        (&["7", "--service", "ehco"], "ehco"),
        (&["7", "--service", "discard"], "try --bulk up"),
        (&["7", "--service", "chargen"], "try --bulk down"),
        (&["7", "-m", "{random:x}"], "needs a number of characters"),
        (&["7", "--bind", "127.0.0.1:80"], "many connections cannot come from one port"),
        (&["tcp://192.0.2.1:7", "--sources", "3"], "addresses of 127.0.0.0/8"),
        (&["7", "--record", "x"], "bench has no --record"),
        (&["http://127.0.0.1/a b"], "a URL has no blanks"),
        (&["http://127.0.0.1/", "--until", "line"], "HTTP says where a reply ends"),
        (&["7", "--insecure"], "--insecure"),
        (&["7", "-n", "0"], "write a whole number, from 1"),
        (&["7", "-d", "0"], "in no time nothing is measured: write 5s, or count messages with -n"),
        (&["7", "--size", "1GiB"], "a message of 1073741824 B is larger than 64 MiB; --bulk up"),
        (&["7", "--rate", "50M"], "write 10M a second at most"),
        (&["7", "-m", "@/dev/zero"], "larger than 64 MiB"),
        (&["7", "--engine", "threads"], "threads is a way to hold callers, and here we call"),
        (&["7", "--engine", "tokio"], "the generator waits with epoll, select or uring"),
        (&["7", "--engine", "steam"], "no such engine; the generator waits with epoll"),
        (
            &["udp:7", "--size", "65508"],
            "a message of 65508 B is no datagram: UDP carries at most 65507 B",
        ),
        (&["--engines", "steam", "echo"], "no engine 'steam'"),
    ] {
        let found = bench(arguments).expect(2);
        assert!(found.stderr.contains(told), "{arguments:?}: {}", found.stderr);
    }
}
