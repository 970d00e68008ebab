//! Fan: several observers as one.

use std::fmt;
use std::sync::Arc;

use sock_proto::{Event, Interest, Observer};

/// Tells each event to several observers, to each only what it wants.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use sock::observe::{Fan, Tally};
/// use sock_proto::{Event, Observer, Time, What};
///
/// let (one, other) = (Arc::new(Tally::new()), Arc::new(Tally::new()));
/// let fan = Fan::new().with(one.clone()).with(other.clone());
/// fan.event(&Event { time: Time::ZERO, conn: 1, what: What::Eof });
/// assert_eq!((one.counts().eof, other.counts().eof), (1, 1));
/// ```
#[derive(Clone, Default)]
pub struct Fan(Vec<(Interest, Arc<dyn Observer>)>);

impl Fan {
    /// A fan without observers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an observer.
    #[must_use]
    pub fn with(mut self, observer: Arc<dyn Observer>) -> Self {
        self.0.push((observer.interest(), observer));
        self
    }
}

impl Observer for Fan {
    fn event(&self, event: &Event<'_>) {
        let wanted = event.what.interest();
        for (_, observer) in self.0.iter().filter(|(interest, _)| interest.contains(wanted)) {
            observer.event(event);
        }
    }

    fn interest(&self) -> Interest {
        self.0.iter().fold(Interest::NONE, |all, (interest, _)| all.union(*interest))
    }
}

impl fmt::Debug for Fan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(interest, _)| interest)).finish()
    }
}
