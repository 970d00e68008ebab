//! Calendar: days since 1 January 1970 as dates, and back.

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From the weekday of 1 January 1970.
const WEEKDAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// The days of 400 years, after which the Gregorian calendar repeats itself.
const ERA: u64 = 146_097;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    /// From 0, as [`MONTHS`].
    pub(crate) month: usize,
    /// From 1.
    pub(crate) day: u64,
}

impl Date {
    /// The day that is so many days after 1 January 1970.
    pub(crate) fn of(days: u64) -> Self {
        let mut year = 1970 + days / ERA * 400;
        let mut day = days % ERA;
        while day >= 365 + leap(year) {
            day -= 365 + leap(year);
            year += 1;
        }
        let lengths = lengths(year);
        let mut month = 0;
        while day >= lengths[month] {
            day -= lengths[month];
            month += 1;
        }
        Self { year, month, day: day + 1 }
    }

    /// How many days it lies after 1 January 1970; none where there is no such day, or before it.
    pub(crate) fn days(self) -> Option<u64> {
        let Self { year, month, day } = self;
        // A year is written with four digits at most.
        if !(1970..=9999).contains(&year) {
            return None;
        }
        let lengths = lengths(year);
        if !(1..=*lengths.get(month)?).contains(&day) {
            return None;
        }
        let before = year - 1;
        let leaps = before / 4 - before / 100 + before / 400;
        // Until 1970 there were 477 leap years by this rule.
        let years = 365 * (year - 1970) + leaps - 477;
        Some(years + lengths[..month].iter().sum::<u64>() + day - 1)
    }
}

/// The weekday of the day that is so many days after 1 January 1970.
pub(crate) fn weekday(days: u64) -> &'static str {
    WEEKDAYS[(days % 7) as usize]
}

fn lengths(year: u64) -> [u64; 12] {
    [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The days that a year has beyond 365.
fn leap(year: u64) -> u64 {
    u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_hundred_years_and_back() {
        for days in 0..ERA + 1000 {
            assert_eq!(Date::of(days).days(), Some(days));
        }
        assert_eq!(Date::of(0), Date { year: 1970, month: 0, day: 1 });
        assert_eq!((weekday(0), weekday(8_710)), ("Thursday", "Saturday"));
        assert_eq!(Date { year: 1993, month: 10, day: 6 }.days(), Some(8_710));
    }

    #[test]
    fn what_is_no_day_is_none() {
        for (year, month, day) in
            [(2023, 1, 29), (1969, 11, 31), (2024, 12, 1), (2024, 0, 0), (10_000, 0, 1)]
        {
            assert_eq!(Date { year, month, day }.days(), None);
        }
    }
}
