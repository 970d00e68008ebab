//! What a session owes an engine that has many peers: who is named, and who is not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use core::time::Duration;

use sock_proto::protocols::Echo;
use sock_proto::{
    Command, Context, Input, Limits, Link, Out, Pauses, Peer, Protocol, Session, Time,
};

fn at(ms: u64) -> Time {
    Time::ZERO + Duration::from_millis(ms)
}

/// Opens `n` peers of a shared session, as an engine does.
fn shared<P: Protocol>(protocol: P, n: u64, cx: &mut Context) -> (Session<P>, Vec<Peer>) {
    let mut session = Session::answer(protocol);
    let peers = (1..=n)
        .map(|conn| {
            let peer = session.join();
            session.open(peer, &Link::stream(conn), cx);
            while session.command(peer, cx).is_some() {}
            peer
        })
        .collect();
    while session.active().is_some() {}
    (session, peers)
}

fn active<P: Protocol>(session: &mut Session<P>) -> Vec<Peer> {
    std::iter::from_fn(|| session.active()).collect()
}

#[test]
fn a_limit_that_passes_for_one_peer_names_no_other() {
    let limits = Limits { idle: Some(Duration::from_millis(100)), ..Limits::default() };
    let mut cx = Context::new(limits, Duration::ZERO, 1);
    let (mut session, peers) = shared(Echo, 3, &mut cx);
    cx.now = at(50);
    session.data(peers[1], b"x", cx.now, &mut cx);
    session.sent(peers[1], 1, cx.now, &mut cx);
    assert_eq!(session.command(peers[1], &mut cx), None);
    active(&mut session);
    cx.now = at(100);
    assert_eq!(session.deadline(), Some(cx.now));
    session.tick(&mut cx);
    assert_eq!(session.expired(&mut cx), Some(peers[0]));
    assert_eq!(session.expired(&mut cx), Some(peers[2]));
    assert_eq!(session.expired(&mut cx), None);
    assert_eq!(active(&mut session), []);
    assert_eq!(session.deadline(), Some(at(150)), "the limit moved with what moved");
}

#[test]
fn a_pause_that_ends_names_whom_it_held() {
    let pauses = Pauses { read: Duration::from_millis(10), ..Pauses::default() };
    let mut cx = Context::new(Limits { pauses, ..Limits::default() }, Duration::ZERO, 1);
    let (mut session, peers) = shared(Echo, 3, &mut cx);
    cx.now = at(10);
    assert_eq!(session.expired(&mut cx), None);
    assert_eq!(active(&mut session), peers);
    session.data(peers[2], b"x", cx.now, &mut cx);
    session.sent(peers[2], 1, cx.now, &mut cx);
    assert_eq!(session.command(peers[2], &mut cx), None);
    active(&mut session);
    assert!(session.wants_read(peers[0], &cx) && !session.wants_read(peers[2], &cx));
    cx.now = at(20);
    assert_eq!(session.deadline(), Some(cx.now));
    assert_eq!(session.expired(&mut cx), None);
    assert_eq!(active(&mut session), [peers[2]]);
    assert!(session.wants_read(peers[2], &cx));
}

/// Passes what the first peer sends on to a second, which feeds on the first.
#[derive(Default)]
struct Forward {
    to: Option<Peer>,
}

impl Protocol for Forward {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match (input, self.to) {
            (Input::Open, None) => {
                let to = out.dial("udp:9".parse().unwrap());
                out.feeds(Peer::FIRST, to);
                self.to = Some(to);
            }
            (Input::Data(bytes), Some(to)) => out.to(to).send(bytes),
            (
                Input::Open
                | Input::Data(_)
                | Input::Eof
                | Input::Drained
                | Input::Timeout
                | Input::Stop
                | Input::Closed(_),
                _,
            ) => {}
        }
    }
}

#[test]
fn a_datagram_that_cannot_be_sent_makes_room_for_who_feeds_the_peer() {
    let mut cx = Context::new(Limits { relayed: 4, ..Limits::default() }, Duration::ZERO, 1);
    let mut session = Session::answer(Forward::default());
    session.open(Peer::FIRST, &Link::stream(1), &mut cx);
    let (to, _) = session.dial().unwrap();
    assert!(!session.wants_read(Peer::FIRST, &cx));
    active(&mut session);
    session.open(to, &Link { called: true, ..Link::datagram(2) }, &mut cx);
    assert_eq!(active(&mut session), [Peer::FIRST], "it may be read now");
    session.data(Peer::FIRST, b"large", cx.now, &mut cx);
    assert!(!session.wants_read(Peer::FIRST, &cx));
    active(&mut session);
    session.unsendable(to, "too large", &mut cx);
    assert!(session.wants_read(Peer::FIRST, &cx));
    assert_eq!(active(&mut session), [Peer::FIRST]);
}

/// Feeds each of two peers to the other, and says nothing of its own.
#[derive(Default)]
struct Relay {
    second: Option<Peer>,
}

impl Protocol for Relay {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let peer = out.peer();
        match (input, self.second) {
            (Input::Open, None) if peer != Peer::FIRST => {
                out.feeds(Peer::FIRST, peer);
                out.feeds(peer, Peer::FIRST);
                self.second = Some(peer);
            }
            (Input::Data(bytes), Some(second)) if peer == Peer::FIRST => out.to(second).send(bytes),
            (Input::Data(bytes), Some(_)) => out.to(Peer::FIRST).send(bytes),
            (
                Input::Open
                | Input::Data(_)
                | Input::Eof
                | Input::Drained
                | Input::Timeout
                | Input::Stop
                | Input::Closed(_),
                _,
            ) => {}
        }
    }
}

/// Two peers that feed each other: the first has sent more than the second's outbox takes.
fn relay_that_is_full(cx: &mut Context) -> (Session<Relay>, [Peer; 2]) {
    let (mut session, peers) = shared(Relay::default(), 2, cx);
    session.data(peers[0], &vec![0; 300_000], cx.now, cx);
    assert!(!session.wants_read(peers[0], cx), "the other side is full");
    active(&mut session);
    (session, [peers[0], peers[1]])
}

fn impatient() -> Context {
    let limits = Limits { idle: Some(Duration::from_millis(100)), ..Limits::default() };
    Context::new(limits, Duration::ZERO, 1)
}

#[test]
fn who_is_not_read_is_not_silent() {
    let mut cx = impatient();
    let (mut session, [first, second]) = relay_that_is_full(&mut cx);
    for step in 1..=5 {
        // The second takes a little, now and then: it is alive, and the first still waits.
        cx.now = at(step * 90);
        session.sent(second, 10, cx.now, &mut cx);
        assert_eq!(session.command(second, &mut cx), None);
        assert_eq!(session.command(first, &mut cx), None);
        assert_eq!(session.expired(&mut cx), None, "at {} ms", step * 90);
    }
    session.sent(second, 300_000, cx.now, &mut cx);
    assert!(session.wants_read(first, &cx));
    assert_eq!(session.command(first, &mut cx), None);
    cx.now = at(540);
    assert_eq!(session.expired(&mut cx), None, "its silence began when it could be read again");
}

#[test]
fn two_sides_that_do_not_read_do_not_hold_each_other_for_ever() {
    let mut cx = impatient();
    let (mut session, [first, second]) = relay_that_is_full(&mut cx);
    session.data(second, &vec![0; 300_000], cx.now, &mut cx);
    assert_eq!(session.command(first, &mut cx), None);
    assert_eq!(session.command(second, &mut cx), None);
    cx.now = at(100);
    assert_eq!(session.expired(&mut cx), Some(first));
    assert_eq!(session.expired(&mut cx), None, "the second can be read again");
    cx.now = at(200);
    assert_eq!(session.expired(&mut cx), Some(second));
}

#[test]
fn the_programs_own_side_takes_the_time_that_it_takes() {
    let mut cx = impatient();
    let mut session = Session::call(Echo);
    let link = Link { conn: Link::OWN_SIDE, ..Link::stream(1) };
    session.open(Peer::FIRST, &link, &mut cx);
    session.data(Peer::FIRST, b"x", cx.now, &mut cx);
    cx.now = at(10_000);
    assert_eq!(session.command(Peer::FIRST, &mut cx), None);
    assert_eq!((session.deadline(), session.expired(&mut cx)), (None, None));
}

/// Says what it is told to say to a peer, without ever having heard from it.
struct Speaker;

impl Protocol for Speaker {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(b"abort") => out.abort(),
            Input::Data(bytes) => {
                out.send(bytes);
                out.finish();
            }
            Input::Open
            | Input::Drained
            | Input::Eof
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}

/// A piece that the kernel has is out of reach: what is said meanwhile comes behind it, a stall copies
/// nothing of it, and it lies where it lay.
#[test]
fn a_piece_that_is_lent_neither_grows_nor_moves() {
    let mut cx = Context::new(Limits::default(), Duration::ZERO, 1);
    let (mut session, peers) = shared(Echo, 1, &mut cx);
    let peer = peers[0];
    session.data(peer, &[b'a'; 1000], cx.now, &mut cx);
    let lent = session.lend(peer, cx.now, &cx).unwrap();
    let lies = lent.bytes().as_ptr();
    assert!(session.is_lent(peer) && !session.wants_read(peer, &cx));
    session.data(peer, &[b'b'; 10], cx.now, &mut cx);
    session.stalled(peer, &mut cx);
    assert_eq!(session.output(peer, &cx), None, "nothing overtakes it");
    assert!(session.lend(peer, cx.now, &cx).is_none());
    assert_eq!(session.command(peer, &mut cx), None);
    assert_eq!((lent.bytes(), lent.bytes().as_ptr()), (&[b'a'; 1000][..], lies));
    session.take_back(peer, lent, Some(999), &mut cx);
    assert_eq!(session.output(peer, &cx), Some(&b"a"[..]), "what is left of it comes first");
    session.sent(peer, 1, cx.now, &mut cx);
    assert_eq!(session.output(peer, &cx), Some(&[b'b'; 10][..]));
    let lent = session.lend(peer, cx.now, &cx).unwrap();
    session.take_back(peer, lent, None, &mut cx);
    assert_eq!(session.output(peer, &cx), Some(&[b'b'; 10][..]), "nothing of it was taken");
}

#[test]
fn an_end_waits_for_what_is_lent() {
    let mut cx = Context::new(Limits::default(), Duration::ZERO, 1);
    let (mut session, peers) = shared(Speaker, 1, &mut cx);
    session.data(peers[0], b"farewell", cx.now, &mut cx);
    let lent = session.lend(peers[0], cx.now, &cx).unwrap();
    assert_eq!(session.command(peers[0], &mut cx), None);
    session.take_back(peers[0], lent, Some(8), &mut cx);
    assert_eq!(session.command(peers[0], &mut cx), Some(Command::Finish));
}

/// What comes back to a peer that has been let go is nobody's, and was counted as unsent.
#[test]
fn a_peer_may_be_cut_short_while_a_piece_is_lent() {
    let mut cx = Context::new(Limits::default(), Duration::ZERO, 1);
    let (mut session, peers) = shared(Speaker, 1, &mut cx);
    session.data(peers[0], b"farewell", cx.now, &mut cx);
    let lent = session.lend(peers[0], cx.now, &cx).unwrap();
    session.data(peers[0], b"abort", cx.now, &mut cx);
    assert_eq!(session.command(peers[0], &mut cx), Some(Command::Abort));
    assert_eq!(lent.bytes(), b"farewell");
    session.take_back(peers[0], lent, Some(8), &mut cx);
    assert_eq!((cx.tally.sent, session.is_lent(peers[0])), (0, false));
}
