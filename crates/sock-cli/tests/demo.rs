//! `demo` and `show`: every program of the lectures, drawn as it happened.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::process::{Command, Stdio};

use support::{Finished, Program, peer, skip, sock};

/// As the engines tell it.
const TOLD: &[&str] = &["--no-trace"];
/// As the tracer sees it, where it may.
const SEEN: &[&str] = &[];

/// A picture of every row.
fn demo(way: &[&str], paper: &[&str]) -> String {
    let shown = Program::run(sock(&[&["demo"], way, paper].concat()), b"").expect(0);
    assert_eq!(shown.stderr, "", "{way:?}");
    shown.text()
}

/// Both ways to draw it, where a program may be traced.
fn ways() -> Vec<&'static [&'static str]> {
    let mut ways = vec![TOLD];
    ways.extend(may_trace().then_some(SEEN));
    ways
}

fn may_trace() -> bool {
    let probe = Program::run(sock(&["trace", "-q", "--", "true"]), b"");
    if probe.code() == 125 {
        assert!(probe.stderr.contains("cannot trace"), "{}", probe.stderr);
        skip("ptrace");
    }
    probe.code() == 0
}

/// Cuts the page at its headings.
fn rows(page: &str) -> Vec<&str> {
    let starts: Vec<usize> = (1..=13)
        .map(|n| page.find(&format!("D{n:<3}")).unwrap_or_else(|| panic!("no D{n} in {page}")))
        .collect();
    assert!(starts.is_sorted(), "the rows are in the lectures' order");
    let ends = starts.iter().skip(1).copied().chain([page.len()]);
    starts.iter().zip(ends).map(|(from, to)| &page[*from..to]).collect()
}

#[test]
fn every_row_says_what_the_lecture_says() {
    for way in ways() {
        says_what_the_lecture_says(&demo(way, &["--width", "90"]));
    }
}

#[test]
fn every_line_fits_the_page() {
    for way in ways() {
        let page = demo(way, &["--width", "80"]);
        let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

fn says_what_the_lecture_says(page: &str) {
    let said: [&[&str]; 13] = [
        &["\"Thank you for connecting\""],
        &["\"hello from udp client\"", "\"HELLO FROM UDP CLIENT\""],
        &["\"hello from client1\"", "\"HELLO FROM CLIENT1\""],
        &["\"hello from tcp client\"", "\"HELLO FROM TCP CLIENT\""],
        &["\"Hi\\n\"", "\"Your data was 2 bytes\\n\"", "\"Disconnect\\n\""],
        &["\"one\\n\"", "half-close", "recv 0 B: end"],
        &["RST (reset)", "\"two\\n\""],
        &["\"wait \\n\"", "\"quick\\n\"", "\"done\\n\""],
        &["\"wait \\n\"", "\"quick\\n\"", "\"done\\n\""],
        &["\"A SESSION\"", "\"A MESSAGE\""],
        &["\"GET / HTTP/1.1\\r\\n", "\"HTTP/1.1 200 OK\\r\\n", "\"GET /style.css HTTP/1.1\\r\\n"],
        &["\"GET / HTTP/1.1\\r\\n", "\"HTTP/1.1 200 OK\\r\\n"],
        &["\"GET /\\n\"", "\"<title>Home</title>\\n"],
    ];
    assert!(!page.contains("not recorded") && !page.contains("not seen"), "{page}");
    assert_eq!(rows(page).len(), said.len());
    for (row, said) in rows(page).iter().zip(said) {
        for words in said {
            assert!(row.contains(words), "{words} is not in:\n{row}");
        }
    }
}

#[test]
fn a_slow_client_holds_up_nobody() {
    for way in ways() {
        let page = demo(way, &["--width", "90"]);
        for row in &rows(&page)[7..9] {
            let quick = row.rfind("quick\\n").expect("the quick client is served");
            let slow = row.find("\"done\\n\"").expect("the slow client is served");
            assert!(quick < slow, "the quick client came after the slow one:\n{row}");
        }
    }
}

#[test]
fn ascii_is_plain_and_no_line_is_wider_than_asked() {
    for way in ways() {
        let page = demo(way, &["--ascii", "--width", "72"]);
        assert!(page.is_ascii(), "{page}");
        let widest = page.lines().filter(|line| line.contains('|')).map(str::len).max();
        assert!(widest <= Some(72), "{widest:?} columns:\n{page}");
    }
}

#[test]
fn what_is_seen_and_what_is_told_are_the_same_messages_between_the_same_sides() {
    if !may_trace() {
        return;
    }
    let (seen, told) = (demo(SEEN, &["--width", "160"]), demo(TOLD, &["--width", "160"]));
    for (seen, told) in rows(&seen).into_iter().zip(rows(&told)) {
        assert_eq!(names(seen), names(told), "the lanes of\n{seen}\nand\n{told}");
        assert_eq!(calls(seen), calls(told), "the calls of\n{seen}\nand\n{told}");
        assert!(calls(seen).len() >= 4, "{seen}");
    }
    let sum =
        |page: &str| page.split(" programs of").nth(1)?.split(" B as").next().map(str::to_owned);
    assert_eq!(sum(&seen), sum(&told), "as many bytes");
    // No engine tells how a server ends that only has a datagram socket.
    let closes = |page: &str| rows(page)[1].matches("close").count();
    assert_eq!((closes(&seen), closes(&told)), (2, 1), "one is traced and one is not");
}

/// What stands above the lanes: the sides of each picture.
fn names(row: &str) -> Vec<String> {
    let lines: Vec<&str> = row.lines().collect();
    let above = lines.windows(2).filter(|two| two[1].trim_start().starts_with("127.0.0.1:"));
    above.map(|two| words(two[0])).collect()
}

/// What each side called, and what each arrow says (of bytes the first ones), without times and in no order: whoever
/// closes at the same time as another is now the first and now the second.
fn calls(row: &str) -> Vec<String> {
    let mut calls = Vec::new();
    for line in row.lines().filter(|line| !line.contains('*')) {
        let Some((left, server)) = line.rsplit_once(['│', '┤']) else { continue };
        let left = left.replace(DRAWN, "  ");
        let timeless = left.split("  ").map(str::trim).filter(|part| !part.is_empty()).skip(1);
        // An arrow that crosses others is drawn as two, with a number.
        let whole = timeless.filter(|part| !part.starts_with('('));
        calls.extend(whole.map(|part| part.chars().take(16).collect()));
        // That a server closes is told by an engine where it was connected, and seen everywhere.
        let server = Some(server.trim()).filter(|call| !["", "close"].contains(call));
        calls.extend(server.map(|call| format!("server: {call}")));
    }
    calls.sort();
    calls
}

/// What is no text.
const DRAWN: [char; 9] = ['│', '├', '┤', '┼', '─', '►', '◄', '╳', '…'];

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn where_nobody_may_be_traced_the_engines_tell_it_and_one_line_says_so() {
    let Some(mut strace) = peer("strace") else { return };
    let inner = sock(&["demo", "--width", "90"]);
    strace.args(["-f", "-o", "/dev/null"]).arg(inner.get_program()).args(inner.get_args());
    let finished = Program::run(strace, b"");
    if finished.stderr.starts_with("strace:") {
        return skip("ptrace");
    }
    let finished = finished.expect(0);
    assert_eq!(
        finished.stderr,
        "sock: no program may be traced here (`sock trace -- true` says why): \
         the ladders show what the engines tell\n"
    );
    says_what_the_lecture_says(&finished.text());
}

#[test]
fn a_row_that_fails_fails_the_demo_and_is_named() {
    // In a network of its own, in which nobody has switched on even loopback.
    let apart = |arguments: &[&str]| -> Option<Finished> {
        let mut unshare = peer("unshare")?;
        unshare.args(["--user", "--map-root-user", "--net"]).args(arguments);
        Some(Program::run(unshare, b""))
    };
    let Some(probe) = apart(&["true"]) else { return };
    if probe.code() != 0 {
        return skip("a system that lets users make namespaces");
    }
    for way in ways() {
        let program = env!("CARGO_BIN_EXE_sock");
        let finished = apart(&[&[program, "demo"], way].concat()).expect("it was here just now");
        assert_eq!((finished.code(), finished.text().as_str()), (4, ""), "{}", finished.stderr);
        let reason = "sock: D1 is not what the lecture says: cannot connect to tcp://127.0.0.1:";
        assert!(finished.stderr.starts_with(reason), "{}", finished.stderr);
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    }
}

#[test]
fn whoever_stops_reading_ends_it_quietly() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sock"))
        .arg("demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo builds the program beside its tests");
    drop(demo.stdout.take());
    let output = demo.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
