//! Multipart: a form's body, taken apart as it comes (RFC 2046, section 5.1; RFC 7578).
//!
//! ```text
//! preamble CRLF --boundary CRLF head CRLF CRLF bytes CRLF --boundary ... CRLF --boundary-- epilogue
//! '--- Body: nothing is told of it --' '-- Head --' '-- Body --'                     '-- Epilogue --'
//! ```
//!
//! The delimiter between two parts, `CRLF --boundary`, begins with the only CR in it. So a beginning of
//! it that turns out to be none is content as a whole, and the search begins again at the byte that did
//! not fit: nothing is kept but how much of the delimiter has been seen. The body begins as if a line
//! had ended before it. A part is whole once the line of the delimiter behind it is: what else stands there
//! may be content of who did not look for a boundary that is not in it.

use alloc::vec::Vec;
use core::mem;

/// The head of a part may be so long: a name of a file, and room for what else is said.
const LONGEST_HEAD: usize = 8 * 1024;
/// The longest boundary (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// Takes a form's body apart, however it was cut.
#[derive(Debug)]
pub(super) struct Multipart {
    /// The line end, two dashes and the boundary.
    delimiter: Vec<u8>,
    at: At,
    /// How much of the delimiter has been seen.
    seen: usize,
    /// A part has begun and not ended; otherwise it is the preamble.
    in_part: bool,
    head: Vec<u8>,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Body,
    /// Behind a delimiter.
    Behind,
    /// Behind a delimiter and one dash.
    Dash,
    /// Behind a delimiter and blanks.
    Padding,
    /// Behind a delimiter and a CR.
    Cr,
    Head,
    Epilogue,
}

/// What a body is made of: `(Head Bytes* End)*`, and what is beside that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A part begins: its fields, each with its line end, and the empty line.
    Head(&'a [u8]),
    /// Bytes of the part.
    Bytes(&'a [u8]),
    /// The part is whole.
    End,
    /// So many bytes that are of no part: before the first or behind the last.
    Beside(usize),
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Something else than a line end stands behind a boundary.
    Boundary,
    /// A head is too long.
    Head,
}

impl Multipart {
    /// Begins with nothing; none where that can be no boundary.
    pub(super) fn new(boundary: &[u8]) -> Option<Self> {
        let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
        let is_long = !(1..=LONGEST_BOUNDARY).contains(&boundary.len());
        if is_long || !boundary.iter().all(is_good) || boundary.ends_with(b" ") {
            return None;
        }
        let delimiter = [b"\r\n--", boundary].concat();
        Some(Self { delimiter, at: At::Body, seen: 2, in_part: false, head: Vec::new() })
    }

    /// Tells whether the last boundary has been seen.
    pub(super) fn is_whole(&self) -> bool {
        self.at == At::Epilogue
    }

    /// Takes the next piece off `input`; none when it is used up.
    pub(super) fn next<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Piece<'a>>, Malformed> {
        while !input.is_empty() {
            match self.at {
                At::Body => {
                    let in_part = self.in_part;
                    match self.body(input) {
                        Step::More | Step::Delimiter => {}
                        // The preamble is nobody's.
                        Step::Bytes(bytes) if !in_part => {
                            return Ok(Some(Piece::Beside(bytes.len())));
                        }
                        Step::Seen(n) if !in_part => return Ok(Some(Piece::Beside(n))),
                        Step::Bytes(bytes) => return Ok(Some(Piece::Bytes(bytes))),
                        Step::Seen(n) => return Ok(Some(Piece::Bytes(&self.delimiter[..n]))),
                    }
                }
                At::Head => {
                    if self.head(input)? {
                        (self.at, self.in_part) = (At::Body, true);
                        return Ok(Some(Piece::Head(&self.head)));
                    }
                }
                At::Epilogue => {
                    return Ok(Some(Piece::Beside(mem::take(input).len())));
                }
                At::Behind | At::Dash | At::Padding | At::Cr => {
                    self.behind(input)?;
                    let is_whole = matches!(self.at, At::Head | At::Epilogue);
                    if is_whole && mem::take(&mut self.in_part) {
                        return Ok(Some(Piece::End));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Looks for the delimiter in what is not empty.
    fn body<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        if self.seen == 0 {
            let at = memchr::memchr(b'\r', input).unwrap_or(input.len());
            if at > 0 {
                let bytes;
                (bytes, *input) = input.split_at(at);
                return Step::Bytes(bytes);
            }
        }
        let rest = &self.delimiter[self.seen..];
        let same = rest.iter().zip(*input).take_while(|(a, b)| a == b).count();
        *input = &input[same..];
        self.seen += same;
        if same == rest.len() {
            (self.at, self.seen) = (At::Behind, 0);
            return Step::Delimiter;
        }
        if input.is_empty() { Step::More } else { Step::Seen(mem::take(&mut self.seen)) }
    }

    /// Takes one byte behind a delimiter. That the boundary stands at the beginning of a line is enough
    /// to make it one: what else stands there is not content.
    fn behind(&mut self, input: &mut &[u8]) -> Result<(), Malformed> {
        let Some((byte, rest)) = input.split_first() else { return Ok(()) };
        *input = rest;
        self.at = match (self.at, byte) {
            (At::Behind, b'-') => At::Dash,
            (At::Dash, b'-') => At::Epilogue,
            (At::Behind | At::Padding, b' ' | b'\t') => At::Padding,
            (At::Behind | At::Padding, b'\r') => At::Cr,
            (At::Cr, b'\n') => At::Head,
            _ => return Err(Malformed::Boundary),
        };
        self.head.clear();
        Ok(())
    }

    /// Takes from `input` until the head is whole, and tells whether it is.
    fn head(&mut self, input: &mut &[u8]) -> Result<bool, Malformed> {
        while let Some((byte, rest)) = input.split_first() {
            if self.head.len() == LONGEST_HEAD {
                return Err(Malformed::Head);
            }
            *input = rest;
            self.head.push(*byte);
            if self.head == b"\r\n" || self.head.ends_with(b"\r\n\r\n") {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a look at a part's bytes found.
enum Step<'a> {
    /// The beginning of a delimiter, and no more input.
    More,
    /// Bytes of the part.
    Bytes(&'a [u8]),
    /// So many bytes that could have begun a delimiter, and are the part's.
    Seen(usize),
    /// The delimiter.
    Delimiter,
}
