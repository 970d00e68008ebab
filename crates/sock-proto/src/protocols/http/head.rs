//! Head: the beginning of a request, as the rest of the server reads it.

pub use httparse::Header as Field;

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
    /// HTTP/1.1, or a later version that means the same to us (RFC 9110, section 2.5).
    V11,
}

/// The beginning of a request: its line and its fields, where they lie in what came.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: Method,
    /// The target as it stood in the line, in origin form (`/a%20b?c`) or `*`.
    pub target: &'a [u8],
    /// The version.
    pub version: Version,
    /// The fields in their order: name as it came, value without the blanks around it.
    pub fields: &'a [Field<'a>],
}

impl<'a> Head<'a> {
    /// The first field of this name, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.each_field(name).next()
    }

    /// Every field of this name, in any case.
    pub fn each_field(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |field: &&Field<'_>| field.name.eq_ignore_ascii_case(name);
        self.fields.iter().filter(named).map(|field| field.value)
    }
}
