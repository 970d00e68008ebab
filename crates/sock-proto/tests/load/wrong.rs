//! What can be wrong with a reply, each by its cause.

use sock_proto::load::{Cause, Check, Message, Oddity, Until, When};
use sock_proto::protocols::{Echo, Upper};
use sock_proto::sim::{Node, Script, Sim, Wire};
use sock_proto::{Session, Time};

use crate::rig::{Answers, Notes, at, client, ms, order, run};

#[test]
fn another_byte_is_found_where_it_is() {
    let notes = Notes::default();
    run(order(), &notes, Answers::new(&[b"ping", b"pinG", b"ping"]));
    let log = notes.log();
    assert_eq!(log.replies.len(), 2);
    assert_eq!(log.lost, [(Cause::Wrong, at(4)), (Cause::Ended, at(8))]);
    let (expected, found) = (Some(b'g'), Some(b'G'));
    assert_eq!(log.odd, [Oddity::Byte { number: 2, at: 3, expected, found }]);
    log.check_sum();
}

#[test]
fn a_service_that_is_another_answers_wrongly_every_time() {
    let notes = Notes::default();
    run(order(), &notes, Upper::default());
    let log = notes.log();
    assert_eq!(log.replies.len(), 0);
    assert!(log.lost.len() == 499 && log.causes().iter().all(|cause| *cause == Cause::Wrong));
    // It is said once, or nobody could read it.
    assert_eq!(log.odd.len(), 1);
    log.check_sum();
}

#[test]
fn an_end_in_the_middle_is_short_and_one_in_front_is_an_end() {
    for (answers, causes) in [
        (&[&b"pi"[..]][..], &[Cause::Short][..]),
        (&[b"ping", b"p"], &[Cause::Short]),
        (&[b""], &[Cause::Ended]),
    ] {
        let notes = Notes::default();
        run(order(), &notes, Answers::new(answers));
        assert_eq!(notes.log().causes(), causes);
        notes.log().check_sum();
    }
}

#[test]
fn of_several_under_way_the_first_is_short_and_the_others_are_not_begun() {
    let notes = Notes::default();
    let mut order = order();
    order.when = When::Closed { depth: 3 };
    let _ = run(order, &notes, Answers::new(&[b"pingpi"]));
    let log = notes.log();
    assert_eq!(log.replies.len(), 1);
    assert_eq!(log.causes(), [Cause::Short, Cause::Ended, Cause::Ended]);
    log.check_sum();
}

#[test]
fn more_than_was_asked_for_cuts_the_connection_short() {
    let notes = Notes::default();
    run(order(), &notes, Answers::new(&[b"ping!!", b"ping"]));
    let log = notes.log();
    assert_eq!(log.replies.len(), 1);
    assert_eq!(log.odd, [Oddity::Unasked { bytes: 2 }]);
    assert!(log.lost.is_empty() && log.next.is_some());
    log.check_sum();
}

#[test]
fn a_reply_until_the_end_may_be_neither_shorter_nor_longer() {
    for (answer, cause) in
        [(&b"pin"[..], Cause::Short), (b"pings", Cause::Wrong), (b"pong", Cause::Wrong)]
    {
        let notes = Notes::default();
        let mut order = order();
        order.until = Until::Close;
        let _ = run(order, &notes, Answers::new(&[answer]));
        assert_eq!(notes.log().causes(), [cause]);
        notes.log().check_sum();
    }
}

#[test]
fn a_reset_loses_what_is_under_way() {
    let notes = Notes::default();
    let mut order = order();
    order.when = When::Closed { depth: 5 };
    let wire = Wire { reset: Some(at(101)), ..Wire::default() };
    let _ = Sim::new(1).wire(wire).run(client(order, &notes), Session::answer(Echo));
    let log = notes.log();
    assert_eq!(log.causes(), [Cause::Reset; 5]);
    assert_eq!(log.replies.len(), 49 * 5);
    log.check_sum();
}

#[test]
fn a_reply_that_takes_too_long_ends_the_connection_at_its_moment() {
    let notes = Notes::default();
    let mut order = order();
    order.timeout = Some(ms(100));
    let deaf = Node::from(Session::answer(Echo)).deaf(at(100), at(10_000));
    let story = Sim::new(1).run(client(order, &notes), deaf);
    let log = notes.log();
    // The last that is answered left at 98 ms and arrived at 99; the next one has until 200 ms.
    assert_eq!(log.lost, [(Cause::Timeout, at(100))]);
    assert_eq!(log.replies.len(), 49);
    let closed = story.side("client").and_then(|side| side.closed).expect("it has closed");
    assert_eq!(closed.0, at(200));
    log.check_sum();
}

#[test]
fn nobody_there_is_refused() {
    let notes = Notes::default();
    let place = "tcp:127.0.0.1:9".parse().expect("an endpoint");
    let _ = Sim::new(1).node(Node::new("client", client(order(), &notes)).calls(place)).play();
    let log = notes.log();
    assert_eq!(log.unconnected, [Cause::Refused]);
    assert!(log.fired.is_empty() && log.lost.is_empty());
}

#[test]
fn a_template_is_what_it_says_and_nothing_else_is_one() {
    let written = |text: &str| {
        let mut bytes = Vec::new();
        Message::parse(text.as_bytes()).expect("a message").write(7, 2, 10, &mut bytes);
        String::from_utf8(bytes).expect("text")
    };
    assert_eq!(written("{n}-{conn}-{x}-{{n}}-{\"a\":{}}{"), "10-2-{x}-{10}-{\"a\":{}}{");
    let random = written("{random:30} {random:30}");
    let (one, two) = random.split_once(' ').expect("two of them");
    assert!(one.len() == 30 && two.len() == 30 && one != two);
    assert!(random.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7' | b' ')));
    assert_eq!(written("{random:30}"), written("{random:30}"));
    for wrong in ["{random:}", "{random:0}", "{random:x}", "{random:1048577}"] {
        assert!(Message::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Message::parse(b"no place").expect("a message").fixed().is_some());
}

#[test]
fn a_server_that_speaks_first_is_not_what_was_asked() {
    let notes = Notes::default();
    let mut order = order();
    (order.check, order.timeout, order.ends) = (Check::Nothing, None, Time::NEVER);
    order.until = Until::Line;
    let server = Script::new().send("220 hello\r\n").wait(ms(1)).finish();
    let _ = Sim::new(1).run(client(order, &notes), Session::answer(server));
    // Where anything is a reply, so is this.
    assert_eq!(notes.log().replies.len(), 1);
    assert_eq!(notes.log().causes(), [Cause::Ended]);
}
