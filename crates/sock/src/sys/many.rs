//! Many datagrams in one call: `recvmmsg(2)` and `sendmmsg(2)`.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_uint, c_void, iovec, mmsghdr, sockaddr_storage, socklen_t};
use rustix::io::Result;
use rustix::net::SocketAddrAny;

use super::message::NAME_ROOM;
use super::option::last_errno;
use crate::socket::control::{Item, items};

/// So many messages come or go in one call at most: enough to spread its cost.
pub(crate) const MANY: usize = COUNT as usize;
const COUNT: c_uint = 16;
/// No message over IP is longer, nor is a train of them.
const ROOM: usize = 65_536;
/// An address of IPv6 with its interface takes 40 bytes of control data, a segment's size 24.
const CONTROL: usize = 96;

/// Room for the messages of one call, and what came in it: 1 MiB, of which only those pages are
/// real in which something came.
pub(crate) struct Inbox {
    bytes: Box<[u8]>,
    names: Box<[sockaddr_storage]>,
    control: Box<[[u8; CONTROL]]>,
    lengths: [Lengths; MANY],
}

/// How much of each part of a message there is.
#[derive(Debug, Clone, Copy, Default)]
struct Lengths {
    whole: usize,
    name: socklen_t,
    control: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        // SAFETY: all-zero is a value of this structure of integers: an address of no family.
        let nobody: sockaddr_storage = unsafe { std::mem::zeroed() };
        Self {
            bytes: vec![0; MANY * ROOM].into_boxed_slice(),
            names: vec![nobody; MANY].into_boxed_slice(),
            control: vec![[0; CONTROL]; MANY].into_boxed_slice(),
            lengths: [Lengths::default(); MANY],
        }
    }

    /// Receives what is there, without waiting, and tells how many messages that were. Only where
    /// nobody can pass descriptors on may `controlled` ask for control data.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>, controlled: bool) -> Result<usize> {
        let mut parts = [iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; MANY];
        let mut messages = no_messages();
        let rooms = self.bytes.chunks_exact_mut(ROOM).zip(&mut self.names).zip(&mut self.control);
        for ((message, part), ((bytes, name), control)) in
            messages.iter_mut().zip(&mut parts).zip(rooms)
        {
            *part = iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: ROOM };
            let header = &mut message.msg_hdr;
            header.msg_iov = part;
            header.msg_iovlen = 1;
            header.msg_name = std::ptr::from_mut(name).cast::<c_void>();
            header.msg_namelen = NAME_ROOM;
            if controlled {
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = CONTROL as _;
            }
        }
        // The kernel tells the whole length, so that a cut one is noticed.
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        // SAFETY: every pointer in the messages comes with the length of what is behind it, is
        // borrowed mutably for the whole call, and takes any bytes; there are `COUNT` messages.
        let count = count(unsafe {
            let fd = fd.as_raw_fd();
            libc::recvmmsg(fd, messages.as_mut_ptr(), COUNT, flags, std::ptr::null_mut())
        })?;
        for (lengths, message) in self.lengths.iter_mut().zip(&messages[..count]) {
            let header = &message.msg_hdr;
            let control = if controlled { header.msg_controllen.min(CONTROL as _) } else { 0 };
            *lengths = Lengths {
                whole: message.msg_len as usize,
                name: header.msg_namelen.min(NAME_ROOM),
                control: control as _,
            };
        }
        Ok(count)
    }

    /// The bytes of a message that had room.
    pub(crate) fn bytes(&self, message: usize) -> &[u8] {
        &self.bytes[message * ROOM..][..self.whole(message).min(ROOM)]
    }

    /// How long a message was.
    pub(crate) fn whole(&self, message: usize) -> usize {
        self.lengths[message].whole
    }

    /// What came beside a message.
    pub(crate) fn control(&self, message: usize) -> impl Iterator<Item = Item<'_>> {
        items(&self.control[message][..self.lengths[message].control])
    }

    /// Who sent a message; a unix socket without a name sends, too.
    pub(crate) fn sender(&self, message: usize) -> Option<SocketAddrAny> {
        let length = self.lengths[message].name;
        (length as usize >= size_of::<libc::sa_family_t>()).then(|| {
            // SAFETY: the storage is initialized as a whole and the length is at most its size.
            unsafe { SocketAddrAny::read((&raw const self.names[message]).cast(), length) }
        })
    }
}

/// Bytes for the sender of a message, with control data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) control: &'a [u8],
    /// For the sender of this message.
    pub(crate) to: usize,
}

/// Sends at most [`MANY`] packets to those whose messages lie in `inbox`, without waiting, and tells
/// how many have left. An error is about the first.
pub(crate) fn send_many(
    fd: BorrowedFd<'_>,
    inbox: &Inbox,
    packets: &[Packet<'_>],
) -> Result<usize> {
    let mut parts = [iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; MANY];
    let mut messages = no_messages();
    let given = c_uint::try_from(packets.len()).map_or(COUNT, |given| given.min(COUNT));
    for ((message, part), packet) in messages.iter_mut().zip(&mut parts).zip(packets) {
        let Packet { bytes, control, to } = packet;
        *part = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let header = &mut message.msg_hdr;
        header.msg_iov = part;
        header.msg_iovlen = 1;
        header.msg_name = std::ptr::from_ref(&inbox.names[*to]).cast_mut().cast();
        header.msg_namelen = inbox.lengths[*to].name;
        if !control.is_empty() {
            header.msg_control = control.as_ptr().cast_mut().cast();
            header.msg_controllen = control.len() as _;
        }
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: every pointer in the messages comes with the length of what is behind it and is
    // borrowed for the whole call; the kernel writes to none but the messages themselves, of which
    // there are `COUNT`, at least as many as are given.
    count(unsafe { libc::sendmmsg(fd.as_raw_fd(), messages.as_mut_ptr(), given, flags) })
}

fn no_messages() -> [mmsghdr; MANY] {
    // SAFETY: all-zero is a message of nothing: null pointers, each with the length zero.
    unsafe { std::mem::zeroed() }
}

fn count(status: c_int) -> Result<usize> {
    usize::try_from(status).map_err(|_| last_errno())
}
