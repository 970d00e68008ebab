//! A program that is traced from its first instruction.
//!
//! ```text
//! tracer   fork ── seize ── write to `go` ───────────────── wait: it stops at exec
//!            │                  │
//! child      └─ read from `go` ─┴─ filter ── exec ── the program
//! ```
//!
//! The child waits on a pipe and not in a stop: a stop by SIGSTOP would leave a trace in its signals. If the tracer dies
//! meanwhile, the pipe ends and the child with it.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::inherited::{closed, ignores_sigpipe};
use super::{Tid, seize};

/// A program on its way.
pub(crate) struct Child {
    pub(crate) pid: Tid,
    /// Holds what failed and the errno where it could not become the program.
    failed: File,
}

/// Why a child never became the program.
pub(crate) enum Failure {
    /// It may have no filter.
    Filter(io::Error),
    /// There is no such program, or it cannot be run.
    Exec(io::Error),
}

impl Child {
    /// Why it never became the program; to be asked once it has ended. None if it did.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        let mut words = [0; 8];
        self.failed.read_exact(&mut words).ok()?;
        let number = u64::from_ne_bytes(words);
        let error = io::Error::from_raw_os_error(i32::try_from(number & !FILTER).ok()?);
        Some(if number & FILTER == 0 { Failure::Exec(error) } else { Failure::Filter(error) })
    }
}

/// What Rust's runtime has changed, as it was.
struct Found {
    /// Standard streams, a bit each.
    closed: u8,
    ignores_sigpipe: bool,
}

/// Starts a program under `filter`, traced, that may have so many `files`.
///
/// # Errors
///
/// The system gives no process, or does not let it be traced; nothing is left behind.
pub(crate) fn spawn(
    argv: &[CString],
    filter: &[libc::sock_filter],
    files: &Rlimit,
) -> io::Result<Child> {
    let (wait_for, go) = pipe_with(PipeFlags::CLOEXEC)?;
    let (failed, fail) = pipe_with(PipeFlags::CLOEXEC)?;
    // Everything is made ready before the fork: the child may only make system calls.
    let mut pointers: Vec<*const libc::c_char> = argv.iter().map(|word| word.as_ptr()).collect();
    pointers.push(ptr::null());
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: filter.as_ptr().cast_mut(),
    };
    let found = Found { closed: closed(), ignores_sigpipe: ignores_sigpipe() };
    // SAFETY: the child makes system calls only (`become_program` allocates nothing and takes no lock) and ends by
    // exec or `_exit`; all memory that it reads was made before.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: as above; `pointers` ends with a null pointer.
        unsafe { become_program(&pointers, &program, &found, &wait_for, &go, &fail) };
    }
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    drop((wait_for, fail));
    let limited = prlimit(Pid::from_raw(pid), Resource::Nofile, *files);
    let begun = limited.map_err(io::Error::from).and_then(|_| seize(pid));
    let begun = begun.and_then(|()| File::from(go).write_all(b"!"));
    if let Err(error) = begun {
        // The pipe has ended, and so does the child.
        let mut status = 0;
        // SAFETY: `status` lives over the call; the child is ours.
        let _ = unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) };
        return Err(error);
    }
    Ok(Child { pid, failed: File::from(failed) })
}

/// # Safety
///
/// Runs in a child that was forked and has one thread; `argv` ends with a null pointer.
unsafe fn become_program(
    argv: &[*const libc::c_char],
    program: &libc::sock_fprog,
    found: &Found,
    wait_for: &OwnedFd,
    go: &OwnedFd,
    fail: &OwnedFd,
) -> ! {
    let (wait_for, go, fail) = (wait_for.as_raw_fd(), go.as_raw_fd(), fail.as_raw_fd());
    let mut word = 0_u8;
    // SAFETY: only system calls, with pointers to memory that lives until the end of the process.
    unsafe {
        // Everything else is as it was when we were started.
        let default = if found.ignores_sigpipe { libc::SIG_IGN } else { libc::SIG_DFL };
        libc::signal(libc::SIGPIPE, default);
        for fd in (0..3).filter(|fd| found.closed & (1 << fd) != 0) {
            libc::close(fd);
        }
        // Its own copy would keep the pipe from ending with the tracer.
        libc::close(go);
        loop {
            match libc::read(wait_for, (&raw mut word).cast(), 1) {
                1 => break,
                -1 if *libc::__errno_location() == libc::EINTR => {}
                _ => libc::_exit(ABANDONED),
            }
        }
        if install(program) < 0 {
            // Without privileges the kernel asks for the promise never to gain any, which ends setuid programs:
            // so it is made only where it is asked for.
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if install(program) < 0 {
                give_up(fail, FILTER);
            }
        }
        libc::execvp(argv[0], argv.as_ptr());
        give_up(fail, 0)
    }
}

/// # Safety
///
/// As [`become_program`].
unsafe fn install(program: &libc::sock_fprog) -> libc::c_long {
    // SAFETY: the kernel reads the program, which lives in memory that the fork copied.
    unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, ptr::from_ref(program))
    }
}

/// # Safety
///
/// As [`become_program`].
unsafe fn give_up(fail: RawFd, what: u64) -> ! {
    // SAFETY: only system calls; eight bytes of a word that lives over the call.
    unsafe {
        let word = what | u64::from((*libc::__errno_location()).unsigned_abs());
        libc::write(fail, (&raw const word).cast(), 8);
        libc::_exit(ABANDONED)
    }
}

/// Beside an errno: it was the filter that failed. No errno is so large.
const FILTER: u64 = 1 << 32;

/// The status of a child that never became the program; its pipe says why.
const ABANDONED: i32 = 127;
