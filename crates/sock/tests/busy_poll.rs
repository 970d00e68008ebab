//! Spinning instead of sleeping: everything holds as it does asleep, and who is to sleep sleeps.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, DEADLINE, ENGINES, Transport, now};

const ALWAYS: [&str; 2] = ["--busy-poll", "always"];
/// Far shorter than any pause in these tests.
const BRIEFLY: [&str; 2] = ["--busy-poll", "50"];

/// Waits until the server has spent that much more of a processor.
fn spins(server: &ServerProcess, time: Duration) {
    let (before, began) = (server.processor_time(), now());
    while server.processor_time() < before + time {
        assert!(began.elapsed() < DEADLINE, "it sleeps");
        std::thread::yield_now();
    }
}

fn sleeps(server: &ServerProcess, about: &str) {
    let before = server.processor_time();
    server.says_within(Duration::from_millis(500));
    let spent = server.processor_time().saturating_sub(before);
    assert!(spent < Duration::from_millis(100), "{about}: {spent:?}");
}

#[test]
fn it_serves_while_it_spins_and_ends_when_it_is_told_to() {
    for engine in ENGINES {
        for transport in Transport::ALL {
            let server = ServerProcess::start(engine, "echo", transport, &ALWAYS);
            let client = Client::connect(transport, &server.endpoint);
            for _ in 0..100 {
                client.echoes(b"are you awake?");
            }
            spins(&server, Duration::from_millis(30));
            client.echoes(b"still?");
            drop(client);
            server.stop();
        }
    }
}

/// A conversation that is busy all the time keeps neither another from its turn nor a caller out.
#[test]
fn nobody_starves_while_it_spins() {
    for engine in CONCURRENT {
        let server = ServerProcess::start(engine, "chargen-or-echo", Transport::Tcp4, &ALWAYS);
        let greedy = Client::connect(Transport::Tcp4, &server.endpoint);
        greedy.send(b"chargen");
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| greedy.receive(50_000_000));
            for _ in 0..3 {
                Client::connect(Transport::Tcp4, &server.endpoint).echoes(b"my turn");
            }
            reading.join().unwrap();
        });
        drop(greedy);
        server.stop();
    }
}

#[test]
fn timers_hold_while_it_spins() {
    for engine in ENGINES {
        for (how, transport) in [(ALWAYS, Transport::Tcp4), (BRIEFLY, Transport::Udp4)] {
            let server = ServerProcess::start(engine, "timer", transport, &how);
            let client = Client::connect(transport, &server.endpoint);
            let sent = now();
            client.send(b"go");
            assert_eq!(client.receive(4), b"tick", "{engine} {how:?}");
            assert!(sent.elapsed() >= Duration::from_millis(50), "{engine} {how:?}: early");
            drop(client);
            server.stop();
        }
    }
}

/// With a time it sleeps once that has passed, between messages and before the first caller.
#[test]
fn after_its_time_it_sleeps() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Udp4] {
            let server = ServerProcess::start(engine, "echo", transport, &BRIEFLY);
            sleeps(&server, &format!("{engine} {transport:?} before anybody came"));
            let client = Client::connect(transport, &server.endpoint);
            client.echoes(b"awake");
            sleeps(&server, &format!("{engine} {transport:?} after a message"));
            client.echoes(b"and again");
            drop(client);
            server.stop();
        }
    }
}

/// Where a thread or a child spins for its own conversation, who only hands callers over sleeps.
#[test]
fn who_hands_callers_over_sleeps() {
    for engine in ["iterative", "threads", "fork"] {
        let server = ServerProcess::start(engine, "echo", Transport::Tcp4, &ALWAYS);
        sleeps(&server, engine);
        server.stop();
    }
}
