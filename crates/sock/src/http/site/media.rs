//! Media types: by the end of the name, and by a look at the bytes where that says little.

use std::borrow::Cow;

use super::beneath::split;

/// What kind of content a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// By the end of the name.
    Known(&'static str),
    /// The name does not say.
    Unknown,
}

/// The media type that goes with the end of a name.
pub(in crate::http) fn media_of(name: &[u8]) -> &'static str {
    match Media::of(name) {
        Media::Known(name) => name,
        Media::Unknown => BYTES,
    }
}

/// What is no known type and no text.
const BYTES: &str = "application/octet-stream";

impl Media {
    pub(super) fn of(path: &[u8]) -> Self {
        let (_, name) = split(path);
        let dot = name.iter().rposition(|byte| *byte == b'.');
        // `.profile` is a name and not the end of one.
        let end = dot.filter(|at| *at > 0).and_then(|at| name.get(at + 1..));
        let end = end.and_then(|end| std::str::from_utf8(end).ok());
        let known = end.and_then(|end| mime_guess::from_ext(end).first_raw());
        known.map_or(Self::Unknown, Self::Known)
    }

    /// Whether content of this type gets much smaller.
    pub(super) fn compresses(self) -> bool {
        const OTHERS: [&str; 7] = [
            "application/wasm",
            "application/vnd.ms-fontobject",
            "font/otf",
            "font/ttf",
            "image/bmp",
            "image/x-icon",
            "application/x-font-ttf",
        ];
        let Self::Known(name) = self else { return false };
        is_text(name) || OTHERS.contains(&name)
    }

    /// The type with its charset, of a file that begins with `bytes` (which are all of it, or a part).
    pub(super) fn name(self, bytes: &[u8]) -> Cow<'static, str> {
        match self {
            // In another charset than this a browser had better find out by itself.
            Self::Known(name) if is_text(name) && is_utf8(bytes) => with_charset(name),
            Self::Known(name) => name.into(),
            Self::Unknown if is_utf8(bytes) && !bytes.iter().copied().any(is_control) => {
                "text/plain; charset=utf-8".into()
            }
            Self::Unknown => BYTES.into(),
        }
    }

    /// The type with its charset, of a file whose bytes we cannot read.
    pub(super) fn name_unread(self) -> Cow<'static, str> {
        self.name(b"")
    }
}

/// Whether its bytes are letters.
fn is_text(name: &str) -> bool {
    const SCRIPTS: [&str; 3] = ["application/javascript", "application/json", "application/xml"];
    name.starts_with("text/")
        || name.ends_with("+xml")
        || name.ends_with("+json")
        || SCRIPTS.contains(&name)
}

fn with_charset(name: &'static str) -> Cow<'static, str> {
    match name {
        // The types of nearly every request.
        "text/html" => "text/html; charset=utf-8".into(),
        "text/css" => "text/css; charset=utf-8".into(),
        "text/javascript" => "text/javascript; charset=utf-8".into(),
        "text/plain" => "text/plain; charset=utf-8".into(),
        "application/json" => "application/json; charset=utf-8".into(),
        "image/svg+xml" => "image/svg+xml; charset=utf-8".into(),
        name => format!("{name}; charset=utf-8").into(),
    }
}

/// Whether they are text as nearly everybody writes it; the last letter may be cut.
fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|wrong| wrong.error_len().is_none(), |_| true)
}

/// Whether no text has this byte.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !byte.is_ascii_whitespace() && byte != 0x1b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_tell_the_type() {
        let table: [(&[u8], &[u8], &str); 13] = [
            (b"a/b.html", b"<p>", "text/html; charset=utf-8"),
            (b"B.HTML", b"", "text/html; charset=utf-8"),
            (b"a.js", b"", "text/javascript; charset=utf-8"),
            (b"a.json", b"{}", "application/json; charset=utf-8"),
            (b"a.svg", b"<svg/>", "image/svg+xml; charset=utf-8"),
            (b"a.xml", b"<a/>", "text/xml; charset=utf-8"),
            (b"a.png", b"\x89PNG", "image/png"),
            (b"a.tar.gz", b"\x1f\x8b", "application/gzip"),
            (b"latin.txt", b"caf\xe9 noir", "text/plain"),
            (b"README", "f\u{fc}r".as_bytes(), "text/plain; charset=utf-8"),
            (b"README", b"cut in a letter \xc3", "text/plain; charset=utf-8"),
            (b"core", b"\x7fELF\0", BYTES),
            (b".profile", b"set -u\n", "text/plain; charset=utf-8"),
        ];
        for (name, bytes, expected) in table {
            let shown = String::from_utf8_lossy(name);
            assert_eq!(Media::of(name).name(bytes), expected, "{shown}");
        }
    }

    #[test]
    fn what_is_compressed_already_is_left_alone() {
        for name in ["a.html", "a.css", "a.js", "a.json", "a.svg", "a.wasm", "a.ttf", "a.ico"] {
            assert!(Media::of(name.as_bytes()).compresses(), "{name}");
        }
        for name in ["a.png", "a.jpg", "a.zip", "a.gz", "a.mp4", "a.woff2", "a", "a.pdf"] {
            assert!(!Media::of(name.as_bytes()).compresses(), "{name}");
        }
    }
}
