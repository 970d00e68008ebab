//! Patience: what happens to whoever is slow, to the nanosecond.

use std::sync::Arc;
use std::time::Duration;

use crate::shelf::Shelf;
use sock_proto::protocols::Http;
use sock_proto::protocols::http::{Offer, Place};
use sock_proto::sim::{Files, Node, Outcome, Script, Sim, Story};
use sock_proto::{By, How, Limits, Reason, Session, Time};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn offer() -> Offer {
    let files = Files::new().sourced().file("big", vec![b'x'; 1 << 20]);
    let shelf = Shelf::new(files);
    Offer { place: Place::Site(Arc::new(shelf)), upload: Some(1 << 20), ..Offer::default() }
}

/// A script against a server of files; the connection opens at 3 ms, and a byte takes 1 ms.
fn play(client: Script) -> Story {
    let server = Session::answer(Http::new(Arc::new(offer())));
    // A client that says nothing more has not ended: it would wait for ever.
    let server = Node::from(server).limits(Limits { linger: Some(s(2)), ..Limits::default() });
    Sim::new(1).run(Session::call(client), server)
}

fn closed(story: &Story) -> (Duration, Reason) {
    let (time, reason) = story.side("server").unwrap().closed.unwrap();
    (time - Time::ZERO, reason)
}

const BY_US: Reason = Reason { by: By::Us, how: How::Fin };

/// The statuses that the client heard.
fn heard(story: &Story) -> Vec<String> {
    let text = String::from_utf8_lossy(story.received("client"));
    text.split("HTTP/1.1 ").skip(1).map(|said| said[..3].to_owned()).collect()
}

/// When the client heard this for the first time.
fn when(story: &Story, what: &str) -> Duration {
    let line = story.transcript().lines().find(|line| line.contains(what));
    let line = line.unwrap_or_else(|| panic!("no {what}: {story}"));
    let (seconds, micros) = line.split_whitespace().next().unwrap().split_once('.').unwrap();
    let (seconds, micros): (u64, u64) = (seconds.parse().unwrap(), micros.parse().unwrap());
    Duration::from_micros(seconds * 1_000_000 + micros)
}

#[test]
fn whoever_asks_nothing_is_let_go_after_a_minute() {
    let story = play(Script::new().hear(1).finish());
    assert!(story.received("client").is_empty());
    // It opened at 3 ms; its end arrives 2 ms after ours left.
    assert_eq!(closed(&story), (ms(60_005), BY_US), "{story}");
    assert_eq!(story.outcome(), Outcome::Done);
}

#[test]
fn a_conversation_is_kept_for_a_minute_behind_each_answer() {
    let get = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
    let story = play(Script::new().send(get).wait(s(59)).send(get).hear(1 << 20).finish());
    assert_eq!(heard(&story), ["404", "404"]);
    // The second request left at 59.002 s, and was answered, and the answer sent, at 59.003 s.
    assert_eq!(closed(&story), (ms(119_005), BY_US), "{story}");
}

#[test]
fn a_head_has_ten_seconds_from_its_first_byte() {
    let dribble = |n: u64, pause: Duration| {
        (0..n).fold(Script::new(), |script, _| script.send("G").wait(pause))
    };
    let story = play(dribble(30, s(1)).hear(1 << 20).finish());
    assert_eq!(heard(&story), ["408"]);
    assert_eq!(when(&story, "408 Request Timeout"), ms(10_004), "{story}");
    // With the last byte one millisecond before the end of that time, all is well.
    let head = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
    let (first, last) = head.split_at(head.len() - 1);
    let story = play(Script::new().send(first).wait(ms(9999)).send(last).hear(100).finish());
    assert_eq!(heard(&story), ["404"]);
    let story = play(Script::new().send(first).wait(ms(10_001)).send(last).hear(100).finish());
    assert_eq!(heard(&story), ["408"]);
}

fn put(len: usize) -> String {
    format!("PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n")
}

#[test]
fn a_body_that_pauses_for_ten_seconds_is_given_up() {
    let story = play(Script::new().send(put(10)).wait(s(3)).send("12345").hear(1 << 20).finish());
    assert_eq!(heard(&story), ["408"]);
    assert_eq!(when(&story, "408 Request Timeout"), ms(13_004), "{story}");
    let story = play(
        Script::new()
            .send(put(2))
            .wait(ms(9999))
            .send("1")
            .wait(ms(9999))
            .send("2")
            .hear(1)
            .finish(),
    );
    assert_eq!(heard(&story), ["201"]);
}

#[test]
fn a_body_that_dribbles_is_given_up() {
    let dribble = |n: u64, bytes: usize, pause: Duration| {
        let part = "x".repeat(bytes);
        (0..n).fold(Script::new().send(put(100_000)), |script, _| script.wait(pause).send(&part))
    };
    // One byte every nine seconds: two bytes have earned four milliseconds.
    let story = play(dribble(9, 1, s(9)).hear(1 << 20).finish());
    assert_eq!(heard(&story), ["408"]);
    assert_eq!(when(&story, "408 Request Timeout"), ms(20_008), "{story}");
    // At 500 bytes a second nobody minds.
    let story = play(dribble(200, 500, s(1)).hear(1).finish());
    assert_eq!(heard(&story), ["201"]);
}

#[test]
fn whoever_does_not_read_is_cut_off_after_a_minute() {
    let client = Node::from(Session::call(
        Script::new().send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n").wait(s(300)),
    ));
    let server = Session::answer(Http::new(Arc::new(offer())));
    let story = Sim::new(1).run(client.deaf(Time::ZERO, Time::ZERO + s(400)), server);
    // The answer went at 3 ms; the wire took 64 KiB, and nothing more within a minute, nor in the next.
    let (time, reason) = closed(&story);
    assert_eq!(reason, Reason { by: By::Us, how: How::Reset }, "{story}");
    assert_eq!(time, ms(120_003), "{story}");
}

#[test]
fn whoever_reads_slowly_is_not() {
    // It reads for a moment every 50 s: 16 times 64 KiB.
    let deaf = |client: Node<'static>| {
        (0..30).fold(client, |client, n| {
            let from = Time::ZERO + s(50 * n) + ms(20);
            client.deaf(from, Time::ZERO + s(50 * (n + 1)))
        })
    };
    for end in ["Connection: close\r\n", ""] {
        let get = format!("GET /big HTTP/1.1\r\nHost: a\r\n{end}\r\n");
        let client =
            Node::from(Session::call(Script::new().send(get).hear((1 << 20) + 100).finish()));
        let server = Session::answer(Http::new(Arc::new(offer())));
        let story = Sim::new(1).run(deaf(client), server);
        let body = story.received("client").split(|byte| *byte == b'\n').next_back().unwrap();
        assert_eq!(body.len(), 1 << 20, "{story}");
        assert_eq!(closed(&story).1.how, How::Fin, "{story}");
    }
}

#[test]
fn a_client_that_takes_long_to_read_a_large_answer_has_its_minute_afterwards() {
    let get = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    let client = Node::from(Session::call(Script::new().send(get).hear(3 << 20).finish()));
    let server = Session::answer(Http::new(Arc::new(offer())));
    let story = Sim::new(1).run(client.deaf(Time::ZERO + ms(4), Time::ZERO + s(55)), server);
    // All was sent soon after 55 s.
    let (time, reason) = closed(&story);
    assert_eq!(reason, BY_US);
    assert!(time > s(115) && time < s(116), "{story}");
}

#[test]
fn empty_lines_keep_no_connection_for_ever() {
    let blanks = (0..200).fold(Script::new(), |script, _| script.send("\r\n").wait(s(1)));
    let story = play(blanks.hear(1 << 20).finish());
    assert_eq!(heard(&story), ["400"]);
    let (at, _) = closed(&story);
    assert!(at < s(12), "{at:?}");
    // A few before each request are a habit of old clients.
    let get = "\r\n\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n";
    let story = play((0..10).fold(Script::new(), |script, _| script.send(get)).finish());
    assert_eq!(heard(&story), ["404"; 10]);
}
