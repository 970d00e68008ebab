//! Site: what a web server needs of a file system, and no more.
//!
//! The server is a protocol and knows no file system. A program gives it one with a directory behind
//! it; tests give it a map of names to bytes.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::source::Source;

/// The files beneath one root.
///
/// A path is what stood in the request's target, percent-decoded: segments with one `/` between two of
/// them, none at either end; no segment is empty, `.` or `..`, and no byte is NUL. The empty path is
/// the root. A site must still see to it that nothing outside of the root is ever opened.
pub trait Site: Send + Sync + fmt::Debug {
    /// Looks up what is at `path`, in a coding that the client `takes`.
    ///
    /// # Errors
    ///
    /// Nothing is there, or it is not to be seen.
    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing>;

    /// The same at `moment`, since the Unix epoch: a site that keeps what it has found may look once
    /// for all requests of one moment, which is one turn of an engine.
    ///
    /// # Errors
    ///
    /// As [`Site::find`].
    fn find_at(&self, path: &[u8], takes: Codings, moment: Duration) -> Result<Found, Missing> {
        // A site that keeps nothing looks each time.
        let _ = moment;
        self.find(path, takes)
    }

    /// Lists the folder at `path`, in no order; of a very large one a part, so that nobody waits for the
    /// rest.
    ///
    /// # Errors
    ///
    /// It is not there, no folder, or not to be seen.
    fn list(&self, path: &[u8]) -> Result<Listing, Missing>;

    /// The page of the folder at `path`, which `write` makes of what is in it and of nothing else: a site
    /// that keeps what it has found may give the same bytes to many who ask at about this `moment`, so
    /// that a large page is neither made nor held for each of them.
    ///
    /// # Errors
    ///
    /// As [`Site::list`].
    fn page_at(
        &self,
        path: &[u8],
        moment: Duration,
        write: &dyn Fn(&Listing) -> Page,
    ) -> Result<Page, Missing> {
        // A site that keeps nothing looks each time.
        let _ = moment;
        Ok(write(&self.list(path)?))
    }

    /// Begins to store a file at `path`; nothing is seen of it before [`Upload::commit`].
    ///
    /// # Errors
    ///
    /// The folder is not there, or nothing may be stored.
    fn store(&self, path: &[u8]) -> Result<Box<dyn Upload>, Refused>;

    /// Reads a moment in any of the forms of RFC 9110, section 5.6.7.
    fn moment(&self, date: &str) -> Option<Duration>;
}

/// The content codings that a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Codings {
    /// `gzip`.
    pub gzip: bool,
    /// `br`.
    pub br: bool,
}

/// What is at a path.
#[derive(Debug, Clone)]
pub enum Found {
    /// A file.
    File(File),
    /// A folder.
    Folder,
}

/// A file as it was when it was looked up.
#[derive(Debug, Clone)]
pub struct File {
    /// What is in it.
    pub body: Body,
    /// How many bytes that are.
    pub len: u64,
    /// When it changed last, since the Unix epoch.
    pub modified: Option<Duration>,
    /// The strong validator of these bytes, with its quotes: `"5f3-1a2b"`.
    pub etag: String,
    /// The media type, with its charset where it is text: `text/html; charset=utf-8`.
    pub media: Cow<'static, str>,
    /// The coding of these bytes: `gzip`, `br` or none.
    pub coding: Option<&'static str>,
    /// Another coding would have been given to another client.
    pub varies: bool,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Body {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// Behind an open file.
    Source(Arc<dyn Source>),
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The names.
    pub entries: Vec<Entry>,
    /// There are others, and nobody has looked how many.
    pub has_more: bool,
    /// So many are left out because whoever serves may not read them, or because they lead out of the root.
    pub left_out: usize,
}

impl From<Vec<Entry>> for Listing {
    /// All that there is.
    fn from(entries: Vec<Entry>) -> Self {
        Self { entries, has_more: false, left_out: 0 }
    }
}

/// The page of a folder, as it was made of its [`Listing`]; a clone is the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page, but for its end.
    pub bytes: Arc<[u8]>,
    /// As [`Listing::left_out`].
    pub left_out: usize,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name: any bytes but `/` and NUL.
    pub name: Vec<u8>,
    /// It is a folder.
    pub is_folder: bool,
    /// How many bytes are in it.
    pub len: u64,
    /// When it changed last, since the Unix epoch.
    pub modified: Option<Duration>,
}

/// Why there is nothing to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// There is nothing.
    NotFound,
    /// It is neither a file nor a folder, or its links lead in a circle.
    Forbidden,
    /// Whoever serves has no right to read it.
    Denied,
    /// A link on the way to it leads out of the root, whatever is at its end.
    Outside,
    /// The name is longer than the system has names.
    TooLong,
    /// The system has no means at this moment: out of descriptors.
    Busy,
    /// The system failed.
    Failed,
}

/// Why nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The folder is not there.
    NotFound,
    /// Files are not taken under this name: it is hidden, lies outside of the root, or is a folder.
    Forbidden,
    /// Whoever serves has no right to write there.
    Denied,
    /// The name is longer than the system has names.
    TooLong,
    /// There is no room.
    Full,
    /// The system failed.
    Failed,
}

/// A file that is being stored; dropped before its commit, it never was.
pub trait Upload: Send + fmt::Debug {
    /// Takes more of its bytes.
    ///
    /// # Errors
    ///
    /// There is no room, or the system failed.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused>;

    /// Puts the file in its place, whole, in one step.
    ///
    /// # Errors
    ///
    /// There is no room, or the system failed.
    fn commit(self: Box<Self>) -> Result<Stored, Refused>;
}

/// What became of a file that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// There was none of this name.
    Created,
    /// It has taken the place of another.
    Replaced,
}
