//! A socket's descriptor for others to use: borrowed while it stays open, or as a bare number.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, RawFd};

use super::Socket;
use crate::error::Result;
use crate::sys::{Call, Sleeps};

impl Socket {
    /// The number of the descriptor, −1 once closed (Python: `socket.fileno()`).
    ///
    /// It is a number and no promise: [`descriptor`](Self::descriptor) keeps the socket open.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// assert!(socket.fileno() >= 0);
    /// socket.close()?;
    /// assert_eq!(socket.fileno(), -1);
    /// # Ok::<(), sock::Error>(())
    /// ```
    #[must_use]
    pub fn fileno(&self) -> RawFd {
        self.descriptor().map_or(-1, |descriptor| descriptor.as_raw_fd())
    }

    /// Borrows the descriptor for another library: it stays open while the borrow lives, also when
    /// the socket is closed meanwhile.
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
    /// let socket = Socket::udp()?;
    /// let flags = rustix::io::fcntl_getfd(socket.descriptor()?).unwrap();
    /// assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn descriptor(&self) -> Result<Descriptor<'_>> {
        Ok(Descriptor(Borrowed::Socket(self.enter(Sleeps::Never)?)))
    }

    /// Borrows the descriptor for a wait, which closing the socket ends.
    pub(super) fn descriptor_to_sleep_on(&self) -> Result<Descriptor<'_>> {
        Ok(Descriptor(Borrowed::Socket(self.enter(Sleeps::Perhaps)?)))
    }
}

/// A descriptor that stays open while it is borrowed, from a [`Socket`] or anything that is `AsFd`.
#[derive(Debug)]
pub struct Descriptor<'a>(Borrowed<'a>);

#[derive(Debug)]
enum Borrowed<'a> {
    Socket(Call<'a>),
    Other(BorrowedFd<'a>),
}

impl AsFd for Descriptor<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Borrowed::Socket(call) => call.as_fd(),
            Borrowed::Other(fd) => *fd,
        }
    }
}

impl AsRawFd for Descriptor<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<'a> From<BorrowedFd<'a>> for Descriptor<'a> {
    fn from(fd: BorrowedFd<'a>) -> Self {
        Self(Borrowed::Other(fd))
    }
}

/// The number, −1 once closed.
///
/// `AsFd` is on [`Descriptor`] instead: a socket that can be closed while it is borrowed cannot
/// promise that its descriptor stays open, a borrowed descriptor does.
impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.fileno()
    }
}

/// The number as [`Socket::detach`] gives it, −1 once closed.
impl IntoRawFd for Socket {
    fn into_raw_fd(self) -> RawFd {
        self.detach().map_or(-1, IntoRawFd::into_raw_fd)
    }
}
