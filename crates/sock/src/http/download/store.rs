//! Store: where the bytes of a download are: in a part beside a file, in a stream, or nowhere yet.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use sha2::Sha256;

use super::part::Part;
use super::verdict::Why;
use super::version::Version;
use crate::http::{Reply, Sink};
use crate::{Error, ErrorKind, Result};

/// Chooses a file by the reply.
pub(super) type Name<'a> = &'a mut dyn FnMut(&Reply) -> Result<PathBuf>;

/// Where the bytes are.
pub(super) enum Store<'a> {
    /// The reply names the file.
    Unnamed(Name<'a>),
    /// Beside a file.
    Part(Box<Part>, u64),
    /// Gone from here.
    Stream(Stream<'a>),
}

/// Where bytes go that cannot be called back.
pub(super) struct Stream<'a> {
    to: To<'a>,
    len: u64,
    version: Option<Version>,
}

enum To<'a> {
    Sink(&'a mut dyn Sink),
    Device(Device),
}

impl<'a> Store<'a> {
    /// At `file`: beside it, or in it where it is a device or a pipe.
    pub(super) fn at(file: &Path, url: &str, continued: bool) -> Result<Self> {
        let failed =
            |error: io::Error| Error::from(error).about(format!("cannot write {}", file.display()));
        match fs::metadata(file) {
            Ok(facts) if facts.is_dir() => {
                let text = format!("{} is a directory", file.display());
                Err(Error::new(ErrorKind::Other, text).cure("name a file in it"))
            }
            Ok(facts) if !facts.is_file() => {
                let open = OpenOptions::new().write(true).open(file).map_err(failed)?;
                Ok(Self::Stream(Stream { to: To::Device(Device(open)), len: 0, version: None }))
            }
            Err(_) if file.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                let text = format!("there is no directory {}", file.display());
                Err(Error::new(ErrorKind::Other, text).cure("make it, and name a file in it"))
            }
            Ok(_) | Err(_) => Ok(Self::part(Part::open(file, url, continued, true)?)),
        }
    }

    /// In `sink`.
    pub(super) fn stream(sink: &'a mut dyn Sink) -> Self {
        Self::Stream(Stream { to: To::Sink(sink), len: 0, version: None })
    }

    fn part(part: Part) -> Self {
        let len = part.len();
        Self::Part(Box::new(part), len)
    }

    /// Learns the file's name, if it has none yet. True: the rest of what is there is to be asked for.
    pub(super) fn name(&mut self, reply: &Reply, url: &str, continued: bool) -> Result<bool> {
        let Self::Unnamed(name) = self else { return Ok(false) };
        let file = name(reply)?;
        if fs::symlink_metadata(&file).is_ok() {
            let text = format!("{} exists already", file.display());
            return Err(Error::new(ErrorKind::AlreadyExists, text));
        }
        let part = Part::open(&file, url, continued, false)?;
        let goes_on = part.had().is_some_and(|(_, version)| version.is_of(reply));
        *self = Self::part(part);
        Ok(goes_on)
    }

    /// How much of which version is there; none where nothing is, or nothing that counts.
    pub(super) fn had(&self) -> Option<(u64, &Version)> {
        match self {
            Self::Unnamed(_) => None,
            Self::Part(part, _) => part.had(),
            Self::Stream(stream) => stream
                .version
                .as_ref()
                .map(|version| (stream.len, version))
                .filter(|(len, _)| *len > 0),
        }
    }

    /// How many bytes are there.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Unnamed(_) => 0,
            Self::Part(_, len) => *len,
            Self::Stream(stream) => stream.len,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Whether another attempt could succeed.
    pub(super) fn can_retry(&self, resumes: bool) -> bool {
        match self {
            Self::Stream(stream) if stream.len > 0 => {
                resumes
                    && stream.version.as_ref().is_some_and(|version| version.validator.is_some())
            }
            Self::Stream(_) | Self::Part(..) | Self::Unnamed(_) => true,
        }
    }

    /// Says why what broke off was not taken up again, where that is not plain to see.
    pub(super) fn explain(&self, error: Error) -> Error {
        if self.can_retry(true) {
            return error;
        }
        error.cure("the server does not say of which version it was; download it to a file")
    }

    /// What is there counts no more.
    pub(super) fn forget(&mut self, why: Why) -> Result<()> {
        self.restart(Version::default(), why)
    }

    /// From now on bytes of `version` come, from its first, and `why` nothing else can come.
    pub(super) fn restart(&mut self, version: Version, why: Why) -> Result<()> {
        match self {
            Self::Unnamed(_) => Ok(()),
            Self::Part(part, len) => {
                *len = 0;
                part.restart(version)
            }
            Self::Stream(stream) if stream.len == 0 => {
                stream.version = Some(version);
                Ok(())
            }
            Self::Stream(stream) => {
                let text = format!("cut short at byte {}: {why}", stream.len);
                let cure = "download it to a file, which can begin anew";
                Err(Error::new(ErrorKind::CutShort, text).cure(cure))
            }
        }
    }

    /// Makes ready for the bytes that come behind those that are there.
    pub(super) fn go_on(&mut self) -> Result<()> {
        match self {
            Self::Part(part, len) => {
                *len = part.len();
                part.go_on()
            }
            Self::Unnamed(_) | Self::Stream(_) => Ok(()),
        }
    }

    /// Lets what is there pass through `hash`.
    pub(super) fn hash(&mut self, hash: &mut Sha256) -> Result<()> {
        match self {
            Self::Part(part, _) => part.hash(hash),
            // What went through a stream was hashed when it did.
            Self::Unnamed(_) | Self::Stream(_) => Ok(()),
        }
    }

    /// Where bytes go, and the count of those that are there.
    pub(super) fn sink(&mut self) -> Result<(&mut dyn Sink, &mut u64)> {
        match self {
            Self::Unnamed(_) => {
                Err(Error::new(ErrorKind::InvalidArgument, "the download has no name yet"))
            }
            Self::Part(part, len) => Ok((&mut **part, len)),
            Self::Stream(Stream { to: To::Sink(sink), len, .. }) => Ok((&mut **sink, len)),
            Self::Stream(Stream { to: To::Device(device), len, .. }) => Ok((device, len)),
        }
    }

    /// Looks how many bytes are there: of a file that is known better than by counting.
    pub(super) fn count(&mut self) {
        match self {
            Self::Part(part, len) => *len = part.len(),
            Self::Unnamed(_) | Self::Stream(_) => {}
        }
    }

    /// Everything is there: the file of that name is whole.
    pub(super) fn finish(self) -> Result<Option<PathBuf>> {
        match self {
            Self::Part(part, _) => part.finish().map(Some),
            Self::Unnamed(_) | Self::Stream(_) => Ok(None),
        }
    }

    /// Not everything is there: where it is, and whether it can be gone on with.
    pub(super) fn leave(self) -> Option<(PathBuf, bool)> {
        match self {
            Self::Part(part, _) => part.leave(),
            Self::Unnamed(_) | Self::Stream(_) => None,
        }
    }

    /// Nobody is to go on with what is there.
    pub(super) fn spoil(&mut self) {
        match self {
            Self::Part(part, _) => part.spoil(),
            Self::Unnamed(_) | Self::Stream(_) => {}
        }
    }
}

/// A file that is no regular one.
struct Device(File);

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Device {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

impl fmt::Debug for Store<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("len", &self.len()).finish_non_exhaustive()
    }
}
