//! Eager: writes to a descriptor only what it takes at once.
//!
//! Who forks has one thread, and that one serves: it must not wait for a reader. But the descriptor is shared with
//! others and stays blocking, and "it is writable" may be true for one of several processes only. So a pipe or a
//! socket is asked to take the text or refuse it in one call (`RWF_NOWAIT`, `readv(2)`). What does not know that
//! call, such as a terminal or an older kernel's pipe, is asked first whether it is writable.

use std::io::{self, IoSlice};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, ReadWriteFlags, pwritev2, write};

/// What a descriptor took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    All,
    /// So much, and then no more: at a pipe, none of a text that is no longer than `PIPE_BUF`.
    Part(usize),
}

/// Writes without waiting.
#[derive(Debug)]
pub(super) struct Eager<D> {
    fd: D,
    /// Whether the kernel may be asked not to wait; a disk is always waited for, and is never long.
    asks: bool,
}

/// Any descriptor, for whoever keeps it in a box.
pub(super) trait Write: Send {
    /// Writes what can be written at once.
    fn write(&mut self, text: &[u8]) -> io::Result<Took>;
}

impl<D: AsFd> Eager<D> {
    pub(super) fn new(fd: D) -> Self {
        let kind = fstat(&fd).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let asks = matches!(kind, Ok(FileType::Fifo | FileType::Socket));
        Self { fd, asks }
    }

    fn write_some(&mut self, text: &[u8]) -> Result<usize, Errno> {
        if self.asks {
            // An offset of -1 is the descriptor's own.
            match pwritev2(&self.fd, &[IoSlice::new(text)], u64::MAX, ReadWriteFlags::NOWAIT) {
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => self.asks = false,
                took => return took,
            }
        }
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut [PollFd::new(&self.fd, PollFlags::OUT)], Some(&now))? {
            0 => Err(Errno::AGAIN),
            _ => write(&self.fd, text),
        }
    }
}

impl<D: AsFd + Send> Write for Eager<D> {
    fn write(&mut self, text: &[u8]) -> io::Result<Took> {
        let mut at = 0;
        while at < text.len() {
            match self.write_some(&text[at..]) {
                Ok(n) => at += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Took::Part(at)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Took::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_takes_a_line_or_none_of_it() -> io::Result<()> {
        let (reader, writer) = io::pipe()?;
        let mut eager = Eager::new(writer);
        assert!(eager.asks);
        let line = [b'x'; 4000];
        let mut lines = 0;
        while eager.write(&line)? == Took::All {
            lines += 1;
        }
        assert_eq!(eager.write(&line)?, Took::Part(0));
        let mut buf = vec![0; line.len()];
        for _ in 0..lines {
            assert_eq!(rustix::io::read(&reader, &mut buf)?, line.len());
        }
        assert_eq!(eager.write(&line)?, Took::All);
        drop(reader);
        assert_eq!(eager.write(&line).map_err(|e| e.kind()), Err(io::ErrorKind::BrokenPipe));
        Ok(())
    }
}
