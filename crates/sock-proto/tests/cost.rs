//! What a session costs: the bytes of an idle one, the allocations of a busy one.

use std::hint::black_box;

use allocation_counter::measure;
use sock_proto::protocols::Echo;
use sock_proto::{Context, Link, Peer, Protocol, Session};

/// An idle conversation may cost so much beside the kernel's part: with ten thousand of them 5 MB.
const IDLE: usize = 512;

fn opened(cx: &mut Context) -> Session<Echo> {
    let mut session = Session::answer(Echo);
    session.open(Peer::FIRST, &Link::stream(1), cx);
    flush(&mut session, cx);
    session
}

/// Sends what there is, as an engine whose kernel takes everything.
fn flush<P: Protocol>(session: &mut Session<P>, cx: &mut Context) {
    while let Some(n) = session.output(Peer::FIRST, cx).map(<[u8]>::len) {
        session.sent(Peer::FIRST, n, cx.now, cx);
    }
    assert_eq!(session.command(Peer::FIRST, cx), None);
}

fn echo(session: &mut Session<Echo>, bytes: &[u8], cx: &mut Context) {
    session.data(Peer::FIRST, bytes, cx.now, cx);
    flush(session, cx);
}

/// A context whose spare buffers have been used: those are the engine's and not the session's.
fn warm() -> Context {
    let mut cx = Context::default();
    let mut session = opened(&mut cx);
    echo(&mut session, &[0; 64], &mut cx);
    echo(&mut session, &vec![0; 64 * 1024], &mut cx);
    cx
}

#[test]
fn an_idle_session_of_echo_costs_at_most_512_bytes() {
    let large = vec![b'x'; 64 * 1024];
    for spoken in [&large[..0], &large[..64], &large[..]] {
        let mut cx = warm();
        let mut idle = None;
        let info = measure(|| {
            let session = idle.insert(opened(&mut cx));
            if !spoken.is_empty() {
                echo(session, spoken, &mut cx);
            }
        });
        let heap = usize::try_from(info.bytes_current).expect("a session frees nothing of others");
        let cost = size_of::<Session<Echo>>() + heap;
        assert!(cost <= IDLE, "{cost} bytes after an echo of {} bytes", spoken.len());
        drop(black_box(idle));
    }
}

#[test]
fn a_session_that_only_opened_and_closed_allocates_nothing() {
    let mut cx = warm();
    let info = measure(|| drop(black_box(opened(&mut cx))));
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_session_with_one_peer_allocates_nothing_per_event_once_its_buffers_are_warm() {
    let large = vec![b'x'; 64 * 1024];
    let mut cx = warm();
    let mut session = opened(&mut cx);
    echo(&mut session, &large, &mut cx);
    let info = measure(|| {
        for n in 1..1000 {
            echo(&mut session, &large[..n * 64], &mut cx);
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_stalled_session_keeps_what_it_owes_and_little_more() {
    let mut cx = warm();
    let mut session = opened(&mut cx);
    let info = measure(|| {
        session.data(Peer::FIRST, &[b'x'; 100], cx.now, &mut cx);
        session.stalled(Peer::FIRST, &mut cx);
    });
    // The buffer of 64 KiB that the bytes lay in has gone back to the engine.
    assert!(info.bytes_current <= 1024, "{} bytes", info.bytes_current);
    assert_eq!(session.output(Peer::FIRST, &cx).map(<[u8]>::len), Some(100));
}
