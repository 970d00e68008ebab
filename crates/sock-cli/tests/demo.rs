//! `demo` and `show`: every program of the lectures, drawn as it happened.

use std::process::{Command, Output, Stdio};

fn sock(arguments: &[&str]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_sock"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("cargo builds the program beside its tests");
    assert!(
        program.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&program.stderr)
    );
    program
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the demo speaks UTF-8")
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
    let page = text(&sock(&["demo", "--width", "90"]));
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
    assert_eq!(rows(&page).len(), said.len());
    for (row, said) in rows(&page).iter().zip(said) {
        for words in said {
            assert!(row.contains(words), "{words} is not in:\n{row}");
        }
    }
}

#[test]
fn a_slow_client_holds_up_nobody() {
    let page = text(&sock(&["demo", "--width", "90"]));
    for row in &rows(&page)[7..9] {
        let quick = row.rfind("quick\\n").expect("the quick client is served");
        let slow = row.find("\"done\\n\"").expect("the slow client is served");
        assert!(quick < slow, "the quick client came after the slow one:\n{row}");
    }
}

#[test]
fn ascii_is_plain_and_no_line_is_wider_than_asked() {
    let page = text(&sock(&["demo", "--ascii", "--width", "72"]));
    assert!(page.is_ascii(), "{page}");
    let widest = page.lines().filter(|line| line.contains('|')).map(str::len).max();
    assert!(widest <= Some(72), "{widest:?} columns:\n{page}");
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
