//! What is behind a [`Socket`]: the shared descriptor, the timeout, and how a call runs on them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustix::io::Errno;

use super::wait::{Deadline, Interrupt, Way, wait_for_any, wait_for_one};
use super::{Family, Kind, Socket};
use crate::error::{Error, Result};
use crate::sys::{Call, Descriptor, Sleeps};

/// No timeout, in the word that holds it; every other value is nanoseconds.
const FOREVER: u64 = u64::MAX;

/// A descriptor that is said to be ready this often without being so is not waited for alone.
///
/// poll does not know of a full receiver to whom an unconnected unix datagram socket sends, nor of
/// the end of a datagram socket whose reading was shut down: the wait would spin.
const FALSE_ALARMS: u32 = 3;

/// How long the next attempt is put off then: short for a person, long for a processor.
const PAUSE: Duration = Duration::from_millis(1);

/// What all the handles of one descriptor share.
pub(super) struct Shared {
    pub(super) descriptor: Descriptor,
    pub(super) family: Family,
    pub(super) kind: Kind,
    pub(super) protocol: i32,
    timeout: AtomicU64,
    /// The timeout of the sockets that are accepted from this one.
    pub(super) default_timeout: Option<Duration>,
    pub(super) interrupt: RwLock<Option<Interrupt>>,
}

impl Socket {
    pub(super) fn from_parts(
        fd: OwnedFd,
        (family, kind, protocol): (Family, Kind, i32),
        timeout: Option<Duration>,
        default_timeout: Option<Duration>,
    ) -> Self {
        let shared = Shared {
            descriptor: Descriptor::new(fd),
            family,
            kind,
            protocol,
            timeout: AtomicU64::new(timeout.map_or(FOREVER, to_nanos)),
            default_timeout,
            interrupt: RwLock::new(None),
        };
        Self { shared: Arc::new(shared), closed: AtomicBool::new(false) }
    }

    /// A second handle on the same descriptor, closed on its own.
    pub(super) fn share(&self) -> Result<Self> {
        if self.is_closed() || !self.shared.descriptor.share() {
            return Err(closed());
        }
        Ok(Self { shared: Arc::clone(&self.shared), closed: AtomicBool::new(false) })
    }

    /// Lets a call in; [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    pub(super) fn enter(&self, sleeps: Sleeps) -> Result<Call<'_>> {
        match self.shared.descriptor.enter(sleeps) {
            Some(call) if !self.is_closed() => Ok(call),
            Some(_) | None => Err(closed()),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn current_timeout(&self) -> Option<Duration> {
        match self.shared.timeout.load(Ordering::Acquire) {
            FOREVER => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// Stores the timeout and puts the descriptor into the mode that it needs.
    ///
    /// The mode changes last on the way to a timeout and first on the way back, so that a call
    /// that finds a non-blocking descriptor also finds the timeout that made it so.
    pub(super) fn change_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        let call = self.enter(Sleeps::Never)?;
        let store = |word| self.shared.timeout.store(word, Ordering::Release);
        if let Some(timeout) = timeout {
            store(to_nanos(timeout));
            rustix::io::ioctl_fionbio(&call, true)?;
        } else {
            rustix::io::ioctl_fionbio(&call, false)?;
            store(FOREVER);
        }
        Ok(())
    }

    /// Runs a call that never sleeps.
    pub(super) fn quick<T>(
        &self,
        name: &'static str,
        step: impl FnOnce(BorrowedFd<'_>) -> rustix::io::Result<T>,
    ) -> Result<T> {
        let call = self.enter(Sleeps::Never)?;
        step(call.as_fd()).map_err(|errno| Error::from_errno(name, errno.raw_os_error()))
    }

    /// Runs a call that may sleep, under the timeout of the socket.
    pub(super) fn patient<T>(
        &self,
        name: &'static str,
        way: Way,
        step: impl FnMut(BorrowedFd<'_>, bool) -> rustix::io::Result<T>,
    ) -> Result<T> {
        self.repeat(&mut Patience::new(self, name, way), step)
    }

    /// The retry loop of every call: after a signal, and after a wait for readiness.
    ///
    /// `step` is told whether it must not sleep in the kernel: without a timeout it may, and then
    /// it is the only system call.
    pub(super) fn repeat<T>(
        &self,
        patience: &mut Patience,
        mut step: impl FnMut(BorrowedFd<'_>, bool) -> rustix::io::Result<T>,
    ) -> Result<T> {
        let call = self.enter(patience.sleeps())?;
        loop {
            let errno = match step(call.as_fd(), patience.timeout.is_some()) {
                Ok(value) => {
                    patience.alarms = 0;
                    return Ok(value);
                }
                Err(errno) => errno,
            };
            if self.is_closed() {
                return Err(closed());
            }
            match errno {
                Errno::INTR => self.interrupted()?,
                Errno::AGAIN => self.wait(&call, patience)?,
                _ => return Err(Error::from_errno(patience.name, errno.raw_os_error())),
            }
        }
    }

    /// Waits until a call that found nothing to do may find something.
    pub(super) fn wait(&self, call: &Call<'_>, patience: &mut Patience) -> Result<()> {
        if patience.timeout.is_none() {
            // A blocking descriptor gave up: the kernel's own timeout (SO_RCVTIMEO), or another
            // thread has set a timeout since this call began, which then holds for it too.
            patience.timeout = self.current_timeout();
        }
        let again = || Error::from_errno(patience.name, libc::EAGAIN);
        let timeout = match patience.timeout {
            None | Some(Duration::ZERO) => return Err(again()),
            Some(timeout) => timeout,
        };
        if patience.has_run_out() {
            // A descriptor that is always ready and never gives anything ends here.
            return Err(Error::timed_out(patience.name));
        }
        let deadline = *patience.deadline.get_or_insert_with(|| Deadline::after(Some(timeout)));
        let mut interrupt = || self.interrupted();
        patience.alarms += 1;
        if patience.alarms > FALSE_ALARMS {
            let pause = Deadline::after(Some(PAUSE)).earlier(deadline);
            wait_for_any(&mut [], pause, &mut interrupt)?;
        }
        let ready = wait_for_one(call.as_fd(), patience.way, deadline, &mut interrupt)?;
        match (self.is_closed(), ready) {
            (true, _) => Err(closed()),
            (false, true) => Ok(()),
            (false, false) => Err(Error::timed_out(patience.name)),
        }
    }

    /// Runs the hook after a signal.
    pub(super) fn interrupted(&self) -> Result<()> {
        if self.is_closed() {
            return Err(closed());
        }
        let hook = self.shared.interrupt.read().unwrap_or_else(PoisonError::into_inner).clone();
        hook.map_or(Ok(()), |hook| hook())
    }
}

/// How long one call may wait, and for what.
#[derive(Debug)]
pub(super) struct Patience {
    name: &'static str,
    way: Way,
    pub(super) timeout: Option<Duration>,
    /// Fixed at the first wait: what runs before it does not sleep.
    pub(super) deadline: Option<Deadline>,
    /// How often in a row the descriptor was said to be ready and was not.
    alarms: u32,
}

impl Patience {
    pub(super) fn new(socket: &Socket, name: &'static str, way: Way) -> Self {
        Self { name, way, timeout: socket.current_timeout(), deadline: None, alarms: 0 }
    }

    /// For a call of many steps: its deadline begins now.
    pub(super) fn starting_now(socket: &Socket, name: &'static str, way: Way) -> Self {
        let mut patience = Self::new(socket, name, way);
        patience.deadline = match patience.timeout {
            None | Some(Duration::ZERO) => None,
            timeout => Some(Deadline::after(timeout)),
        };
        patience
    }

    /// Not to wait at all in this one call.
    pub(super) fn never_if(mut self, never: bool) -> Self {
        if never {
            self.timeout = Some(Duration::ZERO);
        }
        self
    }

    /// A call that will not wait needs nobody to wake it.
    pub(super) fn sleeps(&self) -> Sleeps {
        match self.timeout {
            Some(Duration::ZERO) => Sleeps::Never,
            Some(_) | None => Sleeps::Perhaps,
        }
    }

    pub(super) fn has_run_out(&self) -> bool {
        self.deadline.is_some_and(Deadline::has_passed)
    }
}

/// The error of a call on a socket that is closed: EBADF, as after C's `close`.
pub(super) fn closed() -> Error {
    Error::from_errno("", libc::EBADF)
}

/// Nanoseconds in the word, 584 years at most.
fn to_nanos(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_nanos()).unwrap_or(FOREVER).min(FOREVER - 1)
}
