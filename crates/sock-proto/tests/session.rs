//! What a session owes an engine that has many peers: who is named, and who is not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use core::time::Duration;

use sock_proto::protocols::Echo;
use sock_proto::{Context, Input, Limits, Link, Out, Pauses, Peer, Protocol, Session, Time};

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
