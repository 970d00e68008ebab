//! Values as people write them: `250ms`, `4KiB`, `\r\n`.

use std::time::Duration;

use crate::escape;

/// A duration: a number and its unit, `250ms`, `1.5s`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and its unit, such as 250ms, 10s or 2m".to_owned();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        // Nothing is nothing in every unit.
        "" if number == "0" => 1.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "that is too long".to_owned())
}

/// A number of microseconds, `50`, or a time with its unit.
pub(crate) fn micros(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number) => Ok(Duration::from_micros(number)),
        Err(_) => duration(text).map_err(|_| {
            "write a number of microseconds, such as 50; to spin always put it last, with nothing behind it"
                .to_owned()
        }),
    }
}

/// A size in bytes: `64`, `4KiB`, `1MiB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor: usize = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(not_a_size(number, unit)),
    };
    let number: usize = number.parse().map_err(|_| "write a number of bytes".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "that is too large".to_owned())
}

/// What to write instead of what is no size: some count these units in thousands, and some do not.
fn not_a_size(number: &str, unit: &str) -> String {
    let usual = || "write a number of bytes, such as 64, 4KiB or 1MiB".to_owned();
    let letter = unit.strip_suffix(['b', 'B']).unwrap_or(unit);
    let (letter, thousands) = match letter {
        "k" | "K" => ('K', "000"),
        "m" | "M" => ('M', "000000"),
        "g" | "G" => ('G', "000000000"),
        _ => return usual(),
    };
    if number.is_empty() {
        return usual();
    }
    format!(
        "write {number}{letter}iB, or in bytes {number}{thousands}; {number}{unit} could be either"
    )
}

/// Bytes as one value, where a `Vec` would be many.
pub(crate) type Bytes = Vec<u8>;

/// Bytes, where `\n`, `\r`, `\t`, `\0`, `\\` and `\xNN` stand for one byte each.
pub(crate) fn bytes(text: &str) -> Result<Bytes, String> {
    let bytes = escape::decode(text.as_bytes()).map_err(|wrong| wrong.to_string())?;
    if bytes.is_empty() { Err("at least one byte is needed".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let ms = Duration::from_millis;
        let written = [("250ms", 250), ("10s", 10_000), ("2m", 120_000), ("1.5s", 1500), ("0", 0)];
        for (text, expected) in written {
            assert_eq!(duration(text), Ok(ms(expected)), "{text}");
        }
        for text in
            ["", "10", "s", "-1s", "1 s", "1.2.3s", "10 minutes", "1e3s", "99999999999999999999h"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn microseconds_need_no_unit() {
        for (text, expected) in [("50", 50), ("0", 0), ("2ms", 2000), ("1.5us", 1)] {
            assert_eq!(micros(text).map(|time| time.as_micros()), Ok(expected), "{text}");
        }
        for text in ["", "always", "-1", "1.5", "echo", "127.0.0.1:7"] {
            assert!(micros(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_unless_a_unit_says_more() {
        let written = [("64", 64), ("4KiB", 4096), ("1MiB", 1 << 20), ("2GiB", 2 << 30)];
        for (text, expected) in written {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in
            ["", "KiB", "4kb", "-1", "1.5MiB", "99999999999999999999", "18446744073709551615KiB"]
        {
            assert!(size(text).is_err(), "{text}");
        }
        for (text, told) in [
            ("1M", "write 1MiB, or in bytes 1000000; 1M could be either"),
            ("20kB", "write 20KiB, or in bytes 20000; 20kB could be either"),
            ("3GB", "write 3GiB, or in bytes 3000000000; 3GB could be either"),
            ("MB", "write a number of bytes, such as 64, 4KiB or 1MiB"),
        ] {
            assert_eq!(size(text).unwrap_err(), told);
        }
    }
}
