//! What a web server says to a request for a file: heads in, answers out, no connection.

use std::sync::Arc;
use std::time::Duration;

use sock_proto::protocols::http::answer::{Answer, Part};
use sock_proto::protocols::http::files::{self, Storing};
use sock_proto::protocols::http::head::{Field, Head, Method, Version};
use sock_proto::protocols::http::{Offer, Site};

mod auth;
mod conditions;
mod forms;
#[path = "../fuzz/mod.rs"]
mod fuzz;
mod get;
mod listing;
mod paths;
mod ranges;
#[path = "../shelf/mod.rs"]
mod shelf;
mod uploads;
mod wire;

/// When the files of the tests changed, and a day later, when they are asked for.
const CHANGED: Duration = Duration::from_secs(784_111_777);
const CHANGED_DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const WALL: Duration = Duration::from_secs(784_111_777 + 86_400);

/// What was answered, in a form that tests read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    status: u16,
    fields: String,
    body: Vec<u8>,
}

impl Said {
    /// The value of a field that is there once at most.
    fn field(&self, name: &str) -> Option<&str> {
        let fields = self
            .fields
            .split_terminator("\r\n")
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no field: {line:?}")));
        let mut found = fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v);
        let first = found.next();
        assert_eq!(found.next(), None, "{name} is there twice");
        first
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        let mut body = Vec::new();
        for part in &answer.body {
            match part {
                Part::Bytes(bytes) => body.extend_from_slice(bytes),
                Part::Shared(bytes, range) => body.extend_from_slice(&bytes[range.clone()]),
                Part::Span(span) => {
                    let mut bytes = vec![0; usize::try_from(span.len()).expect("it fits")];
                    assert_eq!(span.source().read_at(span.at(), &mut bytes), bytes.len());
                    body.extend_from_slice(&bytes);
                }
            }
        }
        assert_eq!(answer.len(), body.len() as u64);
        let fields = String::from_utf8(answer.fields).expect("fields are text");
        assert!(fields.is_empty() || fields.ends_with("\r\n"));
        Self { status: answer.status, fields, body }
    }
}

/// Asks with these fields.
fn head_of<T>(
    method: Method,
    target: &[u8],
    fields: &[(&str, &str)],
    ask: impl FnOnce(&Head<'_>) -> T,
) -> T {
    let fields: Vec<Field<'_>> =
        fields.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
    ask(&Head { method, target, version: Version::V11, fields: &fields })
}

fn ask(
    method: Method,
    site: &dyn Site,
    offer: &Offer,
    target: impl AsRef<[u8]>,
    fields: &[(&str, &str)],
) -> Said {
    head_of(method, target.as_ref(), fields, |head| files::answer(head, offer, site, WALL).into())
}

/// GET from who offers nothing special.
fn get(site: &dyn Site, target: impl AsRef<[u8]>, fields: &[(&str, &str)]) -> Said {
    ask(Method::Get, site, &Offer::default(), target, fields)
}

/// Sends a body in these pieces, as far as it is wanted.
fn send<'a>(
    method: Method,
    site: &Arc<dyn Site>,
    offer: &Offer,
    target: &str,
    fields: &[(&str, &str)],
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Said {
    let begun =
        head_of(method, target.as_bytes(), fields, |head| Storing::begin(head, offer, site));
    let mut storing = match begun {
        Ok(storing) => storing,
        Err(answer) => return answer.into(),
    };
    for piece in pieces {
        if let Err(answer) = storing.data(piece) {
            return answer.into();
        }
    }
    storing.end().into()
}
