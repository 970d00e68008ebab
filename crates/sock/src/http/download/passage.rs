//! Passage: what the bytes of a body pass on their way: counted, hashed, shown, and some of them dropped.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use sha2::{Digest, Sha256};

use super::Attend;
use crate::Result;
use crate::http::Sink;

/// A sink before the sink.
pub(super) struct Passage<'a> {
    to: &'a mut dyn Sink,
    /// How many bytes the sink has.
    len: &'a mut u64,
    /// How many more are to be dropped: the sink has them.
    past: u64,
    /// Of those that were dropped, how many were not yet reported as moved.
    dropped: u64,
    hash: Option<&'a mut Sha256>,
    attend: &'a mut dyn Attend,
}

impl<'a> Passage<'a> {
    pub(super) fn new(
        to: &'a mut dyn Sink,
        len: &'a mut u64,
        past: u64,
        hash: Option<&'a mut Sha256>,
        attend: &'a mut dyn Attend,
    ) -> Self {
        Self { to, len, past, dropped: 0, hash, attend }
    }
}

impl Write for Passage<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let dropped = usize::try_from(self.past).unwrap_or(usize::MAX).min(bytes.len());
        if dropped > 0 {
            self.past -= dropped as u64;
            self.dropped += dropped as u64;
            return Ok(dropped);
        }
        let n = self.to.write(bytes)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&bytes[..n]);
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Sink for Passage<'_> {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        // The kernel drops and hashes nothing.
        if self.past > 0 || self.hash.is_some() { None } else { self.to.descriptor() }
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        let dropped = self.dropped.min(bytes);
        self.dropped -= dropped;
        let bytes = bytes - dropped;
        *self.len += bytes;
        self.to.moved(bytes)?;
        self.attend.moved(bytes)
    }
}
