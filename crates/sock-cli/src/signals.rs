//! Signals: SIGINT and SIGTERM ask a run to stop, and which of them came is remembered.
//!
//! A handler writes a byte to the run's stop, whose descriptor every engine waits on: there is no
//! thread, which a forking server could not have.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};
use sock::Stop;

use crate::status::Status;

/// What was caught so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<AtomicUsize>);

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
        for signal in [SIGINT, SIGTERM] {
            let number = usize::try_from(signal)?;
            flag::register_usize(signal, Arc::clone(&signals.0), number)?;
            for _ in 0..times {
                let bell: OwnedFd = stop.descriptor().try_clone_to_owned()?;
                pipe::register(signal, bell)?;
            }
        }
        Ok(signals)
    }

    /// As if the user had typed Ctrl-C where the terminal sends no signal for it.
    pub(crate) fn interrupt(&self, stop: &Stop) {
        self.0.store(usize::try_from(SIGINT).unwrap_or_default(), Ordering::Relaxed);
        stop.ask();
        stop.ask();
    }

    /// The status of a program that one of them ended.
    pub(crate) fn caught(&self) -> Option<Status> {
        let number = i32::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|n| *n != 0);
        number.map(Status::Signal)
    }
}
