//! Listed: what was in a folder, for all who ask for it in the same turn of an engine.
//!
//! To look at every name of a large folder takes long, and a thousand clients who ask for it at once would
//! keep all others waiting a thousand times as long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sock_proto::protocols::http::site::{Listing, Refused, Stored, Upload};

/// The folder that was listed last.
#[derive(Debug, Default)]
pub(super) struct Listed(Mutex<Folder>);

#[derive(Debug, Default)]
struct Folder {
    path: Vec<u8>,
    /// Zero: nothing is kept.
    moment: Duration,
    listing: Listing,
}

impl Listed {
    /// What was in the folder at this moment, if it was listed then.
    pub(super) fn at(&self, path: &[u8], moment: Duration) -> Option<Listing> {
        let folder = self.folder();
        let is_same = !moment.is_zero() && folder.moment == moment && folder.path == path;
        is_same.then(|| folder.listing.clone())
    }

    /// Keeps what is in the folder at this moment.
    pub(super) fn keep(&self, path: &[u8], moment: Duration, listing: &Listing) {
        *self.folder() = Folder { path: path.to_vec(), moment, listing: listing.clone() };
    }

    /// An upload at whose end the folder is not any more what it was.
    pub(super) fn until(self: &Arc<Self>, upload: impl Upload + 'static) -> Box<dyn Upload> {
        Box::new(Changes { upload: Box::new(upload), listed: Arc::clone(self) })
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Changes {
    upload: Box<dyn Upload>,
    listed: Arc<Listed>,
}

impl Upload for Changes {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.upload.write(bytes)
    }

    fn commit(self: Box<Self>) -> Result<Stored, Refused> {
        let stored = self.upload.commit();
        *self.listed.folder() = Folder::default();
        stored
    }
}
