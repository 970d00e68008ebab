//! Order: names as people sort them.

use alloc::string::String;
use core::cmp::Ordering;
use core::iter;

use crate::protocols::http::site::Entry;

/// Folders first; then without regard to case, and numbers by their value: `2.txt` before `10.txt`.
/// What is the same by that is told apart by its bytes.
pub(super) fn by_name(a: &Entry, b: &Entry) -> Ordering {
    let by_sense = || {
        let (a, b) = (String::from_utf8_lossy(&a.name), String::from_utf8_lossy(&b.name));
        tokens(&a).cmp(tokens(&b))
    };
    b.is_folder.cmp(&a.is_folder).then_with(by_sense).then_with(|| a.name.cmp(&b.name))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    /// How many digits it has without leading zeros, and which: the longer number is the larger.
    Number(usize, &'a str),
    Char(char),
}

fn tokens(mut rest: &str) -> impl Iterator<Item = Token<'_>> {
    iter::from_fn(move || {
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.len() < rest.len() {
            let digits = rest[..rest.len() - behind.len()].trim_start_matches('0');
            rest = behind;
            return Some(Token::Number(digits.len(), digits));
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        rest = chars.as_str();
        Some(Token::Char(lower(c)))
    })
}

/// The small letter, where it is one.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}
