//! A file over a stream, from the kernel's cache straight to the socket.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use rustix::io::Errno;

use super::handle::Patience;
use super::wait::Way;
use super::{Kind, Socket};
use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// What one system call sends at most: Linux's own bound is just below 2 GiB (sendfile(2)).
const LARGEST_STEP: u64 = 0x7fff_f000;

/// What is read at once where the kernel cannot send a file by itself; as Python.
const PIECE: u64 = 8192;

impl Socket {
    /// Sends a file from `offset` on, `count` bytes of it or all: how many were sent.
    ///
    /// Python: `socket.sendfile`; C: `sendfile(2)`. The file's position is behind the last byte sent
    /// afterwards, also after an error. What is no regular file is read and sent by pieces. The
    /// timeout bounds the whole call.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`ErrorKind::InvalidArgument`] if the socket is no stream or does not
    /// wait (a timeout of zero), or for a count of zero; reading may fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Seek, Write};
    ///
    /// let mut file = tempfile::tempfile().unwrap();
    /// file.write_all(b"one page of a book").unwrap();
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// assert_eq!(one.sendfile(&file, 4, Some(4))?, 4);
    /// assert_eq!(two.recv_vec(20)?, b"page");
    /// assert_eq!(file.stream_position().unwrap(), 8);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn sendfile(&self, file: &File, offset: u64, count: Option<u64>) -> Result<u64> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::InvalidArgument, why));
        if self.kind() != Kind::Stream {
            return refuse("sendfile needs a stream socket");
        }
        if self.current_timeout() == Some(Duration::ZERO) {
            return refuse("sendfile needs a socket that waits; its timeout is zero");
        }
        if count == Some(0) {
            return refuse("sendfile of no bytes; leave the count out to send all");
        }
        let mut sending = Sending { file, at: offset, left: count.unwrap_or(u64::MAX) };
        let by_kernel = file.metadata()?.is_file();
        let sent = if by_kernel { self.send_by_kernel(&mut sending) } else { Ok(false) };
        let sent = match sent {
            Ok(true) => Ok(()),
            Ok(false) => self.send_by_pieces(&mut sending, offset),
            Err(error) => Err(error),
        };
        let total = sending.at - offset;
        if total > 0 && by_kernel {
            (&*file).seek(SeekFrom::Start(sending.at))?;
        }
        sent.map(|()| total)
    }

    /// Whether the kernel could do it: some file systems cannot.
    fn send_by_kernel(&self, sending: &mut Sending<'_>) -> Result<bool> {
        let mut patience = Patience::starting_now(self, "sendfile", Way::Out);
        let start = sending.at;
        while sending.left > 0 {
            let step = usize::try_from(sending.left.min(LARGEST_STEP)).unwrap_or(usize::MAX);
            let (file, at) = (sending.file, sending.at);
            let sent = self.repeat(&mut patience, |fd, _| {
                let mut at = at;
                match sys::without_sigpipe(|| rustix::fs::sendfile(fd, file, Some(&mut at), step)) {
                    Err(Errno::INVAL | Errno::NOSYS) => Ok(None),
                    other => other.map(Some),
                }
            })?;
            match sent {
                None if sending.at == start => return Ok(false),
                None => return Err(Error::from_errno("sendfile", libc::EINVAL)),
                Some(0) => return Ok(true),
                Some(sent) => sending.advance(sent as u64),
            }
            self.check_time(&patience, sending)?;
        }
        Ok(true)
    }

    fn send_by_pieces(&self, sending: &mut Sending<'_>, offset: u64) -> Result<()> {
        let mut patience = Patience::starting_now(self, "sendfile", Way::Out);
        if offset > 0 {
            (&*sending.file).seek(SeekFrom::Start(offset))?;
        }
        let mut piece = Vec::new();
        while sending.left > 0 {
            piece.clear();
            let read = sending.file.take(sending.left.min(PIECE)).read_to_end(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            self.send_piece(&piece, sending, &mut patience)?;
            self.check_time(&patience, sending)?;
        }
        Ok(())
    }

    fn send_piece(
        &self,
        piece: &[u8],
        sending: &mut Sending<'_>,
        patience: &mut Patience,
    ) -> Result<()> {
        let mut rest = piece;
        while !rest.is_empty() {
            let sent = self.repeat(patience, |fd, at_once| {
                rustix::net::send(fd, rest, super::data::sending(super::Flags::NONE, at_once))
            })?;
            sending.advance(sent as u64);
            rest = rest.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    fn check_time(&self, patience: &Patience, sending: &Sending<'_>) -> Result<()> {
        if sending.left > 0 && patience.has_run_out() {
            return Err(Error::timed_out("sendfile"));
        }
        self.interrupted()
    }
}

/// How far a file has been sent.
#[derive(Debug)]
struct Sending<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Sending<'_> {
    fn advance(&mut self, sent: u64) {
        self.at += sent;
        self.left = self.left.saturating_sub(sent);
    }
}
