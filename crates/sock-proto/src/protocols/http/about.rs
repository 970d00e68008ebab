//! About: the page of a server that has nothing else to show: what it is, what a request and an answer
//! are, and how to serve something.

use alloc::string::String;
use core::fmt::Write;

use super::answer::{Answer, Part};
use super::head::{Head, Method};
use super::page::{self, Escaped};

/// Answers GET and HEAD for `/`, and nothing else; `raw` is the head as it came.
pub(super) fn answer(head: &Head<'_>, raw: &[u8]) -> Answer {
    if head.method == Method::Options {
        return Answer::new(204).with("Allow", "GET, HEAD, OPTIONS");
    }
    let path = head.target.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path != b"/" {
        return page::error(
            404,
            "There is nothing here: this server has one page, at /",
            "Serve a directory with `sock serve http DIR`",
        );
    }
    let asked = String::from_utf8_lossy(raw);
    let mut body = String::with_capacity(PAGE.len() + 2 * raw.len());
    let (before, after) = PAGE.split_once("REQUEST").unwrap_or((PAGE, ""));
    // Writing to a string cannot fail.
    let _ = write!(body, "{before}{}{after}", Escaped(asked.trim_ascii_end()));
    Answer::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        // The page shows the request itself.
        .with("Cache-Control", "no-store")
        .and(Part::Bytes(body.into_bytes()))
}

const PAGE: &str = include_str!("about.html");
