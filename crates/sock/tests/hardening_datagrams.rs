//! Datagrams from anybody: who is answered, from where, and who is not heard.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{DEADLINE, ENGINES, Transport};

fn port(at: &str) -> u16 {
    at.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn udp(local: &str, to: &str, port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(local).unwrap();
    socket.connect((to, port)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn echoes(socket: &UdpSocket, bytes: &[u8]) {
    socket.send(bytes).unwrap();
    let mut buf = vec![0; 70_000];
    let n = socket.recv(&mut buf).unwrap();
    assert_eq!(&buf[..n], bytes);
}

/// A connected client hears only the address that it asked: the answer comes from there, although
/// the way back to 127.0.0.1 would have another.
#[test]
fn an_answer_comes_from_the_address_that_was_asked() {
    for engine in ENGINES {
        for service in ["echo", "senders"] {
            let server = ServerProcess::start_at(engine, service, "udp://:0", &["--log"]);
            let port = port(&server.endpoint);
            for to in ["127.0.0.1", "127.0.0.2", "127.9.9.9"] {
                let socket = udp("127.0.0.1:0", to, port);
                echoes(&socket, b"from where?");
                echoes(&socket, b"");
                echoes(&socket, &vec![7; 60_000]);
            }
            echoes(&udp("[::1]:0", "::1", port), b"six");
            // One sender that asks at two addresses has two conversations.
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            for to in ["127.0.0.3", "127.0.0.4", "127.0.0.3"] {
                socket.send_to(to.as_bytes(), (to, port)).unwrap();
                let mut buf = [0; 100];
                let (n, from) = socket.recv_from(&mut buf).unwrap();
                assert_eq!(&buf[..n], to.as_bytes());
                assert_eq!(from.to_string(), format!("{to}:{port}"));
            }
            server.stop();
        }
    }
}

/// Two small services cannot be made to shout at each other; that is said once a second at most.
#[test]
fn small_services_are_not_answered() {
    for engine in ENGINES {
        let server = ServerProcess::start(engine, "echo", Transport::Udp4, &["--log"]);
        let port = port(&server.endpoint);
        // Whichever of these ports is free at the moment.
        let mut small = [10_007, 10_009, 10_013, 10_017, 10_019, 10_037]
            .into_iter()
            .filter_map(|own| UdpSocket::bind(("127.0.0.1", own)).ok());
        let small = small.next().unwrap();
        small.connect(("127.0.0.1", port)).unwrap();
        for _ in 0..50 {
            small.send(b"shout").unwrap();
        }
        let own = small.local_addr().unwrap().port();
        assert!(server.says("small-service").contains(&format!("port {own}")), "{engine}");
        // What comes after them is answered, so that they have been looked at.
        echoes(&udp("127.0.0.1:0", "127.0.0.1", port), b"still here");
        let more = server.says_within(Duration::from_millis(200));
        let again = more.iter().filter(|line| line.contains("small-service")).count();
        assert_eq!(again, 0, "{engine}: {more:?}");
        small.set_nonblocking(true).unwrap();
        assert!(small.recv(&mut [0; 10]).is_err(), "{engine}");
        server.stop();
    }
}

/// A sender that has no conversation yet waits until another has gone.
#[test]
fn so_many_senders_and_no_more() {
    for engine in ENGINES {
        let more = ["--log", "--idle", "200"];
        let server = ServerProcess::start(engine, "two-senders", Transport::Udp4, &more);
        let port = port(&server.endpoint);
        let sockets: Vec<UdpSocket> =
            (0..3).map(|_| udp("127.0.0.1:0", "127.0.0.1", port)).collect();
        echoes(&sockets[0], b"one");
        echoes(&sockets[1], b"two");
        sockets[2].send(b"three").unwrap();
        assert!(server.says("note").contains("2 senders"), "{engine}");
        server.says("how=timeout");
        echoes(&sockets[2], b"three");
        server.stop();
    }
}

/// `--max-conns` counts senders who have a conversation each.
#[test]
fn max_conns_counts_senders() {
    for engine in ENGINES {
        let more = ["--log", "--idle", "200", "--max-conns", "1"];
        let server = ServerProcess::start(engine, "senders", Transport::Udp4, &more);
        let port = port(&server.endpoint);
        let (one, two) =
            (udp("127.0.0.1:0", "127.0.0.1", port), udp("127.0.0.1:0", "127.0.0.1", port));
        echoes(&one, b"one");
        two.send(b"two").unwrap();
        server.says("a datagram was dropped");
        server.says("how=timeout");
        echoes(&two, b"two");
        server.stop();
    }
}

/// Ends after the first datagram, or after the first sender's conversation.
#[test]
fn once_is_once() {
    for engine in ENGINES {
        for transport in [Transport::Udp4, Transport::Udp6, Transport::Unixgram] {
            let server = ServerProcess::start(engine, "echo", transport, &["--once"]);
            Client::connect(transport, &server.endpoint).echoes(b"only this");
            assert_eq!(server.wait(), "1 9 9", "{engine} {transport:?}");

            let more = ["--once", "--idle", "200", "--log"];
            let server = ServerProcess::start(engine, "senders", transport, &more);
            let first = Client::connect(transport, &server.endpoint);
            first.echoes(b"only");
            let second = Client::connect(transport, &server.endpoint);
            second.send(b"nobody else");
            server.says("a datagram was dropped");
            first.echoes(b" this");
            server.says("how=timeout");
            assert_eq!(server.wait(), "1 9 9", "{engine} {transport:?}");
        }
    }
}

#[test]
fn access_rules_hold_for_datagrams() {
    for engine in ENGINES {
        let more = ["--deny", "127.0.0.0/8", "--log"];
        let server = ServerProcess::start(engine, "echo", Transport::Udp4, &more);
        let socket = udp("127.0.0.1:0", "127.0.0.1", port(&server.endpoint));
        socket.send(b"hello").unwrap();
        server.says("how=denied");
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0; 10]).is_err(), "{engine}");
        server.stop();
    }
}

/// A unix socket without a name cannot be answered; that is told, and concerns nobody else.
#[test]
fn a_sender_without_a_name() {
    for engine in ENGINES {
        for service in ["echo", "senders"] {
            let server = ServerProcess::start(engine, service, Transport::Unixgram, &["--log"]);
            let path = server.endpoint.strip_prefix("unixgram:").unwrap();
            let nameless = UnixDatagram::unbound().unwrap();
            nameless.send_to(b"who am I?", path).unwrap();
            assert!(server.says("note").contains("no name"), "{engine} {service}");
            Client::connect(Transport::Unixgram, &server.endpoint).echoes(b"still here");
            server.stop();
        }
    }
}

/// A sender that never reads takes up the send buffer of the port, which is the kernel's way. What
/// we can do is to spin for nothing, keep little, and answer again as soon as it reads or goes.
#[test]
fn a_sender_that_never_reads_costs_little() {
    for engine in ENGINES {
        for service in ["echo", "senders"] {
            let server = ServerProcess::start(engine, service, Transport::Unixgram, &["--log"]);
            let stuck = Client::connect(Transport::Unixgram, &server.endpoint);
            for _ in 0..3000 {
                stuck.send(&[b'x'; 1_000]);
            }
            server.says("note");
            server.says_within(Duration::from_millis(100));
            let before = server.processor_time();
            server.says_within(Duration::from_millis(500));
            let spent = server.processor_time().saturating_sub(before);
            assert!(spent < Duration::from_millis(200), "{engine} {service}: {spent:?}");
            assert!(server.anonymous_memory() < 4_000_000, "{engine} {service}");
            let other = Client::connect(Transport::Unixgram, &server.endpoint);
            if service == "senders" {
                other.send(b"in its turn");
                drop(stuck);
                assert_eq!(other.receive_datagram(), b"in its turn", "{engine}");
            } else {
                drop(stuck);
                other.echoes(b"in its turn");
            }
            server.stop();
        }
    }
}

/// A producer sends more datagrams than its receiver's queue holds: each comes, in its turn.
#[test]
fn a_paced_producer_loses_nothing_to_a_full_queue() {
    for engine in ENGINES {
        let server = ServerProcess::start(engine, "producer", Transport::Unixgram, &[]);
        let client = Client::connect(Transport::Unixgram, &server.endpoint);
        client.send(b"go");
        let came: Vec<u8> = (0..100).flat_map(|_| client.receive_datagram()).collect();
        assert!(came.ends_with(b"line 100\n"), "{engine}");
        server.stop();
    }
}

/// A stream service is no datagram service.
#[test]
fn a_service_without_datagrams_is_refused_there() {
    for at in ["udp://127.0.0.1:0", "unixgram:@hardening-none"] {
        let said = ServerProcess::refusal_of("epoll", "greet", at, &[]);
        assert!(said.contains("greet needs a stream"), "{said}");
    }
}
