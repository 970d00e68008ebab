//! A socket's life apart from its data: made, asked who it is, duplicated, given away, closed.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

use rustix::io::FdFlags;

use super::handle::closed;
use super::{Address, Builder, Family, Kind, Socket};
use crate::error::{Error, Result};

impl Socket {
    /// Opens a socket of a family and kind.
    ///
    /// Python: `socket.socket(family, type)`; C: `socket(2)`. [`Socket::tcp`] is Python's default.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Kind, Socket};
    ///
    /// let socket = Socket::new(Family::Inet6, Kind::Datagram)?;
    /// assert_eq!(socket.protocol(), 0);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn new(family: Family, kind: Kind) -> Result<Self> {
        Builder::new().family(family).kind(kind).open()
    }

    /// Opens a socket of a family, kind and protocol.
    ///
    /// Python: `socket.socket(family, type, proto)`; C: `socket(2)`.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Kind, Socket};
    ///
    /// let tcp = Socket::with_protocol(Family::Inet, Kind::Stream, 6)?;
    /// assert_eq!(tcp.protocol(), 6);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn with_protocol(family: Family, kind: Kind, protocol: i32) -> Result<Self> {
        Builder::new().family(family).kind(kind).protocol(protocol).open()
    }

    /// Opens an inet stream socket: the default of Python's `socket.socket()`.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Kind, Socket};
    ///
    /// let socket = Socket::tcp()?;
    /// assert_eq!((socket.family(), socket.kind(), socket.protocol()), (Family::Inet, Kind::Stream, 0));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn tcp() -> Result<Self> {
        Self::new(Family::Inet, Kind::Stream)
    }

    /// Opens an inet datagram socket: `socket.socket(AF_INET, SOCK_DGRAM)`.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Kind, Socket};
    ///
    /// assert_eq!(Socket::udp()?.kind(), Kind::Datagram);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn udp() -> Result<Self> {
        Self::new(Family::Inet, Kind::Datagram)
    }

    /// Opens a unix stream socket: `socket.socket(AF_UNIX)`.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Socket};
    ///
    /// assert_eq!(Socket::unix()?.family(), Family::Unix);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn unix() -> Result<Self> {
        Self::new(Family::Unix, Kind::Stream)
    }

    /// Opens two unix stream sockets that are connected to each other.
    ///
    /// Python: `socket.socketpair()`; C: `socketpair(2)`. [`Builder::pair`] makes other kinds.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let (one, two) = Socket::pair()?;
    /// one.send_all(b"hello")?;
    /// assert_eq!(two.recv_vec(10)?, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn pair() -> Result<(Self, Self)> {
        Builder::new().pair()
    }

    /// Takes a descriptor over, and asks the kernel for its family, kind and protocol.
    ///
    /// Python: `socket.socket(fileno=fd)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSocket`](crate::ErrorKind::NotSocket) for anything but a socket, which is
    /// closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Kind, Socket};
    ///
    /// let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(Socket::from_fd(std.into())?.kind(), Kind::Datagram);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        Builder::new().from_fd(fd)
    }

    /// The family (Python: `socket.family`).
    #[must_use]
    pub fn family(&self) -> Family {
        self.shared.family
    }

    /// The kind, never with flags in it (Python: `socket.type`).
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.shared.kind
    }

    /// The protocol that the socket was opened with (Python: `socket.proto`).
    #[must_use]
    pub fn protocol(&self) -> i32 {
        self.shared.protocol
    }

    /// Gives the descriptor away and leaves the socket closed (Python: `socket.detach()`).
    ///
    /// If another thread is in a call on this socket, the answer is a duplicate with another
    /// number, and the call ends on its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let socket = Socket::tcp()?;
    /// let std = std::net::TcpListener::from(socket.detach()?);
    /// assert_eq!(socket.fileno(), -1);
    /// # drop(std); Ok::<(), sock::Error>(())
    /// ```
    pub fn detach(&self) -> Result<OwnedFd> {
        if self.closed.swap(true, Ordering::SeqCst) {
            return Err(closed());
        }
        self.shared.descriptor.detach().map_err(|error| {
            // Nothing was given away: it is closed as any other, now or when it is dropped.
            self.closed.store(false, Ordering::SeqCst);
            error.into()
        })
    }

    /// A second socket on the same connection, with the same timeout.
    ///
    /// Python: `socket.dup()`; C: `dup(2)`. The connection ends with the last of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfDescriptors`](crate::ErrorKind::OutOfDescriptors).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    ///
    /// let (one, two) = Socket::pair()?;
    /// let again = one.dup()?;
    /// one.close()?;
    /// again.send_all(b"still here")?;
    /// assert_eq!(two.recv_vec(10)?, b"still here");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn dup(&self) -> Result<Self> {
        let fd = self.quick("dup", |fd| rustix::io::fcntl_dupfd_cloexec(fd, 0))?;
        let parts = (self.shared.family, self.shared.kind, self.shared.protocol);
        let timeout = self.current_timeout();
        let twin = Self::from_parts(fd, parts, timeout, self.shared.default_timeout);
        twin.take_interrupt_from(self);
        Ok(twin)
    }

    /// Closes the socket; the second time is fine. See [closing](Socket#closing).
    ///
    /// Python: `socket.close()`; C: `close(2)`. What is in the send buffer is still sent, then the
    /// peer sees the end. Buffered [readers and writers](Self::reader) keep the connection open
    /// until they are closed too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) if somebody closed the
    /// descriptor behind the socket's back.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::Socket};
    ///
    /// let socket = Socket::tcp()?;
    /// socket.close()?;
    /// socket.close()?;
    /// assert_eq!(socket.send(b"x").unwrap_err().kind(), ErrorKind::BadDescriptor);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let close = |errno: rustix::io::Errno| Error::from_errno("close", errno.raw_os_error());
        self.shared.descriptor.close().map_err(close)
    }

    /// Whether programs that this one starts inherit the socket (Python: `get_inheritable`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!sock::socket::Socket::tcp()?.is_inheritable()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn is_inheritable(&self) -> Result<bool> {
        Ok(!self.quick("fcntl", |fd| rustix::io::fcntl_getfd(fd))?.contains(FdFlags::CLOEXEC))
    }

    /// Says whether programs that this one starts inherit the socket (Python: `set_inheritable`;
    /// C: `FD_CLOEXEC`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// assert!(!socket.is_inheritable()?);
    /// socket.set_inheritable(true)?;
    /// assert!(socket.is_inheritable()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        self.quick("fcntl", |fd| {
            let mut flags = rustix::io::fcntl_getfd(fd)?;
            flags.set(FdFlags::CLOEXEC, !inheritable);
            rustix::io::fcntl_setfd(fd, flags)
        })
    }

    /// The address of this end (Python: `getsockname`; C: `getsockname(2)`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::udp()?;
    /// socket.bind(("127.0.0.1", 0))?;
    /// assert_ne!(socket.local_addr()?.port(), Some(0));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn local_addr(&self) -> Result<Address> {
        let address = self.quick("getsockname", |fd| rustix::net::getsockname(fd))?;
        Ok(Address::from_kernel(&address))
    }

    /// The address of the other end (Python: `getpeername`; C: `getpeername(2)`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotConnected`](crate::ErrorKind::NotConnected).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::Socket};
    ///
    /// let error = Socket::tcp()?.peer_addr().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotConnected);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn peer_addr(&self) -> Result<Address> {
        let address = self.quick("getpeername", |fd| rustix::net::getpeername(fd))?;
        Ok(address.as_ref().map_or_else(Address::none, Address::from_kernel))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nobody is left to hear that the descriptor was closed behind our back.
        let _ = self.close();
    }
}

impl fmt::Debug for Socket {
    /// As Python's: descriptor, family, type, protocol, and the addresses that it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = if self.is_closed() { " [closed]" } else { "" };
        let (fd, family, kind) = (self.fileno(), self.family(), self.kind());
        let protocol = self.protocol();
        write!(f, "<sock::Socket{closed} fd={fd}, family={family}, type={kind}, proto={protocol}")?;
        if let Ok(local) = self.local_addr() {
            write!(f, ", local={}", local.classic())?;
        }
        if let Ok(peer) = self.peer_addr() {
            write!(f, ", remote={}", peer.classic())?;
        }
        f.write_str(">")
    }
}
