//! Verdict: what a reply is to a download, before a byte of it is taken.

use std::fmt;
use std::time::Duration;

use super::version::Version;
use crate::http::content_range::ContentRange;
use crate::http::{Reply, Resume};

/// What is to be done with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it: what is had so far does not count.
    Whole,
    /// The same version from its beginning, although only the rest was asked for.
    Again,
    /// What is missing up to this many bytes: it goes behind what is had.
    Rest(u64),
    /// Nothing is missing.
    Complete,
    /// Nothing new: a condition of the user's own does not hold.
    Unchanged,
    /// Not what was asked for, and not what is had: to be asked anew, for all of it.
    Anew(Why),
    /// A part that nobody asked for.
    Unasked,
    /// No, and whether that may pass.
    Refused(Passes),
}

/// Why nothing can be put behind what is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is of another version, or of one that nobody named.
    Version,
    /// What the reply says of the part that it brings does not fit together.
    Contradiction,
    /// Nothing is said to have changed, of what only the whole was a condition for.
    Unchanged,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the server has another version now, or does not say which",
            Self::Contradiction => "the server contradicts itself about the part that it sends",
            Self::Unchanged => "asked for the rest, the server says that nothing has changed",
        })
    }
}

/// Whether another attempt may do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    No,
    /// After a pause of ours.
    Maybe,
    /// After what the server said.
    After(Duration),
}

/// Judges a reply to somebody who asked for `asked` and has bytes of `had`, and whether that was on a
/// condition of the user's own.
pub(super) fn judge(
    reply: &Reply,
    asked: Option<&Resume>,
    had: &Version,
    conditional: bool,
) -> Verdict {
    match (reply.status, asked) {
        // Not implemented, another HTTP, a login page: these do not pass by themselves.
        (501 | 505 | 511, _) => Verdict::Refused(Passes::No),
        (408 | 429 | 500.., _) => {
            Verdict::Refused(retry_after(reply).map_or(Passes::Maybe, Passes::After))
        }
        (416, Some(asked)) if is_complete(reply, asked, had) => Verdict::Complete,
        (206, Some(_)) if contradicts(reply) => Verdict::Anew(Why::Contradiction),
        (206, Some(asked)) if reply.from == asked.from && had.is_of(reply) => {
            // Of how many bytes it is the rest must be known, or nobody knows when all are there.
            had.total.or(reply.total).map_or(Verdict::Anew(Why::Version), Verdict::Rest)
        }
        (206 | 416, Some(_)) => Verdict::Anew(Why::Version),
        (206, None) => Verdict::Unasked,
        (200, Some(_)) if had.is_of(reply) && reply.from == 0 => Verdict::Again,
        // Our own condition never asks for that, and half a file is not what has not changed.
        (304, Some(_)) => Verdict::Anew(Why::Unchanged),
        (304, None) if conditional => Verdict::Unchanged,
        // Another protocol, which nobody asked for, or no answer at all.
        (..200 | 304 | 400.., _) => Verdict::Refused(Passes::No),
        // Elsewhere, and nobody knows where.
        (301 | 302 | 303 | 307 | 308, _) if reply.fields.get("location").is_none() => {
            Verdict::Refused(Passes::No)
        }
        _ => Verdict::Whole,
    }
}

/// Whether what the reply says of the part that it brings cannot all be true.
fn contradicts(reply: &Reply) -> bool {
    if reply.fields.get("content-range").is_none() {
        return false;
    }
    let len = ContentRange::of(&reply.fields).map(ContentRange::len);
    len.is_none_or(|len| reply.len.is_some() && len != reply.len)
}

/// Nothing lies behind what is had (`Content-Range: bytes */N`), and it is the version that is had:
/// of another one the condition would have failed, and the whole of it come.
fn is_complete(reply: &Reply, asked: &Resume, had: &Version) -> bool {
    let range = reply.fields.sole("content-range").unwrap_or_default();
    let total = range.strip_prefix("bytes").and_then(|rest| rest.trim().strip_prefix("*/"));
    let total = total.and_then(|total| total.trim().parse::<u64>().ok());
    let same = match reply.fields.get("etag") {
        Some(_) => reply.fields.sole("etag") == had.validator.as_deref(),
        // Whoever does not heed the condition may speak of another version: ours is all there is.
        None => had.total.is_some(),
    };
    same && total == Some(asked.from) && had.total.is_none_or(|had| had == asked.from)
}

/// How long the server wants to be left alone: seconds, or until a date (RFC 9110, section 10.2.3).
fn retry_after(reply: &Reply) -> Option<Duration> {
    let after = reply.fields.get("retry-after")?.trim();
    if let Ok(seconds) = after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // By the clock of the server, which is the one that counts.
    let until = httpdate::parse_http_date(after).ok()?;
    let now = httpdate::parse_http_date(reply.fields.get("date")?.trim()).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}
