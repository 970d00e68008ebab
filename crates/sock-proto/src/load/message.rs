//! Message: what is sent, with places that differ from message to message.

use alloc::vec::Vec;
use core::fmt;

/// What is sent: bytes, and places in them that differ from message to message.
///
/// | written | stands for |
/// |---|---|
/// | `{n}` | the number of the message on its connection, from 1 |
/// | `{conn}` | the number of the connection, from 1 |
/// | `{random:16}` | 16 characters by chance, of `a` to `z` and `2` to `7` |
///
/// Anything else in braces stands for itself, so that JSON needs no care. The same seed, connection and
/// number make the same message: a reply is known without the message having been kept.
///
/// # Examples
///
/// ```
/// use sock_proto::load::Message;
///
/// let message = Message::parse(b"{conn}/{n}: {\"a\": 1}\n")?;
/// let mut bytes = Vec::new();
/// message.write(0, 3, 41, &mut bytes);
/// assert_eq!(bytes, b"3/41: {\"a\": 1}\n");
/// assert_eq!(message.fixed(), None);
/// assert_eq!(Message::bytes(b"ping").fixed(), Some(&b"ping"[..]));
/// # Ok::<(), sock_proto::load::BadMessage>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Bytes(Vec<u8>),
    Number,
    Conn,
    Random(usize),
}

/// No message needs more characters by chance in one place.
const MOST_RANDOM: usize = 1 << 20;

impl Message {
    /// A message that is always these bytes, braces too.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        let parts = if bytes.is_empty() { Vec::new() } else { [Part::Bytes(bytes.into())].into() };
        Self { parts }
    }

    /// Reads a message with its places.
    ///
    /// # Errors
    ///
    /// `{random:N}` with an N that is no number from 1 to 1,048,576.
    pub fn parse(text: &[u8]) -> Result<Self, BadMessage> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((first, later)) = rest.split_first() {
            let place = if *first == b'{' { place(rest)? } else { None };
            let Some((part, len)) = place else {
                plain.push(*first);
                rest = later;
                continue;
            };
            if !plain.is_empty() {
                parts.push(Part::Bytes(core::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = &rest[len..];
        }
        if !plain.is_empty() {
            parts.push(Part::Bytes(plain));
        }
        Ok(Self { parts })
    }

    /// The bytes of every message, where none differs from another.
    #[must_use]
    pub fn fixed(&self) -> Option<&[u8]> {
        match &self.parts[..] {
            [] => Some(&[]),
            [Part::Bytes(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// How long every message is, where none is longer than another.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock_proto::load::Message;
    ///
    /// assert_eq!(Message::parse(b"{random:16}, and more")?.length(), Some(26));
    /// assert_eq!(Message::parse(b"message {n}")?.length(), None);
    /// # Ok::<(), sock_proto::load::BadMessage>(())
    /// ```
    #[must_use]
    pub fn length(&self) -> Option<usize> {
        let length = |part: &Part| match part {
            Part::Bytes(bytes) => Some(bytes.len()),
            Part::Random(len) => Some(*len),
            Part::Number | Part::Conn => None,
        };
        self.parts.iter().map(length).sum()
    }

    /// Puts the message `number` of the connection `conn` behind what is in `into`.
    pub fn write(&self, seed: u64, conn: u64, number: u64, into: &mut Vec<u8>) {
        for (n, part) in self.parts.iter().enumerate() {
            match part {
                Part::Bytes(bytes) => into.extend_from_slice(bytes),
                Part::Number => write_number(number, into),
                Part::Conn => write_number(conn, into),
                Part::Random(len) => {
                    let place = mixed(seed ^ mixed(conn) ^ number.rotate_left(32)) ^ n as u64;
                    write_random(place, *len, into);
                }
            }
        }
    }
}

/// The place at the beginning of `text`, and how long it is written.
fn place(text: &[u8]) -> Result<Option<(Part, usize)>, BadMessage> {
    let Some(end) = text.iter().position(|byte| *byte == b'}') else { return Ok(None) };
    let part = match &text[1..end] {
        b"n" => Part::Number,
        b"conn" => Part::Conn,
        inside => {
            let Some(len) = inside.strip_prefix(b"random:") else { return Ok(None) };
            let len = str::from_utf8(len).ok().and_then(|len| len.parse().ok());
            let len = len.filter(|len| (1..=MOST_RANDOM).contains(len)).ok_or(BadMessage)?;
            Part::Random(len)
        }
    };
    Ok(Some((part, end + 1)))
}

fn write_number(mut number: u64, into: &mut Vec<u8>) {
    // The longest has 20 digits.
    let mut digits = [b'0'; 20];
    let mut at = digits.len() - 1;
    loop {
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
        at -= 1;
    }
    into.extend_from_slice(&digits[at..]);
}

/// Letters and digits of base 32 (RFC 4648, section 6), in lower case: five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn write_random(seed: u64, len: usize, into: &mut Vec<u8>) {
    let (mut bits, mut left, mut drawn) = (0, 0, 0_u64);
    for _ in 0..len {
        if left == 0 {
            drawn += 1;
            (bits, left) = (mixed(seed.wrapping_add(drawn.wrapping_mul(GOLDEN))), 12);
        }
        into.push(LETTERS[(bits % 32) as usize]);
        bits /= 32;
        left -= 1;
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads a number over all bits (the last step of the generator that is called split-mix).
const fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(GOLDEN);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `{random:N}` without a number that can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadMessage;

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{random:N}} needs a number of characters from 1 to {MOST_RANDOM}")
    }
}

impl core::error::Error for BadMessage {}
