//! Parse: where a request's head ends, and what its first line says.
//!
//! A verdict never depends on where the bytes were cut on their way: each line is judged when its end
//! is there, in order, and a limit is passed at one certain byte.
//!
//! Who types a request by hand ends lines with a line feed alone, and RFC 9112 (section 2.2) lets a
//! server take that. It is taken where it cannot be misunderstood: when the first line ends so, and
//! then every line of the head must. For whoever does not take a line feed for a line end, such a
//! request has no first line at all; a head that mixes the two could be read in two ways (this is how
//! requests are smuggled), and is refused.

use alloc::borrow::Cow;
use alloc::format;

use super::head::{Field, Method, Version};

/// The longest first line, without its end.
pub(super) const LINE: usize = 65_536;
/// The longest header section: the fields with their line ends, and the empty line.
pub(super) const SECTION: usize = 65_536;
/// The most fields.
pub(super) const FIELDS: usize = 100;

/// Why a request is refused. The conversation ends with it: where the next request begins would be a
/// guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(super) status: u16,
    /// What was wrong: a sentence.
    pub(super) what: Cow<'static, str>,
    /// What to do about it: a sentence.
    pub(super) cure: &'static str,
}

impl Wrong {
    pub(super) const fn new(status: u16, what: &'static str, cure: &'static str) -> Self {
        Self { status, what: Cow::Borrowed(what), cure }
    }

    pub(super) const fn bad(what: &'static str, cure: &'static str) -> Self {
        Self::new(400, what, cure)
    }
}

/// How far a head has been looked through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scan {
    /// Everything before this byte has been looked at.
    looked: u32,
    /// Where the present line begins.
    line: u32,
    /// Where the fields begin; 0 while the first line has not ended.
    fields_at: u32,
    fields: u8,
    /// The first line ended with a line feed alone.
    bare: bool,
}

/// The end of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where its fields begin.
    pub(super) fields: usize,
    /// Where what follows it begins.
    pub(super) at: usize,
}

impl Scan {
    /// Whether nothing has been looked at.
    pub(super) fn is_fresh(&self) -> bool {
        self.looked == 0
    }

    /// How many fields there were.
    pub(super) fn fields(&self) -> usize {
        usize::from(self.fields)
    }

    /// Looks on in a head of which so much has come; none when its end has not.
    ///
    /// On a refusal the number says how many bytes were judged.
    pub(super) fn find_end<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<Option<(Line<'a>, End)>, (Wrong, usize)> {
        let mut first = None;
        loop {
            let Some(n) = memchr::memchr(b'\n', &bytes[self.looked as usize..]) else {
                self.looked = small(bytes.len());
                self.check_room(bytes.len())?;
                return Ok(None);
            };
            let end = self.looked as usize + n + 1;
            if let Some(found) = self.line(bytes, end, &mut first)? {
                // The first line may have come, and been read, before.
                let line = first.map_or_else(|| Line::parse(first_line(bytes)), Ok);
                return Ok(Some((line.map_err(|wrong| (wrong, end))?, found)));
            }
            self.looked = small(end);
            self.line = small(end);
        }
    }

    /// Takes the line that ends before byte `end`.
    fn line<'a>(
        &mut self,
        bytes: &'a [u8],
        end: usize,
        first: &mut Option<Line<'a>>,
    ) -> Result<Option<End>, (Wrong, usize)> {
        let line = &bytes[self.line as usize..end - 1];
        let (line, bare) = line.strip_suffix(b"\r").map_or((line, true), |line| (line, false));
        if self.fields_at == 0 {
            if line.len() > LINE {
                return Err((LONG_LINE, LINE));
            }
            self.bare = bare;
            self.fields_at = small(end);
            let line = first.insert(Line::parse(line).map_err(|wrong| (wrong, end))?);
            let simple = line.version == Version::V09;
            return Ok(simple.then_some(End { fields: end, at: end }));
        }
        self.check_room(end)?;
        if bare != self.bare {
            return Err((MIXED, end));
        }
        if line.is_empty() {
            return Ok(Some(End { fields: self.fields_at as usize, at: end }));
        }
        if usize::from(self.fields) == FIELDS {
            return Err((MANY, end));
        }
        self.fields += 1;
        Ok(None)
    }

    /// Refuses what is too long already, wherever it will end.
    fn check_room(&self, end: usize) -> Result<(), (Wrong, usize)> {
        let fields_at = self.fields_at as usize;
        // A carriage return may belong to the line's end.
        if fields_at == 0 && end > LINE + 1 {
            return Err((LONG_LINE, LINE));
        }
        if fields_at != 0 && end - fields_at > SECTION {
            return Err((LONG_SECTION, fields_at + SECTION));
        }
        Ok(())
    }
}

/// A head is never longer than twice 64 KiB and a bit.
fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

const LONG_LINE: Wrong = Wrong::new(
    414,
    "The request line is longer than 65,536 bytes",
    "Send what is long in the body of a POST request",
);
const LONG_SECTION: Wrong = Wrong::new(
    431,
    "The header section is longer than 65,536 bytes",
    "Send fewer or shorter fields; a browser may have too many cookies for this site",
);
const MANY: Wrong =
    Wrong::new(431, "The request has more than 100 header fields", "Send fewer of them");
const MIXED: Wrong = Wrong::bad(
    "Some lines of the head end with a line feed alone, and some with a carriage return and a line feed",
    "End every line with a carriage return and a line feed",
);

/// The first line of what came, without its end.
pub(super) fn first_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = &bytes[..end];
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The first line of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) method: Method,
    /// The method as it stands there.
    pub(super) name: &'a [u8],
    /// The target as it stands there.
    pub(super) target: &'a [u8],
    pub(super) version: Version,
}

impl<'a> Line<'a> {
    /// Reads a first line, without its end.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, Wrong> {
        if let Some(byte) = line.iter().find(|byte| byte.is_ascii_control()) {
            return Err(control(*byte));
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (name, target, version) = (words.next(), words.next(), words.next());
        let name = name.unwrap_or_default();
        let Some(target) = target else { return Err(ONE_WORD) };
        if name.is_empty() || target.is_empty() || version.is_some_and(<[u8]>::is_empty) {
            return Err(BLANKS);
        }
        let Some(version) = version else { return Self::simple(name, target) };
        if words.next().is_some() {
            return Err(BLANKS);
        }
        let version = parse_version(version)?;
        if !name.iter().all(|byte| is_token(*byte)) {
            return Err(NO_TOKEN);
        }
        Ok(Self { method: method(name), name, target, version })
    }

    /// The simple request of HTTP/0.9: what it says of a page is its whole answer.
    fn simple(name: &'a [u8], target: &'a [u8]) -> Result<Self, Wrong> {
        if name != b"GET" || target[0] != b'/' {
            return Err(NO_VERSION);
        }
        Ok(Self { method: Method::Get, name, target, version: Version::V09 })
    }
}

fn control(byte: u8) -> Wrong {
    let what = match byte {
        b'\r' => Cow::Borrowed("The request line has a carriage return in it"),
        b'\t' => Cow::Borrowed("The request line has a tab in it"),
        byte => format!("The request line has the control character 0x{byte:02x} in it").into(),
    };
    let cure = "Write the target's special characters with a percent sign: %09 is a tab";
    Wrong { status: 400, what, cure }
}

const ONE_WORD: Wrong = Wrong::bad(
    "The request line has one word; it has a method, a target and a version",
    "Write `GET / HTTP/1.1`, a line `Host: ` with the server's name, and an empty line",
);
const BLANKS: Wrong = Wrong::bad(
    "The request line has a blank too many; there is one before the target and one behind it",
    "Write a blank in the target as %20",
);
const NO_VERSION: Wrong = Wrong::bad(
    "The request line has no version",
    "End it with HTTP/1.1; only `GET /` and a path may stand alone, as in HTTP/0.9",
);
const NO_TOKEN: Wrong = Wrong::bad(
    "The method has characters that no method has",
    "Write a method in capital letters, such as GET",
);
const NOT_A_VERSION: Wrong = Wrong::bad(
    "The version is none: it is `HTTP/`, a digit, a point and a digit",
    "Write HTTP/1.1, in capital letters",
);
const OTHER_VERSION: Wrong = Wrong::new(
    505,
    "This server does not speak that version of HTTP",
    "Ask again in HTTP/1.1 or HTTP/1.0",
);

/// `HTTP/` DIGIT `.` DIGIT and nothing else (RFC 9112, section 2.3).
fn parse_version(version: &[u8]) -> Result<Version, Wrong> {
    match version.strip_prefix(b"HTTP/") {
        Some(b"1.0") => Ok(Version::V10),
        // A later minor version means what ours does (RFC 9110, section 2.5).
        Some([b'1', b'.', b'1'..=b'9']) => Ok(Version::V11),
        Some([b'0'..=b'9', b'.', b'0'..=b'9']) => Err(OTHER_VERSION),
        _ => Err(NOT_A_VERSION),
    }
}

fn method(name: &[u8]) -> Method {
    match name {
        b"GET" => Method::Get,
        b"HEAD" => Method::Head,
        b"OPTIONS" => Method::Options,
        b"PUT" => Method::Put,
        b"POST" => Method::Post,
        _ => Method::Other,
    }
}

/// The characters of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Reads the fields of a head: its lines behind the first, up to and with the empty one.
pub(super) fn fields<'a, 'b>(
    section: &'a [u8],
    room: &'b mut [Field<'a>],
) -> Result<&'b [Field<'a>], Wrong> {
    match httparse::parse_headers(section, room) {
        Ok(httparse::Status::Complete((_, fields))) => Ok(fields),
        // The section is whole, so that what is partial is a line that is none.
        Ok(httparse::Status::Partial) | Err(_) => Err(diagnose(section)),
    }
}

/// Says which line of a section is no field, and why.
fn diagnose(section: &[u8]) -> Wrong {
    for line in section.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return FOLDED;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if let Some(byte) = line.iter().find(|byte| byte.is_ascii_control() && **byte != b'\t') {
            return forbidden(*byte);
        }
        if !line.is_empty() && name.len() == line.len() {
            return NO_COLON;
        }
        if name.last().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return BLANK_BEFORE_COLON;
        }
        if !name.iter().all(|byte| is_token(*byte)) {
            return NO_NAME;
        }
    }
    NO_NAME
}

fn forbidden(byte: u8) -> Wrong {
    let what = match byte {
        b'\r' => Cow::Borrowed("A header field has a carriage return in it"),
        0 => Cow::Borrowed("A header field has a NUL in it"),
        byte => format!("A header field has the control character 0x{byte:02x} in it").into(),
    };
    Wrong { status: 400, what, cure: "Send text in header fields, and end lines by CR and LF" }
}

const FOLDED: Wrong = Wrong::bad(
    "A header field goes on in a second line, which begins with a blank",
    "Write each field in one line; lines are no longer folded (RFC 9112, section 5.2)",
);
const NO_COLON: Wrong = Wrong::bad(
    "A header line has no colon",
    "Write a name, a colon and a value, and an empty line before the body",
);
const BLANK_BEFORE_COLON: Wrong = Wrong::bad(
    "A header field has a blank before its colon",
    "Write the colon directly behind the name (RFC 9112, section 5.1)",
);
const NO_NAME: Wrong = Wrong::bad(
    "The name of a header field is empty or has characters that no name has",
    "Write names in letters, digits and hyphens",
);
