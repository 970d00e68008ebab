//! Response: what a server said, and its body while it is on its way.

use std::io::{self, Read};

use super::body::Delivery;
use super::decoded::{Coding, Decoded, Undecodable};
use crate::http::content_range::ContentRange;
use crate::http::download::strong;
use crate::http::{Body, Fields, Reply, Sink, Timing, Unproved};
use crate::{Error, ErrorKind, Result};

/// What a server said; the body is read from it.
///
/// The end of the body comes as an end only where it was whole; else reading fails, and
/// [`Error::shortfall`] tells how much had come.
#[derive(Debug)]
pub struct Response {
    pub(super) status: u16,
    pub(super) reason: String,
    /// It came in HTTP/1.0.
    pub(super) is_10: bool,
    pub(super) url: String,
    pub(super) fields: Fields,
    pub(super) timing: Timing,
    pub(super) unproved: Option<Unproved>,
    pub(super) len: Option<u64>,
    pub(super) body: Box<dyn Body>,
}

impl Response {
    pub(super) fn new(status: u16, reason: String, url: String, fields: Fields) -> Self {
        let (timing, len, body) = (Timing::default(), Some(0), Box::new(Nothing));
        let (is_10, unproved) = (false, None);
        Self { status, reason, is_10, url, fields, timing, unproved, len, body }
    }

    /// Takes in the body, and takes its coding off.
    pub(super) fn with_body(mut self, delivery: Delivery, takes_gzip: bool) -> Self {
        self.len = delivery.left();
        let coding = if takes_gzip { Coding::of(&self.fields) } else { Coding::None };
        self.body = match coding {
            _ if self.len == Some(0) => Box::new(delivery),
            Coding::None => Box::new(delivery),
            Coding::Gzip => {
                self.len = None;
                Box::new(Decoded::new(delivery))
            }
            Coding::Unasked(coding) => {
                self.len = None;
                Box::new(Undecodable::new(&coding))
            }
        };
        self
    }

    /// The status code: 200 is fine, 404 is not there.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What the server says beside the status code.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The line that its head begins with: `HTTP/1.1 200 OK`.
    #[must_use]
    pub fn line(&self) -> String {
        let minor = u8::from(!self.is_10);
        format!("HTTP/1.{minor} {} {}", self.status, self.reason).trim_end().to_owned()
    }

    /// The URL that answered, after every redirect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The header.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// How long each step took.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Why a password was not proved, where the server asks for that.
    #[must_use]
    pub fn unproved(&self) -> Option<&Unproved> {
        self.unproved.as_ref()
    }

    /// How many bytes the body will give, if that is known; of a decoded body it is not.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.len
    }

    /// Tells whether it is known that there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == Some(0)
    }

    /// The charset that the header names, in lower case: `utf-8`.
    #[must_use]
    pub fn charset(&self) -> Option<String> {
        let media = self.fields.get("content-type")?;
        let parameters = media.split(';').skip(1).filter_map(|part| part.split_once('='));
        let mut charsets =
            parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let (_, value) = charsets.next()?;
        Some(value.trim().trim_matches('"').to_ascii_lowercase())
    }

    /// Reads the body to its end as text, in the charset of the header or else UTF-8; what is none is
    /// replaced by `�`.
    ///
    /// # Errors
    ///
    /// The body is not whole.
    pub fn text(self) -> Result<String> {
        let charset = self.charset().unwrap_or_default();
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes());
        let bytes = self.bytes()?;
        let (text, _, _) = encoding.unwrap_or(encoding_rs::UTF_8).decode(&bytes);
        Ok(text.into_owned())
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    ///
    /// The body is not whole.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.body.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Moves the body to `to`, without a copy where the kernel can; how many bytes that were.
    ///
    /// # Errors
    ///
    /// The body is not whole; what `to` says.
    pub fn copy_to(&mut self, to: &mut dyn Sink) -> Result<u64> {
        self.body.copy_to(to)
    }

    /// Takes a status of 400 and above for a failure.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`], and the response is given up.
    pub fn checked(self) -> Result<Self> {
        if self.status < 400 {
            return Ok(self);
        }
        let reason = self.reason.escape_debug().to_string();
        let text = format!("{}: {} {reason}", self.url, self.status);
        let error = Error::new(ErrorKind::Status, text.trim_end());
        if let Some(why) = self.unproved {
            return Err(error.cure(why.to_string()));
        }
        Err(match self.status {
            401 => error.cure("name a user and a password"),
            404 | 410 => error.cure("look at the path"),
            429 | 503 => error.cure("try again later"),
            _ => error,
        })
    }

    /// As a download sees it.
    pub(super) fn into_reply(self) -> Reply {
        let part = (self.status == 206).then(|| ContentRange::of(&self.fields)).flatten();
        let (from, total) = match part {
            Some(part) => (part.first, part.total),
            None => (0, self.len),
        };
        Reply {
            status: self.status,
            line: self.line(),
            url: self.url,
            validator: strong(&self.fields),
            fields: self.fields,
            len: self.len,
            total,
            from,
            unproved: self.unproved,
            timing: self.timing,
            body: self.body,
        }
    }
}

impl Read for Response {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.body.read(buf)
    }
}

/// A body that is none.
#[derive(Debug)]
struct Nothing;

impl Read for Nothing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Body for Nothing {
    fn copy_to(&mut self, _: &mut dyn Sink) -> Result<u64> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    #[test]
    fn the_charset_is_read_from_the_media_type() {
        let of = |media: &str| {
            Response::new(200, String::new(), String::new(), fields(&[("Content-Type", media)]))
                .charset()
        };
        assert_eq!(of("text/html; a=b; Charset=\"ISO-8859-1\""), Some("iso-8859-1".to_owned()));
        assert_eq!(of("text/html"), None);
    }
}
