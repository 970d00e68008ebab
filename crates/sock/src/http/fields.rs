//! Fields: the header of a message, in its order.

use std::borrow::Cow;
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
pub struct Fields(Vec<Field>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
    /// It came as Latin-1, and goes back so.
    is_latin: bool,
}

impl Fields {
    /// No field.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field behind the others.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push(Field { name: name.into(), value: value.into(), is_latin: false });
    }

    /// Adds a field as it came: in UTF-8, or else Latin-1 as it was once meant.
    pub(super) fn push_bytes(&mut self, name: &str, value: &[u8]) {
        let (value, is_latin) = match std::str::from_utf8(value) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (value.iter().map(|&byte| char::from(byte)).collect(), true),
        };
        self.0.push(Field { name: name.to_owned(), value, is_latin });
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of every field of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.named(name).map(|field| field.value.as_str())
    }

    /// The same, as the bytes that they came in, for who has to give them back.
    pub(super) fn all_bytes(&self, name: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.named(name).map(Field::bytes)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
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
        self.0.iter().map(|field| (field.name.as_str(), field.value.as_str()))
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

impl Field {
    fn bytes(&self) -> Cow<'_, [u8]> {
        if !self.is_latin {
            return self.value.as_bytes().into();
        }
        // Each of these characters was one byte.
        self.value.chars().filter_map(|c| u8::try_from(c).ok()).collect()
    }
}

/// One line a field.
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
    }
}
