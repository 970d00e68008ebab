//! Wire: what lies between two nodes, and what it does to what it carries.

use alloc::vec::Vec;
use core::time::Duration;

use crate::context::Context;
use crate::time::Time;

/// What the wire between two nodes does; both directions are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// How long anything takes from one end to the other.
    pub delay: Duration,
    /// So many bytes may be under way or unread in each direction; who would send more must wait.
    ///
    /// Of datagrams it bounds what is under way; one that arrives while so much is unread is lost.
    pub window: usize,
    /// Where a stream is cut: no read goes beyond a cut.
    pub cut: Cut,
    /// Of a thousand datagrams, so many are lost.
    pub loss: u16,
    /// Of a thousand datagrams, so many arrive twice.
    pub duplication: u16,
    /// Of a thousand datagrams, so many take the delay twice, so that later ones overtake them.
    pub reorder: u16,
    /// The moment at which every stream breaks: both ends see a reset.
    pub reset: Option<Time>,
}

impl Default for Wire {
    /// A millisecond, 64 KiB, and no fault.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(1),
            window: 64 * 1024,
            cut: Cut::Never,
            loss: 0,
            duplication: 0,
            reorder: 0,
            reset: None,
        }
    }
}

/// Where a stream is cut, counted in bytes since its beginning, in each direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cut {
    /// Nowhere: a read takes all that is there.
    #[default]
    Never,
    /// After every so many bytes; 0 is taken as 1.
    Every(usize),
    /// At these places.
    At(Vec<usize>),
    /// By chance, after at most so many bytes; 0 is taken as 1.
    Random(usize),
}

impl Cut {
    /// The first cut behind the place `at`, which itself is a cut or the beginning.
    pub(super) fn behind(&self, at: u64, dice: &mut Context) -> u64 {
        match self {
            Self::Never => u64::MAX,
            Self::Every(n) => at + (*n as u64).max(1),
            Self::At(places) => {
                let places = places.iter().map(|place| *place as u64);
                places.filter(|place| *place > at).min().unwrap_or(u64::MAX)
            }
            Self::Random(most) => at + 1 + dice.draw() % (*most as u64).max(1),
        }
    }
}

/// Tells whether something befalls that befalls so many of a thousand.
pub(super) fn befalls(of_a_thousand: u16, dice: &mut Context) -> bool {
    // No draw for what cannot be: a fault that is added leaves the others' places as they were.
    of_a_thousand > 0 && dice.draw() % 1000 < u64::from(of_a_thousand)
}
