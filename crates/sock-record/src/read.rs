//! The reader: lines as they come, and what is wrong with one that is none.

use std::io;

use crate::line::Line;

/// Why a line of a record could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The reader beneath failed; nothing more comes.
    #[error("cannot read line {line} of the record: {source}")]
    Io {
        /// The number of the line, from 1.
        line: u64,
        /// What the reader said.
        source: io::Error,
    },
    /// The last line has no end: the writer was stopped while it wrote. All lines before it are whole. Another record may
    /// follow, where one was put behind the other.
    #[error(
        "line {line} of the record is cut: its writer was stopped; the lines before it are whole"
    )]
    Cut {
        /// The number of the line, from 1.
        line: u64,
    },
    /// The line is none of a record. The lines after it can still be read.
    #[error("line {line} of the record cannot be understood: {source}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it; its column counts from 1.
        source: serde_json::Error,
    },
}

/// Reads a record line by line; an iterator. Blank lines are skipped.
///
/// Several records may follow each other. Where one was cut, the next begins in the middle of a line, and is found there.
///
/// # Examples
///
/// ```
/// use sock_record::{ReadError, Reader};
///
/// let file = "{\"type\":\"end\",\"t\":5,\"exit\":[],\"dropped\":0}\n{\"type\":\"en";
/// let mut reader = Reader::new(file.as_bytes());
/// assert!(matches!(reader.next(), Some(Ok(_))));
/// assert!(matches!(reader.next(), Some(Err(ReadError::Cut { line: 2 }))));
/// assert!(reader.next().is_none());
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    buf: Vec<u8>,
    line: u64,
    ended: bool,
    /// What `buf` holds is the line that the next record began with.
    is_begun: bool,
}

/// How every record begins, as [`Writer`](crate::Writer) writes it.
const BEGIN: &[u8] = br#"{"type":"meta""#;

impl<R: io::BufRead> Reader<R> {
    /// A reader of the record that `from` holds.
    pub fn new(from: R) -> Self {
        Self { from, buf: Vec::new(), line: 0, ended: false, is_begun: false }
    }
}

impl<R: io::BufRead> Iterator for Reader<R> {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if std::mem::take(&mut self.is_begun) {
                let line = self.line;
                return Some(
                    Line::from_json(&self.buf).map_err(|source| ReadError::Line { line, source }),
                );
            }
            self.buf.clear();
            self.line += 1;
            let line = self.line;
            match self.from.read_until(b'\n', &mut self.buf) {
                Ok(0) => self.ended = true,
                Ok(_) if self.buf.trim_ascii().is_empty() => {}
                Ok(_) => {
                    // A cut may fall inside a character, so the parser's own "end of input" is not asked.
                    let cut =
                        self.buf.trim_ascii_start().starts_with(b"{") && !self.buf.ends_with(b"\n");
                    let read = Line::from_json(&self.buf);
                    if read.is_err()
                        && let Some(at) = another(&self.buf)
                    {
                        self.buf.drain(..at);
                        self.is_begun = true;
                        return Some(Err(ReadError::Cut { line }));
                    }
                    return Some(read.map_err(|source| {
                        if cut { ReadError::Cut { line } } else { ReadError::Line { line, source } }
                    }));
                }
                Err(source) => {
                    self.ended = true;
                    return Some(Err(ReadError::Io { line, source }));
                }
            }
        }
        None
    }
}

/// Where in a line that is torn another record begins.
fn another(line: &[u8]) -> Option<usize> {
    let at = line.windows(BEGIN.len()).rposition(|bytes| bytes == BEGIN)?;
    (at > 0 && Line::from_json(&line[at..]).is_ok()).then_some(at)
}
