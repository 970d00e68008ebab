//! What went by ways that the record does not have is told as that, and not as lost; what is only likely looks so.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use sock_ladder::{Drawing, Live, mermaid, pair, svg, text};
use sock_record::{Level, Line, LinkHow, Note, Reader, SockId};
use tape::{CLIENT, SERVER, Tape};

/// A client that is connected, with the other end of each socket named as a tracer names it.
fn connected() -> Tape {
    let mut tape = Tape::connected(7);
    for line in &mut tape.lines {
        if let Line::Sock(sock) = line {
            sock.mate = Some(SockId(3 - sock.sock.0));
        }
    }
    tape
}

/// Of the bytes that arrived at the server the record has `seen`, and the kernel counted `kernel`.
fn gap(tape: &mut Tape, kernel: u64, seen: u64) {
    let gap = format!(
        r#"{{"type":"gap","sock":2,"kernel_out":0,"seen_out":0,"kernel_in":{kernel},"seen_in":{seen},"why":null}}"#
    );
    tape.lines.extend(Reader::new(gap.as_bytes()).map(Result::unwrap));
}

/// A client sends 5 bytes to a server whose calls are not in the record.
fn through_a_ring(arrived: u64) -> Vec<Line> {
    let mut tape = connected();
    tape.send(CLIENT, 1, 100, b"hello");
    if arrived > 0 {
        gap(&mut tape, arrived, 0);
    }
    tape.end(1_000);
    tape.lines
}

fn pages(lines: &[Line]) -> [String; 4] {
    let drawing = Drawing { width: 100, ..Drawing::default() };
    let mut live = Live::new(&drawing);
    for line in lines {
        live.hear(line);
    }
    [text(lines, &drawing), svg(lines, &drawing), mermaid(lines, &drawing), live.take()]
}

#[test]
fn what_was_taken_unseen_was_not_lost() {
    for page in pages(&through_a_ring(5)) {
        assert!(page.contains("not seen") && !page.contains("never read"), "{page}");
    }
    let [page, ..] = pages(&through_a_ring(5));
    assert!(page.contains("\"hello\" not seen"), "{page}");
    let narrow = text(&through_a_ring(5), &Drawing { width: 51, ..Drawing::default() });
    assert!(narrow.contains("5 B not seen"), "{narrow}");
}

#[test]
fn what_nobody_took_was_never_read() {
    for page in pages(&through_a_ring(0)) {
        assert!(page.contains("never read") && !page.contains("not seen"), "{page}");
    }
}

#[test]
fn who_may_have_accepted_through_a_ring_may_have_read_as_well() {
    let page = |ring: bool| {
        let mut tape = Tape::default();
        tape.proc(CLIENT, "client").proc(SERVER, "server");
        tape.sock(9, sock_record::Kind::Stream, sock_record::Origin::Socket, 0).local =
            Some("127.0.0.1:7".into());
        tape.call(SERVER, sock_record::CallKind::Listen, 9, 0, 1, Ok(0));
        tape.tcp(1, sock_record::Origin::Socket, 5, "127.0.0.1:40000", "127.0.0.1:7");
        tape.call(CLIENT, sock_record::CallKind::Connect, 1, 5, 9, Ok(0));
        tape.send(CLIENT, 1, 20, b"hello");
        let text_of = "server used io_uring: what went through it was not seen".to_owned();
        let note = Note { ev: None, code: "ring".into(), level: Level::Warn, text: text_of };
        tape.lines.extend(ring.then(|| note.into()));
        text(&tape.lines, &Drawing { width: 100, ..Drawing::default() })
    };
    assert!(page(true).contains("\"hello\" not seen"), "{}", page(true));
    assert!(page(false).contains("\"hello\" never read"), "{}", page(false));
}

#[test]
fn bytes_that_disagree_are_drawn_as_likely_only() {
    let [sure, likely] = [b"abc", b"abd"].map(|got| {
        let mut tape = connected();
        tape.send(CLIENT, 1, 100, b"abc");
        tape.recv(SERVER, 2, 110, 150, got);
        pages(&tape.lines)
    });
    let row = |page: &str| page.lines().find(|row| row.contains("send 3 B")).unwrap().to_owned();
    assert!(row(&sure[0]).contains('─') && !row(&sure[0]).contains('╌'), "{}", sure[0]);
    assert!(row(&likely[0]).contains('╌') && !row(&likely[0]).contains('─'), "{}", likely[0]);
    assert!(
        likely[1].contains(r#"class="arrow guess"#) && !sure[1].contains(r#"class="arrow guess"#)
    );
    assert!(likely[1].contains("long dashes for bytes that are likely"), "{}", likely[1]);
    assert!(likely[2].contains("-->>") && !sure[2].contains("-->>"), "{}", likely[2]);
}

#[test]
fn where_bytes_went_unseen_places_are_certain_no_more() {
    let how = |sent: &[u8], got: &[u8]| {
        let mut tape = connected();
        tape.send(CLIENT, 1, 100, sent).data = (!sent.is_empty()).then(|| sent.into());
        tape.recv(SERVER, 2, 110, 150, got);
        gap(&mut tape, 9, 3);
        pair(&tape.lines)
            .links
            .into_iter()
            .find(|paired| paired.link.off.is_some())
            .map(|paired| paired.link.how)
    };
    assert_eq!(how(b"abc", b"abc"), Some(LinkHow::Content));
    assert_eq!(how(b"abc", b"xyz"), Some(LinkHow::Guess));
}
