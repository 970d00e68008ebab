//! What a receive of nothing means: the peer's end, one's own end, or a message that is empty.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tape;

use sock_ladder::{Drawing, Live, explain, mermaid, pair, svg, text};
use sock_record::{Family, Kind, Level, LinkKind, Origin, SockId};
use tape::{CLIENT, SERVER, Tape};

fn drawing() -> Drawing {
    Drawing { explain: true, ..Drawing::default() }
}

/// Two ends of a pair of datagram sockets; one sends nothing, then something.
fn empty_datagram() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    for (id, mate) in [(1, 2), (2, 1)] {
        let sock = tape.sock(id, Kind::Dgram, Origin::Pair, 0);
        (sock.family, sock.mate) = (Family::Unix, Some(SockId(mate)));
    }
    tape.send(CLIENT, 1, 100, b"");
    tape.recv(SERVER, 2, 120, 130, b"");
    tape.send(CLIENT, 1, 200, b"x");
    tape.recv(SERVER, 2, 220, 230, b"x");
    tape.close(CLIENT, 1, 300);
    tape.close(SERVER, 2, 310);
    tape
}

#[test]
fn an_empty_datagram_is_a_message_and_no_end() {
    let tape = empty_datagram();
    let links = pair(&tape.lines).links;
    let kinds: Vec<&LinkKind> = links.iter().map(|paired| &paired.link.kind).collect();
    assert_eq!(kinds, [&LinkKind::Dgram, &LinkKind::Dgram]);
    assert_eq!(explain(&tape.lines), []);
    let mut live = Live::new(&drawing());
    tape.lines.iter().for_each(|line| live.hear(line));
    let pages = [
        text(&tape.lines, &drawing()),
        svg(&tape.lines, &drawing()),
        mermaid(&tape.lines, &drawing()),
        live.take(),
    ];
    for page in pages {
        assert!(page.contains("recv 0 B") && page.contains("send 0 B"), "{page}");
        assert!(!page.contains("end") || !page.contains("0 B: end"), "{page}");
        assert!(!page.contains("FIN"), "{page}");
    }
}

#[test]
fn an_end_is_never_met_before_it_is_made() {
    let mut tape = Tape::connected(7);
    tape.recv(SERVER, 2, 100, 200, b"");
    tape.close(CLIENT, 1, 30_000);
    let links = pair(&tape.lines).links;
    assert!(links.iter().all(|paired| paired.link.kind != LinkKind::Fin), "{links:?}");
}

#[test]
fn a_receive_that_its_own_side_ended_met_no_end_of_the_peer() {
    for how in ["SHUT_RDWR", "SHUT_RD"] {
        let mut tape = Tape::connected(7);
        tape.recv(SERVER, 2, 100, 60_000, b"");
        tape.shutdown(SERVER, 2, 59_900).args.how = Some(how.into());
        tape.close(SERVER, 2, 70_000);
        tape.close(CLIENT, 1, 80_000);
        let links = pair(&tape.lines).links;
        let ends = links.iter().filter(|paired| paired.link.kind == LinkKind::Fin);
        assert_eq!(ends.count(), 0, "{links:?}");
        let page = text(&tape.lines, &Drawing { width: 100, ..drawing() });
        assert!(page.contains("recv 0 B: its own shutdown"), "{page}");
        assert!(explain(&tape.lines).iter().all(|note| note.code != "end"), "{page}");
        for page in [svg(&tape.lines, &drawing()), mermaid(&tape.lines, &drawing())] {
            assert!(page.contains("its own shutdown") && !page.contains("0 B: end"), "{page}");
        }
    }
}

#[test]
fn an_end_that_was_met_before_stays_the_peers() {
    let mut tape = Tape::connected(7);
    tape.close(CLIENT, 1, 100);
    tape.recv(SERVER, 2, 90, 130, b"");
    tape.shutdown(SERVER, 2, 150).args.how = Some("SHUT_RDWR".into());
    tape.recv(SERVER, 2, 160, 170, b"");
    let page = text(&tape.lines, &drawing());
    assert!(page.contains("recv 0 B: end") && !page.contains("its own"), "{page}");
}

#[test]
fn a_unix_socket_without_names_is_not_its_own_peer() {
    let mut tape = Tape::default();
    let name = || Some("unnamed".to_owned());
    let sock = tape.sock(1, Kind::Stream, Origin::Passed, 0);
    (sock.family, sock.local, sock.peer) = (Family::Unix, name(), name());
    tape.send(CLIENT, 1, 10, b"out");
    tape.recv(CLIENT, 1, 20, 30, b"in");
    let pairing = pair(&tape.lines);
    assert!(pairing.mates.is_empty() && pairing.links.is_empty(), "{pairing:?}");
}

#[test]
fn what_is_said_of_the_whole_bears_its_code() {
    let mut tape = Tape::connected(7);
    tape.note("ring", "server used io_uring");
    if let Some(sock_record::Line::Note(note)) = tape.lines.last_mut() {
        (note.ev, note.level) = (None, Level::Warn);
    }
    let gap = r#"{"type":"gap","sock":2,"kernel_out":0,"seen_out":0,"kernel_in":5,"seen_in":0,"why":null}"#;
    tape.lines.extend(sock_record::Reader::new(gap.as_bytes()).map(Result::unwrap));
    let page = text(&tape.lines, &drawing());
    assert!(page.contains("server used io_uring [ring]\n"), "{page}");
    assert!(page.contains("not seen on socket 2: 5 B received [gap]\n"), "{page}");
    let plain = text(&tape.lines, &Drawing::default());
    assert!(!plain.contains("[ring]") && !plain.contains("[gap]"), "{plain}");
}
