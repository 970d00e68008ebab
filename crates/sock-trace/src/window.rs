//! A window on a process's descriptors: copies of them, taken by `pidfd_getfd(2)`.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::sockets::At;
use crate::sys::Tid;

/// How a process's descriptors are looked at.
///
/// A copy is kept for the next call. It is true until the descriptor is closed or another is put in its place, and every
/// call that does so is traced: then it is dropped, before the call, so that it never keeps a socket open. Where a ring could
/// close it unseen, nothing is kept.
pub(crate) struct Window {
    pub(crate) pid: Tid,
    pidfd: Option<OwnedFd>,
    kept: HashMap<i32, (At, Rc<OwnedFd>)>,
    keeps: bool,
}

/// So many copies are kept for a process: descriptors of ours.
const KEPT: usize = 64;

impl Window {
    pub(crate) fn new(pid: Tid) -> Self {
        let pidfd = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self { pid, pidfd, kept: HashMap::new(), keeps: true }
    }

    /// A copy of a descriptor.
    pub(crate) fn copy(&self, fd: i32) -> Copy {
        let Some(pidfd) = &self.pidfd else { return Copy::Refused };
        match pidfd_getfd(pidfd, fd, PidfdGetfdFlags::empty()) {
            Ok(fd) => Copy::Taken(Rc::new(fd)),
            Err(rustix::io::Errno::BADF | rustix::io::Errno::SRCH) => Copy::None,
            Err(_) => Copy::Refused,
        }
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
