//! Download: what is behind a URL, whole or not at all.
//!
//! A transfer that breaks off is taken up again where it broke, but only for the same version; where
//! that is not sure, it begins anew. What is whole takes the file's name in one step.
//!
//! ```text
//!   ask ---> reply ---> judge --> whole     forget what is had, take everything
//!    ^                       |--> rest      put it behind what is had
//!    |                       |--> complete  nothing was missing
//!    |--- at once -----------|--> anew      another version, or not what was asked for
//!    |--- after a pause -----+--> later     and a transfer that broke off, N times
//! ```

mod attend;
mod name;
mod note;
mod part;
mod pass;
mod passage;
mod store;
mod verdict;
mod version;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::attend::{Attend, Retry, Unattended};
pub use self::name::file_name;
pub use self::note::without_secret;
use self::pass::Pass;
use self::store::Store;
pub(super) use self::version::strong;
use super::{Fetch, Fields, Reply, Sink, Timing};
use crate::Result;

/// A download: from where, and how hard it tries.
///
/// # Examples
///
/// ```
/// # use sock::http::{Ask, Body, Download, Fetch, Fields, Reply, Sink, Timing, Unattended};
/// # #[derive(Debug)]
/// # struct Page(&'static [u8]);
/// # impl std::io::Read for Page {
/// #     fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> { self.0.read(buf) }
/// # }
/// # impl Body for Page {
/// #     fn copy_to(&mut self, to: &mut dyn Sink) -> sock::Result<u64> {
/// #         to.write_all(self.0)?;
/// #         to.moved(self.0.len() as u64)?;
/// #         Ok(self.0.len() as u64)
/// #     }
/// # }
/// # struct Web;
/// # impl Fetch for Web {
/// #     fn fetch(&mut self, ask: &Ask<'_>) -> sock::Result<Reply> {
/// #         Ok(Reply {
/// #             status: 200, line: String::new(), url: ask.url.to_owned(), fields: Fields::new(), len: Some(5), total: Some(5),
/// #             from: 0, validator: None, unproved: None, timing: Timing::default(), body: Box::new(Page(b"hello")),
/// #         })
/// #     }
/// # }
/// # let mut client = Web;
/// # let dir = tempfile::tempdir()?;
/// # let file = dir.path().join("page");
/// let done = Download::new("http://localhost/page").to_file(&mut client, &file, &mut Unattended)?;
/// assert_eq!(done.len, 5);
/// assert_eq!(std::fs::read(file)?, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of the caller's, and they mix")]
#[derive(Debug, Clone)]
pub struct Download {
    url: String,
    retries: u32,
    pause: Duration,
    continued: bool,
    resumes: bool,
    compressed: bool,
    conditional: bool,
    sha256: Option<[u8; 32]>,
}

/// What a download has brought.
#[derive(Debug, Clone)]
pub struct Done {
    /// The status of the last reply.
    pub status: u16,
    /// The URL that answered, after every redirect.
    pub url: String,
    /// The header of the last reply.
    pub fields: Fields,
    /// How long each step of the last request took.
    pub timing: Timing,
    /// The file that is now whole; none where it went elsewhere.
    pub file: Option<PathBuf>,
    /// How many bytes it has in all.
    pub len: u64,
    /// How many of them were there before.
    pub had: u64,
}

/// How often a transfer that broke off is taken up again.
const RETRIES: u32 = 3;

/// The first pause: a server that restarts needs about as long.
const PAUSE: Duration = Duration::from_millis(500);

/// The status of a reply without anything new.
const UNCHANGED: u16 = 304;

impl Download {
    /// A download of `url` that tries again three times and begins with the first byte.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            retries: RETRIES,
            pause: PAUSE,
            continued: false,
            resumes: true,
            compressed: false,
            conditional: false,
            sha256: None,
        }
    }

    /// The URL as it is shown: without name and password.
    fn shown(&self) -> Cow<'_, str> {
        without_secret(&self.url)
    }

    /// Tries again so often after a failure that may pass by itself.
    #[must_use]
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Lets so long pass before it tries again, then twice as long each time, up to 8 s.
    #[must_use]
    pub fn pause(mut self, first: Duration) -> Self {
        self.pause = first;
        self
    }

    /// Goes on with what an earlier run left beside the file, if it is of the same version.
    #[must_use]
    pub fn continued(mut self) -> Self {
        self.continued = true;
        self
    }

    /// Asks for the whole each time, never for a rest: for requests that are no plain `GET`.
    #[must_use]
    pub fn unresumed(mut self) -> Self {
        self.resumes = false;
        self
    }

    /// Lets the server compress what it sends; what breaks off can then not be taken up again.
    #[must_use]
    pub fn compressed(mut self) -> Self {
        self.compressed = true;
        self
    }

    /// Takes "nothing has changed" (304) for an answer: the request has a condition of its own, such as
    /// `If-None-Match`. What is at the file stays as it is then.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// Fails unless the bytes have this SHA-256.
    #[must_use]
    pub fn sha256(mut self, digest: [u8; 32]) -> Self {
        self.sha256 = Some(digest);
        self
    }

    /// Downloads to `file`, which is replaced once the new one is whole. What is no regular file, such
    /// as a device or a pipe, is written to as it is.
    ///
    /// # Errors
    ///
    /// The file is not there, or as it was before. No reply came, and the kind says which step failed;
    /// the server refused ([`Status`]); the body was cut short ([`CutShort`], [`Reset`], [`TimedOut`]),
    /// and what came is kept beside the file; its hash is another; it cannot be written.
    ///
    /// [`Status`]: crate::ErrorKind::Status
    /// [`CutShort`]: crate::ErrorKind::CutShort
    /// [`Reset`]: crate::ErrorKind::Reset
    /// [`TimedOut`]: crate::ErrorKind::TimedOut
    pub fn to_file(
        &self,
        fetch: &mut dyn Fetch,
        file: &Path,
        attend: &mut dyn Attend,
    ) -> Result<Done> {
        self.run(fetch, Store::at(file, &self.url, self.continued)?, attend)
    }

    /// Downloads to the file that `name` chooses by the reply; one that is there already is not touched.
    ///
    /// # Errors
    ///
    /// As [`to_file`](Self::to_file), and [`AlreadyExists`](crate::ErrorKind::AlreadyExists).
    pub fn to_named(
        &self,
        fetch: &mut dyn Fetch,
        name: &mut dyn FnMut(&Reply) -> Result<PathBuf>,
        attend: &mut dyn Attend,
    ) -> Result<Done> {
        self.run(fetch, Store::Unnamed(name), attend)
    }

    /// Downloads to `sink`. Once it has bytes, only the rest of the same version can follow them.
    ///
    /// # Errors
    ///
    /// As [`to_file`](Self::to_file); what came is in the sink.
    pub fn to_sink(
        &self,
        fetch: &mut dyn Fetch,
        sink: &mut dyn Sink,
        attend: &mut dyn Attend,
    ) -> Result<Done> {
        self.run(fetch, Store::stream(sink), attend)
    }

    fn run(
        &self,
        fetch: &mut dyn Fetch,
        mut store: Store<'_>,
        attend: &mut dyn Attend,
    ) -> Result<Done> {
        match Pass::new(self, fetch, attend).until_whole(&mut store) {
            // There is nothing that could take the place of what is there.
            Ok(done) if done.status == UNCHANGED => {
                store.leave();
                Ok(done)
            }
            Ok(done) => Ok(Done { file: store.finish()?, ..done }),
            Err(error) => {
                if let Some((part, can_go_on)) = store.leave() {
                    attend.kept(&part, can_go_on && self.resumes);
                }
                Err(error)
            }
        }
    }
}
