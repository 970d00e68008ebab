//! Datagrams: lost ones time out, and a reply finds the message that it belongs to.

use sock_proto::load::{Cause, Check, Message, Oddity, When};
use sock_proto::protocols::{Echo, Upper};
use sock_proto::sim::{Node, Outcome, Sim, Wire};
use sock_proto::{Input, Kind, Out, Protocol, Session};

use crate::rig::{Notes, at, check, client, ms, open, order};

fn run(order: sock_proto::load::Order, notes: &Notes, wire: Wire, server: impl Protocol) {
    let place: sock_proto::Endpoint = "udp:127.0.0.1:7".parse().expect("an endpoint");
    let server = Node::new("server", Session::answer(server)).listens(place.clone()).stateless();
    let client = Node::new("client", client(order, notes)).calls(place);
    let story = Sim::new(3).wire(wire).node(client).node(server).play();
    assert_ne!(story.outcome(), Outcome::Endless);
}

fn numbered(service: &str) -> sock_proto::load::Order {
    let message = Message::parse(b"{n} {random:8}").expect("a message");
    let mut order = order();
    order.check = check(service, &message, Kind::Datagram);
    order.message = message;
    order.timeout = Some(ms(50));
    order
}

#[test]
fn each_is_answered_in_two_trips_and_checked() {
    for service in ["echo", "upper"] {
        let notes = Notes::default();
        let order = numbered(service);
        match service {
            "echo" => run(order, &notes, Wire::default(), Echo),
            _ => run(order, &notes, Wire::default(), Upper::default()),
        }
        let log = notes.log();
        assert_eq!((log.replies.len(), log.lost.len()), (500, 0), "{service}");
        assert!(log.latencies().iter().all(|latency| *latency == ms(2)));
        log.check_sum();
    }
}

#[test]
fn a_lost_one_times_out_alone_and_the_others_are_as_fast_as_ever() {
    let notes = Notes::default();
    let mut order = numbered("echo");
    order.when = open(ms(1));
    run(order, &notes, Wire { loss: 100, ..Wire::default() }, Echo);
    let log = notes.log();
    assert_eq!(log.fired.len(), 990);
    assert!(log.lost.len() > 100 && log.causes().iter().all(|cause| *cause == Cause::Timeout));
    assert!(log.latencies().iter().all(|latency| *latency == ms(2)));
    log.check_sum();
}

#[test]
fn those_that_overtake_each_other_find_their_own() {
    let notes = Notes::default();
    let mut order = numbered("echo");
    order.when = open(ms(1));
    let wire = Wire { reorder: 300, duplication: 100, ..Wire::default() };
    run(order, &notes, wire, Echo);
    let log = notes.log();
    assert_eq!((log.replies.len(), log.lost.len()), (990, 0));
    // Two, three or four trips: each was taken for its own, or there would be others.
    let mut seen = log.latencies();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [ms(2), ms(3), ms(4)]);
    log.check_sum();
}

/// Answers the second message with something else, and every other with itself.
#[derive(Default)]
struct Confused(u32);

impl Protocol for Confused {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if let Input::Data(bytes) = input {
            self.0 += 1;
            out.send(if self.0 == 2 { b"nobody's" } else { bytes });
        }
    }
}

#[test]
fn a_reply_that_is_nobodys_is_wrong() {
    let notes = Notes::default();
    run(numbered("echo"), &notes, Wire::default(), Confused::default());
    let log = notes.log();
    assert_eq!(log.lost, [(Cause::Wrong, at(2))]);
    assert!(matches!(log.odd[..], [Oddity::Byte { number: 2, at: 0, .. }]), "{:?}", log.odd);
    log.check_sum();
}

#[test]
fn a_late_reply_is_nobodys_and_no_error() {
    let notes = Notes::default();
    let mut order = numbered("echo");
    order.timeout = Some(ms(2));
    // A reply takes 3 ms or 4 where it is overtaken, and has been given up.
    run(order, &notes, Wire { reorder: 100, ..Wire::default() }, Echo);
    let log = notes.log();
    assert!(log.lost.len() > 20 && log.causes().iter().all(|cause| *cause == Cause::Timeout));
    assert_eq!(log.odd, [Oddity::Late]);
    log.check_sum();
}

#[test]
fn without_a_check_any_datagram_is_the_reply_to_the_oldest() {
    let notes = Notes::default();
    let mut order = order();
    (order.check, order.when) = (Check::Nothing, When::Closed { depth: 2 });
    run(order, &notes, Wire::default(), Upper::default());
    assert_eq!(notes.log().replies.len(), 1000);
    notes.log().check_sum();
}
