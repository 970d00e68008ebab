//! Urgent bytes that nobody received: they were sent, so they are drawn, and they may be why a connection was reset.

mod tape;

use sock_ladder::{Drawing, explain, html, mermaid, svg, text};
use sock_record::{Call, CallKind, Line};
use tape::{CLIENT, SERVER, Tape};

/// A call that moved `n` bytes, the last of them urgent.
fn urgent(tape: &mut Tape, who: u32, kind: CallKind, (sock, t): (u32, u64), n: i64) {
    let call: &mut Call = tape.call(who, kind, sock, t, t + 10, Ok(n));
    (call.dir, call.args.flags) = (None, vec!["MSG_OOB".into()].into());
}

/// The client sends 5 bytes and `n` with the last of them urgent; the server receives the 5.
fn sent(n: i64) -> Tape {
    let mut tape = Tape::connected(7);
    tape.send(CLIENT, 1, 100, b"hello");
    urgent(&mut tape, CLIENT, CallKind::Send, (1, 200), n);
    tape.recv(SERVER, 2, 300, 310, b"hello");
    tape
}

fn rows(lines: &[Line]) -> Vec<String> {
    let page = text(lines, &Drawing { width: 80, ..Drawing::default() });
    page.lines().filter(|line| line.contains("urgent")).map(str::to_owned).collect()
}

#[test]
fn an_urgent_byte_that_nobody_received_is_drawn_once() {
    let mut tape = sent(1);
    tape.end(1_000);
    let drawn = rows(&tape.lines);
    assert!(drawn.len() == 1 && drawn[0].contains("send 1 B urgent"), "{drawn:?}");
    assert!(
        drawn[0].contains("1 B urgent ") && !drawn[0].contains('►'),
        "it went nowhere: {drawn:?}"
    );
    let drawing = Drawing::default();
    for page in [svg(&tape.lines, &drawing), html(&tape.lines, &drawing)] {
        assert!(page.contains("urgent"), "{page}");
    }
    let diagram = mermaid(&tape.lines, &drawing);
    assert!(diagram.lines().any(|line| line.ends_with("--xP1: send 1 B urgent")), "{diagram}");
}

#[test]
fn those_that_went_with_it_are_in_the_stream_and_it_is_not() {
    let mut tape = sent(3);
    tape.recv(SERVER, 2, 320, 330, b"xy");
    let drawn = rows(&tape.lines);
    assert_eq!(drawn.iter().filter(|row| row.contains("send 3 B urgent")).count(), 1, "{drawn:?}");
    assert_eq!(drawn.iter().filter(|row| row.contains(" 1 B urgent ")).count(), 1, "{drawn:?}");
    // Who asked for it has it, and it is not drawn again.
    urgent(&mut tape, SERVER, CallKind::Recv, (2, 340), 1);
    let drawn = rows(&tape.lines);
    assert_eq!(drawn.iter().filter(|row| row.contains(" 1 B urgent ")).count(), 1, "{drawn:?}");
    assert!(drawn.iter().any(|row| row.contains("recv 1 B urgent")), "{drawn:?}");
}

#[test]
fn an_urgent_byte_in_the_place_that_it_has_in_the_stream_is_one_of_the_others() {
    let mut tape = Tape::connected(7);
    let option = tape.call(SERVER, CallKind::Setsockopt, 2, 70, 71, Ok(0));
    option.args.more.insert("name".into(), "SO_OOBINLINE".into());
    urgent(&mut tape, CLIENT, CallKind::Send, (1, 200), 3);
    tape.recv(SERVER, 2, 300, 310, b"xyz");
    let drawn = rows(&tape.lines);
    assert!(drawn.len() == 1 && drawn[0].contains("\"xyz\""), "{drawn:?}");
}

#[test]
fn an_urgent_byte_that_lay_there_at_the_close_is_why_the_kernel_sent_a_reset() {
    let told = |tape: &mut Tape| {
        tape.close(SERVER, 2, 400);
        tape.call(CLIENT, CallKind::Recv, 1, 220, 410, Err("ECONNRESET"));
        let notes = explain(&tape.lines).into_iter().filter(|note| note.code == "reset");
        notes.map(|note| note.text).collect::<Vec<_>>()
    };
    let why = "reset: server closed its socket with the urgent byte (MSG_OOB) that client had sent still in its buffer, so the \
               kernel sent RST instead of FIN; receive to the end (0 B) before closing";
    assert_eq!(told(&mut sent(1)), [why]);
    // Who asks for it gets a copy.
    let mut tape = sent(1);
    urgent(&mut tape, SERVER, CallKind::Recv, (2, 320), 1);
    assert_eq!(told(&mut tape), [why]);
    // A receive that found nothing else has passed over it.
    let mut tape = sent(1);
    tape.call(SERVER, CallKind::Recv, 2, 320, 321, Err("EAGAIN"));
    assert!(!told(&mut tape)[0].contains("urgent"));
}
