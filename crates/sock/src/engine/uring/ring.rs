//! Ring: what is asked of the kernel and what it answers, behind calls that are safe to make.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{EnterFlags, IoUring, Submitter, cqueue, opcode, squeue};

/// Operations that are handed over in one call; more are handed over in several.
const ENTRIES: u32 = 256;
/// Results that have room before the kernel has to keep them apart: some for each operation of a turn,
/// since a receive may bring many.
const RESULTS: u32 = 4096;

/// What an operation is, in the upper half of the number by which it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A receive, an accept, or a poll for reading.
    Input,
    /// A poll for writing.
    Room,
    Send,
    Cancel,
}

impl Kind {
    fn called(self, link: u32) -> u64 {
        (self as u64) << 32 | u64::from(link)
    }
}

/// One result: of which operation of which link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) kind: Kind,
    pub(super) link: u32,
    pub(super) result: i32,
    /// The buffer that it filled.
    pub(super) buffer: Option<u16>,
    /// It goes on, and will have more results.
    pub(super) goes_on: bool,
}

/// A ring of this thread.
pub(super) struct Ring {
    ring: IoUring,
    flags: EnterFlags,
}

impl Ring {
    pub(super) fn new() -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder
            // One thread does it all, and runs what has become ready when it waits, in one go:
            // no interruption, no locks. Linux 6.1, which has all else that is used here too.
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            // One operation that cannot be begun has its own result and keeps none behind it.
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(RESULTS);
        let ring = builder.build(ENTRIES)?;
        let needed = ring.params().is_feature_nodrop()
            && ring.params().is_feature_ext_arg()
            && ring.params().is_feature_skip_cqe_on_success();
        if !needed {
            return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        }
        // Who waits for the network does not wait for a disk, and should not be counted so.
        let mut flags = EnterFlags::empty();
        flags.set(EnterFlags::NO_IOWAIT, ring.params().is_feature_no_iowait());
        Ok(Self { ring, flags })
    }

    pub(super) fn submitter(&self) -> Submitter<'_> {
        self.ring.submitter()
    }

    pub(super) fn poll(&mut self, kind: Kind, link: u32, fd: RawFd, events: i16) -> io::Result<()> {
        let events = u32::from(events.cast_unsigned());
        self.push(&opcode::PollAdd::new(Fd(fd), events).build().user_data(kind.called(link)))
    }

    /// Receives again and again, each time into the next buffer of the group.
    pub(super) fn receive_all(&mut self, link: u32, fd: RawFd, group: u16) -> io::Result<()> {
        let receive = opcode::RecvMulti::new(Fd(fd), group).build();
        self.push(&receive.user_data(Kind::Input.called(link)))
    }

    /// Receives once, into the next buffer of the group.
    pub(super) fn receive_one(&mut self, link: u32, fd: RawFd, group: u16) -> io::Result<()> {
        let receive = opcode::Recv::new(Fd(fd), std::ptr::null_mut(), 0).buf_group(group).build();
        let receive = receive.flags(squeue::Flags::BUFFER_SELECT);
        self.push(&receive.user_data(Kind::Input.called(link)))
    }

    /// Accepts everybody who comes.
    pub(super) fn accept_all(&mut self, link: u32, fd: RawFd) -> io::Result<()> {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let accept = opcode::AcceptMulti::new(Fd(fd)).flags(flags).build();
        self.push(&accept.user_data(Kind::Input.called(link)))
    }

    /// Sends what there is room for, at once.
    ///
    /// # Safety
    ///
    /// The bytes stay where they are, unchanged, until this operation has its result.
    pub(super) unsafe fn send(
        &mut self,
        link: u32,
        fd: RawFd,
        bytes: *const [u8],
        more: bool,
    ) -> io::Result<()> {
        let more = if more { libc::MSG_MORE } else { 0 };
        // What would have to wait comes back, and is tried again when there is room: so nothing waits
        // in the ring for a peer that does not read.
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | more;
        // More than that at once takes no kernel.
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let send = opcode::Send::new(Fd(fd), bytes.cast(), len).flags(flags).build();
        self.push(&send.user_data(Kind::Send.called(link)))
    }

    /// Ends an operation; it has its own last result.
    pub(super) fn cancel(&mut self, kind: Kind, link: u32) -> io::Result<()> {
        let cancel = opcode::AsyncCancel::new(kind.called(link)).build();
        self.push_cancel(cancel, link)
    }

    /// Ends all of them.
    pub(super) fn cancel_all(&mut self) -> io::Result<()> {
        self.push_cancel(opcode::AsyncCancel2::new(CancelBuilder::any()).build(), 0)
    }

    fn push_cancel(&mut self, cancel: squeue::Entry, link: u32) -> io::Result<()> {
        // Only that it came too late would be told.
        let cancel = cancel.flags(squeue::Flags::SKIP_SUCCESS);
        self.push(&cancel.user_data(Kind::Cancel.called(link)))
    }

    fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        // SAFETY: the only entry that names memory of ours is a send, and whoever asks for that answers
        // for it; buffers to receive into are the kernel's to choose, and `Buffers` answers for those.
        while unsafe { self.ring.submission().push(entry) }.is_err() {
            match self.ring.submit() {
                Ok(0) => return Err(io::ErrorKind::ResourceBusy.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Hands over what was asked for and waits for so many results; that the time is over, or that a
    /// signal came, ends the wait early.
    pub(super) fn enter(&mut self, want: usize, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(Timespec::from);
        let args = timeout.iter().fold(SubmitArgs::new(), |args, time| args.timespec(time));
        match self.ring.submitter().submit_with_args_and_flags(want, &args, self.flags) {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR | libc::ETIME) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Whether the kernel has everything that was asked for.
    pub(super) fn is_handed_over(&mut self) -> bool {
        self.ring.submission().is_empty()
    }

    /// The results that are there.
    pub(super) fn answers(&mut self) -> impl Iterator<Item = Answer> {
        self.ring.completion().map(|entry| {
            let kind = match entry.user_data() >> 32 {
                0 => Kind::Input,
                1 => Kind::Room,
                2 => Kind::Send,
                _ => Kind::Cancel,
            };
            let flags = entry.flags();
            Answer {
                kind,
                link: (entry.user_data() & 0xffff_ffff) as u32,
                result: entry.result(),
                buffer: cqueue::buffer_select(flags),
                goes_on: cqueue::more(flags),
            }
        })
    }
}
