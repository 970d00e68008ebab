//! A descriptor to write to, whoever else has it and however it is set.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Writes to a descriptor without a buffer, and waits where that would block.
///
/// A descriptor that was inherited may have been made non-blocking by whoever shares it; this one neither loses
/// anything then nor changes what others see.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use sock::observe::Descriptor;
///
/// let (mut reader, writer) = std::io::pipe()?;
/// Descriptor::new(writer).write_all(b"one line\n")?;
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "one line\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Descriptor<D>(D);

impl<D: AsFd> Descriptor<D> {
    /// Writes to `fd`.
    pub fn new(fd: D) -> Self {
        Self(fd)
    }
}

impl<D: AsFd> io::Write for Descriptor<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.0, bytes) {
                Ok(n) => return Ok(n),
                Err(Errno::AGAIN) => wait(&self.0)?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wait(fd: &impl AsFd) -> io::Result<()> {
    match poll(&mut [PollFd::new(fd, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
