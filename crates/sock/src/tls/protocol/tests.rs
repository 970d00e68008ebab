//! TLS over the virtual wire: what is told, what arrives, and how it ends.

mod mangled;
mod within;

use std::sync::{Arc, Mutex};

use sock_proto::protocols::{Chargen, Discard, Echo};
use sock_proto::sim::{Cut, Node, Outcome, Script, Sim, Story, Wire as Link};
use sock_proto::{Event, Interest, Observer, Session, What};

use super::*;
use crate::tls::testing::Office;
use crate::tls::{ServerTls, Versions};

/// What one side is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        #[allow(clippy::wildcard_enum_match_arm, reason = "the others are not looked at")]
        let text = match event.what {
            What::Received { bytes, .. } => format!("received {}", bytes.escape_ascii()),
            What::Sent { bytes, .. } => format!("sent {}", bytes.escape_ascii()),
            What::Eof => "eof".to_owned(),
            What::Finished => "finished".to_owned(),
            What::Closed { reason, sent, received, .. } => {
                format!("closed {reason} after {sent} and {received}")
            }
            What::Note { code, text } => format!("{code}: {text}"),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }

    fn interest(&self) -> Interest {
        Interest::ALL
    }
}

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Everything that was received, in one piece.
    fn received(&self) -> String {
        self.lines().iter().filter_map(|line| line.strip_prefix("received ")).collect()
    }

    fn ends(&self) -> String {
        self.lines().pop().unwrap_or_default()
    }

    fn says(&self, what: &str) -> bool {
        self.lines().iter().any(|line| line.contains(what))
    }
}

struct Pair {
    office: Office,
    client: ClientTls,
    server: ServerTls,
}

impl Pair {
    fn new() -> Self {
        let office = Office::new();
        let (certificate, key) = office.signed("server", &["localhost"]);
        let client = ClientTls::new().ca(office.authority());
        Self { office, client, server: ServerTls::new().identity(certificate, key) }
    }

    fn calling(&self, protocol: impl Protocol) -> Session<Tls<impl Protocol>> {
        let layer = Layer::calling(&self.client, "localhost").unwrap();
        Session::call(layer.over(Nested::call(protocol)))
    }

    fn answering(&self, protocol: impl Protocol) -> Session<Tls<impl Protocol>> {
        let layer = Layer::answering(&self.server.load(&[]).unwrap());
        Session::answer(layer.over(Nested::answer(protocol)))
    }

    fn run(&self, wire: Link, script: Script, server: impl Protocol) -> (Story, [Arc<Told>; 2]) {
        let called = self.answering(server);
        play(wire, self.calling(script), called)
    }
}

fn play(
    wire: Link,
    client: Session<impl Protocol>,
    server: Session<impl Protocol>,
) -> (Story, [Arc<Told>; 2]) {
    let told = [Arc::new(Told::default()), Arc::new(Told::default())];
    let client = Node::new("client", client).observed_by(told[0].clone());
    let server = Node::new("server", server).observed_by(told[1].clone());
    (Sim::new(7).wire(wire).run(client, server), told)
}

fn cut(cut: Cut) -> Link {
    Link { cut, ..Link::default() }
}

#[test]
fn a_conversation_is_told_in_clear_and_ends_in_order() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut pair = Pair::new();
        pair.client = pair.client.versions(versions);
        let script = Script::new().send("hello").hear(5).send(" again").finish();
        let (story, [client, server]) = pair.run(Link::default(), script, Echo);
        assert_eq!(story.outcome(), Outcome::Done);
        assert_eq!(
            client.lines(),
            [
                "sent hello",
                "received hello",
                "sent  again",
                "finished",
                "received  again",
                "eof",
                "closed by us (FIN) after 11 and 11"
            ]
        );
        assert_eq!(
            server.lines(),
            [
                "received hello",
                "sent hello",
                "received  again",
                "sent  again",
                "eof",
                "finished",
                "closed by peer (FIN) after 11 and 11"
            ]
        );
        // Nothing of it is to be read on the wire.
        let wire = story.received("server").escape_ascii().to_string();
        assert!(wire.len() > 500 && !wire.contains("hello"), "{versions:?}");
    }
}

/// Some 1,900 bytes go one way in the handshake and 900 the other; each third place is a cut once,
/// and every place is one of many.
#[test]
fn no_cut_changes_anything() {
    let pair = Pair::new();
    let script = || Script::new().send("one").hear(3).send("two").finish();
    let cuts = (1..2400).step_by(3).map(|at| Cut::At(vec![at]));
    for one in cuts.chain([1, 2, 3, 5, 7, 64].map(Cut::Every)) {
        let (story, [client, server]) = pair.run(cut(one.clone()), script(), Echo);
        assert_eq!(story.outcome(), Outcome::Done, "{one:?}");
        assert_eq!(client.received(), "onetwo", "{one:?}");
        assert_eq!(server.received(), "onetwo", "{one:?}");
        assert_eq!(client.ends(), "closed by us (FIN) after 6 and 6", "{one:?}");
        assert_eq!(server.ends(), "closed by peer (FIN) after 6 and 6", "{one:?}");
    }
}

#[test]
fn back_pressure_reaches_through_both_ways() {
    let pair = Pair::new();
    let data: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for window in [1000, 64 * 1024] {
        let script = Script::new().send(&data).finish();
        let wire = Link { window, ..Link::default() };
        let (story, [client, server]) = pair.run(wire, script, Echo);
        assert_eq!(story.outcome(), Outcome::Done);
        assert_eq!(client.received(), data.escape_ascii().to_string(), "{window}");
        assert_eq!(client.ends(), "closed by us (FIN) after 3000000 and 3000000");
        assert_eq!(server.ends(), "closed by peer (FIN) after 3000000 and 3000000");
    }
    // A producer without an end makes no more than is taken.
    let script = Script::new().hear(1_000_000).abort();
    let (story, [client, server]) = pair.run(Link::default(), script, Chargen);
    assert_eq!(story.outcome(), Outcome::Done);
    assert!(client.received().len() >= 1_000_000);
    assert!(server.ends().starts_with("closed by peer (RST) after 1"), "{}", server.ends());
}

/// Ends a conversation of TLS as no one should: by a FIN alone.
struct Rude<P>(Tls<P>, usize);

impl<P: Protocol> Protocol for Rude<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        self.0.handle(input, out);
        if let (Input::Data(_), Some(wire)) = (input, self.0.wires.get_mut(out.peer()))
            && wire.stage == Stage::Open
        {
            self.1 = self.1.saturating_sub(1);
            if self.1 == 0 {
                out.finish();
            }
        }
    }
}

#[test]
fn a_fin_alone_is_no_end() {
    let pair = Pair::new();
    let layer = Layer::calling(&pair.client, "localhost").unwrap();
    let script = Script::new().send("all that I have");
    let rude = Session::call(Rude(layer.over(Nested::call(script)), 1));
    let (story, [_, server]) = play(Link::default(), rude, pair.answering(Discard));
    assert_eq!(story.outcome(), Outcome::Done);
    assert_eq!(
        server.lines(),
        ["received all that I have", "closed by peer (truncated) after 0 and 15"]
    );
}

#[test]
fn a_reset_stays_a_reset() {
    let pair = Pair::new();
    let script = Script::new().send("x").hear(1).abort();
    let (_, [client, server]) = pair.run(Link::default(), script, Echo);
    assert_eq!(client.ends(), "closed by us (RST) after 1 and 1");
    assert_eq!(server.ends(), "closed by peer (RST) after 1 and 1");
    // At any moment of it.
    for millis in 1..12 {
        let reset = Some(Time::from_nanos(millis * 1_000_000 + 1));
        let script = Script::new().send("x").hear(1).wait(Duration::from_secs(1)).finish();
        let (story, told) = pair.run(Link { reset, ..Link::default() }, script, Echo);
        assert_eq!(story.outcome(), Outcome::Done);
        for side in told {
            let end = side.ends();
            assert!(end.is_empty() || end.contains("closed by peer (RST)"), "{millis}: {end}");
        }
    }
}

#[test]
fn who_is_not_trusted_hears_nothing_and_is_told_why() {
    let mut pair = Pair::new();
    pair.client = ClientTls::new().ca(Office::named("another authority").authority());
    let other = Office::named("another authority");
    pair.client = ClientTls::new().ca(other.authority());
    let (story, [client, server]) = pair.run(Link::default(), Script::new().send("secret"), Echo);
    assert_eq!(story.outcome(), Outcome::Done);
    assert_eq!(client.lines().len(), 2, "{:?}", client.lines());
    assert!(client.says(
        "tls: the server's certificate CN=server (for localhost) is signed by CN=the test authority"
    ));
    assert_eq!(client.ends(), "closed by us (TLS) after 0 and 0");
    assert!(server.says("alert 48: unknown_ca"), "{:?}", server.lines());
    assert!(server.ends().ends_with("(TLS) after 0 and 0"), "{}", server.ends());
}

/// Under 1.3 the client has finished, and has spoken, before the server refuses its certificate.
#[test]
fn a_client_without_a_certificate_learns_it_when_it_first_reads() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut pair = Pair::new();
        pair.server = pair.server.client_ca(pair.office.authority());
        pair.client = pair.client.versions(versions);
        let script = Script::new().send("let me in").hear(9).finish();
        let (story, [client, server]) = pair.run(Link::default(), script, Echo);
        assert_eq!(story.outcome(), Outcome::Done);
        assert_eq!(server.received(), "", "nothing is heard of whom nobody knows");
        assert!(server.says("the client showed no certificate, and one is demanded here"));
        assert!(client.ends().contains("(TLS) after"), "{}", client.ends());
        if versions == Versions::Tls13 {
            assert!(client.says("alert 116: certificate_required"), "{:?}", client.lines());
        }
        let (certificate, key) = pair.office.signed("client", &["anna"]);
        pair.client = pair.client.identity(certificate, key);
        let script = Script::new().send("let me in").hear(9).finish();
        let (_, [client, _]) = pair.run(Link::default(), script, Echo);
        assert_eq!(client.received(), "let me in");
    }
}

#[test]
fn a_peer_that_speaks_no_tls_is_told_apart() {
    let pair = Pair::new();
    let greeting = Script::new().send("SSH-2.0-OpenSSH_9.9\r\n");
    let calling = pair.calling(Script::new().send("hello"));
    let (story, [client, _]) = play(Link::default(), calling, Session::answer(greeting));
    assert_eq!(story.outcome(), Outcome::Done);
    assert!(client.says(
        "tls: the server does not speak TLS: it says 'SSH-2.0-OpenSSH_9.9'; without it: \
         tcp://HOST:PORT instead of tls://"
    ));
    assert_eq!(client.ends(), "closed by us (TLS) after 0 and 0");
    let request = Session::call(Script::new().send("GET / HTTP/1.1\r\n\r\n"));
    let (_, [_, server]) = play(Link::default(), request, pair.answering(Echo));
    assert!(server.says("tls: the client does not speak TLS: it says 'GET / HTTP/1.1'; "));
    assert_eq!(server.received(), "", "nothing from before the handshake");
}

#[test]
fn a_handshake_that_does_not_end_is_ended() {
    let pair = Pair::new();
    let calling = pair.calling(Script::new().send("hello"));
    let (story, [client, _]) = play(Link::default(), calling, Session::call(Discard));
    assert_eq!(story.outcome(), Outcome::Done);
    assert!(
        client.says("tls: the server did not finish the handshake within 10s; does it speak TLS?")
    );
    assert_eq!(client.ends(), "closed by peer (timeout) after 0 and 0");
    // A server's patience ends too, and the timers of whoever is within are others.
    let silent = Session::call(Script::new().wait(Duration::from_mins(1)).finish());
    let (_, [_, server]) = play(Link::default(), silent, pair.answering(Echo));
    assert!(server.says("tls: the client did not finish the handshake within 10s"));
    let script = Script::new().wait(Duration::from_secs(30)).send("late").hear(4).finish();
    let (story, [client, _]) = pair.run(Link::default(), script, Echo);
    assert_eq!(client.received(), "late");
    assert!(story.ended() > Time::ZERO + Duration::from_secs(30));
}

#[test]
fn who_ends_in_the_middle_of_the_handshake_does_not_speak_tls() {
    let pair = Pair::new();
    let calling = pair.calling(Script::new().send("hello"));
    let leaving = Session::answer(Script::new().finish());
    let (_, [client, _]) = play(Link::default(), calling, leaving);
    assert!(client.says("tls: the server ended the connection in the middle of the handshake; "));
    assert_eq!(client.ends(), "closed by peer (TLS) after 0 and 0");
}

/// Changes one byte of what the inner half sends, some way behind the handshake.
struct Garbles<P> {
    tls: Tls<P>,
    at: usize,
}

impl<P: Protocol> Protocol for Garbles<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let Input::Data(bytes) = input else { return self.tls.handle(input, out) };
        let mut bytes = bytes.to_vec();
        let n = bytes.len();
        if (self.at..self.at + n).contains(&4000) {
            bytes[4000 - self.at] ^= 1;
        }
        self.at += n;
        self.tls.handle(Input::Data(&bytes), out);
    }
}

#[test]
fn a_record_that_was_changed_ends_it_and_is_not_heard() {
    let pair = Pair::new();
    let layer = Layer::answering(&pair.server.load(&[]).unwrap());
    let server = Session::answer(Garbles { tls: layer.over(Nested::answer(Discard)), at: 0 });
    let script = Script::new().send(vec![b'x'; 100_000]).hear(1);
    let (_, [client, server]) = play(Link::default(), pair.calling(script), server);
    assert!(server.says("cannot be decrypted: it was changed on its way"), "{:?}", server.ends());
    assert_eq!(server.received(), "");
    assert!(server.ends().starts_with("closed by us (TLS)"), "{}", server.ends());
    assert!(client.says("alert 20: bad_record_mac"), "{:?}", client.ends());
}

#[test]
fn sessions_resume_and_the_notes_say_what_was_agreed() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let pair = Pair::new();
        let settings = pair.client.clone().versions(versions).alpn("echo").tell_info();
        let layer = Layer::calling(&settings, "localhost").unwrap();
        let server = Layer::answering(&pair.server.clone().alpn("echo").load(&[]).unwrap());
        for resumed in [false, true] {
            let script = Script::new().send("x").hear(1).finish();
            let calling = Session::call(layer.over(Nested::call(script)));
            let called = Session::answer(server.over(Nested::answer(Echo)));
            let (_, [client, _]) = play(Link::default(), calling, called);
            let lines = client.lines();
            let version = if versions == Versions::Tls12 { "TLS 1.2, " } else { "TLS 1.3, " };
            assert!(lines[0].starts_with(&format!("tls-info: {version}TLS_")), "{lines:?}");
            assert!(lines[0].contains(", ALPN echo"), "{lines:?}");
            assert_eq!(lines[0].ends_with(", resumed"), resumed, "{lines:?}");
            assert_eq!(lines[1], "tls-info: certificate 0: subject CN=server", "{lines:?}");
            assert!(lines[6].starts_with("tls-info: certificate 0: SHA-256 "), "{lines:?}");
            assert_eq!(client.received(), "x");
        }
    }
}
