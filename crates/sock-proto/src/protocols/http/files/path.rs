//! Path: what a target names beneath the root, or why it names nothing.
//!
//! What is decided here, so that a site sees resolved paths only:
//!
//! | in the target | means |
//! |---|---|
//! | `?…` and `#…` | not part of the path |
//! | `%41` | the byte; an escape that is none is refused |
//! | `//` | one `/` |
//! | `.` and `..`, escaped or not | this folder and the one above it, in the text alone (RFC 3986, section 5.2.4) |
//! | `..` above the root | refused: whoever wrote it wanted to get out |
//! | `%2f` | refused: no name holds a `/`, and elsewhere it was taken for a separator |
//! | NUL | refused: no name holds one |
//! | `\`, control characters, bytes that are no UTF-8 | part of a name, and escaped wherever we write it |
//! | a `/`, `.` or `..` at the end | a folder is meant, and a file of that name is not it |
//!
//! How long a name may be, and which are hidden, is the site's matter.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use memchr::{memchr, memchr2, memrchr};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_encode};

/// What is escaped in a path that we write: all but the unreserved characters (RFC 3986, section 2.3)
/// and the separator. A browser takes `\` for `/`, and `:` might end a scheme.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A place beneath the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    /// As a [`Site`](crate::protocols::http::Site) takes it.
    pub(super) name: Cow<'a, [u8]>,
    /// It ends so that only a folder can be meant.
    pub(super) is_folder: bool,
    /// What stood behind the `?`.
    pub(super) query: Option<&'a [u8]>,
}

/// Why a target names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    Start,
    Escape,
    Slash,
    Nul,
    Above,
}

impl Bad {
    /// What was wrong, and the cure.
    pub(super) fn why(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("The target does not begin with a slash", "Begin it with `/`"),
            Self::Escape => {
                ("A % is not followed by two hexadecimal digits", "Write `%25` where a % is meant")
            }
            Self::Slash => {
                ("No name holds a slash, so %2F names nothing", "Write `/` between names")
            }
            Self::Nul => ("No name holds a NUL byte", ""),
            Self::Above => {
                ("The path leads out of the root", "Leave out the `..` that is too much")
            }
        }
    }
}

impl<'a> Path<'a> {
    /// Resolves a request's target.
    pub(super) fn of(target: &'a [u8]) -> Result<Self, Bad> {
        let target = memchr(b'#', target).map_or(target, |at| &target[..at]);
        let (path, query) = match memchr(b'?', target) {
            Some(at) => (&target[..at], Some(&target[at + 1..])),
            None => (target, None),
        };
        let Some((b'/', path)) = path.split_first() else { return Err(Bad::Start) };
        let (name, is_folder) = if is_plain(path) {
            let folder = path.strip_suffix(b"/");
            (Cow::Borrowed(folder.unwrap_or(path)), folder.is_some() || path.is_empty())
        } else {
            let (name, is_folder) = resolve(path)?;
            (Cow::Owned(name), is_folder)
        };
        Ok(Self { name, is_folder, query })
    }

    /// The name behind the last separator.
    pub(super) fn last(&self) -> &[u8] {
        memrchr(b'/', &self.name).map_or(&*self.name, |at| &self.name[at + 1..])
    }

    /// The path of `name` in this folder.
    pub(super) fn join(&self, name: &[u8]) -> Vec<u8> {
        join(&self.name, name)
    }
}

/// The path of `name` in `folder`.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    path.extend_from_slice(folder);
    if !folder.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The address of a folder: it begins with one slash, because with two it would name another host.
pub(super) fn address(folder: &[u8]) -> String {
    let end = if folder.is_empty() { "" } else { "/" };
    format!("/{}{end}", escaped(folder))
}

/// A path as it stands in a link.
pub(super) fn escaped(path: &[u8]) -> PercentEncode<'_> {
    percent_encode(path, ESCAPED)
}

/// Tells whether nothing in it asks for more than to be looked up; most are so.
fn is_plain(path: &[u8]) -> bool {
    let mut before = b'/';
    for &byte in path {
        if matches!(byte, b'%' | 0) || (before == b'/' && matches!(byte, b'/' | b'.')) {
            return false;
        }
        before = byte;
    }
    true
}

fn resolve(path: &[u8]) -> Result<(Vec<u8>, bool), Bad> {
    let mut name = Vec::with_capacity(path.len());
    let mut is_folder = true;
    for segment in path.split(|byte| *byte == b'/') {
        let segment = decode(segment)?;
        is_folder = matches!(&*segment, b"" | b"." | b"..");
        match &*segment {
            b"" | b"." => {}
            b".." if name.is_empty() => return Err(Bad::Above),
            b".." => name.truncate(memrchr(b'/', &name).unwrap_or(0)),
            segment => {
                if !name.is_empty() {
                    name.push(b'/');
                }
                name.extend_from_slice(segment);
            }
        }
    }
    Ok((name, is_folder))
}

fn decode(segment: &[u8]) -> Result<Cow<'_, [u8]>, Bad> {
    let mut decoded = Cow::Borrowed(segment);
    if memchr(b'%', segment).is_some() {
        decoded = Cow::Owned(unescaped(segment).ok_or(Bad::Escape)?);
    }
    match memchr2(b'/', 0, &decoded).map(|at| decoded[at]) {
        Some(b'/') => Err(Bad::Slash),
        Some(_) => Err(Bad::Nul),
        None => Ok(decoded),
    }
}

/// Takes the escapes out; none where a `%` begins none.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => *byte,
        });
    }
    Some(bytes)
}
