//! Narrow pages: no line is wider than the page, and no word of what is said is lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use std::path::Path;

use proptest::prelude::*;
use sock_ladder::{Drawing, Live, joined, text, wrapped};
use sock_record::{CallKind, Line, Origin, Reader};
use tape::Tape;
use unicode_width::UnicodeWidthStr;

const WIDTHS: [usize; 4] = [40, 60, 80, 120];

/// Draws a record on pages of several widths, and holds them to what is asked of them.
fn check(lines: &[Line]) {
    let said = joined(lines);
    let notes =
        said.iter().filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None });
    let notes: Vec<&str> = notes.map(|note| &*note.text).collect();
    for width in WIDTHS {
        for (fold, ascii) in [(false, false), (false, true), (true, false)] {
            let drawing = Drawing { width, ascii, fold, explain: true, ..Drawing::default() };
            let page = text(lines, &drawing);
            let mut live = Live::new(&drawing);
            for line in lines {
                live.hear(line);
            }
            for (form, page) in [("page", &page), ("live", &live.take())] {
                for line in page.lines() {
                    assert!(
                        line.width() <= width,
                        "{form}: {} of {width} columns: {line}",
                        line.width()
                    );
                    assert!(
                        !line.contains(" \"\"…") && !line.contains(" \"\"..."),
                        "{form} at {width}: {line}"
                    );
                }
            }
            // Folded rows keep what was said of them to themselves.
            for note in notes.iter().filter(|_| !fold) {
                // What is no ASCII has its number there.
                let letter = |c: char| {
                    if ascii && !c.is_ascii() { c.escape_unicode().to_string() } else { c.into() }
                };
                let words = |text: &str| -> String {
                    let text: String = text.replace('×', "x").chars().map(letter).collect();
                    text.chars().filter(|c| c.is_alphanumeric()).collect()
                };
                assert!(words(&page).contains(&words(note)), "at {width}: {note}\n{page}");
            }
        }
    }
}

/// A server, which is process 1, and its clients: each is a process and a socket, and 100 more is what the server has of it.
fn star(names: &[&str]) -> Tape {
    let mut tape = Tape::default();
    tape.proc(1, names[0]);
    for (id, name) in (2_u32..).zip(&names[1..]) {
        let (own, peer) = (format!("127.0.0.1:{}", 40_000 + id), "127.0.0.1:9111");
        tape.proc(id, name);
        tape.tcp(id, Origin::Socket, 0, &own, peer);
        tape.tcp(100 + id, Origin::Accept, 60, peer, &own);
        tape.call(id, CallKind::Connect, id, 0, 50, Ok(0));
        tape.call(1, CallKind::Accept, 100 + id, 0, 60, Ok(4));
    }
    tape
}

#[test]
fn the_pictures_of_the_documentation_fit_every_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    for name in ["d2-udp", "d4-tcp", "d5-chat", "d6-reset", "select"] {
        let file = std::fs::read(folder.join(name).join("record.jsonl")).unwrap();
        let lines: Vec<Line> = Reader::new(&*file).map(Result::unwrap).collect();
        check(&lines);
    }
}

#[test]
fn a_sentence_below_the_ladder_fits_every_page() {
    let said = "several share a lane: --list shows the conversations, --only N draws one of them";
    for width in WIDTHS {
        let page = wrapped(said, &Drawing { width, ..Drawing::default() });
        assert!(page.lines().all(|line| line.width() <= width), "{page}");
        assert_eq!(page.split_whitespace().collect::<Vec<_>>().join(" "), said);
        assert!(page.ends_with('\n'));
    }
}

#[test]
fn an_arrow_without_room_for_a_quotation_says_how_much_it_brings() {
    let mut tape = star(&["server", "a", "b", "c", "d", "e"]);
    tape.send(6, 6, 100, b"\x01\x02\x03");
    tape.recv(1, 106, 90, 120, b"\x01\x02\x03");
    let page = text(&tape.lines, &Drawing { width: 96, ..Drawing::default() });
    assert!(!page.contains("\"\"") && page.contains(" 3 B ─"), "{page}");
}

/// Words of letters, among them some that are wider than a narrow page, and wide ones.
fn sentence() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![9 => "[a-z0-9]{1,12}", 1 => "[a-z]{30,70}", 1 => "[日本語]{1,9}"],
        1..25,
    )
    .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_record_fits_every_page(
        names in prop::collection::vec("[a-zA-Z0-9 ._()<>-]{0,30}", 2..7),
        moves in prop::collection::vec(
            (0_usize..6, any::<bool>(), prop::collection::vec(any::<u8>(), 0..60), 0_u64..3_000_000, prop::option::of(sentence())),
            0..24,
        ),
    ) {
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let mut tape = star(&names);
        for (who, asks, bytes, t, note) in &moves {
            let id = 2 + u32::try_from(who % (names.len() - 1)).unwrap();
            let sides = [(id, id), (1, 100 + id)];
            let [(from, out), (to, into)] = if *asks { sides } else { [sides[1], sides[0]] };
            tape.send(from, out, 100 + t, bytes);
            if !bytes.is_empty() {
                tape.recv(to, into, 90 + t, 150 + t, bytes);
            }
            if let Some(note) = note {
                tape.note("custom", note);
            }
        }
        check(&tape.lines);
    }
}

/// Clients that send messages of these sizes, of which the server gets a part at a time.
fn crowd(clients: u32, sizes: &[(u64, u64)]) -> Tape {
    let mut tape = Tape::default();
    for n in 0..clients {
        let (own, peer) = (format!("127.0.0.1:{}", 40_001 + n), "127.0.0.1:7");
        tape.proc(2 + n, "client");
        tape.tcp(2 + n, Origin::Socket, 0, &own, peer);
        tape.tcp(102 + n, Origin::Accept, 0, peer, &own);
    }
    tape.proc(1, "server");
    for n in 0..clients {
        let t = u64::from(n) * 1_000;
        tape.call(2 + n, CallKind::Connect, 2 + n, t, t + 50, Ok(0));
        tape.call(1, CallKind::Accept, 102 + n, t, t + 60, Ok(4));
        for (k, &(asked, sent)) in (1..).zip(sizes) {
            let (t, size) = (t + 100 * k, i64::try_from(sent).unwrap());
            tape.call(2 + n, CallKind::Send, 2 + n, t, t + 10, Ok(size)).args.len = Some(asked);
            tape.call(1, CallKind::Recv, 102 + n, t, t + 20, Ok(size - 1_000));
            tape.call(1, CallKind::Recv, 102 + n, t + 30, t + 40, Ok(1_000));
        }
    }
    tape
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

proptest! {
    #[test]
    fn no_number_is_ever_in_two_pieces(
        clients in 1_u32..6,
        sizes in prop::collection::vec((0_u64..9_000_000, 2_000_u64..20_000_000), 1..4),
        width in 20_usize..140,
        ascii: bool,
    ) {
        let sizes: Vec<(u64, u64)> = sizes.into_iter().map(|(more, sent)| (sent + more, sent)).collect();
        let tape = crowd(clients, &sizes);
        let told = |&(asked, sent): &(u64, u64)| [asked, sent, sent - 1_000].map(grouped);
        let mut told: Vec<String> = sizes.iter().flat_map(told).collect();
        told.push("1,000".into());
        let drawing = Drawing { width, ascii, ..Drawing::default() };
        let mut live = Live::new(&drawing);
        for line in &tape.lines {
            live.hear(line);
        }
        for page in [text(&tape.lines, &drawing), live.take()] {
            let numbers = page.split(|c: char| !c.is_ascii_digit() && c != ',');
            let has_digit = |number: &&str| number.contains(|c: char| c.is_ascii_digit());
            for number in numbers.filter(|number| number.contains(',')).filter(has_digit) {
                prop_assert!(told.iter().any(|told| told == number), "{} of {:?}: {}", number, told, page);
            }
        }
    }
}
