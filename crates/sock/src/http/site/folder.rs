//! What is in a folder.

use std::os::fd::BorrowedFd;

use rustix::fs::{Access, AtFlags, Dir, FileType, accessat, fstat, statat};
use rustix::io::Errno;
use sock_proto::protocols::http::site::{Entry, Listing};

use super::beneath::Root;
use super::stamp::{Shape, Stamp};

/// So many names are looked at: at some microseconds each nobody else waits longer than for a large file,
/// and a page of more would be read by nobody.
const MOST: usize = 10_000;

/// The names in the folder at `path` that are to be `shown` and that a client would get; of a very large one
/// those that the system names first.
pub(super) fn list(
    root: &Root,
    path: &[u8],
    shown: impl Fn(&[u8]) -> bool,
) -> Result<Listing, Errno> {
    let mut folder = Dir::new(root.open_folder(path)?)?;
    let mut entries = Vec::new();
    let mut looked_at = 0;
    while let Some(found) = folder.read() {
        let found = found?;
        // Those that are not shown cost time as well.
        if looked_at == MOST {
            return Ok(Listing { entries, has_more: true });
        }
        looked_at += 1;
        let name = found.file_name().to_bytes();
        if !shown(name) {
            continue;
        }
        let Some(stamp) = look(root, folder.fd()?, path, name) else { continue };
        let is_folder = match stamp.shape {
            Shape::Folder => true,
            Shape::File => false,
            Shape::Other => continue,
        };
        let (name, modified) = (name.to_vec(), stamp.modified());
        entries.push(Entry { name, is_folder, len: stamp.len, modified });
    }
    Ok(entries.into())
}

/// What is behind a name; none if it may not be read, leads out, or has gone meanwhile.
fn look(root: &Root, folder: BorrowedFd<'_>, path: &[u8], name: &[u8]) -> Option<Stamp> {
    let mut stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if FileType::from_raw_mode(stat.st_mode).is_symlink() {
        let path = if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() };
        stat = fstat(root.find(&path).ok()?).ok()?;
    }
    accessat(folder, name, Access::READ_OK, AtFlags::EACCESS).ok()?;
    Some(Stamp::of(&stat))
}
