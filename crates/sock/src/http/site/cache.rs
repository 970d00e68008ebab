//! What is kept in memory: answers by path, bounded, and shared by threads.
//!
//! A hit takes a lock to read, which others share, of one of several parts, so that threads rarely
//! meet. What is kept longest goes first, unless it was asked for since it was looked at last.

use std::array;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use sock_proto::protocols::http::site::{Body, Codings, Found};

use super::stamp::Stamp;
use crate::run;

/// How much a site keeps in memory.
///
/// # Examples
///
/// ```
/// let none = sock::http::Cache { total: 0, ..Default::default() };
/// assert_eq!(sock::http::Cache::default().file, 64 << 10);
/// assert_ne!(sock::http::Cache::default(), none);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Files of so many bytes at most; the bytes of larger ones go from the file to the peer.
    pub file: u64,
    /// All files together, in bytes.
    pub total: usize,
    /// Files of so many bytes at most are compressed when they are first asked for. While that lasts
    /// the engine does nothing else.
    pub gzip: u64,
}

impl Default for Cache {
    /// 64 KiB, 16 MiB, and 512 KiB, which are compressed in about 10 ms: with a few of them at once
    /// nobody waits for longer than people notice.
    fn default() -> Self {
        Self { file: 64 << 10, total: 16 << 20, gzip: 512 << 10 }
    }
}

/// After so many milliseconds a kept file is looked for beneath the root again.
const AGAIN: u64 = 1000;

/// Parts with a lock each.
const PARTS: usize = 16;

/// What an answer weighs beside its path and its bytes: maps, counts, validator.
const OVERHEAD: usize = 512;

/// Something that was found, and by what it is known to be the same still.
#[derive(Debug)]
pub(super) struct Kept {
    stamp: Stamp,
    /// Of the file beside it that was given for it.
    beside: Option<Stamp>,
    found: Found,
    /// When it was seen last to be beneath the root.
    seen: AtomicU64,
    /// The moment of the request for which it was compared last.
    compared: AtomicU64,
    was_used: AtomicBool,
}

impl Kept {
    pub(super) fn new(stamp: Stamp, beside: Option<Stamp>, found: Found) -> Self {
        let (seen, compared) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { stamp, beside, found, seen, compared, was_used: AtomicBool::new(false) }
    }

    /// Whether it was compared at this very moment already.
    pub(super) fn was_compared(&self, moment: u64) -> bool {
        self.compared.load(Ordering::Relaxed) == moment
    }

    /// It was compared, and is the same still.
    pub(super) fn compare(&self, moment: u64) {
        self.compared.store(moment, Ordering::Relaxed);
    }

    /// Whether it was seen beneath the root long enough ago to be looked for again.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now.saturating_sub(self.seen.load(Ordering::Relaxed)) > AGAIN
    }

    /// It is beneath the root.
    pub(super) fn see(&self, now: u64) {
        self.seen.store(now, Ordering::Relaxed);
    }

    pub(super) fn is(&self, stamp: Stamp, beside: Option<Stamp>) -> bool {
        self.stamp == stamp && self.beside == beside
    }

    pub(super) fn found(&self) -> Found {
        self.found.clone()
    }

    fn weight(&self, path: &[u8]) -> usize {
        let bytes = match &self.found {
            Found::File(file) => match &file.body {
                Body::Bytes(bytes) => bytes.len(),
                Body::Source(_) => 0,
            },
            Found::Folder => 0,
        };
        // The path stands in the map and in the line.
        OVERHEAD + 2 * path.len() + bytes
    }
}

/// All that is kept.
#[derive(Debug)]
pub(super) struct Store {
    bounds: Cache,
    began: Instant,
    parts: [RwLock<Part>; PARTS],
}

impl Store {
    pub(super) fn new(bounds: Cache) -> Self {
        let began = run::instant();
        Self { bounds, began, parts: array::from_fn(|_| RwLock::default()) }
    }

    /// Milliseconds since it was made.
    pub(super) fn now(&self) -> u64 {
        let since = run::instant().saturating_duration_since(self.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn bounds(&self) -> Cache {
        self.bounds
    }

    pub(super) fn get(&self, path: &[u8], takes: Codings) -> Option<Arc<Kept>> {
        let part = self.part(path).read().unwrap_or_else(PoisonError::into_inner);
        let kept = part.maps[index(takes)].get(path)?;
        if !kept.was_used.load(Ordering::Relaxed) {
            kept.was_used.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(kept))
    }

    pub(super) fn keep(&self, path: &[u8], takes: Codings, kept: Kept) {
        let most = self.bounds.total / PARTS;
        if kept.weight(path) <= most {
            kept.see(self.now());
            let mut part = self.part(path).write().unwrap_or_else(PoisonError::into_inner);
            part.insert(path, index(takes), Arc::new(kept), most);
        }
    }

    pub(super) fn weight(&self) -> usize {
        let parts = self.parts.iter();
        parts.map(|part| part.read().unwrap_or_else(PoisonError::into_inner).weight).sum()
    }

    /// Whoever has every file in one part only shares one lock, so that the hash need not be a secret (FNV-1a).
    fn part(&self, path: &[u8]) -> &RwLock<Part> {
        let add = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        &self.parts[path.iter().fold(0x811c_9dc5, add) as usize % PARTS]
    }
}

fn index(takes: Codings) -> usize {
    usize::from(takes.gzip) | usize::from(takes.br) << 1
}

/// A part of it.
#[derive(Debug, Default)]
struct Part {
    /// By what the client takes.
    maps: [HashMap<Box<[u8]>, Arc<Kept>>; 4],
    /// Everything in the maps, longest kept first.
    line: VecDeque<(usize, Box<[u8]>)>,
    weight: usize,
}

impl Part {
    fn insert(&mut self, path: &[u8], takes: usize, kept: Arc<Kept>, most: usize) {
        let weight = kept.weight(path);
        if let Some(place) = self.maps[takes].get_mut(path) {
            self.weight -= place.weight(path);
            *place = kept;
        } else {
            self.line.push_back((takes, path.into()));
            self.maps[takes].insert(path.into(), kept);
        }
        self.weight += weight;
        // Each is passed over once, so this ends.
        while self.weight > most
            && let Some((takes, path)) = self.line.pop_front()
        {
            let map = &mut self.maps[takes];
            if map.get(&path).is_some_and(|kept| kept.was_used.swap(false, Ordering::Relaxed)) {
                self.line.push_back((takes, path));
            } else if let Some(gone) = map.remove(&path) {
                self.weight -= gone.weight(&path);
            }
        }
    }
}
