//! Condition: whether a request still wants what it asks for (RFC 9110, section 13).

use core::time::Duration;

use crate::protocols::http::head::{Head, Method};
use crate::protocols::http::site::{File, Site};

use super::range::trimmed;

/// What follows from a request's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done.
    Go,
    /// The client has what it asks for: 304.
    Unchanged,
    /// It does not hold what the client took for granted: 412.
    Failed,
}

/// Judges a request about `file`, or about a place where none is, in the order of section 13.2.2.
pub(super) fn judge(head: &Head<'_>, site: &dyn Site, file: Option<&File>) -> Verdict {
    // Most requests have none, and the fields are gone through once to see that.
    let is_condition =
        |name: &str| name.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("if-"));
    if !head.fields.iter().any(|field| is_condition(field.name)) {
        return Verdict::Go;
    }
    let etag = file.map(|file| file.etag.as_str());
    let modified = file.and_then(|file| file.modified);
    if head.field("If-Match").is_some() {
        if !names(head, "If-Match", etag, Compare::Strong) {
            return Verdict::Failed;
        }
    } else if let Some(date) = date(head, site, "If-Unmodified-Since")
        && modified.is_some_and(|modified| modified.as_secs() > date.as_secs())
    {
        return Verdict::Failed;
    }
    let is_read = matches!(head.method, Method::Get | Method::Head);
    if head.field("If-None-Match").is_some() {
        if names(head, "If-None-Match", etag, Compare::Weak) {
            return if is_read { Verdict::Unchanged } else { Verdict::Failed };
        }
    } else if is_read {
        let since = date(head, site, "If-Modified-Since").zip(modified);
        if since.is_some_and(|(date, modified)| modified.as_secs() <= date.as_secs()) {
            return Verdict::Unchanged;
        }
    }
    Verdict::Go
}

/// Tells whether a range may be given: `If-Range` is missing, or names just these bytes.
///
/// A date does where it cannot stand for two versions: not within the second of the change, and not
/// where the same date is given with other bytes, in another coding.
pub(super) fn holds_for_range(
    head: &Head<'_>,
    site: &dyn Site,
    file: &File,
    wall: Duration,
) -> bool {
    let Some(value) = head.field("If-Range") else { return true };
    if value.starts_with(b"\"") || value.starts_with(b"W/") {
        return !file.etag.is_empty() && value == file.etag.as_bytes();
    }
    let (Some(date), Some(modified)) = (date(head, site, "If-Range"), file.modified) else {
        return false;
    };
    let is_exact = date.as_secs() == modified.as_secs();
    is_exact && !file.varies && modified.as_secs() < wall.as_secs()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strong,
    Weak,
}

/// Tells whether a list of entity tags names `etag`, which is strong; `*` names any.
fn names(head: &Head<'_>, field: &str, etag: Option<&str>, compare: Compare) -> bool {
    let Some(etag) = etag else { return false };
    head.each_field(field).any(|mut list| {
        if list == b"*" {
            return true;
        }
        while let Some(tag) = next_tag(&mut list) {
            if !etag.is_empty() && tag.0 == etag.as_bytes() && (compare == Compare::Weak || !tag.1)
            {
                return true;
            }
        }
        false
    })
}

/// Takes the next entity tag off a list, with its quotes, and whether it is weak; none behind a
/// malformed one. A tag may hold commas.
fn next_tag<'a>(list: &mut &'a [u8]) -> Option<(&'a [u8], bool)> {
    while let [b' ' | b'\t' | b',', rest @ ..] = *list {
        *list = rest;
    }
    let weak = list.strip_prefix(b"W/");
    let tag = weak.unwrap_or(list);
    let inner = tag.strip_prefix(b"\"")?;
    let (tag, rest) = tag.split_at(memchr::memchr(b'"', inner)? + 2);
    *list = rest;
    Some((tag, weak.is_some()))
}

/// The moment that a field names; none where it is there twice or names none.
fn date(head: &Head<'_>, site: &dyn Site, name: &str) -> Option<Duration> {
    let mut fields = head.each_field(name);
    let value = fields.next().filter(|_| fields.next().is_none())?;
    site.moment(core::str::from_utf8(trimmed(value)).ok()?)
}
