//! A registry of what is waited for, with data of the caller's to each.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use rustix::event::PollFlags;

use super::select::{Selectable, poll_all, readable, writable};
use super::wait::Deadline;
use crate::error::{Error, ErrorKind, Result};

/// What a registered object is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// Until a receive or accept would not wait (Python: `EVENT_READ`).
    Read,
    /// Until a send would not wait (Python: `EVENT_WRITE`).
    Write,
    /// Until either.
    Both,
}

impl Interest {
    fn flags(self) -> PollFlags {
        match self {
            Self::Read => PollFlags::IN,
            Self::Write => PollFlags::OUT,
            Self::Both => PollFlags::IN | PollFlags::OUT,
        }
    }

    fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Both)
    }

    fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Both)
    }
}

/// What is waited for, each with data of the caller's.
///
/// Python: `selectors.DefaultSelector`. An object is known by its identity, so it can be taken out
/// also after its descriptor was closed, or given to another file.
///
/// # Examples
///
/// ```
/// use sock::socket::{Interest, Selector, Socket};
/// use std::time::Duration;
///
/// let (one, two) = Socket::pair()?;
/// let mut selector = Selector::new();
/// selector.register(&one, Interest::Both, "one")?;
/// selector.register(&two, Interest::Read, "two")?;
/// two.send_all(b"hello")?;
/// let ready = selector.select(Some(Duration::from_secs(5)))?;
/// assert_eq!(ready.len(), 1);
/// assert_eq!(*ready[0].data, "one");
/// assert!(ready[0].readable && ready[0].writable);
/// # Ok::<(), sock::Error>(())
/// ```
pub struct Selector<'a, T: ?Sized, D = ()> {
    entries: Vec<Entry<'a, T, D>>,
}

struct Entry<'a, T: ?Sized, D> {
    object: &'a T,
    number: RawFd,
    interest: Interest,
    data: D,
}

/// An object that is ready.
#[derive(Debug)]
#[non_exhaustive]
pub struct Selected<'s, 'a, T: ?Sized, D> {
    /// The object that was registered.
    pub object: &'a T,
    /// The data that were registered with it.
    pub data: &'s D,
    /// Whether a receive or accept would not wait.
    pub readable: bool,
    /// Whether a send would not wait.
    pub writable: bool,
}

impl<'a, T: Selectable + ?Sized, D> Selector<'a, T, D> {
    /// Waits for nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Waits for an object from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] if the object or its descriptor is registered already,
    /// [`ErrorKind::BadDescriptor`] if it is closed.
    pub fn register(&mut self, object: &'a T, interest: Interest, data: D) -> Result<()> {
        let number = object.selected()?.as_raw_fd();
        let twice = |entry: &Entry<'a, T, D>| entry.is(object) || entry.is_still(number);
        if self.entries.iter().any(twice) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("descriptor {number} is registered already; modify it instead"),
            ));
        }
        self.entries.push(Entry { object, number, interest, data });
        Ok(())
    }

    /// Waits for something else of an object; its data stay.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it is not registered.
    pub fn modify(&mut self, object: &T, interest: Interest) -> Result<()> {
        let found = self.entries.iter_mut().find(|entry| entry.is(object));
        found.ok_or_else(not_registered)?.interest = interest;
        Ok(())
    }

    /// Waits for an object no longer: the data that were registered with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it is not registered.
    pub fn unregister(&mut self, object: &T) -> Result<D> {
        let place = self.entries.iter().position(|entry| entry.is(object));
        Ok(self.entries.remove(place.ok_or_else(not_registered)?).data)
    }

    /// The data of an object, and what it is waited for.
    #[must_use]
    pub fn find(&self, object: &T) -> Option<(Interest, &D)> {
        let found = self.entries.iter().find(|entry| entry.is(object))?;
        Some((found.interest, &found.data))
    }

    /// How many objects are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Waits until something is ready: all that is, in the order of registration.
    ///
    /// No timeout waits for ever, zero does not wait; nothing is ready when the timeout ran out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadDescriptor`] if a registered object is closed.
    pub fn select(&self, timeout: Option<Duration>) -> Result<Vec<Selected<'_, 'a, T, D>>> {
        self.select_with(timeout, || Ok(()))
    }

    /// Waits as [`select`](Self::select) does, and runs `interrupt` after a signal.
    ///
    /// Then it goes on with the time that remains, unless `interrupt` gives an error.
    ///
    /// # Errors
    ///
    /// As [`select`](Self::select), and what `interrupt` gives.
    pub fn select_with(
        &self,
        timeout: Option<Duration>,
        mut interrupt: impl FnMut() -> Result<()>,
    ) -> Result<Vec<Selected<'_, 'a, T, D>>> {
        let deadline = Deadline::after(timeout);
        let held: Vec<_> =
            self.entries.iter().map(|entry| entry.object.selected()).collect::<Result<_>>()?;
        let asked: Vec<_> = held
            .iter()
            .zip(&self.entries)
            .map(|(fd, entry)| (fd.as_fd(), entry.interest.flags()))
            .collect();
        let counts = |index: usize, found| {
            self.entries.get(index).is_some_and(|entry| entry.selected(found).is_some())
        };
        let found = poll_all(&asked, deadline, &mut interrupt, counts)?;
        Ok(self
            .entries
            .iter()
            .zip(found)
            .filter_map(|(entry, found)| entry.selected(found))
            .collect())
    }
}

impl<'a, T: Selectable + ?Sized, D> Entry<'a, T, D> {
    fn is(&self, object: &T) -> bool {
        std::ptr::addr_eq(self.object, object)
    }

    /// Whether the number is still this object's: a closed one may have been given away.
    fn is_still(&self, number: RawFd) -> bool {
        self.number == number && self.object.selected().is_ok_and(|fd| fd.as_raw_fd() == number)
    }

    fn selected(&self, found: PollFlags) -> Option<Selected<'_, 'a, T, D>> {
        let readable = self.interest.reads() && found.intersects(readable());
        let writable = self.interest.writes() && found.intersects(writable());
        (readable || writable).then_some(Selected {
            object: self.object,
            data: &self.data,
            readable,
            writable,
        })
    }
}

impl<T: Selectable + ?Sized, D> Default for Selector<'_, T, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized, D: fmt::Debug> fmt::Debug for Selector<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.entries.iter().map(|entry| (entry.number, (entry.interest, &entry.data)));
        f.debug_map().entries(each).finish()
    }
}

fn not_registered() -> Error {
    Error::new(ErrorKind::NotFound, "the object is not registered with this selector")
}
