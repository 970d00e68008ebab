//! Drive: one request and its response over one connection, by hyper, without a runtime.
//!
//! hyper is a state machine that is polled; this thread polls it, and waits for the socket where hyper would
//! have waited for a runtime. It knows how messages are written and where a body ends. A body that is not cut
//! into chunks is no message any more but bytes: the connection is taken back, and they are moved without it.
//!
//! ```text
//!   request --> hyper --> Io --> Wire --> socket        chunks: Framed, through hyper
//!   head    <-- hyper <-- Io <-- Wire <-- socket        else:   Wire, and what hyper had read too far
//! ```

use std::error::Error as _;
use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{Builder, Connection};

use super::head::{self, Head};
use super::io::Io;
use super::payload::Sending;
use super::wire::{Wire, silent};
use crate::{Error, ErrorKind, Result};

/// A response whose body has not been read yet.
pub(super) struct Answered {
    pub(super) head: Head,
    pub(super) rest: Rest,
    /// The connection can carry another request once the body was read.
    pub(super) keeps: bool,
    /// How long it took to send the request, and from then to the first byte of the response.
    pub(super) request: Duration,
    pub(super) first_byte: Option<Duration>,
}

/// Where the body comes from.
pub(super) enum Rest {
    /// So many bytes, or all until the connection ends; some have come already.
    Plain { wire: Box<Wire>, early: Bytes, left: Option<u64> },
    /// Chunks.
    Framed(Box<Framed>),
}

/// There is no response.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// The server had closed a connection that was held open, and has not seen this request.
    pub(super) is_stale: bool,
}

/// Sends the request, and receives the head of its response; silence longer than `limit` is a failure. The
/// connection may have been held open since another one.
pub(super) fn exchange(
    mut wire: Wire,
    is_held: bool,
    request: Request<Sending>,
    limit: Duration,
) -> std::result::Result<Answered, Failed> {
    wire.begin();
    let is_sent = request.body().is_sent();
    let mut line = Line::new(wire, limit).map_err(|error| Failed { error, is_stale: false })?;
    let answer = line.ask(request);
    let bytes = line.wire().head.take().unwrap_or_default();
    let answer = answer.and_then(|answer| Ok((Head::read(&bytes)?, answer)));
    let (head, answer) = answer.map_err(|error| {
        line.wire().give_up(error.kind());
        let gone = [ErrorKind::CutShort, ErrorKind::Reset, ErrorKind::BrokenPipe];
        let is_stale = is_held && bytes.is_empty() && gone.contains(&error.kind());
        Failed { error, is_stale }
    })?;
    let (request, first_byte) = line.wire().took();
    let keeps = head.keeps() && is_sent.load(Ordering::Relaxed);
    let incoming = answer.into_body();
    let is_chunked = head.is_chunked().map_err(|error| {
        line.wire().give_up(error.kind());
        Failed { error, is_stale: false }
    })?;
    let rest = if is_chunked && !incoming.is_end_stream() {
        Rest::Framed(Box::new(Framed { line: Some(line), incoming }))
    } else {
        line.take_back(incoming)
    };
    Ok(Answered { head, rest, keeps, request, first_byte })
}

/// A connection while hyper has it.
struct Line {
    wire: Arc<Mutex<Wire>>,
    connection: Connection<Io, Sending>,
    sender: hyper::client::conn::http1::SendRequest<Sending>,
    /// hyper has closed it.
    is_over: bool,
    is_mended: Arc<AtomicBool>,
    alarm: Arc<Alarm>,
    limit: Duration,
}

impl Line {
    fn new(wire: Wire, limit: Duration) -> Result<Self> {
        let wire = Arc::new(Mutex::new(wire));
        let is_mended = Arc::default();
        let io = Io::new(Arc::clone(&wire), Arc::clone(&is_mended));
        let mut builder = Builder::new();
        builder
            .title_case_headers(true)
            .max_headers(head::MOST_FIELDS)
            .max_buf_size(head::LARGEST)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true);
        let made = pin!(builder.handshake(io)).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Ok((sender, connection))) = made else {
            return Err(Error::new(ErrorKind::Other, "the connection was not taken over"));
        };
        let (is_over, alarm) = (false, Arc::default());
        Ok(Self { wire, connection, sender, is_over, is_mended, alarm, limit })
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&mut self, request: Request<Sending>) -> Result<hyper::Response<Incoming>> {
        let mut answer = pin!(self.sender.send_request(request));
        let (wire, limit) = (Arc::clone(&self.wire), self.limit);
        let late = || {
            let wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
            wire.is_late(limit).then(|| endless(limit))
        };
        let answered = self.turn(|cx| match answer.as_mut().poll(cx) {
            Poll::Pending => late().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
            Poll::Ready(answered) => Poll::Ready(Ok(answered)),
        });
        answered??.map_err(|error| self.explain(&error))
    }

    /// Polls, and the connection with it, until there is an outcome.
    fn turn<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T> {
        let waker = Waker::from(Arc::clone(&self.alarm));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(outcome) = poll(&mut cx) {
                return Ok(outcome);
            }
            if !self.is_over {
                self.is_over = Pin::new(&mut self.connection).poll(&mut cx).is_ready();
            }
            if let Poll::Ready(outcome) = poll(&mut cx) {
                return Ok(outcome);
            }
            if self.alarm.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            if self.is_over {
                return Err(self.ended());
            }
            if !self.wire().wait(self.limit)? {
                return Err(silent(self.limit));
            }
        }
    }

    /// Why there is no response, in our words.
    fn explain(&self, error: &hyper::Error) -> Error {
        let mut cause = error.source();
        while let Some(source) = cause {
            let ours = source.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(ours) = ours.and_then(|ours| ours.downcast_ref::<Error>()) {
                return Error::new(ours.kind(), ours.to_string());
            }
            cause = source.source();
        }
        if error.is_parse() {
            return head::explain(self.wire().head.as_deref().unwrap_or_default());
        }
        self.ended()
    }

    fn ended(&self) -> Error {
        let mut wire = self.wire();
        if let Some(error) = wire.failed.take() {
            return error;
        }
        let text = match wire.head.as_ref().map_or(0, Vec::len) {
            0 => "the server closed the connection without an answer".to_owned(),
            n => format!("the server closed the connection within the head, after {n} bytes"),
        };
        Error::new(ErrorKind::CutShort, text)
    }

    /// Takes the connection back from hyper, which may have read into the body.
    fn take_back(mut self, mut incoming: Incoming) -> Rest {
        let left = if incoming.is_end_stream() { Some(0) } else { incoming.size_hint().exact() };
        let mut early = Vec::new();
        let waker = Waker::from(Arc::clone(&self.alarm));
        let mut cx = Context::from_waker(&waker);
        // What comes behind these pieces is told by the wire again: its end, or why there is none.
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut incoming).poll_frame(&mut cx) {
            if let Ok(data) = frame.into_data() {
                early.extend_from_slice(&data);
            }
        }
        self.is_over = true;
        let (wire, rest) = self.part();
        let early = if early.is_empty() { rest } else { [&early[..], &rest].concat().into() };
        Rest::Plain { wire: Box::new(wire), early, left }
    }

    fn part(self) -> (Wire, Bytes) {
        let Self { wire, connection, .. } = self;
        let parts = connection.into_parts();
        drop(parts.io);
        let wire = Arc::into_inner(wire).expect("hyper's side was the only other one");
        (wire.into_inner().unwrap_or_else(PoisonError::into_inner), parts.read_buf)
    }
}

/// The head has begun, and does not end.
fn endless(limit: Duration) -> Error {
    let text = format!("the head of the response has not ended {limit:?} after it began");
    Error::new(ErrorKind::TimedOut, text).cure("try again, or wait longer")
}

/// A body in chunks.
pub(super) struct Framed {
    line: Option<Line>,
    incoming: Incoming,
}

/// What comes next in chunks.
pub(super) enum Next {
    Piece(Bytes),
    /// All has come; the connection can be used again.
    End(Option<Box<Wire>>),
}

impl Framed {
    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Next> {
        let Some(line) = &mut self.line else { return Ok(Next::End(None)) };
        loop {
            let incoming = &mut self.incoming;
            let frame = match line.turn(|cx| Pin::new(&mut *incoming).poll_frame(cx))? {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Err(broken(line, &error)),
                None => break,
            };
            let Ok(piece) = frame.into_data() else { continue };
            if line.is_mended.load(Ordering::Relaxed) {
                // A line end of ours was taken for data, so the end that it was to mend was none.
                return Err(line.ended_early());
            }
            return Ok(Next::Piece(piece));
        }
        let wire = self.line.take().map(Line::part);
        Ok(Next::End(wire.and_then(|(wire, rest)| rest.is_empty().then(|| Box::new(wire)))))
    }

    /// Tells why it is given up, for who observes it.
    pub(super) fn give_up(&mut self, kind: ErrorKind) {
        if let Some(line) = &self.line {
            line.wire().give_up(kind);
        }
    }
}

impl Line {
    fn ended_early(&self) -> Error {
        match self.wire().failed.take() {
            Some(error) => error,
            None => Error::new(ErrorKind::CutShort, "the server closed the connection"),
        }
    }
}

fn broken(line: &Line, error: &hyper::Error) -> Error {
    let is_ended = line.wire().is_ended || line.wire().failed.is_some();
    if is_ended {
        return line.ended_early();
    }
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let text = format!("what should be a chunk is none ({})", why.to_lowercase());
    Error::new(ErrorKind::CutShort, text)
}

impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed").finish_non_exhaustive()
    }
}

/// hyper wants to be polled again.
#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
