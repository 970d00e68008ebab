//! Records that were cut off: what their last line had not told by then may have happened after it.

mod tape;

use sock_ladder::{Drawing, explain, text};
use sock_record::{CallKind, Line, Meta, Origin};
use tape::{CLIENT, SERVER, Tape};

/// What a tracer had written.
fn traced(mut tape: Tape) -> Tape {
    tape.lines.insert(0, Meta::new("trace").into());
    tape
}

fn page(tape: &Tape) -> String {
    text(&tape.lines, &Drawing { width: 100, ..Drawing::default() })
}

fn codes(lines: &[Line]) -> Vec<String> {
    explain(lines).into_iter().map(|note| note.code).collect()
}

/// A server that listens, and a client that is connected to it and has sent something.
fn knocked() -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(2, sock_record::Kind::Stream, Origin::Socket, 0).local = Some("127.0.0.1:7".into());
    tape.call(SERVER, CallKind::Listen, 2, 5, 6, Ok(0));
    tape.tcp(1, Origin::Socket, 0, "127.0.0.1:40000", "127.0.0.1:7");
    tape.call(CLIENT, CallKind::Connect, 1, 10, 50, Ok(0)).args.addr = Some("127.0.0.1:7".into());
    traced(tape)
}

#[test]
fn what_was_sent_before_the_cut_may_still_be_read() {
    let mut tape = traced(Tape::connected(7));
    tape.send(CLIENT, 1, 100, b"hello");
    let drawn = page(&tape);
    assert!(drawn.contains("not read by then") && !drawn.contains("never"), "{drawn}");
    // Who had closed reads no more.
    let mut closed = traced(Tape::connected(7));
    closed.send(CLIENT, 1, 100, b"hello");
    closed.close(SERVER, 2, 200);
    assert!(page(&closed).contains("never read"), "{}", page(&closed));
    // And of a record that is whole nothing else is known.
    tape.end(1_000);
    assert!(page(&tape).contains("never read"), "{}", page(&tape));
}

#[test]
fn who_was_not_accepted_before_the_cut_is_not_said_to_wait_for_ever() {
    let mut tape = knocked();
    let drawn = page(&tape);
    assert!(drawn.contains("not accepted by then") && !drawn.contains("never"), "{drawn}");
    assert!(!codes(&tape.lines).contains(&"never-accepted".to_owned()));
    tape.end(1_000);
    assert!(page(&tape).contains("never accepted"), "{}", page(&tape));
    assert!(codes(&tape.lines).contains(&"never-accepted".to_owned()));
}

#[test]
fn a_datagram_that_was_on_its_way_at_the_cut_is_not_lost() {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.udp(1, "127.0.0.1:40000");
    tape.udp(2, "127.0.0.1:7");
    tape.call(SERVER, CallKind::Bind, 2, 5, 6, Ok(0)).args.addr = Some("127.0.0.1:7".into());
    tape.send(CLIENT, 1, 100, b"hello").args.addr = Some("127.0.0.1:7".into());
    let mut tape = traced(tape);
    let drawn = page(&tape);
    assert!(drawn.contains("not received by then") && !drawn.contains("never"), "{drawn}");
    assert!(!codes(&tape.lines).contains(&"not-received".to_owned()));
    tape.end(1_000);
    assert!(page(&tape).contains("never received"), "{}", page(&tape));
    assert!(codes(&tape.lines).contains(&"not-received".to_owned()));
}
