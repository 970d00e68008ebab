//! What only `uring` can get wrong: operations that run while their conversation ends, bytes that come
//! unasked, memory that the kernel picks from, and a kernel that refuses.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;
mod needs;

use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{DEADLINE, Transport, now};

const TCP: Transport = Transport::Tcp4;

/// Whether this kernel lets us, or why not.
fn is_at_hand() -> bool {
    let server = ServerProcess::start("uring", "echo", TCP, &["--log"]);
    let is_there = server.says("listening under").ends_with("uring");
    server.stop();
    if !is_there {
        needs::lacks("kernel that gives io_uring");
    }
    is_there
}

fn descriptors(server: &ServerProcess) -> usize {
    let path = format!("/proc/{}/fd", server.pid().as_raw_nonzero());
    std::fs::read_dir(path).unwrap().count()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

/// Each kind of refusal is a real one of the kernel's: it is said why, and the run goes on.
#[test]
fn where_the_kernel_refuses_epoll_takes_its_place() {
    let refusals = [
        (format!("io_uring_setup={}", libc::EPERM), "filter of system calls"),
        (format!("io_uring_setup={}", libc::ENOSYS), "no io_uring"),
        (format!("io_uring_register={}", libc::EINVAL), "too old"),
    ];
    for (refusal, why) in refusals {
        let more = ["--log", "--forbid", &refusal];
        let server = ServerProcess::start("uring", "upper", TCP, &more);
        server.says("listening under epoll");
        let note = server.says("note 0 engine");
        // Whether the switch of the system or the filter forbids it cannot both be told.
        assert!(note.contains(why) || note.contains("io_uring_disabled"), "{refusal}: {note}");
        assert!(note.contains("going on with epoll"), "{note}");
        let client = Client::connect(TCP, &server.endpoint);
        client.send(b"all the same");
        assert_eq!(client.receive(12), b"ALL THE SAME");
        drop(client);
        server.stop();
    }
}

#[test]
fn where_no_descriptor_is_left_for_a_ring_it_is_said() {
    // Standard streams, three pipes of the stop and a port: epoll needs one more, and a ring with its
    // trial three.
    for limit in 8..=24 {
        let log = ["--log"];
        let server = ServerProcess::try_limited("uring", "tcp://127.0.0.1:0", limit, &log);
        let Some(server) = server else { continue };
        let engine = server.says("listening under");
        if engine.ends_with("epoll") {
            assert!(server.says("note 0 engine").contains("ulimit -n"));
            return;
        }
    }
    panic!("there is no number of descriptors with which epoll works and uring does not");
}

/// The server closes while its receive runs, the client while its answer is sent, 10,000 times: nothing
/// is left of them, and whoever gets a number that was used before hears nothing that was not his.
#[test]
fn ten_thousand_ends_with_operations_under_way() {
    if !is_at_hand() {
        return;
    }
    // A limit that is over at once: it does not wait for the client's end.
    let speaks = ServerProcess::start("uring", "daytime", TCP, &["--linger", "0"]);
    let echoes = ServerProcess::start("uring", "echo", TCP, &[]);
    // Their rings are there once they have answered.
    Client::connect(TCP, &echoes.endpoint).echoes(b"warm");
    assert!(Client::connect(TCP, &speaks.endpoint).receive_until("").ends_with('\n'));
    let before = [descriptors(&speaks), descriptors(&echoes)];
    for round in 0..100 {
        let clients: Vec<Client> =
            (0..50).map(|_| Client::connect(TCP, &speaks.endpoint)).collect();
        for client in clients {
            assert!(client.receive_until("").ends_with('\n'));
        }
        let clients: Vec<Client> =
            (0..50).map(|_| Client::connect(TCP, &echoes.endpoint)).collect();
        for (n, client) in clients.iter().enumerate() {
            client.send(format!("{round:03} {n:03}").as_bytes());
        }
        for (n, client) in clients.into_iter().enumerate() {
            match n % 3 {
                // With an answer unread, so that the server hears of a reset.
                0 => client.reset(),
                1 => drop(client),
                _ => assert_eq!(client.receive(7), format!("{round:03} {n:03}").as_bytes()),
            }
        }
    }
    until("their descriptors are closed", || {
        descriptors(&speaks) <= before[0] && descriptors(&echoes) <= before[1]
    });
    Client::connect(TCP, &echoes.endpoint).echoes(b"and on it goes");
    speaks.stop();
    echoes.stop();
}

/// Who does not read is received from no more; what had come by then is kept, in order, and comes back
/// when there is room, to the byte.
#[test]
fn bytes_that_come_unasked_are_neither_lost_nor_many() {
    if !is_at_hand() {
        return;
    }
    for transport in [Transport::Tcp4, Transport::Unix] {
        let server = ServerProcess::start("uring", "echo", transport, &[]);
        Client::connect(transport, &server.endpoint).echoes(&vec![b'x'; 100_000]);
        let before = server.anonymous_memory();
        let data: Vec<u8> =
            (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let client = Client::connect(transport, &server.endpoint);
        client.socket().set_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut sent = 0;
        while sent < data.len() {
            match client.socket().send(&data[sent..]) {
                Ok(n) => sent += n,
                Err(_) => break,
            }
        }
        assert!(sent < data.len(), "{transport:?}: all of it went somewhere");
        let held = server.anonymous_memory().saturating_sub(before);
        println!("{transport:?}: {held} B are held for a client that does not read");
        assert!(held < 1 << 20, "{transport:?}: {held} B");
        client.socket().set_timeout(Some(DEADLINE)).unwrap();
        let back = std::thread::scope(|scope| {
            scope.spawn(|| {
                client.send(&data[sent..]);
                client.finish();
            });
            client.receive_all()
        });
        assert!(back == data, "{transport:?}: {} B came back of {}", back.len(), data.len());
        server.stop();
    }
}

/// More receives at a time than there are buffers: each waits its turn, and no byte is lost. What the
/// buffers took meanwhile is given back when it is quiet again.
#[test]
fn many_senders_at_a_time_exhaust_nothing() {
    if !is_at_hand() {
        return;
    }
    let server = ServerProcess::start("uring", "echo", TCP, &[]);
    let data = |n: usize| -> Vec<u8> {
        (0..300_000_usize).map(|at| (at * (n + 3) / 8).to_le_bytes()[0]).collect()
    };
    std::thread::scope(|scope| {
        let clients: Vec<Client> =
            (0..150).map(|_| Client::connect(TCP, &server.endpoint)).collect();
        for (n, client) in clients.into_iter().enumerate() {
            scope.spawn(move || assert!(client.exchange(&data(n)) == data(n), "client {n}"));
        }
    });
    // 8 MiB of buffers, and what the allocator keeps of copies; one of each client's data were 45.
    until("what it took is given back", || server.anonymous_memory() < 8 << 20);
    server.stop();
}

/// Asked to end while answers are under way to clients that read and to some that do not: who reads
/// gets a beginning of what was his, and the server ends in its time.
#[test]
fn a_stop_with_sends_under_way() {
    if !is_at_hand() {
        return;
    }
    for _ in 0..20 {
        let server = ServerProcess::start("uring", "chargen-or-echo", TCP, &["--grace", "50"]);
        let clients: Vec<Client> =
            (0..10).map(|_| Client::connect(TCP, &server.endpoint)).collect();
        for client in &clients {
            client.send(b"chargen");
        }
        let (readers, idle) = clients.split_at(5);
        let first = readers.iter().map(|client| client.receive(1000)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            for (client, first) in readers.iter().zip(&first) {
                assert_eq!(first.len(), 1000);
                scope.spawn(|| assert!(client.cut_after().is_some()));
            }
            server.ask();
            server.ask();
            server.wait();
        });
        assert!(idle.iter().all(Client::is_cut));
    }
}
