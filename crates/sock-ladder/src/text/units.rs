//! Numbers as people read them: times, sizes, counts.

use std::time::Duration;

/// The unit in which one ladder writes its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Micros,
    Millis,
    Seconds,
}

impl Unit {
    /// The unit in which a ladder that takes `span` ns is readable.
    pub(crate) fn of(span: u64) -> Self {
        match span {
            0..1_000_000 => Self::Micros,
            1_000_000..1_000_000_000 => Self::Millis,
            _ => Self::Seconds,
        }
    }

    /// `t` ns in this unit.
    pub(crate) fn show(self, t: u64, ascii: bool) -> String {
        let t = Duration::from_nanos(t);
        match self {
            Self::Micros => format!("{:.1} {}", t.as_secs_f64() * 1e6, micro(ascii)),
            Self::Millis => format!("{:.3} ms", t.as_secs_f64() * 1e3),
            Self::Seconds => format!("{:.6} s", t.as_secs_f64()),
        }
    }
}

fn micro(ascii: bool) -> &'static str {
    if ascii { "us" } else { "µs" }
}

/// A duration in ns, to two or three digits.
pub(crate) fn duration(t: u64, ascii: bool) -> String {
    let seconds = Duration::from_nanos(t).as_secs_f64();
    let (number, unit) = match t {
        0..1_000 => (seconds * 1e9, "ns"),
        1_000..1_000_000 => (seconds * 1e6, micro(ascii)),
        1_000_000..1_000_000_000 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    if number < 9.95 && t >= 1_000 {
        format!("{number:.1} {unit}")
    } else {
        format!("{number:.0} {unit}")
    }
}

/// A count with its thousands apart: `99,998`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_of_their_ladder() {
        assert_eq!(Unit::of(999_999).show(12_345, false), "12.3 µs");
        assert_eq!(Unit::of(999_999).show(12_345, true), "12.3 us");
        assert_eq!(Unit::of(1_000_000).show(112_000, false), "0.112 ms");
        assert_eq!(Unit::of(1_000_000_000).show(1_500_020_000, false), "1.500020 s");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(duration(7, false), "7 ns");
        assert_eq!(duration(1_250, false), "1.2 µs");
        assert_eq!(duration(13_400, false), "13 µs");
        assert_eq!(duration(40_100_000, true), "40 ms");
        assert_eq!(count(99_998), "99,998");
        assert_eq!(count(998), "998");
        assert_eq!(count(1_000_000), "1,000,000");
    }
}
