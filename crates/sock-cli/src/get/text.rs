//! Text: a body as somebody reads it on a terminal: decoded, and in control of nothing.

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};

use crate::stdio::Legible;

/// Turns a body into text, piece by piece.
pub(super) struct Text {
    media: String,
    decoder: Option<Decoder>,
    legible: Legible,
    ends_line: bool,
}

/// The body is no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Binary;

impl Text {
    /// A body of this media type, as the header says it; empty: it says none.
    pub(super) fn new(media: &str) -> Self {
        let legible = Legible::default();
        Self { media: media.to_ascii_lowercase(), decoder: None, legible, ends_line: true }
    }

    /// The text of the next piece.
    pub(super) fn piece(&mut self, piece: &[u8]) -> Result<String, Binary> {
        if self.decoder.is_none() {
            self.decoder = Some(encoding(&self.media, piece).ok_or(Binary)?.new_decoder());
        }
        Ok(self.decoded(piece, false))
    }

    /// What is left at the end; a line that has none is ended.
    pub(super) fn end(&mut self) -> String {
        let mut text = if self.decoder.is_some() { self.decoded(b"", true) } else { String::new() };
        text += &self.legible.end();
        if !text.is_empty() {
            self.ends_line = text.ends_with('\n');
        }
        if !self.ends_line {
            text.push('\n');
        }
        text
    }

    fn decoded(&mut self, piece: &[u8], is_last: bool) -> String {
        let Some(decoder) = &mut self.decoder else { return String::new() };
        let room = decoder.max_utf8_buffer_length(piece.len()).unwrap_or(piece.len());
        let mut utf8 = String::with_capacity(room);
        // Nothing is left over: there is room for all that may come out.
        let _ = decoder.decode_to_string(piece, &mut utf8, is_last);
        let text = self.legible.piece(utf8.as_bytes());
        if !text.is_empty() {
            self.ends_line = text.ends_with('\n');
        }
        text
    }
}

/// How a body of this type that begins so is encoded; none: it is no text.
fn encoding(media: &str, begin: &[u8]) -> Option<&'static Encoding> {
    if let Some((marked, _)) = Encoding::for_bom(begin) {
        return Some(marked);
    }
    let charset = media.split_once("charset=").map_or("", |(_, rest)| rest);
    let charset = charset.split(';').next().unwrap_or_default().trim_matches([' ', '"', '\'']);
    let named = Encoding::for_label(charset.as_bytes());
    if named.is_some_and(|named| !named.is_ascii_compatible()) {
        return named;
    }
    if begin.contains(&0) {
        return None;
    }
    let is_utf8 = match std::str::from_utf8(begin) {
        Ok(_) => true,
        // A character may have been cut.
        Err(error) => error.error_len().is_none(),
    };
    match named {
        Some(named) => Some(named),
        None if is_utf8 && (is_text(media) || !has_controls(begin)) => Some(UTF_8),
        // What has no name and is no UTF-8 was mostly written on such a machine.
        None if is_text(media) => Some(WINDOWS_1252),
        None => None,
    }
}

/// Whether bodies of this type are read by people.
fn is_text(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or_default().trim();
    let spoken =
        ["json", "xml", "javascript", "ecmascript", "yaml", "toml", "x-ndjson", "x-sh", "sql"];
    let Some((kind, sub)) = media.split_once('/') else { return false };
    let (base, suffix) = sub.rsplit_once('+').unwrap_or((sub, sub));
    kind == "text" || spoken.contains(&base) || spoken.contains(&suffix)
}

/// Characters that no text has, but for the colours of a terminal's.
fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x1b".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(media: &str, pieces: &[&[u8]]) -> Result<String, Binary> {
        let mut text = Text::new(media);
        let mut all = String::new();
        for piece in pieces {
            all += &text.piece(piece)?;
        }
        Ok(all + &text.end())
    }

    #[test]
    fn the_charset_of_the_header_is_used() {
        for (media, bytes, text) in [
            ("text/plain; charset=utf-8", &b"gr\xc3\xbc\xc3\x9fe"[..], "grüße\n"),
            ("text/plain; Charset=\"ISO-8859-1\"; x=y", b"gr\xfc\xdfe\n", "grüße\n"),
            ("text/html", b"gr\xfc\xdfe", "grüße\n"),
            ("text/html", b"gr\xc3\xbc\xc3\x9fe", "grüße\n"),
            ("text/plain; charset=utf-16le", b"a\0\n\0", "a\n"),
            ("text/plain; charset=utf-8", b"\xff\xfea\0", "a\n"),
            ("text/plain; charset=martian", b"a", "a\n"),
            ("application/problem+json", b"{}", "{}\n"),
            ("", b"plain", "plain\n"),
            ("application/octet-stream", b"plain\n", "plain\n"),
        ] {
            assert_eq!(shown(media, &[bytes]).as_deref(), Ok(text), "{media}");
        }
    }

    #[test]
    fn it_does_not_matter_where_a_text_was_cut() {
        let bytes = "grüße €\r\n\u{1f980} und so".as_bytes();
        for cut in 1..bytes.len() {
            let (a, b) = bytes.split_at(cut);
            let whole = shown("text/plain; charset=utf-8", &[a, b]);
            assert_eq!(whole.as_deref(), Ok("grüße €\n\u{1f980} und so\n"), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_binary_is_said_to_be() {
        for (media, bytes) in [
            ("application/octet-stream", &b"\x7fELF\x02\x01"[..]),
            ("image/png", b"\x89PNG\r\n"),
            ("text/plain", b"a\0b"),
            ("", b"\xff\xd8\xff\xe0"),
        ] {
            assert_eq!(shown(media, &[bytes]), Err(Binary), "{media}");
        }
    }

    #[test]
    fn a_text_controls_no_terminal() {
        let text = shown("text/plain", &[b"a\x1b]0;title\x07\x1b[2Jb\x08\n"]).unwrap();
        assert_eq!(text, "a\\u{1b}]0;title\\u{7}\\u{1b}[2Jb\\u{8}\n");
    }
}
