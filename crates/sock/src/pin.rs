//! Pin: a worker stays on one CPU, and what it has in that CPU's caches stays with it.
//!
//! A kernel that balances may move a busy thread at any time, and what it holds is then fetched anew. Where each
//! worker has a CPU of its own there is nothing to balance.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The CPUs that this program may run on.
#[derive(Debug, Clone)]
pub(crate) struct Cpus {
    all: CpuSet,
    numbers: Vec<usize>,
}

impl Cpus {
    /// Asks the system which they are: a container or `taskset` may have left us a few.
    pub(crate) fn allowed() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let numbers = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect();
        Ok(Self { all, numbers })
    }

    /// Keeps this thread, and all that it starts, on the CPU of the worker with this number, from 0, until it is
    /// let go; with more workers than CPUs some share one.
    pub(crate) fn pin(&self, worker: usize) -> io::Result<Pinned> {
        let mut one = CpuSet::new();
        if let Some(cpu) = self.numbers.get(worker % self.numbers.len().max(1)) {
            one.set(*cpu);
            sched_setaffinity(None, &one)?;
        }
        Ok(Pinned(self.all))
    }
}

/// A thread that stays where it is until this is dropped.
#[derive(Debug)]
pub(crate) struct Pinned(CpuSet);

impl Drop for Pinned {
    fn drop(&mut self) {
        // A CPU that has gone meanwhile: the thread stays where the system has put it.
        let _ = sched_setaffinity(None, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_on_its_cpu_and_is_free_again() {
        let cpus = Cpus::allowed().expect("the system tells");
        for worker in 0..2 * cpus.numbers.len() {
            let pinned = cpus.pin(worker).expect("it may run there");
            let now = Cpus::allowed().expect("the system tells");
            assert_eq!(now.numbers, [cpus.numbers[worker % cpus.numbers.len()]]);
            drop(pinned);
            assert_eq!(Cpus::allowed().expect("the system tells").numbers, cpus.numbers);
        }
    }
}
