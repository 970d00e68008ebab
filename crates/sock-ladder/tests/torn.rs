//! Connections that a close tears down: what goes out there is RST, whether or not anybody notices.

mod tape;

use serde_json::json;
use sock_ladder::{Drawing, Live, explain, html, mermaid, svg, text};
use sock_record::{CallKind, Level, Line};
use tape::{CLIENT, SERVER, Tape};

/// The server reads a part and closes; the client, which no call has told of it, closes later. `deed` changes how.
fn torn(unread: u64, deed: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"0123456789");
    tape.recv(SERVER, 2, 70, 120, b"0123").args.len = Some(4);
    let close = tape.close(SERVER, 2, 200);
    close.args.more.insert("state".into(), json!("ESTABLISHED"));
    close.args.more.insert("unread".into(), json!(unread));
    deed(&mut tape);
    let state = if unread > 0 { "CLOSE" } else { "CLOSE_WAIT" };
    tape.close(CLIENT, 1, 900).args.more.insert("state".into(), json!(state));
    tape
}

fn sentences(tape: &Tape, code: &str) -> Vec<(Level, String)> {
    let notes = explain(&tape.lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| (note.level, note.text)).collect()
}

#[test]
fn a_close_with_bytes_unread_is_drawn_as_the_reset_that_it_is() {
    let tape = torn(6, |_| ());
    let drawing = Drawing { explain: true, ..Drawing::default() };
    let page = text(&tape.lines, &drawing);
    let row = |what: &str| page.lines().find(|line| line.contains(what)).unwrap_or(&page);
    assert!(row("RST").contains("╳") && row("RST").contains("┤   close"), "{page}");
    assert!(!page.contains("─ FIN ─"), "{page}");
    // The client's own close has nobody to tell.
    let own = page.lines().rfind(|line| line.contains("close"));
    assert!(own.is_some_and(|line| !line.contains('─')), "{page}");
    let diagram = mermaid(&tape.lines, &drawing);
    assert!(diagram.contains("RST") && !diagram.contains(": FIN"), "{diagram}");
    for picture in [svg(&tape.lines, &drawing), html(&tape.lines, &drawing)] {
        assert_eq!(picture.matches("class=\"arrow reset\"").count(), 1);
        assert_eq!(picture.matches("class=\"arrow fin\"").count(), 0);
    }
    // With nothing unread both are ends.
    let orderly = text(&torn(0, |_| ()).lines, &drawing);
    assert_eq!((orderly.matches(" FIN ").count(), orderly.matches("RST").count()), (2, 0));
}

#[test]
fn a_reset_is_drawn_live_as_well() {
    let tape = torn(6, |_| ());
    let mut live = Live::new(&Drawing::default());
    let mut lines = tape.lines.clone();
    for line in &mut lines {
        if let Line::Sock(sock) = line {
            sock.mate = Some(sock_record::SockId(3 - sock.sock.0));
        }
        live.hear(line);
    }
    tape_end(&mut live);
    let page = live.take();
    assert!(page.contains("RST") && !page.contains("FIN"), "{page}");
}

fn tape_end(live: &mut Live) {
    let mut tape = Tape::default();
    tape.end(2_000);
    tape.lines.iter().for_each(|line| live.hear(line));
}

#[test]
fn a_descriptor_that_others_hold_and_a_pair_are_not_torn() {
    let held = torn(6, |tape| {
        let Some(Line::Call(close)) = tape.lines.last_mut() else { return };
        close.args.more.insert("held_by".into(), json!([{"proc": 3, "fd": 4}]));
    });
    assert!(!text(&held.lines, &Drawing::default()).contains("RST"));
    let mut unix = torn(6, |_| ());
    for line in &mut unix.lines {
        if let Line::Sock(sock) = line {
            sock.family = sock_record::Family::Unix;
        }
    }
    assert!(!text(&unix.lines, &Drawing::default()).contains("RST"));
}

#[test]
fn who_has_read_the_error_receives_nothing_after_a_reset() {
    let tape = torn(6, |tape| {
        tape.call(CLIENT, CallKind::Getsockopt, 1, 400, 401, Ok(0))
            .args
            .more
            .extend([("name".into(), json!("SO_ERROR")), ("value".into(), json!("ECONNRESET"))]);
        tape.recv(CLIENT, 1, 500, 501, b"");
    });
    let page = text(&tape.lines, &Drawing::default());
    assert!(page.contains("RST") && !page.contains("─ FIN ─"), "{page}");
}

#[test]
fn bytes_unread_at_a_programs_end_are_told_too() {
    let by_end = |client: u64, server: u64| {
        let mut tape = Tape::connected(7);
        tape.send(CLIENT, 1, 100, b"0123456789");
        for (proc, sock, t) in [(CLIENT, 1, client), (SERVER, 2, server)] {
            let close = tape.close(proc, sock, t);
            close.args.more.insert("by".into(), json!("exit"));
            close.args.more.insert("unread".into(), json!(if proc == SERVER { 10 } else { 0 }));
        }
        tape
    };
    let tape = by_end(900, 400);
    let told = "server ended, which closed its socket with 10 B unread: the kernel sends RST instead of FIN, and client \
                may lose what is on its way to it; read to the end before closing";
    assert_eq!(sentences(&tape, "closed-unread"), [(Level::Warn, told.to_owned())]);
    let mut tape = by_end(400, 900);
    let gone = "server ended, which closed its socket with 10 B unread: they are lost, and client, which had closed before, \
                never hears of it; read to the end before closing";
    assert_eq!(sentences(&tape, "closed-unread"), [(Level::Info, gone.to_owned())]);
    tape.note(
        "stopped",
        "sock ended server here (SIGTERM): the last program had ended, and this one went on",
    );
    let stopped = "server was ended by sock, which closed its socket with 10 B unread: it had not received them by then";
    assert_eq!(sentences(&tape, "closed-unread"), [(Level::Info, stopped.to_owned())]);
}
