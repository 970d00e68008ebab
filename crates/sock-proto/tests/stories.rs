//! Stories: sessions over the virtual wire, held to the byte and to the nanosecond.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use core::time::Duration;

use sock_proto::protocols::{Ack, Chargen, Echo, Greet, Upper};
use sock_proto::sim::{Cut, Node, Outcome, Script, Sim, Story, Wire};
use sock_proto::{
    By, Endpoint, How, Input, Limits, Out, Pauses, Peer, Protocol, Reason, Session, Time,
};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(n: u64) -> Time {
    Time::ZERO + ms(n)
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

const FIN_BY_US: Option<Reason> = Some(Reason { by: By::Us, how: How::Fin });
const FIN_BY_PEER: Option<Reason> = Some(Reason { by: By::Peer, how: How::Fin });

/// The transcript is this, line by line.
#[track_caller]
fn told(story: &Story, expected: &str) {
    let got: Vec<&str> = story.transcript().lines().collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert!(got == expected, "told:\n{story}");
}

#[test]
fn echo_answers_after_the_client_has_ended_its_direction() {
    let client = Script::new().send("hello").wait(ms(5)).send("again").finish();
    let wire = Wire { cut: Cut::At(vec![2]), ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(Session::call(client), Session::answer(Echo));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  2 B  "he"
        0.003000  client -> server  3 B  "llo"
        0.004000  server -> client  2 B  "he"
        0.004000  server -> client  3 B  "llo"
        0.008000  client -> server  5 B  "again"
        0.008000  client -> server  FIN
        0.008000  server -- client  closed by peer (FIN)
        0.009000  server -> client  5 B  "again"
        0.009000  server -> client  FIN
        0.009000  client -- server  closed by us (FIN)
        "#,
    );
    assert_eq!(story.outcome(), Outcome::Done);
}

#[test]
fn greet_speaks_first_and_waits_for_the_client_to_end() {
    let client = Script::new().wait(ms(10)).finish();
    let story = Sim::new(1).run(Session::call(client), Session::answer(Greet));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.004000  server -> client  24 B  "Thank you for connecting"
        0.004000  server -> client  FIN
        0.012000  client -- server  closed by peer (FIN)
        0.013000  client -> server  FIN
        0.013000  server -- client  closed by us (FIN)
        "#,
    );
}

#[test]
fn a_client_that_never_ends_is_let_go_when_the_linger_limit_has_passed() {
    let client = Script::new().send("hi").wait(ms(3000)).send("still here").finish();
    let story = Sim::new(1).run(Session::call(client), Session::answer(Greet));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  2 B  "hi"
        0.004000  server -> client  24 B  "Thank you for connecting"
        0.004000  server -> client  FIN
        2.003000  server -- client  closed by us (timeout)
        3.002000  client -- server  closed by peer (FIN)
        "#,
    );
    assert_eq!(story.received("server"), b"", "what comes after the close is discarded");
}

#[test]
fn silence_ends_a_conversation_only_after_the_idle_limit() {
    let client = Script::new().wait(ms(90)).send("a").wait(ms(90)).send("b");
    let limits = Limits { idle: Some(ms(100)), ..Limits::default() };
    let server = Node::from(Session::answer(Echo)).limits(limits);
    let story = Sim::new(1).run(Session::call(client), server);
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.093000  client -> server  1 B  "a"
        0.094000  server -> client  1 B  "a"
        0.183000  client -> server  1 B  "b"
        0.184000  server -> client  1 B  "b"
        0.283000  server -- client  closed by us (timeout)
        0.284000  server -> client  FIN
        0.284000  client -- server  closed by peer (FIN)
        "#,
    );
}

#[test]
fn a_reset_takes_with_it_what_was_not_read() {
    let client = Script::new().send("lost").abort();
    let server = Node::from(Session::answer(Echo)).deaf(Time::ZERO, at(50));
    let story = Sim::new(1).run(Session::call(client), server);
    told(
        &story,
        r"
        0.002000  client -- server  open
        0.002000  client -- server  closed by us (RST)
        0.003000  server -- client  open
        0.003000  client -> server  RST
        0.003000  server -- client  closed by peer (RST)
        ",
    );
}

#[test]
fn a_wire_that_breaks_resets_both_ends() {
    let client = Script::new().send("one").wait(ms(10)).send("two").finish();
    let wire = Wire { reset: Some(at(8)), ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(Session::call(client), Session::answer(Echo));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  3 B  "one"
        0.004000  server -> client  3 B  "one"
        0.008000  server -> client  RST
        0.008000  client -- server  closed by peer (RST)
        0.008000  client -> server  RST
        0.008000  server -- client  closed by peer (RST)
        "#,
    );
}

#[test]
fn a_call_to_nobody_is_refused() {
    let nobody = Node::new("caller", Session::call(Script::new())).calls(endpoint("tcp:9"));
    let story = Sim::new(1).node(nobody).play();
    told(&story, "0.002000  caller --   closed by peer (refused)");
    assert_eq!(story.outcome(), Outcome::Done);
}

/// Back-pressure is not symmetric: if the client too were read only while its outbox is empty, the
/// two would wait for each other for ever.
#[test]
fn a_client_that_queues_five_megabytes_gets_them_back_through_a_small_window() {
    let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let client = Script::new().send(&bytes).finish();
    let wire = Wire { window: 4096, ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(Session::call(client), Session::answer(Echo));
    assert_eq!(story.outcome(), Outcome::Done);
    assert!(story.received("client") == bytes);
    assert_eq!(story.reason("client"), FIN_BY_US);
    // 1221 windows of 4096 bytes: each takes a trip there and a trip back of a millisecond.
    assert_eq!(story.ended(), at(2 + 1220 * 2 + 2));
}

#[test]
fn a_client_that_stops_reading_is_not_read() {
    let client = Script::new().send([b'x'; 1000]).wait(ms(1)).send([b'y'; 1000]).finish();
    let client = Node::from(Session::call(client)).deaf(Time::ZERO, at(100));
    let wire = Wire { window: 300, ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(client, Session::answer(Echo));
    let before = |line: &&str| line.trim_start() < "0.100";
    let (early, late): (Vec<&str>, Vec<&str>) = story.transcript().lines().partition(before);
    let read = |lines: &[&str]| lines.iter().filter(|l| l.contains("client -> server")).count();
    // One window is in the client's hands and one in the server's outbox; not a byte more is read.
    assert_eq!(read(&early), 2, "{story}");
    assert!(read(&late) > 2);
    assert_eq!(story.received("client").len(), 2000);
    assert_eq!(story.outcome(), Outcome::Done);
}

/// Wires whoever calls to another place.
struct Relay {
    place: Endpoint,
    other: Option<Peer>,
}

impl Relay {
    fn session(place: &str) -> Session<Self> {
        Session::answer(Self { place: endpoint(place), other: None })
    }
}

impl Protocol for Relay {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if out.peer() == Peer::FIRST && input == Input::Open {
            let other = out.dial(self.place.clone());
            out.feeds(Peer::FIRST, other);
            out.feeds(other, Peer::FIRST);
            self.other = Some(other);
        }
        let to = if out.peer() == Peer::FIRST { self.other.unwrap() } else { Peer::FIRST };
        match input {
            Input::Data(bytes) => out.to(to).send(bytes),
            Input::Eof => out.to(to).finish(),
            Input::Closed(_) => out.to(to).close(),
            Input::Open | Input::Drained | Input::Timeout | Input::Stop => {}
        }
    }
}

fn relayed(script: Script, wire: Wire) -> Story {
    let (front, back) = (endpoint("tcp:1"), endpoint("tcp:2"));
    Sim::new(1)
        .wire(wire)
        .node(Node::new("client", Session::call(script)).calls(front.clone()))
        .node(Node::new("relay", Relay::session("tcp:2")).listens(front))
        .node(Node::new("server", Session::answer(Echo)).listens(back))
        .play()
}

#[test]
fn a_relay_reads_its_client_once_the_other_side_is_there() {
    let story = relayed(Script::new().send("hello").finish(), Wire::default());
    told(
        &story,
        r#"
        0.002000  client -- relay  open
        0.003000  relay -- client  open
        0.005000  relay -- server  open
        0.005000  client -> relay  5 B  "hello"
        0.005000  client -> relay  FIN
        0.006000  server -- relay  open
        0.006000  relay -> server  5 B  "hello"
        0.006000  relay -> server  FIN
        0.006000  server -- relay  closed by peer (FIN)
        0.007000  server -> relay  5 B  "hello"
        0.007000  server -> relay  FIN
        0.007000  relay -- server  closed by us (FIN)
        0.007000  relay -- client  closed by peer (FIN)
        0.008000  relay -> client  5 B  "hello"
        0.008000  relay -> client  FIN
        0.008000  client -- relay  closed by us (FIN)
        "#,
    );
    assert_eq!(story.outcome(), Outcome::Done);
}

#[test]
fn a_relay_carries_megabytes_through_small_windows() {
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n % 253) as u8).collect();
    let wire = Wire { window: 5000, cut: Cut::Random(3000), ..Wire::default() };
    let story = relayed(Script::new().send(&bytes).finish(), wire);
    assert_eq!(story.outcome(), Outcome::Done);
    assert!(story.received("client") == bytes);
    assert_eq!(story.reason("client"), FIN_BY_US);
    assert_eq!(story.reason("server"), FIN_BY_PEER);
}

#[test]
fn a_relay_whose_other_side_is_refused_closes() {
    let (front, client) = (endpoint("tcp:1"), Script::new().send("hello").finish());
    let story = Sim::new(1)
        .node(Node::new("client", Session::call(client)).calls(front.clone()))
        .node(Node::new("relay", Relay::session("tcp:2")).listens(front))
        .play();
    told(
        &story,
        r#"
        0.002000  client -- relay  open
        0.003000  relay -- client  open
        0.005000  relay --   closed by peer (refused)
        0.005000  client -> relay  5 B  "hello"
        0.005000  client -> relay  FIN
        0.005000  relay -- client  closed by us (FIN)
        0.006000  relay -> client  FIN
        0.006000  client -- relay  closed by us (FIN)
        "#,
    );
}

/// What the engine is told, by pause.
fn paused(pauses: Pauses) -> Story {
    let limits = Limits { pauses, ..Limits::default() };
    let server = Node::from(Session::answer(Echo)).limits(limits);
    let client = Script::new().send("one").wait(ms(5)).send("two").finish();
    Sim::new(1).run(Session::call(client), server)
}

#[test]
fn a_pause_before_each_read() {
    told(
        &paused(Pauses { read: ms(50), ..Pauses::default() }),
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.053000  client -> server  6 B  "onetwo"
        0.054000  server -> client  6 B  "onetwo"
        0.103000  client -> server  FIN
        0.103000  server -- client  closed by peer (FIN)
        0.104000  server -> client  FIN
        0.104000  client -- server  closed by us (FIN)
        "#,
    );
}

#[test]
fn a_pause_before_what_was_queued_is_written() {
    told(
        &paused(Pauses { write: ms(50), ..Pauses::default() }),
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  3 B  "one"
        0.053000  client -> server  3 B  "two"
        0.054000  server -> client  3 B  "one"
        0.103000  client -> server  FIN
        0.103000  server -- client  closed by peer (FIN)
        0.104000  server -> client  3 B  "two"
        0.104000  server -> client  FIN
        0.104000  client -- server  closed by us (FIN)
        "#,
    );
}

#[test]
fn a_pause_before_the_close_makes_the_answer_to_a_fin_late() {
    told(
        &paused(Pauses { close: ms(50), ..Pauses::default() }),
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  3 B  "one"
        0.004000  server -> client  3 B  "one"
        0.008000  client -> server  3 B  "two"
        0.008000  client -> server  FIN
        0.009000  server -> client  3 B  "two"
        0.058000  server -- client  closed by peer (FIN)
        0.059000  server -> client  FIN
        0.059000  client -- server  closed by us (FIN)
        "#,
    );
}

#[test]
fn the_pause_before_the_close_makes_the_fin_late() {
    let limits =
        Limits { pauses: Pauses { close: ms(50), ..Pauses::default() }, ..Limits::default() };
    let server = Node::from(Session::answer(Greet)).limits(limits);
    let story = Sim::new(1).run(Session::call(Script::new().wait(ms(500)).finish()), server);
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.004000  server -> client  24 B  "Thank you for connecting"
        0.054000  server -> client  FIN
        0.502000  client -- server  closed by peer (FIN)
        0.503000  client -> server  FIN
        0.503000  server -- client  closed by us (FIN)
        "#,
    );
}

/// Sends much and closes.
struct Flood;

impl Protocol for Flood {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => {
                out.send(&[b'.'; 1000]);
                out.close();
            }
            Input::Data(_)
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}

#[test]
fn a_client_that_ends_and_does_not_read_what_it_is_owed_is_let_go_too() {
    let client = Node::from(Session::call(Script::new().finish())).deaf(at(0), at(60_000));
    let wire = Wire { window: 100, ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(client, Session::answer(Flood));
    let timeout = Reason { by: By::Us, how: How::Timeout };
    assert_eq!(story.side("server").unwrap().closed, Some((at(2003), timeout)), "{story}");
}

/// Asks for its turn again and again, and does nothing with it until something has come.
#[derive(Default)]
struct Idler {
    turns: usize,
}

impl Protocol for Idler {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => out.notify_drained(),
            Input::Drained => {
                self.turns += 1;
                assert!(self.turns < 100, "asked for ever");
                out.notify_drained();
            }
            Input::Data(_) => out.say(format_args!("{}", self.turns)),
            Input::Eof => out.finish(),
            Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}

#[test]
fn a_producer_that_does_not_use_its_turn_has_the_next_after_something_was_sent() {
    let client = Script::new().send("?").hear(1).send("?").hear(2).send("?").finish();
    let story = Sim::new(1).run(Session::call(client), Session::answer(Idler::default()));
    assert_eq!(story.received("client"), b"123");
    assert_eq!(story.outcome(), Outcome::Done);
}

/// Says that it ends once each ten milliseconds.
struct Insists;

impl Protocol for Insists {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open | Input::Timeout => {
                out.finish();
                out.wake_at(out.now() + ms(10));
            }
            Input::Closed(_) => out.sleep(),
            Input::Data(_) | Input::Eof | Input::Drained | Input::Stop => {}
        }
    }
}

#[test]
fn to_end_again_does_not_put_the_limits_off() {
    let limits = Limits { idle: Some(ms(100)), ..Limits::default() };
    let server = Node::from(Session::answer(Insists)).limits(limits);
    let story = Sim::new(1).run(Session::call(Script::new().wait(ms(900))), server);
    let timeout = Reason { by: By::Us, how: How::Timeout };
    assert_eq!(story.side("server").unwrap().closed, Some((at(103), timeout)), "{story}");
}

/// Tells each line end to all the others, and says goodbye when it is asked to stop.
#[derive(Default)]
struct Room {
    members: Vec<Peer>,
}

impl Protocol for Room {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let who = out.peer();
        match input {
            Input::Open => self.members.push(who),
            Input::Data(bytes) => {
                for &member in self.members.iter().filter(|member| **member != who) {
                    out.to(member).send(bytes);
                }
            }
            Input::Eof => out.finish(),
            Input::Stop => {
                for &member in &self.members {
                    out.to(member).send(b"bye");
                    out.to(member).close();
                }
            }
            Input::Closed(_) => self.members.retain(|member| *member != who),
            Input::Drained | Input::Timeout => {}
        }
    }
}

fn member(name: &str, script: Script) -> Node<'static> {
    Node::new(name, Session::call(script)).calls(endpoint("tcp:1"))
}

#[test]
fn a_room_tells_each_member_what_the_others_say_until_it_is_stopped() {
    let room = Session::answer(Room::default());
    let story = Sim::new(1)
        .node(Node::new("room", room).listens(endpoint("tcp:1")).shared().stops(at(20)))
        .node(member("ann", Script::new().wait(ms(5)).send("hi")))
        .node(member("bob", Script::new().hear(2).send("hello")).starts(at(1)))
        .node(member("cy", Script::new().wait(ms(4)).finish()).starts(at(2)))
        .play();
    told(
        &story,
        r#"
        0.002000  ann -- room  open
        0.003000  bob -- room  open
        0.003000  room -- ann  open
        0.004000  cy -- room  open
        0.004000  room -- bob  open
        0.005000  room -- cy  open
        0.008000  ann -> room  2 B  "hi"
        0.009000  cy -> room  FIN
        0.009000  room -- cy  closed by peer (FIN)
        0.009000  room -> bob  2 B  "hi"
        0.009000  room -> cy  2 B  "hi"
        0.010000  room -> cy  FIN
        0.010000  cy -- room  closed by us (FIN)
        0.010000  bob -> room  5 B  "hello"
        0.011000  room -> ann  5 B  "hello"
        0.021000  room -> ann  3 B  "bye"
        0.021000  room -> ann  FIN
        0.021000  ann -- room  closed by peer (FIN)
        0.021000  room -> bob  3 B  "bye"
        0.021000  room -> bob  FIN
        0.021000  bob -- room  closed by peer (FIN)
        0.022000  ann -> room  FIN
        0.022000  room -- ann  closed by us (FIN)
        0.022000  bob -> room  FIN
        0.022000  room -- bob  closed by us (FIN)
        "#,
    );
    assert_eq!(story.outcome(), Outcome::Done);
}

/// A member that reads nothing keeps the bytes that it is owed, and nobody else waits for it.
#[test]
fn a_member_that_does_not_read_holds_nobody_up() {
    let wire = Wire { window: 10, ..Wire::default() };
    let room = Node::new("room", Session::answer(Room::default())).listens(endpoint("tcp:1"));
    let story = Sim::new(1)
        .wire(wire)
        .node(room.shared())
        .node(member("ann", Script::new().wait(ms(5)).send([b'a'; 500])))
        .node(member("bob", Script::new()))
        .node(member("cy", Script::new()).deaf(at(0), at(5000)))
        .play();
    assert_eq!(story.received("bob").len(), 500);
    assert_eq!(story.received("cy").len(), 500);
    let last = |name: &str| {
        let line = story.transcript().lines().rfind(|l| l.contains(&format!("-> {name}")));
        line.unwrap()[..5].parse::<f64>().unwrap()
    };
    assert!(last("bob") < 1.0 && last("cy") > 5.0, "{story}");
}

fn numbered(wire: Wire, seed: u64) -> Story {
    let mut script = Script::new();
    for n in 0..40 {
        script = script.send(format!("{n:02}")).wait(Duration::from_micros(300));
    }
    let server = Node::from(Session::answer(Echo)).listens(endpoint("udp:7")).stateless();
    Sim::new(seed).wire(wire).run(Session::call(script.wait(ms(10)).finish()), server)
}

/// The numbers that came back, in the order in which they came.
fn numbers(story: &Story) -> Vec<u32> {
    let bytes = story.received("client");
    bytes.chunks(2).map(|two| std::str::from_utf8(two).unwrap().parse().unwrap()).collect()
}

#[test]
fn datagrams_keep_their_boundaries_and_empty_ones_arrive() {
    let client = Script::new().send("a").send("").send(vec![b'x'; 65_508]).send("bc").wait(ms(9));
    let server = Node::from(Session::answer(Echo)).listens(endpoint("udp:7")).stateless();
    let wire = Wire { cut: Cut::Every(1), ..Wire::default() };
    let story = Sim::new(1).wire(wire).run(Session::call(client.finish()), server);
    told(
        &story,
        r#"
        0.000000  client -- server  open
        0.001000  client -> server  1 B  "a"
        0.001000  client -> server  0 B  ""
        0.001000  client -> server  2 B  "bc"
        0.002000  server -> client  1 B  "a"
        0.002000  server -> client  0 B  ""
        0.002000  server -> client  2 B  "bc"
        0.009000  client -- server  closed by us (FIN)
        "#,
    );
}

#[test]
fn a_wire_without_faults_loses_no_datagram() {
    assert_eq!(numbers(&numbered(Wire::default(), 1)), (0..40).collect::<Vec<_>>());
}

#[test]
fn datagrams_are_lost_doubled_and_overtaken_and_the_seed_says_which() {
    let every = |story: &Story| {
        let mut all = numbers(story);
        all.sort_unstable();
        all
    };
    let lossy = numbered(Wire { loss: 200, ..Wire::default() }, 1);
    let lost = lossy.transcript().lines().filter(|line| line.ends_with("lost")).count();
    assert!((1..40).contains(&lost));
    assert_eq!(numbers(&lossy).len(), 40 - lost);

    let doubled = numbered(Wire { duplication: 200, ..Wire::default() }, 1);
    let mut once = every(&doubled);
    assert!(once.len() > 40);
    once.dedup();
    assert_eq!(once, (0..40).collect::<Vec<_>>());

    let mixed = numbered(Wire { reorder: 200, ..Wire::default() }, 1);
    assert!(!numbers(&mixed).is_sorted());
    assert_eq!(every(&mixed), (0..40).collect::<Vec<_>>());

    let wire = Wire { loss: 200, duplication: 100, reorder: 100, ..Wire::default() };
    assert_eq!(numbered(wire.clone(), 7), numbered(wire.clone(), 7));
    assert_ne!(numbered(wire.clone(), 7), numbered(wire, 8));
}

#[test]
fn a_datagram_to_nobody_is_refused() {
    let client = Session::call(Script::new().send("x"));
    let story = Sim::new(1).node(Node::new("caller", client).calls(endpoint("udp:9"))).play();
    told(
        &story,
        r"
        0.000000  caller --   open
        0.002000  caller --   closed by peer (refused)
        ",
    );
}

#[test]
fn ack_counts_each_message_until_exit() {
    let client = Script::new().send("Hi").hear(21).send("Exit").finish();
    let story = Sim::new(1).run(Session::call(client), Session::answer(Ack::default()));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  2 B  "Hi"
        0.004000  server -> client  21 B  "Your data was 2 bytes"
        0.005000  client -> server  4 B  "Exit"
        0.005000  client -> server  FIN
        0.005000  server -- client  closed by us (FIN)
        0.006000  server -> client  10 B  "Disconnect"
        0.006000  server -> client  FIN
        0.006000  client -- server  closed by us (FIN)
        "#,
    );
}

/// The deck's server answers what its first receive brought; the wire decides what that is.
#[test]
fn upper_that_closes_after_its_reply_answers_one_receive() {
    let client = Script::new().send("hello ").wait(ms(5)).send("world").finish();
    let wire = Wire { cut: Cut::At(vec![4]), ..Wire::default() };
    let story =
        Sim::new(1).wire(wire).run(Session::call(client), Session::answer(Upper::new(true)));
    told(
        &story,
        r#"
        0.002000  client -- server  open
        0.003000  server -- client  open
        0.003000  client -> server  4 B  "hell"
        0.003000  client -> server  2 B  "o "
        0.004000  server -> client  4 B  "HELL"
        0.004000  server -> client  FIN
        0.007000  client -- server  closed by peer (FIN)
        0.008000  client -> server  5 B  "world"
        0.008000  client -> server  FIN
        0.008000  server -- client  closed by us (FIN)
        "#,
    );
    assert_eq!(story.received("server"), b"hell");
}

/// A producer is held by the window, not by its memory: it makes a line when one has left.
#[test]
fn chargen_makes_no_more_than_its_client_takes() {
    let client = Node::from(Session::call(Script::new().wait(ms(50)).abort()));
    let wire = Wire { window: 1000, ..Wire::default() };
    let server = Session::answer(Chargen);
    let story = Sim::new(1).wire(wire).run(client.deaf(at(10), at(1000)), server);
    // A window each two milliseconds from 3 to 9, and one that lies unread.
    let sent = story.side("server").unwrap().sent;
    assert!((4000..=5000).contains(&sent), "{sent} B");
    assert!(story.received("client").len() < 5000);
    assert_eq!(story.outcome(), Outcome::Done);
}
