//! No signal at a stop: who waits for tasks hears of their stops by waiting.
//!
//! Unless it is told otherwise, the kernel begins to send SIGCHLD at every stop of a traced task, only to find that nobody
//! wants it: 3 % of the time of a traced echo.

use std::mem::MaybeUninit;
use std::ptr;

/// While it lives, stops of children send no signal to a process that does nothing about SIGCHLD; their ends do.
pub(crate) struct QuietStops {
    before: Option<libc::sigaction>,
}

impl QuietStops {
    pub(crate) fn begin() -> Self {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: the kernel writes the whole of it where the call says so, and zeroes are a valid one otherwise. What is
        // set is what was there, with a flag more.
        unsafe {
            let is_known = libc::sigaction(libc::SIGCHLD, ptr::null(), action.as_mut_ptr()) == 0;
            let before = action.assume_init();
            if !is_known || before.sa_sigaction != libc::SIG_DFL {
                return Self { before: None };
            }
            let quiet =
                libc::sigaction { sa_flags: before.sa_flags | libc::SA_NOCLDSTOP, ..before };
            let is_set = libc::sigaction(libc::SIGCHLD, &raw const quiet, ptr::null_mut()) == 0;
            Self { before: is_set.then_some(before) }
        }
    }
}

impl Drop for QuietStops {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // SAFETY: `before` is what the kernel told when this began.
            let _ = unsafe { libc::sigaction(libc::SIGCHLD, before, ptr::null_mut()) };
        }
    }
}
