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
    let (mut looked_at, mut left_out) = (0, 0);
    while let Some(found) = folder.read() {
        let found = found?;
        // Those that are not shown cost time as well.
        if looked_at == MOST {
            return Ok(Listing { entries, has_more: true, left_out });
        }
        looked_at += 1;
        let name = found.file_name().to_bytes();
        if !shown(name) {
            continue;
        }
        let stamp = match look(root, folder.fd()?, path, name) {
            Ok(stamp) => stamp,
            Err(Errno::ACCESS | Errno::PERM | Errno::XDEV) => {
                left_out += 1;
                continue;
            }
            // It has gone meanwhile, or its link leads nowhere.
            Err(_) => continue,
        };
        let is_folder = match stamp.shape {
            Shape::Folder => true,
            Shape::File => false,
            Shape::Other => continue,
        };
        let (name, modified) = (name.to_vec(), stamp.modified());
        entries.push(Entry { name, is_folder, len: stamp.len, modified });
    }
    Ok(Listing { entries, has_more: false, left_out })
}

/// What is behind a name, where that may be read, does not lead out, and has not gone meanwhile.
fn look(root: &Root, folder: BorrowedFd<'_>, path: &[u8], name: &[u8]) -> Result<Stamp, Errno> {
    let mut stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode).is_symlink() {
        let path = if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() };
        stat = fstat(root.find(&path)?)?;
    }
    accessat(folder, name, Access::READ_OK, AtFlags::EACCESS)?;
    Ok(Stamp::of(&stat))
}
