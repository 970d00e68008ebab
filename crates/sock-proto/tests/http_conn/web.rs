//! A web server under a pump, and what it said.

use std::sync::Arc;

use sock_proto::protocols::Http;
use sock_proto::protocols::http::{Offer, Place, Site};
use sock_proto::{Command, Peer};

use crate::pump::Pump;

pub(crate) const ONE: Peer = Peer::FIRST;

/// What every answer has behind its status line.
pub(crate) const COMMON: &str = "Date: Tue, 22 Feb 1983 17:37:43 GMT\r\n";

/// A conversation with a server that explains itself.
pub(crate) fn web() -> Pump<Http> {
    offering(Offer::default())
}

pub(crate) fn offering(offer: Offer) -> Pump<Http> {
    Pump::stream(Http::new(Arc::new(offer)))
}

pub(crate) fn echo() -> Pump<Http> {
    offering(Offer { place: Place::Echo, ..Offer::default() })
}

/// A server of files, which takes such of 100 bytes and no longer.
pub(crate) fn files(site: impl Site + 'static) -> Pump<Http> {
    let place = Place::Site(Arc::new(site));
    offering(Offer { place, upload: Some(100), ..Offer::default() })
}

/// What a server says to this, and whether it then ends by itself.
pub(crate) fn says(mut pump: Pump<Http>, sent: &[u8]) -> (Vec<u8>, bool) {
    pump.data(ONE, sent);
    let ends = pump.commands(ONE) == [Command::Finish];
    assert!(ends || pump.commands(ONE).is_empty(), "{:?}", pump.commands(ONE));
    (pump.heard[&ONE].sent.concat(), ends)
}

/// One answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// The status line and the fields, with the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.head.lines().filter_map(|line| line.split_once(": "));
        let first = found.by_ref().find(|(n, _)| n.eq_ignore_ascii_case(name));
        assert!(!found.any(|(n, _)| n.eq_ignore_ascii_case(name)), "two {name}: {}", self.head);
        first.map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

/// Takes answers apart by their lengths; those to HEAD are given as `bodiless`.
pub(crate) fn answers(mut bytes: &[u8], bodiless: &[usize]) -> Vec<Said> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let mut said = Said { status, head, body: Vec::new() };
        let len: usize = said.field("Content-Length").map_or(0, |n| n.parse().unwrap());
        let len = if bodiless.contains(&all.len()) { 0 } else { len };
        said.body = bytes[end..end + len].to_vec();
        bytes = &bytes[end + len..];
        all.push(said);
    }
    all
}

/// The one answer to this, and whether the server then ends.
pub(crate) fn answer(pump: Pump<Http>, sent: impl AsRef<[u8]>) -> (Said, bool) {
    let sent = sent.as_ref();
    let bodiless = if sent.starts_with(b"HEAD") { &[0][..] } else { &[] };
    let (bytes, ends) = says(pump, sent);
    let mut all = answers(&bytes, bodiless);
    assert_eq!(all.len(), 1, "{all:?}");
    (all.remove(0), ends)
}

/// The statuses of all answers to this, and whether the server then ends.
pub(crate) fn statuses(pump: Pump<Http>, sent: impl AsRef<[u8]>) -> (Vec<u16>, bool) {
    let (bytes, ends) = says(pump, sent.as_ref());
    (answers(&bytes, &[]).iter().map(|said| said.status).collect(), ends)
}
