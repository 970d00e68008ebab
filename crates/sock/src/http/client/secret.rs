//! Secret: TLS on a connection of the client.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::wire::Wire;
use crate::socket::{Flags, Socket};
use crate::{Error, ErrorKind, Result, tls};

/// What is said within TLS.
pub(super) struct Secret(Box<tls::Call>);

impl Secret {
    /// Shakes hands over `wire`, each wait no longer than `limit`.
    ///
    /// # Errors
    ///
    /// The certificate is not trusted, TLS is not spoken, or nothing came.
    pub(super) fn agree(wire: &mut Wire, call: tls::Call, limit: Duration) -> Result<Self> {
        let mut secret = Self(Box::new(call));
        while secret.0.connection.is_handshaking() {
            let all_sent = secret.flush(wire.socket())?;
            if !secret.0.connection.is_handshaking() {
                break;
            }
            match secret.pull(wire.socket())? {
                Some(0) => return Err(gone()),
                Some(_) => continue,
                None => {}
            }
            if !all_sent {
                wire.block();
            }
            if !wire.wait(limit)? {
                let text = format!("TLS: no answer for {limit:?}");
                return Err(Error::new(ErrorKind::TimedOut, text));
            }
        }
        // Our last message may still be here; it goes with the first request, or at once.
        secret.flush(wire.socket())?;
        Ok(secret)
    }

    /// What was agreed, line by line, where somebody wants to know.
    pub(super) fn info(&self, now: Duration) -> Vec<String> {
        self.0.info(now)
    }

    /// Receives what is there; the end only where the peer said that it is one.
    pub(super) fn receive(&mut self, socket: &Socket, buf: &mut [u8]) -> Result<Option<usize>> {
        loop {
            match self.0.connection.reader().read(buf) {
                Ok(n) => return Ok(Some(n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(cut()),
                Err(error) => return Err(error.into()),
            }
            if self.pull(socket)?.is_none() {
                return Ok(None);
            }
        }
    }

    /// Takes what there is room for, and sends what the kernel takes.
    pub(super) fn send(&mut self, socket: &Socket, bytes: &[u8]) -> Result<Option<usize>> {
        self.flush(socket)?;
        let taken = self.0.connection.writer().write(bytes)?;
        self.flush(socket)?;
        Ok((taken > 0 || bytes.is_empty()).then_some(taken))
    }

    /// Sends what is held; whether that was all.
    pub(super) fn flush(&mut self, socket: &Socket) -> Result<bool> {
        while self.0.connection.wants_write() {
            match self.0.connection.write_tls(&mut AtOnce(socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Says that nothing more will be said, if the kernel takes that at once.
    pub(super) fn finish(&mut self, socket: &Socket) {
        self.0.connection.send_close_notify();
        // Nobody is left to be told of a failure: the connection is over.
        let _ = self.flush(socket);
    }

    /// Takes in what has arrived.
    fn pull(&mut self, socket: &Socket) -> Result<Option<usize>> {
        let n = match self.0.connection.read_tls(&mut AtOnce(socket)) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if let Err(error) = self.0.connection.process_new_packets() {
            // The peer should hear why; it may have gone.
            let _ = self.flush(socket);
            return Err(self.0.explain(&error));
        }
        Ok(Some(n))
    }
}

fn gone() -> Error {
    let text = "TLS: the server closed the connection before both had agreed";
    Error::new(ErrorKind::Tls, text)
}

fn cut() -> Error {
    let text =
        "the connection ended without TLS's own end (close_notify): somebody may have cut it";
    Error::new(ErrorKind::CutShort, text)
}

/// A socket whose calls never wait.
struct AtOnce<'a>(&'a Socket);

impl Read for AtOnce<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.recv_with(buf, Flags::DONTWAIT)?)
    }
}

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.0.send_with(bytes, Flags::DONTWAIT)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
