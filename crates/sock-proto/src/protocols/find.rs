//! Find a row by its name, and say which names are near when there is none.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Row, TABLE};

/// Finds the protocol that is called `name`.
///
/// # Errors
///
/// [`UnknownService`] shows the names that are near, or all of them when none is.
///
/// # Examples
///
/// ```
/// use sock_proto::protocols;
///
/// assert_eq!(protocols::find("upper")?.stream_port, Some(12000));
/// let error = protocols::find("ehco").unwrap_err();
/// assert_eq!(error.to_string(), "there is no service `ehco`; did you mean echo?");
/// # Ok::<(), protocols::UnknownService>(())
/// ```
pub fn find(name: &str) -> Result<&'static Row, UnknownService> {
    TABLE.iter().find(|row| row.name == name).ok_or_else(|| UnknownService { name: name.into() })
}

/// No protocol has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownService {
    /// What was asked for.
    pub name: String,
}

impl UnknownService {
    /// The names that the user may have meant, the nearest first.
    #[must_use]
    pub fn near(&self) -> Vec<&'static str> {
        let meant = self.name.to_lowercase();
        let distance = |row: &Row| {
            let begun = meant.len() >= 2 && row.name.starts_with(&meant);
            if begun { 1 } else { distance(&meant, row.name) }
        };
        let mut near: Vec<_> = TABLE
            .iter()
            .map(|row| (distance(row), row.name))
            // Of a word that is all slips nothing was meant.
            .filter(|(slips, name)| *slips <= 2 && *slips < name.chars().count().min(meant.len()))
            .collect();
        near.sort_by_key(|(slips, _)| *slips);
        near.into_iter().map(|(_, name)| name).collect()
    }
}

impl fmt::Display for UnknownService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was typed may hold anything; a message stays one line.
        write!(f, "there is no service `{}`; ", self.name.escape_debug())?;
        let near = self.near();
        if near.is_empty() {
            f.write_str("there are ")?;
            return list(f, TABLE.iter().map(|row| row.name), ", ");
        }
        f.write_str("did you mean ")?;
        list(f, near.into_iter(), " or ")?;
        f.write_str("?")
    }
}

impl core::error::Error for UnknownService {}

fn list(
    f: &mut fmt::Formatter<'_>,
    names: impl Iterator<Item = &'static str>,
    between: &str,
) -> fmt::Result {
    for (i, name) in names.enumerate() {
        write!(f, "{}{name}", if i == 0 { "" } else { between })?;
    }
    Ok(())
}

/// How many slips of the hand (a letter more, less, other, or two swapped) lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut rows: [Vec<usize>; 3] = [Vec::new(), (0..=b.len()).collect(), Vec::new()];
    let mut before = None;
    for (i, x) in a.chars().enumerate() {
        let [older, old, new] = &mut rows;
        new.clear();
        new.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut least = (old[j] + usize::from(x != *y)).min(old[j + 1] + 1).min(new[j] + 1);
            if j > 0 && before == Some(*y) && b[j - 1] == x {
                least = least.min(older[j - 1] + 1);
            }
            new.push(least);
        }
        before = Some(x);
        rows.rotate_left(1);
    }
    rows[1].last().copied().unwrap_or_default()
}
