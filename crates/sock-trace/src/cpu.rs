//! One CPU for the tracer and everybody whom it traces.
//!
//! At every stop the tracer and the task take turns: on one CPU that is a switch, on two it is two wake-ups across CPUs, which
//! cost several times as much. Programs are not to notice: who asks on which CPUs it may run is told what it would have
//! been told.

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

use crate::memory;
use crate::sys::{Tid, write_memory};

/// Keeps the thread that made it, and every process that it starts, on the CPU where it is.
pub(crate) struct OneCpu {
    /// Where it might have run.
    before: CpuSet,
    here: usize,
}

impl OneCpu {
    /// None where the system does not let us choose.
    pub(crate) fn keep() -> Option<Self> {
        let before = sched_getaffinity(None).ok()?;
        let here = sched_getcpu();
        let mut only = CpuSet::new();
        only.set(here);
        sched_setaffinity(None, &only).ok()?;
        Some(Self { before, here })
    }

    /// A task was told where it may run (`n` bytes at `at`): tells it where it might.
    pub(crate) fn tell(&self, tid: Tid, at: u64, n: u64) {
        let told = memory::bytes(tid, at, n.min(CpuSet::MAX_CPU as u64 / 8));
        // Who has chosen its CPUs itself is told the truth.
        if told == bytes(told.len(), |cpu| cpu == self.here) {
            write_memory(tid, at, &bytes(told.len(), |cpu| self.before.is_set(cpu)));
        }
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        // It was allowed before.
        let _ = sched_setaffinity(None, &self.before);
    }
}

/// A mask as the system tells it, a bit for each CPU.
fn bytes(len: usize, is_set: impl Fn(usize) -> bool) -> Vec<u8> {
    let byte =
        |n: usize| (0..8).filter(|bit| is_set(8 * n + bit)).fold(0, |byte, bit| byte | 1 << bit);
    (0..len).map(byte).collect()
}
