//! Bytes as base64 and byte intervals: how the record writes what moved.

use std::fmt;

use data_encoding::BASE64;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// Bytes that a call moved: base64 with padding (RFC 4648, section 4) in JSON.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Bytes(Box<[u8]>);

impl Bytes {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self(bytes.as_slice().into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&BASE64.encode_display(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes in base64")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                let bytes = BASE64.decode(text.as_bytes());
                bytes.map(Bytes::from).map_err(|why| E::custom(format_args!("no base64: {why}")))
            }
        }
        from.deserialize_str(Text)
    }
}

/// Which bytes of one direction of a connection: from `start` up to and without `end`, `[6,16]` in JSON.
///
/// # Examples
///
/// ```
/// use sock_record::Interval;
///
/// let first = Interval::new(0, 6).expect("in order");
/// assert_eq!(first.len(), 6);
/// assert_eq!(first.meet(Interval::new(4, 9).expect("in order")), Interval::new(4, 6));
/// assert_eq!(Interval::new(2, 1), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    start: u64,
    end: u64,
}

/// An interval whose end lies before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the interval [{0},{1}] ends before it starts")]
pub struct ReversedInterval(u64, u64);

impl Interval {
    /// The bytes from `start` up to and without `end`; `None` when that is backwards.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// `len` bytes from `start` on, as far as numbers reach.
    #[must_use]
    pub fn at(start: u64, len: u64) -> Self {
        Self { start, end: start.saturating_add(len) }
    }

    /// The offset of the first byte.
    #[must_use]
    pub fn start(self) -> u64 {
        self.start
    }

    /// The offset behind the last byte.
    #[must_use]
    pub fn end(self) -> u64 {
        self.end
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(self) -> u64 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes that both hold; `None` when they share none.
    #[must_use]
    pub fn meet(self, other: Self) -> Option<Self> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Self { start, end })
    }
}

impl TryFrom<[u64; 2]> for Interval {
    type Error = ReversedInterval;
    fn try_from([start, end]: [u64; 2]) -> Result<Self, ReversedInterval> {
        Self::new(start, end).ok_or(ReversedInterval(start, end))
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        [self.start, self.end].serialize(to)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::try_from(<[u64; 2]>::deserialize(from)?).map_err(D::Error::custom)
    }
}
