//! What a connection costs while nothing happens on it, and what a server costs that many have used.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use engine_table::Transport;
use engine_table::client::Client;
use engine_table::server::ServerProcess;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes as many descriptors as this process may have, and tells how many that are. The server
/// inherits the limit.
fn descriptors() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.current.unwrap_or(u64::MAX)
}

/// An open echo conversation that has had its echo and is quiet costs at most 512 bytes beside the
/// kernel's.
#[test]
fn an_idle_connection_costs_half_a_kilobyte() {
    let count = descriptors().saturating_sub(100).min(3_000);
    for engine in ["select", "epoll"] {
        let server = ServerProcess::start(engine, "echo", Transport::Tcp4, &[]);
        // What the first ones warm up is not theirs.
        let warm = Client::connect(Transport::Tcp4, &server.endpoint);
        warm.echoes(&vec![b'x'; 100_000]);
        let before = server.anonymous_memory();
        let clients: Vec<Client> = (0..count)
            .map(|_| Client::connect(Transport::Tcp4, &server.endpoint))
            .inspect(|client| client.echoes(b"hello"))
            .collect();
        let each = (server.anonymous_memory() - before) / count;
        println!("{engine}: {each} B for each of {count} idle connections");
        assert!(each <= 512, "{engine}: {each} B");
        drop(clients);
        server.stop();
    }
}

/// A limit that lies far ahead is set for each conversation; ended ones leave nothing of it behind.
#[test]
fn conversations_that_have_ended_leave_nothing_behind() {
    for engine in ["select", "epoll"] {
        let more = ["--idle", "600000"];
        let server = ServerProcess::start(engine, "upper", Transport::Unix, &more);
        let round = |count: usize| {
            for _ in 0..count {
                let client = Client::connect(Transport::Unix, &server.endpoint);
                client.send(b"hello");
                client.finish();
                assert_eq!(client.receive_all(), b"HELLO", "{engine}");
            }
            server.anonymous_memory()
        };
        let before = round(1_000);
        let after = round(5_000);
        println!("{engine}: {before} B, and {after} B after 5,000 conversations more");
        // A timer of each would be 24 bytes: 120,000 in all.
        assert!(after.saturating_sub(before) < 64_000, "{engine}: {before} B, then {after} B");
        server.stop();
    }
}
