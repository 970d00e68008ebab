//! A thread a job.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::{Counts, Total};

/// The threads whose jobs are not yet forgotten.
pub(super) struct Threads {
    running: HashMap<u64, JoinHandle<()>>,
    /// The key of the next thread.
    next: u64,
    ended: Receiver<(u64, Option<Counts>)>,
    report: Sender<(u64, Option<Counts>)>,
    /// An eventfd: rung by each thread after its report.
    bell: Arc<OwnedFd>,
}

impl Threads {
    pub(super) fn new() -> io::Result<Self> {
        let (report, ended) = channel();
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        Ok(Self { running: HashMap::new(), next: 0, ended, report, bell })
    }

    pub(super) fn run(&mut self, job: impl FnOnce() -> Counts + Send + 'static) -> io::Result<()> {
        let key = self.next;
        let report = self.report.clone();
        let bell = Arc::clone(&self.bell);
        let thread = Builder::new().name(format!("sock-job-{key}")).spawn(move || {
            let counts = catch_unwind(AssertUnwindSafe(job)).ok();
            // Both fail only when the crew is gone, and with it everyone who would ask.
            let _ = report.send((key, counts));
            let _ = rustix::io::write(&bell, &1_u64.to_ne_bytes());
        })?;
        self.next += 1;
        self.running.insert(key, thread);
        Ok(())
    }

    pub(super) fn reap(&mut self, total: &mut Total) -> io::Result<()> {
        // First the bell, then the reports: a thread that reports in between rings again.
        match rustix::io::read(&self.bell, &mut [0; 8]) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        while let Ok((key, counts)) = self.ended.try_recv() {
            total.add(counts);
            if let Some(thread) = self.running.remove(&key) {
                // All that is left of it is to ring and to return; its panic was caught.
                let _ = thread.join();
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
