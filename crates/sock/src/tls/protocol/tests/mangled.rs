//! A wire that changes what it carries: nobody panics, waits for ever, or hears what was not said.
//!
//! `SOCK_FUZZ_SECONDS` says how long it is tried (2).

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sock_proto::Limits;

use super::*;

/// One change to what a side is given.
#[derive(Debug, Clone)]
enum Change {
    /// These bits of this byte.
    Flip(usize, u8),
    /// So many bytes are missing from there on.
    Lose(usize, usize),
    /// These come before the byte.
    Insert(usize, Vec<u8>),
    /// The end comes there.
    End(usize),
}

fn change() -> impl Strategy<Value = Change> {
    // A handshake has some 2,000 bytes, and as many again are said.
    let at = 0..4000_usize;
    prop_oneof![
        (at.clone(), 1..=255_u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (at.clone(), 1..300_usize).prop_map(|(at, n)| Change::Lose(at, n)),
        (at.clone(), prop::collection::vec(any::<u8>(), 1..80))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        at.prop_map(Change::End),
    ]
}

/// Gives a protocol what has come, changed.
struct Mangled<P> {
    inner: P,
    change: Change,
    at: usize,
    has_ended: bool,
}

impl<P: Protocol> Mangled<P> {
    fn mangle(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (from, to) = (self.at, self.at + bytes.len());
        self.at = to;
        let here = |at: &usize| (from..to).contains(at);
        let mut bytes = bytes.to_vec();
        match &self.change {
            Change::Flip(at, bits) if here(at) => bytes[at - from] ^= bits,
            Change::Insert(at, more) if here(at) => {
                bytes.splice(at - from..at - from, more.iter().copied());
            }
            Change::Lose(at, n) => {
                let mut place = from..;
                bytes.retain(|_| place.next().is_none_or(|p| !(*at..at + n).contains(&p)));
            }
            Change::End(at) if here(at) => {
                bytes.truncate(at - from);
                self.has_ended = true;
            }
            Change::Flip(..) | Change::Insert(..) | Change::End(_) => {}
        }
        bytes
    }
}

impl<P: Protocol> Protocol for Mangled<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(_) | Input::Eof if self.has_ended => {}
            Input::Data(bytes) => {
                let bytes = self.mangle(bytes);
                if !bytes.is_empty() {
                    self.inner.handle(Input::Data(&bytes), out);
                }
                if self.has_ended {
                    self.inner.handle(Input::Eof, out);
                }
            }
            Input::Open
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => self.inner.handle(input, out),
        }
    }
}

fn mangled<P: Protocol + 'static>(tls: Tls<P>, change: Option<&Change>) -> Box<dyn Protocol> {
    match change {
        Some(change) => {
            Box::new(Mangled { inner: tls, change: change.clone(), at: 0, has_ended: false })
        }
        None => Box::new(tls),
    }
}

#[allow(clippy::disallowed_methods, reason = "how long a test runs is not a protocol's time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_wire_that_changes_what_it_carries_is_noticed() {
    let pair = Pair::new();
    let said: Vec<u8> = (b'a'..=b'z').cycle().take(1500).collect();
    let limits = || Limits { idle: Some(Duration::from_mins(1)), ..Limits::default() };
    let play = |versions: Versions, to_server: bool, change: &Change| {
        let calling = Layer::calling(&pair.client.clone().versions(versions), "localhost").unwrap();
        let answering = Layer::answering(&pair.server.load(&[]).unwrap());
        let script = Script::new().send(&said).hear(1500).finish();
        let client = mangled(calling.over(Nested::call(script)), (!to_server).then_some(change));
        let server = mangled(answering.over(Nested::answer(Echo)), to_server.then_some(change));
        let told = [Arc::new(Told::default()), Arc::new(Told::default())];
        let client = Node::new("client", Session::call(client)).limits(limits());
        let server = Node::new("server", Session::answer(server)).limits(limits());
        let story = Sim::new(7)
            .run(client.observed_by(told[0].clone()), server.observed_by(told[1].clone()));
        prop_assert_eq!(story.outcome(), Outcome::Done);
        let whole = said.escape_ascii().to_string();
        for told in &told {
            prop_assert!(whole.starts_with(&told.received()), "{}", told.received());
        }
        Ok(())
    };
    let limit = std::env::var("SOCK_FUZZ_SECONDS").map_or(Duration::from_secs(2), |seconds| {
        Duration::from_secs(seconds.parse().expect("SOCK_FUZZ_SECONDS is a number of seconds"))
    });
    let begin = now();
    while now() - begin < limit {
        let config = Config { failure_persistence: None, ..Config::with_cases(32) };
        let versions = prop_oneof![Just(Versions::Tls12), Just(Versions::Tls13)];
        let strategy = (versions, any::<bool>(), change());
        let test = |(versions, to_server, change)| play(versions, to_server, &change);
        if let Err(failure) = TestRunner::new(config).run(&strategy, test) {
            panic!("{failure}");
        }
    }
}
