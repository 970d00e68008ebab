//! Contents: what is sent, and what has to come back.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};
use sock::Endpoint;
use sock_proto::load::{Check, Message, Until};
use sock_proto::protocols::{self, Row, TABLE};
use sock_proto::{Kind, Transport};

use super::{Ask, Target, What};
use crate::status::Usage;

/// What the user says about messages and replies.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    pub(crate) size: Option<usize>,
    pub(crate) message: Option<String>,
    pub(crate) service: Service,
    pub(crate) until: Option<Until>,
    pub(crate) method: String,
    pub(crate) fields: Vec<String>,
    pub(crate) body: Option<String>,
}

/// Which service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    /// This one.
    Named(String),
    /// The one whose port it is, if it is one of ours and nothing else is said.
    ByPort,
}

/// What is sent, and what has to come back.
pub(super) struct Said {
    pub(super) message: Message,
    pub(super) until: Until,
    pub(super) check: Option<(Check, &'static str)>,
    pub(super) is_http: bool,
}

/// A message of this size is a small one of any protocol.
const SIZE: usize = 64;
/// So much of a datagram differs from one to the next, so that its reply is known for its own.
const MARK: usize = 16;

impl Contents {
    /// What is sent to `endpoint`, and what has to come back.
    pub(super) fn said(
        &self,
        target: &Target,
        endpoint: &Endpoint,
        served: Option<&str>,
        ask: &Ask,
    ) -> Result<Said> {
        if let Target::Url { host, path, .. } = target {
            return self.http(host, path);
        }
        if matches!(ask.what, What::Bulk(_)) {
            let (message, until) = (Message::default(), Until::Same);
            return Ok(Said { message, until, check: None, is_http: false });
        }
        let row = match (served, &self.service) {
            (Some(name), _) => Some(named(name)?),
            (None, Service::Named(name)) => Some(named(name)?),
            (None, Service::ByPort) => self.by_port(endpoint),
        };
        let kind = kind_of(endpoint);
        match row.map(|row| row.name) {
            Some("http") => {
                let port = endpoint.port().map_or(String::new(), |port| format!(":{port}"));
                self.http(&format!("localhost{port}"), "/")
            }
            Some("daytime" | "time" | "qotd") => self.told_unasked(kind),
            Some("greet" | "upper" | "ack" | "echo") | None => self.checked(row, endpoint),
            Some(name) => {
                let cure = if name == "chargen" { "--bulk down" } else { "--bulk up" };
                let text =
                    format!("{name} gives no reply to a message that could be timed; try {cure}");
                Err(Usage(text).into())
            }
        }
    }

    /// The service at whose own port this is, where the user has not said how the replies of another one end.
    fn by_port(&self, endpoint: &Endpoint) -> Option<&'static Row> {
        if self.until.is_some() {
            return None;
        }
        let port = endpoint.port()?;
        // Whoever chooses a message chooses it for a service that reads one.
        let known: &[&str] = if self.message.is_some() {
            &["upper", "ack", "echo"]
        } else {
            &["greet", "upper", "ack", "echo", "http", "daytime", "time", "qotd"]
        };
        TABLE.iter().filter(|row| known.contains(&row.name)).find(|row| {
            let its = if endpoint.is_stream() { row.stream_port } else { row.datagram_port };
            its == Some(port)
        })
    }

    /// Messages whose replies are checked, where it is known who answers.
    fn checked(&self, row: Option<&'static Row>, endpoint: &Endpoint) -> Result<Said> {
        let kind = kind_of(endpoint);
        let speaks_first = row.is_some_and(|row| row.name == "greet");
        let default = if speaks_first { Until::Close } else { Until::Same };
        let until = self.until.unwrap_or(default);
        let in_lines = until == Until::Line || row.is_some_and(|row| row.name == "ack");
        let message = match &self.message {
            Some(text) => {
                let mut text = contents(text)?;
                if in_lines && kind == Kind::Stream && !text.ends_with(b"\n") {
                    text.push(b'\n');
                }
                template(&text)?
            }
            None if speaks_first => Message::default(),
            None => self.made(kind, in_lines, row.is_some())?,
        };
        if message.fixed().is_some_and(<[u8]>::is_empty) && until != Until::Close {
            return Err(
                Usage("an empty message has no reply; give it a --size from 1".to_owned()).into()
            );
        }
        if kind == Kind::Datagram {
            fits(&message, endpoint)?;
        }
        let check = match row {
            None => None,
            Some(row) => {
                let check = Check::of(row, &message, kind).map_err(|why| Usage(why.to_string()))?;
                Some((check, row.name))
            }
        };
        Ok(Said { message, until, check, is_http: false })
    }

    /// A message of the size that was asked for.
    fn made(&self, kind: Kind, in_lines: bool, is_checked: bool) -> Result<Message> {
        let size = self.size.unwrap_or(SIZE);
        if size as u64 > LARGEST << 20 {
            let text = format!(
                "a message of {size} B is larger than {LARGEST} MiB; --bulk up sends bytes without end"
            );
            return Err(Usage(text).into());
        }
        if kind == Kind::Datagram && is_checked && size > 0 {
            let mark = size.min(MARK);
            return template(
                &[format!("{{random:{mark}}}").as_bytes(), &filler(size - mark)].concat(),
            );
        }
        let mut bytes = filler(size);
        if in_lines && let Some(last) = bytes.last_mut() {
            *last = b'\n';
        }
        Ok(Message::bytes(&bytes))
    }

    /// Services that speak when they are called, and end.
    fn told_unasked(&self, kind: Kind) -> Result<Said> {
        if self.message.is_some() {
            return Err(Usage(
                "this service answers whatever it is sent; leave --message".to_owned(),
            )
            .into());
        }
        let (message, until) = match kind {
            Kind::Stream => (Message::default(), Until::Close),
            Kind::Datagram => (Message::bytes(b"?"), Until::Same),
        };
        Ok(Said { message, until, check: None, is_http: false })
    }

    /// A request of HTTP/1.1.
    fn http(&self, host: &str, path: &str) -> Result<Said> {
        if self.message.is_some() || self.size.is_some() || self.until.is_some() {
            let text =
                "a request has --method, --header and --body, and HTTP says where a reply ends";
            return Err(Usage(text.to_owned()).into());
        }
        let body = self.body.as_deref().map(contents).transpose()?;
        let is_named = |name: &str| {
            let its =
                |field: &String| field.split_once(':').map(|(name, _)| name.trim().to_owned());
            self.fields.iter().filter_map(its).any(|its| its.eq_ignore_ascii_case(name))
        };
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.method);
        if !is_named("host") {
            let part = format!("Host: {host}\r\n");
            head += &part;
        }
        // Nothing else that the server would have to read: it is the server that is measured.
        for field in &self.fields {
            if !field.contains(':') || field.contains(['\r', '\n']) {
                return Err(Usage(format!("write a field as 'Name: value', not {field:?}")).into());
            }
            let part = format!("{field}\r\n");
            head += &part;
        }
        if let Some(body) = &body
            && !is_named("content-length")
        {
            let part = format!("Content-Length: {}\r\n", body.len());
            head += &part;
        }
        let request = [head.as_bytes(), b"\r\n", body.as_deref().unwrap_or_default()].concat();
        let message = template(&request)?;
        if body.is_some()
            && message.fixed().is_none()
            && template(&body.unwrap_or_default())?.fixed().is_none()
        {
            let text = "the length of a body stands before it: no {n}, {conn} or {random:16} in it";
            return Err(Usage(text.to_owned()).into());
        }
        let until = Until::Http { head: self.method.eq_ignore_ascii_case("HEAD") };
        Ok(Said { message, until, check: None, is_http: true })
    }
}

fn kind_of(endpoint: &Endpoint) -> Kind {
    if endpoint.is_stream() { Kind::Stream } else { Kind::Datagram }
}

/// What one datagram holds over IPv4: 65,535 B less 20 of IP and 8 of UDP (RFC 768, RFC 791). Over IPv6 it
/// is 20 B more, which nobody misses.
const LONGEST: usize = 65_507;

/// Whether the message, as it is on the first connection, fits in a datagram: no system would send it.
fn fits(message: &Message, endpoint: &Endpoint) -> Result<()> {
    if endpoint.transport() != Transport::Udp {
        return Ok(());
    }
    let mut bytes = Vec::new();
    message.write(0, 1, 1, &mut bytes);
    if bytes.len() <= LONGEST {
        return Ok(());
    }
    let n = bytes.len();
    let text = format!(
        "a message of {n} B is no datagram: UDP carries at most {LONGEST} B; take --size {LONGEST} or less, or tcp://"
    );
    Err(Usage(text).into())
}

fn named(name: &str) -> Result<&'static Row> {
    protocols::find(name).map_err(|unknown| Usage(unknown.to_string()).into())
}

/// A message is kept whole, and some copies of it: so large at most, in MiB.
const LARGEST: u64 = 64;

/// The text itself, or what is in the file that it names behind an @.
fn contents(text: &str) -> Result<Vec<u8>> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let unread = || Usage(format!("cannot read {path}"));
    let mut bytes = Vec::new();
    let mut file = File::open(path).with_context(unread)?.take((LARGEST << 20) + 1);
    file.read_to_end(&mut bytes).with_context(unread)?;
    if bytes.len() as u64 > LARGEST << 20 {
        return Err(
            Usage(format!("{path} is larger than {LARGEST} MiB: too much for a message")).into()
        );
    }
    Ok(bytes)
}

fn template(text: &[u8]) -> Result<Message> {
    Message::parse(text).map_err(|wrong| Usage(wrong.to_string()).into())
}

/// Letters in order, so that a reply of which a part is missing is not taken for a whole one.
fn filler(size: usize) -> Vec<u8> {
    let letters = b"abcdefghijklmnopqrstuvwxyz";
    let mut bytes = letters.repeat(size.div_ceil(letters.len()));
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_ones_own_is_answered_by_the_service_of_the_port() {
        let contents = |message: Option<&str>, until| Contents {
            size: None,
            message: message.map(str::to_owned),
            service: Service::ByPort,
            until,
            method: "GET".to_owned(),
            fields: Vec::new(),
            body: None,
        };
        let checked = |contents: &Contents, endpoint: &str| -> Option<&str> {
            let endpoint: Endpoint = endpoint.parse().expect("an endpoint");
            let row = contents.by_port(&endpoint);
            let said = contents.checked(row, &endpoint).expect("what is said");
            said.check.map(|(_, name)| name)
        };
        for message in [None, Some("hello"), Some("number {n} of {conn}, {random:16}")] {
            let own = contents(message, None);
            assert_eq!(checked(&own, "tcp://127.0.0.1:50007"), Some("echo"), "{message:?}");
            assert_eq!(checked(&own, "udp://127.0.0.1:12000"), Some("upper"), "{message:?}");
            assert_eq!(checked(&own, "tcp://127.0.0.1:1060"), Some("ack"), "{message:?}");
            assert_eq!(checked(&own, "tcp://127.0.0.1:4711"), None, "{message:?}");
            // Whoever says how a reply ends has a server of another kind.
            let other = contents(message, Some(Until::Line));
            assert_eq!(checked(&other, "tcp://127.0.0.1:50007"), None, "{message:?}");
        }
        // No page answers to it, and no greeting.
        for port in ["8000", "1234"] {
            let endpoint = format!("tcp://127.0.0.1:{port}");
            assert_eq!(checked(&contents(Some("hello"), None), &endpoint), None, "{port}");
        }
    }
}
