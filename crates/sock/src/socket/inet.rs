//! Internet addresses between text and bytes.
//!
//! `inet_aton` and `inet_ntoa` are the old IPv4 pair, in which text may have fewer than four
//! parts, each decimal, octal or hexadecimal; `inet_pton` and `inet_ntop` know IPv6 too and take
//! one form only.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Family;
use crate::error::{Error, ErrorKind, Result};

/// Turns the classic text of an IPv4 address into its four bytes.
///
/// One to four parts with dots between: the last part fills all the bytes that are left, so that
/// `127.1` is `127.0.0.1` and `1.2.772` is `1.2.3.4`. A part is decimal, octal with a leading
/// `0`, or hexadecimal with a leading `0x`.
///
/// Text after the address is refused. There the C library is laxer: glibc takes white space and
/// anything behind it (`1.2.3.4 rubbish`), which nobody means and which has let unchecked text
/// through filters.
///
/// Python: `socket.inet_aton`; C: `inet_aton(3)`.
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`]: the text is no such address.
///
/// # Examples
///
/// ```
/// use sock::socket::inet_aton;
///
/// assert_eq!(inet_aton("127.1")?, [127, 0, 0, 1]);
/// assert_eq!(inet_aton("0x7f.1")?, inet_aton("0177.0.0.1")?);
/// assert!(inet_aton("300.0.0.0").is_err());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn inet_aton(text: &str) -> Result<[u8; 4]> {
    parse_classic(text).ok_or_else(|| refused(text, "an IPv4 address"))
}

fn parse_classic(text: &str) -> Option<[u8; 4]> {
    let (heads, tail) =
        text.rsplit_once('.').map_or((None, text), |(heads, tail)| (Some(heads), tail));
    let mut addr: u32 = 0;
    // The bits that the last part fills.
    let mut left: u32 = 32;
    for head in heads.into_iter().flat_map(|heads| heads.split('.')) {
        // Three parts fill a byte each; a fourth before the last would leave it none.
        left = left.checked_sub(8).filter(|left| *left > 0)?;
        addr |= u32::from(u8::try_from(parse_part(head)?).ok()?) << left;
    }
    let tail = parse_part(tail)?;
    if u64::from(tail) >> left != 0 {
        return None;
    }
    Some((addr | tail).to_be_bytes())
}

/// One part, as C writes a number: `10`, `012`, `0xa`.
fn parse_part(part: &str) -> Option<u32> {
    let (digits, radix) = match part.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&part[2..], 16),
        [b'0', _, ..] => (&part[1..], 8),
        _ => (part, 10),
    };
    // `from_str_radix` takes a sign, which an address has not.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// Turns the four bytes of an IPv4 address into text.
///
/// Python: `socket.inet_ntoa`; C: `inet_ntoa(3)`.
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`]: there are not exactly four bytes.
///
/// # Examples
///
/// ```
/// use sock::socket::inet_ntoa;
///
/// assert_eq!(inet_ntoa(&[127, 0, 0, 1])?, "127.0.0.1");
/// assert!(inet_ntoa(&[127, 1]).is_err());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn inet_ntoa(bytes: &[u8]) -> Result<String> {
    let four: [u8; 4] = bytes.try_into().map_err(|_| wrong_length(bytes, 4))?;
    Ok(Ipv4Addr::from(four).to_string())
}

/// Turns the text of an address of `family` into its bytes: 4 of them or 16.
///
/// Strict: an IPv4 address is four decimal parts without leading zeros; an IPv6 address is what
/// RFC 4291, section 2.2, allows, without a zone (`%eth0`) and without brackets.
///
/// Python: `socket.inet_pton`; C: `inet_pton(3)`.
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`]: the text is no such address.
/// [`ErrorKind::Unsupported`] with `EAFNOSUPPORT`: the family is neither inet nor inet6.
///
/// # Examples
///
/// ```
/// use sock::{Family, socket::inet_pton};
///
/// assert_eq!(inet_pton(Family::Inet, "1.2.3.4")?, [1, 2, 3, 4]);
/// assert_eq!(inet_pton(Family::Inet6, "::1")?.len(), 16);
/// assert!(inet_pton(Family::Inet, "127.1").is_err());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn inet_pton(family: Family, text: &str) -> Result<Vec<u8>> {
    match family {
        Family::Inet => match text.parse::<Ipv4Addr>() {
            Ok(addr) => Ok(addr.octets().to_vec()),
            Err(_) => Err(refused(text, "an IPv4 address")),
        },
        Family::Inet6 => match text.parse::<Ipv6Addr>() {
            Ok(addr) => Ok(addr.octets().to_vec()),
            Err(_) => Err(refused(text, "an IPv6 address")),
        },
        Family::Unix | Family::Other(_) => Err(no_such_family("inet_pton", family)),
    }
}

/// Turns the bytes of an address of `family`, 4 of them or 16, into text.
///
/// An IPv6 address comes out as the C library writes it: lower case, the longest run of zeros
/// cut to `::`, and the last four bytes dotted where they hold an IPv4 address.
///
/// Python: `socket.inet_ntop`; C: `inet_ntop(3)`.
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`]: not as many bytes as the family's addresses have.
/// [`ErrorKind::Unsupported`] with `EAFNOSUPPORT`: the family is neither inet nor inet6.
///
/// # Examples
///
/// ```
/// use sock::{Family, socket::inet_ntop};
///
/// let mut loopback = [0; 16];
/// loopback[15] = 1;
/// assert_eq!(inet_ntop(Family::Inet6, &loopback)?, "::1");
/// assert!(inet_ntop(Family::Inet, &loopback).is_err());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn inet_ntop(family: Family, bytes: &[u8]) -> Result<String> {
    match family {
        Family::Inet => inet_ntoa(bytes),
        Family::Inet6 => {
            let sixteen: [u8; 16] = bytes.try_into().map_err(|_| wrong_length(bytes, 16))?;
            Ok(show_v6(Ipv6Addr::from(sixteen)))
        }
        Family::Unix | Family::Other(_) => Err(no_such_family("inet_ntop", family)),
    }
}

/// As std writes it, but for the IPv4-compatible form (`::1.2.3.4`; RFC 4291, section 2.5.5.1),
/// which std shows as any other address and the C library dotted.
fn show_v6(addr: Ipv6Addr) -> String {
    match addr.octets() {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
            format!("::{}", Ipv4Addr::new(a, b, c, d))
        }
        _ => addr.to_string(),
    }
}

fn refused(text: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("'{}' is not {what}", text.escape_debug()))
}

fn wrong_length(bytes: &[u8], wanted: usize) -> Error {
    let text = format!("an address of this family has {wanted} bytes, not {}", bytes.len());
    Error::new(ErrorKind::InvalidArgument, text)
}

fn no_such_family(call: &'static str, family: Family) -> Error {
    Error::from_errno(call, libc::EAFNOSUPPORT)
        .about(format!("{call} knows inet and inet6, not {family}"))
}
