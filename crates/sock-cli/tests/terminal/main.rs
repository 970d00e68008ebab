//! `connect` on a terminal: lines are edited and remembered, and what arrives does not tear the one being
//! typed.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

mod pseudo;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;
mod trace;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use pseudo::Terminal;
use rustix::net::sockopt::set_socket_linger;

/// `sock connect` on a terminal of its own, and the peer that it called.
fn talk(home: &Path, arguments: &[&str]) -> (Terminal, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let arguments = [&["connect", "-q", "--prompt", "> "], arguments, &[&endpoint]].concat();
    let terminal = Terminal::run(home, &arguments);
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (terminal, peer)
}

fn heard(peer: &mut TcpStream, expected: &str) {
    let mut came = vec![0; expected.len()];
    peer.read_exact(&mut came).unwrap();
    assert_eq!(String::from_utf8_lossy(&came), expected);
}

#[test]
fn what_arrives_does_not_tear_the_line_being_typed() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("hal");
    terminal.until_shown(&["> hal"]);
    peer.write_all(b"news of the day\n").unwrap();
    terminal.until_shown(&["news of the day", "> hal"]);
    peer.write_all("half a ß".as_bytes()).unwrap();
    terminal.until_shown(&["news of the day", "half a ß", "> hal"]);
    // Two left, one character replaced, to the end, the rest.
    terminal.type_keys("\x1b[D\x1b[D\x1b[3~e\x05lo\r");
    heard(&mut peer, "hello\n");
    terminal.until_shown(&["news of the day", "half a ß", "> hello", ">"]);
    peer.shutdown(Shutdown::Write).unwrap();
    terminal.type_keys("\x04");
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_stranger_does_not_control_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    peer.write_all(b"\x1b[2J\x1b]0;mine\x07bell\r\n").unwrap();
    terminal.until_shown(&[r"\u{1b}[2J\u{1b}]0;mine\u{7}bell", ">"]);
    terminal.type_keys("\x04");
    drop(peer);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn what_was_typed_is_remembered_from_run_to_run() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("first\r");
    heard(&mut peer, "first\n");
    terminal.type_keys("\x04");
    drop(peer);
    assert_eq!(terminal.end(), 0);
    assert!(home.path().join("sock/history").is_file());

    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("\x1b[A");
    terminal.until_shown(&["> first"]);
    terminal.type_keys(" again\r");
    heard(&mut peer, "first again\n");
    terminal.type_keys("\x04");
    drop(peer);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_end_of_the_input_is_a_half_close_and_a_late_reply_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &["--crlf"]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("question\r\x04");
    heard(&mut peer, "question\r\n");
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    peer.write_all(b"answer\n").unwrap();
    drop(peer);
    assert_eq!(terminal.end(), 0);
    assert!(terminal.rows().contains(&"answer".to_owned()), "{:?}", terminal.rows());
}

#[test]
fn an_interrupt_leaves_the_terminal_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, _peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("half a li\x03");
    assert_eq!(terminal.end(), 130);
    assert!(terminal.echoes());
}

#[test]
fn a_reset_ends_it_while_somebody_types() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("half a li");
    terminal.until_shown(&["> half a li"]);
    peer.write_all(b"last words\n").unwrap();
    terminal.until_shown(&["last words", "> half a li"]);
    set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert_eq!(terminal.end(), 6);
    assert!(terminal.echoes());
    let rows = terminal.rows().join("\n");
    assert!(rows.contains("reset the connection: 11 B had arrived"), "{rows}");
}

#[test]
fn escapes_that_stand_for_nothing_are_not_sent() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &["--escape"]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("a\\q\r");
    terminal.until_shown(&[
        "> a\\q",
        "not sent: '\\q' stands for no byte; there are \\n \\r \\t \\0 \\\\ and \\xNN",
        ">",
    ]);
    terminal.type_keys("a\\x41\\\r");
    heard(&mut peer, "aA");
    terminal.type_keys("\x04");
    drop(peer);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn lines_that_are_typed_ahead_are_all_sent() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, mut peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    terminal.type_keys("one\rtwo\rthree\r\x04");
    heard(&mut peer, "one\ntwo\nthree\n");
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    drop(peer);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn an_interrupt_before_anybody_answered_leaves_the_terminal_too() {
    let home = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = ["connect", "--wait", "30s", "-4", &nobody.to_string()];
    let mut terminal = Terminal::run(home.path(), &arguments);
    terminal.interrupt();
    assert_eq!(terminal.end(), 130);
    assert!(terminal.echoes());
}

#[test]
fn who_types_is_told_that_the_peer_has_ended_where_it_has() {
    let home = tempfile::tempdir().unwrap();
    let (mut terminal, peer) = talk(home.path(), &[]);
    terminal.until_shown(&[">"]);
    peer.shutdown(Shutdown::Write).unwrap();
    terminal.until_shown(&["the peer has ended; Ctrl-D ends this side", ">"]);
    terminal.type_keys("\x04");
    assert_eq!(terminal.end(), 0);

    let (mut terminal, mut peer) = talk(home.path(), &["--until", "bye"]);
    terminal.until_shown(&[">"]);
    peer.write_all(b"good bye\n").unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    drop(peer);
    assert_eq!(terminal.end(), 0);
    // How often the prompt is drawn on the way out depends on who is quicker.
    let rows = terminal.rows();
    assert_eq!(rows.first().map(String::as_str), Some("good bye"), "{rows:?}");
    assert!(rows[1..].iter().all(|row| row == ">"), "here it was us: {rows:?}");
}
