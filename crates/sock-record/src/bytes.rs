//! Bytes as base64 and byte intervals: how the record writes what moved.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use data_encoding::{BASE64, DecodeError};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// Bytes that a call moved: base64 with padding (RFC 4648, section 4) in JSON.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bytes(Held);

/// A few bytes are held in place: a line of a chat is short, and each allocation costs 32 bytes more than it holds. Many
/// may be held by several calls: what one sent is what another received.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Held {
    /// How many there are; the rest are zeros, so that comparing is enough.
    Few(u8, [u8; FEW]),
    Many(Arc<[u8]>),
}

/// As many as there is room for beside a pointer and a length.
const FEW: usize = 22;

impl Bytes {
    /// The bytes that a text in base64 stands for.
    pub(crate) fn from_base64(text: &[u8]) -> Result<Self, DecodeError> {
        // What is kept of a call is short: it needs no memory on the way.
        let mut place = [0; 96];
        let len = BASE64.decode_len(text.len())?;
        let Some(place) = place.get_mut(..len) else {
            return BASE64.decode(text).map(Self::from);
        };
        let len = BASE64.decode_mut(text, place).map_err(|partial| partial.error)?;
        Ok(Self::from(&place[..len]))
    }

    /// Whether they have a memory of their own, which others may hold as well.
    pub(crate) fn is_many(&self) -> bool {
        matches!(self.0, Held::Many(_))
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Held::Few(len, bytes) => &bytes[..usize::from(*len)],
            Held::Many(bytes) => bytes,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::from(&[])
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        let mut few = [0; FEW];
        match (few.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(bytes);
                Self(Held::Few(len, few))
            }
            _ => Self(Held::Many(bytes.into())),
        }
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.len() > FEW { Self(Held::Many(bytes.into())) } else { Self::from(&*bytes) }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&BASE64.encode_display(self))
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
                let bytes = Bytes::from_base64(text.as_bytes());
                bytes.map_err(|why| E::custom(format_args!("no base64: {why}")))
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    start: u64,
    /// One more than the end, which is never 0: so an interval that may not be there takes no more room than one that is.
    beyond: NonZeroU64,
}

/// An interval whose end lies before its start, or that ends where no number is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the interval [{0},{1}] ends before it starts, or beyond all that can be counted")]
pub struct ReversedInterval(u64, u64);

impl Interval {
    /// The bytes from `start` up to and without `end`; `None` when that is backwards, or where `end` is the largest number,
    /// which no stream reaches.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Option<Self> {
        let beyond = NonZeroU64::new(end.wrapping_add(1))?;
        (start <= end).then_some(Self { start, beyond })
    }

    /// `len` bytes from `start` on, as far as can be counted.
    #[must_use]
    pub fn at(start: u64, len: u64) -> Self {
        let start = start.min(u64::MAX - 1);
        let beyond = NonZeroU64::MIN.saturating_add(start.saturating_add(len));
        Self { start, beyond }
    }

    /// The offset of the first byte.
    #[must_use]
    pub fn start(self) -> u64 {
        self.start
    }

    /// The offset behind the last byte.
    #[must_use]
    pub fn end(self) -> u64 {
        self.beyond.get() - 1
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn len(self) -> u64 {
        self.end() - self.start
    }

    /// Whether it holds no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end()
    }

    /// The bytes that both hold; `None` when they share none.
    #[must_use]
    pub fn meet(self, other: Self) -> Option<Self> {
        let (start, beyond) = (self.start.max(other.start), self.beyond.min(other.beyond));
        (start + 1 < beyond.get()).then_some(Self { start, beyond })
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}]", self.start, self.end())
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
        [self.start, self.end()].serialize(to)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::try_from(<[u64; 2]>::deserialize(from)?).map_err(D::Error::custom)
    }
}
