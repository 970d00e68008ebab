//! The engine table: engine × transport × scenario, each cell against the program `engine_server`.
//!
//! A cell that has no meaning is listed with its reason in [`Scenario::means_nothing`], so that
//! no cell is left out unsaid. Nothing here waits for time: every wait is for bytes, for an end,
//! or for a line, under a deadline.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(clippy::print_stdout, reason = "the cells that mean nothing are listed")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{ENGINES, Scenario, Transport};
use sock::socket::Flags;

fn each_cell(scenario: Scenario, play: impl Fn(&str, Transport)) {
    for engine in ENGINES {
        for transport in Transport::ALL {
            match scenario.means_nothing(engine, transport) {
                Some(why) => println!("{scenario:?} {engine} {transport:?}: {why}"),
                None => play(engine, transport),
            }
        }
    }
}

#[test]
fn echo() {
    each_cell(Scenario::Echo, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        client.send(b"hello");
        assert_eq!(client.receive(5), b"hello", "{engine} {transport:?}");
        if transport.is_datagram() {
            client.send(b"");
            assert_eq!(client.receive_datagram(), b"", "{engine} {transport:?}: an empty datagram");
        }
        drop(client);
        server.stop();
    });
}

/// 5 MB through it, all of it sent before anything is read where that is possible.
#[test]
fn bulk() {
    each_cell(Scenario::Bulk, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        let data: Vec<u8> =
            (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        if transport.is_datagram() {
            for datagram in data.chunks(10_000) {
                client.send(datagram);
                assert_eq!(client.receive_datagram(), datagram, "{engine} {transport:?}");
            }
        } else {
            assert_eq!(client.exchange(&data), data, "{engine} {transport:?}");
        }
        server.stop();
    });
}

#[test]
fn half_close() {
    each_cell(Scenario::HalfClose, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        client.send(b"the last word");
        client.finish();
        assert_eq!(client.receive_all(), b"the last word", "{engine} {transport:?}");
        server.stop();
    });
}

/// More than one receive takes, and the end behind it, are there before the server looks.
#[test]
fn bytes_that_came_together_with_their_end() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Tcp6, Transport::Unix] {
            for len in [1, 65_535, 65_536, 65_537, 131_072] {
                let server = ServerProcess::start(engine, "echo", transport, &[]);
                let client = Client::connect(transport, &server.endpoint);
                client.echoes(b"it is there");
                let data = vec![b'x'; len];
                server.while_held(|| {
                    client.send(&data);
                    client.finish();
                });
                assert!(client.receive_all() == data, "{engine} {transport:?}: {len} B");
                server.stop();
            }
        }
    }
}

/// A receive ends at an urgent byte, with more behind it.
#[test]
fn bytes_behind_an_urgent_one() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Tcp6] {
            let server = ServerProcess::start(engine, "echo", transport, &[]);
            let client = Client::connect(transport, &server.endpoint);
            client.echoes(b"it is there");
            let send = || {
                client.send(b"before");
                client.socket().send_with(b"!", Flags::OOB).unwrap();
                client.send(b"behind");
            };
            // A ring that was stopped and goes on sometimes stays at the urgent byte: while a signal is
            // pending, as SIGCONT is, the kernel's receive gives up there, and nothing begins it again.
            if engine == "uring" {
                send();
            } else {
                server.while_held(send);
            }
            assert_eq!(client.receive(12), b"beforebehind", "{engine} {transport:?}");
            client.echoes(b"and goes on");
            drop(client);
            server.stop();
        }
    }
}

#[test]
fn a_silent_client_beside_a_busy_one() {
    each_cell(Scenario::Silent, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let silent = Client::connect(transport, &server.endpoint);
        silent.send(b"I am here");
        silent.receive(9);
        let busy = Client::connect(transport, &server.endpoint);
        for n in 0..100 {
            let message = format!("message {n:3}");
            busy.send(message.as_bytes());
            assert_eq!(busy.receive(11), message.as_bytes(), "{engine} {transport:?}");
        }
        drop((silent, busy));
        server.stop();
    });
}

/// On `iterative` a second client is served when the first has been let go, and no sooner.
#[test]
fn a_client_that_does_not_read_what_it_is_owed_is_let_go() {
    for (service, more) in [("owing", &["--linger", "100"][..]), ("cutting", &[])] {
        let server = ServerProcess::start("iterative", service, Transport::Tcp4, more);
        let first = Client::connect(Transport::Tcp4, &server.endpoint);
        let second = Client::connect(Transport::Tcp4, &server.endpoint);
        assert_eq!(second.receive(1), b".", "{service}");
        drop((first, second));
        server.stop();
    }
}

/// The lecture's problem 1: one client at a time; who waits is served once the first has ended.
#[test]
fn on_iterative_the_second_client_waits_for_the_first() {
    let server = ServerProcess::start("iterative", "echo", Transport::Tcp4, &[]);
    let first = Client::connect(Transport::Tcp4, &server.endpoint);
    first.send(b"one");
    assert_eq!(first.receive(3), b"one");
    let second = Client::connect(Transport::Tcp4, &server.endpoint);
    second.send(b"two");
    second.has_nothing();
    drop(first);
    assert_eq!(second.receive(3), b"two");
    drop(second);
    server.stop();
}

#[test]
fn on_iterative_a_client_that_idles_is_ended() {
    let server = ServerProcess::start("iterative", "echo", Transport::Tcp4, &["--idle", "100"]);
    let first = Client::connect(Transport::Tcp4, &server.endpoint);
    let second = Client::connect(Transport::Tcp4, &server.endpoint);
    second.send(b"two");
    assert_eq!(second.receive(3), b"two");
    assert_eq!(first.receive_all(), b"");
    server.stop();
}

#[test]
fn producer() {
    each_cell(Scenario::Producer, |engine, transport| {
        let server = ServerProcess::start(engine, "producer", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        let expected: String =
            (1..=100).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
        let came = if transport.is_datagram() {
            client.send(b"go");
            (0..100).flat_map(|_| client.receive_datagram()).collect()
        } else {
            client.receive_all()
        };
        assert_eq!(String::from_utf8_lossy(&came), expected, "{engine} {transport:?}");
        // Or the server would linger for its end.
        drop(client);
        server.stop();
    });
}

#[test]
fn timer() {
    each_cell(Scenario::Timer, |engine, transport| {
        let server = ServerProcess::start(engine, "timer", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        let sent = engine_table::now();
        client.send(b"go");
        assert_eq!(client.receive(4), b"tick", "{engine} {transport:?}");
        let waited = sent.elapsed();
        assert!(waited.as_millis() >= 50, "{engine} {transport:?}: early, after {waited:?}");
        // Or the server would linger for its end.
        drop(client);
        server.stop();
    });
}

/// Nobody listens any more where a server was.
#[test]
fn refused() {
    each_cell(Scenario::Refused, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let endpoint = server.endpoint.clone();
        server.stop();
        assert!(Client::is_refused(transport, &endpoint), "{engine} {transport:?}");
    });
}

/// One client resets in the middle of its stream; another is served as ever.
#[test]
fn reset_mid_stream() {
    each_cell(Scenario::Reset, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        for _ in 0..3 {
            let rude = Client::connect(transport, &server.endpoint);
            rude.send(&[b'x'; 10_000]);
            rude.receive(100);
            rude.reset();
        }
        let other = Client::connect(transport, &server.endpoint);
        other.send(b"still here");
        assert_eq!(other.receive(10), b"still here", "{engine} {transport:?}");
        drop(other);
        server.stop();
    });
}

/// A client that sends and never reads is read no more; the others do not notice.
#[test]
fn a_peer_that_stops_reading() {
    each_cell(Scenario::StopsReading, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let stuck = Client::connect(transport, &server.endpoint);
        let pushed = stuck.fill();
        assert!(pushed < 64_000_000, "{engine} {transport:?}: {pushed} B went nowhere");
        if engine != "iterative" {
            let other = Client::connect(transport, &server.endpoint);
            other.send(b"still here");
            assert_eq!(other.receive(10), b"still here", "{engine} {transport:?}");
        }
        drop(stuck);
        server.stop();
    });
}

/// Conversations that are under way get the grace; what they still sent comes back.
#[test]
fn stop_while_busy() {
    each_cell(Scenario::StopWhileBusy, |engine, transport| {
        let server = ServerProcess::start(engine, "echo", transport, &[]);
        let client = Client::connect(transport, &server.endpoint);
        client.send(b"before");
        assert_eq!(client.receive(6), b"before", "{engine} {transport:?}");
        server.ask();
        if transport.is_datagram() {
            server.wait();
            return;
        }
        if engine != "iterative" {
            // There the one thread that could close the port is in this conversation.
            server.no_longer_listens(transport);
        }
        client.send(b" after");
        client.finish();
        assert_eq!(client.receive_all(), b" after", "{engine} {transport:?}");
        server.wait();
    });
}

/// A room says the same to everybody, whether they come behind TLS or not.
#[test]
fn a_room_over_tls() {
    for engine in engine_table::ONE_THREAD {
        let said = [Transport::Tcp4, Transport::Tls].map(|transport| {
            let server = ServerProcess::start(engine, "chat", transport, &[]);
            let first = Client::connect(transport, &server.endpoint);
            first.receive_until("Welcome");
            let second = Client::connect(transport, &server.endpoint);
            second.send(b"a good day\n");
            let heard = first.receive_until("good day");
            first.finish();
            first.receive_all();
            second.receive_until("left");
            drop(second);
            server.stop();
            heard
        });
        assert_eq!(said[0], said[1], "{engine}");
    }
}

#[test]
fn a_room_speaks_tls_with_everybody_or_with_nobody() {
    let more = ["tcp://127.0.0.1:0"];
    let said = ServerProcess::refusal_of("epoll", "chat", "tls://127.0.0.1:0", &more);
    assert!(said.contains("speaks TLS with all of them or with nobody"), "{said}");
}
