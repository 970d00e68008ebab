//! What to do where the system lets nobody be traced.

use std::fs;
use std::io::Error;

/// Where `ptrace(2)` was refused, or there was nobody to trace.
pub(crate) fn of_trace(error: &Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
            let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
            refused(&status, scope.unwrap_or_default().trim())
        }
        Some(libc::ENOSYS) => {
            "this system has no ptrace: an emulated machine cannot trace; use a build for the machine itself"
        }
        _ => "the system has no room for one more process: end some, or raise `ulimit -u`",
    }
}

/// Which of those that refuse it is there, as far as `/proc` tells.
fn refused(status: &str, scope: &str) -> &'static str {
    let number = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
    };
    if number("TracerPid:") != 0 {
        "somebody traces sock itself, and a program has one tracer at most: run it under no debugger and no strace"
    } else if matches!(scope, "2" | "3") {
        "Yama forbids ptrace to all but root: set kernel.yama.ptrace_scope to 1 or 0 (3 stays until the next boot)"
    } else if number("Seccomp:") == 2 {
        "a seccomp filter forbids ptrace: start the container with --cap-add SYS_PTRACE (or --security-opt \
         seccomp=unconfined)"
    } else {
        "the system forbids ptrace: in a container start it with --cap-add SYS_PTRACE (or --security-opt \
         seccomp=unconfined), on a machine with Yama set kernel.yama.ptrace_scope to 1 or 0, and run it under no \
         debugger and no strace"
    }
}

/// Where a program may be given no filter of `seccomp(2)`.
pub(crate) fn of_filter(error: &Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EINVAL | libc::ENOSYS) => {
            "this kernel lets a program have no filter (seccomp(2)), without which each of its calls would stop it: use \
             one with CONFIG_SECCOMP_FILTER, and no emulated machine"
        }
        _ => {
            "the system forbids filters (seccomp(2)): start the container with --security-opt seccomp=unconfined, or with \
             a profile that allows seccomp"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_refuses_is_named() {
        let traced = "Name:\tsock\nTracerPid:\t17\nSeccomp:\t2\n";
        assert!(refused(traced, "3").contains("no debugger and no strace"));
        let filtered = "TracerPid:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert!(refused(filtered, "2").starts_with("Yama forbids"));
        assert!(refused(filtered, "1").starts_with("a seccomp filter forbids"));
        assert!(refused("Seccomp:\t0\n", "").contains("kernel.yama.ptrace_scope"));
    }
}
