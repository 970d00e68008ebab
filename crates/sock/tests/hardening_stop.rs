//! How a server ends: at once when it is idle, politely when it is not, for good when asked twice,
//! and always with everybody that it started.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, ENGINES, Transport, now};

/// An idle server ends within 50 ms; here two processors are shared with other tests, and what is
/// to be told apart from that is a poll interval or a grace. The best of a few tells it.
const AT_ONCE: Duration = Duration::from_millis(50);

fn best_of_three(engine: &str, play: impl Fn() -> Duration) {
    let best = (0..3).map(|_| play()).min().unwrap();
    assert!(best < AT_ONCE, "{engine}: {best:?}");
}

#[test]
fn an_idle_server_ends_at_once() {
    for engine in ENGINES {
        for transport in Transport::ALL {
            best_of_three(engine, || {
                let server = ServerProcess::start(engine, "echo", transport, &["--grace", "20000"]);
                let client = Client::connect(transport, &server.endpoint);
                client.echoes(b"hello");
                if !transport.is_datagram() {
                    client.finish();
                    assert_eq!(client.receive_all(), b"");
                }
                drop(client);
                let asked = now();
                server.stop();
                asked.elapsed()
            });
        }
    }
}

/// A sender of datagrams never says that it has ended: nobody waits for it.
#[test]
fn idle_senders_of_datagrams_hold_nobody() {
    for engine in ENGINES {
        for transport in [Transport::Udp4, Transport::Unixgram] {
            best_of_three(engine, || {
                let more = ["--grace", "20000", "--log"];
                let server = ServerProcess::start(engine, "senders", transport, &more);
                let clients: Vec<Client> =
                    (0..3).map(|_| Client::connect(transport, &server.endpoint)).collect();
                for client in &clients {
                    client.echoes(b"hello");
                }
                let asked = now();
                server.ask();
                for _ in &clients {
                    server.says("how=stop");
                }
                server.wait();
                asked.elapsed()
            });
        }
    }
}

/// What a sender is still to be told is told in the grace.
#[test]
fn a_sender_whose_answer_is_due_gets_it_in_the_grace() {
    for engine in ENGINES {
        let more = ["--grace", "20000", "--log"];
        let server = ServerProcess::start(engine, "timer", Transport::Udp4, &more);
        let client = Client::connect(Transport::Udp4, &server.endpoint);
        client.send(b"go");
        server.says("open");
        server.ask();
        assert_eq!(server.wait(), "1 4 2", "{engine}");
        assert_eq!(client.receive_datagram(), b"tick", "{engine}");
    }
}

/// An open conversation has the whole grace, and is cut when that is over.
#[test]
fn a_conversation_is_cut_when_the_grace_is_over() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Unix] {
            let more = ["--grace", "200", "--log"];
            let server = ServerProcess::start(engine, "echo", transport, &more);
            let client = Client::connect(transport, &server.endpoint);
            client.echoes(b"hello");
            let asked = now();
            server.ask();
            assert!(client.is_cut(), "{engine}");
            let lasted = asked.elapsed();
            assert!(lasted >= Duration::from_millis(200), "{engine}: cut after {lasted:?}");
            assert!(lasted < Duration::from_secs(5), "{engine}: cut after {lasted:?}");
            server.says("how=stop sent=5 received=5");
            server.says("stopped 1");
            assert_eq!(server.wait(), "1 5 5", "{engine}");
        }
    }
}

/// Whoever asks twice means it.
#[test]
fn the_second_ask_ends_at_once() {
    for engine in ENGINES {
        best_of_three(engine, || {
            let more = ["--grace", "20000", "--log"];
            let server = ServerProcess::start(engine, "echo", Transport::Tcp4, &more);
            let count = if engine == "iterative" { 1 } else { 5 };
            let clients: Vec<Client> = (0..count)
                .map(|_| Client::connect(Transport::Tcp4, &server.endpoint))
                .inspect(|client| client.echoes(b"hello"))
                .collect();
            // One that is not read, so that there is much to flush.
            clients[0].fill();
            server.ask();
            if engine != "iterative" {
                server.no_longer_listens(Transport::Tcp4);
            }
            let asked = now();
            server.ask();
            for _ in &clients {
                server.says("how=stop");
            }
            let counted = server.wait();
            assert!(counted.starts_with(&format!("{count} ")), "{engine}: {counted}");
            asked.elapsed()
        });
    }
}

/// Two asks before it has looked are two.
#[test]
fn two_asks_in_a_row_are_two() {
    for engine in ENGINES {
        let server =
            ServerProcess::start(engine, "echo", Transport::Tcp4, &["--grace", "20000", "--log"]);
        let client = Client::connect(Transport::Tcp4, &server.endpoint);
        client.echoes(b"hello");
        server.ask();
        server.ask();
        assert!(client.is_cut());
        server.says("how=stop");
        server.wait();
    }
}

/// The signal that ends the parent outright ends its children as well.
#[test]
fn nothing_survives_a_parent_that_is_killed() {
    for engine in ENGINES {
        let mut server = ServerProcess::start(engine, "echo", Transport::Tcp4, &[]);
        let count = if engine == "iterative" { 1 } else { 3 };
        let clients: Vec<Client> = (0..count)
            .map(|_| Client::connect(Transport::Tcp4, &server.endpoint))
            .inspect(|client| client.echoes(b"hello"))
            .collect();
        let processes = server.processes();
        assert_eq!(processes.len(), if engine == "fork" { 1 + count } else { 1 }, "{engine}");
        server.kill();
        server.ended();
        for client in &clients {
            assert!(client.is_cut(), "{engine}");
        }
    }
}

/// Ended children are forgotten while the server runs, and a stop leaves none.
#[test]
fn fork_leaves_no_child_behind() {
    let server = ServerProcess::start("fork", "echo", Transport::Tcp4, &["--log"]);
    for _ in 0..20 {
        let client = Client::connect(Transport::Tcp4, &server.endpoint);
        client.echoes(b"hello");
        client.finish();
        assert_eq!(client.receive_all(), b"");
        server.says("how=fin");
    }
    let until = now() + engine_table::DEADLINE;
    while server.processes().len() > 1 {
        assert!(now() < until, "{:?}", server.processes());
        std::thread::yield_now();
    }
    assert_eq!(server.stop(), "20 100 100");
}

/// With several workers every conversation is counted once, under a number of its own.
#[test]
fn workers_count_together() {
    for engine in ["threads", "select", "epoll", "uring", "tokio"] {
        let more = ["--workers", "3", "--log"];
        let server = ServerProcess::start(engine, "echo", Transport::Tcp4, &more);
        let clients: Vec<Client> = (0..30)
            .map(|_| Client::connect(Transport::Tcp4, &server.endpoint))
            .inspect(|client| client.echoes(b"hello"))
            .collect();
        let mut numbers: Vec<String> = clients
            .iter()
            .map(|_| server.says("open").split(' ').nth(1).unwrap().to_owned())
            .collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 30, "{engine}");
        for client in clients {
            client.finish();
            assert_eq!(client.receive_all(), b"");
        }
        server.ask();
        server.says("stopped 30");
        assert_eq!(server.wait(), "30 150 150", "{engine}");
    }
}

/// A stop in the middle of iterative's queue: the one who waits is not taken any more.
#[test]
fn iterative_takes_nobody_new_after_a_stop() {
    let more = ["--grace", "20000"];
    let server = ServerProcess::start("iterative", "echo", Transport::Tcp4, &more);
    let first = Client::connect(Transport::Tcp4, &server.endpoint);
    first.echoes(b"first");
    let second = Client::connect(Transport::Tcp4, &server.endpoint);
    server.ask();
    first.finish();
    assert_eq!(first.receive_all(), b"");
    assert!(second.is_cut());
    assert_eq!(server.wait(), "1 5 5");
}

/// Numbers of the calls that children make are nobody else's, either.
#[test]
fn the_calls_of_jobs_have_numbers_of_their_own() {
    for engine in CONCURRENT {
        let target = ServerProcess::start("epoll", "echo", Transport::Tcp4, &[]);
        let relay = format!("relay={}", target.endpoint);
        let server = ServerProcess::start(engine, &relay, Transport::Tcp4, &["--log"]);
        let clients: Vec<Client> = (0..4)
            .map(|_| Client::connect(Transport::Tcp4, &server.endpoint))
            .inspect(|client| client.echoes(b"hello"))
            .collect();
        let mut numbers: Vec<String> =
            (0..8).map(|_| server.says("open").split(' ').nth(1).unwrap().to_owned()).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 8, "{engine}");
        drop(clients);
        server.stop();
        target.stop();
    }
}
