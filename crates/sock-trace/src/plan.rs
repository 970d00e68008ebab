//! What is traced and how, and what came of it.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::sys::Waker;
use crate::tasks::title;

/// A program to run.
#[derive(Debug, Clone)]
pub struct Program {
    pub(crate) argv: Vec<CString>,
    pub(crate) name: String,
    pub(crate) keeps_name: bool,
    /// What its first process is called where that only runs it.
    pub(crate) shell: Option<String>,
}

impl Program {
    /// A program by its command line; the first word is looked for in `PATH`. What stands behind a NUL in a word is lost: no
    /// program can be given one.
    pub fn new<W: AsRef<OsStr>>(argv: impl IntoIterator<Item = W>) -> Self {
        let argv: Vec<CString> = argv
            .into_iter()
            .map(|word| {
                let bytes = word.as_ref().as_bytes();
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                CString::new(&bytes[..end]).unwrap_or_default()
            })
            .collect();
        let words: Vec<String> =
            argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Self { argv, name: title(&words), keeps_name: false, shell: None }
    }

    /// Calls it otherwise in the record, whatever program it becomes.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.keeps_name = true;
        self.titled(name)
    }

    /// Calls it otherwise in the record, until it becomes another program.
    #[must_use]
    pub fn titled(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Says that its first process is but the shell which runs it, and what that one is called: the name of the program goes
    /// to the first of its processes that uses a socket.
    #[must_use]
    pub fn run_by(mut self, shell: impl Into<String>) -> Self {
        self.shell = Some(shell.into());
        self
    }

    /// What it is called in the record.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its words, as text.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }
}

/// When the next program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// When the one before it has begun to listen, or has bound a datagram socket; after 3 s all the same.
    #[default]
    Listen,
    /// At once.
    Now,
    /// So long after the one before it.
    After(Duration),
}

/// What is traced, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) programs: Vec<Program>,
    pub(crate) start: Start,
    pub(crate) hold: Duration,
    pub(crate) preview: Option<u64>,
    pub(crate) refuse_rings: bool,
    pub(crate) one_cpu: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stop: Option<Duration>,
    pub(crate) control: Control,
}

impl Plan {
    /// Runs these programs, each when the one before it listens, and keeps the first 64 bytes of each call.
    pub fn new(programs: impl IntoIterator<Item = Program>) -> Self {
        Self {
            programs: programs.into_iter().collect(),
            start: Start::default(),
            // Long enough for the sends that a program makes in one breath, too short for a small backlog to overflow.
            hold: Duration::from_micros(300),
            preview: Some(64),
            refuse_rings: false,
            one_cpu: true,
            timeout: None,
            stop: Some(Duration::from_millis(500)),
            control: Control::default(),
        }
    }

    /// Sets when the next program starts.
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Sets how long a receiver is held for a sender that is at work; zero: never.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// Keeps so many bytes of each call; none: all of them.
    #[must_use]
    pub fn preview(mut self, bytes: Option<u64>) -> Self {
        self.preview = bytes;
        self
    }

    /// Refuses `io_uring_setup(2)` (ENOSYS), so that programs use calls that can be seen.
    #[must_use]
    pub fn refuse_rings(mut self, refuse: bool) -> Self {
        self.refuse_rings = refuse;
        self
    }

    /// Keeps the programs and the tracer on one CPU, which makes tracing several times as fast and its stories more
    /// repeatable; programs that ask are told that they may use all of theirs. At first it does.
    #[must_use]
    pub fn one_cpu(mut self, one: bool) -> Self {
        self.one_cpu = one;
        self
    }

    /// Ends everything after so long.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// When the last program has ended, the others get SIGTERM after so long, and SIGKILL 1 s after that; none lets them go
    /// on. At first it is 500 ms.
    #[must_use]
    pub fn stop(mut self, after: Option<Duration>) -> Self {
        self.stop = after;
        self
    }

    /// When everything is ended.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        self.timeout
    }

    /// How long a receiver is held for a sender that is at work.
    #[must_use]
    pub fn hold_time(&self) -> Duration {
        self.hold
    }

    /// The programs, in their order.
    #[must_use]
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// What sends signals to the programs while they run.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

/// Sends signals to traced programs, from any thread.
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    signal: AtomicI32,
    waker: OnceLock<Waker>,
}

impl Control {
    /// Sends a signal to every program, once; no program is started from then on.
    pub fn signal(&self, signal: i32) {
        self.ask(signal);
    }

    /// Sends a signal to every program that is there, and changes nothing else.
    pub fn pass(&self, signal: i32) {
        self.ask(PASSED | signal);
    }

    /// Starts no program any more: a signal has reached them all without our doing.
    pub fn close(&self) {
        self.ask(CLOSE);
    }

    fn ask(&self, what: i32) {
        self.0.signal.store(what, Ordering::Release);
        if let Some(waker) = self.0.waker.get() {
            waker.wake();
        }
    }

    pub(crate) fn listen(&self, waker: Waker) {
        // A plan that is run again is run by another thread: it looks once in a while all the same.
        let _ = self.0.waker.set(waker);
    }

    /// Whether somebody wishes that they end, and was not heard yet.
    pub(crate) fn asks_for_end(&self) -> bool {
        let what = self.0.signal.load(Ordering::Acquire);
        what == CLOSE || (what != 0 && what & PASSED == 0)
    }

    pub(crate) fn take(&self) -> Option<i32> {
        Some(self.0.signal.swap(0, Ordering::Acquire)).filter(|signal| *signal != 0)
    }
}

/// Marks a signal that is no wish to end.
pub(crate) const PASSED: i32 = 1 << 16;
/// No signal has this number.
pub(crate) const CLOSE: i32 = -1;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It could not be run: the errno.
    NotRun(i32),
}

/// What came of a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How each program ended, in their order; none for one that was never started.
    pub ended: Vec<Option<Ended>>,
    /// Which of them were asked to end, their end being none of their doing.
    pub asked: Vec<bool>,
    /// The time was over before the programs were.
    pub timed_out: bool,
    /// Receives that were held, and how many of them may have returned sooner or with less alone: they had something to receive,
    /// and got more of it meanwhile, or were held until their time was over.
    pub held: (u64, u64),
    /// How often all descriptors of a process were looked through for others that hold a socket, which takes the longer the
    /// more there are.
    pub searched: u64,
}

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The system does not let programs be traced.
    #[error("cannot trace {program}: {source}; {cure}")]
    Refused {
        /// The program that was to be traced.
        program: String,
        /// What the system said.
        source: io::Error,
        /// What to do about it.
        cure: &'static str,
    },
    /// The system failed in the middle.
    #[error("the trace broke off: {0}")]
    Broken(#[from] io::Error),
}
