//! A descriptor that cannot be closed, and its number given to another, while somebody uses it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::sys::Call;

/// A descriptor that stays open while it is borrowed, from a
/// [`Socket`](super::Socket) or anything that is `AsFd`.
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

impl<'a> From<Call<'a>> for Descriptor<'a> {
    fn from(call: Call<'a>) -> Self {
        Self(Borrowed::Socket(call))
    }
}
