//! The queue: pipelined requests wait while much is to be sent, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sock_proto::protocols::Http;
use sock_proto::protocols::http::{Offer, Place};
use sock_proto::sim::Files;
use sock_proto::{By, Command, Context, Event, How, Link, Observer, Reason, Session, What};

use crate::pump::Pump;
use crate::web::{ONE, answers, files, web};

/// Keeps how much was queued when a conversation closed.
#[derive(Default)]
struct Unsent(AtomicU64);

impl Observer for Unsent {
    fn event(&self, event: &Event<'_>) {
        if let What::Closed { unsent, .. } = event.what {
            self.0.store(unsent, Ordering::Relaxed);
        }
    }
}

const GET: &[u8] = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n";

/// An engine whose sends come back later than it receives says so in this order.
#[test]
fn an_end_that_is_told_before_the_queue_is_said_to_be_sent_loses_no_request() {
    let mut pump = web();
    let now = pump.cx.now;
    pump.session.data(ONE, &GET.repeat(2000), now, &mut pump.cx);
    let mut sent = Vec::new();
    while let Some(bytes) = pump.session.output(ONE, &pump.cx) {
        sent.extend_from_slice(bytes);
        let n = bytes.len();
        pump.session.sent(ONE, n, now, &mut pump.cx);
    }
    let first = answers(&sent, &[]).len();
    assert!(first < 2000, "all {first} were answered at once");
    pump.eof(ONE);
    assert_eq!(first + answers(&pump.heard[&ONE].sent.concat(), &[]).len(), 2000);
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
}

#[test]
fn requests_wait_while_much_is_queued_and_are_answered_in_the_end() {
    let mut pump = web();
    pump.takes.insert(ONE, 0);
    pump.data(ONE, &GET.repeat(2000));
    let mut left = 0;
    // Whatever it takes at once, everything comes, once and in order.
    while pump.commands(ONE).is_empty() && left < 4000 {
        pump.takes.insert(ONE, 1013);
        pump.flush();
        left += 1;
    }
    let said = answers(&pump.heard[&ONE].sent.concat(), &[]);
    assert_eq!((said.len(), said.iter().all(|said| said.status == 404)), (2000, true));
}

#[test]
fn no_more_than_64_kib_and_one_answer_is_queued() {
    let mut cx = Context::default();
    let mut session = Session::answer(Http::new(Arc::default()));
    session.open(ONE, &Link::stream(1), &mut cx);
    let mut rounds = 0;
    let mut sent = 0;
    session.data(ONE, &GET.repeat(65_536 / GET.len()), cx.now, &mut cx);
    loop {
        let mut queued = 0;
        while let Some(n) = session.output(ONE, &cx).map(<[u8]>::len) {
            session.sent(ONE, n, cx.now, &mut cx);
            queued += n;
        }
        assert!(queued <= 66_000, "{queued} bytes at once");
        sent += queued;
        rounds += 1;
        assert_eq!(session.command(ONE, &mut cx), None);
        if session.output(ONE, &cx).is_none() {
            break;
        }
    }
    assert!(rounds > 10 && sent > 700_000, "{sent} bytes in {rounds} rounds");
}

#[test]
fn a_range_of_a_file_is_sent_before_another_is_looked_for() {
    let content = vec![b'x'; 300_000];
    let site = Files::new().sourced().file("big", &content);
    let offer = Offer { place: Place::Site(Arc::new(site)), ..Offer::default() };
    let mut pump = Pump::stream(Http::new(Arc::new(offer)));
    pump.data(ONE, &b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5));
    let said = answers(&pump.heard[&ONE].sent.concat(), &[]);
    assert_eq!(said.len(), 5);
    assert!(said.iter().all(|said| said.body == content));
    // One at a time: what is queued is never more than one.
    // One at a time.
    let unsent = Arc::new(Unsent::default());
    pump.cx = std::mem::take(&mut pump.cx).observed_by(Some(unsent.clone()));
    pump.takes.insert(ONE, 0);
    pump.data(ONE, &b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5));
    pump.session.closed(ONE, Reason { by: By::Peer, how: How::Reset }, &mut pump.cx);
    let unsent = unsent.0.load(Ordering::Relaxed);
    assert!((300_000..301_000).contains(&unsent), "{unsent}");
}

#[test]
fn a_part_of_a_request_behind_others_waits_for_its_rest() {
    let mut pump = files(Files::new().sourced().file("a", "one").file("b", "two"));
    pump.takes.insert(ONE, 0);
    pump.data(ONE, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHo");
    pump.takes.clear();
    pump.flush();
    pump.data(ONE, b"st: a\r\nConnection: close\r\n\r\n");
    let said = answers(&pump.heard[&ONE].sent.concat(), &[]);
    assert_eq!(said.iter().map(|said| &*said.body).collect::<Vec<_>>(), [b"one", b"two"]);
    assert_eq!(pump.commands(ONE), [Command::Finish]);
}

#[test]
fn a_client_that_is_read_without_being_gated_is_bounded_too() {
    let mut pump = Pump::new(Http::new(Arc::default()));
    pump.session = Session::call(Http::new(Arc::default()));
    pump.open(ONE, sock_proto::Kind::Stream);
    pump.takes.insert(ONE, 0);
    for _ in 0..20 {
        pump.data(ONE, &GET.repeat(1000));
    }
    assert_eq!(pump.commands(ONE), [Command::Abort]);
}

/// As many engine turns as there are answers behind the first, each of one nanosecond.
fn turns(pump: &mut Pump<Http>, heads: usize) -> Vec<usize> {
    let mut counts = Vec::new();
    for _ in 0..heads {
        counts.push(pump.text(ONE).matches("HTTP/1.1 200 OK").count());
        pump.wait(std::time::Duration::from_nanos(1));
    }
    counts
}

#[test]
fn behind_a_folder_that_was_read_everybody_else_has_a_turn_first() {
    let mut pump = files(Files::new().file("a", "one"));
    let head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    pump.data(ONE, &head.repeat(5));
    assert!(!pump.session.wants_read(ONE, &pump.cx), "it has enough to do");
    assert_eq!(turns(&mut pump, 6), [1, 2, 3, 4, 5, 5]);
    assert!(pump.session.wants_read(ONE, &pump.cx));
    // A file costs little, and one folder with nothing behind it is no reason to rest.
    let file = b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n";
    pump.data(ONE, &[file.repeat(20).as_slice(), head].concat());
    assert_eq!(turns(&mut pump, 2), [26, 26]);
    assert!(pump.session.wants_read(ONE, &pump.cx));
}

#[test]
fn who_rests_and_has_ended_or_is_to_end_is_answered_first() {
    let head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut pump = files(Files::new().file("a", "one"));
    pump.data(ONE, &head.repeat(3));
    pump.eof(ONE);
    assert_eq!(turns(&mut pump, 4), [1, 2, 3, 3]);
    assert_eq!(pump.commands(ONE), [Command::Finish, Command::Close]);
    // A stop makes the next answer the last one.
    let mut pump = files(Files::new().file("a", "one"));
    pump.data(ONE, &head.repeat(9));
    pump.stop();
    assert_eq!(turns(&mut pump, 4), [1, 2, 2, 2]);
    assert_eq!(pump.commands(ONE), [Command::Finish]);
}
