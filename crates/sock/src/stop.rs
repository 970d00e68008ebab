//! Stop: how a run is asked to end, once politely and a second time for good.
//!
//! Every engine waits on descriptors anyway, so a stop is a descriptor that becomes readable: no
//! flag is polled, and a quiet server ends at once. There are three pipes. Whoever wants the run
//! to end writes a byte to `asked`, which a signal handler may do. Whoever sees that byte first
//! passes it on to `soft`, or the second time to `hard`; nobody ever reads those two, so that they
//! stay readable for every thread and every forked child.
//!
//! ```text
//!   signal, ask() --> asked --> soft   "finish what you do"     seen by all
//!                          \--> hard   "now"                    seen by all
//! ```

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fmt, io};

use rustix::pipe::{PipeFlags, pipe_with};

use crate::{Error, Result};

/// How urgently a run is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Not at all.
    None,
    /// Accept nobody new and let conversations finish.
    Soft,
    /// End everything now.
    Hard,
}

/// A handle by which a run is asked to end; clones ask the same run.
///
/// # Examples
///
/// ```
/// use sock::{Run, Urgency};
///
/// let run = Run::new();
/// run.stop().ask();
/// assert_eq!(run.stop().urgency(), Urgency::Soft);
/// run.stop().ask();
/// assert_eq!(run.stop().urgency(), Urgency::Hard);
/// ```
#[derive(Clone)]
pub struct Stop(Arc<io::Result<Pipes>>);

struct Pipes {
    asked: Pipe,
    soft: Pipe,
    hard: Pipe,
    /// How often the run was asked, as far as this process has read.
    count: AtomicUsize,
    /// In a forked child only the parent reads what was asked.
    is_child: AtomicBool,
}

struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

impl Pipes {
    fn new() -> io::Result<Self> {
        Ok(Self {
            asked: Pipe::new()?,
            soft: Pipe::new()?,
            hard: Pipe::new()?,
            count: AtomicUsize::new(0),
            is_child: AtomicBool::new(false),
        })
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { read, write })
    }

    fn ring(&self) {
        // A full pipe is readable already, which is all that matters.
        let _ = rustix::io::write(&self.write, &[1]);
    }

    fn is_rung(&self) -> bool {
        rustix::io::ioctl_fionread(&self.read).is_ok_and(|n| n > 0)
    }
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Pipes::new()))
    }

    /// Tells whether the run can be stopped at all.
    ///
    /// # Errors
    ///
    /// There were not six descriptors left when the run began.
    pub(crate) fn check(&self) -> Result<()> {
        self.pipes().map(drop)
    }

    fn pipes(&self) -> Result<&Pipes> {
        let again = |error: &io::Error| {
            let error = error
                .raw_os_error()
                .map_or(io::ErrorKind::Other.into(), io::Error::from_raw_os_error);
            Error::from(error).about("cannot begin a run")
        };
        self.0.as_ref().as_ref().map_err(again)
    }

    /// Asks the run to end: the first time politely, the second time for good.
    pub fn ask(&self) {
        if let Ok(pipes) = self.pipes() {
            pipes.asked.ring();
        }
    }

    /// The descriptor to which a byte may be written instead of [`Stop::ask`]: the one way that a
    /// signal handler has. It never blocks.
    ///
    /// # Errors
    ///
    /// There were not six descriptors left when the run began.
    pub fn descriptor(&self) -> Result<BorrowedFd<'_>> {
        Ok(self.pipes()?.asked.write.as_fd())
    }

    /// Tells how urgently the run was asked to end so far.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        let Ok(pipes) = self.pipes() else { return Urgency::None };
        if !pipes.is_child.load(Ordering::Relaxed) {
            let mut bytes = [0; 16];
            if let Ok(n) = rustix::io::read(&pipes.asked.read, &mut bytes) {
                let before = pipes.count.fetch_add(n, Ordering::Relaxed);
                if before == 0 && n > 0 {
                    pipes.soft.ring();
                }
                if before < 2 && before + n >= 2 {
                    pipes.hard.ring();
                }
            }
        }
        match (pipes.soft.is_rung(), pipes.hard.is_rung()) {
            (_, true) => Urgency::Hard,
            (true, false) => Urgency::Soft,
            (false, false) => Urgency::None,
        }
    }

    /// The descriptors that become readable when the urgency rises above `seen`.
    pub(crate) fn waits(&self, seen: Urgency) -> impl Iterator<Item = BorrowedFd<'_>> {
        let pipes = self.pipes().ok();
        let asked = pipes.filter(|pipes| !pipes.is_child.load(Ordering::Relaxed));
        let asked = asked.map(|pipes| &pipes.asked);
        let next = pipes.and_then(|pipes| match seen {
            Urgency::None => Some(&pipes.soft),
            Urgency::Soft => Some(&pipes.hard),
            Urgency::Hard => None,
        });
        asked.into_iter().chain(next).map(|pipe| pipe.read.as_fd())
    }

    /// From now on this process is a child of the one that was asked.
    pub(crate) fn in_child(&self) {
        if let Ok(pipes) = self.pipes() {
            pipes.is_child.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.urgency()).finish()
    }
}
