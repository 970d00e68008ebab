//! SVG, HTML, Mermaid and the joined record: what they look like, that they are well formed, and that nothing in a record
//! becomes markup.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use proptest::prelude::*;
use roxmltree::{Document, Node};
use sock_ladder::{Drawing, html, joined, mermaid, svg};
use sock_record::{CallKind, Line, Writer};
use tape::{CLIENT, SERVER, Tape};

fn drawing() -> Drawing {
    Drawing { explain: true, ..Drawing::default() }
}

/// Three sends that are one receive, an answer in two parts, and an end.
fn merged() -> Tape {
    let mut tape = Tape::connected(9111);
    for (n, bytes) in [&b"hello "[..], b"big ", b"world\n"].into_iter().enumerate() {
        tape.send(CLIENT, 1, 100 + 20 * n as u64, bytes);
    }
    tape.recv(SERVER, 2, 70, 180, b"hello big world\n");
    tape.send(SERVER, 2, 200, b"HELLO BIG WORLD\n");
    tape.recv(CLIENT, 1, 170, 230, b"HELLO").args.len = Some(5);
    tape.recv(CLIENT, 1, 240, 250, b" BIG WORLD\n");
    tape.shutdown(CLIENT, 1, 300);
    tape.recv(SERVER, 2, 220, 330, b"");
    tape.close(SERVER, 2, 400_000);
    tape.close(CLIENT, 1, 401_000);
    tape
}

/// Everything that could break out of where it stands.
fn hostile() -> Tape {
    let mut tape = Tape::connected(9111);
    tape.proc(CLIENT, "</text><script>alert(1)</script>\u{202e}");
    tape.proc(SERVER, "a;b#c\nEnd %% \" onload='x'");
    let bytes: &[&[u8]] = &[
        b"</script><img src=x onerror=alert(1)>",
        b"]]>&amp;&#0;<!--",
        b"\x1b[2J\x00\xff\x7f\r\n\t\"\\",
        "\u{202e}\u{2028}\u{2029}\u{fffe}\u{ffff}\u{feff}".as_bytes(),
    ];
    for (n, bytes) in (0..).zip(bytes) {
        tape.send(CLIENT, 1, 100 + 50 * n, bytes);
        tape.recv(SERVER, 2, 90 + 50 * n, 120 + 50 * n, bytes);
        tape.note("</svg>", "<b onclick='x'>&\u{1b}[31m\u{202e};#</b>");
    }
    tape
}

/// The pictures of an HTML page, the hidden ones among them.
fn pictures(page: &str) -> Vec<&str> {
    let starts = page.match_indices("<svg ").map(|found| &page[found.0..]);
    starts.map(|rest| &rest[..rest.find("</svg>").unwrap() + 6]).collect()
}

/// Whether a picture has only what a picture needs, and no text that the reader would not see.
fn check(svg: &str) {
    let document = Document::parse(svg).unwrap();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let known = ["svg", "title", "style", "rect", "line", "path", "text", "g"];
        assert!(known.contains(&name), "<{name}>");
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(!name.starts_with("on") && !["href", "style", "src"].contains(&name), "{name}");
        }
    }
    let is_unsafe = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
    };
    assert!(!svg.contains(is_unsafe));
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn class<'d>(node: &Node<'d, '_>) -> &'d str {
    node.attribute("class").unwrap_or_default()
}

#[test]
fn three_sends_that_are_one_receive_as_svg() {
    let svg = svg(&merged().lines, &drawing());
    check(&svg);
    // The style is a file of its own.
    let (start, end) = (svg.find("<style>").unwrap(), svg.find("</style>").unwrap());
    insta::assert_snapshot!(format!("{}{}", &svg[..start], &svg[end + 9..]));
}

#[test]
fn three_sends_that_are_one_receive_as_mermaid() {
    insta::assert_snapshot!(mermaid(&merged().lines, &drawing()));
}

#[test]
fn hostile_text_as_mermaid() {
    insta::assert_snapshot!(mermaid(&hostile().lines, &drawing()));
}

#[test]
fn the_joined_record_has_links_and_notes() {
    let lines = joined(&merged().lines);
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    for line in lines.iter().filter(|line| matches!(line, Line::Link(_) | Line::Note(_))) {
        writer.write(line).unwrap();
    }
    insta::assert_snapshot!(String::from_utf8(file).unwrap());
    assert_eq!(joined(&lines), lines);
}

#[test]
fn arrows_point_down_and_boxes_stand_on_lanes() {
    let svg = svg(&merged().lines, &drawing());
    let document = Document::parse(&svg).unwrap();
    let of =
        |name: &str| document.descendants().filter(|node| class(node) == name).collect::<Vec<_>>();
    let lines = of("line");
    // connect, three sends, two receives of the answer, two ends.
    assert_eq!(lines.len(), 8);
    assert!(lines.iter().all(|line| number(line, "y1") <= number(line, "y2")));
    let posts: Vec<f64> = of("lane").iter().map(|lane| number(lane, "x1")).collect();
    for name in ["box", "box in"] {
        for each in of(name) {
            let middle = number(&each, "x") + number(&each, "width") / 2.0;
            assert!(posts.iter().any(|lane| (lane - middle).abs() < 0.1));
            assert!(number(&each, "height") >= 4.0);
        }
    }
    // The server's receive waited from before the first send until after the third.
    let waited = of("box in").into_iter().map(|node| number(&node, "height")).fold(0.0, f64::max);
    assert!(waited > 60.0, "{waited}");
    // 400 ms are a break, and its length stands beside it.
    assert_eq!(of("break word").len(), 1);
    assert_eq!(of("break word")[0].text(), Some("⋯ 400 ms ⋯"));
}

#[test]
fn an_end_that_nobody_met_overtakes_no_bytes_and_its_words_stand_free() {
    let mut tape = Tape::connected(12000);
    tape.send(SERVER, 2, 100, b"HELLO FROM TCP CLIENT");
    tape.close(SERVER, 2, 110);
    tape.recv(CLIENT, 1, 90, 400, b"HELLO FROM TCP CLIENT");
    tape.close(CLIENT, 1, 500);
    let svg = svg(&tape.lines, &drawing());
    let document = Document::parse(&svg).unwrap();
    let arrow = |kind: &str| {
        let group = document.descendants().find(|node| class(node) == format!("arrow {kind}"));
        let part = |name: &str| group.unwrap().children().find(|node| class(node) == name).unwrap();
        let line = part("line");
        let words = part("caption");
        ([number(&line, "y1"), number(&line, "y2")], number(&words, "x"), number(&words, "y"))
    };
    let (bytes, fin) = (arrow("bytes"), arrow("fin"));
    assert!(fin.0[0] > bytes.0[0] && fin.0[1] > bytes.0[1], "{bytes:?} {fin:?}");
    assert!((fin.1 - bytes.1).abs() > 90.0 || (fin.2 - bytes.2).abs() > 12.0, "{bytes:?} {fin:?}");
}

#[test]
fn a_sentence_has_the_code_under_which_a_page_says_more() {
    let lines = merged().lines;
    for picture in [svg(&lines, &drawing()), html(&lines, &drawing()), mermaid(&lines, &drawing())]
    {
        assert!(picture.contains("[merged]"), "{picture}");
    }
}

#[test]
fn a_sentence_stands_on_paper_above_every_line() {
    let mut lines = merged().lines;
    lines.extend(hostile().lines);
    for picture in [svg(&lines, &drawing()), pictures(&html(&lines, &drawing()))[1].to_owned()] {
        let document = Document::parse(&picture).unwrap();
        let all: Vec<Node<'_, '_>> = document.descendants().collect();
        let lines = ["lane", "leader", "line", "head", "gap", "box", "box in"];
        let last = all.iter().rposition(|node| lines.contains(&class(node))).unwrap();
        let sentences: Vec<usize> =
            (0..all.len()).filter(|&n| class(&all[n]) == "sentence").collect();
        assert!(sentences.len() > 3 && sentences[0] > last, "{sentences:?} {last}");
        for n in sentences {
            let parts = |name: &str| -> Vec<Node<'_, '_>> {
                let here = all[n].children().filter(|node| class(node).starts_with(name));
                here.collect()
            };
            let paper = parts("paper")[0];
            let [x, y, width, height] =
                ["x", "y", "width", "height"].map(|name| number(&paper, name));
            for note in parts("note") {
                let (left, base) = (number(&note, "x"), number(&note, "y"));
                let letters = note.text().unwrap().chars().count();
                let right = left + 7.2 * f64::from(u32::try_from(letters).unwrap());
                assert!(x < left && right < x + width, "{x} {left} {right} {width}");
                // A letter of 12 pixels, from below its line to above.
                assert!(y <= base - 11.0 && base + 2.0 <= y + height, "{y} {base} {height}");
            }
        }
    }
}

#[test]
fn nothing_in_a_record_becomes_markup() {
    for ascii in [false, true] {
        let drawing = Drawing { ascii, ..drawing() };
        let lines = hostile().lines;
        let picture = svg(&lines, &drawing);
        check(&picture);
        assert!(!ascii || picture.is_ascii());
        let page = html(&lines, &drawing);
        pictures(&page).into_iter().for_each(check);
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script>").count(), 2);
        for tag in ["<img", "<b ", "<!--", "onload='", "</svg>\"", "\u{202e}"] {
            assert!(!page.contains(tag), "{tag}");
        }
    }
}

#[test]
fn a_page_allows_its_own_script_and_nothing_else() {
    let page = html(&merged().lines, &drawing());
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap();
    let policy = &policy[..policy.find('"').unwrap()];
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"));
    for outside in
        ["http://", "https://", " src=", " href=", "@import", "url(", " style=", " onclick="]
    {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(outside), "{outside}");
    }
    let data = page.split("id=\"data\">").nth(1).unwrap();
    let data: serde_json::Value =
        serde_json::from_str(&data[..data.find("</script>").unwrap()]).unwrap();
    let calls = data["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 13);
    assert!(calls[3][4].as_str().unwrap().contains("\"hello \""), "{}", calls[3][4]);
    // Each arrow names the two calls that it joins.
    assert!(page.contains("<g class=\"arrow bytes\" data-ev=\"3 6\">"));
}

/// An echo in which no message is like the one before.
fn echo(times: u64) -> Tape {
    let mut tape = Tape::connected(9111);
    for n in 0..times {
        let bytes = vec![b'x'; usize::try_from(n % 97 + 1).unwrap()];
        tape.send(CLIENT, 1, 100 + 100 * n, &bytes);
        tape.recv(SERVER, 2, 95 + 100 * n, 130 + 100 * n, &bytes);
    }
    tape
}

#[test]
fn what_is_long_has_pages_and_says_what_it_leaves_out() {
    let lines = echo(12_000).lines;
    let page = html(&lines, &drawing());
    assert_eq!(page.matches("<template ").count(), 39);
    assert!(page.contains("<p>2,001 more rows are not drawn</p>"), "10,000 of 12,001");
    assert!(page.len() < 12_000_000, "{}", page.len());
    let picture = svg(&lines, &drawing());
    assert!(picture.contains("10,501 more rows are not drawn"));
    let diagram = mermaid(&lines, &drawing());
    assert_eq!(diagram.lines().filter(|line| line.contains(">>")).count(), 400);
    assert!(diagram.contains(
        "Note over P0,P1: 11,601 more rows are not drawn: a diagram has 400 messages at most"
    ));
    assert!(diagram.len() < 50_000, "Mermaid's limit: {}", diagram.len());
}

#[test]
fn what_repeats_is_one_line_of_a_picture() {
    let mut tape = Tape::connected(9111);
    for n in 0..1_000 {
        tape.send(CLIENT, 1, 100 + 100 * n, b"same");
        tape.recv(SERVER, 2, 95 + 100 * n, 130 + 100 * n, b"same");
    }
    for picture in [
        svg(&tape.lines, &drawing()),
        html(&tape.lines, &drawing()),
        mermaid(&tape.lines, &drawing()),
    ] {
        assert!(picture.contains("× 998 the same, median 30 µs"));
        assert!(picture.len() < 40_000);
    }
}

#[test]
fn a_record_that_was_written_down_late_points_down_all_the_same() {
    let mut tape = Tape::connected(9111);
    tape.send(CLIENT, 1, 500, b"late");
    tape.recv(SERVER, 2, 100, 300, b"late");
    let open = tape.call(CLIENT, CallKind::Recv, 1, 600, 600, Ok(0));
    (open.exit, open.ret) = (None, None);
    let svg = svg(&tape.lines, &drawing());
    let document = Document::parse(&svg).unwrap();
    let lines = document.descendants().filter(|node| class(node) == "line");
    assert!(lines.into_iter().all(|line| number(&line, "y1") <= number(&line, "y2")));
    assert!(svg.contains("class=\"box in open\""), "a receive that never returned");
}

#[test]
fn four_clients_and_their_server_fit_a_window() {
    let mut tape = Tape::default();
    tape.proc(9, "select_server.py");
    for client in 1..=4 {
        tape.proc(client, "client.py");
        let (own, peer) = (format!("127.0.0.1:{}", 40_000 + client), "127.0.0.1:50007");
        tape.tcp(client, sock_record::Origin::Socket, 0, &own, peer);
        tape.tcp(10 + client, sock_record::Origin::Accept, 0, peer, &own);
        tape.call(client, CallKind::Connect, client, 0, 50, Ok(0));
        tape.call(9, CallKind::Accept, 10 + client, 0, 60, Ok(4));
        tape.send(client, client, 100, b"hello");
        tape.recv(9, 10 + client, 70, 120, b"hello");
        tape.close(client, client, 900_000);
        tape.recv(9, 10 + client, 130, 900_100, b"");
    }
    let page = html(&tape.lines, &drawing());
    assert!(page.contains("waited 900 ms"), "with words as long as they come");
    for picture in pictures(&page) {
        let width = number(&Document::parse(picture).unwrap().root_element(), "width");
        // A window of 1280, without the edges of the page and the bar at its side.
        assert!(width <= 1280.0 - 32.0 - 16.0, "{width}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_and_names_are_well_formed(
        names in (".*", "\\PC*"),
        moves in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40), 0_u64..3_000), 0..30),
        fold in any::<bool>(),
    ) {
        let mut tape = Tape::connected(9111);
        tape.proc(CLIENT, &names.0).proc(SERVER, &names.1);
        for (sends, bytes, t) in &moves {
            if *sends {
                tape.send(CLIENT, 1, 100 + t, bytes);
            } else {
                tape.recv(SERVER, 2, 100 + t, 150 + t, bytes);
            }
            tape.note(&names.1, &names.0);
        }
        let drawing = Drawing { fold, ..drawing() };
        check(&svg(&tape.lines, &drawing));
        let page = html(&tape.lines, &drawing);
        pictures(&page).into_iter().for_each(check);
        prop_assert_eq!(page.matches("</script>").count(), 2);
        for line in mermaid(&tape.lines, &drawing).lines().skip(1) {
            let line = line.strip_prefix("    ").unwrap();
            let known = ["participant P", "Note over P", "P"];
            prop_assert!(known.iter().any(|start| line.starts_with(start)), "{}", line);
            // A semicolon only ends a number.
            let numbers = line.match_indices('#').count();
            prop_assert_eq!(line.matches(';').count(), numbers, "{}", line);
        }
    }
}

#[test]
fn what_arrives_behind_a_fold_is_drawn_once_and_time_never_runs_back() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:1600");
    tape.udp(2, "127.0.0.1:7");
    for n in 0..20_u64 {
        let bytes = if n == 0 { "the first" } else { "a word" };
        tape.send(CLIENT, 1, 10 + 20 * n, bytes.as_bytes()).args.addr = Some("127.0.0.1:7".into());
    }
    tape.recv(SERVER, 2, 5, 9_000, b"the first").args.addr = Some("127.0.0.1:1600".into());
    for picture in [svg(&tape.lines, &Drawing::default()), html(&tape.lines, &Drawing::default())] {
        assert!(picture.contains("the same"), "there is a fold: {picture}");
        assert_eq!(picture.matches(">recv 9 B<").count(), 1, "{picture}");
        assert_eq!(picture.matches(">(1)<").count(), 2, "{picture}");
        let time = |line: &str| {
            let (_, text) = line.split_once("class=\"time\"")?.1.split_once('>')?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        let times: Vec<f64> = picture.lines().filter_map(time).collect();
        assert!(times.len() > 3 && times.is_sorted(), "{times:?}");
    }
}
