//! The watchdog behind a program.

use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A child that leads a process group, and the thread that ends the group when the time is up.
#[derive(Debug)]
pub(crate) struct Leash {
    child: Child,
    pid: Pid,
    /// Dropped to send the watchdog home.
    released: Option<Sender<()>>,
    watchdog: Option<JoinHandle<()>>,
    pulled: Arc<AtomicBool>,
}

impl Leash {
    pub(crate) fn new(child: Child, limit: Duration) -> Self {
        let pid = Pid::from_child(&child);
        let (released, waiting) = channel::<()>();
        let pulled = Arc::new(AtomicBool::new(false));
        let pull = Arc::clone(&pulled);
        let watchdog = spawn(move || {
            if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                pull.store(true, Ordering::SeqCst);
                end_group(pid);
            }
        });
        Self { child, pid, released: Some(released), watchdog: Some(watchdog), pulled }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// True once the program had to be ended because it lived too long.
    pub(crate) fn was_pulled(&self) -> bool {
        self.pulled.load(Ordering::SeqCst)
    }

    /// Waits until the program has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        // Not yet reaped: until the watchdog is home, the number must stay the child's own.
        waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            .expect("a child can be waited for");
        self.release();
        self.child.wait().expect("a child can be waited for")
    }

    fn release(&mut self) {
        drop(self.released.take());
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.join().expect("the watchdog does not panic");
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.watchdog.is_some() {
            self.release();
            end_group(self.pid);
            let _ = self.child.wait(); // it was ended on purpose, however it took that
        }
    }
}

fn end_group(pid: Pid) {
    let _ = kill_process_group(pid, Signal::KILL); // it may have ended by itself a moment ago
}
