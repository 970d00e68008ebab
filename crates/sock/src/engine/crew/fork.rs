//! A child a job.
//!
//! Each child is held by a descriptor of its own (a pidfd), which is readable once the child has
//! ended and names that child and no other, even after its number was given away again. They
//! wait together in one epoll, beside the pipe on which the children report their counts: that
//! epoll is the crew's bell.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal,
    waitid, waitpid,
};

use crate::sys::process;

use super::{Counts, Total};

/// The key of the report pipe in the epoll; a child's is its process id, which is never 0.
const REPORTS: u64 = 0;
/// A report on the pipe: three numbers. A pipe takes up to 4096 bytes (`PIPE_BUF`) as one write,
/// so that reports of different children never mix.
const REPORT_LEN: usize = 24;

/// The children that are not yet forgotten.
pub(super) struct Children {
    first: Box<dyn FnMut() + Send>,
    running: HashMap<u64, OwnedFd>,
    bell: OwnedFd,
    reports: OwnedFd,
    report: OwnedFd,
}

impl Children {
    pub(super) fn new(first: Box<dyn FnMut() + Send>) -> io::Result<Self> {
        let bell = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (reports, report) = pipe_with(PipeFlags::CLOEXEC)?;
        // Only the reading end: a child that finds the pipe full waits until it is read.
        rustix::io::ioctl_fionbio(&reports, true)?;
        watch(&bell, &reports, REPORTS)?;
        Ok(Self { first, running: HashMap::new(), bell, reports, report })
    }

    pub(super) fn run(&mut self, job: impl FnOnce() -> Counts) -> io::Result<()> {
        // Out of descriptors is to be known before there is a child, not after.
        let seat = self.bell.try_clone()?;
        let pid = process::fork(|| {
            // What belongs to the parent and to the other children.
            self.running.clear();
            (self.first)();
            let counts = job();
            // A parent that is gone, and only that, asks no more.
            let _ = write_report(&self.report, counts);
        })?;
        drop(seat);
        self.hold(pid).inspect_err(|_| discard(pid))
    }

    fn hold(&mut self, pid: Pid) -> io::Result<()> {
        let child = pidfd_open(pid, PidfdFlags::empty())?;
        let key = key(pid);
        watch(&self.bell, &child, key)?;
        self.running.insert(key, child);
        Ok(())
    }

    pub(super) fn reap(&mut self, total: &mut Total) -> io::Result<()> {
        loop {
            let ready = self.ready()?;
            // A child reports before it ends, so the reports of all these are there already.
            self.read_reports(total)?;
            let mut ended = 0;
            for key in ready {
                if key != REPORTS && self.forget(key, WaitIdOptions::NOHANG, total)? {
                    ended += 1;
                }
            }
            if ended == 0 {
                return Ok(());
            }
        }
    }

    /// Who has something to tell at this moment.
    fn ready(&self) -> io::Result<Vec<u64>> {
        let mut events = Vec::with_capacity(64);
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match epoll::wait(&self.bell, spare_capacity(&mut events), Some(&now)) {
            Ok(_) => Ok(events.iter().map(|event| event.data.u64()).collect()),
            Err(Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn read_reports(&self, total: &mut Total) -> io::Result<()> {
        let mut report = [0; REPORT_LEN];
        loop {
            match rustix::io::read(&self.reports, &mut report) {
                Ok(REPORT_LEN) => total.add(Some(parse_report(&report))),
                Ok(_) | Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes leave of one child, if it has ended, and tells whether it had.
    fn forget(&mut self, key: u64, how: WaitIdOptions, total: &mut Total) -> io::Result<bool> {
        let Some(child) = self.running.get(&key) else { return Ok(false) };
        let failed = match wait(child, how) {
            Ok(None) => return Ok(false),
            Ok(Some(failed)) => failed,
            // Somebody in this program waits for every child and was here first.
            Err(Errno::CHILD) => false,
            Err(error) => return Err(error.into()),
        };
        if failed {
            total.add(None);
        }
        // By hand: a child that was forked later may hold a copy, which keeps it registered.
        epoll::delete(&self.bell, child)?;
        self.running.remove(&key);
        Ok(true)
    }

    pub(super) fn end(&mut self, total: &mut Total) -> io::Result<()> {
        self.reap(total)?;
        for child in self.running.values() {
            match pidfd_send_signal(child, Signal::KILL) {
                // It has ended by itself since.
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let left: Vec<u64> = self.running.keys().copied().collect();
        for key in left {
            // A child that was told to end has not failed.
            self.forget(key, WaitIdOptions::empty(), &mut Total::default())?;
        }
        self.read_reports(total)
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // Nobody is left to tell; a child that could not be reached dies with this process.
        let _ = self.end(&mut Total::default());
    }
}

fn key(pid: Pid) -> u64 {
    u64::from(pid.as_raw_nonzero().get().unsigned_abs())
}

fn watch(bell: &OwnedFd, source: &OwnedFd, key: u64) -> io::Result<()> {
    Ok(epoll::add(bell, source, epoll::EventData::new_u64(key), epoll::EventFlags::IN)?)
}

/// Whether the child ended badly; none if it has not ended.
fn wait(child: &OwnedFd, how: WaitIdOptions) -> Result<Option<bool>, Errno> {
    loop {
        match waitid(WaitId::PidFd(child.as_fd()), WaitIdOptions::EXITED | how) {
            Ok(status) => return Ok(status.map(|status| status.exit_status() != Some(0))),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends a child that could not be held.
fn discard(pid: Pid) {
    // It is ours and not yet waited for, so that the number is still its own; should it be
    // gone all the same, there is nothing left to do.
    let _ = kill_process(pid, Signal::KILL);
    let _ = waitpid(Some(pid), rustix::process::WaitOptions::empty());
}

fn write_report(pipe: &OwnedFd, counts: Counts) -> Result<(), Errno> {
    let mut report = [0; REPORT_LEN];
    let numbers = [counts.sent, counts.received, counts.conversations];
    for (place, number) in report.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_ne_bytes());
    }
    loop {
        match rustix::io::write(pipe, &report) {
            Err(Errno::INTR) => {}
            done => return done.map(|_| ()),
        }
    }
}

fn parse_report(report: &[u8; REPORT_LEN]) -> Counts {
    let mut numbers = report.chunks_exact(8).map(|place| {
        u64::from_ne_bytes(
            place.try_into().expect("a chunk has the eight bytes that it was cut to"),
        )
    });
    let mut next = || numbers.next().expect("a report has three numbers");
    Counts { sent: next(), received: next(), conversations: next() }
}
