//! What is wrong with a text that is no endpoint, and where.

use alloc::string::String;
use core::fmt;

/// A text is no endpoint: the character that is wrong and what should stand there.
///
/// It shows as three lines: the message, the text, and a caret under the character.
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
        write!(f, "bad endpoint: expected {}\n  ", self.expected)?;
        for c in self.text.chars() {
            // A line end or an escape sequence would move the caret, or the reader's terminal.
            write!(f, "{}", if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
        }
        let before = self.text.char_indices().take_while(|(i, _)| *i < self.at).count();
        write!(f, "\n  {:before$}^", "")
    }
}

impl core::error::Error for ParseError {}
