//! A directory as a web server's site: what is seen of it, what is not, and what becomes of changes.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

mod beneath;
mod changes;
mod codings;
mod listed;
#[allow(dead_code, reason = "support that other tests share")]
#[path = "../needs/mod.rs"]
mod needs;
mod uploads;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sock::http::FileSite;
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Body, Codings, File, Found, Missing};
use tempfile::TempDir;

/// A client that takes nothing but the bytes as they are.
pub(crate) const PLAIN: Codings = Codings { gzip: false, br: false };

/// A folder `root` in a temporary folder, which has more in it than the root.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) around: TempDir,
    pub(crate) root: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let root = around.path().join("root");
        fs::create_dir(&root).unwrap();
        Self { around, root }
    }

    pub(crate) fn with(self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Self {
        self.write(name, bytes);
        self
    }

    pub(crate) fn path(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.root.join(Path::new(std::ffi::OsStr::from_bytes(name.as_ref())))
    }

    pub(crate) fn write(&self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn site(&self) -> FileSite {
        FileSite::open(&self.root).unwrap()
    }

    /// The names in the root, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.root).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// What is at a path, which is a file.
#[track_caller]
pub(crate) fn file(site: &FileSite, path: impl AsRef<[u8]>, takes: Codings) -> File {
    match site.find(path.as_ref(), takes) {
        Ok(Found::File(file)) => file,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(path.as_ref())),
    }
}

/// Why there is nothing.
#[track_caller]
pub(crate) fn missing(site: &FileSite, path: impl AsRef<[u8]>) -> Missing {
    match site.find(path.as_ref(), PLAIN) {
        Err(missing) => missing,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(path.as_ref())),
    }
}

/// The bytes of a file, wherever they are.
pub(crate) fn bytes(file: &File) -> Vec<u8> {
    match &file.body {
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::Source(source) => {
            let mut bytes = vec![0; usize::try_from(file.len).unwrap()];
            let mut len = 0;
            while len < bytes.len() {
                let read = source.read_at(len as u64, &mut bytes[len..]);
                assert_ne!(read, 0, "it is shorter than was said");
                len += read;
            }
            bytes
        }
    }
}

/// Whether the second answer is the very memory of the first.
pub(crate) fn is_kept(site: &FileSite, path: &str, takes: Codings) -> bool {
    let [one, two] = [0; 2].map(|_| file(site, path, takes).body);
    matches!((one, two), (Body::Bytes(one), Body::Bytes(two)) if std::sync::Arc::ptr_eq(&one, &two))
}

/// Waits until what was written last is old enough to be kept.
pub(crate) fn until_kept(site: &FileSite, path: &str, takes: Codings) {
    while !is_kept(site, path, takes) {
        std::thread::yield_now();
    }
}
