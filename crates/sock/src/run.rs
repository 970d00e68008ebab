//! A run: the one clock, the one stop, and what all engines of the run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sock_proto::{Context, Limits, Observer, Time};

use crate::stop::Stop;

/// Reads the monotonic clock: the only place in the workspace that does.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Reads the time of day, since the Unix epoch; before it, zero.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What all engines of one run share: when it began, who observes it, what its limits are, and how
/// it is stopped.
///
/// # Examples
///
/// ```
/// use sock::Run;
///
/// let run = Run::new();
/// assert!(run.now() < run.now());
/// ```
#[derive(Clone)]
pub struct Run {
    began: Instant,
    wall_origin: Duration,
    seed: u64,
    limits: Limits,
    observer: Option<Arc<dyn Observer>>,
    stop: Stop,
    /// Numbers of conversations are handed out in blocks, so that workers share no counter.
    blocks: Arc<AtomicU64>,
}

/// How many conversations a worker numbers before it asks for more.
pub(crate) const BLOCK: u64 = 1 << 20;

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

impl Run {
    /// Begins a run now.
    #[must_use]
    pub fn new() -> Self {
        let wall_origin = wall();
        Self {
            began: instant(),
            wall_origin,
            seed: u64::from(wall_origin.subsec_nanos()) ^ wall_origin.as_secs().rotate_left(32),
            limits: Limits::default(),
            observer: None,
            stop: Stop::new(),
            blocks: Arc::default(),
        }
    }

    /// Tells every event to `observer`.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets how long and how much a conversation may wait and keep.
    #[must_use]
    pub fn limited(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets from what chance grows, for a run that can be repeated.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The time since the run began.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::ZERO + instant().saturating_duration_since(self.began)
    }

    /// When the run began, since the Unix epoch.
    #[must_use]
    pub fn wall_origin(&self) -> Duration {
        self.wall_origin
    }

    /// The time of day, since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.wall_origin + self.now().since(Time::ZERO)
    }

    /// What ends the run.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Whether events are told to somebody.
    #[must_use]
    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// The limits of its conversations.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What one engine thread lends to its sessions.
    pub(crate) fn context(&self) -> Context {
        let mut cx = Context::new(self.limits, self.wall_origin, self.seed)
            .observed_by(self.observer.clone());
        cx.now = self.now();
        cx
    }

    /// The first of a block of conversation numbers.
    pub(crate) fn block(&self) -> u64 {
        // Only uniqueness matters.
        self.blocks.fetch_add(BLOCK, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("began", &self.began).finish_non_exhaustive()
    }
}
