//! Accept: what a client would rather have (RFC 9110, section 12).

use crate::protocols::http::head::Head;
use crate::protocols::http::site::Codings;

use super::range::trimmed;

/// The content codings that `head` asks for.
///
/// Nothing said is none: the bytes as they are. Of two that the client likes differently the lesser is
/// left out, and so is each that it likes less than the bytes as they are.
pub(super) fn codings(head: &Head<'_>) -> Codings {
    let (mut gzip, mut br, mut identity, mut any) = (None, None, None, None);
    for (coding, weight) in members(head, "Accept-Encoding") {
        let is = |name: &str| coding.eq_ignore_ascii_case(name.as_bytes());
        match coding {
            b"*" => any = Some(weight),
            _ if is("gzip") || is("x-gzip") => gzip = Some(weight),
            _ if is("br") => br = Some(weight),
            _ if is("identity") => identity = Some(weight),
            _ => {}
        }
    }
    let (gzip, br) = (gzip.or(any).unwrap_or(0), br.or(any).unwrap_or(0));
    let most = gzip.max(br).max(identity.unwrap_or(0)).max(1);
    Codings { gzip: gzip == most, br: br == most }
}

/// Tells whether a page is taken for an answer: also by who says nothing, or `*/*`.
pub(super) fn takes_html(head: &Head<'_>) -> bool {
    if head.field("Accept").is_none() {
        return true;
    }
    // The most specific range decides.
    let (mut special, mut weight_of) = (0, 0);
    for (media, weight) in members(head, "Accept") {
        let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
        let specific = match media {
            _ if is("text/html") => 3,
            _ if is("text/*") => 2,
            b"*/*" => 1,
            _ => 0,
        };
        if specific > special {
            (special, weight_of) = (specific, weight);
        }
    }
    weight_of > 0
}

/// Tells whether a page is asked for by its name, as browsers do.
pub(super) fn asks_for_html(head: &Head<'_>) -> bool {
    let is_html = |media: &[u8]| media.eq_ignore_ascii_case(b"text/html");
    members(head, "Accept").any(|(media, weight)| is_html(media) && weight > 0)
}

/// The members of a list with their weights in thousandths; one whose weight is none is left out.
fn members<'a>(head: &Head<'a>, name: &str) -> impl Iterator<Item = (&'a [u8], u16)> {
    let members = head.each_field(name).flat_map(|value| value.split(|byte| *byte == b','));
    members.filter_map(|member| {
        let mut parts = member.split(|byte| *byte == b';').map(trimmed);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let weight = parts.find_map(|part| match part {
            [b'q' | b'Q', b'=', weight @ ..] => Some(weight),
            _ => None,
        });
        Some((name, weight.map_or(Some(1000), thousandths)?))
    })
}

/// Reads a weight: 0 to 1 with three decimals at most (section 12.4.2).
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, decimals) = match weight {
        [whole] | [whole, b'.'] => (*whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let digit = |byte: u8| u16::try_from(char::from(byte).to_digit(10)?).ok();
    let mut sum = 1000 * digit(whole)?;
    for (decimal, worth) in decimals.iter().zip([100, 10, 1]) {
        sum += digit(*decimal)? * worth;
    }
    (sum <= 1000).then_some(sum)
}
