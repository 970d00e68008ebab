//! Who asks for an end, and how the programs hear of it.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use sock_trace::Control;

use crate::signals::ignores;

/// The signals that asked for an end so far.
#[derive(Debug, Default)]
pub(super) struct Asked {
    heard: Mutex<Heard>,
    bell: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Heard {
    latest: i32,
    count: u32,
}

impl Asked {
    /// The latest of them; 0: none came.
    pub(super) fn latest(&self) -> i32 {
        self.heard().latest
    }

    /// How many came.
    pub(super) fn count(&self) -> u32 {
        self.heard().count
    }

    /// Waits so long, or until the next one comes.
    pub(super) fn rest(&self, time: Duration) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.count;
        // Whichever it was, who waits looks for himself.
        let _ = self.bell.wait_timeout_while(heard, time, |heard| heard.count == before);
    }

    fn heard(&self) -> Heard {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, signal: i32) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        *heard = Heard { latest: signal, count: heard.count + 1 };
        self.bell.notify_all();
    }
}

/// Hands signals on to the programs; those that the terminal sends reach them without us. Those that ask for an end are
/// told to `asked`.
pub(super) fn watch(control: Control, asked: Arc<Asked>) -> Result<Handle> {
    // What we were started to ignore, the programs ignore as well.
    let heard = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|signal| !ignores(*signal));
    let mut signals = Signals::new(heard)?;
    let handle = signals.handle();
    std::thread::Builder::new().name("sock-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // A program may do anything with this one, and go on: it is no wish that it end.
            if signal != SIGQUIT {
                asked.hear(signal);
            }
            match signal {
                SIGQUIT if is_in_front() => {}
                SIGQUIT => control.pass(SIGQUIT),
                // Who is asked a second time does not ask any more.
                _ if asked.count() > 1 => control.signal(rustix::process::Signal::KILL.as_raw()),
                SIGTERM => control.signal(SIGTERM),
                SIGINT | SIGHUP if is_in_front() => control.close(),
                other => control.signal(other),
            }
        }
    })?;
    Ok(handle)
}

/// Whether the terminal sends its signals to our process group.
fn is_in_front() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}
