//! Decoded: a body whose coding is taken off.

use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::body::{Delivery, pass_through};
use crate::error::Shortfall;
use crate::http::{Body, Sink};
use crate::{Error, ErrorKind, Result};

/// A body whose gzip is taken off.
pub(super) struct Decoded {
    decoder: MultiGzDecoder<Delivery>,
    given: u64,
}

impl Decoded {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self { decoder: MultiGzDecoder::new(delivery), given: 0 }
    }
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let shortfall = Shortfall { received: self.given, expected: None };
        match self.decoder.read(buf) {
            Ok(n) => {
                self.given += n as u64;
                Ok(n)
            }
            // A failure of the connection is its own.
            Err(error) if is_ours(&error) => {
                Err(Error::from(error).with_shortfall(shortfall).into())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let is_early = error.kind() == io::ErrorKind::UnexpectedEof;
                // Of nothing at all there is no coding.
                if is_early && self.decoder.get_ref().received() == 0 {
                    return Ok(0);
                }
                let (kind, what) = if is_early {
                    (ErrorKind::CutShort, "it ends too early".into())
                } else {
                    (ErrorKind::Malformed, error.to_string())
                };
                let text = format!("cannot decode gzip after {} bytes: {what}", self.given);
                Err(Error::new(kind, text).with_shortfall(shortfall).into())
            }
        }
    }
}

impl Body for Decoded {
    fn copy_to(&mut self, to: &mut dyn Sink) -> Result<u64> {
        let before = self.given;
        pass_through(self, to)?;
        Ok(self.given - before)
    }
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("delivery", self.decoder.get_ref()).finish_non_exhaustive()
    }
}

fn is_ours(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.downcast_ref::<Error>().is_some())
}
