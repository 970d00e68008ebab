//! A message that a protocol makes piece by piece leaves as one.

use sock_proto::{Context, Input, Link, Out, Peer, Protocol, Session};

struct Twice;

impl Protocol for Twice {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if let Input::Data(bytes) = input {
            out.compose(|message| {
                message.extend_from_slice(bytes);
                message.extend_from_slice(bytes);
            });
        }
    }
}

#[test]
fn a_composed_message_is_one_datagram() {
    let mut cx = Context::default();
    let mut session = Session::answer(Twice);
    session.open(Peer::FIRST, &Link::datagram(1), &mut cx);
    for (came, sent) in [(&b"ab"[..], &b"abab"[..]), (b"", b"")] {
        session.data(Peer::FIRST, came, cx.now, &mut cx);
        assert_eq!(session.output(Peer::FIRST, &cx), Some(sent));
        session.sent(Peer::FIRST, sent.len(), cx.now, &mut cx);
        assert_eq!(session.output(Peer::FIRST, &cx), None);
    }
}
