//! Datagrams from anybody: who is answered, from where, and who is not heard.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine_table::client::Client;
use engine_table::server::ServerProcess;
use engine_table::{DEADLINE, ENGINES, Transport};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sock::socket::{Control, Flags, Socket};
use sock::{Datagrams, Run, Server, Service};
use sock_proto::protocols::Echo;
use sock_proto::{Event, Interest, Observer, Time, What};

/// Of udp(7): the size of the datagrams that a send is cut into.
const SOL_UDP: i32 = 17;
const UDP_SEGMENT: i32 = 103;

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

/// What comes between the moment when a server is bound and the one when it serves is answered from
/// where it was asked, too.
#[test]
fn what_comes_before_the_first_turn_is_answered_from_where_it_was_asked() {
    let run = Run::new();
    let stop = run.stop().clone();
    let server = Server::new(Service::each("echo", || Echo)).within(run);
    let bound = server.listen("udp://:0".parse().unwrap()).bind().unwrap();
    let socket = udp("127.0.0.1:0", "127.0.0.7", port(&bound.endpoints()[0].to_string()));
    socket.send(b"early").unwrap();
    let serving = std::thread::spawn(move || bound.run().unwrap());
    let mut buf = [0; 10];
    let n = socket.recv(&mut buf).unwrap();
    assert_eq!(&buf[..n], b"early");
    stop.ask();
    serving.join().unwrap();
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

/// Trains and single datagrams of several senders, at several of our addresses: each datagram is
/// heard by itself, and each sender has its answers in order, however they travelled.
#[test]
fn whoever_sends_whatever_in_whatever_pieces_has_its_answers_in_order() {
    // What goes wrong leaves answers behind, and would make every smaller case go wrong.
    let (failure_persistence, max_shrink_iters) = (None, 0);
    let config = Config { cases: 40, failure_persistence, max_shrink_iters, ..Config::default() };
    for engine in ENGINES {
        for (local, asked) in [("127.0.0.1:0", ["127.0.0.1", "127.0.0.5"]), ("[::1]:0", ["::1"; 2])]
        {
            let server = ServerProcess::start_at(engine, "beginnings", "udp://:0", &[]);
            let port = port(&server.endpoint);
            let senders: Vec<Socket> = (0..4)
                .map(|n| {
                    let socket = UdpSocket::bind(local).unwrap();
                    socket.connect((asked[n % 2], port)).unwrap();
                    let socket = Socket::from_fd(OwnedFd::from(socket)).unwrap();
                    socket.set_timeout(Some(DEADLINE)).unwrap();
                    socket
                })
                .collect();
            let mut runner = TestRunner::new(config.clone());
            runner.run(&sendings(), |sendings| round(&senders, &sendings)).unwrap();
            server.stop();
        }
    }
}

/// What is sent at once: who sends, how many answers each datagram asks for, its size, and how many
/// of them lie in one train, of which the last is shorter by a few bytes.
#[derive(Debug, Clone)]
struct Sending {
    sender: usize,
    answers: u8,
    size: usize,
    count: usize,
    shorter: usize,
}

fn sendings() -> impl Strategy<Value = Vec<Sending>> {
    let sizes = prop_oneof![Just(0_usize), Just(1), 1..200_usize, 1200..1401_usize];
    let one = (0..4_usize, 0..4_u8, sizes, 1..9_usize, 0..3_usize);
    // No more than a socket's buffers hold of it, or datagrams are lost as they may be.
    prop::collection::vec(one, 1..9).prop_map(|all| {
        let sending = |(sender, answers, size, count, shorter)| Sending {
            sender,
            answers,
            size,
            count: if size == 0 { 1 } else { count },
            shorter: if shorter < size { shorter } else { 0 },
        };
        all.into_iter().map(sending).collect()
    })
}

fn round(senders: &[Socket], sendings: &[Sending]) -> Result<(), TestCaseError> {
    let mut expected = vec![Vec::new(); senders.len()];
    for (n, sending) in (0_u8..).zip(sendings) {
        let Sending { sender, answers, size, count, shorter } = *sending;
        let mut train = Vec::new();
        for (k, letter) in (1..=count).zip(n.wrapping_mul(31)..) {
            let size = if k == count { size - shorter } else { size };
            let mut datagram = vec![letter; size];
            if let Some(first) = datagram.first_mut() {
                *first = answers;
            }
            let answers = usize::from(answers);
            match size {
                0 => expected[sender].push(Vec::new()),
                _ => expected[sender]
                    .extend((1..=answers).map(|n| datagram[..size * n / answers].to_vec())),
            }
            train.extend(datagram);
        }
        let size = u16::try_from(size).unwrap().to_ne_bytes();
        let segment = Control::Other { level: SOL_UDP, kind: UDP_SEGMENT, data: &size };
        let control: &[Control<'_>] = if count > 1 { &[segment] } else { &[] };
        senders[sender].send_msg(&[IoSlice::new(&train)], control, Flags::NONE, None).unwrap();
    }
    for (socket, expected) in senders.iter().zip(expected) {
        for answer in expected {
            prop_assert_eq!(socket.recv_vec(70_000).unwrap(), answer);
        }
        socket.set_nonblocking(true).unwrap();
        prop_assert!(socket.recv(&mut [0; 10]).is_err(), "an answer that nobody asked for");
        socket.set_timeout(Some(DEADLINE)).unwrap();
    }
    Ok(())
}

/// Who watches sees each datagram of a train as a conversation of its own, at moments that follow
/// each other.
#[test]
fn each_datagram_of_a_train_is_told() {
    let told = Arc::new(Stories::default());
    let run = Run::new().observed_by(Arc::clone(&told) as _);
    let stop = run.stop().clone();
    let bound = Server::new(Service::each("echo", || Echo).with_datagrams(Datagrams::Stateless))
        .within(run)
        .listen("udp://127.0.0.1:0".parse().unwrap())
        .bind()
        .unwrap();
    let port = port(&bound.endpoints()[0].to_string());
    let serving = std::thread::spawn(move || bound.run().unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", port)).unwrap();
    let socket = Socket::from_fd(OwnedFd::from(socket)).unwrap();
    socket.set_timeout(Some(DEADLINE)).unwrap();
    let size = 100_u16.to_ne_bytes();
    let segment = Control::Other { level: SOL_UDP, kind: UDP_SEGMENT, data: &size };
    let train: Vec<u8> = (0..=255).flat_map(|n| [n; 10]).take(950).collect();
    socket.send_msg(&[IoSlice::new(&train)], &[segment], Flags::NONE, None).unwrap();
    let came: Vec<u8> = (0..10).flat_map(|_| socket.recv_vec(1000).unwrap()).collect();
    assert_eq!(came, train);
    stop.ask();
    let counts = serving.join().unwrap();
    assert_eq!((counts.conversations, counts.sent, counts.received), (10, 950, 950));
    let stories = std::mem::take(&mut *told.0.lock().unwrap());
    assert_eq!(stories.len(), 10);
    for (bytes, story) in train.chunks(100).zip(stories.values()) {
        let words: Vec<_> =
            story.iter().map(|(word, bytes, _, _)| (*word, bytes.as_slice())).collect();
        assert_eq!(
            words,
            [("open", &b""[..]), ("received", bytes), ("sent", bytes), ("closed", b"")]
        );
        for pair in story.windows(2) {
            let [(_, _, _, before), (word, _, since, time)] = pair else { unreachable!() };
            assert!(before <= time && since <= time, "{word}");
        }
        assert!(story[2].2 >= story[1].3, "it was sent after it had been received");
    }
}

type Story = Vec<(&'static str, Vec<u8>, Time, Time)>;

/// What was told of each conversation: what, which bytes, since when and when.
#[derive(Default)]
struct Stories(Mutex<BTreeMap<u64, Story>>);

impl Observer for Stories {
    fn event(&self, event: &Event<'_>) {
        let (word, bytes, since) = match &event.what {
            What::Open { .. } => ("open", &b""[..], event.time),
            What::Received { bytes, since, .. } => ("received", *bytes, *since),
            What::Sent { bytes, since, .. } => ("sent", *bytes, *since),
            What::Closed { .. } => ("closed", &b""[..], event.time),
            What::Eof
            | What::Finished
            | What::Note { .. }
            | What::Request { .. }
            | What::Listening { .. }
            | What::Stopped { .. } => return,
        };
        let told = (word, bytes.to_vec(), since, event.time);
        self.0.lock().unwrap().entry(event.conn).or_default().push(told);
    }

    fn interest(&self) -> Interest {
        Interest::ALL
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
