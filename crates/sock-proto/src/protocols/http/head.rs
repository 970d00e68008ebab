//! Head: the beginning of a request, as the rest of the server reads it.

use alloc::vec::Vec;

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `OPTIONS`.
    Options,
    /// `PUT`.
    Put,
    /// `POST`.
    Post,
    /// A method that this server does not have.
    Other,
}

/// A request's version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The simple request: `GET /` and a line end.
    V09,
    /// HTTP/1.0.
    V10,
    /// HTTP/1.1.
    V11,
}

/// The beginning of a request: its line and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The target as it stood in the line, in origin form (`/a%20b?c`) or `*`.
    pub target: Vec<u8>,
    /// The version.
    pub version: Version,
    /// The fields in their order: name as it came, value without the blanks around it.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    /// The first field of this name, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(n, _)| is_named(n, name)).map(|(_, value)| value.as_slice())
    }

    /// Every field of this name, in any case.
    pub fn each_field(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let fields = self.fields.iter().filter(move |(n, _)| is_named(n, name));
        fields.map(|(_, value)| value.as_slice())
    }
}

fn is_named(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
}
