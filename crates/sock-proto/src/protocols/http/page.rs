//! Page: the small pages that say what was wrong, in plain words, and what to do about it.

use alloc::string::String;
use core::fmt::{self, Write};

use super::answer::{Answer, Part};

/// An answer that says what was wrong and, where something can be done about it, what.
///
/// Both are sentences without a full stop; they are escaped here, and what stands in backticks is code.
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
         <style>body{{font-family:system-ui,sans-serif;line-height:1.5;max-width:60rem;margin:2rem auto;padding:0 1rem}}</style>\n\
         <title>{status} {reason}</title>\n<h1>{status} {reason}</h1>\n<p>{}.</p>\n",
        Prose(wrong)
    ));
    if !cure.is_empty() {
        write(format_args!("<p>{}.</p>\n", Prose(cure)));
    }
    write(format_args!("</html>\n"));
    Answer::new(status)
        .with("Content-Type", "text/html; charset=utf-8")
        .and(Part::Bytes(body.into_bytes()))
}

/// A sentence of ours, with code between backticks; one without its fellow is a backtick.
struct Prose<'a>(&'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once('`') {
            let Some((code, after)) = after.split_once('`') else { break };
            write!(f, "{}<code>{}</code>", Escaped(before), Escaped(code))?;
            rest = after;
        }
        Escaped(rest).fmt(f)
    }
}

/// Text as it stands in HTML, between tags or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match entity(c) {
                Some(entity) => f.write_str(entity)?,
                None => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// What stands for a character that would be markup.
pub(super) const fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_stands_in_backticks_is_code_and_nothing_of_it_is_obeyed() {
        for (text, shown) in [
            ("Write `GET /` or `<b>`", "Write <code>GET /</code> or <code>&lt;b&gt;</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("", ""),
        ] {
            assert_eq!(Prose(text).to_string(), shown);
        }
    }
}
