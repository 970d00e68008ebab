//! The name of a socket inside this machine: a path, an abstract name of Linux, or none.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// What the kernel keeps of a Unix socket's address: any bytes, as in unix(7).
///
/// The client's end of a connection has no name as a rule; it shows as nothing, which does not parse,
/// since nobody can call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnixName(Vec<u8>);

impl UnixName {
    /// The name of a socket that was never bound.
    pub const UNNAMED: Self = Self(Vec::new());

    /// Makes a name of the bytes of `sun_path`: none, a NUL and an abstract name, or a path, which ends
    /// at the first NUL.
    ///
    /// ```
    /// # use sock_proto::UnixName;
    /// assert_eq!(UnixName::from_sun_path(b"/run/x\0\0").as_path(), Some(&b"/run/x"[..]));
    /// assert_eq!(UnixName::from_sun_path(b"\0a\0").as_abstract(), Some(&b"a\0"[..]));
    /// assert_eq!(UnixName::from_sun_path(b""), UnixName::UNNAMED);
    /// ```
    #[must_use]
    pub fn from_sun_path(bytes: &[u8]) -> Self {
        match bytes {
            [0, ..] => Self(bytes.into()),
            path => Self(path.split(|b| *b == 0).next().unwrap_or_default().into()),
        }
    }

    /// Makes an abstract name: it lives as long as a socket holds it and leaves no file behind.
    #[must_use]
    pub fn from_abstract(name: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(1 + name.len());
        bytes.push(0);
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The path, where the name is one.
    #[must_use]
    pub fn as_path(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] | [0, ..] => None,
            path => Some(path),
        }
    }

    /// The abstract name without its leading NUL, where the name is abstract.
    #[must_use]
    pub fn as_abstract(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [0, name @ ..] => Some(name),
            _ => None,
        }
    }

    /// True where the socket was never bound.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for UnixName {
    /// Writes what stands after the scheme's colon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [0, name @ ..] => {
                f.write_char('@')?;
                escaped(f, name)
            }
            // Unescaped it would be an abstract name.
            [b'@', rest @ ..] => {
                f.write_str("\\x40")?;
                escaped(f, rest)
            }
            // The parser takes two slashes for the scheme's own.
            path => {
                if path.starts_with(b"//") {
                    f.write_str("//")?;
                }
                escaped(f, path)
            }
        }
    }
}

fn escaped(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                c if c.is_control() => {
                    let mut buf = [0; 4];
                    hex(f, c.encode_utf8(&mut buf).as_bytes())?;
                }
                c => f.write_char(c)?,
            }
        }
        hex(f, chunk.invalid())?;
    }
    Ok(())
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "\\x{b:02x}"))
}
