//! What the tests of the classic interface share.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "this is test code")]

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sock::socket::{Builder, Socket, ToAddress, Wanted, create_server};
use sock::{Address, Error, ErrorKind, Kind, Result};

/// How long a test may take; each needs a small part of it.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs a test under the time limit.
pub(crate) fn limited(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let worker = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    let hangs = wait.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
    assert!(!hangs, "the test hangs: over {LIMIT:?}");
    if let Err(panic) = worker.join() {
        resume_unwind(panic);
    }
}

/// The monotonic clock.
#[allow(clippy::disallowed_methods, reason = "a test measures whether a timeout is never early")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// What a call gives, and how long it takes.
pub(crate) fn measured<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = clock();
    let value = call();
    (value, start.elapsed())
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) const ZERO: Option<Duration> = Some(Duration::ZERO);

/// A connected pair over TCP: the client and the accepted end.
pub(crate) fn tcp_pair() -> (Socket, Socket) {
    let server = create_server(("127.0.0.1", 0)).unwrap();
    let client = Socket::tcp().unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let (accepted, _) = server.accept().unwrap();
    (client, accepted)
}

/// Two UDP sockets, each bound to a port of the system's choice.
pub(crate) fn udp_pair() -> (Socket, Socket) {
    let bound = || {
        let socket = Socket::udp().unwrap();
        socket.bind(("127.0.0.1", 0)).unwrap();
        socket
    };
    (bound(), bound())
}

/// A connected pair of unix datagram sockets.
pub(crate) fn datagram_pair() -> (Socket, Socket) {
    Builder::new().kind(Kind::Datagram).pair().unwrap()
}

/// An address on which nothing listens: it was the system's choice a moment ago.
pub(crate) fn nobody() -> Address {
    let socket = Socket::tcp().unwrap();
    socket.bind(("127.0.0.1", 0)).unwrap();
    socket.local_addr().unwrap()
}

/// A listener whose backlog is full, with the connections that fill it.
pub(crate) fn full_listener() -> (Socket, Vec<Socket>) {
    let server = Socket::tcp().unwrap();
    server.bind(("127.0.0.1", 0)).unwrap();
    server.listen_with(0).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let client = Socket::tcp().unwrap();
        client.set_timeout(Some(ms(150))).unwrap();
        let full = client.connect(server.local_addr().unwrap()).is_err();
        waiting.push(client);
        if full {
            return (server, waiting);
        }
    }
    panic!("a backlog of 0 takes 16 connections");
}

/// Sends until nothing more fits.
pub(crate) fn fill(socket: &Socket) {
    let before = socket.timeout();
    socket.set_nonblocking(true).unwrap();
    let data = [0; 4096];
    let error = loop {
        if let Err(error) = socket.send(&data) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    socket.set_timeout(before).unwrap();
}

/// A name with several addresses behind it.
pub(crate) struct Several(pub(crate) Vec<Address>);

impl ToAddress for Several {
    fn to_addresses(&self, _: Wanted) -> Result<Vec<Address>> {
        Ok(self.0.clone())
    }

    fn describe(&self) -> String {
        "several".to_owned()
    }
}

/// The kind and errno of a failure.
pub(crate) fn failure<T: std::fmt::Debug>(
    result: std::result::Result<T, Error>,
) -> (ErrorKind, Option<i32>) {
    let error = result.unwrap_err();
    (error.kind(), error.errno())
}

/// Waits until a thread of this process sleeps in the kernel.
pub(crate) fn until_asleep(thread: rustix::thread::Pid) {
    let path = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    loop {
        let stat = std::fs::read_to_string(&path).unwrap();
        let state = stat.rsplit_once(") ").unwrap().1;
        if state.starts_with('S') {
            return;
        }
        thread::yield_now();
    }
}

/// Starts a call in a thread of its own and returns when it sleeps in the kernel.
pub(crate) fn asleep<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let (tell, told) = mpsc::channel();
    let worker = thread::spawn(move || {
        tell.send(rustix::thread::gettid()).unwrap();
        call()
    });
    until_asleep(told.recv().unwrap());
    worker
}
