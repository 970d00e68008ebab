//! The system calls that can touch a socket: what each is called, and its number on each machine.

/// A system call that is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sys {
    Socket,
    Socketpair,
    Bind,
    Listen,
    Accept,
    Accept4,
    Connect,
    Shutdown,
    Close,
    CloseRange,
    Dup,
    Dup2,
    Dup3,
    Sendto,
    Sendmsg,
    Sendmmsg,
    Recvfrom,
    Recvmsg,
    Recvmmsg,
    Read,
    Readv,
    Preadv2,
    Write,
    Writev,
    Pwritev2,
    Sendfile,
    Splice,
    Setsockopt,
    Getsockopt,
    Fcntl,
    Ioctl,
    Poll,
    Ppoll,
    Select,
    Pselect6,
    EpollWait,
    EpollPwait,
    EpollPwait2,
    /// From here on, descriptors may be closed unseen.
    IoUringSetup,
    /// No socket is in it: see `cpu`.
    Getaffinity,
    /// The kernel's own continuation of a call that a signal interrupted.
    Restart,
}

/// A kind of machine: how the kernel calls it in a filter, and which column of the table is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// `AUDIT_ARCH_…` of linux/audit.h.
    pub(crate) arch: u32,
    column: usize,
    /// Numbers from here on are those of another convention (x32).
    pub(crate) foreign_from: Option<u32>,
}

pub(crate) const X86_64: Machine =
    Machine { arch: 0xc000_003e, column: 0, foreign_from: Some(0x4000_0000) };
pub(crate) const AARCH64: Machine = Machine { arch: 0xc000_00b7, column: 1, foreign_from: None };

/// The machine that this is built for.
pub(crate) const HERE: Machine = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };

/// What is not there on a machine.
const NONE: u32 = u32::MAX;

/// Name, and number on x86-64 (`asm/unistd_64.h`) and aarch64 (`asm-generic/unistd.h`).
const TABLE: [(Sys, &str, [u32; 2]); 41] = [
    (Sys::Read, "read", [0, 63]),
    (Sys::Write, "write", [1, 64]),
    (Sys::Close, "close", [3, 57]),
    (Sys::Poll, "poll", [7, NONE]),
    (Sys::Ioctl, "ioctl", [16, 29]),
    (Sys::Readv, "readv", [19, 65]),
    (Sys::Writev, "writev", [20, 66]),
    (Sys::Select, "select", [23, NONE]),
    (Sys::Dup, "dup", [32, 23]),
    (Sys::Dup2, "dup2", [33, NONE]),
    (Sys::Sendfile, "sendfile", [40, 71]),
    (Sys::Socket, "socket", [41, 198]),
    (Sys::Connect, "connect", [42, 203]),
    (Sys::Accept, "accept", [43, 202]),
    (Sys::Sendto, "sendto", [44, 206]),
    (Sys::Recvfrom, "recvfrom", [45, 207]),
    (Sys::Sendmsg, "sendmsg", [46, 211]),
    (Sys::Recvmsg, "recvmsg", [47, 212]),
    (Sys::Shutdown, "shutdown", [48, 210]),
    (Sys::Bind, "bind", [49, 200]),
    (Sys::Listen, "listen", [50, 201]),
    (Sys::Socketpair, "socketpair", [53, 199]),
    (Sys::Setsockopt, "setsockopt", [54, 208]),
    (Sys::Getsockopt, "getsockopt", [55, 209]),
    (Sys::Fcntl, "fcntl", [72, 25]),
    (Sys::Getaffinity, "sched_getaffinity", [204, 123]),
    (Sys::Restart, "restart_syscall", [219, 128]),
    (Sys::EpollWait, "epoll_wait", [232, NONE]),
    (Sys::Pselect6, "pselect6", [270, 72]),
    (Sys::Ppoll, "ppoll", [271, 73]),
    (Sys::Splice, "splice", [275, 76]),
    (Sys::EpollPwait, "epoll_pwait", [281, 22]),
    (Sys::Accept4, "accept4", [288, 242]),
    (Sys::Dup3, "dup3", [292, 24]),
    (Sys::Recvmmsg, "recvmmsg", [299, 243]),
    (Sys::Sendmmsg, "sendmmsg", [307, 269]),
    (Sys::Preadv2, "preadv2", [327, 286]),
    (Sys::Pwritev2, "pwritev2", [328, 287]),
    (Sys::IoUringSetup, "io_uring_setup", [IO_URING_SETUP, IO_URING_SETUP]),
    (Sys::CloseRange, "close_range", [436, 436]),
    (Sys::EpollPwait2, "epoll_pwait2", [441, 441]),
];

/// The same everywhere; it is refused where the user asks for that.
pub(crate) const IO_URING_SETUP: u32 = 425;

impl Machine {
    /// Every traced call that this machine has, with its number.
    pub(crate) fn calls(self) -> impl Iterator<Item = (Sys, u32)> {
        TABLE.iter().map(move |(sys, _, nr)| (*sys, nr[self.column])).filter(|(_, nr)| *nr != NONE)
    }

    /// The call with this number.
    #[cfg(test)]
    pub(crate) fn find(self, nr: u64) -> Option<Sys> {
        self.calls().find(|(_, known)| u64::from(*known) == nr).map(|(sys, _)| sys)
    }
}

impl Sys {
    /// What the kernel calls it.
    pub(crate) fn name(self) -> &'static str {
        TABLE.iter().find(|(sys, ..)| *sys == self).map_or("?", |(_, name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_c_library() {
        #[cfg(target_arch = "x86_64")]
        let poll = Some(libc::SYS_poll);
        #[cfg(not(target_arch = "x86_64"))]
        let poll = None;
        let known = [
            (Sys::Read, Some(libc::SYS_read)),
            (Sys::Close, Some(libc::SYS_close)),
            (Sys::Dup, Some(libc::SYS_dup)),
            (Sys::Poll, poll),
            (Sys::Accept4, Some(libc::SYS_accept4)),
            (Sys::Sendmmsg, Some(libc::SYS_sendmmsg)),
            (Sys::Recvmmsg, Some(libc::SYS_recvmmsg)),
            (Sys::Pselect6, Some(libc::SYS_pselect6)),
            (Sys::EpollPwait2, Some(libc::SYS_epoll_pwait2)),
            (Sys::Getaffinity, Some(libc::SYS_sched_getaffinity)),
            (Sys::Restart, Some(libc::SYS_restart_syscall)),
            (Sys::Getsockopt, Some(libc::SYS_getsockopt)),
        ];
        for (sys, nr) in known {
            let ours = HERE.calls().find(|(known, _)| *known == sys).map(|(_, nr)| i64::from(nr));
            assert_eq!(ours, nr, "{}", sys.name());
        }
        assert_eq!(i64::from(IO_URING_SETUP), libc::SYS_io_uring_setup);
    }

    #[test]
    fn each_call_stands_in_the_table_once() {
        for machine in [X86_64, AARCH64] {
            for (sys, nr) in machine.calls() {
                assert_eq!(machine.find(nr.into()), Some(sys), "{}", sys.name());
            }
        }
    }
}
