//! Page: the small pages that say what was wrong, in plain words, and what to do about it.

use alloc::string::String;
use core::fmt::{self, Write};

use super::answer::{Answer, Part};

/// An answer that says what was wrong and, where something can be done about it, what.
///
/// Both are sentences without a full stop; they are escaped here.
pub(super) fn error(status: u16, wrong: &str, cure: &str) -> Answer {
    let reason = reason(status);
    let mut body = String::with_capacity(512);
    let mut write = |text: fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = body.write_fmt(text);
    };
    write(format_args!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{status} {reason}</title>\n<h1>{status} {reason}</h1>\n<p>{}.</p>\n",
        Escaped(wrong)
    ));
    if !cure.is_empty() {
        write(format_args!("<p>{}.</p>\n", Escaped(cure)));
    }
    write(format_args!("</html>\n"));
    Answer::new(status)
        .with("Content-Type", "text/html; charset=utf-8")
        .and(Part::Bytes(body.into_bytes()))
}

/// Text as it stands in HTML, between tags or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The words behind a status code (RFC 9110, section 15).
pub(super) const fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "Unknown",
    }
}
