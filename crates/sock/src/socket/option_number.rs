//! Every socket option by number, named elsewhere or not.

use super::Socket;
use crate::error::{Error, ErrorKind, Result};
use crate::sys;

impl Socket {
    /// Reads an option that is a number.
    ///
    /// Python: `getsockopt(level, name)`; C: `getsockopt(2)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if there is no such option.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// assert_eq!(socket.option(libc::SOL_SOCKET, libc::SO_TYPE)?, 1);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn option(&self, level: i32, name: i32) -> Result<i32> {
        let bytes = self.option_bytes(level, name, size_of::<i32>())?;
        let mut word = [0; size_of::<i32>()];
        // An option of one byte (IP_MULTICAST_TTL) is a number too.
        for (place, byte) in word.iter_mut().zip(bytes) {
            *place = byte;
        }
        Ok(i32::from_ne_bytes(word))
    }

    /// Reads an option of at most `room` bytes.
    ///
    /// Python: `getsockopt(level, name, buflen)`; C: `getsockopt(2)`.
    ///
    /// # Errors
    ///
    /// As [`option`](Self::option); [`ErrorKind::InvalidArgument`] for no room, or over 1024 bytes,
    /// which is Python's bound.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// let on_and_seconds = socket.option_bytes(libc::SOL_SOCKET, libc::SO_LINGER, 8)?;
    /// assert_eq!(on_and_seconds, [0; 8]);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn option_bytes(&self, level: i32, name: i32, room: usize) -> Result<Vec<u8>> {
        if !(1..=1024).contains(&room) {
            let text = format!("an option of {room} bytes; it has 1 to 1024");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        self.quick("getsockopt", |fd| sys::option(fd, level, name, room))
    }

    /// Sets an option to a number.
    ///
    /// Python: `setsockopt(level, name, value)`; C: `setsockopt(2)`.
    ///
    /// # Errors
    ///
    /// As [`option`](Self::option).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// socket.set_option(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    /// assert!(socket.reuse_address()?);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_option(&self, level: i32, name: i32, value: i32) -> Result<()> {
        self.set_option_bytes(level, name, &value.to_ne_bytes())
    }

    /// Sets an option to bytes: a C structure, or text.
    ///
    /// Python: `setsockopt(level, name, bytes)`; C: `setsockopt(2)`.
    ///
    /// # Errors
    ///
    /// As [`option`](Self::option).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// let on_and_seconds = [1i32.to_ne_bytes(), 5i32.to_ne_bytes()].concat();
    /// socket.set_option_bytes(libc::SOL_SOCKET, libc::SO_LINGER, &on_and_seconds)?;
    /// assert_eq!(socket.linger()?, Some(std::time::Duration::from_secs(5)));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_option_bytes(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        self.quick("setsockopt", |fd| sys::set_option(fd, level, name, value))
    }

    /// Sets an option to a null pointer and a length.
    ///
    /// Python: `setsockopt(level, name, None, length)`; C: `setsockopt(2)`.
    ///
    /// # Errors
    ///
    /// As [`option`](Self::option); `EFAULT` for an option that needs a value.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// let error = socket.set_option_none(libc::SOL_SOCKET, libc::SO_REUSEADDR, 4).unwrap_err();
    /// assert_eq!(error.errno(), Some(libc::EFAULT));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_option_none(&self, level: i32, name: i32, length: u32) -> Result<()> {
        self.quick("setsockopt", |fd| sys::set_option_none(fd, level, name, length))
    }
}
