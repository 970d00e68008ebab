//! Source: bytes that lie elsewhere, such as an open file, and ranges of them.
//!
//! A protocol that has a file to send says "this range of that file" ([`Out::send_range`]); the range
//! waits in the outbox among the other pieces. An engine that can hands it to the kernel, which
//! sends it without passing through the program; for any other it is read when its turn comes.
//!
//! [`Out::send_range`]: crate::Out::send_range

use alloc::sync::Arc;
use core::any::Any;
use core::fmt;

/// Bytes that lie elsewhere and can be read from any place on.
///
/// An engine that knows the type behind it may send it in its own way.
pub trait Source: Any + Send + Sync + fmt::Debug {
    /// Reads from byte `at` on into `buf` and tells how many bytes that were; 0 where there are no
    /// more, or none that can be read.
    fn read_at(&self, at: u64, buf: &mut [u8]) -> usize;
}

/// A range of a [`Source`].
#[derive(Debug, Clone)]
pub struct Span {
    source: Arc<dyn Source>,
    at: u64,
    len: u64,
}

impl Span {
    /// The `len` bytes of `source` from byte `at` on.
    #[must_use]
    pub fn new(source: Arc<dyn Source>, at: u64, len: u64) -> Self {
        Self { source, at, len }
    }

    /// Where the bytes lie.
    #[must_use]
    pub fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// Where it begins.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes are left of it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether nothing is left of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Goes on behind the first `n` bytes.
    pub(crate) fn advance(&mut self, n: u64) {
        let n = n.min(self.len);
        self.at += n;
        self.len -= n;
    }
}

/// Bytes in memory that are read as those of a file are: who waits for them holds none of his own.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Arc<[u8]>);

impl Source for Memory {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> usize {
        let rest = usize::try_from(at).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        n
    }
}
