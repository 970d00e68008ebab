//! Replies of HTTP/1.1: by length, in chunks, until the end; cut anywhere.

use sock_proto::load::{Cause, Check, Message, Oddity, Order, Until, When};
use sock_proto::protocols::Http;
use sock_proto::sim::{Cut, Sim, Wire};
use sock_proto::{Session, Time};

use crate::rig::{Answers, Notes, client, order, run};

fn get() -> Order {
    let mut order = order();
    order.message = Message::bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    (order.until, order.check) = (Until::Http { head: false }, Check::Nothing);
    order
}

/// The replies to one message after the other, and how many messages were lost, for what.
fn heard(order: Order, answers: &[&'static [u8]]) -> (Vec<u64>, Vec<Cause>) {
    let notes = Notes::default();
    let _ = run(order, &notes, Answers::new(answers));
    let log = notes.log();
    log.check_sum();
    (log.replies.iter().map(|reply| reply.bytes).collect(), log.causes())
}

const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    5;x=y\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n";
const CONTINUED: &[u8] =
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
const LOST: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nlost";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const TO_END: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nas long as it likes";

#[test]
fn each_framing_ends_where_it_says() {
    let answers = [LENGTH, EMPTY, CHUNKED, CONTINUED, TO_END];
    let sizes: Vec<u64> = answers.iter().map(|answer| answer.len() as u64).collect();
    assert_eq!(heard(get(), &answers), (sizes, vec![]));
}

#[test]
fn cut_anywhere_it_is_the_same() {
    let whole: Vec<u8> = [LENGTH, EMPTY, CHUNKED, CONTINUED, LENGTH].concat();
    let whole: &'static [u8] = whole.leak();
    for cut in 0..whole.len() {
        let notes = Notes::default();
        let mut order = get();
        order.when = When::Closed { depth: 5 };
        let wire = Wire { cut: Cut::At(vec![cut]), ..Wire::default() };
        let server = Session::answer(Answers::new(&[whole]));
        let _ = Sim::new(1).wire(wire).run(client(order, &notes), server);
        let log = notes.log();
        let sizes: Vec<u64> = log.replies.iter().map(|reply| reply.bytes).collect();
        let expected = [LENGTH, EMPTY, CHUNKED, CONTINUED, LENGTH].map(|part| part.len() as u64);
        assert_eq!(sizes, expected, "cut at {cut}");
        log.check_sum();
    }
}

#[test]
fn what_is_asked_for_by_head_has_no_body() {
    let mut order = get();
    order.until = Until::Http { head: true };
    assert_eq!(heard(order, &[HEAD, HEAD]).0, [HEAD.len() as u64; 2]);
}

#[test]
fn a_server_that_says_close_is_asked_nothing_more() {
    let (replies, causes) = heard(get(), &[LENGTH, LAST, LENGTH]);
    assert_eq!((replies.len(), causes.len()), (2, 0));
}

#[test]
fn a_status_of_failure_is_no_reply() {
    let notes = Notes::default();
    let _ = run(get(), &notes, Answers::new(&[LENGTH, LOST, LENGTH]));
    let log = notes.log();
    assert_eq!(log.replies.len(), 2);
    assert_eq!(log.odd, [Oddity::Status(404)]);
    assert_eq!(log.causes(), [Cause::Status, Cause::Ended]);
}

#[test]
fn what_is_no_reply_of_http_ends_the_connection() {
    for (answer, odd) in [
        (&b"SSH-2.0-OpenSSH\r\n"[..], true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", true),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", false),
    ] {
        let notes = Notes::default();
        let _ = run(get(), &notes, Answers::new(&[answer, b""]));
        let log = notes.log();
        // What is left of a half body is waited for until the grace is over.
        let cause = if odd { Cause::Wrong } else { Cause::Missing };
        assert_eq!(log.causes(), [cause]);
        assert_eq!(log.odd, if odd { vec![Oddity::Malformed] } else { vec![] });
    }
}

#[test]
fn the_web_server_of_the_house_is_understood() {
    let notes = Notes::of(50);
    let mut order = get();
    (order.ends, order.when) = (Time::NEVER, When::Closed { depth: 3 });
    let _ = run(order, &notes, Http::new(std::sync::Arc::default()));
    let log = notes.log();
    assert_eq!((log.replies.len(), log.lost.len()), (50, 0), "{log:?}");
}
