//! Numbers as people read them: three digits and a unit.

/// A time in ns: `812 ns`, `1.25 µs`, `12.5 ms`, `1,250 s`.
#[must_use]
pub fn duration(ns: u64, ascii: bool) -> String {
    let micro = if ascii { "us" } else { "µs" };
    scaled(as_f64(ns), 1e3, &["ns", micro, "ms", "s"])
}

/// A round time in ns, of an axis or an edge: `50 µs`, `1.5 ms`.
pub(crate) fn tick(ns: u64, ascii: bool) -> String {
    shortened(&duration(ns, ascii))
}

/// A number with its unit, without zeros behind the point.
pub(crate) fn shortened(shown: &str) -> String {
    match shown.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        Some(_) | None => shown.to_owned(),
    }
}

/// A time that somebody chose, in ns, without loss: `250 ms`, `10 s`, `2 min`.
pub(crate) fn chosen(ns: u64, ascii: bool) -> String {
    let micro = if ascii { "us" } else { "µs" };
    let units = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, micro),
    ];
    let (size, unit) = units
        .into_iter()
        .find(|(size, _)| ns >= *size && ns.is_multiple_of(*size))
        .unwrap_or((1, "ns"));
    format!("{} {unit}", count(ns / size))
}

/// So many a second: `950 /s`, `182 k/s`, `1.82 M/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    scaled(per_second, 1e3, &["/s", "k/s", "M/s", "G/s"])
}

/// Bytes a second: `11.1 MiB/s`.
#[must_use]
pub fn throughput(per_second: f64) -> String {
    scaled(per_second, 1024.0, &["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"])
}

/// A length in bytes: `64 B`, `64 KiB`, `1,400 B`.
pub(crate) fn length(bytes: u64) -> String {
    match bytes {
        1_048_576.. if bytes.is_multiple_of(1_048_576) => {
            format!("{} MiB", count(bytes / 1_048_576))
        }
        1024.. if bytes.is_multiple_of(1024) => format!("{} KiB", count(bytes / 1024)),
        _ => format!("{} B", count(bytes)),
    }
}

/// A part of a whole: `99 %`, `4.2 %`, `0.01 %`.
pub(crate) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        p if p > 0.0 && p < 0.01 => "< 0.01 %".into(),
        // A whole is a whole only when nothing is missing.
        p if (99.5..100.0).contains(&p) => "> 99 %".into(),
        p if p > 0.0 && p < 0.095 => format!("{p:.2} %"),
        p if p > 0.0 && p < 9.95 => format!("{p:.1} %"),
        p => format!("{} %", count_f64(p)),
    }
}

/// A ratio, to where a difference of one in a thousand is seen: `1.084`, `0.412`, `12.5`.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio {
        r if r >= 99.95 => count_f64(r),
        r if r >= 9.995 => format!("{r:.1}"),
        r => format!("{r:.3}"),
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

/// `1 reply`, `2 replies`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// An integer where fractions are allowed.
#[allow(clippy::cast_precision_loss, reason = "what is shown or drawn has less digits")]
pub(crate) fn as_f64(n: u64) -> f64 {
    n as f64
}

/// Three digits of `value` in the largest unit of which it has one; each is `step` times the one before.
fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    let mut rest = units.iter().peekable();
    let mut unit = "";
    while let Some(next) = rest.next() {
        unit = next;
        // 999.6 would be written as 1,000 of this unit.
        if value < step - 0.5 || rest.peek().is_none() {
            break;
        }
        value /= step;
    }
    // The smallest unit has no parts where the next one is a thousand of it: there are no parts of a nanosecond.
    if unit == "ns" || unit == "B/s" {
        return format!("{} {unit}", count_f64(value));
    }
    format!("{} {unit}", digits(value))
}

/// Three digits; more only before the point.
fn digits(value: f64) -> String {
    match value {
        v if v >= 99.95 => count_f64(v),
        v if v >= 9.995 => format!("{v:.1}"),
        v if v >= 0.995 => format!("{v:.2}"),
        v if v <= 0.0 => "0".into(),
        v => format!("{v:.3}"),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and what does not fit is as good as the largest"
)]
fn count_f64(value: f64) -> String {
    count(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (ns, shown) in [
            (0, "0 ns"),
            (7, "7 ns"),
            (812, "812 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (1_250, "1.25 µs"),
            (12_345, "12.3 µs"),
            (999_400, "999 µs"),
            (999_600, "1.00 ms"),
            (40_100_000, "40.1 ms"),
            (1_250_000_000_000, "1,250 s"),
        ] {
            assert_eq!(duration(ns, false), shown);
        }
        assert_eq!(duration(1_250, true), "1.25 us");
        assert_eq!(tick(1_500_000, false), "1.5 ms");
        assert_eq!(tick(200_000, false), "200 µs");
        assert_eq!(tick(10_000_000_000, false), "10 s");
    }

    #[test]
    fn what_was_chosen_is_shown_as_it_was() {
        assert_eq!(chosen(10_000_000_000, false), "10 s");
        assert_eq!(chosen(120_000_000_000, false), "2 min");
        assert_eq!(chosen(1_500_000_000, false), "1,500 ms");
        assert_eq!(chosen(50_000, true), "50 us");
        assert_eq!(chosen(0, true), "0 ns");
    }

    #[test]
    fn rates_lengths_and_parts_have_their_units() {
        assert_eq!(rate(182_412.0), "182 k/s");
        assert_eq!(rate(0.25), "0.250 /s");
        assert_eq!(rate(999.7), "1.00 k/s");
        assert_eq!(throughput(11_639_193.6), "11.1 MiB/s");
        assert_eq!(throughput(1023.8), "1.00 KiB/s");
        assert_eq!(length(64), "64 B");
        assert_eq!(length(65_536), "64 KiB");
        assert_eq!(length(1_400), "1,400 B");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.00001), "< 0.01 %");
        assert_eq!(percent(0.999_99), "> 99 %");
        assert_eq!(percent(0.042), "4.2 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(ratio(1.084), "1.084");
        assert_eq!(ratio(0.0123), "0.012");
    }
}
