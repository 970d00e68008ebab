//! `ContentRange`: which part of a file a reply says that it brings (RFC 9110, section 14.4).

use super::Fields;

/// The only part of a reply: `bytes 5-9/10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: u64,
    pub(super) last: u64,
    /// How long the whole is; `*`: nobody knows.
    pub(super) total: Option<u64>,
}

impl ContentRange {
    /// What the fields say of it; none where they name none, or contradict themselves.
    pub(super) fn of(fields: &Fields) -> Option<Self> {
        let range = fields.sole("content-range")?.strip_prefix("bytes")?.trim_start();
        let (range, total) = range.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        let fits = first <= last && total.is_none_or(|total| last < total);
        fits.then_some(Self { first, last, total })
    }

    /// How many bytes it has, if a number can say that.
    pub(super) fn len(self) -> Option<u64> {
        (self.last - self.first).checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranges: &[&str]) -> Option<ContentRange> {
        let mut fields = Fields::new();
        for range in ranges {
            fields.push("Content-Range", *range);
        }
        ContentRange::of(&fields)
    }

    #[test]
    fn a_part_says_where_it_is() {
        let part = |first, last, total| Some(ContentRange { first, last, total });
        assert_eq!(of(&["bytes 5-9/10"]), part(5, 9, Some(10)));
        assert_eq!(of(&["bytes 5-9/*"]), part(5, 9, None));
        assert_eq!(of(&["bytes 5-9/10", " bytes 5-9/10 "]), part(5, 9, Some(10)));
        assert_eq!(part(5, 9, None).and_then(ContentRange::len), Some(5));
        assert_eq!(part(0, u64::MAX, None).and_then(ContentRange::len), None);
    }

    #[test]
    fn what_contradicts_itself_is_no_part() {
        for none in ["bytes */10", "lines 5-9/10", "bytes 9-5/10", "bytes 5-10/10", "bytes 5-9/x"] {
            assert_eq!(of(&[none]), None, "{none}");
        }
        assert_eq!(of(&["bytes 5-9/10", "bytes 4-9/10"]), None);
        assert_eq!(of(&[]), None);
    }
}
