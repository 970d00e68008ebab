//! From the pair to standard output: read, show, and close at once when the peer has ended.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read, write};

use super::hex::Dump;
use super::terminal::{Legible, Printer};

/// How much is moved at once: what a pipe holds, and more than any datagram.
pub(super) const PIECE: usize = 64 * 1024;

/// Where what arrives is shown, and how.
#[derive(Debug)]
pub(super) struct Show {
    to: To,
    dump: Option<Dump>,
}

#[derive(Debug)]
enum To {
    Stdout,
    Console(Printer, Legible),
}

impl Show {
    pub(super) fn on_stdout(hex: bool) -> Self {
        Self { to: To::Stdout, dump: hex.then(Dump::default) }
    }

    pub(super) fn on_console(printer: Printer, hex: bool) -> Self {
        Self { to: To::Console(printer, Legible::default()), dump: hex.then(Dump::default) }
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        let dumped = self.dump.as_mut().map(|dump| dump.lines(bytes));
        let bytes = dumped.as_deref().map_or(bytes, str::as_bytes);
        match &mut self.to {
            To::Stdout => write_all(bytes),
            To::Console(printer, legible) => {
                printer.print(legible.piece(bytes));
                Ok(())
            }
        }
    }

    /// Nothing more will come: whoever reads our output learns it now, and whoever types that it is
    /// for them to end, where the conversation `waits_for_us`.
    pub(super) fn close(&mut self, waits_for_us: bool) {
        match &mut self.to {
            To::Stdout => close_stdout(),
            To::Console(printer, legible) => {
                printer.print(legible.end());
                if waits_for_us {
                    printer.print("the peer has ended; Ctrl-D ends this side\n".to_owned());
                }
            }
        }
    }
}

/// Shows what arrives until the engine ends it.
pub(super) fn pump(pair: &OwnedFd, show: &mut Show) -> io::Result<()> {
    let mut buf = vec![0; PIECE];
    loop {
        match read(pair, &mut buf[..]) {
            // A reset says that the engine let go of its end while something of ours waited there.
            Ok(0) | Err(Errno::CONNRESET) => return Ok(()),
            Ok(n) => show.piece(&buf[..n])?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(rustix::stdio::stdout(), bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for(rustix::stdio::stdout(), PollFlags::OUT)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until a descriptor that does not block by itself is ready.
pub(super) fn wait_for(fd: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(fd, what)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Lets go of standard output while the program lives on. Its number stays taken, so that nothing
/// that is opened later is written to by mistake.
fn close_stdout() {
    let nothing = std::fs::OpenOptions::new().write(true).open("/dev/null");
    // Without /dev/null the end is seen when the program ends, and nothing is lost.
    let _ = nothing.map(|nothing| rustix::stdio::dup2_stdout(&nothing));
}
