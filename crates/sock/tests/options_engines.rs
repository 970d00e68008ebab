//! The options of a server that its engines see to themselves: the pause before each accept, and
//! the end by a reset.
#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, ENGINES, Transport, now};
use sock::ErrorKind;

const STREAMS: [Transport; 3] = [Transport::Tcp4, Transport::Tcp6, Transport::Unix];

/// Each caller waits for its pause, one after the other, and then has all that it asks for.
#[test]
fn a_pause_before_each_accept_delays_and_harms_nothing() {
    let data: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for engine in ENGINES {
        for transport in STREAMS {
            let what = format!("{engine} {transport:?}");
            let server = ServerProcess::start(engine, "echo", transport, &["--pause-accept", "60"]);
            let began = now();
            // All of them wait in the backlog at once, and have sent before they are accepted.
            let clients: Vec<Client> = (0..3)
                .map(|_| Client::connect(transport, &server.endpoint))
                .inspect(|client| client.send(b"hello"))
                .collect();
            for (served, client) in (1..).zip(clients) {
                assert_eq!(client.receive(5), b"hello", "{what}");
                let pauses = Duration::from_millis(60) * served;
                assert!(began.elapsed() >= pauses, "{what}: {served} in {:?}", began.elapsed());
                assert_eq!(client.exchange(&data), data, "{what}");
            }
            assert_eq!(server.stop(), "3 300015 300015", "{what}");
        }
    }
}

/// A pause holds up neither who has been accepted already nor the end of the server.
#[test]
fn a_pause_before_an_accept_holds_up_only_who_waits_for_it() {
    let play = |engine| {
        let more = ["--pause-accept", "2000"];
        let server = ServerProcess::start(engine, "echo", Transport::Tcp4, &more);
        let accepted = Client::connect(Transport::Tcp4, &server.endpoint);
        accepted.echoes(b"hello");
        let began = now();
        let waits = Client::connect(Transport::Tcp4, &server.endpoint);
        waits.send(b"hello");
        let rounds = (0..10).map(|_| accepted.echoes(b"hello")).count();
        // Ten echoes take about a millisecond; the pause of the other is two thousand.
        waits.has_nothing();
        assert!(began.elapsed() < Duration::from_secs(2), "{engine}: {rounds} echoes");
        accepted.finish();
        assert_eq!(accepted.receive_all(), b"", "{engine}");
        let asked = now();
        server.stop();
        assert!(asked.elapsed() < Duration::from_millis(1500), "{engine}: {:?}", asked.elapsed());
    };
    std::thread::scope(|scope| {
        for engine in CONCURRENT {
            scope.spawn(move || play(engine));
        }
    });
}

/// Where the server is told to end by resets, a client sees one behind all that it was sent.
#[test]
fn a_server_that_ends_by_a_reset_is_seen_to() {
    for engine in ENGINES {
        for transport in STREAMS {
            for (reset, more) in [(false, &["--log"][..]), (true, &["--log", "--reset"])] {
                let what = format!("{engine} {transport:?} reset={reset}");
                let server = ServerProcess::start(engine, "echo", transport, more);
                let client = Client::connect(transport, &server.endpoint);
                client.echoes(b"hello");
                client.finish();
                let heard = client.socket().recv(&mut [0; 10]).map_err(|error| error.kind());
                // A unix socket has no such thing: its end is an end.
                let is_seen = reset && transport != Transport::Unix;
                assert_eq!(heard, if is_seen { Err(ErrorKind::Reset) } else { Ok(0) }, "{what}");
                let how = if reset { "how=reset" } else { "how=fin" };
                server.says(&format!("{how} sent=5 received=5"));
                server.stop();
            }
        }
    }
}
