//! A call that has returned, and is made again before its task goes on: registers of a stopped task.

use std::ptr;

use super::{Tid, request};

/// The register set of a task in general (`NT_PRSTATUS` of elf.h), in words: `user_regs_struct` of sys/user.h.
const GENERAL: usize = 1;

/// Where in it what lies.
#[cfg(not(target_arch = "aarch64"))]
mod at {
    pub(super) const ALL: usize = 27;
    /// r10, rax, `orig_rax`, rip and rsp.
    pub(super) const FOURTH: usize = 7;
    pub(super) const RETURN: usize = 10;
    pub(super) const CALL: usize = 15;
    pub(super) const NEXT: usize = 16;
    pub(super) const STACK: usize = 19;
}
#[cfg(target_arch = "aarch64")]
mod at {
    pub(super) const ALL: usize = 34;
    /// x3, x0, x8, pc and sp.
    pub(super) const FOURTH: usize = 3;
    pub(super) const RETURN: usize = 0;
    pub(super) const CALL: usize = 8;
    pub(super) const NEXT: usize = 32;
    pub(super) const STACK: usize = 31;
}

type Registers = [u64; at::ALL];

/// Where a task is: its next instruction, and its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) next: u64,
    pub(crate) stack: u64,
}

/// Whether a task is still at the return of its call, at a stop before it goes on.
pub(crate) fn is_at(tid: Tid, place: Place) -> bool {
    registers(tid).is_some_and(|now| is_there(&now, place))
}

fn is_there(now: &Registers, place: Place) -> bool {
    let is_there = now[at::NEXT] == place.next && now[at::STACK] == place.stack;
    is_there && now[at::RETURN] == failed()
}

/// Lets a task make the call again that has failed with EINTR, with another fourth argument: at the stop of a signal that
/// is not to reach it. False where it is no longer at that call's return, and nothing is changed.
pub(crate) fn call_again(tid: Tid, place: Place, args: &[u64; 6], nr: u64, fourth: u64) -> bool {
    let Some(mut now) = registers(tid) else { return false };
    if !is_there(&now, place) || now[at::CALL] != nr {
        return false;
    }
    if cfg!(target_arch = "aarch64") {
        // What the kernel itself does it has done before this stop: so the instruction is put back here.
        now[at::RETURN] = args[0];
        now[at::NEXT] -= 4;
    } else {
        // ERESTARTNOHAND of linux/errno.h: the kernel makes the call again, if no handler runs first.
        now[at::RETURN] = (-514_i64).cast_unsigned();
    }
    now[at::FOURTH] = fourth;
    set_registers(tid, &now)
}

/// Takes that back, at a stop before the task has gone on: the call has failed with EINTR.
pub(crate) fn fail_after_all(tid: Tid, place: Place, fourth: u64) {
    if let Some(mut now) = registers(tid) {
        (now[at::RETURN], now[at::NEXT], now[at::FOURTH]) = (failed(), place.next, fourth);
        set_registers(tid, &now);
    }
}

/// Gives a task that is at the return of a call the fourth argument back that it made it with.
pub(crate) fn give_fourth(tid: Tid, fourth: u64) {
    if let Some(mut now) = registers(tid) {
        now[at::FOURTH] = fourth;
        set_registers(tid, &now);
    }
}

fn failed() -> u64 {
    (-i64::from(libc::EINTR)).cast_unsigned()
}

/// None where the task is gone, or is of another kind of machine.
fn registers(tid: Tid) -> Option<Registers> {
    let mut words = [0; at::ALL];
    let size = size_of_val(&words);
    let mut room = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: size };
    let set = ptr::without_provenance_mut(GENERAL);
    // SAFETY: the kernel writes no more than `room` says, which is how large `words` is, and says there how much it was.
    let done =
        unsafe { request(libc::PTRACE_GETREGSET, tid, set, ptr::from_mut(&mut room).cast()) };
    (done.is_ok() && room.iov_len == size).then_some(words)
}

/// False where the task is gone.
fn set_registers(tid: Tid, words: &Registers) -> bool {
    let size = size_of_val(words);
    let mut from = libc::iovec { iov_base: words.as_ptr().cast_mut().cast(), iov_len: size };
    let set = ptr::without_provenance_mut(GENERAL);
    // SAFETY: the kernel only reads `words`, and `from` says how large that is.
    unsafe { request(libc::PTRACE_SETREGSET, tid, set, ptr::from_mut(&mut from).cast()) }.is_ok()
}
