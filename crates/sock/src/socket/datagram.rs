//! Datagrams: to an address, and from whoever sent one.

use super::data::{asks_not_to_wait, receiving, room_for, sending};
use super::handle::Patience;
use super::wait::Way;
use super::{Address, Flags, Socket, ToAddress, Wanted};
use crate::error::{Error, ErrorKind, Result};

impl Socket {
    /// Receives a datagram and who sent it.
    ///
    /// Python: `socket.recvfrom_into`; C: `recvfrom(2)`. The rest of a datagram that is longer than
    /// `buf` is lost; [`recv_msg`](Self::recv_msg) says so. On a stream nobody is named: the
    /// address is of family 0.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let (one, two) = (Socket::udp()?, Socket::udp()?);
    /// one.bind(("127.0.0.1", 0))?;
    /// two.bind(("127.0.0.1", 0))?;
    /// one.send_to(b"hello", two.local_addr()?)?;
    /// let mut buf = [0; 10];
    /// let (length, sender) = two.recv_from(&mut buf)?;
    /// assert_eq!((&buf[..length], sender), (&b"hello"[..], one.local_addr()?));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> Result<(usize, Address)> {
        self.recv_from_with(buf, Flags::NONE)
    }

    /// Receives a datagram with [flags](Flags): see [`recv_from`](Self::recv_from).
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
    /// let (one, two) = (Socket::udp()?, Socket::udp()?);
    /// one.bind(("127.0.0.1", 0))?;
    /// two.bind(("127.0.0.1", 0))?;
    /// one.send_to(b"hello", two.local_addr()?)?;
    /// let (length, _) = two.recv_from_with(&mut [0; 2], Flags::TRUNC)?;
    /// assert_eq!(length, 5);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_from_with(&self, buf: &mut [u8], flags: Flags) -> Result<(usize, Address)> {
        let (_, length, sender) = self
            .repeat(&mut self.patience_in("recv_from", flags), |fd, at_once| {
                rustix::net::recvfrom(fd, &mut *buf, receiving(flags, at_once))
            })?;
        let sender = sender.as_ref().map_or_else(Address::none, Address::from_kernel);
        Ok((self.unless_closed(length)?, sender))
    }

    /// Receives a datagram of at most `max` bytes into a new vector, and who sent it.
    ///
    /// Python: `socket.recvfrom`; C: `recvfrom(2)`.
    ///
    /// # Errors
    ///
    /// As [`recv_vec`](Self::recv_vec).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let (one, two) = (Socket::udp()?, Socket::udp()?);
    /// one.bind(("127.0.0.1", 0))?;
    /// two.bind(("127.0.0.1", 0))?;
    /// one.send_to(b"hello", two.local_addr()?)?;
    /// assert_eq!(two.recv_vec_from(2048)?, (b"hello".to_vec(), one.local_addr()?));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_vec_from(&self, max: usize) -> Result<(Vec<u8>, Address)> {
        let mut data = room_for(max, "recv_from")?;
        let (received, sender) = self.recv_from(&mut data)?;
        data.truncate(received);
        Ok((data, sender))
    }

    /// Sends one datagram to an address.
    ///
    /// Python: `socket.sendto`; C: `sendto(2)`. Of several addresses behind a name the first is
    /// used.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and resolver errors;
    /// [`ErrorKind::MessageTooLong`] over 65,507 bytes of UDP.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let (one, two) = (Socket::udp()?, Socket::udp()?);
    /// one.bind(("127.0.0.1", 0))?;
    /// two.bind(("127.0.0.1", 0))?;
    /// let port = two.local_addr()?.port().unwrap();
    /// assert_eq!(one.send_to(b"hello", ("localhost", port))?, 5);
    /// assert_eq!(two.recv_vec(2048)?, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_to(&self, data: &[u8], to: impl ToAddress) -> Result<usize> {
        self.send_to_with(data, Flags::NONE, to)
    }

    /// Sends one datagram with [flags](Flags): see [`send_to`](Self::send_to).
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    ///
    /// let (one, two) = (Socket::udp()?, Socket::udp()?);
    /// one.bind(("127.0.0.1", 0))?;
    /// two.bind(("127.0.0.1", 0))?;
    /// one.send_to_with(b"hello", Flags::DONTWAIT, two.local_addr()?)?;
    /// assert_eq!(two.recv_vec(2048)?, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_to_with(&self, data: &[u8], flags: Flags, to: impl ToAddress) -> Result<usize> {
        let address = self.first_address(&to)?.to_kernel()?;
        let mut patience =
            Patience::new(self, "send_to", Way::Out).never_if(asks_not_to_wait(flags));
        self.repeat(&mut patience, |fd, at_once| {
            rustix::net::sendto(fd, data, sending(flags, at_once), &address)
        })
        .map_err(|error| {
            // The errors of an ordinary moment stay without text, which costs memory.
            let ordinary = [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind());
            if ordinary { error } else { error.about(format!("cannot send to {}", to.describe())) }
        })
    }

    /// The first address that `name` gives for this socket.
    pub(super) fn first_address(&self, name: &impl ToAddress) -> Result<Address> {
        let wanted = Wanted::new(self.family(), self.kind());
        let mut all = name.to_addresses(wanted)?.into_iter();
        all.next().ok_or_else(|| {
            let text = format!("cannot resolve '{}'", name.describe());
            Error::from_resolver_code(libc::EAI_NONAME, text)
        })
    }
}
