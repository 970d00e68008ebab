//! Once the engine's buffers are warm, no protocol of the hot path allocates for what is said.

use allocation_counter::measure;
use sock_proto::protocols::{Boxed, Settings, find};
use sock_proto::{By, Context, How, Link, Peer, Reason, Session};

const SAID: [&str; 3] = ["Hi\n", "a longer line, straße and all, \u{10428}\r\n", "\n"];

fn session(name: &str) -> Session<Boxed> {
    Session::answer(find(name).expect("a row of the table").make(&Settings::default()))
}

/// Takes all that is queued, as an engine whose kernel takes everything.
fn flush(session: &mut Session<Boxed>, cx: &mut Context) {
    loop {
        while let Some(n) = session.output(Peer::FIRST, cx).map(<[u8]>::len) {
            session.sent(Peer::FIRST, n, cx.now, cx);
        }
        if session.command(Peer::FIRST, cx).is_none() {
            return;
        }
    }
}

/// How often `work` allocates, once it has been done a few times.
fn allocations(mut work: impl FnMut()) -> u64 {
    (0..10).for_each(|_| work());
    measure(|| (0..100).for_each(|_| work())).count_total
}

#[test]
fn a_stream_allocates_nothing_for_what_is_said() {
    for name in ["upper", "ack", "echo", "discard"] {
        let mut cx = Context::default();
        let mut session = session(name);
        session.open(Peer::FIRST, &Link::stream(1), &mut cx);
        let talk = || {
            for said in SAID {
                session.data(Peer::FIRST, said.as_bytes(), cx.now, &mut cx);
                flush(&mut session, &mut cx);
            }
        };
        assert_eq!(allocations(talk), 0, "{name}");
    }
}

#[test]
fn a_stateless_service_allocates_nothing_for_a_datagram() {
    for name in ["upper", "ack", "echo", "discard", "daytime", "time"] {
        let mut cx = Context::default();
        let mut session = session(name);
        let talk = || {
            for said in SAID {
                session.open(Peer::FIRST, &Link::datagram(1), &mut cx);
                session.data(Peer::FIRST, said.as_bytes(), cx.now, &mut cx);
                flush(&mut session, &mut cx);
                let reason = Reason { by: By::Us, how: How::Fin };
                session.closed(Peer::FIRST, reason, &mut cx);
            }
        };
        assert_eq!(allocations(talk), 0, "{name}");
    }
}

#[test]
fn a_greeting_costs_its_queue_and_nothing_else() {
    let mut cx = Context::default();
    let talk = || {
        let mut session = session("greet");
        session.open(Peer::FIRST, &Link::stream(1), &mut cx);
        flush(&mut session, &mut cx);
        session.eof(Peer::FIRST, &mut cx);
        flush(&mut session, &mut cx);
        assert!(session.is_done());
    };
    assert_eq!(allocations(talk), 100);
}
