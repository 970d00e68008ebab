//! The filter: which calls of a traced program stop it at all (seccomp(2), a program for the kernel's packet filter).
//!
//! Everything else runs at full speed: for a call whose number alone decides, the kernel remembers the answer and does
//! not even run the filter. Which descriptors are sockets cannot be known here.

use crate::calls::{IO_URING_SETUP, Machine, Sys};

/// What `SECCOMP_RET_TRACE` carries for a call of another convention (32 bit, x32), which is not decoded.
pub(crate) const FOREIGN: u16 = 1;

/// Opcodes of `linux/bpf_common.h`: load a word, compare with a constant, return.
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const NOT_LESS: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where a word lies in `struct seccomp_data` of linux/seccomp.h.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
/// The lower half of an argument; both machines have it first.
const fn argument(n: u32) -> u32 {
    16 + 8 * n
}

const ALLOW: u32 = 0x7fff_0000;
const TRACE: u32 = 0x7ff0_0000;
const REFUSE: u32 = 0x0005_0000;

/// `F_DUPFD` and `F_DUPFD_CLOEXEC`.
pub(crate) const COPIES: [u32; 2] =
    [libc::F_DUPFD.cast_unsigned(), libc::F_DUPFD_CLOEXEC.cast_unsigned()];

/// What of a call with many uses concerns sockets: which argument says so, and which of its values.
fn condition(sys: Sys) -> Option<(u32, &'static [u32])> {
    const F_SETFL: u32 = libc::F_SETFL.cast_unsigned();
    const SO_ERROR: u32 = libc::SO_ERROR.cast_unsigned();
    // Both are the same on the two machines (asm-generic/ioctls.h).
    const FIONBIO: u32 = 0x5421;
    const FIONREAD: u32 = 0x541B;
    match sys {
        Sys::Fcntl => Some((1, &[F_SETFL, COPIES[0], COPIES[1]])),
        Sys::Ioctl => Some((1, &[FIONBIO, FIONREAD])),
        Sys::Getsockopt => Some((2, &[SO_ERROR])),
        _ => None,
    }
}

/// Builds the filter for a machine; `refuse_rings` makes `io_uring_setup(2)` fail with ENOSYS.
pub(crate) fn filter(machine: Machine, refuse_rings: bool) -> Vec<libc::sock_filter> {
    let mut code = vec![
        step(LOAD, 0, 0, ARCH),
        step(EQUAL, 1, 0, machine.arch),
        ret(TRACE | u32::from(FOREIGN)),
        step(LOAD, 0, 0, NUMBER),
    ];
    if let Some(foreign) = machine.foreign_from {
        code.extend([step(NOT_LESS, 0, 1, foreign), ret(TRACE | u32::from(FOREIGN))]);
    }
    if refuse_rings {
        let enosys = libc::ENOSYS.cast_unsigned();
        code.extend([step(EQUAL, 0, 1, IO_URING_SETUP), ret(REFUSE | enosys)]);
    }
    for (sys, nr) in machine.calls() {
        let Some((which, values)) = condition(sys) else {
            code.extend([step(EQUAL, 0, 1, nr), ret(TRACE)]);
            continue;
        };
        let rest = 2 * u8::try_from(values.len()).unwrap_or_default() + 2;
        code.extend([step(EQUAL, 0, rest, nr), step(LOAD, 0, 0, argument(which))]);
        for value in values {
            code.extend([step(EQUAL, 0, 1, *value), ret(TRACE)]);
        }
        code.push(ret(ALLOW));
    }
    code.push(ret(ALLOW));
    code
}

fn step(code: u16, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

fn ret(k: u32) -> libc::sock_filter {
    step(RETURN, 0, 0, k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{AARCH64, X86_64};

    /// Runs the filter as the kernel would.
    fn run(code: &[libc::sock_filter], arch: u32, nr: u32, args: [u64; 6]) -> u32 {
        let mut data = vec![nr, arch, 0, 0];
        let half = |arg: u64| u32::try_from(arg & 0xffff_ffff).unwrap();
        data.extend(args.iter().flat_map(|arg| [half(*arg), half(*arg >> 32)]));
        let (mut at, mut word) = (0, 0);
        loop {
            let step = code[at];
            at += 1;
            let jump = |taken: bool| usize::from(if taken { step.jt } else { step.jf });
            match step.code {
                LOAD => word = data[step.k as usize / 4],
                EQUAL => at += jump(word == step.k),
                NOT_LESS => at += jump(word >= step.k),
                RETURN => return step.k,
                other => panic!("an opcode that the filter does not use: {other}"),
            }
        }
    }

    #[test]
    fn every_call_of_the_table_is_traced_and_no_other() {
        for machine in [X86_64, AARCH64] {
            let code = filter(machine, false);
            for nr in 0..600 {
                let traced = run(&code, machine.arch, nr, [0; 6]) == TRACE;
                let sys = machine.find(nr.into());
                // A word of zero is one of the uses of fcntl that count: F_DUPFD.
                let expected =
                    sys.is_some_and(|sys| condition(sys).is_none_or(|(_, of)| of.contains(&0)));
                assert_eq!(traced, expected, "number {nr} of {machine:?}");
            }
        }
    }

    #[test]
    fn calls_of_many_uses_are_traced_for_those_that_concern_sockets() {
        for machine in [X86_64, AARCH64] {
            let code = filter(machine, false);
            let nr =
                |sys| machine.calls().find(|(known, _)| *known == sys).map(|(_, nr)| nr).unwrap();
            let is = |sys, args| run(&code, machine.arch, nr(sys), args);
            assert_eq!(is(Sys::Fcntl, [3, 4, 0, 0, 0, 0]), TRACE, "F_SETFL");
            assert_eq!(is(Sys::Fcntl, [3, 1030, 0, 0, 0, 0]), TRACE, "F_DUPFD_CLOEXEC");
            assert_eq!(is(Sys::Fcntl, [3, 3, 0, 0, 0, 0]), ALLOW, "F_GETFL");
            assert_eq!(is(Sys::Ioctl, [3, 0x5421, 0, 0, 0, 0]), TRACE, "FIONBIO");
            assert_eq!(is(Sys::Ioctl, [3, 0x541B, 0, 0, 0, 0]), TRACE, "FIONREAD");
            assert_eq!(is(Sys::Ioctl, [3, 0x5401, 0, 0, 0, 0]), ALLOW, "TCGETS");
            assert_eq!(is(Sys::Getsockopt, [3, 1, 4, 0, 0, 0]), TRACE, "SO_ERROR");
            assert_eq!(is(Sys::Getsockopt, [3, 1, 3, 0, 0, 0]), ALLOW, "SO_TYPE");
        }
    }

    #[test]
    fn other_conventions_are_traced_as_such() {
        let code = filter(X86_64, false);
        let i386 = 0x4000_0003;
        assert_eq!(run(&code, i386, 102, [0; 6]), TRACE | u32::from(FOREIGN));
        assert_eq!(run(&code, X86_64.arch, 0x4000_0000 + 45, [0; 6]), TRACE | u32::from(FOREIGN));
    }

    #[test]
    fn rings_are_refused_only_where_that_is_asked() {
        let with = filter(X86_64, true);
        assert_eq!(run(&with, X86_64.arch, IO_URING_SETUP, [0; 6]), REFUSE | 0x26, "ENOSYS");
        let without = filter(X86_64, false);
        assert_eq!(run(&without, X86_64.arch, IO_URING_SETUP, [0; 6]), TRACE);
    }
}
