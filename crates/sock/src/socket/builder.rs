//! Making sockets: new, in pairs, and from a descriptor that exists.

use std::num::NonZeroU32;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, sockopt};

use super::{Family, Kind, Socket};
use crate::error::{Error, ErrorKind, Result};

/// Makes a socket with more than a family and a kind.
///
/// What is not said is the default for a new socket, inet, stream and protocol 0, and is asked of
/// the kernel for a descriptor that exists.
///
/// # Examples
///
/// ```
/// use sock::socket::{Builder, Family, Kind};
/// use std::time::Duration;
///
/// let socket = Builder::new()
///     .family(Family::Inet6)
///     .kind(Kind::Datagram)
///     .default_timeout(Some(Duration::from_secs(5)))
///     .open()?;
/// assert_eq!(socket.timeout(), Some(Duration::from_secs(5)));
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a builder makes nothing before `open`, `pair` or `from_fd`"]
pub struct Builder {
    family: Option<Family>,
    kind: Option<Kind>,
    protocol: Option<i32>,
    default_timeout: Option<Duration>,
}

impl Builder {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The family (Python and C: `AF_…`).
    pub fn family(mut self, family: Family) -> Self {
        self.family = Some(family);
        self
    }

    /// The kind (Python and C: `SOCK_…`).
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The number of the protocol; 0 lets the system choose.
    pub fn protocol(mut self, protocol: i32) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// The timeout of the socket and of those that are accepted from it.
    ///
    /// Python has `socket.setdefaulttimeout` instead, for all new sockets of the process.
    pub fn default_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.default_timeout = timeout;
        self
    }

    /// Opens a new socket.
    ///
    /// # Errors
    ///
    /// What `socket(2)` gives: [`ErrorKind::Unsupported`] for a family or protocol that is not
    /// there, [`ErrorKind::PermissionDenied`] for a raw socket without the right to it,
    /// [`ErrorKind::OutOfDescriptors`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Builder, Kind};
    ///
    /// assert_eq!(Builder::new().open()?.kind(), Kind::Stream);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn open(self) -> Result<Socket> {
        let parts = self.parts();
        let (family, kind, protocol) = kernel_words(parts)?;
        let fd = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, protocol)
            .map_err(|errno| cannot_open(errno, parts))?;
        self.finish(fd, parts)
    }

    /// Opens two sockets that are connected to each other; the family defaults to unix.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); families other than unix have no pairs.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Builder, Kind};
    ///
    /// let (one, two) = Builder::new().kind(Kind::SeqPacket).pair()?;
    /// one.send(b"a record")?;
    /// assert_eq!(two.recv_vec(100)?, b"a record");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn pair(self) -> Result<(Socket, Socket)> {
        let mut parts = self.parts();
        parts.0 = self.family.unwrap_or(Family::Unix);
        let (family, kind, protocol) = kernel_words(parts)?;
        let (one, two) = rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, protocol)
            .map_err(|errno| cannot_open(errno, parts))?;
        Ok((self.finish(one, parts)?, self.finish(two, parts)?))
    }

    /// Takes a descriptor over; what was not said is asked of the kernel.
    ///
    /// A descriptor that is in non-blocking mode makes a socket with a timeout of zero.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSocket`] for a file, and then the descriptor is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Builder, Family, Socket};
    ///
    /// let fd = Socket::unix()?.detach()?;
    /// assert_eq!(Builder::new().from_fd(fd)?.family(), Family::Unix);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn from_fd(self, fd: OwnedFd) -> Result<Socket> {
        let parts = self.ask(&fd)?;
        self.finish(fd, parts)
    }

    fn parts(self) -> (Family, Kind, i32) {
        let (family, kind) = (self.family.unwrap_or_default(), self.kind.unwrap_or_default());
        (family, kind, self.protocol.unwrap_or(0))
    }

    /// Asks the kernel what `fd` is, which also finds out whether it is a socket.
    pub(crate) fn ask(self, fd: impl AsFd) -> Result<(Family, Kind, i32)> {
        let failed =
            |errno: rustix::io::Errno| Error::from_errno("getsockopt", errno.raw_os_error());
        let kind = sockopt::socket_type(&fd).map_err(failed)?;
        let kind = self.kind.unwrap_or_else(|| Kind::from_raw(kind.as_raw().cast_signed()));
        let family = match self.family {
            Some(family) => family,
            None => Family::from_raw(sockopt::socket_domain(&fd).map_err(failed)?.as_raw().into()),
        };
        let protocol = match self.protocol {
            Some(protocol) => protocol,
            None => sockopt::socket_protocol(&fd)
                .map_err(failed)?
                .map_or(0, |protocol| protocol.as_raw().get().cast_signed()),
        };
        Ok((family, kind, protocol))
    }

    /// A socket over `fd`, with its timeout in force.
    pub(crate) fn finish(self, fd: OwnedFd, parts: (Family, Kind, i32)) -> Result<Socket> {
        let nonblocking = rustix::fs::fcntl_getfl(&fd)?.contains(OFlags::NONBLOCK);
        let found = nonblocking.then_some(Duration::ZERO);
        let socket = Socket::from_parts(fd, parts, found, self.default_timeout);
        if self.default_timeout.is_some() {
            socket.change_timeout(self.default_timeout)?;
        }
        Ok(socket)
    }
}

type KernelWords = (AddressFamily, SocketType, Option<Protocol>);

fn kernel_words((family, kind, protocol): (Family, Kind, i32)) -> Result<KernelWords> {
    let raw = u16::try_from(family.to_raw()).map_err(|_| {
        Error::from_errno("socket", libc::EAFNOSUPPORT).about(format!("no family {family}"))
    })?;
    let protocol = NonZeroU32::new(protocol.cast_unsigned()).map(Protocol::from_raw);
    Ok((
        AddressFamily::from_raw(raw),
        SocketType::from_raw(kind.to_raw().cast_unsigned()),
        protocol,
    ))
}

fn cannot_open(errno: rustix::io::Errno, parts: (Family, Kind, i32)) -> Error {
    let (family, kind, protocol) = parts;
    let error = Error::from_errno("socket", errno.raw_os_error())
        .about(format!("cannot open a socket: {family}, {kind}, protocol {protocol}"));
    if error.kind() == ErrorKind::PermissionDenied && kind == Kind::Raw {
        return error.cure("raw sockets need root or CAP_NET_RAW");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root is refused nothing, and tests may run as root.
    #[test]
    fn a_socket_that_needs_a_right_says_which() {
        let refused = |kind| cannot_open(rustix::io::Errno::PERM, (Family::Inet, kind, 1));
        let text = refused(Kind::Raw).to_string();
        assert!(text.ends_with("raw sockets need root or CAP_NET_RAW"), "{text}");
        assert_eq!(refused(Kind::Raw).kind(), ErrorKind::PermissionDenied);
        assert!(!refused(Kind::Stream).to_string().contains("raw"));
    }
}
