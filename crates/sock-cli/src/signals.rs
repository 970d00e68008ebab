//! Signals: SIGINT, SIGTERM and SIGHUP ask a run to stop, and which of them came is remembered.
//!
//! A handler writes a byte to the run's stop, whose descriptor every engine waits on: there is no
//! thread, which a forking server could not have.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, low_level::pipe};
use sock::Stop;

use crate::status::Status;

/// What was caught so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    /// The number of the last one; 0: none.
    caught: Arc<AtomicUsize>,
    /// The run is over: the next one ends the program as if nobody had asked for it.
    is_over: Arc<AtomicBool>,
}

impl Signals {
    /// The first signal asks politely, the second one for good.
    pub(crate) fn ask(stop: &Stop) -> Result<Self> {
        Self::register(stop, 1)
    }

    /// The first signal ends the run for good: who talks by hand has nothing to finish.
    pub(crate) fn end(stop: &Stop) -> Result<Self> {
        Self::register(stop, 2)
    }

    fn register(stop: &Stop, times: usize) -> Result<Self> {
        let signals = Self::default();
        for signal in heeded() {
            let number = usize::try_from(signal)?;
            flag::register_conditional_default(signal, Arc::clone(&signals.is_over))?;
            flag::register_usize(signal, Arc::clone(&signals.caught), number)?;
            for _ in 0..times {
                let bell: OwnedFd = stop.descriptor()?.try_clone_to_owned()?;
                pipe::register(signal, bell)?;
            }
        }
        Ok(signals)
    }

    /// As if the user had typed Ctrl-C where the terminal sends no signal for it.
    pub(crate) fn interrupt(&self, stop: &Stop) {
        self.caught.store(usize::try_from(SIGINT).unwrap_or_default(), Ordering::Relaxed);
        stop.ask();
        stop.ask();
    }

    /// Whether one was caught.
    pub(crate) fn came(&self) -> bool {
        self.caught.load(Ordering::SeqCst) != 0
    }

    /// The run is over: the status of a program that a signal ended, or none. What is left to write
    /// may have no reader, so that from now on a signal has its way at once.
    pub(crate) fn leave(&self) -> Option<Status> {
        self.is_over.store(true, Ordering::SeqCst);
        let number = i32::try_from(self.caught.load(Ordering::SeqCst)).ok().filter(|n| *n != 0);
        number.map(Status::Signal)
    }
}

/// Has each signal that asks a run to stop ring this bell as well, by a byte.
pub(crate) fn ring(bell: &OwnedFd) -> Result<()> {
    for signal in heeded() {
        pipe::register(signal, bell.try_clone()?)?;
    }
    Ok(())
}

/// The signals that ask a run to stop.
fn heeded() -> impl Iterator<Item = i32> {
    let hangup = (!ignores(SIGHUP)).then_some(SIGHUP);
    [SIGINT, SIGTERM].into_iter().chain(hangup)
}

/// Lets a file that may not become larger (`ulimit -f`) be an error of the write like a full disk, and not
/// the end of the program.
pub(crate) fn outlive_limits() {
    // The flag is nobody's; without a handler such a write would end the program as it does by default.
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// Whether we were started to ignore the signal, as `nohup` does, and so are to live on.
pub(crate) fn ignores(signal: i32) -> bool {
    // proc_pid_status(5): a mask in hexadecimal digits, whose lowest bit is signal 1.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
