//! Payload: the body of a request, and how it leaves.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::multipart::Bounded;
use crate::{Error, ErrorKind, Result};

/// What a file or a reader gives at once.
const PIECE: usize = 64 << 10;

/// So much is read ahead of what does not say how long it is.
const UNTOLD: u64 = 1 << 20;

/// The body of a request.
#[derive(Clone, Default)]
pub(super) enum Payload {
    #[default]
    None,
    Bytes(Bytes),
    File(PathBuf),
    Form(Bounded),
    /// Can be sent once; whose length nobody knows, but for what is short and may be read ahead.
    Reader {
        once: Arc<Mutex<Option<Box<dyn Read + Send>>>>,
        is_ahead: bool,
    },
}

impl Payload {
    pub(super) fn reader(reader: impl Read + Send + 'static, is_ahead: bool) -> Self {
        Self::Reader { once: Arc::new(Mutex::new(Some(Box::new(reader)))), is_ahead }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether it is there still when it has been sent: what came by a pipe is gone.
    pub(super) fn stays(&self) -> bool {
        match self {
            Self::None | Self::Bytes(_) => true,
            Self::File(path) => is_kept(path),
            Self::Form(form) => form.is_repeatable(),
            Self::Reader { .. } => false,
        }
    }

    /// Begins to send it.
    ///
    /// # Errors
    ///
    /// The file cannot be opened; the reader was read already.
    pub(super) fn open(&self) -> Result<Sending> {
        let source = match self {
            Self::None => Source::Bytes(Bytes::new()),
            Self::Bytes(bytes) => Source::Bytes(bytes.clone()),
            Self::File(path) => opened(path)?,
            Self::Form(form) => form.open()?,
            Self::Reader { once, is_ahead } => {
                let taken = once.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some(reader) = taken else {
                    let text = "cannot send the body a second time: it was read from a stream";
                    return Err(
                        Error::new(ErrorKind::Unsupported, text).cure("send it from a file")
                    );
                };
                if *is_ahead { untold(reader)? } else { Source::Reader { reader, left: None } }
            }
        };
        let sending = Sending { source: Mutex::new(source), is_sent: Arc::default() };
        sending.is_sent.store(sending.is_end_stream(), Ordering::Relaxed);
        Ok(sending)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Form(form) => form.fmt(f),
            Self::Reader { .. } => f.write_str("Reader"),
        }
    }
}

/// A body that is on its way out.
pub(super) struct Sending {
    /// Never contended: it makes a reader that only one thread may use fit for a connection that any may.
    source: Mutex<Source>,
    is_sent: Arc<AtomicBool>,
}

pub(super) enum Source {
    Bytes(Bytes),
    Reader { reader: Box<dyn Read + Send>, left: Option<u64> },
}

impl Sending {
    /// Tells, later, whether all of it has left.
    pub(super) fn is_sent(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_sent)
    }

    fn source(&self) -> std::sync::MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut *self.source() {
            Source::Bytes(bytes) => std::mem::take(bytes),
            Source::Reader { reader, left } => match read(reader.as_mut(), left) {
                Ok(piece) => piece,
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        if self.is_end_stream() {
            self.is_sent.store(true, Ordering::Relaxed);
        }
        if piece.is_empty() {
            self.is_sent.store(true, Ordering::Relaxed);
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        match &*self.source() {
            Source::Bytes(bytes) => bytes.is_empty(),
            Source::Reader { left, .. } => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &*self.source() {
            Source::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Reader { left: Some(left), .. } => SizeHint::with_exact(*left),
            Source::Reader { left: None, .. } => SizeHint::default(),
        }
    }
}

/// Whether a file is none that gives its bytes once; of what cannot be looked at opening it tells more.
pub(super) fn is_kept(path: &Path) -> bool {
    path.metadata().map_or(true, |facts| facts.is_file() || facts.is_dir())
}

/// What is in a file.
pub(super) fn opened(path: &Path) -> Result<Source> {
    let about =
        |error: io::Error| Error::from(error).about(format!("cannot send {}", path.display()));
    let file = File::open(path).map_err(about)?;
    let facts = file.metadata().map_err(about)?;
    if facts.is_dir() {
        let text = format!("cannot send it: {} is a directory", path.display());
        let error = Error::new(ErrorKind::InvalidArgument, text);
        return Err(error.cure("name a file in it"));
    }
    Ok(match facts.is_file().then_some(facts.len()) {
        // The files of /proc say so, and are not; a pipe says nothing.
        None | Some(0) => untold(Box::new(file)).map_err(about)?,
        left => Source::Reader { reader: Box::new(file), left },
    })
}

/// What nobody knows the length of: with its length where that is little, as not every server understands
/// chunks, else in chunks.
fn untold(mut file: Box<dyn Read + Send>) -> io::Result<Source> {
    let mut begin = Vec::new();
    file.by_ref().take(UNTOLD).read_to_end(&mut begin)?;
    if (begin.len() as u64) < UNTOLD {
        return Ok(Source::Bytes(begin.into()));
    }
    let reader = Box::new(io::Cursor::new(begin).chain(file));
    Ok(Source::Reader { reader, left: None })
}

/// A piece, and no more than was promised.
fn read(reader: &mut dyn Read, left: &mut Option<u64>) -> io::Result<Bytes> {
    let room = left.map_or(PIECE, |left| usize::try_from(left).unwrap_or(PIECE).min(PIECE));
    let mut piece = vec![0; room];
    let n = loop {
        match reader.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    piece.truncate(n);
    if let Some(left) = left {
        if n == 0 && *left > 0 {
            let text = "the file that is being sent has become shorter";
            return Err(Error::new(ErrorKind::CutShort, text).into());
        }
        *left -= n as u64;
    }
    Ok(Bytes::from(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(payload: &Payload) -> (Option<u64>, Vec<u8>) {
        let mut sending = payload.open().unwrap();
        let len = sending.size_hint().exact();
        let mut all = Vec::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(Some(frame)) = Pin::new(&mut sending).poll_frame(&mut cx) {
            all.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        (len, all)
    }

    #[test]
    fn a_form_is_as_long_as_it_says_and_names_are_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a \"b\".PNG");
        std::fs::write(&file, vec![0xff; 200_000]).unwrap();
        let form = super::super::Multipart::new()
            .text("title\r\nX: y", "grüße")
            .file("f", &file)
            .file("g", "/proc/self/status");
        let form = Bounded::new(form);
        let media = form.media();
        let (_, boundary) = media.split_once("multipart/form-data; boundary=").unwrap();
        let (len, all) = sent(&Payload::Form(form.clone()));
        assert_eq!(len, Some(all.len() as u64));
        let begin = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"title%0D%0AX: y\"\r\n\r\ngrüße\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a %22b%22.PNG\"\r\n\
             Content-Type: image/png\r\n\r\n"
        );
        let (head, rest) = all.split_at(begin.len());
        assert_eq!(String::from_utf8_lossy(head), begin);
        let (content, rest) = rest.split_at(200_000);
        assert!(content.iter().all(|&byte| byte == 0xff));
        let rest = String::from_utf8_lossy(rest);
        assert!(rest.starts_with(&format!("\r\n--{boundary}\r\n")), "{rest}");
        assert!(
            rest.contains(
                "name=\"g\"; filename=\"status\"\r\nContent-Type: application/octet-stream"
            )
        );
        assert!(rest.ends_with(&format!("\n\r\n--{boundary}--\r\n")), "{rest}");
        // It can be sent again, and no other form has its boundary.
        assert_eq!(sent(&Payload::Form(form)).0, len.map(|_| all.len() as u64));
        assert_ne!(Bounded::new(super::super::Multipart::new()).media(), media);
    }

    #[test]
    fn a_file_that_says_that_it_is_empty_is_read_to_its_end() {
        let (len, all) = sent(&Payload::File("/proc/self/status".into()));
        assert_eq!(len, Some(all.len() as u64));
        assert!(all.starts_with(b"Name:"), "{all:?}");
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(sent(&Payload::File(empty.path().to_owned())), (Some(0), Vec::new()));
    }
}
