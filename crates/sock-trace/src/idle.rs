//! Threads that do nothing until another thread of their program wakes them: those that join, or wait for a lock, a queue, a
//! condition, without a limit of time. Their calls are not traced; `/proc` tells what they are in the middle of.
//!
//! A thread that sleeps, waits with a limit, for its user, for a child, or for other descriptors goes on by itself, and is not
//! idle. Neither is one that waits for what several processes share: another program may wake it.

use std::fs;

use crate::signals::{Answer, answer};
use crate::sys::Tid;

/// The JVM's own threads look around from time to time, and run nothing of the program: the names that it gives them, as far
/// as the kernel keeps names.
const OF_THE_JVM: &[&str] = &[
    "C1 CompilerThre",
    "C2 CompilerThre",
    "Common-Cleaner",
    "G1 Service",
    "Monitor Deflati",
    "Service Thread",
    "Sweeper thread",
    "VM Periodic Tas",
    "VM Thread",
];

/// Whether a thread only waits to be woken by its fellows, `all` threads of its process.
pub(crate) fn is_idle(tid: Tid, all: &[Tid]) -> bool {
    let read = |file: &str| fs::read_to_string(format!("/proc/{tid}/{file}")).ok();
    let Some(call) = read("syscall") else { return false };
    is_idle_in(&call, || read("comm").unwrap_or_default(), all)
}

/// Whether an alarm may wake a process in the middle of a call, to do anything: it has a handler for SIGALRM, or a timer of
/// its own (`timer_create`). Whether one is to ring is told nowhere.
pub(crate) fn has_alarm(pid: Tid) -> bool {
    let timers = fs::read_to_string(format!("/proc/{pid}/timers")).unwrap_or_default();
    answer(pid, libc::SIGALRM) == Answer::Handler || !timers.is_empty()
}

/// [`is_idle`], of what `/proc/TID/syscall` tells and of the thread's name.
fn is_idle_in(call: &str, name: impl FnOnce() -> String, all: &[Tid]) -> bool {
    let mut words = call.split_whitespace();
    // A thread that runs has no number there.
    let number = words.next().and_then(|word| word.parse::<i64>().ok());
    let arguments: Vec<u64> =
        words.map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    let [_, op, value, limit, ..] = arguments[..] else { return false };
    let op = i32::try_from(op & 0xffff_ffff).unwrap_or(-1);
    let waits = matches!(op & libc::FUTEX_CMD_MASK, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET);
    if number != Some(libc::SYS_futex) || !waits {
        return false;
    }
    // pthread_join waits, as one process might for another, for the kernel to wipe out the number of a thread that has ended.
    let joins = || all.iter().any(|tid| u64::try_from(*tid) == Ok(value));
    let is_own = op & libc::FUTEX_PRIVATE_FLAG != 0 || joins();
    is_own && (limit == 0 || OF_THE_JVM.contains(&name().trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel told of threads: of Python where it joins and where it waits for an event with and without a limit, of
    /// a JVM, of sleepers.
    #[test]
    fn only_who_needs_a_fellow_to_go_on_is_idle() {
        let futex = libc::SYS_futex;
        let idle = |call: &str, name: &str| {
            is_idle_in(
                &format!("{call} 0xffffffff 0x7ffd7dbe7d70 0x7f50089b0f16"),
                || name.to_owned() + "\n",
                &[0x286e, 0x286f],
            )
        };
        assert!(idle(&format!("{futex} 0x7f50073ff990 0x109 0x286f 0x0 0x0"), "java"), "joins");
        assert!(
            !idle(&format!("{futex} 0x7f50073ff990 0x109 0x9999 0x0 0x0"), "java"),
            "no thread of it"
        );
        assert!(idle(&format!("{futex} 0x7f50000415a0 0x189 0x0 0x0 0x0"), "python3"), "a lock");
        assert!(idle(&format!("{futex} 0x7f50000415a0 0x80 0x2 0x0 0x0"), "a"), "a mutex");
        assert!(
            !idle(&format!("{futex} 0x7f50000415a0 0x0 0x2 0x0 0x0"), "a"),
            "shared with others"
        );
        assert!(
            !idle(&format!("{futex} 0x7f50000c8b50 0x89 0x0 0x7f50042ced60 0x0"), "python3"),
            "a limit"
        );
        assert!(idle(
            &format!("{futex} 0x7f50000c8b50 0x89 0x0 0x7f50042ced60 0x0"),
            "VM Periodic Tas"
        ));
        assert!(!idle(&format!("{futex} 0x7f50000c8b50 0x81 0x1 0x0 0x0"), "a"), "it wakes others");
        assert!(!idle("230 0x0 0x0 0x7ffd 0x0 0x0", "sleeps"));
        assert!(!idle_raw("running\n") && !idle_raw("-1 0x7ffd 0x7f50\n") && !idle_raw(""));
    }

    fn idle_raw(call: &str) -> bool {
        is_idle_in(call, String::new, &[])
    }
}
