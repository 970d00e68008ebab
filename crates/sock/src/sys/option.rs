//! Socket options by number: whatever the kernel knows, named here or not.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_void, socklen_t};
use rustix::io::{Errno, Result};

/// Reads an option of at most `room` bytes.
pub(crate) fn option(fd: BorrowedFd<'_>, level: i32, name: i32, room: usize) -> Result<Vec<u8>> {
    let mut value = vec![0u8; room];
    let mut length = socklen_t::try_from(room).map_err(|_| Errno::INVAL)?;
    // SAFETY: `value` has `length` bytes to write to, and the kernel writes no more.
    let status = unsafe {
        let place = value.as_mut_ptr().cast::<c_void>();
        libc::getsockopt(fd.as_raw_fd(), level, name, place, &raw mut length)
    };
    checked(status)?;
    value.truncate(length as usize);
    Ok(value)
}

/// Sets an option to some bytes.
pub(crate) fn set_option(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<()> {
    let length = socklen_t::try_from(value.len()).map_err(|_| Errno::INVAL)?;
    let place = value.as_ptr().cast::<c_void>();
    // SAFETY: `value` has `length` bytes to read.
    checked(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, place, length) })
}

/// Sets an option to no bytes, and says that there are `length` of them.
pub(crate) fn set_option_none(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    length: u32,
) -> Result<()> {
    // SAFETY: the kernel takes a null pointer for an option that has no value, or says EFAULT.
    checked(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, std::ptr::null(), length) })
}

pub(super) fn checked(status: c_int) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(last_errno()) }
}

pub(super) fn last_errno() -> Errno {
    // std always has a number here; EIO would only say that it had none.
    let errno = std::io::Error::last_os_error().raw_os_error();
    Errno::from_raw_os_error(errno.unwrap_or(libc::EIO))
}
