//! Range: which bytes of a file are asked for (RFC 9110, section 14).

use alloc::vec::Vec;
use core::ops::Range;

/// Who asks for more ranges at once gets the whole: a player asks for two or three.
const MOST: usize = 16;

/// What a `Range` field asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing that we give: the whole is.
    Whole,
    /// These bytes, none of them empty, in this order.
    Ranges(Vec<Range<u64>>),
    /// Bytes that are not there.
    Nowhere,
}

/// Reads the value of a `Range` field for `len` bytes.
///
/// What is malformed is ignored, and so are units that are not bytes, any range of nothing at all,
/// more than 16 ranges, and ranges that together are more than the whole: overlapping ones would make
/// a short request cost a long answer.
pub(super) fn asked(value: &[u8], len: u64) -> Asked {
    let Some((unit, set)) = cut(value, b'=') else { return Asked::Whole };
    if len == 0 || !unit.eq_ignore_ascii_case(b"bytes") {
        return Asked::Whole;
    }
    let mut ranges = Vec::new();
    let (mut n, mut sum) = (0, 0_u64);
    // An element of a list may be empty (RFC 9110, section 5.6.1).
    for range in set.split(|byte| *byte == b',').map(trimmed).filter(|range| !range.is_empty()) {
        n += 1;
        match parse(range, len) {
            Some(range) if n <= MOST => {
                sum = sum.saturating_add(range.end - range.start);
                if !range.is_empty() {
                    ranges.push(range);
                }
            }
            _ => return Asked::Whole,
        }
    }
    match ranges.len() {
        0 if n > 0 => Asked::Nowhere,
        0 => Asked::Whole,
        _ if sum > len => Asked::Whole,
        _ => Asked::Ranges(ranges),
    }
}

/// The bytes of one range that are there, maybe none; nothing where it is malformed.
fn parse(range: &[u8], len: u64) -> Option<Range<u64>> {
    let (first, last) = cut(range, b'-')?;
    if first.is_empty() {
        return Some(len - number(last)?.min(len)..len);
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(first.min(len)..last.saturating_add(1).min(len))
}

/// A number of digits alone; one that is too large is larger than every file.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}

fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(at, text)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Without blanks around it, as HTTP has them: spaces and tabs.
pub(super) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
