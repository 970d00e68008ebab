//! What this machine is called, and what its network interfaces are.

use std::ffi::CStr;
use std::io;

use super::{owned, until_zero};

pub(crate) fn hostname() -> io::Result<String> {
    // Linux cuts a name at 64 bytes, POSIX allows 255; the last byte stays zero.
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is one longer than what is told of it.
    match unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } {
        0 => Ok(until_zero(&name)),
        _ => Err(io::Error::last_os_error()),
    }
}

pub(crate) fn interface_index(name: &CStr) -> io::Result<u32> {
    // SAFETY: `name` ends in a zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

pub(crate) fn interface_name(index: u32) -> io::Result<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the length that the call is documented to want.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() { Err(io::Error::last_os_error()) } else { Ok(until_zero(&name)) }
}

/// Every interface of this machine: its index and its name.
pub(crate) fn interfaces() -> io::Result<Vec<(u32, String)>> {
    // SAFETY: the call takes nothing; null is its failure.
    let first = unsafe { libc::if_nameindex() };
    if first.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut interfaces = Vec::new();
    let mut next = first;
    // SAFETY: the array ends with an entry of index 0 and a null name, which is not passed, and
    // it is freed only after the loop.
    unsafe {
        while (*next).if_index != 0 {
            interfaces.extend(owned((*next).if_name).map(|name| ((*next).if_index, name)));
            next = next.add(1);
        }
        libc::if_freenameindex(first);
    }
    Ok(interfaces)
}
