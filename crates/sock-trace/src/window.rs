//! A window on a process's descriptors: copies of them, taken by `pidfd_getfd(2)`.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::sockets::At;
use crate::sys::Tid;

/// How a process's descriptors are looked at.
///
/// A copy is kept for the next call. It is true until the descriptor is closed or another is put in its place, and every
/// call that does so is traced: then it is dropped, before the call, so that it never keeps a socket open. Nothing is kept where
/// that is not certain: where a ring could close it unseen, and where another task (a thread, a process that shares its
/// descriptors) could be in the middle of closing it.
pub(crate) struct Window {
    pub(crate) pid: Tid,
    pidfd: Option<OwnedFd>,
    kept: BTreeMap<i32, (At, Rc<OwnedFd>)>,
    keeps: bool,
}

/// So many copies are kept for a process: descriptors of ours.
const KEPT: usize = 16;

impl Window {
    pub(crate) fn new(pid: Tid) -> Self {
        let pidfd = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self { pid, pidfd, kept: BTreeMap::new(), keeps: true }
    }

    /// A copy of a descriptor that the task `tid` of the process calls on.
    pub(crate) fn copy(&mut self, tid: Tid, fd: i32) -> Copy {
        let Some(pidfd) = &self.pidfd else { return Copy::Refused };
        match take(pidfd, fd) {
            Ok(copy) => Copy::Taken(Rc::new(copy)),
            // The first thread may have ended before the others: it has no descriptors any more.
            Err(Errno::BADF | Errno::SRCH) if tid != self.pid => {
                let copy = Pid::from_raw(tid)
                    .and_then(|tid| pidfd_open(tid, THREAD).ok())
                    .and_then(|thread| take(&thread, fd).ok());
                copy.map_or(Copy::None, |copy| Copy::Taken(Rc::new(copy)))
            }
            Err(Errno::BADF | Errno::SRCH) => Copy::None,
            // We have no descriptor left: what is kept is given up, and the next look asks anew.
            Err(Errno::MFILE | Errno::NFILE) => {
                self.kept.clear();
                take(pidfd, fd).map_or(Copy::None, |copy| Copy::Taken(Rc::new(copy)))
            }
            Err(_) => Copy::Refused,
        }
    }

    /// Whether copies are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    pub(crate) fn keep(&mut self, fd: i32, at: At, hand: &Rc<OwnedFd>) {
        if self.keeps {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(fd, (at, Rc::clone(hand)));
        }
    }

    /// The copy that is kept of a descriptor.
    pub(crate) fn kept(&self, fd: i32) -> Option<(At, Rc<OwnedFd>)> {
        self.kept.get(&fd).map(|(at, hand)| (*at, Rc::clone(hand)))
    }

    /// These descriptors are about to mean something else.
    pub(crate) fn drop_range(&mut self, fds: std::ops::RangeInclusive<i32>) {
        self.kept.retain(|fd, _| !fds.contains(fd));
    }

    /// Keeps nothing from now on.
    pub(crate) fn distrust(&mut self) {
        self.kept.clear();
        self.keeps = false;
    }
}

/// What became of the wish for a copy.
pub(crate) enum Copy {
    Taken(Rc<OwnedFd>),
    None,
    Refused,
}

/// `PIDFD_THREAD` of linux/pidfd.h (6.9): the descriptors of this very thread.
const THREAD: PidfdFlags = PidfdFlags::from_bits_retain(0o200);

fn take(from: &OwnedFd, fd: i32) -> Result<OwnedFd, Errno> {
    pidfd_getfd(from, fd, PidfdGetfdFlags::empty())
}
