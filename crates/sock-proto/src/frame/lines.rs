//! Lines: cut a stream at its line feeds, however it arrives, and keep no more than a bound.

use alloc::vec::Vec;

/// Cuts a stream into lines; LF and CR LF both end one.
///
/// A line that is longer than the bound loses its end, whose bytes are never kept.
///
/// # Examples
///
/// ```
/// use sock_proto::frame::Lines;
///
/// let mut lines = Lines::new(5);
/// let mut seen = Vec::new();
/// for mut received in [&b"Hi\r\nthe"[..], b"re\nmuch too long\nla", b"st"] {
///     while let Some(line) = lines.next(&mut received) {
///         seen.push((String::from_utf8_lossy(line.text).into_owned(), line.is_cut));
///     }
/// }
/// assert_eq!(seen, [("Hi".into(), false), ("there".into(), false), ("much ".into(), true)]);
/// assert_eq!(lines.rest().map(|line| line.text), Some(&b"last"[..]));
/// ```
#[derive(Debug)]
pub struct Lines {
    /// The beginning of a line whose end has not come: at most `most` bytes and a CR.
    held: Vec<u8>,
    /// How long that line is so far, with what was not kept.
    len: usize,
    most: usize,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// Whether it was longer and has lost the rest.
    pub is_cut: bool,
}

impl Lines {
    /// Keeps at most `most` bytes of a line.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { held: Vec::new(), len: 0, most }
    }

    /// The next line that `bytes` brings to its end, and takes it off `bytes`; call it until there is
    /// none, when all of `bytes` has been taken.
    pub fn next<'a, 'b: 'a>(&'a mut self, bytes: &mut &'b [u8]) -> Option<Line<'a>> {
        let Some(at) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.hold(bytes);
            *bytes = &[];
            return None;
        };
        let (line, rest) = (&bytes[..at], &bytes[at + 1..]);
        *bytes = rest;
        if self.len == 0 {
            // Most lines arrive whole and need no copy.
            return Some(Line::of(line, line.len(), self.most));
        }
        self.hold(line);
        let len = core::mem::take(&mut self.len);
        Some(Line::of(&self.held, len, self.most))
    }

    /// What the stream ended with, where it did not end with a line end.
    pub fn rest(&mut self) -> Option<Line<'_>> {
        let len = core::mem::take(&mut self.len);
        let text = &self.held[..self.held.len().min(self.most)];
        (len > 0).then_some(Line { text, is_cut: len > self.most })
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.len == 0 {
            self.held.clear();
        }
        let room = (self.most + 1).saturating_sub(self.held.len());
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len = self.len.saturating_add(bytes.len());
    }
}

impl<'a> Line<'a> {
    /// A line of `len` bytes that begins with `kept`, of which `most` count.
    fn of(kept: &'a [u8], len: usize, most: usize) -> Self {
        if kept.len() == len
            && let Some(text) = kept.strip_suffix(b"\r")
            && text.len() <= most
        {
            return Self { text, is_cut: false };
        }
        Self { text: &kept[..kept.len().min(most)], is_cut: len > most }
    }
}
