//! Storing a file: written where nobody sees it, then put in its place in one step.
//!
//! It has no name until then where the system can do that (`O_TMPFILE`), so that not even a program
//! that is killed leaves something behind; elsewhere its name begins with [`PREFIX`]. What is stored is
//! visible at once and on the disk when the system writes it there: an engine that waited for the
//! disk would keep everybody waiting.

use std::os::fd::{AsFd, OwnedFd};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::fs::{linkat, openat, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use sock_proto::protocols::http::site::{Refused, Stored, Upload};

use super::beneath::{Root, split};

/// How the names begin of files that are being stored.
pub(super) const PREFIX: &[u8] = b".sock-upload-";

/// As every program creates files; the process's mask takes from it.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// Begins to store a file at `path`.
pub(super) fn begin(root: &Root, path: &[u8]) -> Result<Storing, Refused> {
    let (folder, name) = split(path);
    let folder = root.find(folder).map_err(refused)?;
    Storing::begin(folder, name, can_be_nameless()).map_err(refused)
}

/// A file without a name gets one by way of `/proc`.
fn can_be_nameless() -> bool {
    rustix::fs::access("/proc/self/fd", rustix::fs::Access::EXISTS).is_ok()
}

/// A file that is being stored.
#[derive(Debug)]
pub(super) struct Storing {
    folder: OwnedFd,
    name: Vec<u8>,
    file: OwnedFd,
    /// The name that it has for now; it goes with it.
    for_now: Option<Vec<u8>>,
}

impl Storing {
    fn begin(folder: OwnedFd, name: &[u8], nameless: bool) -> Result<Self, Errno> {
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            // A link is replaced, not followed.
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_symlink() => {}
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_file() => {}
            // A folder, a pipe or a device keeps its place.
            Ok(_) => return Err(Errno::ISDIR),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        let name = name.to_vec();
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        if nameless && let Ok(file) = openat(&folder, ".", flags | OFlags::TMPFILE, MODE) {
            return Ok(Self { folder, name, file, for_now: None });
        }
        let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        loop {
            let for_now = unused_name();
            match openat(&folder, for_now.as_slice(), flags, MODE) {
                Err(Errno::EXIST | Errno::INTR) => {}
                opened => {
                    return opened.map(|file| Self { folder, name, file, for_now: Some(for_now) });
                }
            }
        }
    }

    fn write_all(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.file, bytes) {
                Ok(0) => return Err(Errno::IO),
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    fn put(&mut self) -> Result<Stored, Errno> {
        let for_now = match self.for_now.clone() {
            Some(for_now) => for_now,
            None => match self.link(&self.name) {
                Ok(()) => return Ok(Stored::Created),
                // Only a name can take the place of another.
                Err(Errno::EXIST) => self.for_now.insert(self.link_for_now()?).clone(),
                Err(errno) => return Err(errno),
            },
        };
        let (folder, from, to) = (&self.folder, for_now.as_slice(), self.name.as_slice());
        let stored = match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            Ok(()) => Stored::Created,
            Err(Errno::EXIST) => {
                renameat(folder, from, folder, to)?;
                Stored::Replaced
            }
            // A file system that cannot look and rename in one step.
            Err(Errno::INVAL | Errno::NOSYS) => {
                let was_there = statat(folder, to, AtFlags::SYMLINK_NOFOLLOW).is_ok();
                renameat(folder, from, folder, to)?;
                if was_there { Stored::Replaced } else { Stored::Created }
            }
            Err(errno) => return Err(errno),
        };
        self.for_now = None;
        Ok(stored)
    }

    fn link_for_now(&self) -> Result<Vec<u8>, Errno> {
        loop {
            let for_now = unused_name();
            match self.link(&for_now) {
                Err(Errno::EXIST) => {}
                linked => return linked.map(|()| for_now),
            }
        }
    }

    /// Gives a name to a file that has none.
    fn link(&self, name: &[u8]) -> Result<(), Errno> {
        use std::os::fd::AsRawFd;
        // open(2), O_TMPFILE: the other way (AT_EMPTY_PATH) asks for a privilege.
        let file = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        linkat(CWD, file, &self.folder, name, AtFlags::SYMLINK_FOLLOW)
    }
}

impl Upload for Storing {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.write_all(bytes).map_err(refused)
    }

    fn commit(mut self: Box<Self>) -> Result<Stored, Refused> {
        self.put().map_err(refused)
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        if let Some(name) = self.for_now.take() {
            // Nobody could be told, and nobody sees the name.
            let _ = unlinkat(self.folder.as_fd(), name.as_slice(), AtFlags::empty());
        }
    }
}

/// A name that no other process uses at this moment; one that was killed may have left it.
fn unused_name() -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut name = PREFIX.to_vec();
    name.extend_from_slice(format!("{}-{number}", process::id()).as_bytes());
    name
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn refused(errno: Errno) -> Refused {
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::INVAL | Errno::ILSEQ => Refused::NotFound,
        Errno::XDEV | Errno::LOOP | Errno::ISDIR | Errno::NOTEMPTY => Refused::Forbidden,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => Refused::Denied,
        Errno::NAMETOOLONG => Refused::TooLong,
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Refused::Full,
        _ => Refused::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_needs_a_name_has_a_hidden_one_and_takes_it_along() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let begin = || Box::new(Storing::begin(root.find(b"").unwrap(), b"name", false).unwrap());
        let names = || {
            let names = std::fs::read_dir(folder.path()).unwrap();
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let dropped = begin();
        assert_eq!(names().len(), 1);
        assert!(names()[0].as_bytes().starts_with(PREFIX));
        drop(dropped);
        assert!(names().is_empty());
        for (text, expected) in [("one", Stored::Created), ("two", Stored::Replaced)] {
            let mut storing = begin();
            storing.write(text.as_bytes()).unwrap();
            assert_eq!(storing.commit(), Ok(expected));
            assert_eq!(names(), ["name"]);
            assert_eq!(std::fs::read_to_string(folder.path().join("name")).unwrap(), text);
        }
    }
}
