//! Standard input and output as one stream socket, so that an engine can drive them.
//!
//! What the program inherited may be a file, a pipe or a terminal, and others may share it: it is
//! never made non-blocking. So two threads stand between it and a socket pair, whose other end the
//! engine holds; the pair's two buffers pass back-pressure on.
//!
//! ```text
//!   stdin  --read---> translate --write--+
//!                                        | pair ---- engine ---- peer
//!   stdout <--write-- show <----read-----+
//! ```

mod hex;
mod input;
mod output;
mod terminal;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use anyhow::Result;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};
use sock::Stop;

pub(crate) use self::input::Typed;
use self::output::Show;
pub(crate) use self::terminal::{Console, Legible, Printer, Taken};
use crate::ending::Last;
use crate::signals::Signals;

/// How standard input and output are used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Use {
    /// How what is typed becomes what is sent.
    pub(crate) typed: Typed,
    /// Standard input is left alone.
    pub(crate) ignores_input: bool,
    /// What arrives is shown as a hex dump.
    pub(crate) hex: bool,
}

/// Both streams, and what became of them.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Inner>);

struct Inner {
    how: Use,
    console: Mutex<Option<Console>>,
    printer: Option<Printer>,
    stop: Stop,
    signals: Signals,
    last: Last,
    output: Mutex<Option<JoinHandle<()>>>,
    outcome: Mutex<Outcome>,
}

/// What happened to the streams.
#[derive(Debug, Default)]
struct Outcome {
    /// Nobody reads standard output any more.
    is_unheard: bool,
    failure: Option<anyhow::Error>,
}

impl Streams {
    /// The streams of this program; with a console, lines are edited there. `last` knows who ended
    /// the conversation.
    pub(crate) fn new(
        how: Use,
        console: Option<Console>,
        stop: &Stop,
        signals: &Signals,
        last: &Last,
    ) -> Self {
        let printer = console.as_ref().map(Console::printer);
        Self(Arc::new(Inner {
            how,
            console: Mutex::new(console),
            printer,
            stop: stop.clone(),
            signals: signals.clone(),
            last: last.clone(),
            output: Mutex::default(),
            outcome: Mutex::default(),
        }))
    }

    /// What an engine asks for them.
    pub(crate) fn as_socket(&self) -> sock::Stdio {
        let streams = self.clone();
        sock::Stdio::new(move || streams.open())
    }

    /// Waits until everything that came was written, and tells whether somebody reads it.
    ///
    /// # Errors
    ///
    /// One of the streams failed in another way.
    pub(crate) fn finish(&self) -> Result<Heard> {
        let output = lock(&self.0.output).take();
        if let Some(output) = output {
            // A panic of the thread was told when it happened.
            let _ = output.join();
        }
        let mut outcome = lock(&self.0.outcome);
        match outcome.failure.take() {
            Some(failure) => Err(failure),
            None if outcome.is_unheard => Ok(Heard::No),
            None => Ok(Heard::Yes),
        }
    }

    fn open(&self) -> io::Result<OwnedFd> {
        let (theirs, ours) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        let ours = Arc::new(ours);
        let show = match (&self.0.printer, self.0.how.hex) {
            (Some(printer), hex) => Show::on_console(printer.clone(), hex),
            (None, hex) => Show::on_stdout(hex),
        };
        if !self.0.how.ignores_input {
            let (streams, pair) = (self.clone(), Arc::clone(&ours));
            // Not waited for: it may sit in a read that nothing ends.
            Builder::new().name("stdin".to_owned()).spawn(move || streams.pump_in(&pair))?;
        }
        let streams = self.clone();
        let output = Builder::new()
            .name("stdout".to_owned())
            .spawn(move || streams.pump_out(&ours, show))?;
        *lock(&self.0.output) = Some(output);
        Ok(theirs)
    }

    fn pump_in(&self, pair: &OwnedFd) {
        let console = lock(&self.0.console).take();
        let pumped = match console {
            Some(console) => match console.pump(self.0.how.typed, pair) {
                Ok(terminal::Left::Ended) => Ok(()),
                Ok(terminal::Left::Interrupted) => {
                    self.0.signals.interrupt(&self.0.stop);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            None => input::pump(self.0.how.typed, pair),
        };
        if let Err(error) = pumped {
            lock(&self.0.outcome).failure.get_or_insert(error);
        }
        end_input(pair);
    }

    fn pump_out(&self, pair: &OwnedFd, mut show: Show) {
        match output::pump(pair, &mut show) {
            Ok(()) => {}
            Err(error) => {
                let mut outcome = lock(&self.0.outcome);
                if error.kind() == io::ErrorKind::BrokenPipe {
                    outcome.is_unheard = true;
                } else {
                    let error = anyhow::Error::new(error).context("cannot write to stdout");
                    outcome.failure.get_or_insert(error);
                }
                // As the writer of a pipe dies: the peer may be silent for ever, and send for ever.
                self.0.stop.ask();
                self.0.stop.ask();
            }
        }
        show.close(self.0.last.waits_for_us());
        if self.0.how.ignores_input {
            end_input(pair);
        }
    }
}

/// Whether somebody read what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Yes,
    No,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("how", &self.0.how).finish_non_exhaustive()
    }
}

/// Passes the end of standard input on.
fn end_input(pair: &OwnedFd) {
    // The engine may have let go of its end, which is an end as well.
    let _ = shutdown(pair, Shutdown::Write);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
