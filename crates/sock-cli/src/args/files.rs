//! Files that options name to be read: looked at before anything else happens, because a file that is not
//! there is a wrong command line and no failure of a server.

use std::path::Path;

use anyhow::Result;
use rustix::fs::{Access, access};

use crate::status::Usage;

/// Refuses a file that cannot be read; `verb` says what for.
///
/// It is not opened: a pipe would take that for its reader.
pub(super) fn is_to_be_read(path: &Path, verb: &str) -> Result<()> {
    let facts = std::fs::metadata(path).map_err(|error| refused(path, verb, error))?;
    if facts.is_dir() {
        let text =
            format!("cannot {verb} it: {} is a directory; name a file in it", path.display());
        return Err(Usage(text).into());
    }
    access(path, Access::READ_OK).map_err(|errno| refused(path, verb, errno))
}

/// The first line of a file.
pub(super) fn first_line(path: &str, verb: &str) -> Result<String> {
    let path = Path::new(path);
    let held = std::fs::read_to_string(path).map_err(|error| refused(path, verb, error))?;
    Ok(held.lines().next().unwrap_or_default().to_owned())
}

fn refused(path: &Path, verb: &str, why: impl Into<sock::Error>) -> anyhow::Error {
    Usage(format!("cannot {verb} {}: {}", path.display(), why.into())).into()
}
