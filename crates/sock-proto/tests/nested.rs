//! A protocol within a protocol: to the inner one nothing is different, on the wire everything is.
//!
//! The outer one here frames and masks: a length of two bytes, then the bytes, each of them turned; a
//! length of 0 is the end. So what travels is longer than what is said, as with TLS.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pump;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pump::Pump;
use sock_proto::protocols::{Boxed, Chat, Echo, Made, Settings, Stdio, TABLE};
use sock_proto::sim::{Script, Sim};
use sock_proto::{
    By, Command, Context, Endpoint, Event, How, Input, Interest, Kind, Limits, Link, Nested,
    Observer, Out, Peer, Protocol, Reason, Seal, Session, What,
};

/// Holds another protocol behind frames.
struct Veil<P> {
    nested: Nested<P>,
    /// What has come and was not taken yet.
    came: BTreeMap<Peer, Vec<u8>>,
    ended: bool,
}

struct Frames;

impl Seal for Frames {
    fn seal(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        out.send(&framed(bytes));
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        out.send(&[0, 0]);
    }
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let frame = |part: &[u8]| {
        let len = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&len[..], &part.iter().map(|b| b ^ 0x55).collect::<Vec<_>>()].concat()
    };
    bytes.chunks(60_000).flat_map(frame).collect()
}

/// The first frame, and how long it was; an empty one is the end.
fn opened(came: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (len, rest) = came.split_first_chunk::<2>()?;
    let len = usize::from(u16::from_be_bytes(*len));
    let bytes = rest.get(..len)?.iter().map(|b| b ^ 0x55).collect();
    Some((bytes, len + 2))
}

impl<P: Protocol> Veil<P> {
    fn new(nested: Nested<P>) -> Self {
        Self { nested, came: BTreeMap::new(), ended: false }
    }
}

impl<P: Protocol> Protocol for Veil<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let peer = out.peer();
        match input {
            Input::Timeout => self.nested.tick(out),
            Input::Stop => self.nested.stop(out),
            _ if self.nested.is_passed(peer) => self.nested.pass(input, out),
            Input::Open => {
                out.veil();
                self.nested.open(out);
            }
            Input::Data(bytes) => self.came.entry(peer).or_default().extend_from_slice(bytes),
            Input::Eof if !self.ended => {
                out.because(How::Truncated);
                self.nested.closed(Reason { by: By::Peer, how: How::Truncated }, out);
                out.leave();
            }
            Input::Eof | Input::Drained => {}
            Input::Closed(reason) => self.nested.closed(reason, out),
        }
        loop {
            self.nested.flush(&mut Frames, out);
            let Some(came) = self.came.get_mut(&peer) else { break };
            if !self.nested.wants_data(out) {
                break;
            }
            let Some((bytes, len)) = opened(came) else { break };
            came.drain(..len);
            if bytes.is_empty() {
                self.ended = true;
                self.nested.eof(out);
            } else {
                self.nested.data(&bytes, out);
            }
        }
        match self.nested.deadline() {
            Some(at) => out.wake_at(at),
            None => out.sleep(),
        }
    }
}

/// What frames say, and whether the end was among them.
fn unframed(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut said = Vec::new();
    while let Some((bytes, len)) = opened(wire) {
        wire = &wire[len..];
        if bytes.is_empty() {
            return (said, true);
        }
        said.extend(bytes);
    }
    assert!(wire.is_empty(), "half a frame");
    (said, false)
}

const INPUT: &[u8] = b"stra\xc3\x9fe\nHi\nGET / HTTP/1.1\r\nHost: a\r\n\r\nExit\n";

#[test]
fn each_protocol_says_the_same_within_another() {
    for row in TABLE {
        let Made::PerConnection(make) = row.made else { continue };
        if row.name == "stdio" {
            continue;
        }
        for chunk in [1, 7, 1000] {
            let most = 50_000;
            let mut plain: Pump<Boxed> = Pump::new(make(&Settings::default()));
            plain.takes.insert(Peer::FIRST, most);
            plain.open(Peer::FIRST, Kind::Stream);
            let mut veiled = Pump::new(Veil::new(Nested::answer(make(&Settings::default()))));
            veiled.takes.insert(Peer::FIRST, most + most / 1000 + 64);
            veiled.open(Peer::FIRST, Kind::Stream);
            for part in INPUT.chunks(chunk) {
                plain.data(Peer::FIRST, part);
                veiled.data(Peer::FIRST, &framed(part));
            }
            plain.eof(Peer::FIRST);
            veiled.data(Peer::FIRST, &[0, 0]);
            veiled.eof(Peer::FIRST);
            let said = plain.heard[&Peer::FIRST].sent.concat();
            let wire = veiled.heard[&Peer::FIRST].sent.concat();
            if said.len() >= most {
                // It has no end: what was cut off is no frame.
                let (first, len) = opened(&wire).unwrap();
                assert!(len > 1000 && said.starts_with(&first[..1000]), "{}", row.name);
                continue;
            }
            assert_eq!(unframed(&wire), (said, true), "{} by {chunk}", row.name);
            assert_eq!(veiled.commands(Peer::FIRST), plain.commands(Peer::FIRST), "{}", row.name);
        }
    }
}

#[test]
fn a_room_holds_its_members_behind_their_own_frames() {
    let mut plain = Pump::new(Chat::default());
    let mut veiled = Pump::new(Veil::new(Nested::answer(Chat::default())));
    let peers: Vec<Peer> = (0..3).map(|_| plain.join()).collect();
    let veils: Vec<Peer> = (0..3).map(|_| veiled.join()).collect();
    for (n, text) in [(0, "hello\n"), (2, "/name me\n"), (1, "bye\n/quit\n"), (2, "who\n")] {
        plain.data(peers[n], text.as_bytes());
        veiled.data(veils[n], &framed(text.as_bytes()));
    }
    for (peer, veil) in peers.iter().zip(&veils) {
        let (said, _) = unframed(&veiled.heard[veil].sent.concat());
        assert_eq!(String::from_utf8_lossy(&said), plain.text(*peer));
    }
    assert_eq!(veiled.commands(veils[1])[..1], [Command::Finish]);
}

/// Who never opens within, as after a handshake that failed, is not taken for who did.
#[test]
fn the_first_peer_may_go_before_it_has_opened() {
    let mut pump = Pump::new(Veil::new(Nested::answer(Echo)));
    let first = pump.session.join();
    let second = pump.session.join();
    pump.open(second, Kind::Stream);
    pump.session.closed(first, Reason { by: By::Peer, how: How::Reset }, &mut pump.cx);
    pump.data(second, &framed(b"still here"));
    let wire = pump.heard[&second].sent.concat();
    assert_eq!(unframed(&wire), (b"still here".to_vec(), false));
}

#[test]
fn whom_the_inner_protocol_dials_is_passed() {
    let mut pump = Pump::stream(Veil::new(Nested::call(Stdio::default())));
    assert_eq!(pump.dialled.len(), 1);
    let (screen, endpoint) = pump.dialled[0].clone();
    assert_eq!(endpoint, Endpoint::Stdio);
    pump.data(Peer::FIRST, &framed(b"from afar"));
    assert_eq!(pump.text(screen), "from afar");
    pump.data(screen, b"typed");
    pump.eof(screen);
    let wire = pump.heard[&Peer::FIRST].sent.concat();
    assert_eq!(unframed(&wire), (b"typed".to_vec(), true));
    pump.data(Peer::FIRST, &[0, 0]);
    assert!(pump.commands(screen).contains(&Command::Finish));
}

#[test]
fn a_screen_that_does_not_read_stops_the_wire() {
    let mut pump = Pump::stream(Veil::new(Nested::call(Stdio::default())));
    let (screen, _) = pump.dialled[0].clone();
    pump.takes.insert(screen, 0);
    let part = framed(&vec![b'x'; 50_000]);
    let mut came = 0;
    while pump.session.wants_read(Peer::FIRST, &pump.cx) {
        pump.data(Peer::FIRST, &part);
        came += part.len();
        assert!(came < 1_000_000, "everything is taken");
    }
    assert!(came >= 100_000, "{came}");
    // Its limit does not run meanwhile: it is not silent, it is not heard.
    assert_eq!(pump.session.deadline(), None);
    pump.takes.clear();
    pump.flush();
    assert!(pump.session.wants_read(Peer::FIRST, &pump.cx));
    while pump.session.wants_read(Peer::FIRST, &pump.cx) && came < 2_000_000 {
        pump.data(Peer::FIRST, &part);
        came += part.len();
    }
    assert_eq!(pump.heard[&screen].sent.concat().len(), came / part.len() * 50_000);
}

/// Sends so much at once.
struct Sends(usize);

impl Protocol for Sends {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if input == Input::Open {
            (0..self.0).for_each(|_| out.send(&[b'y'; 1000]));
            out.finish();
        }
    }
}

#[test]
fn what_the_wire_does_not_take_stays_within() {
    let mut pump = Pump::new(Veil::new(Nested::answer(Sends(10_000))));
    pump.takes.insert(Peer::FIRST, 0);
    pump.open(Peer::FIRST, Kind::Stream);
    let mut waits = 0;
    pump.session.protocol().nested.protocol();
    while let Some(n) = pump.session.output(Peer::FIRST, &pump.cx).map(<[u8]>::len) {
        waits += n;
        pump.session.sent(Peer::FIRST, n, pump.cx.now, &mut pump.cx);
    }
    // One piece beyond the room for it.
    assert!((64 * 1024..=2 * 65 * 1024).contains(&waits), "{waits}");
    pump.takes.clear();
    pump.flush();
    let rest = pump.heard[&Peer::FIRST].sent.concat().len();
    let frames = 10_000_000_usize.div_ceil(60_000);
    assert!((10_000_000 + 2 * frames..10_001_000).contains(&(waits + rest)), "{}", waits + rest);
    assert_eq!(pump.commands(Peer::FIRST), [Command::Finish]);
}

/// Keeps what it is told, in words.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        let text = match event.what {
            What::Open { .. } => "open".to_owned(),
            What::Received { bytes, .. } => format!("received {}", bytes.escape_ascii()),
            What::Sent { bytes, .. } => format!("sent {}", bytes.escape_ascii()),
            What::Eof => "eof".to_owned(),
            What::Finished => "finished".to_owned(),
            What::Closed { reason, sent, received, unsent, .. } => {
                format!("closed {reason}: sent {sent}, received {received}, unsent {unsent}")
            }
            What::Note { code, .. } => format!("note {code}"),
            What::Listening { .. } | What::Request { .. } | What::Stopped { .. } => {
                "run".to_owned()
            }
        };
        self.0.lock().unwrap().push(text);
    }

    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

fn observed() -> (Arc<Told>, Context) {
    let told = Arc::new(Told::default());
    let cx = Context::new(Limits::default(), Duration::ZERO, 1);
    (Arc::clone(&told), cx.observed_by(Some(told)))
}

fn open<P: Protocol>(session: &mut Session<P>, cx: &mut Context) {
    let here: Endpoint = "tcp://127.0.0.1:1".parse().unwrap();
    let link = Link { names: Some((&here, &here)), ..Link::stream(1) };
    session.open(Peer::FIRST, &link, cx);
}

fn flush<P: Protocol>(session: &mut Session<P>, cx: &mut Context) -> Vec<Command> {
    while let Some(n) = session.output(Peer::FIRST, cx).map(<[u8]>::len) {
        session.sent(Peer::FIRST, n, cx.now, cx);
    }
    core::iter::from_fn(|| session.command(Peer::FIRST, cx)).collect()
}

#[test]
fn everything_is_told_once_and_in_clear() {
    let (told, mut cx) = observed();
    let mut session = Session::answer(Veil::new(Nested::answer(Echo)));
    open(&mut session, &mut cx);
    session.data(Peer::FIRST, &framed(b"hello"), cx.now, &mut cx);
    assert_eq!(flush(&mut session, &mut cx), []);
    session.data(Peer::FIRST, &[0, 0], cx.now, &mut cx);
    session.eof(Peer::FIRST, &mut cx);
    assert_eq!(flush(&mut session, &mut cx), [Command::Finish, Command::Close]);
    let told = told.0.lock().unwrap().join("; ");
    let wanted = "open; received hello; sent hello; eof; finished; \
                  closed by peer (FIN): sent 5, received 5, unsent 0";
    assert_eq!(told, wanted);
    assert_eq!((cx.tally.conversations, cx.tally.sent, cx.tally.received), (1, 5, 5));
}

#[test]
fn an_end_without_the_last_word_is_no_end() {
    let (told, mut cx) = observed();
    let mut session = Session::answer(Veil::new(Nested::answer(Echo)));
    open(&mut session, &mut cx);
    session.data(Peer::FIRST, &framed(b"hello"), cx.now, &mut cx);
    session.eof(Peer::FIRST, &mut cx);
    flush(&mut session, &mut cx);
    let last = told.0.lock().unwrap().pop().unwrap();
    assert_eq!(last, "closed by peer (truncated): sent 5, received 5, unsent 0");
}

#[test]
fn what_was_held_back_counts_as_unsent() {
    let (told, mut cx) = observed();
    let mut session = Session::answer(Veil::new(Nested::answer(Sends(1000))));
    open(&mut session, &mut cx);
    session.closed(Peer::FIRST, Reason { by: By::Peer, how: How::Reset }, &mut cx);
    let last = told.0.lock().unwrap().pop().unwrap();
    let unsent: usize = last.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(unsent > 1_000_000 && unsent < 1_001_000, "{last}");
}

#[test]
fn timers_run_within_as_they_do_without() {
    let script = || {
        let wait = Duration::from_millis(10);
        Script::new().send("a").hear(1).wait(wait).send("b").hear(2).wait(wait).finish()
    };
    let plain = Sim::new(3).run(Session::call(script()), Session::answer(Echo));
    let veiled = Sim::new(3).run(
        Session::call(Veil::new(Nested::call(script()))),
        Session::answer(Veil::new(Nested::answer(Echo))),
    );
    assert_eq!(veiled.ended(), plain.ended());
    assert_eq!(veiled.reason("client"), plain.reason("client"));
    assert_eq!(veiled.reason("server"), plain.reason("server"));
    assert_eq!(unframed(veiled.received("client")), (b"ab".to_vec(), true));
}
