//! What the tests of observers share: a sink to look into, and conversations that are driven by hand.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "tests, though no function here is one")]

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use sock_proto::{
    By, Context, Endpoint, Event, How, Kind, Limits, Link, Observer, Peer, Protocol, Reason,
    Session, Time, What,
};

/// Keeps what is written; can be shut, so that whoever writes has to wait.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    text: Vec<u8>,
    writes: usize,
    waiting: usize,
    is_shut: bool,
    is_broken: bool,
}

impl Sink {
    pub(crate) fn shut() -> Self {
        let sink = Self::default();
        sink.0.0.lock().unwrap().is_shut = true;
        sink
    }

    pub(crate) fn broken() -> Self {
        let sink = Self::default();
        sink.0.0.lock().unwrap().is_broken = true;
        sink
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().is_shut = false;
        self.0.1.notify_all();
    }

    /// Waits until somebody waits to write.
    pub(crate) fn wait_for_writer(&self) {
        let mut state = self.0.0.lock().unwrap();
        while state.waiting == 0 {
            state = self.0.1.wait(state).unwrap();
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.0.lock().unwrap().text.clone()).unwrap()
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.0.lock().unwrap();
        if state.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.waiting += 1;
        self.0.1.notify_all();
        while state.is_shut {
            state = self.0.1.wait(state).unwrap();
        }
        state.waiting -= 1;
        state.writes += 1;
        state.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

pub(crate) fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

pub(crate) fn fin(by: By) -> Reason {
    Reason { by, how: How::Fin }
}

pub(crate) fn tell(observer: &dyn Observer, millis: u64, conn: u64, what: What<'_>) {
    observer.event(&Event { time: at(millis), conn, what });
}

/// Tells that a conversation opened: a peer called us, or we called it.
pub(crate) fn open(observer: &dyn Observer, conn: u64, called: bool, local: &str, remote: &str) {
    let (local, remote) = (&endpoint(local), &endpoint(remote));
    let kind = if local.is_stream() { Kind::Stream } else { Kind::Datagram };
    tell(observer, 1, conn, What::Open { kind, called, transient: false, local, remote });
}

pub(crate) fn closed(observer: &dyn Observer, conn: u64, reason: Reason, unsent: u64) {
    let lasted = Duration::from_millis(1502);
    tell(observer, 1503, conn, What::Closed { reason, sent: 3, received: 6, unsent, lasted });
}

/// One conversation over a session, each call a millisecond after the one before.
pub(crate) struct Talk<P> {
    session: Session<P>,
    pub(crate) cx: Context,
}

impl<P: Protocol> Talk<P> {
    pub(crate) fn new(session: Session<P>, observer: Arc<dyn Observer>) -> Self {
        let cx = Context::new(Limits::default(), Duration::ZERO, 1).observed_by(Some(observer));
        Self { session, cx }
    }

    pub(crate) fn open(&mut self, link: &Link<'_>) {
        self.step();
        self.session.open(Peer::FIRST, link, &mut self.cx);
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) {
        let since = self.cx.now;
        self.step();
        self.session.data(Peer::FIRST, bytes, since, &mut self.cx);
    }

    pub(crate) fn eof(&mut self) {
        self.step();
        self.session.eof(Peer::FIRST, &mut self.cx);
    }

    /// Carries out everything that the session wants; gives what it sent.
    pub(crate) fn flush(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            while let Some(bytes) = self.session.output(Peer::FIRST, &self.cx) {
                let n = bytes.len();
                sent.extend_from_slice(bytes);
                let since = self.cx.now;
                self.cx.now = since + Duration::from_millis(1);
                self.session.sent(Peer::FIRST, n, since, &mut self.cx);
            }
            self.step();
            if self.session.command(Peer::FIRST, &mut self.cx).is_none() {
                return sent;
            }
        }
    }

    pub(crate) fn reset(&mut self) {
        self.step();
        let reason = Reason { by: By::Peer, how: How::Reset };
        self.session.closed(Peer::FIRST, reason, &mut self.cx);
    }

    fn step(&mut self) {
        self.cx.now = self.cx.now + Duration::from_millis(1);
    }
}
