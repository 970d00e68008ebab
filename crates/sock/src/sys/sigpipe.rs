//! A system call that would raise SIGPIPE, without it: sendfile(2) takes no `MSG_NOSIGNAL`.

use std::mem::MaybeUninit;
use std::ptr;

use rustix::io::{Errno, Result};

/// Runs `call` with SIGPIPE held back in this thread, and drops the one that it raised.
pub(crate) fn without_sigpipe<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut pipe = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    let mut pending = MaybeUninit::uninit();
    // SAFETY: each set is written by the first call that gets it and read by later ones only; the
    // mask is this thread's own. None of these calls fails with a valid set and signal.
    let was_pending = unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        libc::sigpending(pending.as_mut_ptr());
        libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    };
    let result = call();
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the sets are initialized above. A SIGPIPE that was pending before is not ours to take.
    unsafe {
        if matches!(result, Err(Errno::PIPE)) && !was_pending {
            libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &raw const at_once);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
    }
    result
}
