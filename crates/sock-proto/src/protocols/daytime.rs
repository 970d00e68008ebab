//! `daytime`: the time of day as text (RFC 867).

use super::once::once;
use crate::calendar::{Date, MONTHS, weekday};
use crate::{Input, Out, Protocol};

/// Says the time in the form that RFC 867 shows first, in UTC, with a line end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Daytime;

impl Protocol for Daytime {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        once(input, out, |out| {
            let seconds = out.wall().as_secs();
            let days = seconds / 86_400;
            let Date { year, month, day } = Date::of(days);
            let (weekday, month) = (weekday(days), MONTHS[month]);
            let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
            out.say(format_args!(
                "{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02}-UTC\r\n"
            ));
        });
    }
}
