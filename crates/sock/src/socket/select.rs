//! Which of many descriptors are ready: `select` as the lectures have it, over poll(2).
//!
//! poll has no bound on the number of a descriptor, so those above 1023 work, which C's and
//! Python's `select` refuse. What it reports is translated into the three sets as the kernel's own
//! `select` does: an end of stream and an error are readable, an error is writable, and only urgent
//! data is exceptional.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::descriptor::Descriptor;
use super::wait::{Deadline, wait_for_any};
use super::{Reader, Socket};
use crate::error::{Error, Result};

/// Anything with a descriptor that can be waited for: a [`Socket`], and whatever is `AsFd`.
pub trait Selectable {
    /// The descriptor, which stays open while it is borrowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) once closed.
    fn selected(&self) -> Result<Descriptor<'_>>;
}

impl Selectable for Socket {
    /// A socket that another thread closes meanwhile ends the wait.
    fn selected(&self) -> Result<Descriptor<'_>> {
        self.descriptor_to_sleep_on()
    }
}

impl Selectable for Reader {
    fn selected(&self) -> Result<Descriptor<'_>> {
        self.socket().descriptor_to_sleep_on()
    }
}

impl<T: AsFd + ?Sized> Selectable for T {
    fn selected(&self) -> Result<Descriptor<'_>> {
        Ok(self.as_fd().into())
    }
}

/// The ready ones of the three sets of [`select`]: the same objects in the order of the arguments.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ready<'a, T: ?Sized> {
    /// A receive or accept would not wait.
    pub read: Vec<&'a T>,
    /// A send would not wait; or a connect is over.
    pub write: Vec<&'a T>,
    /// Urgent data came.
    pub except: Vec<&'a T>,
}

/// Waits until something is ready: the ready ones of each set.
///
/// Python: `select.select`; C: `select(2)`. No timeout waits for ever, zero does not wait. Empty
/// sets are welcome, and three empty ones wait as long as the timeout is. Objects of several types
/// go together as `&dyn Selectable`.
///
/// # Errors
///
/// [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor) if one of the objects is closed.
///
/// # Examples
///
/// ```
/// use sock::socket::{Socket, select};
/// use std::time::Duration;
///
/// let (one, two) = Socket::pair()?;
/// one.send_all(b"hello")?;
/// let ready = select(&[&one, &two], &[&one], &[], Some(Duration::ZERO))?;
/// assert!(std::ptr::eq(ready.read[0], &two));
/// assert_eq!((ready.read.len(), ready.write.len(), ready.except.len()), (1, 1, 0));
/// # Ok::<(), sock::Error>(())
/// ```
pub fn select<'a, T: Selectable + ?Sized>(
    read: &[&'a T],
    write: &[&'a T],
    except: &[&'a T],
    timeout: Option<Duration>,
) -> Result<Ready<'a, T>> {
    select_with(read, write, except, timeout, || Ok(()))
}

/// Waits as [`select`] does, and runs `interrupt` after a signal.
///
/// Then it goes on with the time that remains, unless `interrupt` gives an error.
///
/// # Errors
///
/// As [`select`], and what `interrupt` gives.
///
/// # Examples
///
/// ```
/// use sock::socket::{Socket, select_with};
/// use sock::{Error, ErrorKind};
///
/// let (one, two) = Socket::pair()?;
/// one.send_all(b"x")?;
/// let stop = || Err(Error::new(ErrorKind::Interrupted, "asked to stop"));
/// assert_eq!(select_with(&[&two], &[], &[], None, stop)?.read.len(), 1);
/// # Ok::<(), sock::Error>(())
/// ```
pub fn select_with<'a, T: Selectable + ?Sized>(
    read: &[&'a T],
    write: &[&'a T],
    except: &[&'a T],
    timeout: Option<Duration>,
    mut interrupt: impl FnMut() -> Result<()>,
) -> Result<Ready<'a, T>> {
    let deadline = Deadline::after(timeout);
    let sets = [(Set::Read, read), (Set::Write, write), (Set::Except, except)];
    let mut items = Vec::new();
    for (set, objects) in sets {
        for &object in objects {
            items.push((set, object, object.selected()?));
        }
    }
    let asked: Vec<_> = items.iter().map(|(set, _, fd)| (fd.as_fd(), set.flags())).collect();
    let ready = poll_all(&asked, deadline, &mut interrupt, |index, found| {
        items.get(index).is_some_and(|(set, _, _)| found.intersects(set.answers()))
    })?;
    let mut out = Ready { read: Vec::new(), write: Vec::new(), except: Vec::new() };
    for ((set, object, _), found) in items.iter().zip(ready) {
        if found.intersects(set.answers()) {
            match set {
                Set::Read => out.read.push(*object),
                Set::Write => out.write.push(*object),
                Set::Except => out.except.push(*object),
            }
        }
    }
    Ok(out)
}

/// Polls until `counts` for one of the descriptors, or the deadline: what each of them reports.
///
/// poll reports the end and an error whether or not they were asked for. One that reports only what
/// does not count is waited for no longer, or the wait would spin on it.
pub(super) fn poll_all(
    asked: &[(BorrowedFd<'_>, PollFlags)],
    deadline: Deadline,
    interrupt: &mut dyn FnMut() -> Result<()>,
    counts: impl Fn(usize, PollFlags) -> bool,
) -> Result<Vec<PollFlags>> {
    let mut found = vec![PollFlags::empty(); asked.len()];
    let mut waited: Vec<usize> = (0..asked.len()).collect();
    loop {
        let mut fds: Vec<_> = waited
            .iter()
            .filter_map(|&index| asked.get(index))
            .map(|&(fd, flags)| PollFd::from_borrowed_fd(fd, flags))
            .collect();
        let ready = wait_for_any(&mut fds, deadline, interrupt)?;
        if fds.iter().any(|fd| fd.revents().contains(PollFlags::NVAL)) {
            return Err(Error::from_errno("select", libc::EBADF));
        }
        let mut any = ready == 0;
        let mut rest = Vec::new();
        for (&index, fd) in waited.iter().zip(&fds) {
            if let Some(place) = found.get_mut(index) {
                *place = fd.revents();
            }
            any |= counts(index, fd.revents());
            if fd.revents().is_empty() {
                rest.push(index);
            }
        }
        if any {
            return Ok(found);
        }
        waited = rest;
    }
}

#[derive(Clone, Copy, Debug)]
enum Set {
    Read,
    Write,
    Except,
}

impl Set {
    fn flags(self) -> PollFlags {
        match self {
            Self::Read => PollFlags::IN,
            Self::Write => PollFlags::OUT,
            Self::Except => PollFlags::PRI,
        }
    }

    /// What makes a descriptor a member of the set (`POLLIN_SET` and its like in the kernel).
    fn answers(self) -> PollFlags {
        match self {
            Self::Read => readable(),
            Self::Write => writable(),
            Self::Except => PollFlags::PRI,
        }
    }
}

pub(super) fn readable() -> PollFlags {
    PollFlags::IN | PollFlags::HUP | PollFlags::ERR
}

pub(super) fn writable() -> PollFlags {
    PollFlags::OUT | PollFlags::ERR
}
