//! Time: nanoseconds since the run began.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment of a run, in nanoseconds since the run began.
///
/// ```
/// use core::time::Duration;
/// use sock_proto::Time;
///
/// let later = Time::ZERO + Duration::from_millis(2);
/// assert_eq!(later.as_nanos(), 2_000_000);
/// assert_eq!(later - Time::ZERO, Duration::from_millis(2));
/// assert_eq!(later.to_string(), "0.002000");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The moment at which the run began.
    pub const ZERO: Self = Self(0);
    /// A moment that no run reaches (584 years).
    pub const NEVER: Self = Self(u64::MAX);

    /// Makes the moment that is `nanos` nanoseconds after the beginning.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Tells the nanoseconds since the beginning.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Tells the seconds since the beginning, as scripts read them.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "2^53 ns are 104 days; a display value")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The earlier of two moments, where there are any.
    pub(crate) fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Tells how long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// Saturates at [`Time::NEVER`].
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// The same as [`Time::since`].
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Seconds with six digits, rounded down.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000_000, self.0 % 1_000_000_000 / 1_000)
    }
}
