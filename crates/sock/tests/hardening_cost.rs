//! What a connection costs while nothing happens on it, and what a server costs that many have used.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;
mod needs;

use std::collections::BTreeMap;
use std::process::Command;

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
    let descriptors = descriptors();
    // Tables grow by doubling: with fewer connections it shows by chance how full they are.
    let count = 3_000;
    let needed = count + 100;
    assert!(descriptors >= needed, "{descriptors} descriptors, ulimit -Hn, and {needed} needed");
    for engine in engine_table::ONE_THREAD {
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

/// Behind TLS it has keys as well, and 4 KiB into which rustls reads; what a long record took is given back.
#[test]
fn an_idle_connection_behind_tls_costs_twelve_kilobytes() {
    let count = 200;
    for engine in engine_table::ONE_THREAD {
        let server = ServerProcess::start(engine, "echo", Transport::Tls, &[]);
        let warm = Client::connect(Transport::Tls, &server.endpoint);
        warm.echoes(&vec![b'x'; 30_000]);
        let before = server.anonymous_memory();
        let clients: Vec<Client> = (0..count)
            .map(|_| Client::connect(Transport::Tls, &server.endpoint))
            .inspect(|client| client.echoes(&vec![b'x'; 30_000]))
            .collect();
        let each = server.anonymous_memory().saturating_sub(before) / count;
        println!("{engine}: {each} B for each of {count} idle connections behind TLS");
        assert!(each <= 12 * 1024, "{engine}: {each} B");
        drop(clients);
        server.stop();
    }
}

/// A limit that lies far ahead is set for each conversation; ended ones leave nothing of it behind.
#[test]
fn conversations_that_have_ended_leave_nothing_behind() {
    for engine in engine_table::ONE_THREAD {
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

/// A wait of no time at all that found nothing.
const LOOK: &str = "look";

/// Tells a look before a sleep from a wait: `4, [], 256, 0, NULL, 0) = 0`.
fn is_look(name: &str, rest: &str) -> bool {
    name == "epoll_pwait" && rest.contains(", 0, NULL") && rest.ends_with("= 0")
}

/// The system calls that a server made for so many messages of one client.
fn calls(engine: &str, messages: usize) -> BTreeMap<String, usize> {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    // -D: the server stays the process that was started, and the tracer its own.
    let command = format!("exec strace -D -f -o '{}' \"$0\" \"$@\"", trace.display());
    let server = ServerProcess::start_under(&command, engine, "tcp://127.0.0.1:0", &[]);
    let client = Client::connect(Transport::Tcp4, &server.endpoint);
    for _ in 0..messages {
        client.echoes(&[b'x'; 64]);
    }
    drop(client);
    server.stop();
    let mut counts = BTreeMap::new();
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        if let Some((name, rest)) = call.split_once('(') {
            let name = if is_look(name, rest) { LOOK } else { name };
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// A message costs three system calls where all wait together: one wait, one receive, one send. How often
/// it looks for a moment before it sleeps is up to how soon the next message comes, and so to the machine.
#[test]
fn a_message_costs_three_system_calls() {
    match Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output() {
        Err(_) => return needs::lacks("strace"),
        // No package gives that right, so that it may be missing everywhere.
        Ok(output) if !output.status.success() => {
            return needs::skips("needs the right to trace a program");
        }
        Ok(_) => {}
    }
    for (engine, wait) in [("epoll", "epoll_pwait"), ("select", "ppoll")] {
        let (few, many) = (calls(engine, 10), calls(engine, 110));
        let of = |counts: &BTreeMap<String, usize>, name: &str| -> usize {
            counts.iter().filter(|(call, _)| call.starts_with(name)).map(|(_, n)| n).sum()
        };
        // How it begins and ends may take a wait more or less, and a call of the allocator's.
        for name in [wait, "recvfrom", "sendto"] {
            let more = of(&many, name) - of(&few, name);
            assert!((98..=102).contains(&more), "{engine}: {more} {name}: {many:?}");
        }
        let all =
            |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>() - of(counts, LOOK);
        let more = all(&many) - all(&few);
        assert!((297..=303).contains(&more), "{engine}: {more} calls for 100 messages: {many:?}");
        let looks = of(&many, LOOK);
        println!("{engine}: {looks} looks before a sleep");
        // A moment has 30 µs at most, and a call takes 10 of them and more while it is traced.
        assert!(looks <= 4 * 115, "{engine}: {looks} looks in vain: {many:?}");
    }
}
