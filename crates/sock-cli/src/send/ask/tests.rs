//! Stories of asking: on a virtual wire, to the byte and to the millisecond.

use std::time::Duration;

use sock_proto::protocols::{Discard, Echo};
use sock_proto::sim::{Cut, Node, Script, Sim, Story, Wire};
use sock_proto::{By, Endpoint, How, Protocol, Session};

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
    let messages = messages.iter().map(|text| text.as_bytes().to_vec()).collect();
    let asked = Asked { messages, replies, linger: ms(2000) };
    let show = {
        let shown = Arc::clone(&shown);
        move |reply: &[u8], part: Part| {
            let part = if part == Part::Last { "" } else { "…" };
            shown.lock().unwrap().push(String::from_utf8_lossy(reply).into_owned() + part);
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

#[test]
fn what_had_arrived_is_shown_however_it_ends() {
    let server = Script::new().hear(4).send("half a re").wait(ms(50)).abort();
    let (shown, answers, story) = ask("tcp:7", &["one\n"], Replies::Each, server, Cut::Never);
    assert_eq!((shown, answers.replied), (vec!["half a re".to_owned()], 0), "{story}");
}

#[test]
fn a_peer_that_keeps_its_side_open_is_left_when_it_is_silent() {
    let server = Script::new().hear(4).send("reply\n").wait(ms(1500)).send("more\nand mo");
    let server = server.wait(ms(60_000));
    let (shown, answers, story) = ask("tcp:7", &["one\n"], Replies::Each, server, Cut::Never);
    assert_eq!((shown.join("|").as_str(), answers.replied), ("reply|more|and mo", 1), "{story}");
    let (closed, reason) = story.side("client").unwrap().closed.unwrap();
    assert_eq!((reason.by, reason.how), (By::Us, How::Fin), "{story}");
    assert_eq!(closed, Time::from_nanos(3_504_000_000), "{story}");
}

#[test]
fn a_reply_that_trickles_has_no_more_time_than_any_other() {
    let trickle = (0..20).fold(Script::new().hear(4), |script, _| script.send("x").wait(ms(150)));
    let within = Replies::Within(ms(1000));
    let (shown, answers, story) = ask("tcp:7", &["one\n"], within, trickle.close(), Cut::Never);
    assert_eq!((shown[0].as_str(), answers.replied), ("xxxxxxx", 1), "{story}");
}

#[test]
fn of_a_long_line_the_rest_is_shown_as_it_comes() {
    let long = "x".repeat(3 * HELD) + "\r";
    let server = Script::new().hear(4).send(&long).wait(ms(10)).send("\nend\n").close();
    let cut = Cut::At((1..12).map(|n| n * HELD / 4).collect());
    let (shown, answers, story) = ask("tcp:7", &["one\n"], Replies::Each, server, cut);
    let (last, pieces) = shown.split_last().unwrap();
    let (rest, pieces) = pieces.split_last().unwrap();
    assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.ends_with("x…")), "{story}");
    let whole: usize = pieces.iter().map(|piece| piece.len() - "…".len()).sum();
    assert_eq!((whole + rest.len(), last.as_str(), answers.replied), (3 * HELD, "end", 1));
}

#[test]
fn very_many_lines_at_once_are_as_many_lines() {
    let server = Script::new().hear(4).send("\n".repeat(HELD)).close();
    let (shown, answers, _) = ask("tcp:7", &["one\n"], Replies::Each, server, Cut::Never);
    assert_eq!((shown.len(), answers.replied), (HELD, 1));
}
