//! One JSON object on one line, its fields in the order in which they are said.

use std::fmt;
use std::time::Duration;

use super::words::{is_harmless, put};

/// An object that is being written; it ends, with its line, when it is dropped.
pub(super) struct Object<'a> {
    to: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn new(to: &'a mut Vec<u8>) -> Self {
        to.push(b'{');
        Self { to, is_empty: true }
    }

    /// A field with a number.
    pub(super) fn number(&mut self, key: &str, n: impl fmt::Display) {
        self.key(key);
        put(self.to, format_args!("{n}"));
    }

    /// A field with a duration in seconds: as many digits behind the point as it needs, up to nine.
    pub(super) fn seconds(&mut self, key: &str, time: Duration) {
        self.key(key);
        put(self.to, format_args!("{}", time.as_secs()));
        let digits = format!("{:09}", time.subsec_nanos());
        let digits = digits.trim_end_matches('0');
        if !digits.is_empty() {
            put(self.to, format_args!(".{digits}"));
        }
    }

    /// A field with a text.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.cut_text(key, text, usize::MAX);
    }

    /// A field with as much of a text as fits into about `room` bytes; false where that is not all.
    pub(super) fn cut_text(&mut self, key: &str, text: &str, room: usize) -> bool {
        self.key(key);
        self.to.push(b'"');
        let end = self.to.len().saturating_add(room);
        let mut is_whole = true;
        for c in text.chars() {
            if self.to.len() >= end {
                is_whole = false;
                break;
            }
            self.character(c);
        }
        self.to.push(b'"');
        is_whole
    }

    /// A field with a text, or null.
    pub(super) fn text_or_null(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.number(key, "null"),
        }
    }

    /// A field that is true.
    pub(super) fn yes(&mut self, key: &str) {
        self.number(key, true);
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.is_empty) {
            self.to.push(b',');
        }
        put(self.to, format_args!("\"{key}\":"));
    }

    /// What a terminal would obey is escaped although JSON does not ask for it: objects are shown on terminals.
    fn character(&mut self, c: char) {
        match c {
            '"' | '\\' => put(self.to, format_args!("\\{c}")),
            '\n' => put(self.to, format_args!("\\n")),
            '\r' => put(self.to, format_args!("\\r")),
            '\t' => put(self.to, format_args!("\\t")),
            c if is_harmless(c) => {
                self.to.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    put(self.to, format_args!("\\u{unit:04x}"));
                }
            }
        }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.to.extend_from_slice(b"}\n");
    }
}
