//! Lock-down: the program gives up, for good, every right to files that serving does not need.
//!
//! What a mistake in the server might open is then still not there for it. The kernel holds us to it
//! (landlock(7), Linux 5.13): each thread and each process that is started from then on, and on newer
//! kernels those that run already, which only write to what is open. What is open stays open: standard
//! input and output, the record, the listening sockets. Names were resolved and certificates read before;
//! the file of a unix socket, and a certificate that passes, may still be removed at the end.
//!
//! The library never does this: it cannot be undone, and a process belongs to its program.

use std::path::Path;

use anyhow::Result;
use sock::Endpoint;
use sock::http::FileSite;

/// What remains allowed.
#[derive(Debug)]
pub(crate) struct Allowed<'a> {
    /// The one directory that is read.
    pub(crate) folder: Option<&'a FileSite>,
    /// Files are stored there, too.
    pub(crate) is_writable: bool,
    /// Where we listen: some of these are files.
    pub(crate) sockets: &'a [Endpoint],
    /// A directory of ours that goes at the end, with what is in it.
    pub(crate) passing: Option<&'a Path>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Lock {
    /// The kernel holds us to it.
    Shut,
    /// It does not, for this reason.
    Open(String),
}

/// Gives up what is not allowed.
pub(crate) fn lock(allowed: &Allowed<'_>) -> Lock {
    match system::restrict(allowed) {
        Ok(true) => Lock::Shut,
        Ok(false) => Lock::Open("this system has no landlock".to_owned()),
        Err(error) => Lock::Open(format!("{error:#}")),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::{Allowed, Endpoint, Path, Result};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
        RestrictSelfAttr, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    };

    /// Everything that the kernels of today can refuse. What an older one does not know is left out.
    const ABI: ABI = ABI::V7;

    pub(super) fn restrict(allowed: &Allowed<'_>) -> Result<bool> {
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI))?
            // Neither called nor listened at anew: it serves on the sockets that it has.
            .handle_access(AccessNet::from_all(ABI))?
            .create()?;
        if let Some(folder) = allowed.folder {
            let mut rights = AccessFs::ReadFile | AccessFs::ReadDir;
            if allowed.is_writable {
                // A file gets its name, or another name that is taken: which takes one away.
                rights |= AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile;
            }
            rules = rules.add_rule(PathBeneath::new(folder, rights))?;
        }
        for folder in allowed.sockets.iter().filter_map(folder_of) {
            // One that is gone already needs no removing.
            let Ok(folder) = PathFd::new(folder) else { continue };
            let rights: BitFlags<AccessFs> = AccessFs::RemoveFile.into();
            rules = rules.add_rule(PathBeneath::new(folder, rights))?;
        }
        if let Some(passing) = allowed.passing
            && let (Ok(here), Some(Ok(above))) =
                (PathFd::new(passing), passing.parent().map(PathFd::new))
        {
            let (file, folder): (BitFlags<AccessFs>, BitFlags<AccessFs>) =
                (AccessFs::RemoveFile.into(), AccessFs::RemoveDir.into());
            // What stands beside it goes only if it is an empty directory.
            rules = rules.add_rule(PathBeneath::new(here, file))?;
            rules = rules.add_rule(PathBeneath::new(above, folder))?;
        }
        let status = rules.all_threads(true)?.restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    /// The directory in which a socket has its file.
    fn folder_of(endpoint: &Endpoint) -> Option<&Path> {
        let (Endpoint::Unix(name) | Endpoint::Unixgram(name)) = endpoint else { return None };
        let path = Path::new(OsStr::from_bytes(name.as_path()?));
        let folder = path.parent()?;
        Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Allowed, Result};

    pub(super) fn restrict(_: &Allowed<'_>) -> Result<bool> {
        Ok(false)
    }
}
