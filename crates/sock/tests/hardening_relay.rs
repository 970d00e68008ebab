//! Sessions with several peers, and protocols that fail: a relay calls, is refused, and is in the
//! middle of a reset; a panic ends its own session.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{CONCURRENT, DEADLINE, ENGINES, Transport};

const TCP: Transport = Transport::Tcp4;

fn relay_to(at: &str) -> String {
    format!("relay={at}")
}

/// 5 MB both ways through a relay, half-closes passed on.
#[test]
fn a_relay_passes_everything_on() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Tcp6, Transport::Unix] {
            let target = ServerProcess::start("epoll", "echo", transport, &[]);
            let more = ["--log", "--max-conns", "2"];
            let server = ServerProcess::start(engine, &relay_to(&target.endpoint), TCP, &more);
            let data: Vec<u8> =
                (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            for _ in 0..2 {
                let client = Client::connect(TCP, &server.endpoint);
                assert_eq!(client.exchange(&data), data, "{engine} {transport:?}");
            }
            if engine != "iterative" {
                // Both sides of a conversation are one conversation to `--max-conns`.
                let both = [(); 2].map(|()| Client::connect(TCP, &server.endpoint));
                for client in &both {
                    client.echoes(b"two at once");
                }
            }
            server.stop();
            target.stop();
        }
    }
}

/// Datagrams are relayed as well: each sender has a call of its own, and what comes before that has
/// been answered waits for it.
#[test]
fn a_relay_of_datagrams() {
    for engine in ENGINES {
        let target = ServerProcess::start("epoll", "echo", Transport::Udp4, &[]);
        let relay = relay_to(&target.endpoint);
        let server = ServerProcess::start(engine, &relay, Transport::Udp4, &["--log"]);
        let clients = [(); 3].map(|()| Client::connect(Transport::Udp4, &server.endpoint));
        for round in 0..3 {
            for (n, client) in clients.iter().enumerate() {
                client.send(format!("{round} {n}").as_bytes());
                assert_eq!(
                    client.receive_datagram(),
                    format!("{round} {n}").as_bytes(),
                    "{engine}"
                );
            }
        }
        server.stop();
        target.stop();
    }
}

/// The call fails: the protocol hears how, and its caller is let go.
#[test]
fn a_relay_whose_target_refuses() {
    for engine in ENGINES {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = format!("tcp://{nobody}");
        for (target, how) in [
            (refused.as_str(), "refused"),
            ("unix:/nonexistent/socket", "failed"),
            ("tcp://host.invalid:1", "failed"),
        ] {
            let server = ServerProcess::start(engine, &relay_to(target), TCP, &["--log"]);
            let client = Client::connect(TCP, &server.endpoint);
            client.send(b"anybody?");
            assert!(client.is_cut(), "{engine} {target}");
            assert!(server.says("cannot call").contains(target), "{engine}");
            let heard = server.says("relay: Peer(1)");
            assert!(heard.ends_with(how), "{engine} {target}: {heard}");
            drop(client);
            server.stop();
        }
    }
}

/// The caller goes while its target is being called: nobody waits for anything afterwards.
#[test]
fn a_caller_that_goes_before_its_target_answers() {
    for engine in ENGINES {
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(&format!("tcp://{}", target.local_addr().unwrap()));
        let server = ServerProcess::start(engine, &relay, TCP, &["--log"]);
        for _ in 0..10 {
            let client = Client::connect(TCP, &server.endpoint);
            client.reset();
            let (mut called, _) = target.accept().unwrap();
            called.set_read_timeout(Some(DEADLINE)).unwrap();
            // An end or a reset, but an end.
            let _ = called.read_to_end(&mut Vec::new());
        }
        server.stop();
    }
}

/// A relay between a source and a sink that does not read. The source sends until nothing more is
/// taken, and resets: the relay is full, so that it does not look, spins for nothing, and delivers
/// what it had taken once the sink reads.
#[test]
fn a_reset_behind_a_full_relay_costs_nothing() {
    for engine in CONCURRENT {
        let sink = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(&format!("tcp://{}", sink.local_addr().unwrap()));
        let server = ServerProcess::start(engine, &relay, TCP, &["--log"]);
        let source = Client::connect(TCP, &server.endpoint);
        let (mut sink, _) = sink.accept().unwrap();
        sink.set_read_timeout(Some(DEADLINE)).unwrap();
        let poured = source.pour(100_000_000, Duration::from_millis(200));
        assert!(poured < 100_000_000, "{engine}");
        source.reset();
        server.says_within(Duration::from_millis(100));
        let before = server.processor_time();
        server.says_within(Duration::from_millis(500));
        let spent = server.processor_time().saturating_sub(before);
        assert!(spent < Duration::from_millis(100), "{engine}: {spent:?}");
        assert!(server.anonymous_memory() < 16 << 20, "{engine}");
        let mut came = Vec::new();
        // The end may be a reset.
        let _ = sink.read_to_end(&mut came);
        assert!(came.len() > 100_000, "{engine}: {} B", came.len());
        assert!(came.iter().all(|byte| *byte == b'x'));
        server.says("how=reset");
        server.stop();
    }
}

/// What a socket has sent and its peer's kernel has not taken yet; see proc(5).
fn unsent(socket: &TcpStream) -> usize {
    let SocketAddr::V4(local) = socket.local_addr().unwrap() else { panic!("not IPv4") };
    let addr = u32::from_ne_bytes(local.ip().octets());
    let SocketAddr::V4(remote) = socket.peer_addr().unwrap() else { panic!("not IPv4") };
    let name = format!("{addr:08X}:{:04X} {addr:08X}:{:04X} ", local.port(), remote.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let (_, rest) = table.split_once(&name).unwrap();
    let queue = rest.split([' ', ':']).nth(1).unwrap();
    usize::from_str_radix(queue, 16).unwrap()
}

/// A target answers early and at length, and resets because it has not read everything. All of its
/// answer that has come before the reset is passed on, although nothing can be sent to it any more.
#[test]
fn an_early_answer_survives_the_reset_that_follows() {
    for engine in ENGINES {
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(&format!("tcp://{}", target.local_addr().unwrap()));
        let server = ServerProcess::start(engine, &relay, TCP, &["--log"]);
        let client = Client::connect(TCP, &server.endpoint);
        client.send(b"a question that is never read");
        let (mut called, _) = target.accept().unwrap();
        called.peek(&mut [0; 8]).unwrap();
        called.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut poured = 0;
        while let Ok(n) = called.write(&[b'a'; 10_000]) {
            poured += n;
        }
        let arrived = poured - unsent(&called);
        drop(called);
        client.send(b"and more, into the void");
        server.says_within(Duration::from_millis(50));
        assert_eq!(client.cut_after(), Some(arrived), "{engine}: of {poured}");
        server.says("how=reset");
        drop(client);
        server.stop();
    }
}

/// A stop with a call under way, and one with both sides idle.
#[test]
fn a_relay_that_is_stopped() {
    for engine in ENGINES {
        let target = ServerProcess::start("epoll", "echo", TCP, &[]);
        let more = ["--grace", "200", "--log"];
        let server = ServerProcess::start(engine, &relay_to(&target.endpoint), TCP, &more);
        let client = Client::connect(TCP, &server.endpoint);
        client.echoes(b"hello");
        server.ask();
        assert!(client.is_cut(), "{engine}");
        server.says("how=stop");
        server.says("how=stop");
        server.wait();
        target.stop();
    }
}

/// A bug in a protocol ends the conversation in which it showed, with a reset, and nothing else.
#[test]
fn a_panic_harms_nobody_else() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Unix, Transport::Udp4] {
            let server = ServerProcess::start(engine, "panicking", transport, &["--log"]);
            let bystander = (engine != "iterative").then(|| {
                let bystander = Client::connect(transport, &server.endpoint);
                bystander.echoes(b"here");
                bystander
            });
            for _ in 0..3 {
                let client = Client::connect(transport, &server.endpoint);
                client.send(b"panic");
                server.says("panic: the service has failed");
                server.says("how=reset");
                if !transport.is_datagram() {
                    assert!(client.is_cut(), "{engine} {transport:?}");
                }
            }
            if let Some(bystander) = bystander {
                bystander.echoes(b"still here");
            }
            Client::connect(transport, &server.endpoint).echoes(b"and so are you");
            server.stop();
        }
    }
}

/// A room is one session: its panic ends it for everybody, and who comes then finds a new room.
#[test]
fn a_panic_in_a_room_ends_the_room() {
    for engine in engine_table::ONE_THREAD {
        let server = ServerProcess::start(engine, "panicking-room", TCP, &["--log"]);
        for _ in 0..2 {
            let members = [(); 3].map(|()| Client::connect(TCP, &server.endpoint));
            for member in &members {
                member.echoes(b"here");
            }
            members[1].send(b"panic");
            for member in &members {
                assert!(member.is_cut(), "{engine}");
            }
        }
        Client::connect(TCP, &server.endpoint).echoes(b"a new room");
        server.stop();
    }
}

/// A socket pair's worth of trouble: halves end in any order, and both ends hear it.
#[test]
fn half_closes_pass_through_a_relay_in_either_order() {
    for engine in ENGINES {
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(&format!("tcp://{}", target.local_addr().unwrap()));
        let server = ServerProcess::start(engine, &relay, TCP, &[]);
        for client_first in [true, false] {
            let client = Client::connect(TCP, &server.endpoint);
            let (mut called, _) = target.accept().unwrap();
            called.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut end = Vec::new();
            if client_first {
                client.send(b"over");
                client.finish();
                called.read_to_end(&mut end).unwrap();
                assert_eq!(end, b"over");
                called.write_all(b"and out").unwrap();
                called.shutdown(Shutdown::Write).unwrap();
                assert_eq!(client.receive_all(), b"and out", "{engine}");
            } else {
                called.write_all(b"over").unwrap();
                called.shutdown(Shutdown::Write).unwrap();
                assert_eq!(client.receive_all(), b"over", "{engine}");
                client.send(b"and out");
                client.finish();
                called.read_to_end(&mut end).unwrap();
                assert_eq!(end, b"and out", "{engine}");
            }
        }
        server.stop();
    }
}
