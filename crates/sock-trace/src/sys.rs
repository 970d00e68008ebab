//! The system calls that no kept crate offers: the only unsafe code of this crate.
#![allow(unsafe_code, reason = "the one place of this crate that may; see ARCHITECTURE.md")]

mod again;
mod alarm;
mod ask;
mod inherited;
mod quiet;
mod spawn;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::ptr;

pub(crate) use self::again::{Place, call_again, fail_after_all, give_fourth, is_at};
pub(crate) use self::alarm::{Alarm, Waker};
pub(crate) use self::ask::{Counts, kernel_counts, out_queue, tcp_facts};
pub(crate) use self::quiet::QuietStops;
pub(crate) use self::spawn::{Child, Failure, spawn};
use libc::{c_int, c_long, pid_t};

/// A task of the system: a thread, by its number.
pub(crate) type Tid = i32;

/// What a wait found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// A task is over, by its own will with this status.
    Exited(Tid, i32),
    /// A task is over, by this signal.
    Killed(Tid, i32),
    /// A task has stopped, and waits to be let go.
    Stopped(Tid, Stop),
    /// A signal came: the time is over.
    Interrupted,
    /// There is nobody left.
    Nobody,
}

/// Why a task stopped: ptrace(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is about to make a call that the filter traces.
    Entry,
    /// The call that it was let into has returned.
    Exit,
    /// It made this new task.
    Born(Tid),
    /// It has become another program; once it was called so.
    Became(Tid),
    /// It is about to end, of this signal or (0) by itself, and still has everything.
    Dying(i32),
    /// A stopping signal holds its whole group.
    Group,
    /// It has just been born, or was let go from a group stop.
    Fresh,
    /// This signal is about to reach it.
    Signal(i32),
}

/// A call as the kernel describes it at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Info {
    /// On the way in.
    Entry { arch: u32, nr: u64, args: [u64; 6] },
    /// On the way out; a failure is the negative errno.
    Exit { ret: i64, place: Place },
}

/// `struct ptrace_syscall_info` of linux/ptrace.h, in words; the C library of musl does not have it.
const INFO_WORDS: usize = 11;
const GET_SYSCALL_INFO: libc::c_uint = 0x420e;
const INFO_EXIT: u64 = 2;
const INFO_SECCOMP: u64 = 3;

/// Everything that is followed; and nothing outlives the tracer.
const OPTIONS: c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_EXITKILL;

/// Waits until a task that this thread traces, or made, has something to say.
pub(crate) fn wait() -> io::Result<Waited> {
    let mut status = 0;
    // Only this thread's own: the program around may have children of its own.
    let which = libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: `status` lives over the call, which writes one int to it.
    let tid = unsafe { libc::waitpid(-1, &raw mut status, which) };
    if tid < 0 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::EINTR) => Ok(Waited::Interrupted),
            Some(libc::ECHILD) => Ok(Waited::Nobody),
            _ => Err(error),
        };
    }
    Ok(if libc::WIFEXITED(status) {
        Waited::Exited(tid, libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Waited::Killed(tid, libc::WTERMSIG(status))
    } else {
        Waited::Stopped(tid, stop(tid, status))
    })
}

fn stop(tid: Tid, status: c_int) -> Stop {
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => Stop::Exit,
        0 => Stop::Signal(signal),
        libc::PTRACE_EVENT_SECCOMP => Stop::Entry,
        libc::PTRACE_EVENT_EXEC => Stop::Became(message(tid)),
        // What comes with it is a status as of wait(2).
        libc::PTRACE_EVENT_EXIT => Stop::Dying(message(tid) & 0x7f),
        libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Fresh,
        libc::PTRACE_EVENT_STOP => Stop::Group,
        _ => Stop::Born(message(tid)),
    }
}

/// The number that came with an event, of a task.
fn message(tid: Tid) -> Tid {
    let mut message: libc::c_ulong = 0;
    let to = (&raw mut message).cast();
    // SAFETY: the kernel writes one unsigned long, which lives over the call.
    let _ = unsafe { request(libc::PTRACE_GETEVENTMSG, tid, ptr::null_mut(), to) };
    Tid::try_from(message).unwrap_or_default()
}

/// Traces a task that waits to be traced.
pub(crate) fn seize(tid: Tid) -> io::Result<()> {
    let options = ptr::without_provenance_mut(usize::try_from(OPTIONS).unwrap_or_default());
    // SAFETY: the request takes its options by value and reads no memory.
    unsafe { request(libc::PTRACE_SEIZE, tid, ptr::null_mut(), options) }.map(drop)
}

/// How a task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    /// To the next stop of its own.
    On,
    /// To the end of the call that it is in.
    ToExit,
    /// Nowhere: it stays stopped with its group, and is told of the group's end.
    Stay,
}

/// Lets a stopped task go, with a signal or without (0).
pub(crate) fn go(tid: Tid, how: Go, signal: i32) -> io::Result<()> {
    let what = match how {
        Go::On => libc::PTRACE_CONT,
        Go::ToExit => libc::PTRACE_SYSCALL,
        Go::Stay => libc::PTRACE_LISTEN,
    };
    let signal = ptr::without_provenance_mut(usize::try_from(signal).unwrap_or_default());
    // SAFETY: these requests take the signal by value and touch no memory of ours.
    match unsafe { request(what, tid, ptr::null_mut(), signal) } {
        // It was killed while it was stopped: the next wait tells.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other.map(drop),
    }
}

/// The call at whose entry or exit a task is stopped; none where it is gone.
pub(crate) fn info(tid: Tid) -> Option<Info> {
    let mut words = [0_u64; INFO_WORDS];
    let size = ptr::without_provenance_mut(size_of_val(&words));
    // SAFETY: the kernel writes no more than the size that it is given, which is that of `words`.
    unsafe { request(GET_SYSCALL_INFO, tid, size, words.as_mut_ptr().cast()) }.ok()?;
    let arch = u32::try_from(words[0] >> 32).unwrap_or_default();
    match words[0] & 0xff {
        INFO_SECCOMP => {
            let [_, _, _, nr, args @ .., _] = words;
            Some(Info::Entry { arch, nr, args })
        }
        INFO_EXIT => {
            let place = Place { next: words[1], stack: words[2] };
            Some(Info::Exit { ret: words[3].cast_signed(), place })
        }
        _ => None,
    }
}

/// # Safety
///
/// `addr` and `data` are what `what` asks for in ptrace(2).
unsafe fn request(
    what: libc::c_uint,
    tid: Tid,
    addr: *mut libc::c_void,
    data: *mut libc::c_void,
) -> io::Result<c_long> {
    // SAFETY: the caller keeps the promise about both pointers; a number of a task that is none is an error.
    let done = unsafe { libc::ptrace(what, pid_t::from(tid), addr, data) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(done) }
}

/// Reads another task's memory from `at`; returns how much there was.
pub(crate) fn read_memory(tid: Tid, at: u64, buf: &mut [u8]) -> usize {
    let Ok(at) = usize::try_from(at) else { return 0 };
    if buf.is_empty() || at == 0 {
        return 0;
    }
    let here = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let there = libc::iovec { iov_base: ptr::without_provenance_mut(at), iov_len: buf.len() };
    // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`; the other address is the other task's, and a
    // bad one is an error.
    let n = unsafe { libc::process_vm_readv(tid, &raw const here, 1, &raw const there, 1, 0) };
    if n < 0
        && matches!(io::Error::last_os_error().raw_os_error(), Some(libc::EPERM | libc::ENOSYS))
    {
        return read_file(tid, at, buf).unwrap_or_default();
    }
    usize::try_from(n).unwrap_or_default()
}

/// As [`read_memory`], where a container forbids its call and nobody forbids the file: slower, by an open each time.
fn read_file(tid: Tid, at: usize, buf: &mut [u8]) -> io::Result<usize> {
    let file = File::open(format!("/proc/{tid}/mem"))?;
    file.read_at(buf, at as u64)
}

/// Writes into another task's memory at `at`; returns how much there was room for.
pub(crate) fn write_memory(tid: Tid, at: u64, bytes: &[u8]) -> usize {
    let Ok(at) = usize::try_from(at) else { return 0 };
    let here = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let there = libc::iovec { iov_base: ptr::without_provenance_mut(at), iov_len: bytes.len() };
    // SAFETY: the kernel only reads `bytes`; the other address is the other task's, and a bad one is an error.
    let n = unsafe { libc::process_vm_writev(tid, &raw const here, 1, &raw const there, 1, 0) };
    usize::try_from(n).unwrap_or_default()
}

/// Whether two processes have one table of descriptors (`KCMP_FILES` of kcmp(2)). None where the system does not tell (a
/// container without rights).
pub(crate) fn shares_descriptors(one: Tid, other: Tid) -> Option<bool> {
    const FILES: c_long = 2;
    // SAFETY: no memory is involved; numbers of processes that are none are an error.
    let order = unsafe {
        libc::syscall(libc::SYS_kcmp, c_long::from(one), c_long::from(other), FILES, 0, 0)
    };
    let is_gone = || io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    (order >= 0 || is_gone()).then_some(order == 0)
}

/// Sends a signal to a process that we started.
pub(crate) fn kill(pid: Tid, signal: i32) {
    // SAFETY: no memory is involved. A process that has ended meanwhile is an error that changes nothing; its
    // number is not given out again before we have waited for it.
    let _ = unsafe { libc::kill(pid, signal) };
}
