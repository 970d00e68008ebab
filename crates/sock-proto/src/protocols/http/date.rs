//! Date: the present moment as the `Date` field says it (RFC 9110, section 5.6.7).
//!
//! It is worked out anew for every answer: a division or two each cost less than a place to keep it in
//! every idle conversation, or than a lock around one for all.

use alloc::vec::Vec;

const DAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
/// From March on, so that a leap day is the last of its year.
const MONTHS: &[u8; 36] = b"MarAprMayJunJulAugSepOctNovDecJanFeb";

/// Appends `Sun, 06 Nov 1994 08:49:37 GMT` for the second that is so long after the Unix epoch.
pub(super) fn write(seconds: u64, to: &mut Vec<u8>) {
    let days = seconds / 86_400;
    let weekday = (days % 7) as usize * 3;
    let (year, month, day) = civil(days);
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    text[..3].copy_from_slice(&DAYS[weekday..weekday + 3]);
    text[8..11].copy_from_slice(&MONTHS[month * 3..month * 3 + 3]);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    let pairs =
        [(5, day), (12, year / 100), (14, year), (17, hour), (20, minute), (23, seconds % 60)];
    for (at, n) in pairs {
        // Both are below ten.
        text[at] = b'0' + (n / 10 % 10) as u8;
        text[at + 1] = b'0' + (n % 10) as u8;
    }
    to.extend_from_slice(&text);
}

/// The year, the month from March = 0, and the day of a day counted from 1 January 1970, in the
/// Gregorian calendar; years begin in March here.
fn civil(days: u64) -> (u64, usize, u64) {
    // From 1 March of the year 0 on, in eras of 400 years, after which the calendar repeats itself.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Five months from March, or from August, on have 153 days.
    let month = (5 * day + 2) / 153;
    let year = era * 400 + year + u64::from(month >= 10);
    (year, month as usize, day - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(seconds: u64) -> alloc::string::String {
        let mut to = Vec::new();
        write(seconds, &mut to);
        alloc::string::String::from_utf8(to).unwrap()
    }

    #[test]
    fn moments_are_written_as_http_writes_them() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(date(951_868_799), "Tue, 29 Feb 2000 23:59:59 GMT");
        assert_eq!(date(951_868_800), "Wed, 01 Mar 2000 00:00:00 GMT");
        assert_eq!(date(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 GMT");
        assert_eq!(date(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
    }
}
