//! Escapes: bytes that are hard to type, as they are typed.

use std::fmt;

/// A backslash that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' stands for no byte; there are \\n \\r \\t \\0 \\\\ and \\xNN", self.0)
    }
}

/// The bytes that `text` stands for. A backslash at the end of a line takes the line end away, so
/// that a line can be sent without one.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, Wrong> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        bytes.extend_from_slice(&rest[..at]);
        let escape = &rest[at + 1..];
        let (byte, used) = match escape {
            [b'n', ..] => (Some(b'\n'), 1),
            [b'r', ..] => (Some(b'\r'), 1),
            [b't', ..] => (Some(b'\t'), 1),
            [b'0', ..] => (Some(0), 1),
            [b'\\', ..] => (Some(b'\\'), 1),
            [b'\n', ..] => (None, 1),
            [b'x', high, low, ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (Some(high << 4 | low), 3),
                _ => return Err(wrong(escape, 3)),
            },
            [b'x', ..] => return Err(wrong(escape, 3)),
            _ => return Err(wrong(escape, 1)),
        };
        bytes.extend(byte);
        rest = &escape[used..];
    }
    bytes.extend_from_slice(rest);
    Ok(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn wrong(escape: &[u8], len: usize) -> Wrong {
    let shown = String::from_utf8_lossy(&escape[..len.min(escape.len())]);
    Wrong(format!("\\{}", shown.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape_is_one_byte() {
        assert_eq!(decode(br"a\r\n\x00\xfF\t\0\\n"), Ok(b"a\r\n\0\xff\t\0\\n".to_vec()));
        assert_eq!(decode(b"no line end\\\n"), Ok(b"no line end".to_vec()));
        assert_eq!(decode("ß".as_bytes()), Ok("ß".as_bytes().to_vec()));
    }

    #[test]
    fn what_stands_for_nothing_is_named() {
        for (text, named) in
            [(&b"a\\q"[..], "'\\q'"), (b"\\x1", "'\\x1'"), (b"\\xgg!", "'\\xgg'"), (b"\\", "'\\'")]
        {
            let wrong = decode(text).unwrap_err().to_string();
            assert!(wrong.starts_with(named), "{wrong}");
        }
    }
}
