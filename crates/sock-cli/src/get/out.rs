//! Out: a body on its way to standard output, as it is or as text.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::PIPE_BUF;
use sock::http::Sink;
use sock::{Error, ErrorKind};

use super::text::{Binary, Text};
use crate::signals::Signals;

/// Standard output, for one body.
pub(super) struct Out<'a> {
    how: How<'a>,
    signals: &'a Signals,
}

enum How<'a> {
    Raw,
    /// The media type is known when the body begins.
    Text(&'a RefCell<String>, Option<Text>),
}

impl<'a> Out<'a> {
    /// As it is: into a pipe or a file, or because the user says so.
    pub(super) fn raw(signals: &'a Signals) -> Self {
        Self { how: How::Raw, signals }
    }

    /// As text of this media type.
    pub(super) fn text(media: &'a RefCell<String>, signals: &'a Signals) -> Self {
        Self { how: How::Text(media, None), signals }
    }

    /// Writes what is left at the end.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match &mut self.how {
            How::Text(_, Some(text)) => write_all(text.end().as_bytes(), self.signals),
            How::Text(_, None) | How::Raw => Ok(()),
        }
    }
}

/// Whether somebody reads standard output as it comes.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard output is where bytes stay: not with somebody who reads, and may draw on the terminal.
pub(super) fn is_file() -> bool {
    let facts = rustix::fs::fstat(rustix::stdio::stdout());
    let kind = facts.map(|facts| rustix::fs::FileType::from_raw_mode(facts.st_mode));
    kind.is_ok_and(|kind| kind == rustix::fs::FileType::RegularFile)
}

/// Whether nobody reads standard output any more.
pub(super) fn is_unheard() -> bool {
    let stdout = rustix::stdio::stdout();
    let mut looked = [PollFd::from_borrowed_fd(stdout, PollFlags::empty())];
    // What cannot be asked has not gone.
    poll(&mut looked, Some(&Timespec::default())).is_ok()
        && looked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let How::Text(media, text) = &mut self.how else { return write(bytes, self.signals) };
        match text.get_or_insert_with(|| Text::new(&media.borrow())).piece(bytes) {
            Ok(text) => write_all(text.as_bytes(), self.signals)?,
            Err(Binary) => return Err(binary().into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Out<'_> {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        matches!(self.how, How::Raw).then(rustix::stdio::stdout)
    }
}

fn binary() -> Error {
    let text = "the body is no text, and would do to the terminal as it pleases";
    Error::new(ErrorKind::Other, text)
        .cure("write it to a file with -o FILE, or as it is with -o -")
}

/// A signal that comes just before a wait begins is seen so much later.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Writes what fits. Nobody may read it: a signal ends the wait.
fn write(bytes: &[u8], signals: &Signals) -> io::Result<usize> {
    let stdout = rustix::stdio::stdout();
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(stdout, PollFlags::OUT)], Some(&LOOK)) {
            Ok(1..) => {}
            Ok(0) | Err(Errno::INTR) if signals.came() => {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
            }
            Ok(0) | Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // So much a pipe that is ready takes without a wait.
        match rustix::io::write(stdout, &bytes[..bytes.len().min(PIPE_BUF)]) {
            Ok(n) => return Ok(n),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes all of it.
pub(super) fn write_all(mut bytes: &[u8], signals: &Signals) -> io::Result<()> {
    while !bytes.is_empty() {
        bytes = &bytes[write(bytes, signals)?..];
    }
    Ok(())
}
