//! How Python shows an address: the form of the lectures.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

use super::Address;

impl Address {
    /// The address as Python shows it: `('127.0.0.1', 1060)`.
    ///
    /// An inet6 address has four items, a path is a string, an abstract name is bytes with the NUL
    /// in front, an unnamed one is `''`, and no address at all is `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::Address;
    /// use std::net::Ipv6Addr;
    ///
    /// assert_eq!(Address::from((Ipv6Addr::LOCALHOST, 80)).classic(), "('::1', 80, 0, 0)");
    /// assert_eq!(Address::unix("\0a\0")?.classic(), r"b'\x00a\x00'");
    /// # Ok::<(), sock::Error>(())
    /// ```
    #[must_use]
    pub fn classic(&self) -> String {
        match self {
            Self::Inet(address) => format!("('{}', {})", address.ip(), address.port()),
            Self::Inet6(address) => {
                let flow = u32::from_be(address.flowinfo());
                let (host, port, scope) = (address.ip(), address.port(), address.scope_id());
                format!("('{host}', {port}, {flow}, {scope})")
            }
            Self::Path(path) => string(path.as_os_str().as_bytes()),
            Self::Abstract(name) => {
                let mut with_nul = vec![0];
                with_nul.extend_from_slice(name);
                bytes(&with_nul)
            }
            Self::Unnamed => "''".to_owned(),
            Self::Other { family: 0, .. } => "None".to_owned(),
            Self::Other { family, bytes: rest } => format!("({family}, {})", bytes(rest)),
        }
    }
}

/// A quote that needs no backslash where there is one, as Python chooses it.
fn quote(has: impl Fn(char) -> bool) -> char {
    if has('\'') && !has('"') { '"' } else { '\'' }
}

/// `repr` of a Python string: bytes that are no UTF-8 are the lone surrogates U+DC80 to U+DCFF.
fn string(name: &[u8]) -> String {
    let quote = quote(|c| name.contains(&(c as u8)));
    let mut out = String::from(quote);
    for chunk in name.utf8_chunks() {
        for letter in chunk.valid().chars() {
            push(&mut out, letter, quote);
        }
        for byte in chunk.invalid() {
            push_hex(&mut out, format_args!("\\udc{byte:02x}"));
        }
    }
    out.push(quote);
    out
}

/// `repr` of Python bytes.
fn bytes(name: &[u8]) -> String {
    let quote = quote(|c| name.contains(&(c as u8)));
    let mut out = format!("b{quote}");
    for &byte in name {
        if byte.is_ascii() {
            push(&mut out, char::from(byte), quote);
        } else {
            push_hex(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out.push(quote);
    out
}

fn push(out: &mut String, letter: char, quote: char) {
    match letter {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if letter == quote => {
            out.push('\\');
            out.push(letter);
        }
        _ if letter.is_control() => push_hex(out, format_args!("\\x{:02x}", u32::from(letter))),
        _ => out.push(letter),
    }
}

fn push_hex(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String does not fail");
}
