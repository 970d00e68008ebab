//! Text by others made harmless: it can neither move the cursor, nor turn the line around, nor be markup.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` with everything escaped that has no width or changes the direction of writing, and with all that is not
/// ASCII where that is asked for.
pub(crate) fn plain(text: &str, ascii: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            ' '..='~' => shown.push(c),
            c if ascii || is_unsafe(c) => {
                // A String takes every write.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// How many columns harmless text takes.
pub(crate) fn columns(text: &str) -> usize {
    // A sequence may be drawn narrower than its characters by one terminal and not by another.
    text.width().max(text.chars().map(|c| c.width().unwrap_or(0)).sum())
}

/// As much of harmless text as `room` columns hold, with an ellipsis where that is not all.
pub(crate) fn cut(text: &str, room: usize, ascii: bool) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let dots = if ascii { "..." } else { "…" };
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        if columns(&shown) + columns(dots) > room {
            shown.pop();
            break;
        }
    }
    if room < columns(dots) { String::new() } else { shown + dots }
}

/// What has no width of its own, or reorders what stands around it (UAX 9).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || c.width().unwrap_or(0) == 0
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` as the content of an element or an attribute of XML and HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in plain(text, false).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            // The only characters left that XML 1.0 (2.2) does not allow.
            '\u{fffe}' | '\u{ffff}' => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_line_around() {
        assert_eq!(plain("a\x1b[2J\u{202e}b\nc", false), "a\\u{1b}[2J\\u{202e}b\\nc");
        assert_eq!(plain("naïve 世", false), "naïve 世");
        assert_eq!(plain("naïve", true), "na\\u{ef}ve");
    }

    #[test]
    fn a_cut_is_seen_and_fits() {
        assert_eq!(cut("abcdef", 6, false), "abcdef");
        assert_eq!(cut("abcdefg", 6, false), "abcde…");
        assert_eq!(cut("世界世界", 5, false), "世界…");
        assert_eq!(cut("abcdefg", 6, true), "abc...");
        assert_eq!(cut("abcdefg", 2, true), "");
    }

    #[test]
    fn text_is_never_markup() {
        assert_eq!(escaped("<a href='x'>&\"\0"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{0}");
    }
}
