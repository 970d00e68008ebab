//! The writer: one line, one write.

use std::io;

use crate::line::Line;

/// Writes a record, each line with a single `write_all` of the whole line.
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
        serde_json::to_writer(&mut self.buf, line)?;
        self.buf.push(b'\n');
        let written = self.to.write_all(&self.buf);
        self.torn = written.is_err();
        written
    }

    /// The writer beneath.
    pub fn into_inner(self) -> W {
        self.to
    }
}
