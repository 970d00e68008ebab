//! Opening beneath a directory and nowhere else.
//!
//! The system does it in one call where it can (openat2(2), Linux 5.6): it refuses every way out,
//! whatever is renamed or linked meanwhile. Elsewhere we go name by name and follow no link at all.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::fs::{fstat, openat, openat2, statat};
use rustix::io::Errno;
use sock_proto::protocols::http::site::Missing;

use super::stamp::Stamp;

/// A walk that met a rename is tried again so often: openat2(2) cannot tell then where it is.
const TRIES: usize = 8;

/// A directory beneath which files are opened.
#[derive(Debug)]
pub(super) struct Root {
    folder: OwnedFd,
    /// The system has no openat2, or whoever confines us does not know it.
    walks: bool,
}

impl Root {
    pub(super) fn open(path: &Path) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty())?;
        let can = openat2(&folder, ".", flags, Mode::empty(), ResolveFlags::BENEATH);
        let walks = matches!(can, Err(Errno::NOSYS | Errno::PERM));
        Ok(Self { folder, walks })
    }

    /// What is at `path`, whether beneath the root or not.
    pub(super) fn stat(&self, path: &[u8]) -> Result<Stamp, Errno> {
        Ok(Stamp::of(&statat(&self.folder, or_dot(path), AtFlags::NO_AUTOMOUNT)?))
    }

    /// Opens what is at `path` to read it; a pipe without a writer holds nobody up.
    pub(super) fn open_to_read(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.beneath(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
    }

    /// Opens the folder at `path` to read its names.
    pub(super) fn open_folder(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.beneath(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Finds what is at `path` without opening it.
    pub(super) fn find(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.beneath(path, OFlags::PATH)
    }

    fn beneath(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        if self.walks {
            return self.walk(path, flags);
        }
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut tries = 0;
        loop {
            match openat2(&self.folder, or_dot(path), flags, Mode::empty(), resolve) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if tries < TRIES => tries += 1,
                opened => return opened,
            }
        }
    }

    fn walk(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut here = None;
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            if !path.is_empty() && !is_name(name) {
                return Err(Errno::NOENT);
            }
            let folder = here.as_ref().map_or(self.folder.as_fd(), OwnedFd::as_fd);
            let found = openat(folder, or_dot(name), step, Mode::empty())?;
            let kind = FileType::from_raw_mode(fstat(&found)?.st_mode);
            if kind.is_symlink() {
                return Err(Errno::LOOP);
            }
            if names.peek().is_none() {
                return openat(folder, or_dot(name), flags | OFlags::NOFOLLOW, Mode::empty());
            }
            here = Some(found);
        }
        Err(Errno::NOENT)
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

/// Whether these bytes can be a name within a folder.
pub(super) fn is_name(name: &[u8]) -> bool {
    let is_way = name.is_empty() || name == b"." || name == b"..";
    !is_way && !name.iter().any(|byte| matches!(byte, 0 | b'/'))
}

/// The last name of a path, and the folder that it is in.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let at = path.iter().rposition(|byte| *byte == b'/');
    at.map_or((b"", path), |at| (&path[..at], &path[at + 1..]))
}

fn or_dot(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"." } else { path }
}

/// Why there is nothing to be seen.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(super) fn missing(errno: Errno) -> Missing {
    match errno {
        // What a file system cannot have as a name, it does not have.
        Errno::NOENT | Errno::NOTDIR | Errno::INVAL | Errno::ILSEQ => Missing::NotFound,
        // As openat2(2) says it of a way that would leave.
        Errno::XDEV => Missing::Outside,
        // A socket cannot be opened at all (ENXIO), nor can a device that has no driver.
        Errno::LOOP | Errno::NXIO | Errno::NODEV => Missing::Forbidden,
        Errno::ACCESS | Errno::PERM => Missing::Denied,
        Errno::NAMETOOLONG => Missing::TooLong,
        Errno::MFILE | Errno::NFILE | Errno::AGAIN => Missing::Busy,
        _ => Missing::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_openat2_no_link_is_followed_and_nothing_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "x").unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("a/b/file", root.join("link")).unwrap();
        std::os::unix::fs::symlink("../..", root.join("a/up")).unwrap();
        let mut root = Root::open(&root).unwrap();
        root.walks = true;
        assert!(root.open_to_read(b"a/b/file").is_ok());
        assert!(root.open_folder(b"a/b").is_ok());
        assert!(root.open_folder(b"").is_ok());
        assert!(root.find(b"").is_ok());
        let refused: [(&[u8], Errno); 7] = [
            (b"link", Errno::LOOP),
            (b"a/up/secret", Errno::LOOP),
            (b"a/up", Errno::LOOP),
            (b"../secret", Errno::NOENT),
            (b"a/../../secret", Errno::NOENT),
            (b"a//b/file", Errno::NOENT),
            (b"a/b/file/more", Errno::NOTDIR),
        ];
        for (path, errno) in refused {
            let shown = String::from_utf8_lossy(path);
            assert_eq!(root.open_to_read(path).unwrap_err(), errno, "{shown}");
        }
    }
}
