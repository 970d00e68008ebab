//! Sending: a file as an answer, whole or in ranges.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::time::Duration;

use crate::protocols::http::answer::{Answer, Part};
use crate::protocols::http::head::{Head, Method};
use crate::protocols::http::site::{Body, File};
use crate::protocols::http::{Offer, date, page};
use crate::source::Span;

use super::Request;
use super::condition::{self, Verdict};
use super::range::{self, Asked};

/// What the fields of an ordinary answer take.
const ROOM: usize = 320;

/// So much comes at once: nobody would ask for the rest of it.
const AT_ONCE: u64 = 16 * 1024;

/// Answers GET and HEAD with `file`.
pub(super) fn file(request: &Request<'_>, file: &File) -> Answer {
    match condition::judge(request.head, request.site, Some(file)) {
        Verdict::Failed => return super::changed(),
        Verdict::Unchanged => {
            let mut answer = Answer::new(304);
            validators(&mut answer.fields, request.offer, file);
            return answer;
        }
        Verdict::Go => {}
    }
    let len = len(file);
    match ranges(request, file, len) {
        Asked::Whole => {
            let mut answer = described(200, request, file, &file.media);
            if len > 0 {
                answer.body.push(part(file, 0..len));
            }
            answer
        }
        Asked::Nowhere => nowhere(len),
        Asked::Ranges(ranges) => match ranges.as_slice() {
            [one] => described(206, request, file, &file.media)
                .with("Content-Range", Shown(one, len))
                .and(part(file, one.clone())),
            several => multiple(request, file, several, len),
        },
    }
}

/// What `Range` asks for.
fn ranges(request: &Request<'_>, file: &File, len: u64) -> Asked {
    let Request { head, site, wall, .. } = *request;
    match wanted(head) {
        Some(range) if condition::holds_for_range(head, site, file, wall) => {
            range::asked(range, len)
        }
        _ => Asked::Whole,
    }
}

/// The one `Range` field of a GET: it is defined for no other method (RFC 9110, section 14.2).
pub(super) fn wanted<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    let mut fields = head.each_field("Range");
    let range = fields.next().filter(|_| fields.next().is_none());
    range.filter(|_| head.method == Method::Get)
}

/// An answer with the fields of `file`, and `media` for the type of its body.
fn described(status: u16, request: &Request<'_>, file: &File, media: &str) -> Answer {
    let mut answer = Answer::new(status);
    answer.fields.reserve(ROOM);
    let fields = &mut answer.fields;
    field(fields, "Content-Type", media);
    if let Some(coding) = file.coding {
        field(fields, "Content-Encoding", coding);
    }
    if file.coding.is_some() {
        // Who resumes a coded body would have to find the same coding again, and may be given another.
        field(fields, "Accept-Ranges", "none");
    } else if status == 206 || file.len > AT_ONCE {
        field(fields, "Accept-Ranges", "bytes");
    }
    if let Some(modified) = file.modified {
        // Never later than the answer itself (RFC 9110, section 8.8.2.1).
        fields.extend_from_slice(b"Last-Modified: ");
        date::write(modified.min(request.wall).as_secs(), fields);
        fields.extend_from_slice(b"\r\n");
    }
    validators(fields, request.offer, file);
    answer
}

/// The fields that 304 has too (RFC 9110, section 15.4.5).
fn validators(fields: &mut Vec<u8>, offer: &Offer, file: &File) {
    if !file.etag.is_empty() {
        field(fields, "ETag", &file.etag);
    }
    if file.varies || file.coding.is_some() {
        field(fields, "Vary", "Accept-Encoding");
    }
    match offer.cache {
        // A browser left to itself guesses for how long a page is fresh, and who has just changed a
        // file would see the old one. To ask again costs a 304.
        None => field(fields, "Cache-Control", "no-cache"),
        Some(seconds) => {
            // What needs a password is nobody else's, so no cache between may keep it.
            let whose = if offer.auth.is_some() { "private" } else { "public" };
            field(fields, "Cache-Control", &format!("{whose}, max-age={seconds}"));
        }
    }
}

/// Several ranges, each with its own type and place (RFC 9110, section 14.6).
fn multiple(request: &Request<'_>, file: &File, ranges: &[Range<u64>], len: u64) -> Answer {
    let boundary = boundary(file, request.wall);
    let media = format!("multipart/byteranges; boundary={boundary}");
    let mut answer = described(206, request, file, &media);
    let mut end = "";
    for range in ranges {
        let head = format!(
            "{end}--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            file.media,
            Shown(range, len),
        );
        answer.body.push(Part::Bytes(head.into_bytes()));
        answer.body.push(part(file, range.clone()));
        end = "\r\n";
    }
    answer.and(Part::Bytes(format!("\r\n--{boundary}--\r\n").into_bytes()))
}

/// A line that is not in the file: it is made from the moment of the request, to the nanosecond, which
/// nobody knew who wrote the file.
fn boundary(file: &File, wall: Duration) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u128 << 64 | wall.as_nanos();
    for byte in file.etag.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("{hash:032x}")
}

fn nowhere(len: u64) -> Answer {
    let wrong = format!("The range lies behind the end: there are {len} bytes");
    page::error(416, &wrong, "Ask for less, or for the whole")
        .with("Content-Range", format_args!("bytes */{len}"))
}

/// A range of so many bytes, as `Content-Range` has it.
struct Shown<'a>(&'a Range<u64>, u64);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.0.start, self.0.end - 1, self.1)
    }
}

/// How many bytes there are, which memory knows better than the file's facts.
fn len(file: &File) -> u64 {
    match &file.body {
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Source(_) => file.len,
    }
}

fn part(file: &File, range: Range<u64>) -> Part {
    match &file.body {
        Body::Bytes(bytes) => {
            let place = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
            Part::Shared(Arc::clone(bytes), place(range.start)..place(range.end))
        }
        Body::Source(source) => {
            Part::Span(Span::new(Arc::clone(source), range.start, range.end - range.start))
        }
    }
}

/// Adds a field without the detour over a format.
fn field(fields: &mut Vec<u8>, name: &str, value: &str) {
    for text in [name, ": ", value, "\r\n"] {
        fields.extend_from_slice(text.as_bytes());
    }
}
