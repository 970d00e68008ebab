//! Io: the wire as hyper reads and writes it, never waiting.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use super::wire::Wire;
use crate::ErrorKind;

/// What is received at once.
const PIECE: usize = 64 << 10;

/// hyper's side of a wire.
pub(super) struct Io {
    wire: Arc<Mutex<Wire>>,
    piece: Vec<u8>,
    /// The last bytes that came.
    tail: Vec<u8>,
    /// A line end that was missing has been put there.
    is_mended: Arc<AtomicBool>,
}

/// How a body in chunks ends whose last line end is missing: read as Python's client reads it.
const UNENDED: &[u8] = b"\r\n0\r\n";

impl Io {
    pub(super) fn new(wire: Arc<Mutex<Wire>>, is_mended: Arc<AtomicBool>) -> Self {
        Self { wire, piece: vec![0; PIECE], tail: Vec::new(), is_mended }
    }

    fn remember(&mut self, n: usize) {
        let fresh = &self.piece[n.saturating_sub(UNENDED.len())..n];
        self.tail.extend_from_slice(fresh);
        let old = self.tail.len().saturating_sub(UNENDED.len());
        self.tail.drain(..old);
    }
}

impl hyper::rt::Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut room: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut wire = this.wire.lock().unwrap_or_else(PoisonError::into_inner);
        let most = room.remaining().min(PIECE);
        match wire.receive(&mut this.piece[..most]) {
            Ok(None) => return Poll::Pending,
            Ok(Some(0)) if this.tail == UNENDED && most > 1 => {
                this.tail.clear();
                this.is_mended.store(true, Ordering::Relaxed);
                room.put_slice(b"\r\n");
            }
            Ok(Some(n)) => {
                room.put_slice(&this.piece[..n]);
                drop(wire);
                this.remember(n);
            }
            Err(error) => {
                let kind = io::ErrorKind::from(error.kind());
                wire.failed = Some(error);
                return Poll::Ready(Err(kind.into()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        if wire.is_deaf {
            return Poll::Ready(Ok(bytes.len()));
        }
        match wire.send(bytes) {
            Ok(Some(n)) => Poll::Ready(Ok(n)),
            Ok(None) => Poll::Pending,
            // Who refuses a body may have said why, and is read to the end.
            Err(error) if [ErrorKind::BrokenPipe, ErrorKind::Reset].contains(&error.kind()) => {
                wire.is_deaf = true;
                Poll::Ready(Ok(bytes.len()))
            }
            Err(error) => {
                let kind = io::ErrorKind::from(error.kind());
                wire.failed = Some(error);
                Poll::Ready(Err(kind.into()))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        match wire.flush() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// The connection is ours, and ends with the wire.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
