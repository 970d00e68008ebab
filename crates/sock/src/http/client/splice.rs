//! Splice: from a socket to a file, a pipe or a device within the kernel (`splice(2)`), which needs a pipe in
//! between.
//!
//! Half of what a client's processor does otherwise is to copy what nobody looks at. Most of the other half is
//! to be woken for every packet, and so the kernel is asked to wake us for a pipe full of them (`SO_RCVLOWAT`,
//! which `poll(2)` heeds), or after a moment for what has come by then.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::body::Side;
use super::wire::{self, Wire, silent};
use crate::http::Sink;
use crate::{Error, Result};

/// What lies in the pipe at most: the most that everybody may ask for (`/proc/sys/fs/pipe-max-size`).
const ROOM: usize = 1 << 20;

/// What is waited for: enough for few calls, and half of what the kernel can still receive meanwhile.
const ENOUGH: usize = ROOM / 2;

/// How long it is waited for: a person sees the progress of a slow server.
const MOMENT: Duration = Duration::from_millis(100);

/// What one step has done.
pub(super) enum Moved {
    /// Bytes were moved.
    Some,
    /// The peer's end has come.
    End,
    /// What this leads to cannot be spliced into; what was under way has been written.
    Refused,
}

/// The pipe behind a wire.
pub(super) struct Pipe {
    read: File,
    write: OwnedFd,
    /// How much there has to be before we are woken.
    enough: usize,
}

impl Pipe {
    /// A pipe behind a wire that is [bare](Wire::bare).
    pub(super) fn behind(wire: &Wire) -> Result<Self> {
        // A splice waits as its socket does.
        wire.socket().set_nonblocking(true)?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        // A smaller one needs more calls, and nothing else.
        let _ = fcntl_setpipe_size(&write, ROOM);
        Ok(Self { read: File::from(read), write, enough: 1 })
    }

    /// Makes the wire as it was.
    pub(super) fn leave(mut self, wire: &Wire) {
        self.wake_at(wire, 1);
    }

    /// Moves what is there, up to `left` bytes, once something is there; counts what has arrived.
    pub(super) fn step(
        &mut self,
        wire: &mut Wire,
        left: Option<u64>,
        to: &mut dyn Sink,
        limit: Duration,
        moved: &mut u64,
    ) -> std::result::Result<Moved, Side> {
        let most = left.and_then(|left| usize::try_from(left).ok()).unwrap_or(ROOM).min(ROOM);
        let mut held = self.fill(wire, most, limit).map_err(Side::Theirs)?;
        if held == 0 {
            return Ok(Moved::End);
        }
        while held > 0 {
            let Some(out) = to.descriptor() else { break };
            match splice(&self.read, None, out, None, held, SpliceFlags::MOVE) {
                Ok(n) => {
                    held -= n;
                    *moved += n as u64;
                    to.moved(n as u64).map_err(Side::Ours)?;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let run = wire.run();
                    wire::wait(out, PollFlags::OUT, Duration::MAX, run).map_err(Side::Ours)?;
                }
                // No such file can be spliced into: one that is appended to, a terminal.
                Err(Errno::INVAL) => break,
                Err(errno) => return Err(Side::Ours(errno.into())),
            }
        }
        if held == 0 {
            return Ok(Moved::Some);
        }
        let mut piece = vec![0; held];
        let write = |error: std::io::Error| Side::Ours(error.into());
        self.read.read_exact(&mut piece).map_err(write)?;
        to.write_all(&piece).map_err(write)?;
        *moved += held as u64;
        to.moved(held as u64).map_err(Side::Ours)?;
        Ok(Moved::Refused)
    }

    /// Takes from the socket; nothing at its end.
    fn fill(&mut self, wire: &mut Wire, most: usize, limit: Duration) -> Result<usize> {
        if let Some(error) = wire.failed.take() {
            return Err(error);
        }
        if wire.is_ended {
            return Ok(0);
        }
        self.wake_at(wire, most.min(ENOUGH));
        wire.wait(MOMENT.min(limit))?;
        loop {
            let Some(socket) = wire.bare() else { return Ok(0) };
            let taken = splice(socket.as_fd(), None, &self.write, None, most, SpliceFlags::MOVE);
            drop(socket);
            match taken {
                Ok(n) => {
                    wire.passed(n as u64);
                    return Ok(n);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.wake_at(wire, 1);
                    if !wire.wait(limit)? {
                        return Err(silent(limit));
                    }
                }
                Err(errno) => return Err(Error::from_errno("recv", errno.raw_os_error())),
            }
        }
    }

    /// From now on so many bytes have to be there before a wait ends.
    fn wake_at(&mut self, wire: &Wire, enough: usize) {
        if self.enough != enough {
            self.enough = enough;
            // Where the system has no such thing, we are woken more often.
            let _ = wire.socket().set_option(libc::SOL_SOCKET, libc::SO_RCVLOWAT, count(enough));
        }
    }
}

fn count(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}
