//! Refusal: why the kernel gives no ring, as a sentence with its cure.

use std::io;

/// Where the administrator says who may have one; see `kernel.io_uring_disabled` in the kernel's documentation.
const SWITCH: &str = "/proc/sys/kernel/io_uring_disabled";

/// What is said when there is no ring.
pub(super) fn sentence(error: &io::Error) -> String {
    let switch = std::fs::read_to_string(SWITCH).unwrap_or_default();
    sentence_for(error, switch.trim())
}

fn sentence_for(error: &io::Error, switch: &str) -> String {
    let cure = match (error.raw_os_error(), switch) {
        (Some(libc::EPERM), "2") => {
            "kernel.io_uring_disabled is 2, for everybody; sysctl kernel.io_uring_disabled=0 allows it"
        }
        (Some(libc::EPERM), "1") => {
            "kernel.io_uring_disabled is 1, for everybody but root and the group of \
             kernel.io_uring_group; sysctl kernel.io_uring_disabled=0 allows it"
        }
        (Some(libc::EPERM | libc::EACCES), _) => {
            "a filter of system calls forbids it, as containers do; allow io_uring_setup, \
             io_uring_enter and io_uring_register there (docker: --security-opt seccomp=PROFILE)"
        }
        (Some(libc::ENOSYS), _) => {
            "this kernel has no io_uring, or a filter hides it; it takes Linux 6.1, built with \
             CONFIG_IO_URING"
        }
        (Some(libc::EINVAL | libc::EOPNOTSUPP), _) => {
            "this kernel's io_uring is too old; it takes Linux 6.1"
        }
        (Some(libc::EMFILE | libc::ENFILE), _) => "there is no descriptor left; raise ulimit -n",
        (Some(libc::ENOMEM), _) => "there is no memory to lock; raise ulimit -l",
        _ => "choose another engine",
    };
    format!("io_uring is not to be had ({error}): {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errno: i32, switch: &str) -> String {
        sentence_for(&io::Error::from_raw_os_error(errno), switch)
    }

    #[test]
    fn every_refusal_has_its_cure() {
        assert!(said(libc::EPERM, "2").contains("sysctl kernel.io_uring_disabled=0"));
        assert!(said(libc::EPERM, "1").contains("kernel.io_uring_group"));
        assert!(said(libc::EPERM, "0").contains("seccomp"));
        assert!(said(libc::EPERM, "").contains("io_uring_setup"));
        assert!(said(libc::ENOSYS, "").contains("Linux 6.1"));
        assert!(said(libc::EINVAL, "0").contains("too old"));
        assert!(said(libc::ENOMEM, "0").contains("ulimit -l"));
        assert!(said(libc::EMFILE, "0").contains("ulimit -n"));
        assert!(said(libc::EIO, "0").contains("another engine"));
    }
}
