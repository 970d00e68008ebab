//! Fields: the header of a message, in its order.

use std::fmt;

/// The fields of a message, in their order; names are compared in any case.
///
/// # Examples
///
/// ```
/// let mut fields = sock::http::Fields::new();
/// fields.push("Content-Type", "text/plain");
/// assert_eq!(fields.get("content-type"), Some("text/plain"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// No field.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field behind the others.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of every field of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The value of the fields of this name, where all that there are say the same; of two that differ
    /// nobody knows which one is meant.
    pub(super) fn sole(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name).map(str::trim);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// Every field, name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line a field.
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
    }
}
