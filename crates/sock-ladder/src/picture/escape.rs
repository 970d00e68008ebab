//! The one place where text becomes markup.

use crate::text::plain;

/// Text as it stands between tags and in quoted attributes, of SVG and of HTML.
///
/// What could end the text, turn it around, or is no character of XML becomes harmless: markup is escaped, controls and
/// marks of direction are written as in a program (`\x1b`, `\u{202e}`).
pub(super) fn escape(text: &str, ascii: bool) -> String {
    let text = plain(text, usize::MAX, ascii);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_text_that_it_stands_in() {
        assert_eq!(escape("</text><script>", false), "&lt;/text&gt;&lt;script&gt;");
        assert_eq!(escape("\" onload='x' &amp;", false), "&quot; onload=&#39;x&#39; &amp;amp;");
        assert_eq!(
            escape("a\u{202e}b\u{1b}[2J\0\u{ffff}\u{fffe}", false)
                .find(['\u{202e}', '\u{1b}', '\0', '\u{ffff}', '\u{fffe}']),
            None
        );
        assert_eq!(escape("é", true), "\\u{e9}");
    }
}
