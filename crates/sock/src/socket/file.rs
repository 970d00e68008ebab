//! A socket as a buffered file: a reader by lines and a writer.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use super::Socket;
use crate::error::{Error, ErrorKind, Result};

/// Python's `io.DEFAULT_BUFFER_SIZE`.
const BUFFER_SIZE: usize = 8192;

impl Socket {
    /// A buffered reader of the stream.
    ///
    /// Python: `socket.makefile("rb")`. It keeps the connection open after the socket is closed,
    /// until it is closed or dropped itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`] once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::BufRead;
    ///
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// one.send_all(b"first\nsecond\n")?;
    /// one.close()?;
    /// let lines: Vec<_> = two.reader()?.lines().map(Result::unwrap).collect();
    /// assert_eq!(lines, ["first", "second"]);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn reader(&self) -> Result<Reader> {
        let source = Source { socket: self.share()?, timed_out: false };
        Ok(Reader(BufReader::with_capacity(BUFFER_SIZE, source)))
    }

    /// A buffered writer of the stream.
    ///
    /// Python: `socket.makefile("wb")`. It keeps the connection open after the socket is closed,
    /// until it is closed or dropped itself. [`Writer::close`] tells whether the last bytes were
    /// sent, which a drop cannot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`] once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// let mut writer = one.writer()?;
    /// writeln!(writer, "hello").unwrap();
    /// writer.close()?;
    /// assert_eq!(two.recv_vec(10)?, b"hello\n");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn writer(&self) -> Result<Writer> {
        Ok(Writer(BufWriter::with_capacity(BUFFER_SIZE, self.share()?)))
    }
}

/// A buffered reader of a [`Socket`], made by [`Socket::reader`].
///
/// After a timeout it gives what is in its buffer and refuses to read more: nobody could say which
/// part of a line was lost.
#[derive(Debug)]
pub struct Reader(BufReader<Source>);

impl Reader {
    pub(super) fn socket(&self) -> &Socket {
        &self.0.get_ref().socket
    }

    /// Closes the reader, and the connection if nothing else keeps it open.
    ///
    /// # Errors
    ///
    /// As [`Socket::close`].
    pub fn close(self) -> Result<()> {
        self.socket().close()
    }
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

/// A buffered writer of a [`Socket`], made by [`Socket::writer`].
#[derive(Debug)]
pub struct Writer(BufWriter<Socket>);

impl Writer {
    /// Sends what is in the buffer and closes the writer, and the connection if nothing else keeps
    /// it open.
    ///
    /// # Errors
    ///
    /// As [`Socket::send`]; the writer is closed all the same.
    pub fn close(mut self) -> Result<()> {
        let flushed = self.0.flush();
        // A drop would try once more to send what could not be sent.
        let (socket, _) = self.0.into_parts();
        socket.close()?;
        Ok(flushed?)
    }
}

impl Write for Writer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The handle behind a [`Reader`].
#[derive(Debug)]
struct Source {
    socket: Socket,
    timed_out: bool,
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.timed_out {
            let text = "cannot read on after a timeout: part of the stream may be lost";
            return Err(Error::new(ErrorKind::Other, text).into());
        }
        let received = self.socket.recv(buf);
        self.timed_out = received.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut);
        Ok(received?)
    }
}
