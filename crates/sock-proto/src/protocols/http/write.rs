//! Write: an answer on the wire: its status line, the fields of every answer, its own, its body.

use alloc::vec::Vec;

use super::answer::{Answer, Part};
use super::head::Version;
use super::{Offer, date, page};
use crate::Out;

/// What of a request the form of its answer depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) version: Version,
    /// The method is HEAD: everything but the body.
    pub(super) is_head: bool,
    /// The conversation goes on behind the answer.
    pub(super) persists: bool,
}

/// An answer so large goes into the outbox piece by piece; a smaller one is put together first.
const TOGETHER: u64 = 16 * 1024;

/// Queues an answer and tells how many bytes its body has on the wire.
pub(super) fn write(answer: &Answer, form: Form, offer: &Offer, out: &mut Out<'_>) -> u64 {
    let len = answer.len();
    let is_bodiless = matches!(answer.status, 100..=199 | 204 | 304);
    let sends = !form.is_head && !is_bodiless;
    let in_memory = answer.body.iter().take_while(|part| bytes(part).is_some()).count();
    let together = if sends && len <= TOGETHER { in_memory } else { 0 };
    let seconds = out.wall().as_secs();
    out.compose(|to| {
        if form.version != Version::V09 {
            status_line(answer.status, to);
            to.extend_from_slice(b"Date: ");
            date::write(seconds, to);
            to.extend_from_slice(b"\r\n");
            to.extend_from_slice(&answer.fields);
            for (name, value) in &offer.fields {
                for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                    to.extend_from_slice(part);
                }
            }
            if !is_bodiless {
                to.extend_from_slice(b"Content-Length: ");
                decimal(len, to);
                to.extend_from_slice(b"\r\n");
            }
            to.extend_from_slice(match (form.persists, form.version) {
                (false, _) => b"Connection: close\r\n\r\n",
                // Not what is usual there, and so it is said.
                (true, Version::V10) => b"Connection: keep-alive\r\n\r\n",
                (true, Version::V09 | Version::V11) => b"\r\n",
            });
        }
        for part in answer.body.iter().take(together).filter_map(bytes) {
            to.extend_from_slice(part);
        }
    });
    if !sends {
        return 0;
    }
    for part in answer.body.iter().skip(together) {
        match part {
            Part::Span(span) => out.send_range(span.clone()),
            Part::Bytes(bytes) => out.send(bytes),
            Part::Shared(bytes, range) => out.send(&bytes[range.clone()]),
        }
    }
    len
}

/// The bytes of a part that lie in memory.
fn bytes(part: &Part) -> Option<&[u8]> {
    match part {
        Part::Bytes(bytes) => Some(bytes),
        Part::Shared(bytes, range) => Some(&bytes[range.clone()]),
        Part::Span(_) => None,
    }
}

/// Tells the client to go on with its body; how many bytes that takes.
pub(super) fn proceed(out: &mut Out<'_>) -> u64 {
    let word = b"HTTP/1.1 100 Continue\r\n\r\n";
    out.send(word);
    word.len() as u64
}

fn status_line(status: u16, to: &mut Vec<u8>) {
    // Most answers say one of these.
    match status {
        200 => to.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        304 => to.extend_from_slice(b"HTTP/1.1 304 Not Modified\r\n"),
        _ => {
            to.extend_from_slice(b"HTTP/1.1 ");
            decimal(u64::from(status), to);
            to.push(b' ');
            to.extend_from_slice(page::reason(status).as_bytes());
            to.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends a number in decimal digits.
fn decimal(mut n: u64, to: &mut Vec<u8>) {
    // The largest has twenty.
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return to.extend_from_slice(&digits[at..]);
        }
    }
}
