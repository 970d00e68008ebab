//! An open file as a [`Source`]: bytes that the kernel can send by itself.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use sock_proto::Source;

/// An open file, read from any place without moving its position.
///
/// An engine that knows it has the kernel send its ranges (`sendfile(2)`); any other reads them.
///
/// # Examples
///
/// ```
/// use std::io::Write;
///
/// use sock::FileSource;
/// use sock_proto::Source;
///
/// let mut file = tempfile::tempfile().unwrap();
/// file.write_all(b"one page of a book").unwrap();
/// let mut buf = [0; 4];
/// assert_eq!(FileSource::from(file).read_at(4, &mut buf), 4);
/// assert_eq!(&buf, b"page");
/// ```
#[derive(Debug)]
pub struct FileSource(OwnedFd);

impl FileSource {
    /// The open file, for who sends it by the kernel.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for FileSource {
    fn from(file: OwnedFd) -> Self {
        Self(file)
    }
}

impl From<File> for FileSource {
    fn from(file: File) -> Self {
        Self(file.into())
    }
}

impl Source for FileSource {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> usize {
        loop {
            match rustix::io::pread(&self.0, &mut *buf, at) {
                Ok(read) => return read,
                Err(Errno::INTR) => {}
                // A source has no word for a failure: no more bytes can be had, which is what it says.
                Err(_) => return 0,
            }
        }
    }
}
