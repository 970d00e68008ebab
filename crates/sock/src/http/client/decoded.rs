//! Decoded: a body whose coding is taken off.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::body::{Delivery, pass_through};
use crate::error::Shortfall;
use crate::http::{Body, Fields, Sink};
use crate::{Error, ErrorKind, Result};

/// What a gzip stream begins with (RFC 1952, section 2.3.1).
const MAGIC: u8 = 0x1f;

/// What a body is in, beside itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coding {
    None,
    Gzip,
    /// One that nobody asked for, or several.
    Unasked(String),
}

impl Coding {
    pub(super) fn of(fields: &Fields) -> Self {
        let all = fields.all("content-encoding").flat_map(|value| value.split(','));
        let is_any = |coding: &&str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
        let codings: Vec<_> = all.map(str::trim).filter(is_any).collect();
        match codings[..] {
            [] => Self::None,
            [one] if ["gzip", "x-gzip"].iter().any(|gzip| one.eq_ignore_ascii_case(gzip)) => {
                Self::Gzip
            }
            _ => Self::Unasked(codings.join(", ")),
        }
    }
}

/// A body whose gzip is taken off: one stream, or several one behind the other.
pub(super) struct Decoded {
    stream: Stream,
    given: u64,
}

enum Stream {
    /// A stream may begin.
    Between(BufReader<Delivery>),
    Within(GzDecoder<BufReader<Delivery>>),
    Over,
}

impl Decoded {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self { stream: Stream::Between(BufReader::new(delivery)), given: 0 }
    }

    fn take(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.stream, Stream::Over) {
                Stream::Over => return Ok(0),
                Stream::Between(mut source) => {
                    let first = match source.fill_buf() {
                        Ok(next) => next.first().copied(),
                        Err(error) => {
                            self.stream = Stream::Between(source);
                            return Err(error);
                        }
                    };
                    match first {
                        // Of nothing at all there is no coding.
                        None => return Ok(0),
                        Some(MAGIC) => self.stream = Stream::Within(GzDecoder::new(source)),
                        Some(_) => return Err(io::Error::other(self.no_gzip())),
                    }
                }
                Stream::Within(mut decoder) => match decoder.read(buf) {
                    Ok(0) if !buf.is_empty() => {
                        self.stream = Stream::Between(decoder.into_inner());
                    }
                    read => {
                        self.stream = Stream::Within(decoder);
                        return read;
                    }
                },
            }
        }
    }

    fn no_gzip(&self) -> Error {
        let text = match self.given {
            0 => "the body is said to be gzip and is none".to_owned(),
            given => format!("something that is no gzip follows the gzip of {given} bytes"),
        };
        Error::new(ErrorKind::Malformed, text)
    }
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.take(buf);
        let shortfall = Shortfall { received: self.given, expected: None };
        match read {
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
                let (kind, what) = if error.kind() == io::ErrorKind::UnexpectedEof {
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
        f.debug_struct("Decoded").field("given", &self.given).finish_non_exhaustive()
    }
}

fn is_ours(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.downcast_ref::<Error>().is_some())
}

/// A body in a coding that nobody asked for: its bytes must not pass for those of the file.
#[derive(Debug)]
pub(super) struct Undecodable(String);

impl Undecodable {
    pub(super) fn new(coding: &str) -> Self {
        let coding = coding.escape_debug().take(40).collect::<String>();
        Self(format!("the body is in a coding that nobody asked for: {coding}"))
    }

    fn error(&self) -> Error {
        let shortfall = Shortfall { received: 0, expected: None };
        Error::new(ErrorKind::Malformed, self.0.clone()).with_shortfall(shortfall)
    }
}

impl Read for Undecodable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.error().into())
    }
}

impl Body for Undecodable {
    fn copy_to(&mut self, _: &mut dyn Sink) -> Result<u64> {
        Err(self.error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gzip_is_taken_off_and_nothing_else() {
        let of = |values: &[&str]| {
            let mut fields = Fields::new();
            for value in values {
                fields.push("Content-Encoding", *value);
            }
            Coding::of(&fields)
        };
        assert_eq!(of(&[]), Coding::None);
        assert_eq!(of(&["identity, "]), Coding::None);
        assert_eq!(of(&["X-GZIP"]), Coding::Gzip);
        assert_eq!(of(&["identity", "gzip"]), Coding::Gzip);
        assert_eq!(of(&["br"]), Coding::Unasked("br".into()));
        assert_eq!(of(&["gzip, gzip"]), Coding::Unasked("gzip, gzip".into()));
        assert_eq!(of(&["deflate", "gzip"]), Coding::Unasked("deflate, gzip".into()));
    }
}
