//! Pictures of much at once: nothing stands upon words.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use roxmltree::{Document, Node};
use sock_ladder::{Drawing, svg};
use sock_record::{CallKind, Line, Origin};
use tape::{CLIENT, SERVER, Tape};

/// What takes room: a name, left, top, right, bottom.
type Area = (String, [f64; 4]);

/// Letters, each with the number of its caption and its middle.
type Letters = Vec<(usize, [f64; 2])>;

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// The boxes of a picture, and the words beside its lanes; and the letters of the words on its arrows, each with the number of
/// its arrow.
fn areas(lines: &[Line]) -> ([Vec<Area>; 2], Letters) {
    let svg = svg(lines, &Drawing { explain: true, fold: false, ..Drawing::default() });
    let document = Document::parse(&svg).unwrap();
    let (mut boxes, mut words, mut letters) = (Vec::new(), Vec::new(), Vec::new());
    let mut captions = 0;
    for node in document.descendants() {
        let class = node.attribute("class").unwrap_or_default();
        let text = node.text().unwrap_or_default().to_owned();
        // A letter is 7.2 pixels wide, and 9 of its 12 stand above its line.
        let wide = 7.2 * f64::from(u32::try_from(text.chars().count()).unwrap());
        let written = |from: f64| {
            let (x, y) = (number(&node, "x") - from * wide, number(&node, "y"));
            [x, y - 9.0, x + wide, y + 1.0]
        };
        match class {
            "box" | "box in" | "box open" | "box in open" => {
                let [x, y, width, height] =
                    ["x", "y", "width", "height"].map(|name| number(&node, name));
                boxes.push(("box".to_owned(), [x, y, x + width, y + height]));
            }
            "word" => words.push((text, written(0.0))),
            "word end" => words.push((text, written(1.0))),
            "caption" => {
                let turn = node.attribute("transform").map_or(0.0, |turn| {
                    let angle = turn.trim_start_matches("rotate(").split(' ').next().unwrap();
                    angle.parse::<f64>().unwrap().to_radians()
                });
                let (x, y) = (number(&node, "x"), number(&node, "y") - 4.0);
                let mut along = (7.2 - wide) / 2.0;
                captions += 1;
                while along < wide / 2.0 {
                    letters.push((captions, [x + along * turn.cos(), y + along * turn.sin()]));
                    along += 7.2;
                }
            }
            _ => {}
        }
    }
    ([boxes, words], letters)
}

fn apart(one: &[Area], other: &[Area]) {
    for (n, (name, a)) in one.iter().enumerate() {
        // Of the same list, each pair once.
        let from = if std::ptr::eq(one, other) { n + 1 } else { 0 };
        for (other, b) in &other[from..] {
            let meet = a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
            assert!(!meet, "{name} {a:?} and {other} {b:?}");
        }
    }
}

/// How many captions there are, none of whose letters stands upon one of another.
fn legible(letters: &[(usize, [f64; 2])]) -> usize {
    for (n, (caption, a)) in letters.iter().enumerate() {
        for (other, b) in letters[n + 1..].iter().filter(|(other, _)| other != caption) {
            assert!((a[0] - b[0]).hypot(a[1] - b[1]) > 7.0, "{caption} and {other} at {a:?}");
        }
    }
    letters.last().map_or(0, |(captions, _)| *captions)
}

/// A server with a thread for each of four clients, who all wait at the same time.
fn threads(is_known: bool) -> Tape {
    let tid = |n: u64| is_known.then(|| u32::try_from(n).unwrap());
    let mut tape = Tape::default();
    tape.proc(1, "server");
    for n in 0..4_u64 {
        let id = 2 + u32::try_from(n).unwrap();
        let (own, peer) = (format!("127.0.0.1:{}", 40_000 + id), "127.0.0.1:9111");
        tape.proc(id, "client");
        tape.tcp(id, Origin::Socket, 0, &own, peer);
        tape.tcp(100 + id, Origin::Accept, 60, peer, &own);
        tape.call(id, CallKind::Connect, id, 10 * n, 10 * n + 5, Ok(0));
        tape.call(1, CallKind::Accept, 100 + id, 10 * n, 10 * n + 8, Ok(4)).tid = tid(1);
        tape.send(id, id, 1_000 + 100 * n, b"hello");
        tape.recv(1, 100 + id, 60 + n, 1_050 + 100 * n, b"hello").tid = tid(10 + n);
        tape.send(1, 100 + id, 1_060 + 100 * n, b"world").tid = tid(10 + n);
        tape.recv(id, id, 1_015 + 100 * n, 1_090 + 100 * n, b"world");
    }
    tape
}

#[test]
fn words_stand_beside_the_boxes_of_all_threads_and_an_arrow_ends_at_its_own() {
    let lines = threads(false).lines;
    let ([boxes, words], letters) = areas(&lines);
    apart(&boxes, &words);
    apart(&words, &words);
    assert!(boxes.len() > 20 && words.len() > 20, "{boxes:?}");
    assert_eq!(legible(&letters), 8);
    // Four receives at a time, each on a place of its own.
    apart(&boxes, &boxes);
    let svg = svg(&lines, &Drawing { fold: false, ..Drawing::default() });
    let document = Document::parse(&svg).unwrap();
    for arrow in
        document.descendants().filter(|node| node.attribute("class") == Some("arrow bytes"))
    {
        let line = arrow.children().find(|node| node.has_tag_name("line")).unwrap();
        for (x, y) in [("x1", "y1"), ("x2", "y2")] {
            let (x, y) = (number(&line, x), number(&line, y));
            let is_at = |[left, top, right, bottom]: [f64; 4]| {
                ((x - left).abs() < 0.1 || (x - right).abs() < 0.1)
                    && (top - 1.0..=bottom + 1.0).contains(&y)
            };
            assert!(boxes.iter().any(|(_, at)| is_at(*at)), "{x} {y}: {boxes:?}");
        }
    }
}

#[test]
fn each_thread_has_a_column_of_boxes() {
    let lines = threads(true).lines;
    let ([boxes, words], letters) = areas(&lines);
    apart(&boxes, &boxes);
    apart(&boxes, &words);
    assert_eq!(legible(&letters), 8);
    let lane = boxes.iter().map(|(_, at)| at[0]).fold(0.0, f64::max) - 100.0;
    let mut columns: Vec<f64> = boxes.iter().map(|(_, at)| at[0]).filter(|x| *x > lane).collect();
    assert_eq!(columns.len(), 12, "of the server: {columns:?}");
    columns.sort_by(f64::total_cmp);
    // Who accepted is gone by then, and its place is free.
    let counts = columns.chunk_by(|a, b| (a - b).abs() < 0.1).map(<[f64]>::len).collect::<Vec<_>>();
    assert_eq!(counts, [6, 2, 2, 2]);
    assert!(svg(&lines, &Drawing::default()).contains("side by side"));
}

#[test]
fn words_on_steep_arrows_do_not_stand_upon_each_other() {
    let mut tape = Tape::connected(9111);
    // So many sends before the first receive that every arrow is steep.
    let bytes = [b'x'; 200];
    for n in 0..16 {
        tape.send(CLIENT, 1, 100 + 20 * n, &bytes);
    }
    for n in 0..32 {
        tape.recv(SERVER, 2, 900 + 20 * n, 910 + 20 * n, &bytes[..100]);
    }
    let ([boxes, words], letters) = areas(&tape.lines);
    apart(&boxes, &words);
    let captions = legible(&letters);
    assert!(captions > 8, "{captions}");
}

/// A relay between a client and a server: its words stand between the lanes as well.
#[test]
fn words_on_arrows_give_way_to_words_beside_a_lane_in_the_middle() {
    let mut tape = Tape::default();
    let (front, back) = ("127.0.0.1:9111", "127.0.0.1:9222");
    let (client, own) = ("127.0.0.1:40001", "127.0.0.1:40002");
    for (id, name) in (1..).zip(["client", "relay", "server"]) {
        tape.proc(id, name);
    }
    tape.tcp(1, Origin::Socket, 0, client, front);
    tape.tcp(2, Origin::Accept, 0, front, client);
    tape.tcp(3, Origin::Socket, 0, own, back);
    tape.tcp(4, Origin::Accept, 0, back, own);
    tape.call(1, CallKind::Connect, 1, 10, 15, Ok(0));
    tape.call(2, CallKind::Accept, 2, 10, 18, Ok(4));
    tape.call(2, CallKind::Connect, 3, 20, 25, Ok(0));
    tape.call(3, CallKind::Accept, 4, 20, 28, Ok(4));
    let bytes = [b'z'; 320];
    tape.send(1, 1, 100, &bytes);
    for n in 0..5 {
        tape.recv(2, 2, 110 + 40 * n, 120 + 40 * n, &bytes[..64]);
        tape.send(2, 3, 130 + 40 * n, &bytes[..64]);
        tape.send(2, 2, 140 + 40 * n, b"so far");
    }
    tape.recv(3, 4, 90, 400, &bytes[..100]);
    tape.recv(3, 4, 410, 420, &bytes[..220]);
    tape.recv(1, 1, 90, 500, &[b's'; 12]);
    let (areas, letters) = areas(&tape.lines);
    for (word, [left, top, right, bottom]) in &areas[1] {
        let is_on = |(_, [x, y]): &&(usize, [f64; 2])| {
            (left - 2.0..right + 2.0).contains(x) && (top - 2.0..bottom + 2.0).contains(y)
        };
        assert_eq!(letters.iter().find(is_on), None, "{word}");
    }
    assert!(legible(&letters) > 12);
}

#[test]
fn names_of_lanes_do_not_stand_upon_each_other() {
    let mut tape = threads(false);
    let long = ["a", "b", "c", "d"].map(|n| format!("a-client-that-has-a-long-name-{n}.py"));
    for (id, name) in (2..).zip(&long) {
        tape.proc(id, name);
    }
    // Addresses that are longer than names.
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            for end in [&mut sock.local, &mut sock.peer].into_iter().flatten() {
                *end = end.replace("127.0.0.1", "[2001:db8:1234:5678:9abc:def0:1234:5678]");
            }
        }
    }
    let svg = svg(&tape.lines, &Drawing::default());
    let document = Document::parse(&svg).unwrap();
    for (class, wide) in [("name", 8.0), ("under", 7.2)] {
        let names = document.descendants().filter(|node| node.attribute("class") == Some(class));
        let areas = names.map(|node| {
            let (x, text) = (number(&node, "x"), node.text().unwrap());
            let half = wide * f64::from(u32::try_from(text.chars().count()).unwrap()) / 2.0;
            assert!(x - half >= 0.0, "{text}");
            (text.to_owned(), [x - half, 0.0, x + half, 1.0])
        });
        let areas: Vec<Area> = areas.collect();
        assert!(areas.len() >= 5);
        apart(&areas[..5], &areas[..5]);
        // Of an address that is too long its port is left, which tells it from the others.
        assert!(
            class == "name" || areas[..5].iter().any(|(text, _)| text == ":40003"),
            "{areas:?}"
        );
    }
}
