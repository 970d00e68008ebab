//! The servers of `sock::server` on the engines that a test program with threads can run: rows 50
//! to 54 of the behaviours that this library keeps. Forking servers are in `crew_fork.rs`.
#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of it")]

use std::io::{BufRead, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sock::server::{
    Control, Datagram, Failure, Handler, Request, Server, Stream, TcpServer, UdpServer,
};
use sock::socket::{Socket, create_connection};
use sock::{Address, ErrorKind, Result};

/// What a busy machine may take for a few milliseconds of work.
const LIMIT: Duration = Duration::from_secs(20);
const HERE: (&str, u16) = ("127.0.0.1", 0);

/// A server that serves in a thread of its own.
struct Running<R, H> {
    server: Arc<Server<R, H>>,
    ended: Receiver<Result<()>>,
    thread: JoinHandle<()>,
}

impl<R: Request, H: Handler<R>> Running<R, H> {
    fn start(server: Server<R, H>) -> Self {
        let server = Arc::new(server);
        let (tell, ended) = channel();
        let serving = Arc::clone(&server);
        let thread = thread::spawn(move || tell.send(serving.serve_forever()).unwrap());
        Self { server, ended, thread }
    }

    fn connect(&self) -> Socket {
        let client = create_connection(self.server.server_address()).unwrap();
        client.set_timeout(Some(LIMIT)).unwrap();
        client
    }

    fn stop(self) -> Arc<Server<R, H>> {
        self.server.shutdown();
        self.ended.recv_timeout(LIMIT).expect("the server ends").unwrap();
        self.thread.join().unwrap();
        self.server
    }
}

fn echo(request: &mut Stream) -> Result<()> {
    loop {
        match request.socket().recv_vec(4096)? {
            data if data.is_empty() => return Ok(()),
            data => request.socket().send_all(&data)?,
        }
    }
}

fn ask(client: &Socket, question: &[u8]) -> Vec<u8> {
    client.send_all(question).unwrap();
    let mut answer = Vec::new();
    while answer.len() < question.len() {
        let piece = client.recv_vec(4096).unwrap();
        assert!(!piece.is_empty(), "the answer ends early");
        answer.extend(piece);
    }
    answer
}

fn assert_closed(client: &Socket) {
    assert_eq!(client.recv_vec(1).unwrap(), b"", "the request is closed");
}

#[test]
fn row_50_the_server_address_is_what_was_bound_and_close_gives_the_socket_back() {
    let server = TcpServer::bind(HERE, echo).unwrap();
    assert_eq!(*server.server_address(), server.socket().local_addr().unwrap());
    assert_ne!(server.server_address().port(), Some(0));
    server.server_close().unwrap();
    assert_eq!(server.socket().fileno(), -1);
    let closed = server.serve_forever().unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::BadDescriptor);
}

#[test]
fn row_50_a_thousand_failed_binds_leak_nothing() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let busy = TcpServer::bind(HERE, echo).unwrap();
    let before = count();
    for _ in 0..1024 {
        let refused = TcpServer::bind(busy.server_address(), echo).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InUse);
    }
    // The other tests of this program open some of their own meanwhile.
    assert!(count() < before + 500, "{} descriptors, {before} before", count());
}

#[test]
fn row_51_shutdown_ends_a_server_that_waits() {
    let running = Running::start(TcpServer::bind(HERE, echo).unwrap());
    // It serves for certain: it has answered.
    let client = running.connect();
    assert_eq!(ask(&client, b"hello"), b"hello");
    client.close().unwrap();
    running.stop();
}

#[test]
fn row_51_shutdown_just_before_the_start_counts() {
    for server in [
        TcpServer::bind(HERE, echo).unwrap(),
        TcpServer::bind(HERE, echo).unwrap().threads().unwrap(),
    ] {
        server.shutdown();
        server.serve_forever().unwrap();
        // It was for that run; the next one serves.
        let running = Running::start(server);
        let client = running.connect();
        assert_eq!(ask(&client, b"again"), b"again");
        client.close().unwrap();
        running.stop();
    }
}

#[test]
fn row_51_a_handler_may_end_its_server() {
    let server = UdpServer::bind(HERE, |request: &mut Datagram| {
        request.reply(b"bye")?;
        request.server().shutdown();
        Ok(())
    })
    .unwrap();
    let running = Running::start(server);
    let client = udp_client(running.server.server_address());
    client.send(b"end").unwrap();
    assert_eq!(client.recv_vec(10).unwrap(), b"bye");
    running.ended.recv_timeout(LIMIT).unwrap().unwrap();
}

/// Fails as it is told, and tells of each failure.
struct Failing {
    failures: Mutex<Sender<String>>,
    finished: Arc<AtomicUsize>,
}

impl Failing {
    fn new() -> (Self, Receiver<String>, Arc<AtomicUsize>) {
        let (tell, failures) = channel();
        let finished = Arc::new(AtomicUsize::new(0));
        (Self { failures: Mutex::new(tell), finished: Arc::clone(&finished) }, failures, finished)
    }
}

impl Handler<Stream> for Failing {
    fn handle(&self, request: &mut Stream) -> Result<()> {
        let mut word = String::new();
        request.reader().read_line(&mut word)?;
        match word.trim_end() {
            "error" => Err(sock::Error::new(ErrorKind::Other, "as told")),
            "panic" => panic!("as {}", "told"),
            _ => Ok(request.writer().write_all(word.as_bytes())?),
        }
    }

    fn finish(&self, _: &mut Stream) -> Result<()> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn handle_error(&self, request: &Stream, failure: &Failure) {
        let text = format!("{}: {failure}", request.client_address());
        self.failures.lock().unwrap().send(text).unwrap();
    }
}

#[test]
fn row_52_a_failing_handler_is_told_of_and_the_server_lives() {
    for threads in [false, true] {
        let (handler, failures, finished) = Failing::new();
        let mut server = TcpServer::bind(HERE, handler).unwrap();
        if threads {
            server = server.threads().unwrap();
        }
        let running = Running::start(server);
        for (word, told) in [("error", "as told"), ("panic", "the handler panicked: as told")] {
            let client = running.connect();
            client.send_all(format!("{word}\n").as_bytes()).unwrap();
            let failure = failures.recv_timeout(LIMIT).expect("the failure is told");
            assert_eq!(failure, format!("{}: {told}", client.local_addr().unwrap()));
            assert_closed(&client);
        }
        let client = running.connect();
        assert_eq!(ask(&client, b"fine\n"), b"fine\n");
        assert_closed(&client);
        running.stop().server_close().unwrap();
        assert_eq!(finished.load(Ordering::SeqCst), 3, "finish comes in every case");
        assert!(failures.try_recv().is_err(), "a request that went well is no failure");
    }
}

/// Serves nobody, in one of two ways.
struct Refuses {
    panics: bool,
    asked: Arc<AtomicUsize>,
}

impl Handler<Stream> for Refuses {
    fn verify_request(&self, _: &Stream) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "as told");
        false
    }

    fn handle(&self, request: &mut Stream) -> Result<()> {
        request.socket().send_all(b"served")
    }
}

#[test]
fn row_52_a_request_that_is_not_verified_is_closed() {
    for panics in [false, true] {
        let asked = Arc::new(AtomicUsize::new(0));
        let handler = Refuses { panics, asked: Arc::clone(&asked) };
        let running = Running::start(TcpServer::bind(HERE, handler).unwrap());
        for _ in 0..2 {
            assert_closed(&running.connect());
        }
        running.stop();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn row_53_a_stream_is_read_by_lines_and_written_whole() {
    const LEN: usize = 5_000_000;
    let server = TcpServer::bind(HERE, |request: &mut Stream| {
        let mut writer = request.writer();
        let mut line = String::new();
        while request.reader().read_line(&mut line)? > 0 {
            // One write, however small the socket's buffer is.
            assert_eq!(writer.write(&vec![b'x'; line.trim_end().parse().unwrap()])?, LEN);
            line.clear();
        }
        Ok(())
    });
    let running = Running::start(server.unwrap());
    let client = running.connect();
    client.send_all(format!("{LEN}\n{LEN}").as_bytes()).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.reader().unwrap().read_to_end(&mut answer).unwrap();
    assert_eq!(answer.len(), 2 * LEN);
    assert!(answer.iter().all(|byte| *byte == b'x'));
    running.stop();
}

fn udp_client(server: &Address) -> Socket {
    let client = Socket::udp().unwrap();
    client.connect(server).unwrap();
    client.set_timeout(Some(LIMIT)).unwrap();
    client
}

#[test]
fn row_53_a_datagram_comes_whole_with_the_socket_to_answer() {
    let server = UdpServer::bind(HERE, |request: &mut Datagram| {
        let mut answer = request.data().to_vec();
        answer.reverse();
        request.socket().send_to(&answer, request.client_address())?;
        Ok(())
    });
    let running = Running::start(server.unwrap().threads().unwrap());
    let client = udp_client(running.server.server_address());
    for len in [0, 1, 8192, 8193, 65_507] {
        let question: Vec<u8> = (0..len).map(|n: u32| n.to_le_bytes()[0]).collect();
        client.send(&question).unwrap();
        let answer = client.recv_vec(65_536).unwrap();
        assert!(answer.iter().eq(question.iter().rev()), "{len} bytes");
    }
    running.stop();
}

#[test]
fn row_54_server_close_waits_for_its_threads_and_a_daemon_does_not() {
    for daemon in [false, true] {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        let server = TcpServer::bind(HERE, move |request: &mut Stream| {
            echo(request)?;
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let running = Running::start(server.unwrap().threads().unwrap().daemon(daemon));
        let client = running.connect();
        assert_eq!(ask(&client, b"hello"), b"hello");
        let server = running.stop();
        assert_eq!(server.running(), 1);
        if daemon {
            server.server_close().unwrap();
            assert_eq!((server.running(), done.load(Ordering::SeqCst)), (1, 0));
            // The conversation goes on.
            assert_eq!(ask(&client, b"still here"), b"still here");
        } else {
            let (tell, told) = channel();
            let closing = Arc::clone(&server);
            let thread = thread::spawn(move || tell.send(closing.server_close()).unwrap());
            let early = told.recv_timeout(Duration::from_millis(50));
            assert!(early.is_err(), "it waits for the conversation");
            client.close().unwrap();
            told.recv_timeout(LIMIT).expect("the conversation has ended").unwrap();
            thread.join().unwrap();
            assert_eq!((server.running(), done.load(Ordering::SeqCst)), (0, 1));
        }
    }
}

#[test]
fn row_54_finished_threads_are_forgotten() {
    let running = Running::start(TcpServer::bind(HERE, echo).unwrap().threads().unwrap());
    for _ in 0..50 {
        let client = running.connect();
        assert_eq!(ask(&client, b"hello"), b"hello");
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert_closed(&client);
    }
    let server = running.stop();
    assert!(server.running() < 10, "{} of 50 are left", server.running());
}

#[test]
fn a_silent_client_does_not_hold_up_another_on_threads() {
    let running = Running::start(TcpServer::bind(HERE, echo).unwrap().threads().unwrap());
    let silent = running.connect();
    let busy = running.connect();
    assert_eq!(ask(&busy, b"hello"), b"hello");
    drop((silent, busy));
    running.stop().server_close().unwrap();
}

#[test]
fn the_same_servers_serve_unix_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(TcpServer::bind(dir.path().join("s"), echo).unwrap());
    let client = Socket::unix().unwrap();
    client.connect(dir.path().join("s")).unwrap();
    client.set_timeout(Some(LIMIT)).unwrap();
    assert_eq!(ask(&client, b"hello"), b"hello");
    client.close().unwrap();
    running.stop();

    let answer = |request: &mut Datagram| request.reply(request.data());
    let running = Running::start(UdpServer::bind(dir.path().join("d"), answer).unwrap());
    let client = Socket::new(sock::Family::Unix, sock::Kind::Datagram).unwrap();
    client.bind(dir.path().join("c")).unwrap();
    client.set_timeout(Some(LIMIT)).unwrap();
    let long = vec![7; 100_000];
    client.send_to(&long, dir.path().join("d")).unwrap();
    assert!(client.recv_vec(200_000).unwrap() == long);
    running.stop();
}

#[test]
fn a_socket_of_the_other_kind_is_refused() {
    let refused = TcpServer::on(Socket::udp().unwrap(), echo).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_control_outlives_the_move_of_its_server() {
    let server = TcpServer::bind(HERE, echo).unwrap();
    let control: Control = server.control();
    let (tell, told) = channel();
    let thread = thread::spawn(move || tell.send(server.serve_forever()).unwrap());
    control.shutdown();
    told.recv_timeout(LIMIT).unwrap().unwrap();
    thread.join().unwrap();
}
