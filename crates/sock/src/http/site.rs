//! A directory as a [`Site`]: what a web server serves.
//!
//! ```text
//! path --> stat --> as it was when it was kept? --> the kept bytes
//!                   otherwise: open beneath the root, look at it, read it, keep it if it is small
//! ```

mod beneath;
mod cache;
mod folder;
mod listed;
mod load;
mod media;
mod stamp;
mod upload;

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{Access, AtFlags, accessat};
use rustix::io::Errno;
use sock_proto::protocols::http::Site;
use sock_proto::protocols::http::site::{Codings, Found, Listing, Missing, Page, Refused, Upload};

use self::beneath::{Root, missing};
pub use self::cache::Cache;
use self::cache::{Kept, Store};
use self::listed::Listed;
use self::load::Neighbour;
use self::media::Media;
pub(super) use self::media::media_of;
use self::stamp::{Shape, Stamp};
use crate::{Error, Result};

/// No moment: what is compared then is compared again.
const NEVER: u64 = 0;

/// A directory, and all that is beneath it, as the files of a web server.
///
/// - Nothing outside of the directory is ever opened. A symbolic link may lead anywhere within; one
///   that leaves is *forbidden* rather than *not found*, wherever it leads: its name is in the
///   folder, so whoever put it there is to learn that it is not followed, and nobody learns whether
///   there is something at its end.
/// - Only regular files and folders are served.
/// - Of a folder at most 10,000 names are listed, so that nobody waits long for whoever asks for it. The page
///   of a large one is made once for all who ask within about a second, while no name comes or goes.
/// - Names that begin with a dot are not there, unless asked for.
/// - Beside `page.html`, a `page.html.br` or `page.html.gz` that is not older is given to a client
///   that takes it; other text is compressed when it is first asked for. Both concern types that
///   compress well, such as text, scripts, JSON, XML and fonts.
/// - Small files are kept in memory. For all requests that an engine takes in one turn, the system is
///   asked once whether the file is still the same one (device, inode, size, times of change), so what
///   was changed is served as it is from the next turn on. A change by `mmap` is seen when the system writes it down, and one on a network file
///   system when the system hears of it. What was kept and then, unchanged, moved out with the folder
///   that it is in, to which a link leads from the old place, is given for one more second.
///
/// It may be shared by threads, and used in forked children.
///
/// # Examples
///
/// ```
/// use sock::http::FileSite;
/// use sock_proto::protocols::http::Site;
/// use sock_proto::protocols::http::site::{Codings, Found};
///
/// let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("hello.txt"), "hello\n").unwrap();
/// let site = FileSite::open(folder.path())?;
/// let found = site.find(b"hello.txt", Codings::default());
/// assert!(matches!(found, Ok(Found::File(file)) if file.len == 6));
/// # Ok::<(), sock::Error>(())
/// ```
pub struct FileSite {
    root: Root,
    hidden: bool,
    uploads: bool,
    kept: Store,
    listed: Arc<Listed>,
}

impl FileSite {
    /// The directory at `path`, read-only, without its hidden names.
    ///
    /// # Errors
    ///
    /// It is not there, is no directory, or may not be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let about = |errno| Error::from(errno).about(format!("cannot open {}", path.display()));
        let root = Root::open(path).map_err(about)?;
        let kept = Store::new(Cache::default());
        Ok(Self { root, hidden: false, uploads: false, kept, listed: Arc::default() })
    }

    /// Tells what the user that runs this program may do in the directory itself; beneath it that may be
    /// something else.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let may = |what| {
            let answer = accessat(self.as_fd(), ".", what, AtFlags::EACCESS);
            // Where the system does not tell, each request will.
            !matches!(answer, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
        };
        Rights {
            enter: may(Access::EXEC_OK),
            list: may(Access::READ_OK),
            store: may(Access::WRITE_OK | Access::EXEC_OK),
        }
    }

    /// Serves names that begin with a dot, too.
    #[must_use]
    pub fn with_hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Lets files be stored.
    #[must_use]
    pub fn with_uploads(mut self) -> Self {
        self.uploads = true;
        self
    }

    /// Sets how much is kept in memory.
    #[must_use]
    pub fn cached(mut self, cache: Cache) -> Self {
        self.kept = Store::new(cache);
        self
    }

    /// How many bytes are kept in memory, names and notes included.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.kept.weight()
    }

    /// Whether a client may name this path at all.
    fn is_shown(&self, path: &[u8]) -> bool {
        path.is_empty() || path.split(|byte| *byte == b'/').all(|name| self.is_shown_name(name))
    }

    fn is_shown_name(&self, name: &[u8]) -> bool {
        let is_hidden = name.first() == Some(&b'.');
        beneath::is_name(name)
            && (self.hidden || !is_hidden)
            // What is being stored is not there yet.
            && !name.starts_with(upload::PREFIX)
    }

    /// Whether what is kept is still found without leaving the root: a folder on the way may have been
    /// moved out and linked to from its old place.
    fn is_beneath(&self, path: &[u8], kept: &Kept, beside: Option<&Neighbour>) -> bool {
        let now = self.kept.now();
        if !kept.is_due(now) {
            return true;
        }
        let stamp_beside = beside.and_then(|it| self.stamp_of(&it.path(path)));
        let is_beneath = self.stamp_of(path).is_some_and(|stamp| kept.is(stamp, stamp_beside));
        if is_beneath {
            kept.see(now);
        }
        is_beneath
    }

    /// What is found at the path without leaving the root.
    fn stamp_of(&self, path: &[u8]) -> Option<Stamp> {
        let found = self.root.find(path).ok()?;
        Some(Stamp::of(&rustix::fs::fstat(found).ok()?))
    }

    /// Compares what is kept, if that was looked for already, with what is there.
    fn find_now(
        &self,
        path: &[u8],
        takes: Codings,
        moment: u64,
        kept: Option<Arc<Kept>>,
    ) -> std::result::Result<Found, Missing> {
        if !self.is_shown(path) {
            return Err(Missing::NotFound);
        }
        let asked = takes;
        let takes = Self::useful(path, takes);
        // This may look outside of the root, by a link. It is compared and never told: what it is not
        // the same as is opened, and that decides.
        let Ok(stamp) = self.root.stat(path) else { return self.look(path, takes, None) };
        // Merely to open what is no file may have effects on who is at its other end.
        if stamp.shape == Shape::Other {
            return Err(Missing::Forbidden);
        }
        let beside = load::neighbour_of(&self.root, path, takes, &stamp);
        let stamp_beside = beside.as_ref().map(|it| it.stamp);
        let kept = kept.filter(|_| takes == asked).or_else(|| self.kept.get(path, takes));
        match kept {
            Some(kept)
                if kept.is(stamp, stamp_beside)
                    && self.is_beneath(path, &kept, beside.as_ref()) =>
            {
                kept.compare(moment);
                Ok(kept.found())
            }
            Some(_) | None => self.look(path, takes, beside),
        }
    }

    /// What of the codings that a client takes is of use here; who takes none need not be told the type.
    fn useful(path: &[u8], takes: Codings) -> Codings {
        let takes_any = takes != Codings::default();
        if takes_any && Media::of(path).compresses() { takes } else { Codings::default() }
    }

    /// Looks at what is there and keeps what is small.
    fn look(
        &self,
        path: &[u8],
        takes: Codings,
        beside: Option<Neighbour>,
    ) -> std::result::Result<Found, Missing> {
        let file = self.root.open_to_read(path).map_err(missing)?;
        let stamp = Stamp::of(&rustix::fs::fstat(&file).map_err(missing)?);
        match stamp.shape {
            Shape::Folder => {
                let kept = Kept::new(stamp, None, Found::Folder);
                self.kept.keep(path, takes, kept);
                return Ok(Found::Folder);
            }
            Shape::Other => return Err(Missing::Forbidden),
            Shape::File => {}
        }
        let media = Media::of(path);
        let neighbour = beside.and_then(|it| {
            let file = self.root.open_to_read(&it.path(path)).ok()?;
            let found = load::neighbour(file, media, &it, &self.kept.bounds())?;
            Some((it, found))
        });
        let (beside, loaded) = if let Some((it, loaded)) = neighbour {
            (Some(it.stamp), loaded)
        } else {
            let any = Codings { gzip: true, br: true };
            let varies = media.compresses()
                && (load::pays(stamp.len)
                    || load::neighbour_of(&self.root, path, any, &stamp).is_some());
            let loaded = load::file(file, media, takes, varies, &self.kept.bounds());
            (None, loaded.map_err(missing)?)
        };
        let found = Found::File(loaded.file);
        if loaded.is_settled && stamp.is_settled() {
            // What was looked up first was perhaps another file by now: then this is not found again.
            let stamp = if beside.is_some() { stamp } else { loaded.stamp };
            self.kept.keep(path, takes, Kept::new(stamp, beside, found.clone()));
        }
        Ok(found)
    }
}

/// What may be done in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Anything in it may be opened at all, by those who have the right to it.
    pub enter: bool,
    /// Its names may be read.
    pub list: bool,
    /// Files may be stored in it.
    pub store: bool,
}

impl Site for FileSite {
    fn find(&self, path: &[u8], takes: Codings) -> std::result::Result<Found, Missing> {
        self.find_now(path, takes, NEVER, None)
    }

    fn find_at(
        &self,
        path: &[u8],
        takes: Codings,
        moment: Duration,
    ) -> std::result::Result<Found, Missing> {
        // Requests that arrived together are answered from one look: 1 system call in 3 otherwise.
        let moment = u64::try_from(moment.as_nanos()).unwrap_or(NEVER);
        let kept = self.kept.get(path, takes);
        if moment != NEVER
            && let Some(kept) = &kept
            && kept.was_compared(moment)
        {
            return Ok(kept.found());
        }
        self.find_now(path, takes, moment, kept)
    }

    fn list(&self, path: &[u8]) -> std::result::Result<Listing, Missing> {
        if !self.is_shown(path) {
            return Err(Missing::NotFound);
        }
        folder::list(&self.root, path, |name| self.is_shown_name(name)).map_err(missing)
    }

    fn page_at(
        &self,
        path: &[u8],
        moment: Duration,
        write: &dyn Fn(&Listing) -> Page,
    ) -> std::result::Result<Page, Missing> {
        self.listed.page(path, moment, || self.stamp_of(path), || self.list(path), write)
    }

    fn store(&self, path: &[u8]) -> std::result::Result<Box<dyn Upload>, Refused> {
        if !self.uploads || path.is_empty() || !self.is_shown(path) {
            return Err(Refused::Forbidden);
        }
        Ok(self.listed.until(upload::begin(&self.root, path)?))
    }

    fn moment(&self, date: &str) -> Option<Duration> {
        httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()
    }
}

impl AsFd for FileSite {
    /// The directory, for who restricts a program to it.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

impl fmt::Debug for FileSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSite")
            .field("root", &self.root)
            .field("hidden", &self.hidden)
            .field("uploads", &self.uploads)
            .finish_non_exhaustive()
    }
}
