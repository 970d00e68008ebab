//! Bytes that are no TLS, put into a conversation that is.

use super::*;

/// Says something in the clear behind its first answer.
struct Injects<P> {
    tls: Tls<P>,
    is_done: bool,
}

impl<P: Protocol> Protocol for Injects<P> {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        self.tls.handle(input, out);
        let wire = self.tls.wires.get_mut(out.peer());
        let is_open = wire.is_some_and(|wire| wire.stage == Stage::Open);
        if is_open && matches!(input, Input::Data(_)) && !std::mem::replace(&mut self.is_done, true)
        {
            out.send(b"HTTP/1.1 200 OK\r\n\r\n");
        }
    }
}

#[test]
fn what_was_opened_before_it_is_delivered_and_no_advice_is_given() {
    const SAID: &str = "tls: bytes came that are no part of the conversation with the server: somebody put \
                        them there on the way, or the server is at fault";
    for versions in [Versions::Tls12, Versions::Tls13] {
        for wire in [Link::default(), cut(Cut::Every(1)), cut(Cut::Every(700))] {
            let mut pair = Pair::new();
            pair.client = pair.client.versions(versions);
            let layer = Layer::answering(&pair.server.load(&[]).unwrap());
            let greeting = Script::new().send("all that I have").hear(1);
            let tls = layer.over(Nested::answer(greeting));
            let server = Session::answer(Injects { tls, is_done: false });
            let (story, [client, _]) = play(wire, pair.calling(Discard), server);
            assert_eq!(story.outcome(), Outcome::Done);
            assert_eq!(
                client.lines(),
                ["received all that I have", SAID, "closed by us (TLS) after 0 and 15"]
            );
        }
    }
}

/// The first record that is opened comes with the end of the handshake, in one piece with what is none.
#[test]
fn what_comes_with_the_end_of_the_handshake_is_delivered_too() {
    let pair = Pair::new();
    let layer = Layer::calling(&pair.client, "localhost").unwrap();
    let tls = layer.over(Nested::call(Script::new().send("first words").hear(1)));
    let client = Session::call(Injects { tls, is_done: false });
    let (_, [_, server]) = play(Link::default(), client, pair.answering(Discard));
    assert_eq!(server.received(), "first words");
    assert!(server.says("no part of the conversation with the client"), "{:?}", server.lines());
}

#[test]
fn who_calls_in_the_clear_is_answered_so_that_it_understands() {
    let pair = Pair::new();
    let said = |bytes: &str| {
        let client = Session::call(Script::new().send(bytes).hear(1));
        let (story, _) = play(Link::default(), client, pair.answering(Echo));
        story.received("client").to_vec()
    };
    let page = String::from_utf8(said("GET / HTTP/1.1\r\nHost: here\r\n\r\n")).unwrap();
    assert!(page.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{page}");
    assert!(page.ends_with("\r\n\r\nthis port speaks TLS: write https://\n"), "{page}");
    assert_eq!(said("SSH-2.0-OpenSSH_9.9\r\n"), [21, 3, 1, 0, 2, 2, 10]);
}
