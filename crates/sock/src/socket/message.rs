//! Messages: several buffers at once, control data, flags, and descriptors to another process.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{BorrowedFd, OwnedFd};

use super::control::{Control, ReceivedControl, control_space, encode};
use super::data::asks_not_to_wait;
use super::handle::Patience;
use super::wait::Way;
use super::{Address, Flags, Socket};
use crate::error::Result;
use crate::sys;

/// A message as [`Socket::recv_msg`] gives it; its data are in the caller's buffers.
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// How many bytes came into the buffers; with [`Flags::TRUNC`] asked for, how many there were.
    pub length: usize,
    /// The control data, in order.
    pub control: Vec<ReceivedControl>,
    /// [`Flags::TRUNC`] if a datagram was cut, [`Flags::CTRUNC`] if control data were, and others.
    pub flags: Flags,
    /// Who sent it; of family 0 on a stream.
    pub sender: Address,
}

impl Message {
    /// All descriptors that came with it, out of the control data.
    pub fn take_descriptors(&mut self) -> Vec<OwnedFd> {
        let mut all = Vec::new();
        for item in &mut self.control {
            match item {
                ReceivedControl::Descriptors(fds) => all.append(fds),
                ReceivedControl::Other { .. } => {}
            }
        }
        all
    }
}

impl Socket {
    /// Sends several buffers as one message, with control data, to an address or to the peer.
    ///
    /// Python: `socket.sendmsg`; C: `sendmsg(2)`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument)
    /// for control data that the socket does not take.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    /// use std::io::IoSlice;
    ///
    /// let (one, two) = Socket::pair()?;
    /// let parts = [IoSlice::new(b"hel"), IoSlice::new(b"lo")];
    /// assert_eq!(one.send_msg(&parts, &[], Flags::NONE, None)?, 5);
    /// assert_eq!(two.recv_vec(10)?, b"hello");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_msg(
        &self,
        data: &[IoSlice<'_>],
        control: &[Control<'_>],
        flags: Flags,
        to: Option<&Address>,
    ) -> Result<usize> {
        let control = encode(control)?;
        let to = to.map(Address::to_kernel).transpose()?;
        let mut patience =
            Patience::new(self, "send_msg", Way::Out).never_if(asks_not_to_wait(flags));
        self.repeat(&mut patience, |fd, at_once| {
            let flags = bits(flags, at_once) | libc::MSG_NOSIGNAL;
            sys::send_message(fd, data, &control, to.as_ref(), flags)
        })
    }

    /// Receives a message into several buffers, with at most `control_room` bytes of control data.
    ///
    /// Python: `socket.recvmsg_into`; C: `recvmsg(2)`. [`control_space`] says how much room an item
    /// takes. Descriptors that come with it are close-on-exec, and closed if nobody takes them.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Builder, Flags, Kind};
    /// use std::io::IoSliceMut;
    ///
    /// let (one, two) = Builder::new().kind(Kind::Datagram).pair()?;
    /// one.send(b"hello")?;
    /// let mut buf = [0; 3];
    /// let message = two.recv_msg(&mut [IoSliceMut::new(&mut buf)], 0, Flags::NONE)?;
    /// assert_eq!(message.length, 3);
    /// assert!(message.flags.contains(Flags::TRUNC));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_msg(
        &self,
        data: &mut [IoSliceMut<'_>],
        control_room: usize,
        flags: Flags,
    ) -> Result<Message> {
        let mut room = super::data::room_for(control_room, "recv_msg")?;
        let received = self.repeat(&mut self.patience_in("recv_msg", flags), |fd, at_once| {
            let flags = bits(flags, at_once) | libc::MSG_CMSG_CLOEXEC;
            sys::receive_message(fd, data, &mut room, flags)
        })?;
        let sender = received.sender.as_ref().map_or_else(Address::none, Address::from_kernel);
        let message = Message {
            length: received.length,
            control: received.control,
            // The kernel gives our own flag back.
            flags: Flags::from_raw(received.flags & !libc::MSG_CMSG_CLOEXEC),
            sender,
        };
        self.unless_closed(message.length)?;
        Ok(message)
    }

    /// Sends data and with them descriptors, over a unix socket.
    ///
    /// Python: `socket.send_fds`; C: `sendmsg(2)` with `SCM_RIGHTS`. There must be at least one
    /// byte of data on a stream.
    ///
    /// # Errors
    ///
    /// As [`send_msg`](Self::send_msg); over 253 descriptors are
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) (unix(7)).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::Socket;
    /// use std::io::Read;
    /// use std::os::fd::AsFd;
    ///
    /// let (one, two) = Socket::pair()?;
    /// let file = std::fs::File::open("/dev/zero").unwrap();
    /// one.send_fds(b"x", &[file.as_fd()])?;
    /// let (_, mut fds, _) = two.recv_fds(&mut [0; 1], 1)?;
    /// let mut again = std::fs::File::from(fds.remove(0));
    /// assert_eq!(again.read(&mut [1; 4]).unwrap(), 4);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn send_fds(&self, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize> {
        self.send_msg(&[IoSlice::new(data)], &[Control::Descriptors(fds)], Flags::NONE, None)
    }

    /// Receives data and at most `max` descriptors; those beyond it are closed, and the flags say
    /// [`Flags::CTRUNC`].
    ///
    /// Python: `socket.recv_fds`; C: `recvmsg(2)` with `SCM_RIGHTS`.
    ///
    /// # Errors
    ///
    /// As [`recv_msg`](Self::recv_msg).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::socket::{Flags, Socket};
    /// use std::os::fd::AsFd;
    ///
    /// let (one, two) = Socket::pair()?;
    /// let file = std::fs::File::open("/dev/null").unwrap();
    /// one.send_fds(b"x", &[file.as_fd(), file.as_fd()])?;
    /// let (length, fds, flags) = two.recv_fds(&mut [0; 10], 1)?;
    /// assert_eq!((length, fds.len()), (1, 1));
    /// assert!(flags.contains(Flags::CTRUNC));
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn recv_fds(&self, buf: &mut [u8], max: usize) -> Result<(usize, Vec<OwnedFd>, Flags)> {
        let room = control_space(max.saturating_mul(size_of::<i32>()))?;
        let mut message = self.recv_msg(&mut [IoSliceMut::new(buf)], room, Flags::NONE)?;
        let mut fds = message.take_descriptors();
        if fds.len() > max {
            // The room is rounded up to a word, in which one more may fit.
            fds.truncate(max);
            message.flags |= Flags::CTRUNC;
        }
        Ok((message.length, fds, message.flags))
    }
}

fn bits(flags: Flags, at_once: bool) -> i32 {
    flags.to_raw() | if at_once { libc::MSG_DONTWAIT } else { 0 }
}
