//! A site to test with: `sim`'s map of names to bytes behind a lock, so that files can be stored in it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{
    Codings, Found, Listing, Missing, Refused, Stored, Upload,
};
use sock_proto::sim::Files;

/// Files that can be stored; a clone is the same shelf.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    files: Arc<Mutex<Files>>,
    /// How many uploads have begun and are not dropped.
    open: Arc<AtomicUsize>,
    /// So many bytes find room in a file.
    room: Option<usize>,
}

impl Shelf {
    pub(crate) fn new(files: Files) -> Self {
        Self { files: Arc::new(Mutex::new(files)), ..Self::default() }
    }

    pub(crate) fn room(mut self, room: usize) -> Self {
        self.room = Some(room);
        self
    }

    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().expect("nobody panicked")
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.files().bytes(path.as_bytes()).map(<[u8]>::to_vec)
    }

    /// Every path, as text.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.files().paths().map(|path| String::from_utf8_lossy(path).into_owned()).collect()
    }

    /// How many uploads have begun and are not dropped.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Site for Shelf {
    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing> {
        self.files().find(path, takes)
    }

    fn list(&self, path: &[u8]) -> Result<Listing, Missing> {
        self.files().list(path)
    }

    fn store(&self, path: &[u8]) -> Result<Box<dyn Upload>, Refused> {
        match self.find(path, Codings::default()) {
            Ok(Found::File(_)) | Err(Missing::NotFound) => {}
            Ok(Found::Folder) => return Err(Refused::Forbidden),
            Err(Missing::TooLong) => return Err(Refused::TooLong),
            Err(
                Missing::Forbidden
                | Missing::Outside
                | Missing::Busy
                | Missing::Failed
                | Missing::Denied,
            ) => {
                return Err(Refused::Forbidden);
            }
        }
        let folder = path.iter().rposition(|byte| *byte == b'/').map_or(&[][..], |at| &path[..at]);
        if !matches!(self.find(folder, Codings::default()), Ok(Found::Folder)) {
            return Err(Refused::NotFound);
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Coming {
            files: Arc::clone(&self.files),
            open: Arc::clone(&self.open),
            path: path.to_vec(),
            bytes: Vec::new(),
            room: self.room.unwrap_or(usize::MAX),
        }))
    }

    fn moment(&self, date: &str) -> Option<Duration> {
        Files::new().moment(date)
    }
}

#[derive(Debug)]
struct Coming {
    files: Arc<Mutex<Files>>,
    open: Arc<AtomicUsize>,
    path: Vec<u8>,
    bytes: Vec<u8>,
    room: usize,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Upload for Coming {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        if self.bytes.len() + bytes.len() > self.room {
            return Err(Refused::Full);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<Stored, Refused> {
        let mut files = self.files.lock().expect("nobody panicked");
        Ok(if files.insert(&self.path, &self.bytes) { Stored::Replaced } else { Stored::Created })
    }
}
