//! Head: the beginning of a response as it came, and what is wrong with one that is none.
//!
//! The library under this decides what a response is. It keeps neither the names as they were written nor what
//! it could not read, so the bytes are kept beside it: a person is told what came instead.

use std::borrow::Cow;

use crate::http::Fields;
use crate::{Error, ErrorKind};

/// The longest line of a head, as Python's client has it.
const LONGEST_LINE: usize = 65_536;

/// The most fields of a head, as Python's client has it.
pub(super) const MOST_FIELDS: usize = 100;

/// The largest head: what the library keeps at most.
pub(super) const LARGEST: usize = 1 << 20;

/// The beginning of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: String,
    /// HTTP/1.1, and not 1.0.
    pub(super) is_11: bool,
    pub(super) fields: Fields,
}

impl Head {
    /// Reads what the library has taken for a head, behind those that only inform (1xx).
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, Error> {
        loop {
            if let Some(error) = too_much(bytes) {
                return Err(error);
            }
            let mut room = [httparse::EMPTY_HEADER; MOST_FIELDS];
            let mut parsed = httparse::Response::new(&mut room);
            let outcome = config().parse_response(&mut parsed, bytes);
            let Ok(httparse::Status::Complete(len)) = outcome else {
                return Err(explain(bytes));
            };
            let status = parsed.code.unwrap_or_default();
            if (100..200).contains(&status) && status != 101 {
                bytes = bytes.get(len..).unwrap_or_default();
                continue;
            }
            let mut fields = Fields::new();
            for field in parsed.headers.iter() {
                fields.push_bytes(field.name, &unfolded(field.value));
            }
            let reason = parsed.reason.unwrap_or_default().to_owned();
            return Ok(Self { status, reason, is_11: parsed.version == Some(1), fields });
        }
    }

    /// Whether the server holds the connection open behind this response.
    pub(super) fn keeps(&self) -> bool {
        let says = |word: &str| {
            let mut words = self.fields.all("connection").flat_map(|value| value.split(','));
            words.any(|said| said.trim().eq_ignore_ascii_case(word))
        };
        !says("close") && (self.is_11 || says("keep-alive"))
    }

    /// Whether the body comes in chunks; in another coding it would not be what was asked for.
    pub(super) fn is_chunked(&self) -> Result<bool, Error> {
        let codings = self.fields.all("transfer-encoding").flat_map(|value| value.split(','));
        let mut codings = codings.map(str::trim).filter(|coding| !coding.is_empty());
        let Some(coding) = codings.next() else { return Ok(false) };
        if !coding.eq_ignore_ascii_case("chunked") || codings.next().is_some() {
            let all: Vec<_> = self.fields.all("transfer-encoding").collect();
            let what = format!(
                "its body is in a transfer coding that nobody asked for: {}",
                shown(all.join(", ").as_bytes(), 40)
            );
            return Err(malformed(&what));
        }
        Ok(true)
    }
}

/// What is put up with: blanks before a colon, and values that go on in the next line.
fn config() -> httparse::ParserConfig {
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true);
    config.allow_obsolete_multiline_headers_in_responses(true);
    config
}

/// A value that goes on in the next line, in one: whoever reads it takes the line end for a blank (RFC 9112,
/// section 5.2).
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return value.into();
    }
    let lines: Vec<_> = value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    lines.join(&b' ').into()
}

/// Says what is wrong with a head that is too long.
fn too_much(bytes: &[u8]) -> Option<Error> {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    if first.len() > LONGEST_LINE {
        return Some(malformed(&format!("its status line is longer than {LONGEST_LINE} bytes")));
    }
    let head = lines.take_while(|line| !line.is_empty());
    for (n, line) in head.enumerate() {
        if line.len() > LONGEST_LINE {
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            let name = shown(name, 40);
            let what = format!("a line of its head is longer than {LONGEST_LINE} bytes: {name}");
            return Some(malformed(&what));
        }
        if n >= MOST_FIELDS {
            return Some(malformed(&format!("its head has more than {MOST_FIELDS} fields")));
        }
    }
    None
}

/// Says what came instead of a head.
pub(super) fn explain(bytes: &[u8]) -> Error {
    // An alert, or the beginning of a handshake, of TLS (RFC 8446, section 5.1).
    if matches!(bytes, [0x15 | 0x16, 3, ..]) {
        return malformed("the server speaks TLS").cure("ask for https://");
    }
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    if !first.starts_with(b"HTTP/") {
        let what = format!("the server does not answer in HTTP but with {}", shown(first, 60));
        return malformed(&what);
    }
    if !first.starts_with(b"HTTP/1.") {
        let what = format!("its version is not HTTP/1: {}", shown(first, 60));
        return malformed(&what);
    }
    if let Some(error) = too_much(bytes) {
        return error;
    }
    if bytes.len() >= LARGEST {
        return malformed(&format!("its head is longer than {LARGEST} bytes"));
    }
    let mut room = [httparse::EMPTY_HEADER; 0];
    let mut parsed = httparse::Response::new(&mut room);
    let line = [first, b"\r\n\r\n"].concat();
    if !matches!(config().parse_response(&mut parsed, &line), Ok(httparse::Status::Complete(_))) {
        return malformed(&format!("its status line is no status line: {}", shown(first, 60)));
    }
    match wrong_field(bytes) {
        Some(line) => malformed(&format!("a line of its head is no field: {}", shown(line, 60))),
        None => malformed(&lengths(bytes)),
    }
}

/// What a head says of the body's length that cannot be believed.
fn lengths(bytes: &[u8]) -> String {
    let lines = bytes.split(|&byte| byte == b'\n').skip(1).map(<[u8]>::trim_ascii_end);
    let head = lines.take_while(|line| !line.is_empty());
    let said: Vec<_> = head
        .filter_map(|line| {
            let mut parts = line.splitn(2, |&byte| byte == b':');
            let (name, value) = (parts.next()?.trim_ascii(), parts.next()?.trim_ascii());
            name.eq_ignore_ascii_case(b"content-length").then(|| shown(value, 40))
        })
        .collect();
    match &*said {
        [one] => format!("its Content-Length is no length that a body can have: {one}"),
        _ => format!("its head says in several ways how long the body is: {}", said.join(", ")),
    }
}

/// The first line behind the status line that is no field.
fn wrong_field(bytes: &[u8]) -> Option<&[u8]> {
    let lines = bytes.split(|&byte| byte == b'\n').skip(1).map(<[u8]>::trim_ascii_end);
    let mut head = lines.take_while(|line| !line.is_empty());
    head.find(|line| {
        let mut room = [httparse::EMPTY_HEADER; 1];
        let whole = [b"HTTP/1.1 200 OK\r\n".as_slice(), line, b"\r\n\r\n"].concat();
        config().parse_response(&mut httparse::Response::new(&mut room), &whole).is_err()
    })
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("malformed response: {what}"))
}

/// Bytes from elsewhere, in quotes and harmless.
pub(super) fn shown(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes));
    let more = if bytes.len() > most { "…" } else { "" };
    format!("{text:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(bytes: &[u8]) -> String {
        Head::read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn names_stay_as_they_were_written_and_what_informs_is_skipped() {
        let head = Head::read(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.0 404 Not here\r\nX-ODD : a\r\n  b\r\nx-odd:\xe9\r\n\r\nbody",
        )
        .unwrap();
        assert_eq!((head.status, head.reason.as_str(), head.is_11), (404, "Not here", false));
        let fields: Vec<_> = head.fields.iter().collect();
        assert_eq!(fields[0], ("X-ODD", "a b"));
        assert_eq!(fields[1], ("x-odd", "é"));
        assert!(!head.keeps());
    }

    #[test]
    fn a_connection_is_kept_where_both_versions_say_so() {
        let keeps = |bytes: &[u8]| Head::read(bytes).unwrap().keeps();
        assert!(keeps(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps(b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n"));
        assert!(keeps(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n"));
    }

    #[test]
    fn what_is_no_response_is_named() {
        assert!(says(b"\x15\x03\x01\x00\x02").ends_with("speaks TLS; ask for https://"));
        assert!(says(b"220 ftp\r\n").ends_with("but with \"220 ftp\""));
        assert!(says(b"HTTP/2.0 200 OK\r\n\r\n").contains("version is not HTTP/1"));
        assert!(says(b"HTTP/1.1 abc\r\n\r\n").contains("no status line: \"HTTP/1.1 abc\""));
        assert!(says(b"HTTP/1.1 200 OK\r\nno field\r\n\r\n").ends_with("no field: \"no field\""));
        let long = [b"HTTP/1.1 200 ".as_slice(), &vec![b'x'; 65_537], b"\r\n\r\n"].concat();
        assert!(says(&long).contains("status line is longer than 65536"));
        let long =
            [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &vec![b'x'; 65_537], b"\r\n\r\n"].concat();
        assert!(says(&long).contains("a line of its head is longer than 65536 bytes: \"x\""));
        let many = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"x: y\r\n".repeat(101), b"\r\n"].concat();
        assert!(says(&many).ends_with("more than 100 fields"));
        let most = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"x: y\r\n".repeat(100), b"\r\n"].concat();
        assert_eq!(Head::read(&most).unwrap().fields.len(), 100);
    }
}
