//! Clients that harm: they reset, send rubbish, stall, never read, or are too many.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, ENGINES, Transport, now};
use sock::socket::{Family, Kind, Socket};

const TCP: Transport = Transport::Tcp4;

/// All of them at once, and one good client in between, whose every message comes back.
#[test]
fn bad_clients_harm_nobody_else() {
    for engine in CONCURRENT {
        for transport in [Transport::Tcp4, Transport::Unix] {
            let server = ServerProcess::start(engine, "upper", transport, &["--max-conns", "500"]);
            let good = Client::connect(transport, &server.endpoint);
            let mut kept = Vec::new();
            for n in 0..10u8 {
                let stalls = Client::connect(transport, &server.endpoint);
                stalls.send(b"half a mess");
                let never_reads = Client::connect(transport, &server.endpoint);
                never_reads.pour(20_000_000, Duration::from_millis(20));
                let resets = Client::connect(transport, &server.endpoint);
                resets.send(&vec![n; 50_000]);
                resets.reset();
                let rubbish = Client::connect(transport, &server.endpoint);
                let bytes: Vec<u8> = (0..=255).cycle().skip(n.into()).take(5_000).collect();
                rubbish.send(&bytes);
                rubbish.finish();
                let leaves = Client::connect(transport, &server.endpoint);
                leaves.send(b"bye");
                drop(leaves);
                kept.extend([stalls, never_reads, rubbish]);
                good.send(b"still here");
                assert_eq!(good.receive(10), b"STILL HERE", "{engine} {transport:?}");
            }
            drop((kept, good));
            server.stop();
        }
    }
}

/// 100 clients, each of which would send 100 MB and reads nothing: what the server keeps for them
/// is one read each, and no more. Each client gives up when nothing more is taken.
#[test]
fn a_hundred_clients_that_never_read_are_cheap() {
    for engine in CONCURRENT {
        let server = ServerProcess::start(engine, "echo", TCP, &[]);
        let clients: Vec<Client> =
            (0..100).map(|_| Client::connect(TCP, &server.endpoint)).collect();
        let poured: Vec<usize> = std::thread::scope(|scope| {
            let pour =
                |client| move || Client::pour(client, 100_000_000, Duration::from_millis(300));
            let all: Vec<_> = clients.iter().map(|client| scope.spawn(pour(client))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let memory = server.anonymous_memory();
        let processes = server.processes().len();
        println!(
            "{engine}: {memory} B anonymous in {processes} processes, {} B taken",
            poured.iter().sum::<usize>()
        );
        assert_eq!(processes, if engine == "fork" { 101 } else { 1 });
        assert!(poured.iter().all(|n| (100_000..100_000_000).contains(n)), "{engine}: {poured:?}");
        assert!(memory < 64 << 20, "{engine}: {memory} B");
        let other = Client::connect(TCP, &server.endpoint);
        other.echoes(b"still here");
        drop((clients, other));
        server.stop();
    }
}

/// Out of descriptors: those who are in go on, those who are not wait, nothing spins, and it is said
/// once a second.
#[test]
fn out_of_descriptors_it_waits_and_recovers() {
    for engine in ENGINES.into_iter().filter(|engine| *engine != "iterative") {
        // Standard streams, a stop, an engine and a port take about a dozen.
        let limit = 24;
        // A thread or a child needs no descriptor of its own kind that a connection has not got.
        let server = ServerProcess::start_limited(engine, "tcp://127.0.0.1:0", limit, &["--log"]);
        let mut clients: Vec<Client> = Vec::new();
        for n in 0..40 {
            let client = Client::connect(TCP, &server.endpoint);
            client.send(format!("client {n:02}").as_bytes());
            clients.push(client);
        }
        let note = server.says("note 0 accept");
        assert!(note.contains("cannot accept"), "{note}");
        let before = server.processor_time();
        let lines = server.says_within(Duration::from_millis(2_500));
        let spent = server.processor_time().saturating_sub(before);
        let notes = lines.iter().filter(|line| line.starts_with("note")).count();
        assert!((1..=3).contains(&notes), "{engine}: {notes} notes in 2.5 s: {lines:?}");
        assert!(spent < Duration::from_millis(500), "{engine}: {spent:?}");
        // The first ones are in, and live.
        assert_eq!(clients[0].receive(9), b"client 00", "{engine}");
        clients[0].echoes(b"I go on");
        // Everybody else gets in as those before go.
        for (n, client) in clients.into_iter().enumerate().skip(1) {
            assert_eq!(client.receive(9), format!("client {n:02}").as_bytes(), "{engine}");
            client.finish();
            assert_eq!(client.receive_all(), b"", "{engine}");
        }
        Client::connect(TCP, &server.endpoint).echoes(b"recovered");
        server.stop();
    }
}

/// No memory for the stack of one more thread: that caller is turned away, which is said, and those
/// who are in do not notice. Callers are served again as soon as threads have ended.
#[test]
fn a_thread_that_cannot_be_started_costs_one_caller() {
    let limit = "ulimit -v 60000";
    let server = ServerProcess::start_under(limit, "threads", "tcp://127.0.0.1:0", &["--log"]);
    let mut clients = Vec::new();
    let turned_away = loop {
        let client = Client::connect(TCP, &server.endpoint);
        client.send(b"hello");
        match client.cut_or(5) {
            Some(bytes) => assert_eq!(bytes, b"hello"),
            None => break client,
        }
        clients.push(client);
        assert!(clients.len() < 1_000, "the limit does not hold");
    };
    drop(turned_away);
    assert!(server.says("note").contains("a caller was turned away"));
    for client in &clients {
        client.echoes(b"I go on");
    }
    for client in clients {
        client.finish();
        assert_eq!(client.receive_all(), b"");
    }
    for _ in 0..2 {
        server.says("how=fin");
    }
    Client::connect(TCP, &server.endpoint).echoes(b"recovered");
    server.stop();
}

/// So many conversations and no more; who waits gets in as soon as one has ended.
#[test]
fn max_conns_is_kept() {
    for engine in CONCURRENT {
        let server = ServerProcess::start(engine, "echo", TCP, &["--max-conns", "2"]);
        let mut open: Vec<Client> = Vec::new();
        for n in 0..2 {
            let client = Client::connect(TCP, &server.endpoint);
            client.echoes(format!("client {n}").as_bytes());
            open.push(client);
        }
        for n in 2..30 {
            let waiting = Client::connect(TCP, &server.endpoint);
            waiting.send(format!("client {n:2}").as_bytes());
            open[n % 2].echoes(b"those who are in go on");
            waiting.has_nothing();
            let gone = open.remove(0);
            gone.finish();
            assert_eq!(gone.receive_all(), b"", "{engine}");
            assert_eq!(waiting.receive(9), format!("client {n:2}").as_bytes(), "{engine}");
            open.push(waiting);
        }
        drop(open);
        server.stop();
    }
}

/// The same over two ports: whichever of them has rested takes the next.
#[test]
fn max_conns_is_of_all_ports_together() {
    for engine in CONCURRENT {
        let more = ["--max-conns", "1", "tcp://127.0.0.1:0"];
        let mut server = ServerProcess::start_at(engine, "echo", "tcp://127.0.0.1:0", &more);
        let ports = [server.endpoint.clone(), server.next_endpoint()];
        for n in 0..10 {
            let first = Client::connect(TCP, &ports[n % 2]);
            first.echoes(b"first");
            let waiting: Vec<Client> = ports.iter().map(|at| Client::connect(TCP, at)).collect();
            for client in &waiting {
                client.send(b"me too");
            }
            drop(first);
            // Either may be next; both come.
            std::thread::scope(|scope| {
                for client in waiting {
                    scope.spawn(move || {
                        assert_eq!(client.receive(6), b"me too", "{engine}");
                        drop(client);
                    });
                }
            });
        }
        server.stop();
    }
}

#[test]
fn an_idle_client_is_ended() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Unix] {
            let server =
                ServerProcess::start(engine, "echo", transport, &["--idle", "100", "--log"]);
            let client = Client::connect(transport, &server.endpoint);
            let began = now();
            client.echoes(b"hello");
            assert_eq!(client.receive_all(), b"", "{engine}");
            assert!(began.elapsed() >= Duration::from_millis(100), "{engine}");
            server.says("how=timeout sent=5 received=5");
            server.stop();
        }
    }
}

#[test]
fn access_rules_hold_for_streams() {
    for engine in ENGINES {
        let more = ["--deny", "127.0.0.2", "--allow", "127.0.0.0/8", "--log"];
        let server = ServerProcess::start(engine, "echo", TCP, &more);
        let denied = Client::connect_from("127.0.0.2:0", &server.endpoint);
        assert!(denied.is_cut(), "{engine}");
        server.says("how=denied");
        Client::connect(TCP, &server.endpoint).echoes(b"but I may");
        server.stop();
        let more = ["--allow", "10.0.0.0/8", "--log"];
        let server = ServerProcess::start(engine, "echo", TCP, &more);
        assert!(Client::connect(TCP, &server.endpoint).is_cut(), "{engine}");
        server.says("how=denied");
        server.stop();
    }
}

/// Serves the first caller, also with workers, and is not there for the second.
#[test]
fn once_is_once() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Tcp6, Transport::Unix] {
            let more: &[&str] = match (engine, transport) {
                ("fork", _) | (_, Transport::Unix) => &["--once"],
                _ => &["--once", "--workers", "2"],
            };
            let server = ServerProcess::start(engine, "echo", transport, more);
            let client = Client::connect(transport, &server.endpoint);
            client.echoes(b"only me");
            assert!(Client::is_refused(transport, &server.endpoint), "{engine} {transport:?}");
            client.finish();
            assert_eq!(client.receive_all(), b"");
            assert_eq!(server.wait(), "1 7 7", "{engine} {transport:?}");
        }
    }
}

/// While nobody accepts, a unix socket lets one more wait than its backlog says, and no more.
#[test]
fn the_backlog_is_the_one_that_was_asked_for() {
    for (backlog, waits) in [("0", 1), ("3", 4)] {
        let more = ["--backlog", backlog];
        let server = ServerProcess::start("iterative", "echo", Transport::Unix, &more);
        let first = Client::connect(Transport::Unix, &server.endpoint);
        first.echoes(b"the only one that is served");
        let path = server.endpoint.strip_prefix("unix:").unwrap();
        let mut waiting = Vec::new();
        loop {
            let socket = Socket::new(Family::Unix, Kind::Stream).unwrap();
            socket.set_nonblocking(true).unwrap();
            match socket.connect(std::path::Path::new(path)) {
                Ok(()) => waiting.push(socket),
                Err(error) => {
                    assert_eq!(error.kind(), sock::ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        assert_eq!(waiting.len(), waits, "backlog {backlog}");
        drop((first, waiting));
        server.stop();
    }
}

/// A producer without end to a reader without pause: everybody else is answered all the same.
#[test]
fn an_endless_producer_starves_nobody() {
    for engine in CONCURRENT {
        let server = ServerProcess::start(engine, "chargen-or-echo", TCP, &[]);
        let read = [const { AtomicUsize::new(0) }; 2];
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for read in &read {
                let reader = Client::connect(TCP, &server.endpoint);
                let is_over = &is_over;
                scope.spawn(move || {
                    reader.send(b"chargen");
                    while !is_over.load(Ordering::Relaxed) {
                        read.fetch_add(reader.receive(1 << 16).len(), Ordering::Relaxed);
                    }
                });
            }
            let other = Client::connect(TCP, &server.endpoint);
            let (mut worst, mut count) = (Duration::ZERO, 0);
            while count < 200 || read.iter().any(|read| read.load(Ordering::Relaxed) < 16 << 20) {
                let began = now();
                other.echoes(b"may I?");
                worst = worst.max(began.elapsed());
                count += 1;
            }
            is_over.store(true, Ordering::Relaxed);
            println!("{engine}: {count} echoes beside two producers, the slowest after {worst:?}");
            assert!(worst < Duration::from_secs(1), "{engine}: {worst:?}");
        });
        server.stop();
    }
}
