//! Body: takes the body of a request out of a stream, by its length or chunk by chunk.
//!
//! ```text
//! 4;note=x CR LF  Wiki CR LF  0 CR LF  Trailer: x CR LF  CR LF      (RFC 9112, section 7.1)
//! \_ size, extension          \_ last  \_ skipped        \_ end
//! ```

use super::parse::Wrong;
use super::request::Framing;

/// Extensions and trailers of one body, which nobody reads, may be so long in all.
const SKIPPED: u32 = 65_536;

/// What is left of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    Length(u64),
    Chunked(Chunked),
}

/// What comes next of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Bytes of its own.
    Bytes(&'a [u8]),
    /// Nothing before more has come.
    Hungry,
    /// It is over.
    End,
}

impl Body {
    /// The body of a request; none where it has none.
    pub(super) fn new(framing: Framing) -> Option<Self> {
        match framing {
            Framing::None => None,
            Framing::Length(n) => Some(Self::Length(n)),
            Framing::Chunked => Some(Self::Chunked(Chunked::default())),
        }
    }

    /// Takes the next step off `bytes`.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Step<'a>, Wrong> {
        match self {
            Self::Length(left) => Ok(take(left, bytes)),
            Self::Chunked(chunked) => chunked.next(bytes),
        }
    }
}

/// Takes up to `left` bytes off the beginning.
fn take<'a>(left: &mut u64, bytes: &mut &'a [u8]) -> Step<'a> {
    if *left == 0 {
        return Step::End;
    }
    let n = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let (now, later) = bytes.split_at(n);
    *bytes = later;
    *left -= n as u64;
    if now.is_empty() { Step::Hungry } else { Step::Bytes(now) }
}

/// A chunked body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chunked {
    at: At,
    /// Of the chunk: its size as far as it is known, and then what is left.
    left: u64,
    skipped: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Before the first digit of a size.
    #[default]
    Size,
    /// Behind so many digits, of which 16 at most are taken.
    Digits(u8),
    /// Between a size and its extension.
    Blank,
    Extension,
    /// Before the line feed behind a size.
    SizeEnd,
    Data,
    /// Behind the data: before its carriage return, and before its line feed.
    DataReturn,
    DataEnd,
    /// At the beginning of a trailer, or of the empty line.
    Trailer,
    TrailerLine,
    TrailerEnd,
    /// Before the very last line feed.
    LastEnd,
    End,
}

impl Chunked {
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Step<'a>, Wrong> {
        loop {
            match self.at {
                At::End => return Ok(Step::End),
                At::Data => match take(&mut self.left, bytes) {
                    Step::End => self.at = At::DataReturn,
                    step @ (Step::Bytes(_) | Step::Hungry) => return Ok(step),
                },
                At::Size
                | At::Digits(_)
                | At::Blank
                | At::Extension
                | At::SizeEnd
                | At::DataReturn
                | At::DataEnd
                | At::Trailer
                | At::TrailerLine
                | At::TrailerEnd
                | At::LastEnd => {
                    let Some((byte, rest)) = bytes.split_first() else {
                        return Ok(Step::Hungry);
                    };
                    *bytes = rest;
                    self.at = self.after(*byte)?;
                }
            }
        }
    }

    /// Where it is after one more byte of its frame.
    fn after(&mut self, byte: u8) -> Result<At, Wrong> {
        let digit = char::from(byte).to_digit(16);
        Ok(match (self.at, byte) {
            (At::Size | At::Digits(_), _) if digit.is_some() => {
                let digits = if let At::Digits(n) = self.at { n + 1 } else { 1 };
                if digits > 16 {
                    return Err(SIZE);
                }
                let before = if digits == 1 { 0 } else { self.left };
                self.left = (before << 4) | u64::from(digit.unwrap_or_default());
                At::Digits(digits)
            }
            (At::Digits(_) | At::Blank, b';') => At::Extension,
            (At::Digits(_) | At::Blank, b' ' | b'\t') => {
                self.skip()?;
                At::Blank
            }
            (At::Digits(_) | At::Extension, b'\r') => At::SizeEnd,
            (At::SizeEnd, b'\n') if self.left == 0 => At::Trailer,
            (At::SizeEnd, b'\n') => At::Data,
            (At::DataReturn, b'\r') => At::DataEnd,
            (At::DataEnd, b'\n') => At::Size,
            (At::Trailer, b'\r') => At::LastEnd,
            (At::LastEnd, b'\n') => At::End,
            (At::TrailerLine, b'\r') => At::TrailerEnd,
            (At::TrailerEnd, b'\n') => At::Trailer,
            (At::Trailer | At::TrailerLine | At::Extension, byte) => {
                // A trailer that begins with a blank would be the second half of one.
                let is_blank = matches!(byte, b' ' | b'\t');
                let is_folded = is_blank && self.at == At::Trailer;
                if is_folded || (byte.is_ascii_control() && byte != b'\t') {
                    return Err(FRAME);
                }
                self.skip()?;
                if self.at == At::Extension { At::Extension } else { At::TrailerLine }
            }
            (At::Size | At::Digits(_) | At::Blank, _) => return Err(SIZE),
            (At::SizeEnd | At::DataReturn | At::DataEnd | At::TrailerEnd | At::LastEnd, _) => {
                return Err(FRAME);
            }
            (At::Data | At::End, _) => self.at,
        })
    }

    fn skip(&mut self) -> Result<(), Wrong> {
        self.skipped += 1;
        if self.skipped > SKIPPED { Err(SKIPPED_MUCH) } else { Ok(()) }
    }
}

const SIZE: Wrong = Wrong::bad(
    "The size of a chunk is no number",
    "Write it in hexadecimal digits, without a sign or 0x, and end its line by CR and LF",
);
const FRAME: Wrong = Wrong::bad(
    "A chunk of the body does not end where its size says, or its line does not end by CR and LF",
    "Count the bytes of each chunk and end every line of its frame by CR and LF",
);
const SKIPPED_MUCH: Wrong = Wrong::new(
    431,
    "The extensions and trailers of the chunked body are longer than 65,536 bytes",
    "Leave them out; this server does not read them",
);
