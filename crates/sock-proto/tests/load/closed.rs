//! The closed loop: the next message leaves when a reply has come.

use sock_proto::load::{Bulk, Cause, Check, Direction, Message, Turn, Until, When};
use sock_proto::protocols::{Ack, Echo, Greet, Upper};
use sock_proto::sim::{Cut, Node, Outcome, Sim, Wire};
use sock_proto::{Kind, Session, Time};

use crate::rig::{Notes, TURN, at, check, client, ms, order, run};

#[test]
fn one_at_a_time_each_reply_takes_two_trips() {
    let notes = Notes::default();
    let story = run(order(), &notes, Echo);
    let log = notes.log();
    assert_eq!(log.connected, [ms(2)]);
    // From 2 ms on, a message every 2 ms; the last leaves at 998 ms.
    assert_eq!(log.replies.len(), 499);
    assert!(log.latencies().iter().all(|latency| *latency == ms(2)), "{log:?}");
    assert_eq!((log.fired[0], log.fired[498]), (at(2), at(998)));
    assert_eq!((log.lost.len(), log.late.len(), log.odd.len()), (0, 0, 0));
    assert_eq!(log.sent, 499 * 4);
    let next = Turn { number: 500, ..TURN };
    assert_eq!(log.next, Some(next));
    assert_eq!(story.outcome(), Outcome::Done);
    log.check_sum();
}

#[test]
fn a_depth_keeps_so_many_under_way_and_answers_come_in_order() {
    let notes = Notes::default();
    let message = Message::parse(b"{n}\n").expect("a message");
    let mut order = order();
    order.when = When::Closed { depth: 16 };
    order.check = check("echo", &message, Kind::Stream);
    order.message = message;
    let _ = run(order, &notes, Echo);
    let log = notes.log();
    assert_eq!(log.replies.len(), 499 * 16);
    assert!(log.latencies().iter().all(|latency| *latency == ms(2)));
    assert!(log.lost.is_empty() && log.odd.is_empty(), "{:?}", log.odd);
    log.check_sum();
}

#[test]
fn replies_are_checked_as_the_service_makes_them_however_they_are_cut() {
    let text = "straße {n} {conn} {random:40}\n";
    for (name, cut) in [("echo", 1), ("upper", 3), ("ack", 1000)] {
        let notes = Notes::default();
        let message = Message::parse(text.as_bytes()).expect("a message");
        let mut order = order();
        order.check = check(name, &message, Kind::Stream);
        order.message = message;
        order.when = When::Closed { depth: 3 };
        let client = client(order, &notes);
        let sim = Sim::new(1).wire(Wire { cut: Cut::Every(cut), ..Wire::default() });
        let story = match name {
            "echo" => sim.run(client, Session::answer(Echo)),
            "upper" => sim.run(client, Session::answer(Upper::default())),
            _ => sim.run(client, Session::answer(Ack::default())),
        };
        let log = notes.log();
        assert!(log.replies.len() > 400, "{name}: {}", log.replies.len());
        assert!(log.lost.is_empty() && log.odd.is_empty(), "{name}: {:?}", log.odd);
        assert_eq!(story.outcome(), Outcome::Done);
        log.check_sum();
    }
}

#[test]
fn a_number_of_messages_ends_the_run_when_all_are_answered() {
    let notes = Notes::of(10);
    let mut order = order();
    (order.ends, order.when) = (Time::NEVER, When::Closed { depth: 4 });
    let story = run(order, &notes, Echo);
    assert_eq!(notes.log().replies.len(), 10);
    // 2 ms to connect; 4, 4 and 2 of them, 2 ms each; and two trips of the end.
    assert_eq!(story.ended(), at(9), "{story}");
    notes.log().check_sum();
}

#[test]
fn a_connection_for_one_message_ends_after_its_reply() {
    let notes = Notes::default();
    let mut order = order();
    order.once = true;
    let story = run(order, &notes, Echo);
    let log = notes.log();
    assert_eq!((log.replies.len(), log.connected.len()), (1, 1));
    assert_eq!(log.next, Some(Turn { number: 2, ..TURN }));
    assert_eq!(story.outcome(), Outcome::Done);
}

#[test]
fn a_reply_until_the_end_is_whole_when_the_peer_ends() {
    let notes = Notes::default();
    let mut order = order();
    order.message = Message::bytes(b"");
    order.until = Until::Close;
    order.check = check("greet", &order.message, Kind::Stream);
    let _ = run(order, &notes, Greet);
    let log = notes.log();
    assert_eq!(log.replies.len(), 1);
    assert_eq!(log.replies[0].bytes, 24);
    assert_eq!((log.lost.len(), log.odd.len()), (0, 0));
    // It speaks as soon as it has accepted: at 3 ms, heard at 4.
    assert_eq!(log.latencies(), [ms(2)]);
}

#[test]
fn lines_and_lengths_end_replies_too() {
    for (until, message, size) in [
        (Until::Line, &b"a line\n"[..], 7),
        (Until::Length(3), b"abc", 3),
        (Until::Same, b"abcd", 4),
    ] {
        let notes = Notes::default();
        let mut order = order();
        (order.until, order.check, order.message) =
            (until, Check::Nothing, Message::bytes(message));
        let _ = run(order, &notes, Echo);
        let log = notes.log();
        assert_eq!(log.replies.len(), 499, "{until}");
        assert!(log.replies.iter().all(|reply| reply.bytes == size), "{until}");
        log.check_sum();
    }
}

#[test]
fn a_stop_lets_what_is_under_way_come_back() {
    let notes = Notes::default();
    let client = Node::from(client(order(), &notes)).stops(at(101));
    let _ = Sim::new(1).run(client, Session::answer(Echo));
    let log = notes.log();
    // The one that left at 100 ms comes back at 102.
    assert_eq!(log.replies.len(), 50);
    assert!(log.lost.is_empty());
    log.check_sum();
}

#[test]
fn what_does_not_come_back_within_the_grace_is_missing() {
    let notes = Notes::default();
    let deaf = Node::from(Session::answer(Echo)).deaf(at(500), at(10_000));
    let mut order = order();
    order.timeout = None;
    let _ = Sim::new(1).run(client(order, &notes), deaf);
    let log = notes.log();
    assert_eq!(log.causes(), [Cause::Missing]);
    assert_eq!(log.replies.len(), 249);
    log.check_sum();
}

#[test]
fn bulk_counts_what_the_wire_takes_and_brings() {
    let notes = Notes::default();
    let bulk =
        |direction| Bulk::new(direction, at(100), Bulk::<Notes>::piece(), TURN, notes.clone());
    let story = Sim::new(1).run(Session::call(bulk(Direction::Both)), Session::answer(Echo));
    let (sent, received) = notes.log().moved;
    // A window of 64 KiB is taken at 2 ms and, when the peer has read, every 2 ms: the last at 98. What
    // comes back of that would come at 100 ms, when the connection is cut.
    assert_eq!((sent, received), (49 * 65_536, 48 * 65_536), "{story}");
    assert!(notes.log().lost.is_empty());
}
