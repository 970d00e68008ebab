//! Shelf: connections that are held open for the next request.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::wire::Wire;

/// How many are held open; as browsers do for one server.
const MOST: usize = 6;

/// Every connection that can carry another request, the one used last behind the others.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Vec<(String, Wire)>>);

impl Shelf {
    /// One that leads where `key` says, and whose server has not closed it.
    pub(super) fn take(&self, key: &str) -> Option<Wire> {
        let mut wires = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(at) = wires.iter().rposition(|(theirs, _)| theirs == key) {
            let (_, wire) = wires.remove(at);
            if wire.is_idle() {
                return Some(wire);
            }
        }
        None
    }

    fn put(&self, key: String, wire: Wire) {
        let mut wires = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wires.len() >= MOST {
            wires.remove(0);
        }
        wires.push((key, wire));
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

/// Where one connection goes when its response was read.
#[derive(Debug, Clone)]
pub(super) struct Place {
    shelf: Arc<Shelf>,
    key: String,
}

impl Place {
    pub(super) fn new(shelf: &Arc<Shelf>, key: String) -> Self {
        Self { shelf: Arc::clone(shelf), key }
    }

    pub(super) fn put(self, wire: Wire) {
        if wire.is_idle() {
            self.shelf.put(self.key, wire);
        }
    }
}
