//! Request: what is asked of a server, but for where it is.

use std::io::Read;
use std::path::PathBuf;

use data_encoding::BASE64;

use super::digest::User;
use super::multipart::{Bounded, Multipart};
use super::payload::Payload;
use crate::http::Fields;

/// What is asked of a server.
///
/// # Examples
///
/// ```
/// use sock::http::Request;
///
/// let request = Request::new("POST").json(r#"{"name":"ann"}"#).field("X-Trace", "1");
/// # let _ = request;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Request {
    method: Option<String>,
    pub(super) fields: Fields,
    pub(super) payload: Payload,
    /// What `Authorization` says.
    pub(super) auth: Option<String>,
    /// Whose password is proved where a server wants that.
    pub(super) user: Option<User>,
    pub(super) is_identity: bool,
}

impl Request {
    /// A request of this method; `Request::default()` is GET, or POST where there is a body.
    #[must_use]
    pub fn new(method: impl Into<String>) -> Self {
        Self { method: Some(method.into()), ..Self::default() }
    }

    /// Adds a field, which stands for the one of that name that would be sent otherwise.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push(name, value);
        self
    }

    /// Sends these bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.payload = Payload::Bytes(bytes.into().into());
        self
    }

    /// Sends a file.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.payload = Payload::File(path.into());
        self
    }

    /// Sends what is read until its end, in chunks; it cannot be sent again to where a redirect leads.
    #[must_use]
    pub fn reader(mut self, reader: impl Read + Send + 'static) -> Self {
        self.payload = Payload::reader(reader, false);
        self
    }

    /// The same, but what ends within 1 MiB is read to its end first and sent with its length: a server that knows no
    /// chunks understands it.
    #[must_use]
    pub fn input(mut self, reader: impl Read + Send + 'static) -> Self {
        self.payload = Payload::reader(reader, true);
        self
    }

    /// Sends JSON, which is not looked at.
    #[must_use]
    pub fn json(self, text: impl Into<String>) -> Self {
        self.bytes(text.into()).typed("application/json")
    }

    /// Sends the fields of a form.
    #[must_use]
    pub fn form<'a>(self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(pairs);
        self.bytes(text.finish()).typed("application/x-www-form-urlencoded")
    }

    /// Names a user and a password, in the basic way (RFC 7617), or in the way of digests (RFC 7616) where the
    /// server asks for that; another server than the first is not told them.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.auth = Some(basic(user, password));
        self.user = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Shows a token; another server than the first is not shown it.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.auth = Some(format!("Bearer {token}"));
        self.user = None;
        self
    }

    /// Asks for the bytes themselves, in no coding.
    #[must_use]
    pub fn identity(mut self) -> Self {
        self.is_identity = true;
        self
    }

    /// Sends a form that may hold files, of which each is read while it is sent.
    #[must_use]
    pub fn multipart(mut self, form: Multipart) -> Self {
        let form = Bounded::new(form);
        let media = form.media();
        self.payload = Payload::Form(form);
        self.typed(&media)
    }

    fn typed(mut self, media: &str) -> Self {
        if self.fields.get("content-type").is_none() {
            self.fields.push("Content-Type", media);
        }
        self
    }

    pub(super) fn method_for_payload(&self) -> &str {
        match (&self.method, &self.payload) {
            (Some(method), _) => method,
            (None, Payload::None) => "GET",
            (
                None,
                Payload::Bytes(_) | Payload::File(_) | Payload::Form(_) | Payload::Reader { .. },
            ) => "POST",
        }
    }
}

/// RFC 7617.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}
