//! The histogram of times: every value to three digits, in the layout that the `HdrHistogram` tools share.

use std::fmt;

use data_encoding::BASE64;
use hdrhistogram::Histogram as Counts;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::de::Error as _;

/// How many times, in ns, fell where: each to three significant digits, whatever its size.
///
/// In JSON it is what other tools write into their logs: the `HdrHistogram` V2 encoding, compressed, in base64.
///
/// # Examples
///
/// ```
/// use sock_load::Histogram;
///
/// let mut one = Histogram::new();
/// one.record(1_500);
/// let mut two = Histogram::new();
/// two.record(3_000_000_000);
/// one.merge(&two);
/// assert_eq!((one.count(), one.at(0.5)), (2, Some(1_500)));
/// assert_eq!(Histogram::from_base64(&one.to_base64())?, one);
/// # Ok::<(), sock_load::BadHistogram>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Histogram(Counts<u64>);

/// What is recorded without a new allocation: an hour.
const FORESEEN: u64 = 3_600_000_000_000;
/// Two values that differ by less than one in a thousand are one.
const DIGITS: u8 = 3;

impl Histogram {
    /// An empty histogram, with room (256 KiB) for times up to an hour; it grows when a longer one comes.
    ///
    /// # Panics
    ///
    /// Never: the bounds are right.
    #[must_use]
    pub fn new() -> Self {
        let mut counts =
            Counts::new_with_bounds(1, FORESEEN, DIGITS).expect("1 ns to 1 h, three digits");
        counts.auto(true);
        Self(counts)
    }

    /// Counts one time, in ns.
    pub fn record(&mut self, ns: u64) {
        if self.0.record(ns).is_err() {
            // Only where memory's addresses are too short for the value.
            self.0.saturating_record(ns);
        }
    }

    /// Counts the same time, in ns, so many times.
    pub fn record_many(&mut self, ns: u64, times: u64) {
        if self.0.record_n(ns, times).is_err() {
            // As above.
            self.0.saturating_record_n(ns, times);
        }
    }

    /// Takes in everything that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        if self.0.add(&other.0).is_err() {
            // As above: what cannot be held is counted as the longest that can.
            for step in other.0.iter_recorded() {
                self.0.saturating_record_n(step.value_iterated_to(), step.count_at_value());
            }
        }
    }

    /// Forgets everything and keeps the room.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many times were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that the part `quantile` (0 to 1) of all were not above, in ns; `None` while there is none.
    #[must_use]
    pub fn at(&self, quantile: f64) -> Option<u64> {
        self.unless_empty(|counts| counts.value_at_quantile(quantile))
    }

    /// The shortest, in ns.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        self.unless_empty(Counts::min)
    }

    /// The longest, in ns.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.unless_empty(Counts::max)
    }

    /// The mean, in ns.
    #[must_use]
    pub fn mean(&self) -> Option<u64> {
        self.unless_empty(|counts| rounded(counts.mean()))
    }

    /// The standard deviation, in ns.
    #[must_use]
    pub fn stdev(&self) -> Option<u64> {
        self.unless_empty(|counts| rounded(counts.stdev()))
    }

    /// The V2 encoding, compressed, in base64.
    ///
    /// # Panics
    ///
    /// Never: memory takes what is written.
    #[must_use]
    pub fn to_base64(&self) -> String {
        let mut bytes = Vec::new();
        let written = V2DeflateSerializer::new().serialize(&self.0, &mut bytes);
        written.expect("memory takes what is written");
        BASE64.encode(&bytes)
    }

    /// Reads what [`to_base64`](Self::to_base64), or another tool of the family, wrote.
    ///
    /// # Errors
    ///
    /// It is no base64, or no histogram in one of the encodings V2 and V2 compressed.
    pub fn from_base64(text: &str) -> Result<Self, BadHistogram> {
        let bytes = BASE64.decode(text.as_bytes()).map_err(|why| BadHistogram(why.to_string()))?;
        // The reader beneath stops before the checksum, and so takes what is cut within it.
        if let Some(length) = compressed_length(&bytes)
            && bytes.len() != 8 + length
        {
            return Err(BadHistogram(format!("{length} bytes announced, {} there", bytes.len())));
        }
        let counts = Deserializer::new().deserialize(&mut &bytes[..]);
        let mut counts: Counts<u64> = counts.map_err(|why| BadHistogram(why.to_string()))?;
        counts.auto(true);
        Ok(Self(counts))
    }

    /// Each time that was counted, in ns, with how often, the shortest first.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    pub(crate) fn counts(&self) -> &Counts<u64> {
        &self.0
    }

    fn unless_empty<T>(&self, of: impl FnOnce(&Counts<u64>) -> T) -> Option<T> {
        (!self.0.is_empty()).then(|| of(&self.0))
    }
}

/// How many bytes follow the two words at the head of a compressed histogram.
fn compressed_length(bytes: &[u8]) -> Option<usize> {
    const COOKIE: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
    let length = bytes.strip_prefix(&COOKIE)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of times is a time: positive, and no longer than the longest"
)]
fn rounded(ns: f64) -> u64 {
    ns.round() as u64
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Histogram({} times, {:?} to {:?} ns)", self.count(), self.min(), self.max())
    }
}

impl serde::Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.to_base64())
    }
}

impl<'de> serde::Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Histogram;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a histogram in base64")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Histogram, E> {
                Histogram::from_base64(text).map_err(E::custom)
            }
        }
        from.deserialize_str(Text).map_err(D::Error::custom)
    }
}

/// Why a histogram could not be read.
#[derive(Debug, thiserror::Error)]
#[error("no histogram in the HdrHistogram V2 encoding: {0}")]
pub struct BadHistogram(String);
