//! Stories of asking: on a virtual wire, to the byte and to the millisecond.

use std::time::Duration;

use sock_proto::protocols::{Discard, Echo};
use sock_proto::sim::{Cut, Node, Script, Sim, Story, Wire};
use sock_proto::{Endpoint, Protocol, Session};

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What was shown, what came of it, and the story of asking `server`.
fn ask<P: Protocol + 'static>(
    endpoint: &str,
    messages: &[&str],
    replies: Replies,
    server: P,
    cut: Cut,
) -> (Vec<String>, Answers, Story) {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let outcome = Outcome::default();
    let asked =
        Asked { messages: messages.iter().map(|text| text.as_bytes().to_vec()).collect(), replies };
    let show = {
        let shown = Arc::clone(&shown);
        move |reply: &[u8]| {
            shown.lock().unwrap().push(String::from_utf8_lossy(reply).into_owned());
            Ok(())
        }
    };
    let client = Session::call(Ask::new(asked, outcome.clone(), show));
    let endpoint: Endpoint = endpoint.parse().unwrap();
    let server = Node::from(Session::answer(server)).listens(endpoint);
    let story = Sim::new(1).wire(Wire { cut, ..Wire::default() }).run(client, server);
    let shown = std::mem::take(&mut *shown.lock().unwrap());
    (shown, outcome.take(), story)
}

#[test]
fn a_line_is_a_reply_wherever_it_was_cut() {
    for cut in 1..12 {
        let (shown, answers, story) =
            ask("tcp:7", &["one\n", "two\r\n"], Replies::Each, Echo, Cut::At(vec![cut]));
        assert_eq!(shown, ["one", "two"], "cut at {cut}:\n{story}");
        assert_eq!(answers.replied, 2);
    }
}

#[test]
fn without_a_line_end_a_pause_is_the_end_of_a_reply() {
    let server = Script::new()
        .hear(3)
        .send("half ")
        .wait(ms(150))
        .send("a reply")
        .wait(ms(400))
        .send("late");
    let (shown, answers, story) =
        ask("tcp:7", &["one"], Replies::Each, server.finish(), Cut::Never);
    assert_eq!(shown, ["half a reply", "late"], "{story}");
    assert_eq!((answers.replied, answers.timed_out), (1, false));
}

#[test]
fn all_messages_go_at_once_where_no_reply_is_wanted() {
    let (shown, answers, story) =
        ask("tcp:7", &["one\n", "two\n"], Replies::None, Discard, Cut::Never);
    assert!(shown.is_empty());
    assert_eq!(answers.replied, 0);
    assert_eq!(story.received("server"), b"one\ntwo\n", "{story}");
}

#[test]
fn a_stream_may_take_its_time_unless_it_was_given_a_limit() {
    let slow = || Script::new().hear(4).wait(ms(60_000)).send("at last\n").finish();
    let (shown, answers, _) = ask("tcp:7", &["one\n"], Replies::Each, slow(), Cut::Never);
    assert_eq!((shown, answers.replied), (vec!["at last".to_owned()], 1));
    let (shown, answers, _) =
        ask("tcp:7", &["one\n"], Replies::Within(ms(500)), slow(), Cut::Never);
    assert_eq!((shown, answers.timed_out), (Vec::new(), true));
}

#[test]
fn a_datagram_is_a_reply_and_silence_is_none() {
    let within = Replies::Within(ms(3000));
    let (shown, answers, story) = ask("udp:7", &["one", "", "three"], within, Echo, Cut::Never);
    assert_eq!(shown, ["one", "", "three"], "{story}");
    assert_eq!(answers.replied, 3);
    let (shown, answers, story) = ask("udp:7", &["one", "two"], within, Discard, Cut::Never);
    assert_eq!((shown, answers.replied, answers.timed_out), (Vec::new(), 0, true));
    assert_eq!(story.received("server"), b"one", "the second waits for the first:\n{story}");
}
