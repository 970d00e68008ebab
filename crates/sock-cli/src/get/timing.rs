//! Timing: how long each step took.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use sock::http::Timing;

use super::one::Bench;
use crate::watch;

/// Tells how long each step took, and all of them.
pub(super) fn tell(bench: &Bench, url: &str, timing: &Timing, total: Duration) -> Result<()> {
    let text = line(timing, total);
    if bench.plan.screen.json {
        watch::say(&bench.run, "timing", &text);
        return Ok(());
    }
    // It was asked for, so that -q does not silence it.
    let which = if bench.plan.urls.len() > 1 { format!("{url}: ") } else { String::new() };
    Ok(bench.bars.above(&format!("{which}{text}\n"))?)
}

fn line(timing: &Timing, total: Duration) -> String {
    let told = [timing.redirects, timing.name, timing.connect, timing.tls, timing.first_byte];
    let told = told.into_iter().flatten().sum();
    let steps = [
        ("redirects", timing.redirects),
        ("name", timing.name),
        ("connect", timing.connect),
        ("TLS", timing.tls),
        ("first byte", timing.first_byte),
        // So that they add up: to send the request, to read the body, and attempts before this one.
        ("rest", Some(total.saturating_sub(told))),
        ("total", Some(total)),
    ];
    let taken = steps.into_iter().filter_map(|(step, time)| time.map(|time| (step, time)));
    let each = taken.map(|(step, time)| format!("{step} {}", Millis(time)));
    each.collect::<Vec<_>>().join(", ")
}

/// A duration in milliseconds, to the microsecond.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        write!(f, "{}.{:03} ms", micros / 1000, micros % 1000)
    }
}

/// A duration in seconds, as it is read best.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0.as_secs(), self.0.subsec_millis());
        if ms == 0 { write!(f, "{seconds} s") } else { write!(f, "{seconds}.{ms:03} s") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_were_taken_are_told() {
        let us = Duration::from_micros;
        let timing =
            Timing { connect: Some(us(98)), first_byte: Some(us(2_003)), ..Timing::default() };
        assert_eq!(
            line(&timing, us(12_500)),
            "connect 0.098 ms, first byte 2.003 ms, rest 10.399 ms, total 12.500 ms"
        );
        assert_eq!(Seconds(us(1_500_000)).to_string(), "1.500 s");
        assert_eq!(Seconds(us(2_000_000)).to_string(), "2 s");
    }
}
