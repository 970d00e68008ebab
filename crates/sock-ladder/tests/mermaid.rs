//! Mermaid itself reads the diagrams: of whole stories, and of names, bytes and sentences that mean something to it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says what it needs")]

mod tape;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sock_ladder::{Drawing, mermaid};
use sock_record::{CallKind, Line, Reader};
use tape::{CLIENT, SERVER, Tape};

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The reader, where Mermaid was installed beside it (`npm ci` in `.ci/mermaid`).
fn reader() -> Option<Command> {
    let script = house().join(".ci/mermaid/check.mjs");
    let has_node = || Command::new("node").arg("--version").output().is_ok();
    if house().join(".ci/mermaid/node_modules/mermaid").exists() && has_node() {
        let mut command = Command::new("node");
        command.arg(script);
        return Some(command);
    }
    println!("skipped: needs mermaid");
    let is_needed = std::env::var_os("SOCK_TESTS_NEED_PEERS").is_some_and(|value| value == "1");
    assert!(!is_needed, "Mermaid is not here, and SOCK_TESTS_NEED_PEERS=1 says that it must be");
    None
}

/// What the grammar of sequence diagrams, or its lexer, or the text around it, could take for its own.
const WORDS: [&str; 34] = [
    "",
    " ",
    "end",
    "End",
    "loop",
    "alt",
    "else",
    "opt",
    "par",
    "and",
    "rect",
    "note over P0: x",
    "participant P9",
    "actor",
    "as",
    "autonumber",
    "activate P0",
    "destroy P0",
    "title",
    "accTitle: x",
    "create",
    "box",
    "link P0: a @ b",
    "sequenceDiagram",
    "graph TD",
    "---",
    "%% comment",
    "%%{init: {}}%%",
    "a;b",
    "a#b",
    "#quot;",
    "P0->>P1: x",
    "<b onclick='x'>&amp;</b>\n\r\t\u{1b}[31m\u{202e}\u{2028}",
    "x: y, z + {} [] () \\ \" ' ` $ ^ ~ | é 日本 🦀",
];

/// A client of this name that sends these bytes, with this sentence beside it.
fn said(word: &str) -> Tape {
    let mut tape = Tape::connected(7);
    tape.proc(CLIENT, word).proc(SERVER, &format!("{word}{word}"));
    tape.send(CLIENT, 1, 100, word.as_bytes());
    tape.recv(SERVER, 2, 90, 120, word.as_bytes());
    tape.note("about", word);
    tape.call(SERVER, CallKind::Recv, 2, 150, 160, Err("EAGAIN"));
    tape.send(SERVER, 2, 200, b"lost");
    tape.shutdown(CLIENT, 1, 300);
    tape.call(SERVER, CallKind::Recv, 2, 310, 320, Err("ECONNRESET"));
    tape.close(SERVER, 2, 400);
    tape
}

/// A chat of many lines, so that something is folded, with datagrams that nobody had.
fn long() -> Tape {
    let mut tape = Tape::connected(7);
    for n in 0..2_000 {
        tape.send(CLIENT, 1, 100 * n + 100, b"x");
        tape.recv(SERVER, 2, 100 * n + 90, 100 * n + 120, b"x");
    }
    tape.udp(3, "127.0.0.1:1600");
    tape.send(CLIENT, 3, 300_000, b"lost").args.addr = Some("127.0.0.1:12000".into());
    tape
}

#[test]
fn mermaid_reads_every_diagram() {
    let Some(mut reader) = reader() else { return };
    let mut diagrams: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, lines: &[Line]| {
        for (fold, ascii) in [(true, false), (false, true)] {
            let drawing = Drawing { explain: true, fold, ascii, ..Drawing::default() };
            diagrams.push((format!("{name}-{fold}"), mermaid(lines, &drawing)));
        }
    };
    for (n, word) in WORDS.iter().enumerate() {
        add(format!("word {n}"), &said(word).lines);
    }
    add("long".into(), &long().lines);
    add("nothing".into(), &[]);
    for story in fs::read_dir(house().join("docs/pictures")).unwrap().map(Result::unwrap) {
        let Ok(record) = fs::read(story.path().join("record.jsonl")) else { continue };
        let lines: Vec<Line> = Reader::new(&record[..]).map(Result::unwrap).collect();
        add(story.file_name().into_string().unwrap(), &lines);
    }
    assert!(
        diagrams.len() >= 2 * (WORDS.len() + 7),
        "all stories of the documentation are among them"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mermaid");
    fs::create_dir_all(&folder).unwrap();
    for (name, diagram) in &diagrams {
        let file = folder.join(format!("{name}.mmd"));
        // So much text a page of Mermaid takes (`maxTextSize`).
        assert!(diagram.chars().count() <= 50_000, "{name}");
        fs::write(&file, diagram).unwrap();
        reader.arg(file);
    }
    // The reader does find what is none.
    let broken = folder.join("broken.mmd");
    fs::write(&broken, "sequenceDiagram\nP0->>\n").unwrap();
    let output = reader.arg(&broken).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong: Vec<&str> = said.lines().filter(|line| line.contains(".mmd: ")).collect();
    assert!(
        wrong.len() == 1 && wrong[0].contains("broken.mmd: "),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
