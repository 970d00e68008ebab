//! One peer wired to standard input and output: every order of ends, and datagrams.

mod pump;

use std::time::Duration;

use pump::Pump;
use sock_proto::protocols::{Framing, Stdio, Wiring};
use sock_proto::{By, Command, Endpoint, How, Kind, Peer, Reason};

const NET: Peer = Peer::FIRST;

/// A conversation whose peer has just opened, and the peer that is the screen.
fn wired(wiring: Wiring, kind: Kind) -> (Pump<Stdio>, Peer) {
    let mut pump = Pump::new(Stdio::new(wiring));
    pump.open(NET, kind);
    let screen = pump.dialled[0].clone();
    assert_eq!((screen.1, pump.dialled.len()), (Endpoint::Stdio, 1));
    (pump, screen.0)
}

fn closed(pump: &mut Pump<Stdio>, peer: Peer, how: How) {
    let reason = Reason { by: By::Peer, how };
    pump.session.closed(peer, reason, &mut pump.cx);
    pump.flush();
}

const ENDED: [Command; 2] = [Command::Finish, Command::Close];

#[test]
fn each_end_is_passed_on_and_the_other_direction_goes_on() {
    let (mut pump, screen) = wired(Wiring::default(), Kind::Stream);
    pump.data(screen, b"question");
    pump.eof(screen);
    assert_eq!((pump.text(NET).as_str(), pump.commands(NET)), ("question", &ENDED[..1]));
    pump.data(NET, b"late answer");
    pump.eof(NET);
    assert_eq!(pump.text(screen), "late answer");
    assert_eq!((pump.commands(NET), pump.commands(screen)), (&ENDED[..], &ENDED[..]));
    assert!(pump.session.is_done());

    let (mut pump, screen) = wired(Wiring::default(), Kind::Stream);
    pump.data(NET, b"all");
    pump.eof(NET);
    assert_eq!((pump.text(screen).as_str(), pump.commands(screen)), ("all", &ENDED[..1]));
    pump.data(screen, b"still said");
    pump.eof(screen);
    assert_eq!(pump.text(NET), "still said");
    assert!(pump.session.is_done());
}

#[test]
fn each_side_is_read_only_while_the_other_has_room() {
    let (mut pump, screen) = wired(Wiring::default(), Kind::Stream);
    for (from, into) in [(NET, screen), (screen, NET)] {
        pump.takes.insert(into, 0);
        let mut held = 0;
        while pump.session.wants_read(from, &pump.cx) {
            pump.data(from, &[b'x'; 10_000]);
            held += 10_000;
            assert!(held <= 140_000, "nothing stops the reading");
        }
        pump.takes.clear();
        pump.flush();
        assert!(pump.session.wants_read(from, &pump.cx));
        assert_eq!(pump.heard[&into].sent.concat().len(), held);
    }
}

#[test]
fn a_peer_that_is_gone_ends_it_all_once_its_last_bytes_are_shown() {
    for how in [How::Reset, How::Timeout, How::Unreachable] {
        let (mut pump, screen) = wired(Wiring::default(), Kind::Stream);
        pump.takes.insert(screen, 3);
        pump.data(NET, b"last words");
        closed(&mut pump, NET, how);
        assert_eq!((pump.text(screen).as_str(), pump.commands(screen)), ("las", &[][..]));
        pump.takes.clear();
        pump.flush();
        assert_eq!(pump.text(screen), "last words");
        // Somebody may sit at the keyboard for ever: nobody waits for an end of input.
        assert_eq!(pump.commands(screen), ENDED);
        assert!(pump.session.is_done());
    }
}

#[test]
fn who_reads_the_output_no_more_ends_it_all() {
    let (mut pump, screen) = wired(Wiring::default(), Kind::Stream);
    pump.takes.insert(NET, 0);
    pump.data(screen, b"never read");
    closed(&mut pump, screen, How::Reset);
    // The peer may send without end: nobody waits for that either.
    assert_eq!(pump.commands(NET), [Command::Abort]);
    assert!(pump.session.is_done());
}

#[test]
fn the_words_that_end_it_may_come_in_pieces() {
    let wiring = Wiring { until: b"250 OK".to_vec(), ..Wiring::default() };
    let (mut pump, screen) = wired(wiring, Kind::Stream);
    for piece in [&b"220 2"[..], b"50 ", b"25", b"0 O"] {
        pump.data(NET, piece);
    }
    assert_eq!(pump.commands(NET), []);
    pump.data(NET, b"K\r\nmore");
    pump.data(NET, b"unheard");
    assert_eq!(pump.text(screen), "220 250 250 OK\r\nmore");
    assert_eq!(pump.commands(NET), [Command::Finish]);
    pump.eof(NET);
    assert_eq!((pump.commands(NET), pump.commands(screen)), (&ENDED[..], &ENDED[..]));
}

#[test]
fn who_only_sends_shows_nothing_and_ends_with_its_input() {
    let wiring = Wiring { send_only: true, ..Wiring::default() };
    let (mut pump, screen) = wired(wiring.clone(), Kind::Stream);
    pump.data(NET, b"hidden");
    pump.data(screen, b"said");
    pump.eof(screen);
    assert_eq!((pump.text(NET).as_str(), pump.text(screen).as_str()), ("said", ""));
    assert_eq!(pump.commands(NET), [Command::Finish]);

    let (mut pump, screen) = wired(wiring, Kind::Datagram);
    pump.data(screen, b"said");
    pump.eof(screen);
    assert_eq!(
        (&pump.heard[&NET].sent[..], pump.commands(NET)),
        (&[b"said".to_vec()][..], &ENDED[..])
    );
    assert!(pump.session.is_done());
}

#[test]
fn input_is_cut_into_datagrams_as_asked() {
    for (framing, expected) in [
        (Framing::Line, vec![&b"one\n"[..], b"\n", b"two\r\n", b"end"]),
        (Framing::Size(4), vec![b"one\n", b"\ntwo", b"\r\nen", b"d"]),
        (Framing::Size(0), b"one\n\ntwo\r\nend".chunks(1).collect()),
        (Framing::All, vec![b"one\n\ntwo\r\nend"]),
    ] {
        for pieces in [vec![&b"one\n\ntwo\r\nend"[..]], b"one\n\ntwo\r\nend".chunks(1).collect()] {
            let wiring = Wiring { framing, ..Wiring::default() };
            let (mut pump, screen) = wired(wiring, Kind::Datagram);
            for piece in pieces {
                pump.data(screen, piece);
            }
            pump.eof(screen);
            assert_eq!(pump.heard[&NET].sent, expected, "{framing:?}");
        }
    }
}

#[test]
fn what_no_datagram_holds_leaves_as_several() {
    let wiring = Wiring { framing: Framing::All, ..Wiring::default() };
    let (mut pump, screen) = wired(wiring, Kind::Datagram);
    for _ in 0..10 {
        pump.data(screen, &b"x".repeat(20_000));
    }
    pump.eof(screen);
    let lengths: Vec<_> = pump.heard[&NET].sent.iter().map(Vec::len).collect();
    assert_eq!(lengths, [65_507, 65_507, 65_507, 3479]);
}

#[test]
fn datagrams_end_when_nothing_came_for_long_enough_after_the_input() {
    let wait = Duration::from_secs(1);
    let wiring = Wiring { wait_reply: Some(wait), ..Wiring::default() };
    let (mut pump, screen) = wired(wiring, Kind::Datagram);
    pump.data(screen, b"hi\n");
    pump.wait(wait * 10);
    pump.eof(screen);
    pump.wait(wait / 2);
    pump.data(NET, b"one");
    pump.data(NET, b"");
    pump.wait(wait / 2);
    pump.data(NET, b"two");
    pump.wait(Duration::from_nanos(999_999_999));
    assert_eq!(pump.commands(NET), []);
    pump.wait(Duration::from_nanos(1));
    assert_eq!((pump.commands(NET), pump.commands(screen)), (&ENDED[..], &ENDED[..]));
    assert_eq!((pump.text(NET).as_str(), pump.text(screen).as_str()), ("hi\n", "onetwo"));
    assert!(pump.session.is_done());
}
