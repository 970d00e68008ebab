//! Version: what names one state of what is behind a URL, and whether two replies are of the same.
//!
//! Two pieces may only be put together if both are of one version. What says so is a *strong*
//! validator: a quoted `ETag` without `W/`, or a `Last-Modified` that lies long enough before the
//! moment at which it was sent (RFC 9110, section 8.8.2.2).

use std::time::Duration;

use super::note::without_secret;
use crate::http::{Fields, Reply};

/// What is known of the version that bytes are of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Version {
    /// Its strong validator, as the server wrote it.
    pub(super) validator: Option<String>,
    /// How many bytes it has in all, if that was said.
    pub(super) total: Option<u64>,
    /// Who answered: a validator means something for one resource only.
    pub(super) answered: String,
}

impl Version {
    /// The version that a reply with a whole body is of.
    pub(super) fn of(reply: &Reply) -> Self {
        // The bytes of a coded body are not those of the file, and cannot be counted on.
        let validator = if is_coded(&reply.fields) { None } else { strong(&reply.fields) };
        Self { validator, total: promised(reply), answered: place(&reply.url) }
    }

    /// Whether the reply is surely of this version.
    pub(super) fn is_of(&self, reply: &Reply) -> bool {
        let same_total = match (self.total, reply.total) {
            (Some(had), Some(said)) => had == said,
            (None, _) | (_, None) => true,
        };
        let named = self.validator.is_some() && self.validator.as_deref() == named(&reply.fields);
        named && same_total && !is_coded(&reply.fields) && self.answered == place(&reply.url)
    }
}

impl Version {
    /// Whether the reply says that it is of another version.
    pub(super) fn is_other(&self, reply: &Reply) -> bool {
        named(&reply.fields).is_some_and(|named| self.validator.as_deref() != Some(named))
    }
}

/// How many bytes there will be in the end, if that was said.
pub(super) fn promised(reply: &Reply) -> Option<u64> {
    // What is said of a coded body is not said of the bytes that it gives.
    let total = if is_coded(&reply.fields) { None } else { reply.total };
    total.or_else(|| reply.len.map(|len| reply.from.saturating_add(len)))
}

/// What would be the validator, strong or not.
fn named(fields: &Fields) -> Option<&str> {
    let field = if fields.get("etag").is_some() { "etag" } else { "last-modified" };
    fields.sole(field)
}

/// How long a date must lie in the past to be more than a guess: clocks differ, and a file may change
/// twice in one second. RFC 9110 leaves the number open; RFC 7232 asked for one minute.
const SETTLED: Duration = Duration::from_mins(1);

/// The strong validator of what the fields describe.
pub(in crate::http) fn strong(fields: &Fields) -> Option<String> {
    if fields.get("etag").is_some() {
        // Where there is a tag, the date is not to be used beside it (RFC 9110, section 13.1.5).
        let tag = fields.sole("etag")?;
        return is_strong_tag(tag).then(|| tag.to_owned());
    }
    let modified = fields.sole("last-modified")?;
    let at = httpdate::parse_http_date(modified).ok()?;
    let sent = httpdate::parse_http_date(fields.sole("date")?).ok()?;
    (sent.duration_since(at).ok()? >= SETTLED).then(|| modified.to_owned())
}

/// Whether this may be a validator at all: no line end in it would begin another field.
pub(super) fn is_validator(text: &str) -> bool {
    let is_date = || httpdate::parse_http_date(text).is_ok();
    is_strong_tag(text) || (text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && is_date())
}

/// `"…"` of the characters that a tag may have (RFC 9110, section 8.8.3).
fn is_strong_tag(tag: &str) -> bool {
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte > b' ' && byte != b'"' && byte != 0x7f))
}

/// Whether the body is not the file itself, but a coding of it.
fn is_coded(fields: &Fields) -> bool {
    fields.all("content-encoding").any(|coding| !coding.trim().eq_ignore_ascii_case("identity"))
}

/// A URL without what follows the path, where what is signed for each request anew stands, and
/// without a password.
fn place(url: &str) -> String {
    let path = url.find(['?', '#']).map_or(url, |at| &url[..at]);
    without_secret(path).into_owned()
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

    const DATE: (&str, &str) = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn a_quoted_tag_is_a_validator_and_a_weak_one_is_none() {
        for (tag, is_strong) in [
            ("\"abc\"", true),
            ("\"\"", true),
            (" \"x;y\" ", true),
            ("W/\"abc\"", false),
            ("w/\"abc\"", false),
            ("abc", false),
            ("\"", false),
            ("\"a\"b\"", false),
            ("\"a b\"", false),
            ("", false),
        ] {
            let expected = is_strong.then(|| tag.trim().to_owned());
            assert_eq!(strong(&fields(&[("ETag", tag)])), expected, "{tag}");
        }
        // A weak tag is not helped by a date.
        let both = [("ETag", "W/\"a\""), ("Last-Modified", "Sun, 06 Nov 1990 08:49:37 GMT"), DATE];
        assert_eq!(strong(&fields(&both)), None);
    }

    #[test]
    fn two_names_that_differ_are_none() {
        assert_eq!(strong(&fields(&[("ETag", "\"a\""), ("ETag", "\"b\"")])), None);
        assert_eq!(strong(&fields(&[("ETag", "\"a\""), ("ETag", "\"a\"")])), Some("\"a\"".into()));
        let old = ["Sun, 06 Nov 1994 08:48:37 GMT", "Sun, 06 Nov 1994 08:47:37 GMT"];
        let dates = old.map(|date| ("Last-Modified", date));
        assert_eq!(strong(&fields(&[dates[0], dates[1], DATE])), None);
        assert_eq!(strong(&fields(&[dates[0], dates[0], DATE])), Some(old[0].to_owned()));
    }

    #[test]
    fn a_date_is_a_validator_once_it_has_settled() {
        for (modified, is_strong) in [
            ("Sun, 06 Nov 1994 08:48:37 GMT", true),
            ("Sunday, 06-Nov-94 08:48:37 GMT", true),
            ("Sun, 06 Nov 1994 08:48:38 GMT", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", false),
            ("Sun, 06 Nov 1994 08:50:37 GMT", false),
            ("yesterday", false),
        ] {
            let found = strong(&fields(&[("Last-Modified", modified), DATE]));
            assert_eq!(found, is_strong.then(|| modified.to_owned()), "{modified}");
            assert_eq!(
                strong(&fields(&[("Last-Modified", modified)])),
                None,
                "no Date: {modified}"
            );
        }
    }

    #[test]
    fn who_answered_is_compared_without_what_is_signed_anew() {
        assert_eq!(place("http://a/b?sig=1"), place("http://a/b?sig=2#x"));
        assert_ne!(place("http://a/b"), place("http://a/c"));
    }
}
