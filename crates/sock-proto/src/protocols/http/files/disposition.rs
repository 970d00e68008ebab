//! Disposition: what a part of a form says of itself (RFC 7578, section 4.2), and the name that its file
//! gets here.

use alloc::string::String;
use alloc::vec::Vec;

use super::path::unescaped;
use super::range::trimmed;

/// A part of a form has so many fields at most; browsers send two.
const MOST_FIELDS: usize = 16;

/// What a part is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A file of this name, as the client wrote it.
    File(Vec<u8>),
    /// Something else, or a field for a file that nobody chose.
    Other,
}

/// Why a part cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// Its head is none, or it does not say what it is.
    Head,
    /// Its bytes are written in other bytes.
    Encoding,
}

/// Reads a part's head.
pub(super) fn part(head: &[u8]) -> Result<Part, Bad> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let Ok(httparse::Status::Complete((behind, fields))) =
        httparse::parse_headers(head, &mut fields)
    else {
        return Err(Bad::Head);
    };
    // A lone LF ended it for the parser, and not for whoever cut it out.
    if behind != head.len() {
        return Err(Bad::Head);
    }
    let named = |name: &str| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| trimmed(field.value))
    };
    if let Some(encoding) = named("Content-Transfer-Encoding")
        && ![&b"7bit"[..], b"8bit", b"binary"].iter().any(|e| encoding.eq_ignore_ascii_case(e))
    {
        return Err(Bad::Encoding);
    }
    let disposition = named("Content-Disposition").ok_or(Bad::Head)?;
    let (kind, parameters) = parameters(disposition).ok_or(Bad::Head)?;
    if !kind.eq_ignore_ascii_case(b"form-data") {
        return Err(Bad::Head);
    }
    let value =
        |name: &str| parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
    let extended = value("filename*").and_then(|(_, value)| extended(value));
    let plain = value("filename").map(|(_, value)| as_browsers_escape(value));
    match extended.or(plain) {
        Some(name) if !name.is_empty() => Ok(Part::File(name)),
        _ => Ok(Part::Other),
    }
}

/// The boundary that a `Content-Type` names, where it is that of a form.
pub(super) fn boundary(media: &[u8]) -> Result<Vec<u8>, Bad> {
    let (kind, parameters) = parameters(media).ok_or(Bad::Head)?;
    if !kind.eq_ignore_ascii_case(b"multipart/form-data") {
        return Err(Bad::Encoding);
    }
    let boundary = parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(b"boundary"));
    boundary.map(|(_, value)| value).ok_or(Bad::Head)
}

/// The name under which a file is stored: the last of a path, without what could make it hidden, a
/// folder, or a riddle; none where nothing is left.
///
/// A path may be one of Windows, which some browsers send whole.
pub(super) fn file_name(said: &[u8]) -> Option<Vec<u8>> {
    let last = said.rsplit(|byte| matches!(byte, b'/' | b'\\')).next()?;
    let mut name = Vec::with_capacity(last.len());
    for chunk in last.utf8_chunks() {
        let harmless = |c: char| if c.is_control() { '_' } else { c };
        let text: String = chunk.valid().chars().map(harmless).collect();
        name.extend_from_slice(text.as_bytes());
        name.extend_from_slice(chunk.invalid());
    }
    let begin = name.iter().position(|byte| !matches!(byte, b'.' | b' '))?;
    let end = name.iter().rposition(|byte| !matches!(byte, b'.' | b' '))?;
    Some(name[begin..=end].to_vec())
}

type Parameters<'a> = Vec<(&'a [u8], Vec<u8>)>;

/// Reads `kind; name=token; name="quoted"`; none where it is malformed, or says one name twice.
fn parameters(value: &[u8]) -> Option<(&[u8], Parameters<'_>)> {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let (kind, mut rest) = value.split_at(end);
    let mut parameters = Parameters::new();
    while let Some(more) = rest.strip_prefix(b";") {
        let more = trimmed(more);
        // A semicolon at the end is often left there.
        if more.is_empty() {
            return Some((trimmed(kind), parameters));
        }
        let equal = memchr::memchr(b'=', more)?;
        let name = &more[..equal];
        let is_new = parameters.iter().all(|(n, _)| !n.eq_ignore_ascii_case(name));
        if name.is_empty() || !name.iter().copied().all(is_token) || !is_new {
            return None;
        }
        let value;
        (value, rest) = match &more[equal + 1..] {
            [b'"', quoted @ ..] => unquoted(quoted)?,
            plain => {
                let end = plain.iter().position(|byte| !is_token(*byte)).unwrap_or(plain.len());
                (plain[..end].to_vec(), &plain[end..])
            }
        };
        parameters.push((name, value));
        rest = trimmed(rest);
    }
    rest.is_empty().then_some((trimmed(kind), parameters))
}

/// The inside of a quoted string and what follows it. A backslash escapes a quote and itself alone: older
/// browsers send `C:\dir\file` as it is.
fn unquoted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut inside = Vec::new();
    loop {
        text = match text {
            [b'"', rest @ ..] => return Some((inside, rest)),
            [b'\\', byte @ (b'"' | b'\\'), rest @ ..] | [byte, rest @ ..] => {
                inside.push(*byte);
                rest
            }
            [] => return None,
        };
    }
}

/// Browsers escape these three in a name, and no `%` (HTML, "multipart/form-data encoding algorithm").
fn as_browsers_escape(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((byte, behind)) = rest.split_first() {
        let escape = rest.get(..3).and_then(|escape| match escape {
            b"%22" => Some(b'"'),
            b"%0D" | b"%0d" => Some(b'\r'),
            b"%0A" | b"%0a" => Some(b'\n'),
            _ => None,
        });
        plain.push(escape.unwrap_or(*byte));
        rest = if escape.is_some() { &rest[3..] } else { behind };
    }
    plain
}

/// A value as RFC 8187 has it, `UTF-8''na%C3%AFve`: no part of a form should, and some clients do.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let charset = parts.next()?;
    let text = parts.nth(1)?;
    if !charset.eq_ignore_ascii_case(b"utf-8") {
        return None;
    }
    unescaped(text).filter(|name| core::str::from_utf8(name).is_ok())
}

/// A token (RFC 9110, section 5.6.2), and what unquoted values hold in the wild beside.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;=\\".contains(&byte) || byte >= 0x80
}
