//! Request: what a whole head means: its target, its body's length, and whether the conversation
//! goes on. What could be understood in two ways is refused (RFC 9112, sections 6.3 and 11.2).

use alloc::format;
use alloc::string::String;

use super::head::{Field, Head, Method, Version};
use super::parse::{Line, Wrong};

/// A request whose head is whole and means one thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) head: Head<'a>,
    pub(super) framing: Framing,
    /// Whether the client wants to ask more.
    pub(super) persists: bool,
    /// Whether the client waits for a word before it sends the body.
    pub(super) expects: bool,
}

/// How a body is told from what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks.
    Chunked,
}

impl<'a> Request<'a> {
    /// Understands a head; `any` method is taken where that is asked for.
    pub(super) fn new(line: Line<'a>, fields: &'a [Field<'a>], any: bool) -> Result<Self, Wrong> {
        let Line { method, name, target, version } = line;
        if method == Method::Other && !any {
            return Err(unknown_method(name));
        }
        let target = origin(method, target)?;
        let head = Head { method, target, version, fields };
        let mut said = Said::default();
        for field in fields {
            said.hear(field)?;
        }
        said.understood(head)
    }
}

/// What the fields that concern the connection say.
#[derive(Default)]
struct Said<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    coding: Option<&'a [u8]>,
    expects: Option<&'a [u8]>,
    closes: bool,
    stays: bool,
}

impl<'a> Said<'a> {
    fn hear(&mut self, field: &Field<'a>) -> Result<(), Wrong> {
        let (name, value) = (field.name, field.value);
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        // The length tells most names apart.
        match name.len() {
            4 if is("host") => {
                if self.host.replace(value).is_some() {
                    return Err(TWO_HOSTS);
                }
                if !is_host(value) {
                    return Err(NO_HOST_NAME);
                }
            }
            6 if is("expect") => self.expects = Some(value),
            10 if is("connection") => {
                for word in value.split(|byte| *byte == b',') {
                    let word = word.trim_ascii();
                    self.closes |= word.eq_ignore_ascii_case(b"close");
                    self.stays |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if is("content-length") => {
                let before = self.length.replace(length(value)?);
                return if before.is_some() { Err(TWO_LENGTHS) } else { Ok(()) };
            }
            17 if is("transfer-encoding") => {
                let before = self.coding.replace(value);
                return if before.is_some() { Err(OTHER_CODING) } else { Ok(()) };
            }
            _ => {}
        }
        Ok(())
    }

    fn understood(self, head: Head<'a>) -> Result<Request<'a>, Wrong> {
        let framing = match (self.coding, self.length) {
            (Some(_), Some(_)) => return Err(CODING_AND_LENGTH),
            (Some(_), None) if head.version < Version::V11 => return Err(OLD_CODING),
            (Some(coding), None) if !coding.eq_ignore_ascii_case(b"chunked") => {
                return Err(OTHER_CODING);
            }
            (Some(_), None) => Framing::Chunked,
            (None, Some(0) | None) => Framing::None,
            (None, Some(n)) => Framing::Length(n),
        };
        let is_new = head.version == Version::V11;
        if is_new && self.host.is_none() {
            return Err(NO_HOST);
        }
        // Whoever speaks HTTP/1.0 does not know the word (RFC 9110, section 10.1.1).
        let expects = self.expects.filter(|_| is_new);
        if expects.is_some_and(|word| !word.eq_ignore_ascii_case(b"100-continue")) {
            return Err(EXPECTATION);
        }
        let persists = !self.closes && (is_new || self.stays) && head.version > Version::V09;
        Ok(Request { head, framing, persists, expects: expects.is_some() })
    }
}

/// The target in origin form, or `*` (RFC 9112, section 3.2).
fn origin(method: Method, target: &[u8]) -> Result<&[u8], Wrong> {
    if target[0] == b'/' || method == Method::Other || (target == b"*" && method == Method::Options)
    {
        return Ok(target);
    }
    let Some(scheme) = target.windows(3).position(|three| three == b"://") else {
        return Err(NO_TARGET);
    };
    let (scheme, rest) = (&target[..scheme], &target[scheme + 3..]);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(NO_TARGET);
    }
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let (host, path) = rest.split_at(end.unwrap_or(rest.len()));
    if host.is_empty() || !is_host(host) {
        return Err(NO_HOST_NAME);
    }
    // A query without a path is about the root, for which no query means anything.
    Ok(if path.first() == Some(&b'/') { path } else { b"/" })
}

/// A number of bytes; not even a sign or a list of one and the same number twice.
fn length(value: &[u8]) -> Result<u64, Wrong> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(NO_LENGTH);
    }
    let add = |n: u64, byte: &u8| n.checked_mul(10)?.checked_add(u64::from(byte - b'0'));
    value.iter().try_fold(0, add).ok_or(NO_LENGTH)
}

/// A host and perhaps a port; both may be empty (RFC 9110, section 7.2).
fn is_host(value: &[u8]) -> bool {
    let (host, port) = if value.first() == Some(&b'[') {
        let Some(end) = value.iter().position(|byte| *byte == b']') else { return false };
        let inside = &value[1..end];
        let is_address = |byte: &u8| byte.is_ascii_alphanumeric() || b":.%-_~".contains(byte);
        if inside.is_empty() || !inside.iter().all(is_address) {
            return false;
        }
        (&value[..0], &value[end + 1..])
    } else {
        let end = value.iter().position(|byte| *byte == b':').unwrap_or(value.len());
        value.split_at(end)
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let is_port = match port.split_first() {
        None => true,
        Some((colon, digits)) => {
            *colon == b':' && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit)
        }
    };
    host.iter().all(is_name) && is_port
}

/// A name that is longer is not shown to its end.
const SHOWN: usize = 40;

fn unknown_method(name: &[u8]) -> Wrong {
    let (name, more) = (&name[..name.len().min(SHOWN)], name.len() > SHOWN);
    let name = String::from_utf8_lossy(name);
    let what = format!("This server has no method {name}{}", if more { "…" } else { "" });
    let cure = "It has GET, HEAD and OPTIONS and, where files may be stored, PUT and POST; they are \
                written in capital letters";
    Wrong { status: 501, what: what.into(), cure }
}

const NO_TARGET: Wrong = Wrong::bad(
    "The request's target is neither a path nor an http URL",
    "Begin the target with a slash",
);
const NO_HOST: Wrong = Wrong::bad(
    "The request has no Host field",
    "Add a line `Host: ` with the server's name, or ask in HTTP/1.0",
);
const TWO_HOSTS: Wrong =
    Wrong::bad("The request has two Host fields", "Send one: which server is meant is no choice");
const NO_HOST_NAME: Wrong = Wrong::bad(
    "The host is none",
    "Write a name or an address, and a colon and the port where that is not 80",
);
const NO_LENGTH: Wrong = Wrong::bad(
    "The Content-Length is no number of bytes",
    "Write it in decimal digits, without a sign",
);
const TWO_LENGTHS: Wrong = Wrong::bad(
    "The request has two Content-Length fields",
    "Send one: where this request ends must not be a guess",
);
const CODING_AND_LENGTH: Wrong = Wrong::bad(
    "The request has both a Transfer-Encoding and a Content-Length",
    "Send one of them: where this request ends must not be a guess",
);
const OLD_CODING: Wrong = Wrong::bad(
    "The request has a Transfer-Encoding, which its version of HTTP does not know",
    "Ask in HTTP/1.1, or send a Content-Length",
);
const OTHER_CODING: Wrong = Wrong::new(
    501,
    "The Transfer-Encoding is not `chunked`, the only one that this server knows",
    "Send `Transfer-Encoding: chunked`, or a Content-Length",
);
const EXPECTATION: Wrong = Wrong::new(
    417,
    "This server cannot do what the Expect field asks for",
    "Leave the field out; `100-continue` is the only expectation that there is",
);
