//! Families and kinds of sockets, as words instead of numbers.

use std::fmt;

/// The family of addresses that a socket speaks (Python and C: `AF_…`).
///
/// # Examples
///
/// ```
/// use sock::Family;
///
/// assert_eq!(Family::Inet.to_raw(), 2);
/// assert_eq!(Family::from_raw(10), Family::Inet6);
/// assert_eq!(Family::Unix.to_string(), "unix");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// IPv4 (`AF_INET`).
    #[default]
    Inet,
    /// IPv6 (`AF_INET6`).
    Inet6,
    /// Within one machine (`AF_UNIX`).
    Unix,
    /// Another family, by its number.
    Other(i32),
}

impl Family {
    /// The family with this number.
    #[must_use]
    pub fn from_raw(raw: i32) -> Self {
        match raw {
            libc::AF_INET => Self::Inet,
            libc::AF_INET6 => Self::Inet6,
            libc::AF_UNIX => Self::Unix,
            other => Self::Other(other),
        }
    }

    /// The number that the system uses.
    #[must_use]
    pub fn to_raw(self) -> i32 {
        match self {
            Self::Inet => libc::AF_INET,
            Self::Inet6 => libc::AF_INET6,
            Self::Unix => libc::AF_UNIX,
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet => f.write_str("inet"),
            Self::Inet6 => f.write_str("inet6"),
            Self::Unix => f.write_str("unix"),
            Self::Other(raw) => write!(f, "{raw}"),
        }
    }
}

/// How a socket carries bytes (Python and C: `SOCK_…`).
///
/// # Examples
///
/// ```
/// use sock::Kind;
///
/// assert_eq!(Kind::Datagram.to_raw(), 2);
/// assert_eq!(Kind::default(), Kind::Stream);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Bytes in order, without borders (`SOCK_STREAM`).
    #[default]
    Stream,
    /// Messages that may be lost or overtake each other (`SOCK_DGRAM`).
    Datagram,
    /// Messages in order over a connection (`SOCK_SEQPACKET`).
    SeqPacket,
    /// Packets with their headers; needs the right to (`SOCK_RAW`).
    Raw,
    /// Another type, by its number.
    Other(i32),
}

/// What Linux mixes into the number of a type: no part of the type.
const TYPE_FLAGS: i32 = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;

impl Kind {
    /// The type with this number; the flags that Linux mixes into it are taken off.
    #[must_use]
    pub fn from_raw(raw: i32) -> Self {
        match raw & !TYPE_FLAGS {
            libc::SOCK_STREAM => Self::Stream,
            libc::SOCK_DGRAM => Self::Datagram,
            libc::SOCK_SEQPACKET => Self::SeqPacket,
            libc::SOCK_RAW => Self::Raw,
            other => Self::Other(other),
        }
    }

    /// The number that the system uses, without flags.
    #[must_use]
    pub fn to_raw(self) -> i32 {
        match self {
            Self::Stream => libc::SOCK_STREAM,
            Self::Datagram => libc::SOCK_DGRAM,
            Self::SeqPacket => libc::SOCK_SEQPACKET,
            Self::Raw => libc::SOCK_RAW,
            Self::Other(other) => other & !TYPE_FLAGS,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream => f.write_str("stream"),
            Self::Datagram => f.write_str("datagram"),
            Self::SeqPacket => f.write_str("seqpacket"),
            Self::Raw => f.write_str("raw"),
            Self::Other(raw) => write!(f, "{raw}"),
        }
    }
}
