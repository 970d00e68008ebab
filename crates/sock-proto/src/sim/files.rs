//! Files: a site that is a map of names to bytes.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::calendar::{Date, MONTHS};
use crate::protocols::http::site::{
    Body, Codings, Entry, File, Found, Listing, Missing, Refused, Site, Upload,
};
use crate::source::Memory;

/// A web server's site that is a map of names to bytes.
///
/// What is added is as the last [`changed`](Self::changed) and [`sourced`](Self::sourced) say. Nothing
/// can be stored: who wants that holds it behind a lock and [`insert`](Self::insert)s.
///
/// ```
/// use sock_proto::sim::Files;
///
/// let files = Files::new().file("index.html", "<p>hello").file("img/1.png", b"\x89PNG");
/// assert_eq!(files.bytes(b"index.html"), Some(&b"<p>hello"[..]));
/// ```
///
/// # Panics
///
/// It holds the server to the terms of [`Site`]: a path that is not resolved is a panic.
#[derive(Debug, Clone, Default)]
pub struct Files {
    kept: BTreeMap<Vec<u8>, Kept>,
    folders: BTreeSet<Vec<u8>>,
    missing: BTreeMap<Vec<u8>, Missing>,
    changed: Duration,
    sourced: bool,
}

#[derive(Debug, Clone)]
struct Kept {
    bytes: Arc<[u8]>,
    codings: BTreeMap<&'static str, Arc<[u8]>>,
    changed: Duration,
    sourced: bool,
}

impl Files {
    /// Makes an empty root.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, and the folders that it lies in.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Self {
        self.insert(path.as_ref(), bytes.as_ref());
        self
    }

    /// Adds a folder, and those that it lies in.
    #[must_use]
    pub fn folder(mut self, path: impl AsRef<[u8]>) -> Self {
        self.make_folder(path.as_ref());
        self
    }

    /// Keeps the file at `path`, which is there, in a coding too.
    ///
    /// # Panics
    ///
    /// There is no such file.
    #[must_use]
    pub fn coded(
        mut self,
        path: impl AsRef<[u8]>,
        coding: &'static str,
        bytes: impl AsRef<[u8]>,
    ) -> Self {
        let file = self.kept.get_mut(path.as_ref()).expect("the file is there");
        file.codings.insert(coding, bytes.as_ref().into());
        self
    }

    /// Has every question about `path` answered so.
    #[must_use]
    pub fn missing(mut self, path: impl AsRef<[u8]>, why: Missing) -> Self {
        self.missing.insert(path.as_ref().to_vec(), why);
        self
    }

    /// Says when what is added from now on changed, since the Unix epoch.
    #[must_use]
    pub fn changed(mut self, moment: Duration) -> Self {
        self.changed = moment;
        self
    }

    /// Has what is added from now on lie behind a [`Source`](crate::Source) and not in memory.
    #[must_use]
    pub fn sourced(mut self) -> Self {
        self.sourced = true;
        self
    }

    /// Puts a file in its place and tells whether it has taken that of another.
    pub fn insert(&mut self, path: &[u8], bytes: &[u8]) -> bool {
        self.make_folder(folder_of(path));
        let (changed, sourced) = (self.changed, self.sourced);
        let kept = Kept { bytes: bytes.into(), codings: BTreeMap::new(), changed, sourced };
        self.kept.insert(path.to_vec(), kept).is_some()
    }

    /// What is in the file at `path`.
    #[must_use]
    pub fn bytes(&self, path: &[u8]) -> Option<&[u8]> {
        self.kept.get(path).map(|kept| &*kept.bytes)
    }

    /// The paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.kept.keys().map(Vec::as_slice)
    }

    fn make_folder(&mut self, mut path: &[u8]) {
        while !path.is_empty() {
            self.folders.insert(path.to_vec());
            path = folder_of(path);
        }
    }

    fn is_folder(&self, path: &[u8]) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    /// Refuses what was declared missing, and lets in what keeps the terms.
    fn enter(&self, path: &[u8]) -> Result<(), Missing> {
        assert!(is_resolved(path), "not a path of a site: {:?}", path.escape_ascii().to_string());
        self.missing.get(path).map_or(Ok(()), |why| Err(*why))
    }
}

impl Site for Files {
    fn find(&self, path: &[u8], takes: Codings) -> Result<Found, Missing> {
        self.enter(path)?;
        if self.is_folder(path) {
            return Ok(Found::Folder);
        }
        let kept = self.kept.get(path).ok_or(Missing::NotFound)?;
        let coded = |name, taken: bool| kept.codings.get_key_value(name).filter(|_| taken);
        let coded = coded("br", takes.br).or_else(|| coded("gzip", takes.gzip));
        let (coding, bytes) =
            coded.map_or((None, &kept.bytes), |(name, bytes)| (Some(*name), bytes));
        let bytes = Arc::clone(bytes);
        let len = bytes.len() as u64;
        let etag = etag(&bytes);
        let body =
            if kept.sourced { Body::Source(Arc::new(Memory(bytes))) } else { Body::Bytes(bytes) };
        Ok(Found::File(File {
            body,
            len,
            modified: Some(kept.changed),
            etag,
            media: media(path),
            coding,
            varies: !kept.codings.is_empty(),
        }))
    }

    fn list(&self, path: &[u8]) -> Result<Listing, Missing> {
        self.enter(path)?;
        if !self.is_folder(path) {
            return Err(Missing::NotFound);
        }
        let lies_here = |inner: &&Vec<u8>| folder_of(inner) == path;
        let folders = self.folders.iter().filter(lies_here).map(|inner| Entry {
            name: name_of(inner).to_vec(),
            is_folder: true,
            len: 0,
            modified: None,
        });
        let files = self.kept.iter().filter(|(inner, _)| lies_here(inner));
        let files = files.map(|(inner, kept)| Entry {
            name: name_of(inner).to_vec(),
            is_folder: false,
            len: kept.bytes.len() as u64,
            modified: Some(kept.changed),
        });
        Ok(folders.chain(files).collect::<Vec<_>>().into())
    }

    fn store(&self, path: &[u8]) -> Result<Box<dyn Upload>, Refused> {
        self.enter(path).map_err(|_| Refused::Forbidden)?;
        Err(Refused::Forbidden)
    }

    fn moment(&self, date: &str) -> Option<Duration> {
        let words: Vec<&str> =
            date.split([' ', ',', '-', ':']).filter(|word| !word.is_empty()).collect();
        let ([_, day, month, year, hour, minute, second, "GMT"]
        | [_, month, day, hour, minute, second, year]) = *words
        else {
            return None;
        };
        let number = |word: &str| word.parse::<u64>().ok();
        // Two digits are of the century around the epoch.
        let year = match number(year)? {
            year @ 0..70 => 2000 + year,
            year @ 70..100 => 1900 + year,
            year => year,
        };
        let month = MONTHS.iter().position(|name| &name[..3] == month)?;
        let days = Date { year, month, day: number(day)? }.days()?;
        let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
        let is_time = hour < 24 && minute < 60 && second <= 60;
        is_time.then(|| Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
    }
}

/// Tells whether `path` keeps the terms of [`Site`].
fn is_resolved(path: &[u8]) -> bool {
    path.is_empty()
        || path.split(|byte| *byte == b'/').all(|segment| {
            !matches!(segment, b"" | b"." | b"..") && memchr::memchr(0, segment).is_none()
        })
}

fn folder_of(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(&[], |at| &path[..at])
}

fn name_of(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |at| &path[at + 1..])
}

/// The hash FNV-1a: other bytes have another, where nobody means harm.
fn etag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

fn media(path: &[u8]) -> Cow<'static, str> {
    let media = match name_of(path).rsplit(|byte| *byte == b'.').next().unwrap_or_default() {
        b"html" => "text/html; charset=utf-8",
        b"txt" => "text/plain; charset=utf-8",
        b"css" => "text/css; charset=utf-8",
        b"js" => "text/javascript; charset=utf-8",
        b"png" => "image/png",
        _ => "application/octet-stream",
    };
    Cow::Borrowed(media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_all_three_forms() {
        let (files, moment) = (Files::new(), Duration::from_secs(784_111_777));
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(files.moment(date), Some(moment), "{date}");
        }
        for date in ["", "Sun, 06 Nov 1994", "Sun, 31 Feb 1994 08:49:37 GMT", "784111777"] {
            assert_eq!(files.moment(date), None, "{date}");
        }
    }
}
