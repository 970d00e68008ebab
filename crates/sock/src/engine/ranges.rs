//! Ranges of files, from the kernel's cache straight to the socket.

use std::any::Any;

use rustix::io::Errno;
use sock_proto::{Context, Interest, Span};

use super::conn::Io;
use crate::file_source::FileSource;

/// Lets sessions keep ranges as they are, unless somebody watches the bytes: he is to get them.
pub(super) fn take(cx: &mut Context) {
    cx.takes_ranges = !cx.is_watched(Interest::DATA);
}

/// Sends at most `most` bytes of a range and tells how many it was, 0 where the file is shorter than
/// that; none where the kernel cannot send it by itself.
pub(super) fn send(io: &Io, span: &Span, most: usize) -> Result<Option<u64>, Errno> {
    let file = (span.source() as &dyn Any).downcast_ref::<FileSource>();
    let (Io::Stream(fd), Some(file)) = (io, file) else { return Ok(None) };
    let count = usize::try_from(span.len()).map_or(most, |len| len.min(most));
    let mut at = span.at();
    match rustix::fs::sendfile(fd, file.descriptor(), Some(&mut at), count) {
        Ok(n) => Ok(Some(n as u64)),
        // Some file systems have no pages to send from, and some sockets take none: sendfile(2).
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error),
    }
}
