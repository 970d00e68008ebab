//! Multipart: a form that may hold files (RFC 7578), read from them only while it is sent.
//!
//! ```text
//!   --boundary                                        a head and a body each, and between two of them
//!   Content-Disposition: form-data; name="a"          what stands in none of the files
//!
//!   text
//!   --boundary
//!   Content-Disposition: form-data; name="b"; filename="c.png"
//!   Content-Type: image/png
//!
//!   ...
//!   --boundary--
//! ```

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::payload::{Source, is_kept, opened};
use crate::Result;
use crate::http::site::media_of;

/// The fields of a form, some of which are files.
///
/// # Examples
///
/// ```no_run
/// use sock::http::{Client, Multipart, Request};
///
/// let form = Multipart::new().text("title", "a picture").file("file", "picture.png");
/// Client::new().send("http://localhost:8080/", &Request::default().multipart(form))?;
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Multipart(Vec<(String, What)>);

#[derive(Debug, Clone)]
enum What {
    Text(String),
    File(PathBuf),
}

impl Multipart {
    /// A form without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field that is text.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), What::Text(value.into())));
        self
    }

    /// Adds a field that is what a file holds when it is sent. It is sent under the last name of `path`, with the media
    /// type that goes with its ending.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.0.push((name.into(), What::File(path.into())));
        self
    }

    /// Tells whether it can be sent again: what one of its files gave may be gone, as with a pipe.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.0.iter().all(|(_, what)| match what {
            What::Text(_) => true,
            What::File(path) => is_kept(path),
        })
    }
}

/// A form as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Bounded {
    form: Arc<Multipart>,
    boundary: String,
}

impl Bounded {
    pub(super) fn new(form: Multipart) -> Self {
        // 128 bits that nobody could have put into a file before.
        let random = || RandomState::new().build_hasher().finish();
        let boundary = format!("sock-{:016x}{:016x}", random(), random());
        Self { form: Arc::new(form), boundary }
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.form.is_repeatable()
    }

    /// What the header says of it.
    pub(super) fn media(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Opens every file.
    pub(super) fn open(&self) -> Result<Source> {
        let mut parts: VecDeque<Box<dyn Read + Send>> = VecDeque::new();
        let mut len = Some(0_u64);
        let mut add = |source: Source| {
            let (reader, more): (Box<dyn Read + Send>, _) = match source {
                Source::Bytes(bytes) => {
                    let more = bytes.len() as u64;
                    (Box::new(Cursor::new(bytes)), Some(more))
                }
                // What has grown meanwhile is sent as it was; what has shrunk leaves the whole too short.
                Source::Reader { reader, left: Some(left) } => {
                    (Box::new(reader.take(left)), Some(left))
                }
                Source::Reader { reader, left: None } => (reader, None),
            };
            parts.push_back(reader);
            len = len.zip(more).map(|(len, more)| len + more);
        };
        for (name, what) in &self.form.0 {
            let head = format!(
                "--{}\r\nContent-Disposition: form-data; name=\"{}\"",
                self.boundary,
                escaped(name)
            );
            let (rest, body) = match what {
                What::Text(text) => {
                    (String::new(), Source::Bytes(text.clone().into_bytes().into()))
                }
                What::File(path) => {
                    let file = path.file_name().unwrap_or(OsStr::new("file"));
                    let name = escaped(&file.to_string_lossy());
                    let media = media_of(Path::new(file).as_os_str().as_bytes());
                    let rest = format!("; filename=\"{name}\"\r\nContent-Type: {media}");
                    (rest, opened(path)?)
                }
            };
            add(Source::Bytes(format!("{head}{rest}\r\n\r\n").into_bytes().into()));
            add(body);
            add(Source::Bytes(b"\r\n"[..].into()));
        }
        add(Source::Bytes(format!("--{}--\r\n", self.boundary).into_bytes().into()));
        Ok(Source::Reader { reader: Box::new(Chain(parts)), left: len })
    }
}

/// A name as browsers write it (HTML, "multipart/form-data encoding algorithm"); no other control is one.
fn escaped(name: &str) -> String {
    let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    name.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}

/// One after the other.
struct Chain(VecDeque<Box<dyn Read + Send>>);

impl Read for Chain {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(part) = self.0.front_mut() {
            let n = part.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            self.0.pop_front();
        }
        Ok(0)
    }
}
