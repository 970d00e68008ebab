//! The open loop: messages leave at fixed moments, and latency counts from these.

use std::time::Duration;

use sock_proto::load::{Cause, Check, Turn, When};
use sock_proto::protocols::Echo;
use sock_proto::sim::{Node, Outcome, Sim};
use sock_proto::{Context, Link, Peer, Session, Time};

use crate::rig::{Notes, Slow, TURN, at, client, ms, open, order, run};

#[test]
fn messages_leave_at_their_moments_to_the_nanosecond() {
    let notes = Notes::default();
    let mut order = order();
    order.when = open(Duration::from_nanos(333_333));
    let _ = run(order, &notes, Echo);
    let log = notes.log();
    // Due from 10 ms until 1 s: 990 ms / 333,333 ns, and the first.
    assert_eq!(log.fired.len(), 2971);
    for (n, due) in (0..).zip(&log.fired) {
        assert_eq!(*due, Time::from_nanos(10_000_000 + n * 333_333));
    }
    assert!(log.late.iter().all(Duration::is_zero) && log.late.len() == 2971);
    assert!(log.replies.iter().all(|reply| reply.sent == reply.due));
    assert!(log.latencies().iter().all(|latency| *latency == ms(2)));
    log.check_sum();
}

#[test]
fn a_connection_that_opens_late_sends_what_was_due_and_nothing_is_skipped() {
    let notes = Notes::default();
    let mut order = order();
    order.when = open(ms(10));
    let client = Node::from(client(order, &notes)).starts(at(35));
    let _ = Sim::new(1).run(client, Session::answer(Echo));
    let log = notes.log();
    // It opens at 37 ms: those due at 10, 20 and 30 ms leave at once and have waited so long.
    let latencies = log.latencies();
    assert_eq!(latencies[..5], [ms(29), ms(19), ms(9), ms(2), ms(2)]);
    assert_eq!(log.fired.len(), 99);
    // It is not the generator that was late then.
    assert!(log.late.iter().all(Duration::is_zero) && log.late.len() == 96);
    log.check_sum();
}

#[test]
fn a_connection_whose_last_message_has_left_stays_open_to_the_end() {
    let notes = Notes::default();
    let mut order = order();
    order.when = open(ms(700));
    let story = run(order, &notes, Echo);
    let log = notes.log();
    // Due at 10 ms and 710 ms, and the next one only after the end.
    assert_eq!((log.fired.len(), log.replies.len()), (2, 2));
    assert!(log.ended.is_some_and(|end| end >= at(1000)), "{story:?}");
    log.check_sum();
}

/// The heart of the matter: the same server, which stalls for 300 ms, seen by both loops.
#[test]
fn a_stall_is_seen_by_everybody_whose_turn_was_within_it() {
    let stalling = || Slow::new(ms(1)).stalling(at(300), at(600));
    let notes = Notes::default();
    let mut open_loop = order();
    open_loop.when = open(ms(10));
    let _ = run(open_loop, &notes, stalling());
    let log = notes.log();
    assert_eq!((log.replies.len(), log.lost.len()), (99, 0));
    // 3 ms each, until the one due at 300 ms arrives at 301 ms and is begun at 600 ms; from then on
    // one is answered each millisecond, of those that have been waiting since 311, 321 … ms.
    let expected: Vec<_> = (1..100)
        .map(|n: u64| {
            let (due, place) = (n * 10, n.saturating_sub(30));
            let arrives = due + 1;
            let answered = if due < 300 { arrives + 1 } else { (arrives + 1).max(601 + place) };
            ms(answered + 1 - due)
        })
        .collect();
    assert_eq!(log.latencies(), expected);
    let slow =
        |latencies: &[Duration]| latencies.iter().filter(|latency| **latency > ms(10)).count();
    assert_eq!(slow(&log.latencies()), 33);

    // A closed loop asks once in all that time and counts one slow reply.
    let notes = Notes::default();
    run(order(), &notes, stalling());
    assert_eq!(slow(&notes.log().latencies()), 1);
}

#[test]
fn a_server_that_is_too_slow_makes_everybody_wait_longer_than_the_one_before() {
    let notes = Notes::default();
    let mut order = order();
    // One every 10 ms, each of which takes 15 ms.
    (order.when, order.grace) = (open(ms(10)), ms(10_000));
    let _ = run(order, &notes, Slow::new(ms(15)));
    let log = notes.log();
    let expected: Vec<_> = (0..99).map(|n| ms(17 + 5 * n)).collect();
    assert_eq!(log.latencies(), expected);
    log.check_sum();
}

#[test]
fn who_may_have_one_under_way_waits_and_the_moment_counts_all_the_same() {
    let notes = Notes::default();
    let mut order = order();
    order.when = When::Open { every: ms(10), most: 1 };
    let _ = run(order, &notes, Slow::new(ms(13)));
    let log = notes.log();
    // 15 ms each, one after the other: the n-th leaves at 10 + 15 n, though it was due at 10 + 10 n.
    for (n, reply) in (0..).zip(&log.replies) {
        assert_eq!((reply.due, reply.sent), (at(10 + 10 * n), at(10 + 15 * n)));
        assert_eq!(reply.now, at(25 + 15 * n));
    }
    // The last of the 99 that could leave did so at 985 or 1,000 ms; the others never could.
    assert_eq!(log.replies.len(), 66);
    assert_eq!(log.causes(), [Cause::Unsent; 33]);
    // That is the server's fault, and only the first was the generator's to be late with.
    assert_eq!(log.late, [ms(0)]);
    log.check_sum();
}

#[test]
fn a_schedule_that_nothing_could_keep_fills_no_memory() {
    let notes = Notes::default();
    let mut order = order();
    // A thousand messages in each microsecond of a second.
    (order.when, order.check) = (open(Duration::from_nanos(1)), Check::Nothing);
    let mut session = client(order, &notes);
    let mut cx = Context::default();
    session.open(Peer::FIRST, &Link { called: true, ..Link::stream(1) }, &mut cx);
    for ms in [500, 600, 700] {
        cx.now = at(ms);
        session.tick(&mut cx);
        let mut waits = 0;
        while let Some(bytes) = session.output(Peer::FIRST, &cx) {
            let n = bytes.len();
            waits += n;
            session.sent(Peer::FIRST, n, cx.now, &mut cx);
        }
        // Each time as much as is worth keeping, and no more.
        assert!((256 * 1024..300 * 1024).contains(&waits), "{waits} B at {ms} ms");
        assert!(session.deadline().is_some_and(|next| next <= at(ms + 1)), "it looks again soon");
    }
}

#[test]
fn the_next_connection_goes_on_where_one_was_broken() {
    let notes = Notes::default();
    let mut order = order();
    order.when = open(ms(10));
    let client = Node::from(client(order, &notes));
    let wire = sock_proto::sim::Wire { reset: Some(at(101)), ..Default::default() };
    let _ = Sim::new(1).wire(wire).run(client, Session::answer(Echo));
    let log = notes.log();
    // Nine were answered; the one that left at 100 ms was not.
    assert_eq!(log.replies.len(), 9);
    assert_eq!(log.lost, [(Cause::Reset, at(100))]);
    assert_eq!(log.next, Some(Turn { number: 11, due: at(110), ..TURN }));
    log.check_sum();
}

#[test]
fn what_never_came_to_a_connection_is_lost_with_it_where_each_has_its_own() {
    let notes = Notes::default();
    let mut order = order();
    (order.when, order.once) = (open(ms(10)), true);
    let place = "tcp:127.0.0.1:9".parse().expect("an endpoint");
    let story = Sim::new(1).node(Node::new("client", client(order, &notes)).calls(place)).play();
    let log = notes.log();
    assert_eq!(log.unconnected, [Cause::Refused]);
    assert_eq!(log.lost, [(Cause::Refused, at(10))]);
    assert_eq!(log.next, Some(Turn { number: 2, due: at(20), ..TURN }));
    assert_eq!(story.outcome(), Outcome::Done);
    log.check_sum();
}
