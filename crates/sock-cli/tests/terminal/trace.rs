//! `trace` on a terminal: its rows and what the programs write share the screen and do not mix.

use std::path::Path;

use crate::pseudo::Terminal;
use crate::support::{Program, peer, skip, sock};

/// A server that answers in upper case, once.
const SERVER: &str = "
import socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0))
open(sys.argv[1], 'w').write(str(s.getsockname()[1]))
print('ready', flush=True)
s.listen()
c, _ = s.accept()
c.sendall(c.recv(100).upper())
c.close()
";
/// A client with a prompt, behind which no line ends.
const CLIENT: &str = "
import socket, sys
c = socket.create_connection(('127.0.0.1', int(open(sys.argv[1]).read())))
print('Input: ', end='', flush=True)
c.sendall(b'hello')
print('From server:', c.recv(100).decode())
c.recv(100)
";

/// What is left on the screen of a run; none where nobody may be traced.
fn run(home: &Path, options: &[&str]) -> Option<Vec<String>> {
    let python = peer("python3")?;
    let python = python.get_program().to_str().unwrap().to_owned();
    if Program::run(sock(&["trace", "-q", "--", "true"]), b"").code() == 125 {
        skip("a system that lets programs be traced");
        return None;
    }
    let port = home.join("port");
    let port = port.to_str().unwrap();
    let names = ["--name", "server", "--name", "client"];
    let server = ["--", &python, "-c", SERVER, port];
    let client = ["--", &python, "-c", CLIENT, port];
    let mut terminal =
        Terminal::run(home, &[&["trace"], options, &names, &server, &client].concat());
    assert_eq!(terminal.end(), 0, "{:#?}", terminal.rows());
    Some(terminal.rows())
}

fn at(rows: &[String], words: &[&str]) -> usize {
    let is_meant = |row: &String| words.iter().all(|word| row.contains(word));
    rows.iter().position(is_meant).unwrap_or_else(|| panic!("no row has {words:?}: {rows:#?}"))
}

#[test]
fn rows_are_drawn_between_what_the_programs_print() {
    let home = tempfile::tempdir().unwrap();
    let Some(rows) = run(home.path(), &[]) else { return };
    let sends = at(&rows, &["send 5 B", "\"hello\"", "recv 5 B"]);
    let answer = at(&rows, &["recv 5 B", "\"HELLO\"", "send 5 B"]);
    let said = at(&rows, &["From server: HELLO"]);
    assert!(at(&rows, &["client", "server"]) < sends, "{rows:#?}");
    assert!(sends < answer && answer < said, "a row stands above what its call led to: {rows:#?}");
    for whole in ["ready", "Input:", "From server: HELLO"] {
        assert!(rows.iter().any(|row| row == whole), "{whole} stands alone: {rows:#?}");
    }
    let end = rows.iter().rposition(|row| row.contains("\"hello\"")).unwrap();
    assert!(said < end, "and in the end it is drawn with all that is known: {rows:#?}");
    assert!(rows.iter().all(|row| row.chars().count() <= 100), "{rows:#?}");
}

#[test]
fn who_wants_no_rows_gets_none() {
    let home = tempfile::tempdir().unwrap();
    for quiet in [&["--live", "never"][..], &["-q"], &["-v"]] {
        let Some(rows) = run(home.path(), quiet) else { return };
        let drawn = rows.iter().filter(|row| row.contains("├") && row.contains("\"hello\""));
        let once = usize::from(quiet != ["-q"]);
        assert_eq!(drawn.count(), once, "{quiet:?}: {rows:#?}");
    }
}
