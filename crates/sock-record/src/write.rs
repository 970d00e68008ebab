//! The writer: one line, one write.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::line::Line;

/// Writes a record, each line with a single `write_all` of the whole line.
///
/// What a terminal obeys, or what would turn the order of what it shows, is escaped (`\u009b`): names, command lines and
/// addresses come from programs, and people look at records with `cat`.
///
/// Several writers, even in several processes, may share a file that each has opened in append mode: the kernel
/// serialises appends, so lines never mix. For the same reason the writer keeps nothing back and has nothing to flush.
///
/// # Examples
///
/// ```
/// use sock_record::{Line, Meta, Writer};
///
/// let mut record = Vec::new();
/// Writer::new(&mut record).write(&Line::from(Meta::new("serve")))?;
/// assert!(record.starts_with(br#"{"type":"meta","schema":"sock-record/1","source":"serve","#));
/// assert!(record.ends_with(b"}\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    buf: Vec<u8>,
    torn: bool,
}

impl<W: io::Write> Writer<W> {
    /// A writer to `to`, which should not buffer, lest lines be cut where its buffer ends.
    pub fn new(to: W) -> Self {
        Self { to, buf: Vec::new(), torn: false }
    }

    /// Writes one line.
    ///
    /// After an error part of the line may have been written; the next line then starts on a line of its own, so that
    /// only the torn one is lost.
    ///
    /// # Errors
    ///
    /// The writer beneath failed.
    pub fn write(&mut self, line: &Line) -> io::Result<()> {
        self.buf.clear();
        if self.torn {
            self.buf.push(b'\n');
        }
        line.serialize(&mut Serializer::with_formatter(&mut self.buf, Harmless))?;
        self.buf.push(b'\n');
        let written = self.to.write_all(&self.buf);
        self.torn = written.is_err();
        written
    }

    /// What it writes to: whoever gave it a buffer empties that from time to time, between two lines.
    pub fn sink(&mut self) -> &mut W {
        &mut self.to
    }

    /// The writer beneath.
    pub fn into_inner(self) -> W {
        self.to
    }
}

/// Escapes what JSON would let pass and a terminal would not.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_harmful) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            // All of them are in the first plane, where one escape is one character.
            if let Some(harmful) = chars.next() {
                write!(writer, "\\u{:04x}", u32::from(harmful))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Controls (those below the blank are escaped by JSON itself), ends of lines that are none of JSON's, and what changes
/// the direction of text: UAX #9, `Bidi_Control`.
fn is_harmful(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
