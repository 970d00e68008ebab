//! A child by `fork`: what it takes over from its parent, and how it ends.
//!
//! ```text
//! parent   hold SIGINT, SIGTERM ── fork ── let them come ── pid
//!                                   │
//! child                             └─ ignore both ── die with the parent ── job ── _exit
//! ```
//!
//! The signals are held over the fork, so that none of them finds a child that still has its
//! parent's handlers.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

/// The status of a child whose job panicked: the one that Rust gives a program that panics.
const PANICKED: i32 = 101;
/// The status of a child that found its parent gone before it could begin.
const ORPHANED: i32 = 1;

/// Runs `job` in a forked child, which ends with it, and returns the child's id to the parent.
///
/// The child ignores SIGINT and SIGTERM (its parent decides when it ends), is killed when the
/// thread that forked it ends, and leaves by `_exit`: no destructor and no exit handler of the
/// parent runs a second time. A panic of the job stays in the child. What lies in the buffer of
/// the standard output is written before the fork, so that it does not come out twice.
pub(crate) fn fork(job: impl FnOnce()) -> io::Result<Pid> {
    // Nobody to tell: a standard output that is closed or full is its writer's concern.
    let _ = io::stdout().flush();
    let parent = getpid();
    let held = hold_signals()?;
    // SAFETY: the child goes on with a copy of this thread alone. It runs `job` and leaves by
    // `_exit`, so that it never returns into frames whose owners live in the parent. A lock that
    // another thread held at this moment stays locked in the child; that can stop the child,
    // which is why the callers ask for a parent with one thread, but it cannot break memory:
    // the C library keeps its own allocator whole over a fork.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        become_child(parent, &held, job);
    }
    let failure = io::Error::last_os_error();
    release_signals(&held);
    Pid::from_raw(pid).filter(|_| pid > 0).ok_or(failure)
}

fn become_child(parent: Pid, held: &libc::sigset_t, job: impl FnOnce()) -> ! {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: SIG_IGN is no function of ours; nothing is called when the signal comes.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    release_signals(held);
    let dies_with_parent = set_parent_process_death_signal(Some(Signal::KILL));
    // A parent that ended before the line above sends nothing any more: look for it.
    if dies_with_parent.is_err() || getppid() != Some(parent) {
        exit(ORPHANED);
    }
    let status = match catch_unwind(AssertUnwindSafe(job)) {
        Ok(()) => 0,
        Err(payload) => {
            // Its destructor could panic, with nobody left to catch that.
            std::mem::forget(payload);
            PANICKED
        }
    };
    // As above: the reader may be gone, and the job is done all the same.
    let _ = io::stdout().flush();
    exit(status)
}

fn exit(status: i32) -> ! {
    // SAFETY: `_exit` takes any status, runs nothing of this process and does not return.
    unsafe { libc::_exit(status) }
}

/// Blocks SIGINT and SIGTERM in this thread; the answer is the mask that was there before.
fn hold_signals() -> io::Result<libc::sigset_t> {
    let mut both = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set that the next three calls use, both signals
    // exist, and `pthread_sigmask` fills `before` when it answers zero, which is looked at.
    unsafe {
        libc::sigemptyset(both.as_mut_ptr());
        libc::sigaddset(both.as_mut_ptr(), libc::SIGINT);
        libc::sigaddset(both.as_mut_ptr(), libc::SIGTERM);
        match libc::pthread_sigmask(libc::SIG_BLOCK, both.as_ptr(), before.as_mut_ptr()) {
            0 => Ok(before.assume_init()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

fn release_signals(before: &libc::sigset_t) {
    // SAFETY: `before` came from `pthread_sigmask`, so that it is a mask that the call takes;
    // the old mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
}

/// The numbers of descriptors of which a forked child closes its copies.
#[derive(Debug)]
pub(crate) struct Copies(Vec<RawFd>);

impl Copies {
    /// Remembers what only the parent may hold.
    pub(crate) fn of(sources: &[impl AsFd]) -> Self {
        Self(sources.iter().map(|source| source.as_fd().as_raw_fd()).collect())
    }

    /// Closes the copies; to be called first thing in a child.
    pub(crate) fn close_in_child(&self) {
        for fd in &self.0 {
            // SAFETY: the owner of this number is a copy of the parent's memory, which the child
            // neither uses nor drops, because it leaves by `_exit`. Nothing has been opened in
            // the child yet, so that the number is still the one that was remembered.
            unsafe { libc::close(*fd) };
        }
    }
}
