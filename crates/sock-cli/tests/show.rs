//! `show`: recordings drawn again, both ends in one picture, and what is no recording.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::path::{Path, PathBuf};

use support::{Program, Server, sock};

/// What a server and its clients recorded.
struct Recorded {
    folder: tempfile::TempDir,
    server: PathBuf,
    clients: Vec<PathBuf>,
}

impl Recorded {
    /// A client for each list of messages, one after the other.
    fn of(clients: &[&[&str]]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server_file = folder.path().join("srv.jsonl");
        let server = Server::start(&["ack", "--record", text(&server_file)], &["tcp:127.0.0.1:0"]);
        let mut files = Vec::new();
        for (n, messages) in clients.iter().enumerate() {
            let file = folder.path().join(format!("cli{n}.jsonl"));
            let endpoint = server.endpoint("tcp");
            let send = [&["send", "-q", "--record", text(&file), &endpoint], *messages].concat();
            Program::run(sock(&send), b"").expect(0);
            files.push(file);
        }
        server.stop();
        Self { folder, server: server_file, clients: files }
    }

    fn all(&self) -> Vec<&str> {
        [&self.server].into_iter().chain(&self.clients).map(|file| text(file)).collect()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

fn show(arguments: &[&str], input: &[u8], code: i32) -> (String, String) {
    let finished = Program::run(sock(&[&["show"], arguments].concat()), input).expect(code);
    (finished.text(), finished.stderr)
}

/// Who stands over the lanes, from left to right.
fn lanes(picture: &str) -> Vec<&str> {
    picture.lines().next().unwrap_or_default().split_whitespace().collect()
}

fn holds_both_sides(picture: &str) {
    assert!(!picture.contains("(not recorded)"), "{picture}");
    for (left, right) in [("send 3 B", "recv 3 B"), ("recv 22 B", "send 22 B")] {
        let is_row = |line: &str| line.contains(left) && line.trim_end().ends_with(right);
        assert!(picture.lines().any(is_row), "{left}, {right}:\n{picture}");
    }
}

#[test]
fn both_ends_are_one_picture_in_whatever_order_they_are_named() {
    let recorded = Recorded::of(&[&["Hi"]]);
    let [server, client] = recorded.all()[..] else { panic!("two files") };
    for files in [[server, client], [client, server]] {
        let (picture, said) = show(&[&["--width", "90"], &files[..]].concat(), b"", 0);
        assert_eq!((lanes(&picture), &*said), (vec!["send", "serve"], ""), "{picture}");
        holds_both_sides(&picture);
        let (list, _) = show(&[&["--list"], &files[..]].concat(), b"", 0);
        assert_eq!(list.lines().count(), 1, "{list}");
        let (one, _) = show(&[&["--width", "90", "--only", "1"], &files[..]].concat(), b"", 0);
        holds_both_sides(&one);
    }
}

#[test]
fn recordings_behind_one_another_on_stdin_are_taken_apart() {
    let recorded = Recorded::of(&[&["Hi"], &["Exit"]]);
    let read = |file: &&str| std::fs::read(file).expect("it was recorded");
    let cat: Vec<u8> = recorded.all().iter().flat_map(read).collect();
    let (picture, said) = show(&["--width", "100", "-"], &cat, 0);
    assert_eq!((lanes(&picture), &*said), (vec!["send", "send", "serve"], ""), "{picture}");
    holds_both_sides(&picture);
    let named = [&["--width", "100"], &recorded.all()[..]].concat();
    assert_eq!(show(&named, b"", 0).0, picture, "named or put together, they are the same");
}

#[test]
fn a_clock_that_is_wrong_parts_nobody_and_is_told() {
    let recorded = Recorded::of(&[&["Hi"]]);
    let client = std::fs::read_to_string(&recorded.clients[0]).expect("it was recorded");
    let at = client.find("\"t0_unix_ns\":").expect("it tells when it began") + 13;
    // The second of its digits stands for ten years and more.
    let wrong = format!("{}0{}", &client[..=at], &client[at + 2..]);
    let file = recorded.folder.path().join("wrong.jsonl");
    std::fs::write(&file, wrong).expect("a file");
    let (picture, _) = show(&["--width", "90", text(&recorded.server), text(&file)], b"", 0);
    assert_eq!(lanes(&picture), ["send", "serve"], "{picture}");
    holds_both_sides(&picture);
    assert!(picture.contains("later than its clock says"), "{picture}");
}

#[test]
fn a_recording_that_was_cut_is_drawn_as_far_as_it_goes() {
    let recorded = Recorded::of(&[&["Hi"]]);
    let whole = std::fs::read_to_string(&recorded.clients[0]).expect("it was recorded");
    let received = whole.find("\"call\":\"shutdown\"").expect("it ended its own direction");
    let (picture, said) = show(&["-"], &whole.as_bytes()[..received], 6);
    assert!(picture.contains("recv 22 B") && !picture.contains("shutdown"), "{picture}");
    assert!(said.starts_with("sock: stdin: line ") && said.contains(" is cut: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    // Cut between two lines, it lacks its end only.
    let end = whole.find("{\"type\":\"end\"").expect("it has an end");
    let (picture, said) = show(&["-"], &whole.as_bytes()[..end], 6);
    assert!(picture.contains("shutdown WR"), "{picture}");
    assert!(said.contains("has no end"), "{said}");

    let cut = recorded.folder.path().join("cut.jsonl");
    std::fs::write(&cut, &whole[..received]).expect("a file");
    let (picture, _) = show(&["--width", "90", text(&recorded.server), text(&cut)], b"", 6);
    holds_both_sides(&picture);
}

#[test]
fn what_is_no_recording_is_told_in_plain_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let cure = "sock serve --record FILE writes one";
    let rows: [(&str, Option<&str>, String); 5] = [
        (
            "words",
            Some("root:x:0\n"),
            format!("this is no recording (line 1: expected value); {cure}"),
        ),
        (
            "json",
            Some("{\"a\":1}\n"),
            format!("this is no recording (line 1: missing field `type`); {cure}"),
        ),
        ("empty", Some(""), format!("it is empty; {cure}")),
        ("none", None, "no such file".to_owned()),
        (".", None, "is a directory".to_owned()),
    ];
    for (name, content, why) in rows {
        let file = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&file, content).expect("a file");
        }
        // A file that cannot be read is named by mistake; one of something else was read.
        let status = if content.is_some() { 1 } else { 2 };
        let (drawn, said) = show(&[text(&file)], b"", status);
        assert_eq!((&*drawn, said), ("", format!("sock: cannot read {}: {why}\n", file.display())));
    }
    assert_eq!(show(&["-"], b"", 1).1, format!("sock: cannot read stdin: it is empty; {cure}\n"));
}

#[test]
fn where_clients_share_a_lane_the_way_to_each_of_them_is_told() {
    let recorded = Recorded::of(&[["Hi"].as_slice(); 5]);
    let hint = "several share a lane: --list shows the conversations, --only N draws one of them";
    let (picture, _) = show(&["--width", "60", text(&recorded.server)], b"", 0);
    assert!(picture.contains("5 clients"), "{picture}");
    assert_eq!(picture.lines().last(), Some(hint));
    for rest in [["--width", "160"], ["--only", "2"]] {
        let (picture, _) = show(&[&rest[..], &[text(&recorded.server)]].concat(), b"", 0);
        assert!(!picture.contains(hint), "{picture}");
    }
}
