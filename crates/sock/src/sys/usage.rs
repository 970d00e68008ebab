//! How much of the processor's time this thread has used.

use std::mem::MaybeUninit;

/// The processor's time of the calling thread, in its own code and in the kernel, in ns.
pub(crate) fn thread_usage() -> (u64, u64) {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes one `rusage`, for which there is room; a zeroed one is a valid one.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    let nanos = |time: libc::timeval| {
        let [seconds, micros] = [time.tv_sec, time.tv_usec].map(|n| u64::try_from(n).unwrap_or(0));
        seconds * 1_000_000_000 + micros * 1_000
    };
    (nanos(usage.ru_utime), nanos(usage.ru_stime))
}
