//! The reader: lines as they come, and what is wrong with one that is none.

use std::io::{self, BufRead, Read};

use crate::lately::Lately;
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
    /// The line has no end within what a line may have; nothing more is read.
    #[error("line {line} of the record has no end within {}: the rest is not read", size(*.most))]
    Long {
        /// The number of the line, from 1.
        line: u64,
        /// How many bytes a line like this may have.
        most: u64,
    },
}

/// How long a line of a record may be, in bytes: what was moved and is kept whole may be many megabytes, and takes a third
/// more in base64.
pub const LONGEST: u64 = 1 << 28;

/// What does not begin as a line of a record does is only read to be told of.
const MOST_OF_OTHERS: u64 = 1 << 16;

fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
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
    lately: Lately,
}

/// How every record begins, as [`Writer`](crate::Writer) writes it.
const BEGIN: &[u8] = br#"{"type":"meta""#;

impl<R: BufRead> Reader<R> {
    /// A reader of the record that `from` holds.
    pub fn new(from: R) -> Self {
        Self {
            from,
            buf: Vec::new(),
            line: 0,
            ended: false,
            is_begun: false,
            lately: Lately::new(),
        }
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads a line into `buf`; how long it may be, where it is longer.
    fn fill(&mut self) -> io::Result<Result<(), u64>> {
        self.buf.clear();
        let mut most = MOST_OF_OTHERS;
        loop {
            let room = most - self.buf.len() as u64;
            let n = self.from.by_ref().take(room).read_until(b'\n', &mut self.buf)?;
            if (n as u64) < room || self.buf.ends_with(b"\n") {
                return Ok(Ok(()));
            }
            if most == LONGEST || !self.buf.trim_ascii_start().starts_with(b"{") {
                return Ok(Err(most));
            }
            most = LONGEST;
        }
    }

    fn line(&mut self) -> Result<Line, serde_json::Error> {
        let mut line = Line::from_json(&self.buf)?;
        if let Line::Call(call) = &mut line
            && let Some(data) = &mut call.data
        {
            self.lately.share(data);
        }
        Ok(line)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if std::mem::take(&mut self.is_begun) {
                let line = self.line;
                return Some(self.line().map_err(|source| ReadError::Line { line, source }));
            }
            self.line += 1;
            let line = self.line;
            match self.fill() {
                Ok(Err(most)) => {
                    self.ended = true;
                    return Some(Err(ReadError::Long { line, most }));
                }
                Ok(Ok(())) if self.buf.is_empty() => self.ended = true,
                Ok(Ok(())) if self.buf.trim_ascii().is_empty() => {}
                Ok(Ok(())) => {
                    // A cut may fall inside a character, so the parser's own "end of input" is not asked.
                    let cut =
                        self.buf.trim_ascii_start().starts_with(b"{") && !self.buf.ends_with(b"\n");
                    let read = self.line();
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
