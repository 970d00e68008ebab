//! A web without sockets: a server that serves versions of one file, well or badly, as it is told.
//!
//! It tells the truth as a client would: what a body lacks is an error with a shortfall, and what a
//! `Content-Range` says is what the reply says.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use sock::error::Shortfall;
use sock::http::{Ask, Attend, Body, Fetch, Fields, Reply, Resume, Retry, Sink, Timing};
use sock::{Error, ErrorKind, Result};

/// One state of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) bytes: Vec<u8>,
    /// The field that names it.
    pub(crate) tag: Tag,
}

/// How a version is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tag {
    Strong(String),
    Weak(String),
    /// Modified so many seconds ago.
    Modified(u64),
    None,
}

/// What the server does with one request.
#[allow(clippy::struct_excessive_bools, reason = "each is a way to misbehave, and they mix")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mood {
    /// Serves the next version from now on.
    pub(crate) changes: bool,
    /// Says this status and nothing else.
    pub(crate) status: Option<(u16, Option<&'static str>)>,
    /// There is no reply at all.
    pub(crate) silent: Option<ErrorKind>,
    /// The body breaks off after so many bytes.
    pub(crate) breaks: Option<(usize, Option<ErrorKind>)>,
    /// Knows no ranges.
    pub(crate) rangeless: bool,
    /// Heeds a range whatever the condition says.
    pub(crate) careless: bool,
    /// Sends a part, and says that it begins so many bytes later than asked.
    pub(crate) shifted: u64,
    /// Says another total in a part.
    pub(crate) total_off: u64,
    /// Says no total in a part.
    pub(crate) totalless: bool,
    /// Does not name the version.
    pub(crate) unnamed: bool,
    /// Says no length.
    pub(crate) chunked: bool,
    /// Gives at most so many bytes in a part.
    pub(crate) small: Option<usize>,
    /// Another one answers, after a redirect.
    pub(crate) elsewhere: bool,
    /// Says this beside all else.
    pub(crate) extra: Option<(&'static str, &'static str)>,
}

/// The server, and all that it was asked.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pub(crate) versions: Vec<Version>,
    pub(crate) current: usize,
    /// For one request each; after them it behaves.
    pub(crate) moods: Vec<Mood>,
    pub(crate) asked: Vec<(Option<Resume>, bool)>,
    pub(crate) sent: usize,
}

impl Version {
    pub(crate) fn strong(bytes: &[u8], tag: &str) -> Self {
        Self { bytes: bytes.to_vec(), tag: Tag::Strong(format!("\"{tag}\"")) }
    }
}

impl Web {
    pub(crate) fn of(version: Version) -> Self {
        Self { versions: vec![version], ..Self::default() }
    }

    pub(crate) fn and(mut self, version: Version) -> Self {
        self.versions.push(version);
        self
    }

    pub(crate) fn in_moods(mut self, moods: impl IntoIterator<Item = Mood>) -> Self {
        self.moods = moods.into_iter().collect();
        self
    }

    /// From which byte each request asked.
    pub(crate) fn froms(&self) -> Vec<u64> {
        self.asked.iter().map(|(resume, _)| resume.as_ref().map_or(0, |r| r.from)).collect()
    }
}

impl Fetch for Web {
    fn fetch(&mut self, ask: &Ask<'_>) -> Result<Reply> {
        let mood = if self.moods.is_empty() { Mood::default() } else { self.moods.remove(0) };
        self.asked.push((ask.resume.cloned(), ask.identity));
        if mood.changes {
            self.current = (self.current + 1).min(self.versions.len() - 1);
        }
        if let Some(kind) = mood.silent {
            return Err(Error::new(kind, format!("cannot reach the server: {}", kind.text())));
        }
        let version = self.versions[self.current].clone();
        let url = if mood.elsewhere { format!("{}/mirror", ask.url) } else { ask.url.to_owned() };
        let mut fields = Fields::new();
        fields.push("Date", httpdate(3_600));
        let mut reply = Reply {
            status: 200,
            line: String::new(),
            url,
            fields,
            len: None,
            total: None,
            from: 0,
            validator: None,
            unproved: None,
            timing: Timing::default(),
            body: Box::new(Script::default()),
        };
        if let Some((status, after)) = mood.status {
            reply.status = status;
            if let Some(after) = after {
                reply.fields.push("Retry-After", after);
            }
            reply.body = Box::new(Script { bytes: b"no\n".to_vec(), ..Script::default() });
            return Ok(reply);
        }
        let name = match &version.tag {
            Tag::Strong(tag) => Some(("ETag", tag.clone())),
            Tag::Weak(tag) => Some(("ETag", format!("W/{tag}"))),
            Tag::Modified(ago) => Some(("Last-Modified", httpdate(3_600 - ago))),
            Tag::None => None,
        };
        let matches = |resume: &&Resume| {
            mood.careless || name.as_ref().is_some_and(|(_, name)| *name == resume.validator)
        };
        if let Some((field, name)) = name.clone().filter(|_| !mood.unnamed) {
            reply.fields.push(field, name);
        }
        if let Some((field, value)) = mood.extra {
            reply.fields.push(field, value);
        }
        let total = version.bytes.len();
        let range = ask.resume.filter(|_| !mood.rangeless).filter(matches);
        let bytes = match range.map(|resume| usize::try_from(resume.from).unwrap()) {
            None => version.bytes,
            Some(from) if from >= total => {
                reply.status = 416;
                reply.fields.push("Content-Range", format!("bytes */{total}"));
                return Ok(reply);
            }
            Some(from) => {
                let from = (from + usize::try_from(mood.shifted).unwrap()).min(total - 1);
                let end = mood.small.map_or(total, |most| total.min(from + most));
                reply.status = 206;
                reply.from = from as u64;
                reply.total = (!mood.totalless).then_some(total as u64 + mood.total_off);
                version.bytes[from..end].to_vec()
            }
        };
        if !mood.chunked {
            reply.len = Some(bytes.len() as u64);
        }
        if reply.status == 200 {
            reply.total = reply.len;
        }
        let mut script = Script { expected: reply.len, bytes, ..Script::default() };
        if let Some((after, kind)) = mood.breaks.filter(|(after, _)| *after < script.bytes.len()) {
            script.bytes.truncate(after);
            script.breaks = Some(kind.unwrap_or(ErrorKind::CutShort));
        }
        self.sent += script.bytes.len();
        reply.body = Box::new(script);
        Ok(reply)
    }
}

/// The date so many seconds after the beginning of a day long ago.
fn httpdate(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("Sun, 06 Nov 1994 {hours:02}:{minutes:02}:{seconds:02} GMT")
}

/// A body that ends as it was told to.
#[derive(Debug, Default)]
struct Script {
    bytes: Vec<u8>,
    expected: Option<u64>,
    breaks: Option<ErrorKind>,
}

impl Read for Script {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Body for Script {
    fn copy_to(&mut self, to: &mut dyn Sink) -> Result<u64> {
        let mut received = 0;
        // In odd pieces, so that no count is right by chance.
        for piece in self.bytes.chunks(7) {
            to.write_all(piece)?;
            to.moved(piece.len() as u64)?;
            received += piece.len() as u64;
        }
        match self.breaks {
            None => Ok(received),
            Some(kind) => {
                let shortfall = Shortfall { received, expected: self.expected };
                Err(Error::new(kind, kind.text()).with_shortfall(shortfall))
            }
        }
    }
}

/// Whoever looks after the download: lets no time pass and writes everything down.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    pub(crate) pauses: Vec<Duration>,
    pub(crate) retried: Vec<String>,
    pub(crate) moved: u64,
    pub(crate) begun: Vec<(u64, Option<u64>)>,
    pub(crate) refused: Vec<u16>,
    pub(crate) kept: Option<(PathBuf, bool)>,
}

impl Attend for Diary {
    fn wait(&mut self, pause: Duration) -> Result<()> {
        self.pauses.push(pause);
        Ok(())
    }

    fn begins(&mut self, _: &Reply, had: u64, total: Option<u64>) {
        self.begun.push((had, total));
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.moved += bytes;
        Ok(())
    }

    fn retries(&mut self, retry: &Retry<'_>) {
        self.retried
            .push(format!("{} of {} from {}: {}", retry.n, retry.of, retry.from, retry.why));
    }

    fn refused(&mut self, reply: Reply) {
        self.refused.push(reply.status);
    }

    fn kept(&mut self, part: &std::path::Path, can_go_on: bool) {
        self.kept = Some((part.to_owned(), can_go_on));
    }
}

/// A sink that keeps everything.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) Vec<u8>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Kept {}
