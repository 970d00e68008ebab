//! Bytes and foreign text made harmless: what is shown can neither move the cursor nor turn the line around.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Bytes in quotes, at most `room` columns wide; an ellipsis behind the quotes where there are more.
///
/// Line ends and the like are written as in a program; bytes that are no UTF-8 as `\xff`; characters that have no
/// width or change the direction of writing as `\u{202e}`, and so is everything beyond ASCII where that is asked for.
pub(crate) fn preview(bytes: &[u8], more: bool, room: usize, ascii: bool) -> String {
    let dots = if ascii { "..." } else { "…" };
    let (text, whole) = cut(pieces(bytes, ascii, true), room.saturating_sub(2), more, dots);
    if whole { format!("\"{text}\"") } else { format!("\"{text}\"{dots}") }
}

/// Text by others (names, addresses, notes), at most `room` columns wide.
pub(crate) fn plain(text: &str, room: usize, ascii: bool) -> String {
    let dots = if ascii { "..." } else { "…" };
    let (mut shown, whole) = cut(pieces(text.as_bytes(), ascii, false), room, false, dots);
    if !whole && columns(dots) <= room {
        shown.push_str(dots);
    }
    shown
}

/// How many columns harmless text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As many pieces as fit, and whether that was all; where it was not, there is room for the dots.
fn cut(
    pieces: impl Iterator<Item = String>,
    room: usize,
    more: bool,
    dots: &str,
) -> (String, bool) {
    let short = room.saturating_sub(columns(dots));
    let (mut text, mut used, mut fits) = (String::new(), 0, 0);
    for piece in pieces {
        let width = columns(&piece);
        if used + width > room || (more && used + width > short) {
            text.truncate(fits);
            return (text, false);
        }
        text.push_str(&piece);
        used += width;
        if used <= short {
            fits = text.len();
        }
    }
    (text, !more)
}

/// One piece for each character or stray byte.
fn pieces(bytes: &[u8], ascii: bool, quoted: bool) -> impl Iterator<Item = String> + '_ {
    bytes.utf8_chunks().flat_map(move |chunk| {
        let text = chunk.valid().chars().map(move |c| escaped(c, ascii, quoted));
        let stray = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        text.chain(stray)
    })
}

fn escaped(c: char, ascii: bool, quoted: bool) -> String {
    let mut text = String::new();
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '"' | '\\' if quoted => text.extend(['\\', c]),
        ' '..='~' => text.push(c),
        // A String takes every write.
        c if c.is_ascii() => drop(write!(text, "\\x{:02x}", u32::from(c))),
        c if ascii || is_unsafe(c) => drop(write!(text, "\\u{{{:x}}}", u32::from(c))),
        c => text.push(c),
    }
    text
}

/// Controls, line separators, marks of direction, and all that has no width of its own.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || c.width().unwrap_or(0) == 0
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
        // What joins its neighbours into one sign makes the width of a line a matter of opinion.
        || matches!(c, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_in_a_program() {
        assert_eq!(preview(b"Hi\r\n\t\"\\", false, 40, false), r#""Hi\r\n\t\"\\""#);
        assert_eq!(preview(b"\x1b[2J\x00\xff", false, 40, false), r#""\x1b[2J\x00\xff""#);
        assert_eq!(preview("é€".as_bytes(), false, 40, false), "\"é€\"");
        assert_eq!(preview("é€".as_bytes(), false, 40, true), r#""\u{e9}\u{20ac}""#);
        assert_eq!(
            preview("a\u{202e}b\u{200d}\u{301}".as_bytes(), false, 40, false),
            r#""a\u{202e}b\u{200d}\u{301}""#
        );
    }

    #[test]
    fn what_does_not_fit_ends_in_dots() {
        assert_eq!(preview(b"0123456789", false, 12, false), "\"0123456789\"");
        assert_eq!(preview(b"0123456789", false, 11, false), "\"01234567\"…");
        assert_eq!(preview(b"0123456789", true, 13, false), "\"0123456789\"…");
        assert_eq!(preview(b"0123456789", false, 11, true), "\"012345\"...");
        assert_eq!(plain("server", 6, false), "server");
        assert_eq!(plain("servers", 6, false), "serve…");
        assert_eq!(columns(&preview("日本語日本語".as_bytes(), false, 9, false)), 9);
    }
}
