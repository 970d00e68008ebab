//! Ranges of files in the outbox: in order, to the byte, and never more or less than was promised.

mod pump;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pump::Pump;
use sock_proto::{Command, Input, Out, Peer, Protocol, Source, Span};

/// Byte `n` of it is `n % 251`; it ends at `len`, which may change.
#[derive(Debug)]
struct Pattern {
    len: AtomicU64,
}

impl Pattern {
    fn new(len: u64) -> Arc<Self> {
        Arc::new(Self { len: AtomicU64::new(len) })
    }
}

fn pattern(range: std::ops::Range<u64>) -> Vec<u8> {
    range.map(|n| (n % 251) as u8).collect()
}

impl Source for Pattern {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> usize {
        let end = self.len.load(Ordering::Relaxed).min(at + buf.len() as u64);
        let bytes = pattern(at..end.max(at));
        buf[..bytes.len()].copy_from_slice(&bytes);
        bytes.len()
    }
}

/// Sends `head`, the range, `tail`, and finishes.
struct Sends(Arc<Pattern>, u64, u64);

impl Protocol for Sends {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if input == Input::Open {
            out.send(b"head");
            out.send_range(Span::new(self.0.clone(), self.1, self.2));
            out.send_range(Span::new(self.0.clone(), 0, 0));
            out.send(b"tail");
            assert_eq!(out.queued(), 8 + self.2);
            out.finish();
        }
    }
}

#[test]
fn a_range_leaves_between_what_was_queued_before_and_after_it() {
    for len in [1, 100, 65_535, 65_536, 65_537, 300_000] {
        let pump = Pump::stream(Sends(Pattern::new(1_000_000), 7, len));
        let wanted = [b"head", &pattern(7..7 + len)[..], b"tail"].concat();
        assert_eq!(pump.heard[&Peer::FIRST].sent.concat(), wanted, "{len}");
        assert_eq!(pump.commands(Peer::FIRST), [Command::Finish]);
    }
}

#[test]
fn a_range_that_is_shorter_than_promised_cuts_the_conversation_short() {
    let pump = Pump::stream(Sends(Pattern::new(100_000), 0, 100_001));
    let wanted = [b"head", &pattern(0..100_000)[..]].concat();
    assert_eq!(pump.heard[&Peer::FIRST].sent.concat(), wanted);
    assert_eq!(pump.commands(Peer::FIRST), [Command::Abort]);
}

#[test]
fn a_file_that_grows_is_sent_as_it_was_promised() {
    let file = Pattern::new(10);
    let mut pump = Pump::new(Sends(file.clone(), 0, 10));
    file.len.store(1000, Ordering::Relaxed);
    pump.open(Peer::FIRST, sock_proto::Kind::Stream);
    assert_eq!(
        pump.heard[&Peer::FIRST].sent.concat(),
        [b"head", &pattern(0..10)[..], b"tail"].concat()
    );
}

#[test]
fn who_does_not_read_holds_one_piece_of_a_range() {
    let mut pump = Pump::new(Sends(Pattern::new(u64::MAX), 0, 1 << 40));
    pump.takes.insert(Peer::FIRST, 4);
    pump.open(Peer::FIRST, sock_proto::Kind::Stream);
    let next = pump.session.output(Peer::FIRST, &pump.cx).map(<[u8]>::len);
    assert_eq!(next, Some(65_536));
}

#[test]
fn an_engine_that_takes_ranges_is_given_them() {
    let mut pump = Pump::new(Sends(Pattern::new(1000), 3, 500));
    pump.cx.takes_ranges = true;
    let peer = Peer::FIRST;
    let cx = &mut pump.cx;
    let session = &mut pump.session;
    session.open(peer, &sock_proto::Link::stream(1), cx);
    assert_eq!(session.output(peer, cx), Some(&b"head"[..]));
    assert!(session.range(peer, cx).is_none());
    assert!(session.has_range_next(peer));
    session.sent(peer, 4, cx.now, cx);
    assert_eq!(session.output(peer, cx), None);
    assert!(!session.has_range_next(peer));
    assert_eq!(session.range(peer, cx).map(|span| (span.at(), span.len())), Some((3, 500)));
    assert_eq!(session.command(peer, cx), None);
    session.sent_range(peer, 100, cx);
    assert_eq!(session.range(peer, cx).map(|span| (span.at(), span.len())), Some((103, 400)));
    // It cannot go on by itself: the rest is read.
    session.read_range(peer, cx);
    assert!(session.range(peer, cx).is_none());
    assert_eq!(session.output(peer, cx), Some(&pattern(103..503)[..]));
    session.sent(peer, 400, cx.now, cx);
    assert_eq!(session.output(peer, cx), Some(&b"tail"[..]));
    session.sent(peer, 4, cx.now, cx);
    assert_eq!(session.command(peer, cx), Some(Command::Finish));
}

#[test]
fn a_range_of_which_the_kernel_sent_nothing_cuts_the_conversation_short() {
    let mut pump = Pump::new(Sends(Pattern::new(1000), 0, 500));
    pump.cx.takes_ranges = true;
    let (peer, cx, session) = (Peer::FIRST, &mut pump.cx, &mut pump.session);
    session.open(peer, &sock_proto::Link::stream(1), cx);
    session.sent(peer, 4, cx.now, cx);
    session.sent_range(peer, 0, cx);
    assert!(session.range(peer, cx).is_none());
    assert_eq!(session.command(peer, cx), Some(Command::Abort));
}
