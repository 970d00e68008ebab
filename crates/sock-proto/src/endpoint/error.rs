//! What is wrong with a text that is no endpoint, and where.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::Endpoint;

/// A text is no endpoint: the character that is wrong and what should stand there.
///
/// It shows as three lines: the message, the text, and a caret under the character. For a web address, the message
/// says which endpoint that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    text: String,
    at: usize,
    expected: &'static str,
}

impl ParseError {
    pub(super) fn new(text: &str, at: usize, expected: &'static str) -> Self {
        debug_assert!(text.is_char_boundary(at), "the caret stands under a whole character");
        Self { text: text.into(), at, expected }
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte position of the character that is wrong; the length of the text where it ends too soon.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// What should stand there.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad endpoint: expected {}", self.expected)?;
        if let Some(endpoint) = of_url(&self.text) {
            write!(f, "; write {endpoint}")?;
        }
        write!(f, "\n  ")?;
        for c in self.text.chars() {
            // A line end or an escape sequence would move the caret, or the reader's terminal.
            write!(f, "{}", if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
        }
        let before = self.text.char_indices().take_while(|(i, _)| *i < self.at).count();
        write!(f, "\n  {:before$}^", "")
    }
}

impl core::error::Error for ParseError {}

/// The endpoint that somebody means who writes the address of a web page.
fn of_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (before, port) = match scheme {
        "http" => ("", 80),
        "https" => ("tls://", 443),
        _ => return None,
    };
    let place = rest.split(['/', '?', '#']).next().filter(|place| !place.is_empty())?;
    let as_written = format!("{before}{place}");
    // A bare number is a port for us, and an odd host in a URL.
    let is_place = |text: &str| place.contains(['.', ':']) && text.parse::<Endpoint>().is_ok();
    if is_place(&as_written) {
        return Some(as_written);
    }
    Some(format!("{as_written}:{port}")).filter(|text| text.parse::<Endpoint>().is_ok())
}
