//! One descriptor, many users: it is released when its last handle is closed *and* its last call
//! has left, so that its number is never given to another file under a running call.
//!
//! One word counts all of them, so that entering and leaving a call is one atomic step each:
//!
//! ```text
//! bit 63      48        24         0
//!  |detached| handles | waiting | calls |
//! ```
//!
//! *Calls* are all that run now; *waiting* are those of them that may sleep in the kernel. While
//! there is a handle a call may enter; after the last handle none does, the waiting are woken, and
//! whoever brings the word to zero releases the descriptor: exactly one does.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::net::Shutdown;

const CALL: u64 = 1;
const WAITING: u64 = 1 << 24;
const HANDLE: u64 = 1 << 48;
const DETACHED: u64 = 1 << 63;

const CALLS: u64 = WAITING - 1;
const WAITERS: u64 = HANDLE - WAITING;
const HANDLES: u64 = DETACHED - HANDLE;

/// Whether a call may sleep in the kernel, and so has to be woken when the socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleeps {
    Perhaps,
    Never,
}

impl Sleeps {
    fn step(self) -> u64 {
        match self {
            Self::Perhaps => CALL + WAITING,
            Self::Never => CALL,
        }
    }
}

/// A descriptor with the count of its users.
#[derive(Debug)]
pub(crate) struct Descriptor {
    fd: RawFd,
    users: AtomicU64,
}

impl Descriptor {
    /// Takes a descriptor over, with one handle.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self { fd: fd.into_raw_fd(), users: AtomicU64::new(HANDLE) }
    }

    /// Lets a call in, unless the last handle is gone.
    pub(crate) fn enter(&self, sleeps: Sleeps) -> Option<Call<'_>> {
        // Made only after it was counted: it counts down when it is dropped.
        self.count_up(sleeps.step()).then(|| Call { descriptor: self, sleeps })
    }

    /// Adds a handle, unless the last one is gone.
    pub(crate) fn share(&self) -> bool {
        self.count_up(HANDLE)
    }

    fn count_up(&self, step: u64) -> bool {
        // 32,767 handles fill their field: the next one is refused instead of spilling over.
        let fits = |users: u64| step != HANDLE || users & HANDLES != HANDLES;
        let more = |users: u64| (users & HANDLES != 0 && fits(users)).then(|| users + step);
        self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// Takes a handle away. The last one wakes the calls that may sleep, and waits for none.
    ///
    /// They are woken by ending the connection in both directions, which is the only thing on
    /// Linux that wakes a thread inside `recv` or `accept` without a signal; it wakes listeners
    /// and unconnected datagram sockets too.
    pub(crate) fn close(&self) -> rustix::io::Result<()> {
        let mut woken = false;
        let left = self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, |users| {
            if users & HANDLES == 0 {
                return None;
            }
            // The one who closes the last handle stays as a call, or the number could be reused
            // between its two steps.
            woken = users & HANDLES == HANDLE && users & WAITERS != 0;
            Some(users - HANDLE + if woken { CALL } else { 0 })
        });
        match left {
            Ok(before) if before == HANDLE => self.release(),
            Ok(_) if woken => {
                let call = Call { descriptor: self, sleeps: Sleeps::Never };
                // An unconnected socket says ENOTCONN and wakes its sleepers all the same.
                let _ = rustix::net::shutdown(call.as_fd(), Shutdown::Both);
                Ok(())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Gives the descriptor away: the same number if no call runs on it, a duplicate otherwise.
    pub(crate) fn detach(&self) -> rustix::io::Result<OwnedFd> {
        let alone = |users: u64| {
            (users & HANDLES != 0 && users & CALLS == 0 && users & DETACHED == 0)
                .then_some(DETACHED)
        };
        if self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, alone).is_ok() {
            // SAFETY: the word says that no handle and no call is left and that nobody releases
            // the descriptor any more, so this is its only owner.
            return Ok(unsafe { OwnedFd::from_raw_fd(self.fd) });
        }
        let call = self.enter(Sleeps::Never).ok_or(rustix::io::Errno::BADF)?;
        let duplicate = rustix::io::fcntl_dupfd_cloexec(&call, 0)?;
        let fewer = |users: u64| (users & HANDLES != 0).then(|| users - HANDLE);
        // Without a handle left, another thread closed it meanwhile: then the duplicate is all.
        let _ = self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer);
        Ok(duplicate)
    }

    /// Closes the number; EBADF tells that somebody did so behind our back.
    fn release(&self) -> rustix::io::Result<()> {
        // SAFETY: only who brought the word to zero comes here, once; nobody else closes it.
        // (An `OwnedFd` would abort the program on EBADF instead of telling.)
        if unsafe { libc::close(self.fd) } == 0 {
            return Ok(());
        }
        match std::io::Error::last_os_error().raw_os_error() {
            // Linux has released the descriptor also when it says EINTR (close(2)).
            None | Some(libc::EINTR) => Ok(()),
            Some(errno) => Err(rustix::io::Errno::from_raw_os_error(errno)),
        }
    }
}

/// A call that runs on a descriptor: while it lives the number stays.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    descriptor: &'a Descriptor,
    sleeps: Sleeps,
}

impl AsFd for Call<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the number is not released before this call has left, and the borrow ends before.
        unsafe { BorrowedFd::borrow_raw(self.descriptor.fd) }
    }
}

impl AsRawFd for Call<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.fd
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let step = self.sleeps.step();
        if self.descriptor.users.fetch_sub(step, Ordering::AcqRel) == step {
            // Nobody is left to hear that the number was closed behind our back.
            let _ = self.descriptor.release();
        }
    }
}

/// Takes a number over that somebody else opened.
///
/// # Safety
///
/// As [`FromRawFd::from_raw_fd`]: the caller owns the number and gives it away.
pub(crate) unsafe fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: the caller promises it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Looks at a number without owning it.
///
/// # Safety
///
/// As [`BorrowedFd::borrow_raw`]: the number is not −1 and stays open for `'a`; a closed one is
/// fine if it is only asked what it is.
pub(crate) unsafe fn look_at<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the caller promises it.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

#[cfg(test)]
mod tests {
    //! Calls that come too late.

    use rustix::pipe::pipe;

    use super::{Descriptor, Ordering, Sleeps};

    #[test]
    fn a_call_after_the_close_neither_enters_nor_closes_the_number_again() {
        let (reader, _writer) = pipe().unwrap();
        let descriptor = Descriptor::new(reader);
        descriptor.close().unwrap();
        for _ in 0..3 {
            assert!(descriptor.enter(Sleeps::Never).is_none());
            assert!(descriptor.enter(Sleeps::Perhaps).is_none());
            assert!(!descriptor.share());
        }
        assert_eq!(descriptor.users.load(Ordering::SeqCst), 0);
    }
}
