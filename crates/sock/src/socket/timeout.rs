//! How long the calls of a socket wait, and what interrupts them.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Socket;
use crate::error::Result;

impl Socket {
    /// Sets the timeout: `None` waits for ever, zero not at all.
    ///
    /// Python: `socket.settimeout`. It holds for the calls that begin from now on. See
    /// [timeouts](Socket#timeouts).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::Socket};
    /// use std::time::Duration;
    ///
    /// let (one, _two) = Socket::pair()?;
    /// one.set_timeout(Some(Duration::from_millis(5)))?;
    /// assert_eq!(one.recv(&mut [0; 10]).unwrap_err().kind(), ErrorKind::TimedOut);
    /// one.set_timeout(Some(Duration::ZERO))?;
    /// assert_eq!(one.recv(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.change_timeout(timeout)
    }

    /// The timeout (Python: `socket.gettimeout`).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(sock::socket::Socket::tcp()?.timeout(), None);
    /// # Ok::<(), sock::Error>(())
    /// ```
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.current_timeout()
    }

    /// Never waits from now on, or waits for ever.
    ///
    /// Python: `socket.setblocking(not nonblocking)`; C: `O_NONBLOCK`. It is a timeout of zero, or
    /// of none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{ErrorKind, socket::Socket};
    ///
    /// let (one, two) = Socket::pair()?;
    /// one.set_nonblocking(true)?;
    /// assert_eq!(one.recv(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<()> {
        self.change_timeout(nonblocking.then_some(Duration::ZERO))
    }

    /// Whether calls may wait: whether the timeout is other than zero (Python: `getblocking`).
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = sock::socket::Socket::tcp()?;
    /// assert!(socket.is_blocking());
    /// socket.set_timeout(Some(std::time::Duration::ZERO))?;
    /// assert!(!socket.is_blocking());
    /// # Ok::<(), sock::Error>(())
    /// ```
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.current_timeout() != Some(Duration::ZERO)
    }

    /// Runs `hook` whenever a signal interrupts a call that waits, and between the parts of
    /// [`send_all`](Self::send_all).
    ///
    /// The call then goes on with the time that remains (PEP 475), unless the hook gives an error,
    /// which ends it. Accepted sockets have the hook of their listener.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::{Error, ErrorKind, socket::Socket};
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::sync::Arc;
    ///
    /// let stop = Arc::new(AtomicBool::new(false));
    /// let socket = Socket::tcp()?;
    /// let asked = Arc::clone(&stop);
    /// socket.on_interrupt(move || match asked.load(Ordering::Relaxed) {
    ///     true => Err(Error::new(ErrorKind::Interrupted, "asked to stop")),
    ///     false => Ok(()),
    /// });
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn on_interrupt(&self, hook: impl Fn() -> Result<()> + Send + Sync + 'static) {
        let mut place = self.shared.interrupt.write().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(hook));
    }

    pub(super) fn take_interrupt_from(&self, other: &Self) {
        let hook = other.shared.interrupt.read().unwrap_or_else(PoisonError::into_inner).clone();
        *self.shared.interrupt.write().unwrap_or_else(PoisonError::into_inner) = hook;
    }
}
