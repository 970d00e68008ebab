//! Live: how it goes, once a second: on a terminal in place, otherwise line by line.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use sock_load::{Second, units};

use crate::screen::{Detail, Screen};

/// Who is told of each second.
pub(super) enum Live {
    /// A line that changes, at the bottom of a terminal.
    Bar(ProgressBar, Option<Duration>),
    /// A line for each second.
    Lines,
    /// An event for each second.
    Json,
    Nobody,
}

impl Live {
    pub(super) fn new(screen: Screen, total: Option<Duration>) -> Self {
        if screen.json {
            return Self::Json;
        }
        if screen.detail == Detail::Quiet {
            return Self::Nobody;
        }
        if !io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::no_length().with_style(style());
        bar.set_message("connecting");
        bar.enable_steady_tick(Duration::from_millis(200));
        Self::Bar(bar, total)
    }

    pub(super) fn tell(&mut self, second: &Second) -> Result<()> {
        match self {
            Self::Bar(bar, total) => {
                let total = total.map_or(String::new(), |total| format!(" of {total:?}"));
                bar.set_message(format!("{}{total}", line(second)));
                Ok(())
            }
            // Nobody was there: the error says so.
            Self::Lines if second.replies == 0 && second.open == 0 && second.errors > 0 => Ok(()),
            Self::Lines => Ok(io::stderr().write_all(format!("{}\n", line(second)).as_bytes())?),
            Self::Json => {
                let mut event = serde_json::to_value(second)?;
                event["event"] = "second".into();
                Ok(io::stdout().write_all(format!("{event}\n").as_bytes())?)
            }
            Self::Nobody => Ok(()),
        }
    }

    /// What comes next stands where the line was.
    pub(super) fn end(&self) {
        if let Self::Bar(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    // A form that is wrong would cost the line its looks only; a test holds that it is right.
    ProgressStyle::with_template(FORM).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

const FORM: &str = "{spinner} {wide_msg}";

/// One second in words.
fn line(second: &Second) -> String {
    let seconds = Duration::from_nanos(second.span.max(1)).as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate that is shown has few digits")]
    let [rate, out, back] =
        [second.replies, second.bytes.out, second.bytes.back].map(|n| n as f64 / seconds);
    let at = Duration::from_nanos(second.t + second.span).as_secs_f64();
    let mut text = format!("{at:>6.1} s  ");
    let told = match (second.p50, second.p99, second.max) {
        (Some(p50), Some(p99), Some(max)) => {
            let [p50, p99, max] = [p50, p99, max].map(|time| units::duration(time, false));
            format!("{}  p50 {p50}  p99 {p99}  max {max}", units::rate(rate))
        }
        _ => format!("{} out  {} back", units::throughput(out), units::throughput(back)),
    };
    text += &told;
    let part = format!("  {} open", second.open);
    text += &part;
    if second.errors > 0 {
        let many = if second.errors == 1 { "" } else { "s" };
        let part = format!("  {} error{many}", second.errors);
        text += &part;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_a_line() {
        assert!(ProgressStyle::with_template(FORM).is_ok());
        let second = Second {
            t: 1_000_000_000,
            span: 1_000_000_000,
            replies: 123_456,
            open: 64,
            p50: Some(480_000),
            p99: Some(2_340_000),
            max: Some(1_200_000_000),
            errors: 3,
            ..Second::default()
        };
        let told = "   2.0 s  123 k/s  p50 480 µs  p99 2.34 ms  max 1.20 s  64 open  3 errors";
        assert_eq!(line(&second), told);
        let told = told.replace("3 errors", "1 error");
        assert_eq!(line(&Second { errors: 1, ..second }), told);
        assert_eq!(line(&Second::default()), "   0.0 s  0 B/s out  0 B/s back  0 open");
    }
}
