//! Messages with control data of any kind: `sendmsg` and `recvmsg` with the bytes as they are.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use libc::{c_int, c_void, socklen_t};
use rustix::io::Result;
use rustix::net::SocketAddrAny;

use super::descriptor::adopt;
use super::option::last_errno;
use crate::socket::ReceivedControl;
use crate::socket::control::{Item, items};

/// `struct sockaddr_storage` holds an address of any family.
#[allow(clippy::cast_possible_truncation, reason = "it is 128")]
pub(super) const NAME_ROOM: socklen_t = size_of::<libc::sockaddr_storage>() as socklen_t;

/// What `recvmsg` told.
pub(crate) struct Received {
    pub(crate) length: usize,
    pub(crate) control: Vec<ReceivedControl>,
    pub(crate) flags: c_int,
    pub(crate) sender: Option<SocketAddrAny>,
}

/// Sends the buffers as one message.
pub(crate) fn send_message(
    fd: BorrowedFd<'_>,
    data: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&SocketAddrAny>,
    flags: c_int,
) -> Result<usize> {
    let mut header = empty_header();
    // An `IoSlice` is an `iovec` in memory (std promises it), and sendmsg only reads through these.
    header.msg_iov = data.as_ptr().cast_mut().cast();
    header.msg_iovlen = data.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_controllen = control.len() as _;
    }
    if let Some(to) = to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.addr_len();
    }
    // SAFETY: every pointer in the header comes with the length of what is behind it and is
    // borrowed for the whole call; the kernel writes to none.
    count(unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags) })
}

/// Receives one message into the buffers. `room` takes its control data meanwhile: the descriptors
/// among them are owned before this returns, so that none leaks.
pub(crate) fn receive_message(
    fd: BorrowedFd<'_>,
    data: &mut [IoSliceMut<'_>],
    room: &mut [u8],
    flags: c_int,
) -> Result<Received> {
    // SAFETY: all-zero is a value of this structure of integers.
    let mut name: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let mut header = empty_header();
    header.msg_name = (&raw mut name).cast::<c_void>();
    header.msg_namelen = NAME_ROOM;
    header.msg_iov = data.as_mut_ptr().cast();
    header.msg_iovlen = data.len() as _;
    if !room.is_empty() {
        header.msg_control = room.as_mut_ptr().cast();
        header.msg_controllen = room.len() as _;
    }
    // SAFETY: every pointer in the header comes with the length of what is behind it, is borrowed
    // mutably for the whole call, and takes any bytes.
    let length = count(unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) })?;
    let told = header.msg_namelen.min(NAME_ROOM);
    let sender = (told as usize >= size_of::<libc::sa_family_t>()).then(|| {
        // SAFETY: the storage is initialized as a whole and `told` is at most its size.
        unsafe { SocketAddrAny::read((&raw const name).cast(), told) }
    });
    let control = room.get(..header.msg_controllen).unwrap_or(room);
    // SAFETY: the kernel has written these bytes just now, and nobody else reads them.
    let own = |item: Item<'_>| unsafe { received_control(&item) };
    let control = items(control).map(own).collect();
    Ok(Received { length, control, flags: header.msg_flags, sender })
}

/// Owns the descriptors that the kernel has put into an item.
///
/// # Safety
///
/// The item comes from the kernel, in a message received just now, and is read once.
unsafe fn received_control(item: &Item<'_>) -> ReceivedControl {
    if (item.level, item.kind) != (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
        let (level, kind) = (item.level, item.kind);
        return ReceivedControl::Other { level, kind, data: item.data.to_vec() };
    }
    let numbers = item.data.as_chunks().0.iter().map(|chunk| RawFd::from_ne_bytes(*chunk));
    // SAFETY: the kernel has opened these numbers for us, and the caller promises that nobody else
    // has read them.
    let owned = numbers.filter(|number| *number >= 0).map(|number| unsafe { adopt(number) });
    ReceivedControl::Descriptors(owned.collect())
}

fn empty_header() -> libc::msghdr {
    // SAFETY: all-zero is a message of nothing: null pointers, each with the length zero.
    unsafe { std::mem::zeroed() }
}

fn count(status: isize) -> Result<usize> {
    usize::try_from(status).map_err(|_| last_errno())
}
