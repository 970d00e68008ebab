//! An alarm clock for a thread that waits for tasks: `waitpid` knows no time limit.
//!
//! A timer sends a signal to this one thread, whose wait then ends with EINTR. A signal that comes just before the wait
//! begins would be missed; so the timer goes on ringing until it is set anew.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

use libc::c_int;

/// How often an alarm that was missed rings again.
const AGAIN: Duration = Duration::from_micros(500);

/// Interrupts the waits of the thread that made it.
pub(crate) struct Alarm {
    timer: libc::timer_t,
}

/// Interrupts that thread from another one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waker {
    pid: c_int,
    tid: c_int,
}

/// A signal that nothing else uses, of those for which the system has no meaning.
fn signal() -> c_int {
    libc::SIGRTMIN() + 3
}

extern "C" fn nothing(_: c_int) {}

impl Alarm {
    /// Makes one that does not ring yet.
    pub(crate) fn new() -> io::Result<Self> {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: all zeroes are a valid `sigaction`: no flags (so that waits are not begun again) and an empty mask. The
        // handler does nothing, and so may run anywhere.
        let done = unsafe {
            (*action.as_mut_ptr()).sa_sigaction = nothing as *const () as libc::sighandler_t;
            libc::sigaction(signal(), action.as_ptr(), ptr::null_mut())
        };
        check(done)?;
        let mut event = MaybeUninit::<libc::sigevent>::zeroed();
        let mut timer = MaybeUninit::<libc::timer_t>::uninit();
        // SAFETY: all zeroes are a valid `sigevent`; the fields that SIGEV_THREAD_ID needs are set. The timer's number is
        // written before it is read, if the call says so.
        unsafe {
            let event = &mut *event.as_mut_ptr();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = signal();
            event.sigev_notify_thread_id = libc::gettid();
            check(libc::timer_create(libc::CLOCK_MONOTONIC, event, timer.as_mut_ptr()))?;
            Ok(Self { timer: timer.assume_init() })
        }
    }

    /// Rings after so long, and then again and again until it is set anew.
    pub(crate) fn ring_in(&self, time: Duration) {
        // Zero would switch it off.
        let time = libc::itimerspec {
            it_value: spec(time.max(Duration::from_nanos(1))),
            it_interval: spec(AGAIN),
        };
        // SAFETY: the timer is ours and alive, and `time` lives over the call. It cannot fail: both times are in order.
        let _ = unsafe { libc::timer_settime(self.timer, 0, &raw const time, ptr::null_mut()) };
    }

    /// What interrupts this thread from elsewhere.
    pub(crate) fn waker() -> Waker {
        // SAFETY: both only tell numbers.
        unsafe { Waker { pid: libc::getpid(), tid: libc::gettid() } }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // SAFETY: the timer was made by `new` and is deleted once.
        let _ = unsafe { libc::timer_delete(self.timer) };
    }
}

impl Waker {
    /// Ends the wait that the thread is in, if it is in one.
    pub(crate) fn wake(self) {
        // SAFETY: no memory is involved. A thread that has ended is an error that changes nothing, and the handler was
        // installed before there was a waker.
        let _ = unsafe { libc::syscall(libc::SYS_tgkill, self.pid, self.tid, signal()) };
    }
}

fn spec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(time.subsec_nanos().cast_signed()),
    }
}

fn check(done: c_int) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
