//! What this program was started with, as it was before Rust's runtime changed it.
//!
//! The runtime opens `/dev/null` in place of standard streams that are closed, and ignores SIGPIPE. A traced program is
//! to find what its tracer found, so that is looked at before the runtime begins: what stands in `.init_array` is called
//! before `main` (System V ABI, "Initialization and Termination Functions").

use std::mem;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use rustix::fs::{fstat, major, minor};

static CLOSED: AtomicU8 = AtomicU8::new(0);
static IGNORES_SIGPIPE: AtomicBool = AtomicBool::new(false);

#[used]
// SAFETY: the section holds pointers to functions that take nothing they look at; `look` makes system calls only.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    for fd in 0..3 {
        // SAFETY: asks about a number, whatever it stands for.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            CLOSED.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
    // SAFETY: all zeros are a `sigaction`, which lives over the call that fills it in; nothing is changed.
    let (asked, action) = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        (libc::sigaction(libc::SIGPIPE, ptr::null(), &raw mut action), action)
    };
    IGNORES_SIGPIPE.store(asked == 0 && action.sa_sigaction == libc::SIG_IGN, Ordering::Relaxed);
}

/// Whether we were started to ignore SIGPIPE.
pub(super) fn ignores_sigpipe() -> bool {
    IGNORES_SIGPIPE.load(Ordering::Relaxed)
}

/// Which of the standard streams were closed when we were started, and are nothing but the runtime's since: a bit each.
pub(super) fn closed() -> u8 {
    let stands_in = |fd: &i32| {
        // SAFETY: the number is only borrowed for a question about it; whoever closes it meanwhile makes that fail.
        let fd = unsafe { BorrowedFd::borrow_raw(*fd) };
        fstat(fd).is_ok_and(|stat| (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3))
    };
    let closed = CLOSED.load(Ordering::Relaxed);
    (0..3).filter(|fd| closed & (1 << fd) != 0 && stands_in(fd)).map(|fd| 1 << fd).sum()
}
