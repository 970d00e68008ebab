//! `daytime`: the time of day as text (RFC 867).

use super::once::once;
use crate::{Input, Out, Protocol};

/// Says the time in the form that RFC 867 shows first, in UTC, with a line end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Daytime;

impl Protocol for Daytime {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        once(input, out, |out| {
            let seconds = out.wall().as_secs();
            let Date { weekday, month, day, year } = Date::of(seconds / 86_400);
            let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
            out.say(format_args!(
                "{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02}-UTC\r\n"
            ));
        });
    }
}

/// From the weekday of 1 January 1970.
const WEEKDAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// The days of 400 years, after which the Gregorian calendar repeats itself.
const ERA: u64 = 146_097;

struct Date {
    weekday: &'static str,
    month: &'static str,
    day: u64,
    year: u64,
}

impl Date {
    /// The day that is so many days after 1 January 1970.
    fn of(days: u64) -> Self {
        let weekday = WEEKDAYS[(days % 7) as usize];
        let mut year = 1970 + days / ERA * 400;
        let mut day = days % ERA;
        while day >= 365 + leap(year) {
            day -= 365 + leap(year);
            year += 1;
        }
        let months = [
            ("January", 31),
            ("February", 28 + leap(year)),
            ("March", 31),
            ("April", 30),
            ("May", 31),
            ("June", 30),
            ("July", 31),
            ("August", 31),
            ("September", 30),
            ("October", 31),
            ("November", 30),
            ("December", 31),
        ];
        let mut month = 0;
        while day >= months[month].1 {
            day -= months[month].1;
            month += 1;
        }
        Self { weekday, month: months[month].0, day: day + 1, year }
    }
}

/// The days that a year has beyond 365.
fn leap(year: u64) -> u64 {
    u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
}
