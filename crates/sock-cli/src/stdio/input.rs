//! From standard input to the pair: read, translate, pass on.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::event::PollFlags;
use rustix::io::{Errno, read, write};

use super::output::wait_for;
use crate::escape;

/// How what is typed becomes what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Typed {
    /// Each line ends with CR LF.
    pub(crate) crlf: bool,
    /// Escapes stand for bytes.
    pub(crate) escape: bool,
}

/// Translates input that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Translate {
    how: Typed,
    /// The last byte was a CR, so that the LF after it needs none.
    after_cr: bool,
    /// A line that is not yet whole, where escapes are to be read.
    line: Vec<u8>,
}

impl Translate {
    pub(super) fn new(how: Typed) -> Self {
        Self { how, ..Self::default() }
    }

    /// Appends to `into` what the piece means.
    pub(super) fn piece(&mut self, piece: &[u8], into: &mut Vec<u8>) -> Result<(), escape::Wrong> {
        if !self.how.escape {
            self.end_lines(piece, into);
            return Ok(());
        }
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end(into)?;
            }
        }
        Ok(())
    }

    /// Appends what is left at the end of the input.
    pub(super) fn end(&mut self, into: &mut Vec<u8>) -> Result<(), escape::Wrong> {
        let line = std::mem::take(&mut self.line);
        // The line's own end is typed, an escaped one is meant: only the first may become CR LF.
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) if continues(text) => (&line[..], &b""[..]),
            Some(text) => (text, &b"\n"[..]),
            None => (&line[..], &b""[..]),
        };
        let bytes = escape::decode(text)?;
        self.after_cr = bytes.last() == Some(&b'\r');
        into.extend_from_slice(&bytes);
        self.end_lines(end, into);
        Ok(())
    }

    fn end_lines(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        if !self.how.crlf {
            return into.extend_from_slice(piece);
        }
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            into.extend_from_slice(part);
            let has_cr = match part {
                [.., before, b'\n'] => *before == b'\r',
                _ => self.after_cr,
            };
            if part.ends_with(b"\n") && !has_cr {
                into.truncate(into.len() - 1);
                into.extend_from_slice(b"\r\n");
            }
            self.after_cr = part.ends_with(b"\r");
        }
    }
}

/// Whether a line ends with a backslash that takes the line end away.
fn continues(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Passes standard input on until it ends, or nobody takes it.
pub(super) fn pump(how: Typed, pair: &OwnedFd) -> Result<()> {
    let mut translate = Translate::new(how);
    let mut buf = vec![0; super::output::PIECE];
    let mut bytes = Vec::new();
    loop {
        let n = match read(rustix::stdio::stdin(), &mut buf[..]) {
            Ok(0) => break,
            Ok(n) => n,
            Err(Errno::INTR) => continue,
            // Whoever shares the descriptor with us may have made it non-blocking.
            Err(Errno::AGAIN) => {
                wait_for(rustix::stdio::stdin(), PollFlags::IN)?;
                continue;
            }
            Err(error) => {
                return Err(std::io::Error::from(error)).context("cannot read from stdin");
            }
        };
        bytes.clear();
        let translated = translate.piece(&buf[..n], &mut bytes);
        if !pass_on(&bytes, pair) {
            return Ok(());
        }
        translated.map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    }
    bytes.clear();
    translate.end(&mut bytes).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    pass_on(&bytes, pair);
    Ok(())
}

/// Writes to the pair; false once the engine has let go of its end.
pub(super) fn pass_on(mut bytes: &[u8], pair: &OwnedFd) -> bool {
    while !bytes.is_empty() {
        match write(pair.as_fd(), bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(how: Typed, pieces: &[&[u8]]) -> Vec<u8> {
        let mut translate = Translate::new(how);
        let mut bytes = Vec::new();
        for piece in pieces {
            translate.piece(piece, &mut bytes).unwrap();
        }
        translate.end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn line_ends_become_cr_lf_once_wherever_the_input_is_cut() {
        let how = Typed { crlf: true, escape: false };
        let input = b"a\nb\r\n\nc";
        for cut in 0..=input.len() {
            let (a, b) = input.split_at(cut);
            assert_eq!(translated(how, &[a, b]), b"a\r\nb\r\n\r\nc", "cut at {cut}");
        }
    }

    #[test]
    fn escapes_are_read_wherever_the_input_is_cut() {
        let how = Typed { crlf: false, escape: true };
        let input = b"a\\x00b\\r\\n\nno end\\\nlast\\t";
        for cut in 0..=input.len() {
            let (a, b) = input.split_at(cut);
            assert_eq!(translated(how, &[a, b]), b"a\0b\r\n\nno endlast\t", "cut at {cut}");
        }
    }

    #[test]
    fn a_typed_end_becomes_cr_lf_and_an_escaped_one_does_not() {
        let how = Typed { crlf: true, escape: true };
        assert_eq!(
            translated(how, &[b"a\\nb\n", b"c\\r\n", b"\n", b"d\\\\\n"]),
            b"a\nb\r\nc\r\n\r\nd\\\r\n"
        );
    }
}
