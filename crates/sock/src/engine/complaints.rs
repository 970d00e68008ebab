//! Complaints: what goes wrong again and again is said once in a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sock_proto::Time;

/// The same complaint is made once in this time, by all threads of a server together.
const EVERY: Duration = Duration::from_secs(1);

/// When each complaint was made last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Complaints(Arc<Mutex<Vec<(&'static str, Time)>>>);

impl Complaints {
    /// Tells whether this complaint is due, and notes that it is made.
    pub(super) fn may(&self, code: &'static str, now: Time) -> bool {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, last)) = made.iter_mut().find(|(other, _)| *other == code) else {
            made.push((code, now));
            return true;
        };
        let is_due = *last + EVERY <= now;
        if is_due {
            *last = now;
        }
        is_due
    }
}
