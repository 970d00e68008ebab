//! A crew does the jobs of a blocking engine: here and now, on threads, or in children.
//!
//! An accept loop hands each conversation over as a job and goes back to `accept`. What differs
//! between an iterative, a threaded and a forking server is the crew, not the loop:
//!
//! ```text
//! accept ──▶ crew.run(job) ─┬─ iterative   the loop waits until the job is done
//!    ▲                      ├─ threads     a thread a job
//!    └── crew.reap() ◀─bell─┴─ fork        a child a job
//! ```
//!
//! A job returns what it [`Counts`]; the crew adds up. A job that panics harms no other one: it
//! counts as [failed](Crew::failed). The call order is
//! `(run | reap | len | join)* end?`, on one thread.

mod fork;
mod threads;

use std::fmt;
use std::ops::AddAssign;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Error, Result};
use crate::run::instant;

use fork::Children;
use threads::Threads;

/// What jobs did, in bytes and conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes that went to peers.
    pub sent: u64,
    /// Bytes that came from peers.
    pub received: u64,
    /// Conversations that ended.
    pub conversations: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.sent = self.sent.saturating_add(more.sent);
        self.received = self.received.saturating_add(more.received);
        self.conversations = self.conversations.saturating_add(more.conversations);
    }
}

/// Those who do the jobs of a blocking engine.
///
/// Dropping a crew kills the children that are left; threads that are left run on.
///
/// # Examples
///
/// ```
/// use sock::engine::crew::{Counts, Crew};
///
/// let mut crew = Crew::threads()?;
/// for n in 1..=3 {
///     crew.run(move || Counts { sent: n, ..Counts::default() })?;
/// }
/// assert_eq!(crew.join(None)?, 0);
/// assert_eq!(crew.counts().sent, 6);
/// # Ok::<(), sock::Error>(())
/// ```
pub struct Crew {
    kind: Kind,
    total: Total,
}

enum Kind {
    Iterative,
    Threads(Threads),
    Fork(Children),
}

/// What all the jobs that have ended come to.
#[derive(Debug, Default)]
struct Total {
    counts: Counts,
    failed: usize,
}

impl Total {
    /// Adds one job: what it counted, or none if it failed.
    fn add(&mut self, job: Option<Counts>) {
        match job {
            Some(counts) => self.counts += counts,
            None => self.failed += 1,
        }
    }
}

impl Crew {
    /// A crew of nobody: [`run`](Crew::run) does the job itself and returns when it is done.
    #[must_use]
    pub fn iterative() -> Self {
        Self::new(Kind::Iterative)
    }

    /// A crew that starts a thread for each job.
    ///
    /// # Errors
    ///
    /// The system gives no descriptor for the [bell](Crew::bell).
    pub fn threads() -> Result<Self> {
        Ok(Self::new(Kind::Threads(Threads::new()?)))
    }

    /// A crew that forks a child for each job.
    ///
    /// `first` runs in each child before its job: the place to close what only the parent may
    /// hold, above all the listening socket. A child ignores SIGINT and SIGTERM, since its
    /// parent decides when it ends; it is killed when the thread that forked it ends, however
    /// that comes about; and it leaves without running the parent's destructors and exit
    /// handlers. It has the one thread that called [`run`](Crew::run): a lock that another
    /// thread held at that moment stays locked in the child, so fork from a process with one
    /// thread.
    ///
    /// # Errors
    ///
    /// The system gives no descriptors for the [bell](Crew::bell) and the counts.
    pub fn fork(first: impl FnMut() + Send + 'static) -> Result<Self> {
        Ok(Self::new(Kind::Fork(Children::new(Box::new(first))?)))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, total: Total::default() }
    }

    /// Hands `job` over, after forgetting those that have ended.
    ///
    /// # Errors
    ///
    /// The system gives no thread, child or descriptor; the job is dropped, and what it owned
    /// is closed.
    pub fn run(&mut self, job: impl FnOnce() -> Counts + Send + 'static) -> Result<()> {
        self.reap()?;
        match &mut self.kind {
            Kind::Iterative => {
                self.total.add(catch_unwind(AssertUnwindSafe(job)).ok());
                Ok(())
            }
            Kind::Threads(threads) => threads.run(job).map_err(|why| cannot("start a thread", why)),
            Kind::Fork(children) => children.run(job).map_err(|why| cannot("fork a child", why)),
        }
    }

    /// Forgets the jobs that have ended, without blocking, and returns how many those were.
    ///
    /// # Errors
    ///
    /// The system refuses to tell who has ended.
    pub fn reap(&mut self) -> Result<usize> {
        let before = self.len();
        match &mut self.kind {
            Kind::Iterative => {}
            Kind::Threads(threads) => threads.reap(&mut self.total)?,
            Kind::Fork(children) => children.reap(&mut self.total)?,
        }
        Ok(before - self.len())
    }

    /// How many jobs are not yet forgotten.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Iterative => 0,
            Kind::Threads(threads) => threads.len(),
            Kind::Fork(children) => children.len(),
        }
    }

    /// Whether no job is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A descriptor that is readable while [`reap`](Crew::reap) has something to do, for the
    /// `poll` in which an accept loop waits; none where jobs end inside [`run`](Crew::run).
    #[must_use]
    pub fn bell(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Iterative => None,
            Kind::Threads(threads) => Some(threads.bell()),
            Kind::Fork(children) => Some(children.bell()),
        }
    }

    /// Waits until all jobs have ended or the deadline has come, and returns how many are left.
    ///
    /// # Errors
    ///
    /// As [`reap`](Crew::reap).
    pub fn join(&mut self, deadline: Option<Instant>) -> Result<usize> {
        loop {
            self.reap()?;
            let left = deadline.map(|at| at.saturating_duration_since(instant()));
            let Some(bell) = self.bell().filter(|_| !self.is_empty()) else { return Ok(0) };
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(self.len());
            }
            // A wait too long for the type is as good as none.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::from_borrowed_fd(bell, PollFlags::IN)], left.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Kills the children that are left, each by its own id, and waits for them.
    ///
    /// A thread cannot be killed: those that are left run on, and end when the sockets that
    /// their jobs hold are shut down.
    ///
    /// # Errors
    ///
    /// As [`reap`](Crew::reap).
    pub fn end(&mut self) -> Result<()> {
        match &mut self.kind {
            Kind::Iterative | Kind::Threads(_) => Ok(()),
            Kind::Fork(children) => Ok(children.end(&mut self.total)?),
        }
    }

    /// What the jobs that are forgotten have counted. A job that failed counts nothing.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.total.counts
    }

    /// How many jobs panicked, or were children that ended badly in another way than by
    /// [`end`](Crew::end).
    #[must_use]
    pub fn failed(&self) -> usize {
        self.total.failed
    }
}

fn cannot(what: &str, why: std::io::Error) -> Error {
    Error::from(why).about(format!("cannot {what}"))
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Iterative => "iterative",
            Kind::Threads(_) => "threads",
            Kind::Fork(_) => "fork",
        };
        f.debug_struct("Crew")
            .field("kind", &kind)
            .field("len", &self.len())
            .field("total", &self.total)
            .finish()
    }
}
