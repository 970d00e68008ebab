//! Fetch: one attempt at a URL, as a download sees it.
//!
//! A download (retries, resuming, files) is written against [`Fetch`] and knows no socket; the client
//! is what fetches, and tests fetch from memory.

use std::fmt;
use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::Fields;
use crate::Result;

/// Fetches what is behind a URL.
pub trait Fetch {
    /// Makes one attempt, redirects followed, to where the body begins.
    ///
    /// A status that tells of a failure is a reply too.
    ///
    /// # Errors
    ///
    /// There is no reply: the error's kind says which step failed.
    fn fetch(&mut self, ask: &Ask<'_>) -> Result<Reply>;
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What is had already, if the server still has the same version.
    pub resume: Option<&'a Resume>,
    /// No content coding: the bytes of the file itself.
    pub identity: bool,
}

impl<'a> Ask<'a> {
    /// Asks for all that is behind `url`.
    #[must_use]
    pub fn whole(url: &'a str) -> Self {
        Self { url, resume: None, identity: false }
    }
}

/// The part that is had already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The first byte that is not had yet.
    pub from: u64,
    /// The version that they are of: a strong `ETag` with its quotes, or a `Last-Modified`.
    pub validator: String,
}

/// What the server said.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The line that its head begins with: `HTTP/1.1 200 OK`.
    pub line: String,
    /// The URL that answered, after every redirect.
    pub url: String,
    /// The header.
    pub fields: Fields,
    /// How many bytes the body will give, if that is known; of a decoded body it is not.
    pub len: Option<u64>,
    /// How many bytes the whole file has, if that is known: more than `len` where only a part is given.
    pub total: Option<u64>,
    /// Which byte of the file the body begins with: not 0 only for a part (206).
    pub from: u64,
    /// What names this version: a strong `ETag`, or else `Last-Modified`.
    pub validator: Option<String>,
    /// Why a password was not proved, where the server asks for that.
    pub unproved: Option<Unproved>,
    /// How long each step took.
    pub timing: Timing,
    /// The body, at its beginning.
    pub body: Box<dyn Body>,
}

/// Why a password was not proved to who asks for that (RFC 7616), so that it is not known whether it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproved {
    /// The body would have to be sent a second time, and was read from a stream.
    Stream,
    /// It is asked for in a way that is not known here, as the server names it.
    Unknown(String),
    /// The question cannot be read.
    Unreadable(String),
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream => f.write_str(
                "a digest of the password is asked for, and then the body is sent again, which a stream \
                 cannot be: send it from a file",
            ),
            Self::Unknown(way) => {
                write!(f, "a digest of the password is asked for in a way that is not spoken here: {way}")
            }
            Self::Unreadable(why) => {
                write!(f, "a digest of the password is asked for, and how cannot be read: {why}")
            }
        }
    }
}

/// How long each step of a request took; none: it was not needed.
///
/// Steps of the requests before it, that were redirected, count to [`redirects`](Self::redirects).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Requests that were redirected, all of each.
    pub redirects: Option<Duration>,
    /// To look up the name.
    pub name: Option<Duration>,
    /// To connect, and to be let through by a proxy.
    pub connect: Option<Duration>,
    /// To agree on TLS.
    pub tls: Option<Duration>,
    /// To send the request, its body included, or until it was answered before that.
    pub request: Option<Duration>,
    /// From when the last piece of the request was given to the system to the first byte of the response.
    pub first_byte: Option<Duration>,
}

/// A body that is on its way.
///
/// Its errors tell how much came before them: see [`Error::shortfall`](crate::Error::shortfall). The end comes as
/// an end only where the body was whole.
pub trait Body: Read + Send + fmt::Debug {
    /// Moves everything that is left to `to`, without a copy where the kernel can; how many bytes that
    /// were.
    ///
    /// # Errors
    ///
    /// As reading, with a shortfall; what `to` says, without one.
    fn copy_to(&mut self, to: &mut dyn Sink) -> Result<u64>;
}

/// Where a body goes.
pub trait Sink: Write {
    /// The file, pipe or device behind it, if nobody needs to see the bytes on their way there. What
    /// was written so far must be in it already, and not in a buffer.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// So many bytes more have arrived in it, written or moved by the kernel.
    ///
    /// # Errors
    ///
    /// Ends the copying.
    fn moved(&mut self, bytes: u64) -> Result<()> {
        // Who does not count them has nothing to do.
        let _ = bytes;
        Ok(())
    }
}
