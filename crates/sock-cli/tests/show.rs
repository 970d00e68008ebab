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
    let cure = "sock trace -o FILE.jsonl or sock serve --record FILE writes one";
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
    // On two lines, for it is longer than they are.
    let hint_lines: Vec<&str> = picture.lines().rev().take(2).collect();
    assert_eq!(format!("{} {}", hint_lines[1], hint_lines[0]), hint);
    for rest in [["--width", "160"], ["--only", "2"]] {
        let (picture, _) = show(&[&rest[..], &[text(&recorded.server)]].concat(), b"", 0);
        assert!(!picture.contains(hint), "{picture}");
    }
}

/// What a tracer writes of a client that sends twice what its server receives at once: all that is known of a socket comes
/// little by little.
const TRACED: &str = r#"{"type":"meta","schema":"sock-record/1","source":"trace","t0_unix_ns":1}
{"type":"proc","proc":1,"pid":7,"name":"server.py","t":0,"how":"start"}
{"type":"proc","proc":2,"pid":8,"name":"cli\u001b[2Jent","t":0,"how":"start"}
{"type":"proc","proc":2,"pid":8,"name":"client.py","t":1,"how":"exec"}
{"type":"sock","sock":1,"family":"inet","kind":"stream","proto":"tcp","t":0,"from":"socket"}
{"type":"sock","sock":1,"family":"inet","kind":"stream","proto":"tcp","t":0,"from":"socket","local":"127.0.0.1:7000"}
{"type":"call","ev":1,"proc":1,"call":"listen","sock":1,"enter":1,"exit":2,"ret":0}
{"type":"sock","sock":2,"family":"inet","kind":"stream","proto":"tcp","t":5,"from":"socket"}
{"type":"call","ev":2,"proc":2,"call":"connect","sock":2,"args":{"addr":"127.0.0.1:7000"},"enter":10,"exit":12,"ret":0}
{"type":"sock","sock":2,"family":"inet","kind":"stream","proto":"tcp","t":5,"from":"socket","local":"127.0.0.1:4000","peer":"127.0.0.1:7000","mate":3}
{"type":"sock","sock":3,"family":"inet","kind":"stream","proto":"tcp","t":13,"from":"accept","listener":1,"local":"127.0.0.1:7000","peer":"127.0.0.1:4000","mate":2}
{"type":"call","ev":3,"proc":1,"call":"accept","sock":3,"enter":3,"exit":13,"ret":4}
{"type":"call","ev":4,"proc":2,"call":"send","sock":2,"args":{"len":6},"enter":20,"exit":21,"ret":6,"dir":"out","data":"aGVsbG8g"}
{"type":"call","ev":5,"proc":2,"call":"send","sock":2,"args":{"len":5},"enter":22,"exit":23,"ret":5,"dir":"out","data":"d29ybGQ="}
{"type":"call","ev":6,"proc":1,"call":"recv","sock":3,"args":{"len":2,"flags":["MSG_PEEK"]},"enter":24,"exit":25,"ret":2,"dir":"in","data":"aGU="}
{"type":"call","ev":7,"proc":1,"call":"recv","sock":3,"args":{"len":100},"enter":26,"exit":27,"ret":11,"dir":"in","data":"aGVsbG8gd29ybGQ="}
{"type":"call","ev":8,"proc":1,"call":"send","sock":3,"args":{"len":2},"enter":28,"exit":29,"ret":2,"dir":"out","data":"b2s="}
{"type":"call","ev":9,"proc":2,"call":"recv","sock":2,"args":{"len":100},"enter":30,"exit":31,"ret":2,"dir":"in","data":"b2s="}
{"type":"end","t":40,"dropped":0}
"#;

#[test]
fn the_list_of_a_trace_names_both_ends_and_how_much_went_each_way() {
    let (list, _) = show(&["--list", "-"], TRACED.as_bytes(), 0);
    let expected = "   1  0.000 ms  client.py 127.0.0.1:4000 with server.py 127.0.0.1:7000: \
                    sent 11 B, received 2 B\n";
    assert_eq!(list, expected);
    let clean = TRACED.replace("\"client.py\"", r#""cli\u001b[2Jent""#);
    let (list, _) = show(&["--list", "-"], clean.as_bytes(), 0);
    assert!(list.contains(r"cli\u{1b}[2Jent 127.0.0.1:4000"), "{list:?}");
}

#[test]
fn a_port_that_is_taken_for_a_number_is_told_which_conversation_has_it() {
    let (_, said) = show(&["--only", "7000", "-"], TRACED.as_bytes(), 2);
    let why = "there is no conversation 7000; it is a port, and --only 1 draws the one that has it";
    assert_eq!(said, format!("sock: {why}\n"));
    let (_, said) = show(&["--only", "7", "-"], TRACED.as_bytes(), 2);
    assert_eq!(said, "sock: there is no conversation 7; --list shows the 1 there are\n");
    let two = TRACED.repeat(2);
    let (_, said) = show(&["--only", "7000", "-"], two.as_bytes(), 2);
    assert!(said.contains("2 of 2 have it, the first of them --only 1: see --list"), "{said}");
}

#[test]
fn a_trace_that_is_shown_again_is_explained_again() {
    for rest in [&["-"][..], &["--only", "1", "-"]] {
        let (picture, _) = show(&[&["--width", "100"], rest].concat(), TRACED.as_bytes(), 0);
        let merged = "2 sends by client.py (6 and 5 B) became 1";
        assert!(picture.contains(merged) && picture.contains("[merged]"), "{picture}");
    }
}

#[test]
fn lines_that_were_lost_in_the_middle_are_told_by_their_number() {
    let without = |lost: &[&str]| -> String {
        let is_lost = |line: &&str| lost.iter().any(|lost| line.contains(lost));
        TRACED.split_inclusive('\n').filter(|line| !is_lost(line)).collect()
    };
    let behind = "what is there is drawn\n";
    for (lost, why) in [
        (&["\"ev\":5,"][..], "1 call is missing in the middle of the recording: its line was lost"),
        (
            &["\"ev\":4,", "\"ev\":6,"],
            "2 calls are missing in the middle of the recording: their lines were lost",
        ),
        (&["\"meta\""], "the recording has no beginning: its first lines were lost"),
    ] {
        let (picture, said) = show(&["-"], without(lost).as_bytes(), 6);
        assert!(picture.contains("server.py"), "{picture}");
        assert_eq!(said, format!("sock: stdin: {why}; {behind}"));
    }
    // Each recording has numbers of its own.
    let two = [TRACED, &without(&["\"ev\":5,"])].concat();
    let (_, said) = show(&["-"], two.as_bytes(), 6);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(show(&["-"], [TRACED, TRACED].concat().as_bytes(), 0).1, "");
}

#[test]
fn a_file_that_is_torn_in_many_places_is_told_of_a_few_and_their_number() {
    let torn = TRACED.replace("{\"type\":\"sock\"", "{\"type\"?\"sock\"");
    let (picture, said) = show(&["-"], torn.as_bytes(), 6);
    assert!(picture.contains("server.py"), "{picture}");
    assert_eq!(said.matches("cannot be understood: ").count(), 3, "{said}");
    assert!(said.ends_with("sock: stdin: 2 more lines cannot be understood\n"), "{said}");
}

#[test]
fn what_has_no_end_of_a_line_is_given_up_before_it_fills_the_memory() {
    let (shown, told) = show(&["/dev/zero"], b"", 1);
    assert_eq!(shown, "");
    assert!(told.contains("this is no recording (line 1") && told.contains("64 KiB"), "{told}");

    let call = r#"{"type":"call","ev":1,"proc":1,"call":"send","sock":1,"enter":1,"exit":2,"ret":2,"dir":"out","data":"SGk="}"#;
    let input = [call.as_bytes(), b"\n", &vec![b'x'; 1 << 17]].concat();
    // From a file: it reads no further, and whoever writes into a pipe hears of that.
    let dir = tempfile::tempdir().unwrap();
    let record = dir.path().join("endless.jsonl");
    std::fs::write(&record, input).unwrap();
    let (shown, told) = show(&[record.to_str().unwrap()], b"", 6);
    assert!(shown.contains("send 2 B"), "{shown}");
    assert!(told.contains("line 2 of the record has no end within 64 KiB"), "{told}");
}
