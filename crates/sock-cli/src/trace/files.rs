//! The files that are written: looked at before anything is started, for who learns at the end that nothing can be written has
//! run his programs in vain.
//!
//! A named pipe can be opened only when somebody reads it, and takes only what is read. Nobody waits for that longer than is
//! wanted: a signal or the end of the time ends it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, Mode, OFlags, access, open};
use rustix::io::Errno;
use sock_record::{Line, Writer};

use super::ToolFailed;
use super::asked::Asked;
use super::forms::{Form, Output};

/// How often it is looked whether somebody reads a pipe.
const LOOK: Duration = Duration::from_millis(20);
/// A reader that is about to come, or slow, has so long when the end was asked for or the time is over.
const GRACE: Duration = Duration::from_secs(1);

/// How long a reader is waited for.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    asked: Arc<Asked>,
    most: Option<Duration>,
}

impl Patience {
    /// Until somebody asks for an end, or `most` is over.
    pub(super) fn new(asked: &Arc<Asked>, most: Option<Duration>) -> Self {
        Self { asked: Arc::clone(asked), most }
    }

    /// The programs have ended; where the time made them, nobody waits for long any more.
    pub(super) fn after(self, timed_out: bool) -> Self {
        Self { most: if timed_out { Some(GRACE) } else { self.most }, ..self }
    }

    fn is_over(&self, waited: Duration) -> bool {
        let most = if self.asked.count() > 0 { Some(GRACE) } else { self.most };
        most.is_some_and(|most| waited >= most)
    }
}

/// The records, which grow while the programs run.
pub(super) struct Records<'a> {
    files: Vec<(&'a Path, Writer<BufWriter<Sink>>)>,
    failed: Option<(io::Error, &'a Path)>,
}

impl<'a> Records<'a> {
    /// Looks at all files, and opens those that grow.
    pub(super) fn open(outputs: &'a [Output], patience: &Patience) -> Result<Self> {
        // Nothing is emptied as long as another one cannot be written.
        for Output { path, .. } in outputs {
            look(path).with_context(|| cannot_write(path))?;
        }
        let mut files = Vec::new();
        for Output { path, .. } in outputs.iter().filter(|output| output.form == Form::Record) {
            let sink = Sink::open(path, patience).with_context(|| cannot_write(path))?;
            files.push((path.as_path(), Writer::new(BufWriter::new(sink))));
        }
        Ok(Self { files, failed: None })
    }

    /// No file at all.
    pub(super) fn none() -> Self {
        Self { files: Vec::new(), failed: None }
    }

    pub(super) fn keep(&mut self, line: &Line) {
        for (path, file) in &mut self.files {
            if self.failed.is_none() {
                self.failed = file.write(line).err().map(|error| (error, *path));
            }
        }
    }

    /// Hands what was kept so far to the system: who is killed loses no more than what came after, and who reads a pipe reads
    /// what happens now. For one who reads slowly nobody waits here.
    pub(super) fn flush(&mut self) {
        for (path, file) in &mut self.files {
            if self.failed.is_none() {
                let buffer = file.sink();
                buffer.get_mut().waits(false);
                let flushed = buffer.flush();
                buffer.get_mut().waits(true);
                let failed = flushed.err().filter(|e| e.kind() != io::ErrorKind::WouldBlock);
                self.failed = failed.map(|error| (error, *path));
            }
        }
    }

    /// Why they are not whole, if they are not.
    pub(super) fn end(mut self) -> Option<Error> {
        for (path, file) in self.files {
            let flushed = file.into_inner().into_inner().map_err(io::IntoInnerError::into_error);
            self.failed = self.failed.or(flushed.err().map(|error| (error, path)));
        }
        self.failed.map(|(error, path)| Error::from(error).context(cannot_write(path)))
    }
}

/// Writes a file as a whole.
pub(super) fn put(path: &Path, text: &[u8], patience: &Patience) -> Result<()> {
    let put = || Sink::open(path, patience)?.write_all(text);
    put().with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> ToolFailed {
    ToolFailed(format!("cannot write {}", path.display()))
}

/// Whether it can be written; what is in it stays there.
fn look(path: &Path) -> io::Result<()> {
    if is_pipe(path) {
        // A reader who is there already would take it for the end if it was opened now.
        return Ok(access(path, Access::WRITE_OK)?);
    }
    OpenOptions::new().write(true).create(true).truncate(false).open(path).map(drop)
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Where bytes go.
enum Sink {
    File(File),
    Pipe(Pipe),
}

impl Sink {
    fn open(path: &Path, patience: &Patience) -> io::Result<Self> {
        if !is_pipe(path) {
            return File::create(path).map(Self::File);
        }
        let (before, mut waited) = (patience.asked.count(), Duration::ZERO);
        loop {
            match open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
                Err(Errno::NXIO) if patience.asked.count() > before => return Err(nobody()),
                Err(Errno::NXIO) if patience.is_over(waited) => return Err(nobody()),
                Err(Errno::NXIO) => {}
                Err(error) => return Err(error.into()),
                Ok(file) => {
                    let (file, patience) = (file.into(), patience.clone());
                    let pipe = Pipe { file, patience, waits: true, is_given_up: false };
                    return Ok(Self::Pipe(pipe));
                }
            }
            patience.asked.rest(LOOK);
            waited += LOOK;
        }
    }

    /// Whether what a pipe has no room for is waited with.
    fn waits(&mut self, waits: bool) {
        if let Self::Pipe(pipe) = self {
            pipe.waits = waits;
        }
    }
}

fn nobody() -> io::Error {
    io::Error::other("nobody reads it")
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(buf),
            Self::Pipe(pipe) => pipe.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe that somebody has opened to read.
struct Pipe {
    file: File,
    patience: Patience,
    /// Until there is room.
    waits: bool,
    is_given_up: bool,
}

impl Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut waited = Duration::ZERO;
        while !self.is_given_up {
            match self.file.write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.waits => {}
                written => return written,
            }
            let mut fds = [PollFd::new(&self.file, PollFlags::OUT)];
            let time = Timespec::try_from(LOOK).map_err(io::Error::other)?;
            // A signal ends it as well, and then it is looked who asked for what.
            let has_room = poll(&mut fds, Some(&time)).is_ok_and(|ready| ready > 0);
            if !has_room {
                waited += LOOK;
                self.is_given_up = self.patience.is_over(waited);
            }
        }
        Err(nobody())
    }
}
