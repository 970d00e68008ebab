//! Datagrams between ours and theirs, each side as client and as server.

use crate::foreign::{Foreign, Nc};
use crate::support::{Program, Server, nc, sock};

#[test]
fn their_clients_get_each_datagram_back_from_our_echo() {
    let server = Server::start(&["echo"], &["udp://127.0.0.1:0"]);
    for theirs in Foreign::ALL {
        let Some(mut client) = theirs.call_datagrams(&server.port("udp")) else { continue };
        for words in [&b"one\n"[..], b"two and more\n"] {
            client.say(words);
            assert_eq!(client.exactly(words.len()), words, "{theirs:?}");
        }
    }
    server.stop();
}

#[test]
fn our_client_prints_the_reply_of_their_server() {
    for theirs in Foreign::ALL {
        let Some((mut server, port)) = theirs.listen_datagrams() else { continue };
        let mut client =
            Program::start(sock(&["send", &format!("udp://127.0.0.1:{port}"), "hello"]));
        assert_eq!(server.exactly(5), b"hello", "{theirs:?}");
        server.say(b"HELLO");
        assert_eq!(client.line(), "HELLO", "{theirs:?}");
        assert_eq!(client.finish().expect(0).text(), "");
    }
}

#[test]
fn a_datagram_is_upper_cased_for_netcat() {
    let Some(_) = nc() else { return };
    let server = Server::start(&["upper"], &["udp://127.0.0.1:0"]);
    let mut client = Nc.call_datagrams(&server.port("udp")).expect("it was there a moment ago");
    client.say("straße\n".as_bytes());
    assert_eq!(client.line(), "STRASSE");
    drop(client);
    server.stop();
}
