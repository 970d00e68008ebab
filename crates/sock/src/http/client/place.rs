//! Place: where a URL leads, in the forms that people type.

use std::fmt;

use percent_encoding::percent_decode_str;
use sock_proto::{Endpoint, Host, HostName, Zone};
use url::Url;

use crate::{Error, ErrorKind, Result};

/// A URL, read once: what a request needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Without user, password, fragment and zone.
    url: Url,
    zone: Option<Zone>,
    user: Option<(String, String)>,
}

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    File,
}

impl Place {
    /// Reads what somebody typed: `localhost:8000/x`, `:8000`, `8000` and `example.org` are `http://` too.
    pub(super) fn new(typed: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let text = format!("cannot read the URL {typed:?}: {why}");
            Err(Error::new(ErrorKind::InvalidArgument, text))
        };
        if typed.chars().any(char::is_control) {
            return wrong("it has a control character; write it as %0A and its like");
        }
        let text = match complete(typed.trim_matches(' ')) {
            Some(text) => text,
            None if typed.is_empty() => return wrong("it is empty"),
            None => return wrong("it names no host; a file is file:///its/path"),
        };
        let (text, zone) = without_zone(text);
        let zone = match zone {
            Some(zone) => match Zone::new(&zone) {
                Some(zone) => Some(zone),
                None => return wrong("its zone is no name of an interface"),
            },
            None => None,
        };
        match Url::parse(&text) {
            Ok(url) => Self::of(url, zone),
            Err(error) => wrong(&error.to_string()),
        }
    }

    fn of(mut url: Url, zone: Option<Zone>) -> Result<Self> {
        let known = ["http", "https", "file"];
        if !known.contains(&url.scheme()) {
            let text = format!("cannot open {url}: http, https and file are spoken here");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = url.password().map(decode).unwrap_or_default();
        let user = match url.username() {
            "" if password.is_empty() => None,
            name => Some((decode(name), password)),
        };
        // They fail for URLs that can have none of them, and those have none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        Ok(Self { url, zone, user })
    }

    /// Where a `Location` leads from here; a user and a password of ours do not come along.
    pub(super) fn join(&self, location: &str) -> Result<Self> {
        let wrong = |why: String| {
            let text = format!("{self} redirects to {location:?}: {why}");
            Error::new(ErrorKind::Malformed, text)
        };
        let (text, zone) = without_zone(location.to_owned());
        let url = self.url.join(&text).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() == "file" {
            return Err(wrong("a server does not name files of this machine".to_owned()));
        }
        let zone = match zone.as_deref().and_then(Zone::new) {
            None if url.host() == self.url.host() => self.zone.clone(),
            zone => zone,
        };
        Self::of(url, zone).map_err(|error| wrong(error.to_string()))
    }

    pub(super) fn scheme(&self) -> Scheme {
        match self.url.scheme() {
            "https" => Scheme::Https,
            "file" => Scheme::File,
            _ => Scheme::Http,
        }
    }

    /// As the libraries under this read it.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The user and the password that stood in it.
    pub(super) fn user(&self) -> Option<&(String, String)> {
        self.user.as_ref()
    }

    /// Who is called.
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let host = match self.url.host() {
            Some(url::Host::Ipv4(addr)) => Some(Host::V4(addr)),
            Some(url::Host::Ipv6(addr)) => Some(Host::V6(addr, self.zone.clone())),
            Some(url::Host::Domain(name)) => HostName::new(name).map(Host::Name),
            None => None,
        };
        let Some(host) = host else {
            let text = format!("cannot open {self}: its host is no name");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        };
        let port = self.url.port_or_known_default().unwrap_or(80);
        Ok(match self.scheme() {
            Scheme::Https => Endpoint::Tls(host, port),
            Scheme::Http | Scheme::File => Endpoint::Tcp(host, port),
        })
    }

    /// The host as `Host` and a tunnel write it: an IPv6 address in brackets, without its zone.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// The `Host` field: the port only where it is not the scheme's own.
    pub(super) fn host_field(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// The target in origin form.
    pub(super) fn target(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Whether what is secret at `other` is secret here too.
    pub(super) fn is_same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin() && self.zone == other.zone
    }
}

/// Without user and password: it can be shown.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.zone, self.url.as_str().split_once(']')) {
            (Some(zone), Some((before, after))) => write!(f, "{before}%{}]{after}", zone.as_str()),
            (_, _) => f.write_str(self.url.as_str()),
        }
    }
}

/// The whole URL that a short form stands for.
fn complete(typed: &str) -> Option<String> {
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    if let Some((scheme, rest)) = typed.split_once(':') {
        // `localhost:8000` has the form of a scheme and a path.
        let is_ours = ["http", "https", "file"].contains(&scheme.to_ascii_lowercase().as_str());
        let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
        if is_scheme(scheme) && (rest.starts_with("//") || is_ours && !is_port) {
            return Some(typed.to_owned());
        }
    }
    if typed.starts_with("//") {
        return Some(format!("http:{typed}"));
    }
    if typed.starts_with(':') {
        return Some(format!("http://localhost{typed}"));
    }
    let host =
        typed.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && *host != ".")?;
    // As everywhere in this program: a number is a port of this machine.
    if host.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("http://localhost:{typed}"));
    }
    Some(format!("http://{typed}"))
}

/// Takes the zone out of an IPv6 host, which a URL has no room for (RFC 6874 wrote `%25` before it).
fn without_zone(text: String) -> (String, Option<String>) {
    let parts = || {
        let (before, rest) = text.split_once("//[")?;
        let (host, after) = rest.split_once(']')?;
        let (addr, zone) = host.split_once('%')?;
        Some((format!("{before}//[{addr}]{after}"), zone.strip_prefix("25").unwrap_or(zone)))
    };
    match parts() {
        Some((whole, zone)) => {
            let zone = zone.to_owned();
            (whole, Some(zone))
        }
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> String {
        Place::new(typed).map_or_else(|error| error.to_string(), |place| place.to_string())
    }

    #[test]
    fn what_people_type_is_a_url() {
        let rows = [
            ("localhost:8000/x", "http://localhost:8000/x"),
            (":8000", "http://localhost:8000/"),
            ("8000", "http://localhost:8000/"),
            ("8000/a?b", "http://localhost:8000/a?b"),
            ("example.org", "http://example.org/"),
            ("//example.org/a", "http://example.org/a"),
            ("HTTP://Example.org:80/%7Ea#part", "http://example.org/%7Ea"),
            ("https:example.org", "https://example.org/"),
            ("http://[::1]:8000/", "http://[::1]:8000/"),
            ("[::1]:8000", "http://[::1]:8000/"),
            ("http://[fe80::1%25lo]/a", "http://[fe80::1%lo]/a"),
            ("http://ann:secret@example.org/a b", "http://example.org/a%20b"),
            ("file:///etc/hosts", "file:///etc/hosts"),
            ("127.0.0.1:80/", "http://127.0.0.1/"),
        ];
        for (typed, whole) in rows {
            assert_eq!(read(typed), whole, "{typed}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert!(read("/etc/hosts").ends_with("it names no host; a file is file:///its/path"));
        assert!(read("http://a/b\r\nX: y").contains("control character"));
        assert!(read("ftp://a/b").ends_with("http, https and file are spoken here"));
        assert!(read("localhost:80x").contains("invalid port"));
        assert!(read("").contains("it is empty"));
    }

    #[test]
    fn a_user_is_taken_out_and_decoded() {
        let place = Place::new("http://ann:p%40ss@h/").unwrap();
        assert_eq!(place.user(), Some(&("ann".to_owned(), "p@ss".to_owned())));
        assert_eq!(place.join("/next").unwrap().user(), None);
    }

    #[test]
    fn a_redirect_is_read_from_where_it_came() {
        let place = Place::new("http://[fe80::1%lo]:81/a/b?c").unwrap();
        assert_eq!(place.join("d").unwrap().to_string(), "http://[fe80::1%lo]:81/a/d");
        assert_eq!(place.join("//h/").unwrap().to_string(), "http://h/");
        assert!(place.is_same_origin(&place.join("http://[fe80::1]:81/").unwrap()));
        assert!(!place.is_same_origin(&place.join("http://[fe80::1%eth9]:81/").unwrap()));
        assert!(!place.is_same_origin(&place.join("https://[fe80::1%lo]:81/").unwrap()));
        assert_eq!(place.join("file:///etc/passwd").unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(place.join("ftp://h/").unwrap_err().kind(), ErrorKind::Malformed);
    }

    #[test]
    fn the_host_field_has_the_port_where_it_says_something() {
        assert_eq!(Place::new("http://h:80/").unwrap().host_field(), "h");
        assert_eq!(Place::new("http://h:8080/").unwrap().host_field(), "h:8080");
        assert_eq!(Place::new("https://[::1]:80/?q").unwrap().host_field(), "[::1]:80");
        assert_eq!(Place::new("https://[::1]:80/?q").unwrap().target(), "/?q");
    }
}
