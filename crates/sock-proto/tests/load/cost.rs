//! What a message costs: no allocation, once everything is warm.

use std::sync::Arc;

use allocation_counter::measure;
use sock_proto::load::{Check, Load, Message, Order, Until, When};
use sock_proto::protocols::{Boxed, Settings, find};
use sock_proto::{Context, Kind, Link, Peer, Protocol, Session};

use crate::rig::{Notes, TURN, check, ms, order};

/// Moves what one has to say to the other, as an engine does.
fn carry<A: Protocol, B: Protocol>(from: &mut Session<A>, to: &mut Session<B>, cx: &mut Context) {
    while let Some(bytes) = from.output(Peer::FIRST, cx) {
        let mut taken = [0; 4096];
        let n = bytes.len().min(taken.len());
        taken[..n].copy_from_slice(&bytes[..n]);
        from.sent(Peer::FIRST, n, cx.now, cx);
        to.data(Peer::FIRST, &taken[..n], cx.now, cx);
    }
    assert_eq!(from.command(Peer::FIRST, cx), None);
}

fn allocations(order: Order, service: &str) -> u64 {
    let notes = Notes::default();
    let mut cx = Context::default();
    let mut server: Session<Boxed> =
        Session::answer(find(service).expect("a row").make(&Settings::default()));
    let mut client = Session::call(Load::new(Arc::new(order), TURN, Silent));
    server.open(Peer::FIRST, &Link::stream(1), &mut cx);
    client.open(Peer::FIRST, &Link { called: true, ..Link::stream(1) }, &mut cx);
    let mut turns = |n: usize, cx: &mut Context| {
        for _ in 0..n {
            cx.now = cx.now + ms(1);
            client.tick(cx);
            carry(&mut client, &mut server, cx);
            carry(&mut server, &mut client, cx);
        }
    };
    turns(100, &mut cx);
    let count = measure(|| turns(500, &mut cx)).count_total;
    drop(notes);
    count
}

/// A meter that keeps nothing.
struct Silent;

impl sock_proto::load::Meter for Silent {
    fn connected(&mut self, _: std::time::Duration, _: sock_proto::Time) {}
    fn fires(&mut self, _: sock_proto::Time, _: Option<std::time::Duration>) -> bool {
        true
    }
    fn sent(&mut self, _: usize, _: sock_proto::Time) {}
    fn replied(&mut self, _: &sock_proto::load::Reply) {}
    fn lost(&mut self, cause: sock_proto::load::Cause, _: sock_proto::Time, _: sock_proto::Time) {
        panic!("lost: {cause:?}");
    }
    fn odd(&mut self, oddity: &sock_proto::load::Oddity, _: sock_proto::Time) {
        panic!("odd: {oddity:?}");
    }
    fn moved(&mut self, _: u64, _: u64, _: sock_proto::Time) {}
    fn unconnected(&mut self, _: sock_proto::load::Cause, _: sock_proto::Time) {}
    fn ended(&mut self, _: sock_proto::load::Turn, _: sock_proto::Time) {}
}

#[test]
fn a_message_allocates_nothing_once_everything_is_warm() {
    let fixed = order();
    assert_eq!(allocations(fixed.clone(), "echo"), 0, "fixed");
    let deep = Order { when: When::Closed { depth: 16 }, ..fixed.clone() };
    assert_eq!(allocations(deep, "echo"), 0, "sixteen under way");
    let at_times = Order { when: When::Open { every: ms(1), most: 100 }, ..fixed.clone() };
    assert_eq!(allocations(at_times, "echo"), 0, "an open loop");
    for service in ["echo", "upper", "ack"] {
        let message = Message::parse(b"{n} {conn} {random:100}\n").expect("a message");
        let check = check(service, &message, Kind::Stream);
        let made = Order { message, check, ..fixed.clone() };
        assert_eq!(allocations(made, service), 0, "{service}, made for each");
    }
    let (until, check) = (Until::Http { head: false }, Check::Nothing);
    let message = Message::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    // An echo of a reply is one.
    let http = Order { until, check, message, ..fixed };
    assert_eq!(allocations(http, "echo"), 0, "http");
}
