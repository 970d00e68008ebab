//! What came from elsewhere, made harmless: no byte of it can move a cursor, hide or turn a text around.

use std::fmt;
use std::io::Write as _;

/// Appends bytes in double quotes, escaped as Rust and many others read it, in up to about `room` bytes.
///
/// What does not fit, and what `len` says was there beyond `bytes`, is an ellipsis behind the quotes.
pub(super) fn quoted(bytes: &[u8], len: usize, room: usize, to: &mut Vec<u8>) {
    let end = to.len().saturating_add(room);
    let mut is_whole = len <= bytes.len();
    to.push(b'"');
    'all: for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if to.len() >= end {
                is_whole = false;
                break 'all;
            }
            match c {
                '"' | '\\' => put(to, format_args!("\\{c}")),
                '\n' => put(to, format_args!("\\n")),
                '\r' => put(to, format_args!("\\r")),
                '\t' => put(to, format_args!("\\t")),
                c => harmless(c, to),
            }
        }
        for byte in chunk.invalid() {
            put(to, format_args!("\\x{byte:02x}"));
        }
    }
    to.push(b'"');
    if !is_whole {
        put(to, format_args!("…"));
    }
}

/// Appends text as it is, but for what could do harm, in up to about `room` bytes.
pub(super) fn clean(text: &str, room: usize, to: &mut Vec<u8>) {
    let end = to.len().saturating_add(room);
    for c in text.chars() {
        if to.len() >= end {
            return put(to, format_args!("…"));
        }
        match c {
            '\n' => put(to, format_args!("\\n")),
            c => harmless(c, to),
        }
    }
}

/// Tells whether a terminal shows the character, in its place, and does nothing else.
pub(super) fn is_harmless(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // Behind a letter an accent stands where it belongs and is not escaped; the standard library knows what is
    // not to be shown: controls, formats, marks of direction, what is not assigned.
    let mut pair = [b'a'; 5];
    let len = 1 + c.encode_utf8(&mut pair[1..]).len();
    str::from_utf8(&pair[..len]).is_ok_and(|pair| pair.escape_debug().count() == 2)
}

fn harmless(c: char, to: &mut Vec<u8>) {
    if is_harmless(c) {
        to.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        put(to, format_args!("{}", c.escape_unicode()));
    }
}

/// Appends formatted text.
pub(super) fn put(to: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Memory takes everything; a Display that reports an error wrote what it could.
    let _ = to.write_fmt(text);
}

#[cfg(test)]
mod tests {
    //! Which characters are shown as they are.

    use super::*;

    fn quote(bytes: &[u8]) -> String {
        let mut to = Vec::new();
        quoted(bytes, bytes.len(), 100, &mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn text_of_all_languages_is_shown_as_it_is() {
        for text in ["hello", "straße", "Ω λ", "नमस्ते", "日本語", "e\u{301}", "🦀", "it's"]
        {
            assert_eq!(quote(text.as_bytes()), format!("\"{text}\""));
        }
    }

    #[test]
    fn what_does_harm_is_escaped() {
        assert_eq!(quote(b"\x1b[2J"), r#""\u{1b}[2J""#);
        assert_eq!(
            quote("a\u{202e}b\u{2066}\u{200b}".as_bytes()),
            r#""a\u{202e}b\u{2066}\u{200b}""#
        );
        assert_eq!(quote("\u{9b}2J\u{7f}\0".as_bytes()), r#""\u{9b}2J\u{7f}\u{0}""#);
        assert_eq!(quote(b"\r\n\t\"\\"), r#""\r\n\t\"\\""#);
        assert_eq!(quote(b"\xff\xc3"), r#""\xff\xc3""#);
        let mut to = Vec::new();
        clean("a\nb\u{1b}\\", 100, &mut to);
        assert_eq!(to, br"a\nb\u{1b}\");
    }

    #[test]
    fn what_has_no_room_is_an_ellipsis() {
        let mut to = Vec::new();
        quoted(b"abcdef", 6, 4, &mut to);
        assert_eq!(String::from_utf8(to).unwrap(), "\"abc\"…");
        let mut to = Vec::new();
        quoted(b"abc", 900, 100, &mut to);
        assert_eq!(String::from_utf8(to).unwrap(), "\"abc\"…");
    }
}
