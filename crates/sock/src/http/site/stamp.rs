//! Stamp: by what a file is known to be the same, and the validator made of it.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use rustix::fs::{FileType, Stat};

use crate::run;

/// A system writes down the time of a change as it was at its last tick, of which there are at least a
/// hundred in a second. A second change within the same tick does not show.
const TICK: Duration = Duration::from_millis(20);

/// Some file systems know no finer time than two seconds.
const COARSE: Duration = Duration::from_millis(2100);

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    File,
    Folder,
    Other,
}

/// What a file was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) shape: Shape,
    device: u64,
    inode: u64,
    pub(super) len: u64,
    /// Seconds and nanoseconds; set by the system or by anybody.
    modified: (i64, u32),
    /// Seconds and nanoseconds of the last change of anything; set by the system alone.
    changed: (i64, u32),
}

impl Stamp {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the widths differ among systems; sizes are not negative, nanoseconds below 2^30"
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        let kind = FileType::from_raw_mode(stat.st_mode);
        let shape = match () {
            () if kind.is_file() => Shape::File,
            () if kind.is_dir() => Shape::Folder,
            () => Shape::Other,
        };
        Self {
            shape,
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            len: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }

    /// Whether the next change will show: the last one is longer ago than the file system's time is
    /// coarse.
    pub(super) fn is_settled(&self) -> bool {
        let (seconds, nanos) = self.changed;
        // A time with so many noughts is of a file system that has no others.
        let slack = if nanos % 10_000_000 == 0 { COARSE } else { TICK };
        let Ok(seconds) = u64::try_from(seconds) else { return true };
        run::wall().checked_sub(Duration::new(seconds, nanos)).is_some_and(|age| age > slack)
    }

    /// Whether it was modified before `other` was.
    pub(super) fn is_older_than(&self, other: &Self) -> bool {
        self.modified < other.modified
    }

    /// When it was modified, since the Unix epoch; before it: unknown.
    pub(super) fn modified(&self) -> Option<Duration> {
        let (seconds, nanos) = self.modified;
        Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
    }

    /// The validator of a file that is not read as a whole.
    ///
    /// While the next change might not show, it is another one each time, so that it never stands for
    /// other bytes than those that it was given with.
    pub(super) fn etag(&self, coding: Option<&str>) -> String {
        let Self { inode, len, modified, changed, .. } = self;
        let nanos = |(seconds, nanos): &(i64, u32)| {
            i128::from(*seconds) * 1_000_000_000 + i128::from(*nanos)
        };
        let (modified, changed) = (nanos(modified), nanos(changed));
        let is_settled = self.is_settled();
        let once =
            if is_settled { String::new() } else { format!("-{:x}", run::wall().as_nanos()) };
        let coding = suffix(coding);
        format!("\"{inode:x}-{len:x}-{modified:x}-{changed:x}{once}{coding}\"")
    }
}

/// The validator of these bytes, by what they are.
pub(super) fn etag(bytes: &[u8], coding: Option<&str>) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("\"{:x}-{:016x}{}\"", bytes.len(), hasher.finish(), suffix(coding))
}

fn suffix(coding: Option<&str>) -> String {
    coding.map_or_else(String::new, |coding| format!("-{coding}"))
}
