//! Part: the temporary beside a file, and the moment at which it becomes the file.
//!
//! ```text
//!   FILE.part        the bytes so far; locked while somebody writes them
//!   FILE.part.json   of which version they are
//!   FILE             only ever whole
//! ```
//!
//! The note is taken away before the bytes change and written before new ones come, and says of how many
//! it is known that they are right: those that were on the disk before it was written. While bytes come it
//! is written anew each time that a quarter more of them is there. So whenever this program dies, the
//! next run goes on from what the note vouches for. A part that was left in peace must still be as
//! it was left.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::note::{self, Note};
use super::version::Version;
use crate::http::Sink;
use crate::{Error, ErrorKind, Result};

/// The bytes of a file that is not whole yet.
#[derive(Debug)]
pub(super) struct Part {
    file: PathBuf,
    path: PathBuf,
    note: PathBuf,
    url: String,
    open: File,
    /// Of which version the bytes are; none: nothing is known, and they do not count.
    version: Option<Version>,
    /// May take the place of a file that is there.
    replaces: bool,
    /// So many bytes came that no note vouches for.
    unnoted: u64,
}

/// No note is written anew for less.
const LEAST: u64 = 256 * 1024;

impl Part {
    /// Opens the part of `file`; with `continued`, what an earlier run left there counts.
    pub(super) fn open(file: &Path, url: &str, continued: bool, replaces: bool) -> Result<Self> {
        // Where a link leads, so that the link stays one.
        let file = if file.is_symlink() {
            fs::canonicalize(file).unwrap_or(file.into())
        } else {
            file.into()
        };
        let path = beside(&file, ".part");
        let note = beside(&file, ".part.json");
        if !continued {
            heed_others(&path, &note)?;
        }
        let open = lock(&path).map_err(|error| failed(&path, error.into()))?;
        let url = url.to_owned();
        let mut part = Self { file, path, note, url, open, version: None, replaces, unnoted: 0 };
        if continued && let Some((version, len)) = part.vouched() {
            part.version = Some(version);
            // From here on it is in use, and no longer as it was left.
            let cut = if len < part.len() { part.open.set_len(len) } else { Ok(()) };
            cut.and_then(|()| part.vouch(false)).map_err(|error| part.failed(error))?;
        }
        Ok(part)
    }

    /// How much of which version is surely there, as far as the note tells.
    fn vouched(&self) -> Option<(Version, u64)> {
        let note = note::read(&self.note, &self.url)?;
        let facts = self.open.metadata().ok()?;
        match note.left_at {
            // Somebody has been at it since.
            Some(_) if (facts.len(), changed(&facts)) != (note.len, note.left_at) => None,
            _ => Some((note.version, note.len.min(facts.len()))),
        }
    }

    /// Writes down what is there, once it is on the disk.
    fn vouch(&mut self, is_left: bool) -> io::Result<()> {
        let Some(version) = self.version.clone().filter(|version| version.validator.is_some())
        else {
            return Ok(());
        };
        self.open.sync_data()?;
        let facts = self.open.metadata()?;
        let left_at = if is_left { changed(&facts) } else { None };
        self.unnoted = 0;
        note::write(&self.note, &self.url, &Note { version, len: facts.len(), left_at })
    }

    /// How much of which version is there.
    pub(super) fn had(&self) -> Option<(u64, &Version)> {
        let len = self.len();
        self.version.as_ref().map(|version| (len, version)).filter(|_| len > 0)
    }

    /// How many bytes are there.
    pub(super) fn len(&self) -> u64 {
        self.open.metadata().map_or(0, |facts| facts.len())
    }

    /// Forgets what is there: from now on bytes of `version` come, from its first.
    pub(super) fn restart(&mut self, version: Version) -> Result<()> {
        let restarted = (|| {
            note::remove(&self.note)?;
            self.open.set_len(0)?;
            self.open.rewind()?;
            self.unnoted = 0;
            let note = Note { version: version.clone(), len: 0, left_at: None };
            note::write(&self.note, &self.url, &note)
        })();
        self.version = Some(version);
        restarted.map_err(|error| self.failed(error))
    }

    /// Makes ready for the bytes that come behind those that are there.
    pub(super) fn go_on(&mut self) -> Result<()> {
        self.open.seek(SeekFrom::End(0)).map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Lets the bytes that are there pass through `hash`.
    pub(super) fn hash(&mut self, hash: &mut Sha256) -> Result<()> {
        let hashed = (|| {
            self.open.rewind()?;
            let mut buf = vec![0; 64 * 1024];
            loop {
                match self.open.read(&mut buf) {
                    Ok(0) => return Ok(()),
                    Ok(n) => hash.update(&buf[..n]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        })();
        hashed.map_err(|error| self.failed(error))
    }

    /// The bytes are whole: they become the file.
    pub(super) fn finish(self) -> Result<PathBuf> {
        let finished = (|| {
            if let Ok(facts) = fs::metadata(&self.file) {
                // As if the file had been written to; whose rights cannot be set, has others.
                let _ = self.open.set_permissions(Permissions::from_mode(facts.mode() & 0o777));
            }
            // Otherwise a power cut could leave the name with nothing behind it.
            self.open.sync_data()?;
            // First: as soon as the name is free, it may be somebody else's.
            note::remove(&self.note)?;
            if self.replaces {
                fs::rename(&self.path, &self.file)
            } else {
                take_free(&self.path, &self.file)
            }
        })();
        match finished {
            Ok(()) => Ok(self.file),
            Err(error) => Err(failed(&self.file, error)),
        }
    }

    /// The bytes are not whole. Those that may be of use stay; whether they can be gone on with.
    pub(super) fn leave(mut self) -> Option<(PathBuf, bool)> {
        if self.len() == 0 {
            // Locked still: nobody else has it. What cannot be removed does no harm.
            let _ = note::remove(&self.note);
            let _ = fs::remove_file(&self.path);
            return None;
        }
        // What could not be noted does not count; an earlier note that still fits does.
        let counts = self.vouch(true).is_ok() && self.vouched().is_some_and(|(_, len)| len > 0);
        Some((self.path, counts))
    }

    /// What is there is no version of anything: nobody is to go on with it.
    pub(super) fn spoil(&mut self) {
        self.version = None;
        let note = Note { version: Version::default(), len: 0, left_at: None };
        // A note that cannot be written is found out by the hash once more.
        let _ = note::write(&self.note, &self.url, &note);
    }

    fn failed(&self, error: io::Error) -> Error {
        failed(&self.path, error)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Part {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.open.as_fd())
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.unnoted += bytes;
        if self.unnoted > LEAST.max(self.len() / 5) {
            self.vouch(false).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }
}

/// When the bytes of a file changed last, in nanoseconds since the Unix epoch.
fn changed(facts: &fs::Metadata) -> Option<i64> {
    facts.mtime().checked_mul(1_000_000_000)?.checked_add(facts.mtime_nsec())
}

fn failed(path: &Path, error: io::Error) -> Error {
    let about = format!("cannot write {}", path.display());
    let error = Error::from(error);
    // Of a file this says nothing about a server, as it does elsewhere.
    if error.kind() == ErrorKind::NotFound {
        return Error::new(ErrorKind::Other, "there is no such directory").about(about);
    }
    error.about(about)
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.file_name().map_or_else(OsString::new, OsString::from);
    name.push(end);
    file.with_file_name(name)
}

/// Refuses to write over what is there under these names and is not ours. Whoever goes on with it says that it is.
fn heed_others(part: &Path, note: &Path) -> Result<()> {
    let is_theirs = |path: &&Path| {
        fs::symlink_metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() > 0)
    };
    match [part, note].iter().find(|path| is_theirs(path)) {
        Some(theirs) if !note::is_ours(note) => {
            let text = format!("{} is there already, and no part of a download", theirs.display());
            let error = Error::new(ErrorKind::Other, text);
            Err(error.cure("move it away, or write to another file"))
        }
        _ => Ok(()),
    }
}

/// Opens the part for one writer. Whoever had it until now may have just made it the file: then its
/// name is free, or another's, and the next look finds that.
fn lock(path: &Path) -> Result<File> {
    loop {
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(false);
        let open = how.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
        let facts = open.metadata()?;
        if !facts.is_file() {
            return Err(Error::new(ErrorKind::AlreadyExists, "it is no file; remove it"));
        }
        match flock(&open, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let text =
                    "another download is writing it; wait for its end, or choose another file";
                return Err(Error::new(ErrorKind::Other, text));
            }
            // A file system without locks: one writer at a time is then the user's care.
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::NOLCK) => return Ok(open),
            Err(error) => return Err(Error::from(io::Error::from(error))),
        }
        match fs::symlink_metadata(path) {
            Ok(now) if (now.dev(), now.ino()) == (facts.dev(), facts.ino()) => return Ok(open),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Renames, unless the name is taken.
fn take_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot: a moment lies between look and rename.
        Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to)
        }
        Err(Errno::INVAL | Errno::NOSYS) => Err(Errno::EXIST.into()),
        renamed => renamed.map_err(io::Error::from),
    }
}
