//! Secret: TLS on a connection of the client.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::place::Place;
use super::wire::Wire;
use crate::socket::{Flags, Socket};
use crate::{Error, ErrorKind, Result, tls};

/// So many pieces behind the end are looked at: what a server says there is short.
const MOST_PIECES: usize = 16;

/// What is said within TLS.
pub(super) struct Secret {
    call: Box<tls::Call>,
    /// Why nothing more can be opened, until all that was opened before is read.
    broken: Option<Error>,
}

impl Secret {
    /// Shakes hands over `wire` with the server of `place`, each wait no longer than `limit`.
    ///
    /// # Errors
    ///
    /// The certificate is not trusted, TLS is not spoken, or nothing came.
    pub(super) fn agree(
        wire: &mut Wire,
        call: tls::Call,
        place: &Place,
        limit: Duration,
    ) -> Result<Self> {
        let mut secret = Self { call: Box::new(call), broken: None };
        while secret.call.connection.is_handshaking() {
            let all_sent = match secret.flush(wire.socket()) {
                Ok(all_sent) => all_sent,
                Err(error) => return Err(secret.last_word(wire.socket(), place).unwrap_or(error)),
            };
            if !secret.call.connection.is_handshaking() {
                break;
            }
            match secret.pull(wire.socket(), Some(place))? {
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
        match secret.flush(wire.socket()) {
            Ok(_) => Ok(secret),
            Err(error) => Err(secret.last_word(wire.socket(), place).unwrap_or(error)),
        }
    }

    /// Why the server has gone, if it said so before it did: a write that fails knows less than the alert
    /// that waits to be read.
    fn last_word(&mut self, socket: &Socket, place: &Place) -> Option<Error> {
        loop {
            match self.pull(socket, Some(place)) {
                Err(error) => return Some(error).filter(|error| error.kind() == ErrorKind::Tls),
                Ok(Some(1..)) if self.broken.is_none() => {}
                Ok(_) => return self.broken.take(),
            }
        }
    }

    /// What was agreed, line by line, where somebody wants to know.
    pub(super) fn info(&self, now: Duration) -> Vec<String> {
        self.call.info(now)
    }

    /// Receives what is there; the end only where the peer said that it is one.
    pub(super) fn receive(&mut self, socket: &Socket, buf: &mut [u8]) -> Result<Option<usize>> {
        loop {
            match self.call.connection.reader().read(buf) {
                Ok(n) => return Ok(Some(n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(cut()),
                Err(error) => return Err(error.into()),
            }
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            if self.pull(socket, None)?.is_none() {
                return Ok(None);
            }
        }
    }

    /// Takes what there is room for, and sends what the kernel takes.
    pub(super) fn send(&mut self, socket: &Socket, bytes: &[u8]) -> Result<Option<usize>> {
        self.flush(socket)?;
        let taken = self.call.connection.writer().write(bytes)?;
        self.flush(socket)?;
        Ok((taken > 0 || bytes.is_empty()).then_some(taken))
    }

    /// Sends what is held; whether that was all.
    pub(super) fn flush(&mut self, socket: &Socket) -> Result<bool> {
        while self.call.connection.wants_write() {
            match self.call.connection.write_tls(&mut AtOnce(socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Says that nothing more will be said, if the kernel takes that at once.
    pub(super) fn finish(&mut self, socket: &Socket) {
        self.call.connection.send_close_notify();
        // Nobody is left to be told of a failure: the connection is over.
        let _ = self.flush(socket);
    }

    /// Takes in what has arrived behind the last byte that anybody wanted, without waiting: tickets, the peer's
    /// good-bye. Left in the kernel, it would make a reset of our end (RFC 9293, section 3.10.4). True: the peer
    /// has ended.
    pub(super) fn settle(&mut self, socket: &Socket) -> bool {
        for _ in 0..MOST_PIECES {
            match self.call.connection.reader().read(&mut [0]) {
                Ok(0) => return true,
                // More of a body, which was given up.
                Ok(_) => return false,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return error.kind() == io::ErrorKind::UnexpectedEof,
            }
            if self.broken.is_some() || !matches!(self.pull(socket, None), Ok(Some(_))) {
                return false;
            }
        }
        false
    }

    /// Takes in what has arrived; `place` is who was called, as long as nothing is agreed.
    fn pull(&mut self, socket: &Socket, place: Option<&Place>) -> Result<Option<usize>> {
        let n = match self.call.connection.read_tls(&mut AtOnce(socket)) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if let Err(error) = self.call.connection.process_new_packets() {
            // The peer should hear why; it may have gone.
            let _ = self.flush(socket);
            let said = match place {
                Some(place) if self.call.is_foreign(&error) => not_spoken(place),
                _ => self.call.explain(&error),
            };
            if self.call.connection.is_handshaking() {
                return Err(said);
            }
            // What was opened before it is good.
            self.broken = Some(said);
        }
        Ok(Some(n))
    }
}

fn not_spoken(place: &Place) -> Error {
    let error = Error::new(ErrorKind::Tls, "the server does not speak TLS");
    error.cure(format!("without it: {}", place.to_string().replacen("https:", "http:", 1)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;
    use crate::tls::ClientTls;

    #[test]
    fn an_alert_that_waits_says_more_than_the_write_that_failed() {
        let (ours, theirs) = Socket::pair().unwrap();
        // certificate_required, and then nobody is there to be written to.
        theirs.send_all(&[0x15, 3, 3, 0, 2, 2, 116]).unwrap();
        drop(theirs);
        let mut wire = Wire::open(ours, true, &Run::new(), 1);
        let place = Place::new("https://localhost/").unwrap();
        let call = ClientTls::new().insecure().load().unwrap().call("localhost", &[]).unwrap();
        let agreed = Secret::agree(&mut wire, call, &place, Duration::from_secs(10));
        let error = agreed.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert!(error.to_string().contains("demands a certificate of us"), "{error}");
    }

    #[test]
    fn a_write_that_fails_without_a_word_is_told_as_it_is() {
        let (ours, theirs) = Socket::pair().unwrap();
        drop(theirs);
        let mut wire = Wire::open(ours, true, &Run::new(), 1);
        let place = Place::new("https://localhost/").unwrap();
        let call = ClientTls::new().insecure().load().unwrap().call("localhost", &[]).unwrap();
        let error = Secret::agree(&mut wire, call, &place, Duration::from_secs(10)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
    }
}
