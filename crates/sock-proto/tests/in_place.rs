//! What is given back in place: the same conversation, byte for byte and count for count, without a copy.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use core::ops::Range;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use sock_proto::protocols::{Echo, Upper};
use sock_proto::{
    Command, Context, Event, Input, Limits, Link, Observer, Out, Pauses, Peer, Protocol, Session,
};

mod fuzz;

const ONE: Peer = Peer::FIRST;

fn opened<P: Protocol>(protocol: P, cx: &mut Context) -> Session<P> {
    let mut session = Session::answer(protocol);
    session.open(ONE, &Link::stream(1), cx);
    assert_eq!(session.command(ONE, cx), None);
    session
}

fn came<P: Protocol>(protocol: P, bytes: &[u8]) -> (Range<usize>, Vec<u8>) {
    let mut cx = Context::default();
    let mut session = opened(protocol, &mut cx);
    let back = session.data_in_place(ONE, bytes, cx.now, &mut cx);
    let queued = session.output(ONE, &cx).unwrap_or_default().to_vec();
    (back, queued)
}

/// What a protocol does with what came, one thing after the other.
#[derive(Debug, Clone)]
enum Deed {
    /// Sends this part of it.
    Back(Range<usize>),
    /// Sends something else.
    Say(Vec<u8>),
    Finish,
    Close,
    Leave,
    Abort,
    Ask,
    Shut,
    Wake,
}

/// Does so at every input, and notes how much it was told to be queued.
#[derive(Debug, Clone)]
struct Doer {
    deeds: Vec<Deed>,
    queued: Vec<u64>,
}

impl Doer {
    fn new(deeds: Vec<Deed>) -> Self {
        Self { deeds, queued: Vec::new() }
    }
}

impl Protocol for Doer {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let Input::Data(bytes) = input else { return };
        for deed in &self.deeds {
            match deed {
                Deed::Back(range) => {
                    out.send(&bytes[range.start.min(bytes.len())..range.end.min(bytes.len())]);
                }
                Deed::Say(text) => out.send(text),
                Deed::Finish => out.finish(),
                Deed::Close => out.close(),
                Deed::Leave => out.leave(),
                Deed::Abort => out.abort(),
                Deed::Ask => out.notify_drained(),
                Deed::Shut => out.hear(false),
                Deed::Wake => out.wake_at(out.now() + Duration::from_secs(1)),
            }
            self.queued.push(out.queued());
        }
    }
}

#[test]
fn an_echo_is_named_and_not_queued() {
    assert_eq!(came(Echo, b"hello"), (0..5, vec![]));
}

#[test]
fn a_part_is_named_where_it_lies() {
    assert_eq!(came(Doer::new(vec![Deed::Back(1..3)]), b"hello"), (1..3, vec![]));
}

#[test]
fn an_answer_of_its_own_is_queued() {
    assert_eq!(came(Upper::default(), b"hello"), (0..0, b"HELLO".to_vec()));
    let same = Doer::new(vec![Deed::Say(b"hello".to_vec())]);
    assert_eq!(came(same, b"hello"), (0..0, b"hello".to_vec()), "equal is not the same");
}

#[test]
fn what_comes_behind_is_queued_with_it() {
    let deeds = vec![Deed::Back(0..5), Deed::Say(b"!".to_vec())];
    assert_eq!(came(Doer::new(deeds), b"hello"), (0..0, b"hello!".to_vec()));
    let deeds = vec![Deed::Back(0..2), Deed::Back(2..5)];
    assert_eq!(came(Doer::new(deeds), b"hello"), (0..0, b"hello".to_vec()));
}

#[test]
fn what_comes_before_keeps_its_place() {
    let deeds = vec![Deed::Say(b"> ".to_vec()), Deed::Back(0..5)];
    assert_eq!(came(Doer::new(deeds), b"hello"), (0..0, b"> hello".to_vec()));
}

#[test]
fn what_the_kernel_does_not_take_is_queued() {
    let mut cx = Context::default();
    let mut session = opened(Echo, &mut cx);
    let back = session.data_in_place(ONE, b"hello", cx.now, &mut cx);
    session.sent_in_place(ONE, &b"hello"[back], 2, cx.now, &mut cx);
    assert_eq!(session.output(ONE, &cx), Some(&b"llo"[..]));
    assert!(!session.wants_read(ONE, &cx), "it does not read its answers");
    assert!(!session.is_calm(ONE, &cx));
}

#[test]
fn a_pause_before_writing_holds_it_too() {
    let pauses = Pauses { write: Duration::from_millis(5), ..Pauses::default() };
    let mut cx = Context::new(Limits { pauses, ..Limits::default() }, Duration::ZERO, 1);
    let mut session = opened(Echo, &mut cx);
    assert_eq!(session.data_in_place(ONE, b"hello", cx.now, &mut cx), 0..0);
    assert_eq!(session.output(ONE, &cx), None);
    cx.now = cx.now + Duration::from_millis(5);
    assert_eq!(session.output(ONE, &cx), Some(&b"hello"[..]));
}

/// Sends what came back, and then to somebody else.
struct Teller;

impl Protocol for Teller {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if let Input::Data(bytes) = input {
            out.send(bytes);
            let other = out.dial("tcp://127.0.0.1:7".parse().unwrap());
            out.to(other).send(b"lost: it is not open");
        }
    }
}

#[test]
fn in_a_session_of_several_peers_it_is_queued() {
    assert_eq!(came(Teller, b"hello"), (0..0, b"hello".to_vec()));
}

#[test]
fn a_conversation_is_calm_while_nothing_is_to_be_done() {
    let calm = |deeds, limits| {
        let mut cx = Context::new(limits, Duration::ZERO, 1);
        let mut session = opened(Doer::new(deeds), &mut cx);
        let back = session.data_in_place(ONE, b"hello", cx.now, &mut cx);
        session.sent_in_place(ONE, &b"hello"[back.clone()], back.len(), cx.now, &mut cx);
        session.is_calm(ONE, &cx)
    };
    let usual = Limits::default();
    assert!(calm(vec![Deed::Back(0..5)], usual));
    assert!(calm(vec![], usual));
    let pauses = Pauses { read: Duration::from_millis(5), ..Pauses::default() };
    for limits in
        [Limits { idle: Some(Duration::from_secs(1)), ..usual }, Limits { pauses, ..usual }]
    {
        assert!(!calm(vec![], limits), "{limits:?}");
    }
    for deed in [
        Deed::Say(b"x".to_vec()),
        Deed::Finish,
        Deed::Close,
        Deed::Leave,
        Deed::Abort,
        Deed::Ask,
        Deed::Shut,
        Deed::Wake,
    ] {
        assert!(!calm(vec![deed.clone()], usual), "{deed:?}");
    }
}

#[test]
fn who_has_ended_is_not_calm() {
    let mut cx = Context::default();
    let mut session = opened(Echo, &mut cx);
    assert!(session.is_calm(ONE, &cx));
    session.eof(ONE, &mut cx);
    assert!(!session.is_calm(ONE, &cx));
}

/// Keeps what it is told, in words.
#[derive(Default)]
struct Words(Mutex<Vec<String>>);

impl Observer for Words {
    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{:?}", event.what));
    }
}

/// One conversation, with a kernel that takes so many bytes at the first call: all that can be seen of it.
fn conversation(
    deeds: &[Deed],
    inputs: &[Vec<u8>],
    room: usize,
    in_place: bool,
) -> (Vec<u8>, Vec<Command>, Vec<u64>, Vec<String>) {
    let words = Arc::new(Words::default());
    let observer = Arc::clone(&words) as Arc<dyn Observer>;
    let mut cx = Context::default().observed_by(Some(observer));
    let mut session = opened(Doer::new(deeds.to_vec()), &mut cx);
    let (mut sent, mut commands) = (Vec::new(), Vec::new());
    for bytes in inputs {
        if in_place {
            let back = session.data_in_place(ONE, bytes, cx.now, &mut cx);
            if !back.is_empty() {
                let n = room.min(back.len());
                sent.extend_from_slice(&bytes[back.clone()][..n]);
                session.sent_in_place(ONE, &bytes[back], n, cx.now, &mut cx);
            }
        } else {
            session.data(ONE, bytes, cx.now, &mut cx);
        }
        loop {
            while let Some(first) = session.output(ONE, &cx) {
                sent.extend_from_slice(first);
                let n = first.len();
                session.sent(ONE, n, cx.now, &mut cx);
            }
            match session.command(ONE, &mut cx) {
                Some(command) => commands.push(command),
                None if session.output(ONE, &cx).is_some() => {}
                None => break,
            }
        }
        if session.is_calm(ONE, &cx) {
            assert!(session.wants_read(ONE, &cx) && session.deadline().is_none());
        }
    }
    let queued = session.protocol().queued.clone();
    // How the bytes were cut into calls is the kernel's affair.
    let told = words.0.lock().unwrap().iter().filter(|w| !w.starts_with("Sent")).cloned().collect();
    (sent, commands, queued, told)
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..8_usize, 0..8_usize).prop_map(|(a, b)| Deed::Back(a.min(b)..a.max(b))),
        2 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Deed::Say),
        1 => Just(Deed::Finish),
        1 => Just(Deed::Close),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Abort),
        1 => Just(Deed::Ask),
        1 => Just(Deed::Shut),
        1 => Just(Deed::Wake),
    ]
}

#[test]
fn nobody_can_tell_whether_it_was_copied() {
    let deeds = prop::collection::vec(deed(), 0..5);
    let inputs = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 1..4);
    fuzz::fuzz(&(deeds, inputs, 0..8_usize), |(deeds, inputs, room)| {
        let copied = conversation(&deeds, &inputs, room, false);
        let in_place = conversation(&deeds, &inputs, room, true);
        prop_assert_eq!(in_place, copied);
        Ok(())
    });
}
