//! Bytes: send and receive, to and from the peer.

use std::io;
use std::net::Shutdown;

use rustix::net::{RecvFlags, SendFlags};

use super::handle::{Patience, closed};
use super::wait::Way;
use super::{Flags, Socket};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};

impl Socket {
    /// Sends what fits into the send buffer: how many bytes that were.
    ///
    /// Python: `socket.send`; C: `send(2)`. It waits while the buffer is full.
    /// [`send_all`](Self::send_all) goes on until everything is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BrokenPipe`] or [`ErrorKind::Reset`] if the peer is gone (never a signal),
    /// [`ErrorKind::NotConnected`], [`ErrorKind::MessageTooLong`], [`ErrorKind::TimedOut`],
    /// [`ErrorKind::WouldBlock`]; on a connected datagram socket [`ErrorKind::Refused`] tells that
    /// an earlier datagram found nobody.
    ///
    /// # Examples
    ///
    /// ```
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// assert_eq!(one.send(b"hello")?, 5);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        self.send_with(data, Flags::NONE)
    }

    /// Sends with [flags](Flags): see [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    ///
    /// let (one, two) = Socket::pair()?;
    /// assert_eq!(one.send_with(b"hello", Flags::DONTWAIT)?, 5);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_with(&self, data: &[u8], flags: Flags) -> Result<usize> {
        let mut patience = Patience::new(self, "send", Way::Out).never_if(asks_not_to_wait(flags));
        self.repeat(&mut patience, |fd, at_once| {
            rustix::net::send(fd, data, sending(flags, at_once))
        })
    }

    /// Sends everything, or fails.
    ///
    /// Python: `socket.sendall`. The timeout bounds the whole call. After an error nobody knows
    /// how much the peer has received; the message says how much was sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// one.close()?;
    /// let mut all = Vec::new();
    /// std::io::Read::read_to_end(&mut &two, &mut all).unwrap();
    /// assert_eq!(all, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_all(&self, data: &[u8]) -> Result<()> {
        self.send_all_with(data, Flags::NONE)
    }

    /// Sends everything with [flags](Flags): see [`send_all`](Self::send_all).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    ///
    /// let (one, two) = Socket::pair()?;
    /// one.send_all_with(b"hel", Flags::MORE)?;
    /// one.send_all_with(b"lo", Flags::NONE)?;
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_all_with(&self, data: &[u8], flags: Flags) -> Result<()> {
        let mut patience =
            Patience::starting_now(self, "send_all", Way::Out).never_if(asks_not_to_wait(flags));
        let mut rest = data;
        let told = |error: Error, left: usize| match data.len() - left {
            0 => error,
            sent => error.about(format!("send_all, after {sent} of {} bytes", data.len())),
        };
        loop {
            let step = |fd: std::os::fd::BorrowedFd<'_>, at_once| {
                rustix::net::send(fd, rest, sending(flags, at_once))
            };
            let sent = self.repeat(&mut patience, step).map_err(|error| told(error, rest.len()))?;
            rest = rest.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
            if patience.has_run_out() {
                return Err(told(Error::timed_out("send_all"), rest.len()));
            }
            // A signal that comes while a part is sent is not seen as EINTR.
            self.interrupted().map_err(|error| told(error, rest.len()))?;
        }
    }

    /// Receives at most as much as `buf` holds: how many bytes came; 0 at the end of the stream.
    ///
    /// Python: `socket.recv_into`; C: `recv(2)`. Of a datagram that is longer the rest is lost. An
    /// empty datagram is 0 too. An empty `buf` receives nothing and does not wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Reset`] if the peer threw the connection away, [`ErrorKind::NotConnected`],
    /// [`ErrorKind::TimedOut`], [`ErrorKind::WouldBlock`].
    ///
    /// # Examples
    ///
    /// ```
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// let mut buf = [0; 3];
    /// assert_eq!((two.recv(&mut buf)?, &buf), (3, b"hel"));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> Result<usize> {
        self.recv_with(buf, Flags::NONE)
    }

    /// Receives with [flags](Flags): see [`recv`](Self::recv).
    ///
    /// With [`Flags::TRUNC`] the answer is the true length of a datagram, which may be more than
    /// `buf` holds.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    ///
    /// let (one, two) = Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// let mut buf = [0; 5];
    /// assert_eq!(two.recv_with(&mut buf, Flags::PEEK)?, 5);
    /// assert_eq!(two.recv(&mut buf)?, 5);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_with(&self, buf: &mut [u8], flags: Flags) -> Result<usize> {
        if buf.is_empty() {
            return self.quick("recv", |_| Ok(0));
        }
        let received = self.repeat(&mut self.patience_in("recv", flags), |fd, at_once| {
            rustix::net::recv(fd, &mut *buf, receiving(flags, at_once))
        })?;
        self.unless_closed(received.1)
    }

    /// Receives at most `max` bytes into a new vector; empty at the end of the stream.
    ///
    /// Python: `socket.recv`; C: `recv(2)`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); `ENOMEM` if there is no memory for `max` bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// assert_eq!(two.recv_vec(1024)?, b"hello");
    /// one.close()?;
    /// assert_eq!(two.recv_vec(1024)?, b"");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_vec(&self, max: usize) -> Result<Vec<u8>> {
        self.recv_vec_with(max, Flags::NONE)
    }

    /// Receives into a new vector with [flags](Flags): see [`recv_vec`](Self::recv_vec).
    ///
    /// # Errors
    ///
    /// As [`recv_vec`](Self::recv_vec).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    ///
    /// let (one, two) = Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// assert_eq!(two.recv_vec_with(1024, Flags::PEEK)?, b"hello");
    /// assert_eq!(two.recv_vec(1024)?, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_vec_with(&self, max: usize, flags: Flags) -> Result<Vec<u8>> {
        let mut data = room_for(max, "recv")?;
        let received = self.recv_with(&mut data, flags)?;
        data.truncate(received);
        Ok(data)
    }

    /// Ends one direction of the connection, or both, whoever else shares it.
    ///
    /// Python: `socket.shutdown(how)` with `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`; C: `shutdown(2)`. After
    /// [`Shutdown::Write`] the peer reads to the end, and its reply can
    /// still be received.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotConnected`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Shutdown;
    ///
    /// let (one, two) = sock::socket::Socket::pair()?;
    /// one.shutdown(Shutdown::Write)?;
    /// assert_eq!(two.recv(&mut [0; 10])?, 0);
    /// two.send_all(b"the reply")?;
    /// assert_eq!(one.recv_vec(10)?, b"the reply");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        self.quick("shutdown", |fd| rustix::net::shutdown(fd, how))
    }

    pub(super) fn patience_in(&self, name: &'static str, flags: Flags) -> Patience {
        let way = if flags.contains(Flags::OOB) { Way::Urgent } else { Way::In };
        // A queued error does not make the stream readable, so there is nothing to wait for.
        let never = asks_not_to_wait(flags) || flags.contains(Flags::ERRQUEUE);
        Patience::new(self, name, way).never_if(never)
    }

    /// Nothing received may be the end of the stream, or that another thread closed the socket.
    pub(super) fn unless_closed(&self, received: usize) -> Result<usize> {
        if received == 0 && self.is_closed() { Err(closed()) } else { Ok(received) }
    }
}

impl io::Read for &Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv(buf)?)
    }
}

impl io::Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv(buf)?)
    }
}

impl io::Write for &Socket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.send(data)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Write for Socket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.send(data)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn asks_not_to_wait(flags: Flags) -> bool {
    flags.contains(Flags::DONTWAIT)
}

/// The flags of a send: never a signal, and no sleep in the kernel where we wait ourselves.
pub(super) fn sending(flags: Flags, at_once: bool) -> SendFlags {
    let mut bits = SendFlags::from_bits_retain(flags.bits()) | SendFlags::NOSIGNAL;
    bits.set(SendFlags::DONTWAIT, at_once);
    bits
}

pub(super) fn receiving(flags: Flags, at_once: bool) -> RecvFlags {
    let mut bits = RecvFlags::from_bits_retain(flags.bits());
    bits.set(RecvFlags::DONTWAIT, at_once);
    bits
}

pub(super) fn room_for(max: usize, name: &'static str) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    data.try_reserve_exact(max).map_err(|_| Error::from_errno(name, libc::ENOMEM))?;
    data.resize(max, 0);
    Ok(data)
}
