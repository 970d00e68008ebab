//! Order: names as people sort them.

use alloc::borrow::Cow;
use alloc::string::String;
use core::cmp::Ordering;
use core::iter;

use crate::protocols::http::site::Entry;

/// A name among those to be put in order: folders first; then without regard to case, and numbers by
/// their value: `2.txt` before `10.txt`. What is the same by that is told apart by its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    text: Cow<'a, str>,
    pub(super) entry: &'a Entry,
}

impl<'a> From<&'a Entry> for Name<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self { text: String::from_utf8_lossy(&entry.name), entry }
    }
}

impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.entry, other.entry);
        let by_kind = b.is_folder.cmp(&a.is_folder);
        by_kind.then_with(|| by_sense(&self.text, &other.text)).then_with(|| a.name.cmp(&b.name))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The names of a large folder mostly begin alike, and what is alike need not be understood.
fn by_sense(a: &str, b: &str) -> Ordering {
    let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let mut at = a.floor_char_boundary(alike);
    // A number has its value as a whole.
    while a.as_bytes()[..at].last().is_some_and(u8::is_ascii_digit) {
        at -= 1;
    }
    tokens(&a[at..]).cmp(tokens(&b[at..]))
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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn what_is_alike_at_the_beginning_changes_no_order() {
        let letters = ["", "a", "A", "0", "1", "\u{e9}", "\u{e8}", "\u{c9}"];
        let mut names = Vec::new();
        for a in letters {
            for b in letters {
                for c in letters {
                    names.push([a, b, c].concat());
                }
            }
        }
        for a in &names {
            for b in &names {
                assert_eq!(by_sense(a, b), tokens(a).cmp(tokens(b)), "{a} {b}");
            }
        }
    }
}
