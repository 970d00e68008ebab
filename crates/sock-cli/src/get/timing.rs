//! Timing: how long each step took.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use sock::http::{Timing, without_secret};

use super::one::Bench;
use crate::watch;

/// Tells how long each step took, the body among them, and all of them.
pub(super) fn tell(
    bench: &Bench,
    url: &str,
    timing: &Timing,
    body: Option<Duration>,
    total: Duration,
) -> Result<()> {
    let text = line(timing, body, total);
    if bench.plan.screen.json {
        watch::say(&bench.run, "timing", &text);
        return Ok(());
    }
    // It was asked for, so that -q does not silence it.
    let which = if bench.plan.urls.len() > 1 {
        format!("{}: ", without_secret(url))
    } else {
        String::new()
    };
    Ok(bench.bars.above(&format!("{which}{text}\n"))?)
}

fn line(timing: &Timing, body: Option<Duration>, total: Duration) -> String {
    let steps = [
        ("redirects", timing.redirects),
        ("name", timing.name),
        ("connect", timing.connect),
        ("TLS", timing.tls),
        ("request", timing.request),
        ("first byte", timing.first_byte),
        ("body", body),
    ];
    let taken = steps.into_iter().filter_map(|(step, time)| Some((step, time?.as_micros())));
    let taken: Vec<_> = taken.collect();
    let total = total.as_micros();
    // So that they add up: what lies between them, and attempts before this one.
    let rest = total.saturating_sub(taken.iter().map(|(_, micros)| micros).sum());
    let ends = [("rest", rest), ("total", total)];
    let each = taken.into_iter().chain(ends);
    each.map(|(step, micros)| format!("{step} {}", exact(micros))).collect::<Vec<_>>().join(", ")
}

/// A duration to the microsecond, in the unit that fits it.
fn exact(micros: u128) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{:03} ms", micros / 1_000, micros % 1_000),
        _ => format!("{}.{:06} s", micros / 1_000_000, micros % 1_000_000),
    }
}

/// A duration, as it is read best.
pub(super) struct Took(pub(super) Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        match (seconds, nanos / 1_000_000, nanos / 1_000) {
            (seconds, 0, _) if seconds > 0 => write!(f, "{seconds} s"),
            (seconds, ms, _) if seconds > 0 => write!(f, "{seconds}.{ms:03} s"),
            (_, 0, 0) => write!(f, "0 s"),
            (_, 0, micros) => write!(f, "{micros} µs"),
            (_, ms, _) => write!(f, "{ms} ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_in_units_that_fit_and_add_up() {
        let us = Duration::from_micros;
        let nanos = Duration::from_nanos;
        let timing = Timing {
            connect: Some(nanos(98_900)),
            request: Some(nanos(20_100)),
            first_byte: Some(us(2_003)),
            ..Timing::default()
        };
        assert_eq!(
            line(&timing, Some(us(9_000)), us(12_500)),
            "connect 98 µs, request 20 µs, first byte 2.003 ms, body 9.000 ms, rest 1.379 ms, total 12.500 ms"
        );
        assert_eq!(
            line(&Timing::default(), None, us(1_500_001)),
            "rest 1.500001 s, total 1.500001 s"
        );
    }

    #[test]
    fn no_duration_is_told_as_none_that_is_one() {
        for (duration, text) in [
            (Duration::ZERO, "0 s"),
            (Duration::from_micros(412), "412 µs"),
            (Duration::from_micros(1_999), "1 ms"),
            (Duration::from_millis(500), "500 ms"),
            (Duration::from_millis(1_500), "1.500 s"),
            (Duration::from_secs(2), "2 s"),
        ] {
            assert_eq!(Took(duration).to_string(), text);
        }
    }
}
