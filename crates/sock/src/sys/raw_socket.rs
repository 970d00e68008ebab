//! Sockets from numbers: the only calls of the public interface that are unsafe.

use std::os::fd::RawFd;

use super::descriptor::{adopt, look_at};
use crate::error::{Error, ErrorKind, Result};
use crate::socket::{Builder, Socket};

impl Socket {
    /// Takes over the socket with this number, and asks the kernel for its family, kind and
    /// protocol.
    ///
    /// Python: `socket.socket(fileno=fd)`. [`from_fd`](Self::from_fd) is the same for an `OwnedFd`,
    /// and safe. On an error the number stays the caller's, and open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for a negative number, [`ErrorKind::BadDescriptor`] for one
    /// that is not open, [`ErrorKind::NotSocket`] for anything but a socket.
    ///
    /// # Safety
    ///
    /// The number is the caller's to give away, as for
    /// [`FromRawFd::from_raw_fd`](std::os::fd::FromRawFd::from_raw_fd).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Family, Kind, Socket};
    /// use std::os::fd::IntoRawFd;
    ///
    /// let number = Socket::udp()?.into_raw_fd();
    /// // SAFETY: the number was just given to us.
    /// let socket = unsafe { Socket::from_raw_fd(number) }?;
    /// assert_eq!((socket.family(), socket.kind()), (Family::Inet, Kind::Datagram));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub unsafe fn from_raw_fd(fd: RawFd) -> Result<Self> {
        // SAFETY: the caller promises it.
        unsafe { Builder::new().from_raw_fd(fd) }
    }
}

impl Builder {
    /// Takes over the socket with this number; what was not said is asked of the kernel.
    ///
    /// # Errors
    ///
    /// As [`Socket::from_raw_fd`].
    ///
    /// # Safety
    ///
    /// As [`Socket::from_raw_fd`].
    pub unsafe fn from_raw_fd(self, fd: RawFd) -> Result<Socket> {
        if fd < 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("negative file descriptor {fd}"),
            ));
        }
        // SAFETY: the number is not negative; it is only asked what it is.
        let parts = self.ask(unsafe { look_at(fd) })?;
        // SAFETY: the kernel knows it as a socket, and the caller gives it away.
        self.finish(unsafe { adopt(fd) }, parts)
    }
}
