//! Attend: who looks after a download: waits, is told, and shows how far it is.

use std::path::Path;
use std::time::Duration;

use rustix::event::{Timespec, poll};

use crate::http::Reply;
use crate::{Error, Result};

/// Looks after a download. Each call has a default that does what is needed and says nothing.
pub trait Attend {
    /// Lets `pause` pass before the next attempt.
    ///
    /// # Errors
    ///
    /// Ends the download.
    fn wait(&mut self, pause: Duration) -> Result<()> {
        // Any pause fits; a signal makes it shorter, which does no harm.
        let _ = Timespec::try_from(pause).map(|pause| poll(&mut [], Some(&pause)));
        Ok(())
    }

    /// The head of a reply has come, whatever it says.
    fn replied(&mut self, _reply: &Reply) {}

    /// A body begins that is taken: `had` bytes are there before it, and `total` will be in the end.
    fn begins(&mut self, _reply: &Reply, _had: u64, _total: Option<u64>) {}

    /// The `had` bytes from before count no more: the reply is of another version, or may be (then the server
    /// only did not give the rest that was asked for).
    fn begins_anew(&mut self, _reply: &Reply, _had: u64, _is_changed: bool) {}

    /// So many bytes more are there.
    ///
    /// # Errors
    ///
    /// Ends the download.
    fn moved(&mut self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// An attempt failed, and another one follows.
    fn retries(&mut self, _retry: &Retry<'_>) {}

    /// The server refused; the body says more about it.
    fn refused(&mut self, _reply: Reply) {}

    /// The download failed, and what came is kept in `part`; whether a later one can go on with it.
    fn kept(&mut self, _part: &Path, _can_go_on: bool) {}
}

/// Nobody looks: pauses pass, and that is all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

impl Attend for Unattended {}

/// Another attempt.
#[derive(Debug)]
pub struct Retry<'a> {
    /// Which one it is, from 1.
    pub n: u32,
    /// How many there may be.
    pub of: u32,
    /// How long is waited for before it.
    pub pause: Duration,
    /// Why the last one failed.
    pub why: &'a Error,
    /// How many bytes are there.
    pub from: u64,
}

/// A status as people know it: `404 Not Found`.
pub(super) fn status_line(status: u16) -> String {
    match hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// What to do about it, where that is known.
pub(super) fn cure(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("name a user and a password"),
        301 | 302 | 303 | 307 | 308 => Some("it does not say where the file is instead"),
        304 => Some("nobody asked whether anything has changed"),
        404 | 410 => Some("look at the path"),
        // What does not pass.
        501 => Some("the server does not know this method, or what else was asked of it"),
        505 => Some("the server does not speak this version of HTTP"),
        429 | 500.. => Some("try again later"),
        _ => None,
    }
}
