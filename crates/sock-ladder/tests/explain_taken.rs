//! What comes of an address that somebody could not have, for those who call there.

mod tape;

use serde_json::json;
use sock_ladder::explain;
use sock_record::{CallKind, Kind, Line, Origin};
use tape::{CLIENT, SERVER, Tape};

fn about(lines: &[Line], code: &str) -> Vec<String> {
    tape::every_note_is_drawn(lines);
    let notes = explain(lines).into_iter().filter(|note| note.code == code);
    notes.map(|note| note.text).collect()
}

/// A server whose bind to port 9111 fails with `err`, and a client that calls there later, with `came` of it.
fn unbound(err: &str, came: Result<i64, &str>, deed: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = Tape::default();
    tape.proc(CLIENT, "client").proc(SERVER, "server");
    tape.sock(2, Kind::Stream, Origin::Socket, 0);
    let bind = tape.call(SERVER, CallKind::Bind, 2, 10, 12, Err(err));
    bind.args.addr = Some("127.0.0.1:9111".into());
    bind.args
        .more
        .insert("holder".into(), json!({"name": "python3", "pid": 99, "state": "LISTEN"}));
    deed(&mut tape);
    tape.sock(1, Kind::Stream, Origin::Socket, 900).peer = Some("127.0.0.1:9111".into());
    let connect = tape.call(CLIENT, CallKind::Connect, 1, 1_012, 1_020, came);
    connect.args.addr = Some("127.0.0.1:9111".into());
    tape
}

#[test]
fn a_refusal_where_a_bind_had_failed_names_that_bind() {
    let refused =
        |err, deed: fn(&mut Tape)| about(&unbound(err, Err("ECONNREFUSED"), deed).lines, "refused");
    let expected = |err: &str, cure: &str| {
        format!(
            "refused: nobody listens on 127.0.0.1:9111, because the bind of server failed there ({err}) 1.0 ms earlier; {cure}"
        )
    };
    let again = "look at why, and start it again";
    assert_eq!(refused("EADDRINUSE", |_| ()), [expected("EADDRINUSE", again)]);
    assert_eq!(refused("EADDRNOTAVAIL", |_| ()), [expected("EADDRNOTAVAIL", again)]);
    let elsewhere = refused("EADDRINUSE", |tape| {
        tape.sock(3, Kind::Stream, Origin::Socket, 20).local = Some("127.0.0.1:9112".into());
        tape.call(SERVER, CallKind::Listen, 3, 21, 22, Ok(0));
    });
    let there = "it listens on 127.0.0.1:9112 instead: connect to that";
    assert_eq!(elsewhere, [expected("EADDRINUSE", there)]);
}

#[test]
fn who_connects_where_a_bind_had_failed_has_met_somebody_else() {
    let met =
        |deed: fn(&mut Tape)| about(&unbound("EADDRINUSE", Ok(0), deed).lines, "other-server");
    let expected = "client is connected to python3 (pid 99), which has 127.0.0.1:9111, and not to server, whose bind had failed \
                    there (EADDRINUSE): stop that program, or take another port for both";
    assert_eq!(met(|_| ()), [expected]);
    let at_last = met(|tape| {
        tape.sock(3, Kind::Stream, Origin::Socket, 20).local = Some("127.0.0.1:9111".into());
        tape.call(SERVER, CallKind::Listen, 3, 21, 22, Ok(0));
    });
    assert_eq!(at_last, [""; 0], "it got there after all");
}

#[test]
fn a_datagram_to_where_a_bind_had_failed_has_met_somebody_else() {
    let sent = |err: &str| {
        let mut tape = Tape::default();
        tape.proc(CLIENT, "client").proc(SERVER, "server");
        tape.sock(2, Kind::Dgram, Origin::Socket, 0);
        let bind = tape.call(SERVER, CallKind::Bind, 2, 10, 12, Err(err));
        bind.args.addr = Some("127.0.0.1:5353".into());
        bind.args.more.insert("holder".into(), json!({"name": "dnsd", "pid": 99}));
        tape.udp(1, "127.0.0.1:40000");
        tape.send(CLIENT, 1, 100, b"hi").args.addr = Some("127.0.0.1:5353".into());
        ["other-server", "nobody-bound"].map(|code| about(&tape.lines, code))
    };
    let other = "client sent to dnsd (pid 99), which has 127.0.0.1:5353, and not to server, whose bind had failed there \
                 (EADDRINUSE): stop that program, or take another port for both";
    assert_eq!(sent("EADDRINUSE"), [vec![other.to_owned()], vec![]]);
    let nobody = "sent into the void: no program of this record was bound to 127.0.0.1:5353, because the bind of server had \
                  failed there (EACCES), and UDP does not tell the sender; look at why, and start it again";
    assert_eq!(sent("EACCES"), [vec![], vec![nobody.to_owned()]]);
}
