//! Text to endpoint: each rule of the grammar is a function that knows where in the text it stands.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use super::{Endpoint, Host, HostName, ParseError, Transport, UnixName, Zone};

const SCHEME: &str = "tcp, udp, tls, unix, unixgram or stdio before the colon";
const PLACE: &str = "HOST:PORT, :PORT (every interface) or PORT (loopback)";
const EVERY: &str = "no star: every interface is :PORT";
const HOST: &str = "a host: a name, an IPv4 address or an IPv6 address in brackets";
const QUAD: &str = "an IPv4 address: four numbers from 0 to 255, as in 127.0.0.1";
const BRACKETS: &str = "an IPv6 address in brackets, as in [::1]:80";
const IPV6: &str = "an IPv6 address, as in [::1]:80 or [fe80::1%eth0]:80";
const ZONE: &str = "the name or number of an interface";
const CLOSE: &str = "the closing bracket of the IPv6 address";
const COLON: &str = "a colon and a port";
const PORT: &str = "a port, 0 to 65535";
const PATH: &str = "a path, or @ and an abstract name";
const ESCAPE: &str = "\\\\ or \\xNN: a backslash begins an escape";
const NUL: &str = "a byte other than 0: a path cannot hold it";
const NOTHING: &str = "nothing more";

/// A fault inside a part of the text: how many bytes in, and what should stand there.
type Fault = (usize, &'static str);

impl FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        endpoint(text).map_err(|(at, expected)| ParseError::new(text, at, expected))
    }
}

fn endpoint(text: &str) -> Result<Endpoint, Fault> {
    let Some((scheme, start)) = scheme(text)? else {
        if text.eq_ignore_ascii_case(Transport::Stdio.name()) {
            return Ok(Endpoint::Stdio);
        }
        let (host, port) = place(text).map_err(|fault| unknown_scheme(text).unwrap_or(fault))?;
        return Ok(Endpoint::Tcp(host, port));
    };
    let rest = &text[start..];
    let inet = || place(rest).map_err(|fault| later(start, fault));
    let unix = || unix(rest).map_err(|fault| later(start, fault));
    Ok(match scheme {
        Transport::Tcp => inet().map(|(host, port)| Endpoint::Tcp(host, port))?,
        Transport::Udp => inet().map(|(host, port)| Endpoint::Udp(host, port))?,
        Transport::Tls => inet().map(|(host, port)| Endpoint::Tls(host, port))?,
        Transport::Unix => Endpoint::Unix(unix()?),
        Transport::Unixgram => Endpoint::Unixgram(unix()?),
        Transport::Stdio if rest.is_empty() => Endpoint::Stdio,
        Transport::Stdio => return Err((start, NOTHING)),
    })
}

/// The scheme and where the place begins; `None` where the text begins with no scheme.
fn scheme(text: &str) -> Result<Option<(Transport, usize)>, Fault> {
    let Some((word, rest)) = text.split_once(':') else { return Ok(None) };
    let known = Transport::ALL.into_iter().find(|t| t.name().eq_ignore_ascii_case(word));
    let slashes = if rest.starts_with("//") { 2 } else { 0 };
    match known {
        Some(transport) => Ok(Some((transport, word.len() + 1 + slashes))),
        None if slashes > 0 => Err((0, SCHEME)),
        None => Ok(None),
    }
}

/// The fault of `http:localhost:80`, which is neither in the host nor in the port.
fn unknown_scheme(text: &str) -> Option<Fault> {
    let (word, rest) = text.split_once(':')?;
    let (place, _) = rest.rsplit_once(':')?;
    let wordy = |s: &str| s.chars().next().is_some_and(char::is_alphabetic);
    (wordy(word) && (wordy(place) || place.starts_with('['))).then_some((0, SCHEME))
}

fn place(text: &str) -> Result<(Host, u16), Fault> {
    if text.is_empty() {
        return Err((0, PLACE));
    }
    if text.starts_with("*:") {
        return Err((0, EVERY));
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok((Host::Loopback, port(text)?));
    }
    if let Some(inside) = text.strip_prefix('[') {
        return bracketed(inside).map_err(|fault| later(1, fault));
    }
    if is_bare_ipv6(text) {
        return Err((0, BRACKETS));
    }
    let end = text.find(':').unwrap_or(text.len());
    let host = match &text[..end] {
        "" => Host::Every,
        number if is_numeric(number) => Host::V4(quad(number)?),
        word => name(word).map(Host::Name)?,
    };
    let Some(digits) = text.get(end + 1..) else { return Err((end, COLON)) };
    Ok((host, port(digits).map_err(|fault| later(end + 1, fault))?))
}

fn port(text: &str) -> Result<u16, Fault> {
    match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => Err((at, PORT)),
        None => text.parse().map_err(|_| (0, PORT)),
    }
}

/// What stands behind the opening bracket.
fn bracketed(text: &str) -> Result<(Host, u16), Fault> {
    let Some((inside, rest)) = text.split_once(']') else { return Err((text.len(), CLOSE)) };
    let (digits, zone_text) = match inside.split_once('%') {
        Some((digits, zone)) => (digits, Some(zone)),
        None => (inside, None),
    };
    let ip: Ipv6Addr = digits.parse().map_err(|_| (ipv6_fault(digits), IPV6))?;
    let zone = match zone_text {
        Some(text) => Some(zone(text).map_err(|fault| later(digits.len() + 1, fault))?),
        None => None,
    };
    let after = inside.len() + 1;
    let Some(digits) = rest.strip_prefix(':') else { return Err((after, COLON)) };
    Ok((Host::V6(ip, zone), port(digits).map_err(|fault| later(after + 1, fault))?))
}

/// The first character that no IPv6 address can have there, as far as one look can tell.
fn ipv6_fault(text: &str) -> usize {
    let mut group = 0;
    for (at, c) in text.char_indices() {
        group = if c.is_ascii_hexdigit() { group + 1 } else { 0 };
        if group > 4 || !(c.is_ascii_hexdigit() || c == ':' || c == '.') {
            return at;
        }
    }
    0
}

fn is_bare_ipv6(text: &str) -> bool {
    text.bytes().filter(|b| *b == b':').count() > 1
        && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
}

fn is_numeric(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn quad(text: &str) -> Result<Ipv4Addr, Fault> {
    text.parse().map_err(|_| {
        let mut at = 0;
        for (n, part) in text.split('.').enumerate() {
            // The standard parser refuses leading zeros too: C's reads them as octal.
            if n > 3 || part.parse::<u8>().is_err() || (part.len() > 1 && part.starts_with('0')) {
                return (at, QUAD);
            }
            at += part.len() + 1;
        }
        (text.len(), QUAD)
    })
}

/// Checks a host's name; the resolver decides whether anybody is called so.
pub(super) fn name(text: &str) -> Result<HostName, Fault> {
    let mut before = '.';
    for (at, c) in text.char_indices() {
        let fits = match c {
            '.' | '-' => before != '.',
            c if c.is_ascii() => c.is_ascii_alphanumeric() || c == '_',
            // What other scripts write their names with is the resolver's to know.
            c => !c.is_whitespace() && !c.is_control(),
        };
        if !fits {
            return Err((at, HOST));
        }
        before = c;
    }
    if is_numeric(text) { Err((0, HOST)) } else { Ok(HostName::checked(text)) }
}

/// Checks a zone as Linux checks the name of an interface, and keeps the bracket for the address.
pub(super) fn zone(text: &str) -> Result<Zone, Fault> {
    let wrong = |c: char| c == '/' || c == ']' || c.is_whitespace() || c.is_control();
    match text.find(wrong) {
        Some(at) => Err((at, ZONE)),
        None if text.is_empty() => Err((0, ZONE)),
        None => Ok(Zone::checked(text)),
    }
}

fn unix(text: &str) -> Result<UnixName, Fault> {
    if text.is_empty() {
        return Err((0, PATH));
    }
    match text.strip_prefix('@') {
        Some(name) => {
            let bytes = unescape(name, true).map_err(|fault| later(1, fault))?;
            Ok(UnixName::from_abstract(&bytes))
        }
        None => Ok(UnixName::from_sun_path(&unescape(text, false)?)),
    }
}

fn unescape(text: &str, nul_allowed: bool) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, length) = escape(&text.as_bytes()[at..]).ok_or((at, ESCAPE))?;
        if byte == 0 && !nul_allowed {
            return Err((at, NUL));
        }
        bytes.push(byte);
        at += length;
    }
    Ok(bytes)
}

/// The byte that the text begins with, and in how many bytes it is written.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'\\', ..] => Some((b'\\', 2)),
        [b'\\', b'x', high, low, ..] => Some((nibble(*high)? << 4 | nibble(*low)?, 4)),
        [b'\\', ..] | [] => None,
        [byte, ..] => Some((*byte, 1)),
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

const fn later(by: usize, (at, expected): Fault) -> Fault {
    (by + at, expected)
}

pub(super) fn looks_like(text: &str) -> bool {
    match scheme(text) {
        Ok(None) => {}
        Ok(Some(_)) | Err(_) => return true,
    }
    if text.starts_with([':', '[']) {
        return true;
    }
    match text.rsplit_once(':') {
        Some((host, port)) => {
            port.starts_with(|c: char| c.is_ascii_digit())
                && !host.contains(|c: char| c == '/' || c.is_whitespace())
        }
        None => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
    }
}
