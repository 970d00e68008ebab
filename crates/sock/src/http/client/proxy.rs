//! Proxies: through whom a server is reached.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use hyper_util::client::proxy::matcher::Matcher;
use sock_proto::{Endpoint, Host};

use super::digest::{Digest, User};
use super::drive::{Answered, Rest, exchange};
use super::outgoing;
use super::place::{Place, Scheme};
use super::wire::Wire;
use crate::socket::{Kind, ToAddress, Wanted};
use crate::{Error, ErrorKind, Result};

/// Which proxy is asked for what.
///
/// A proxy is written `http://[USER:PASSWORD@]HOST:PORT`, `socks5://…` or `socks5h://…`; the last one looks names
/// up itself.
///
/// # Examples
///
/// ```
/// use sock::http::{Client, Proxies};
///
/// let client = Client::new().proxies(Proxies::all("http://proxy.example:3128", "localhost,.example"));
/// # let _ = client;
/// ```
#[derive(Clone, Default)]
pub struct Proxies(Option<Arc<Rules>>);

/// Who is asked for what.
struct Rules {
    matcher: Matcher,
    /// The same hosts are left out, and for all others there is a proxy: so it is seen for whom there should be one.
    meant: Matcher,
    /// What was said of `http` and of `https`: the library under this leaves out what it cannot read.
    said: [Option<String>; 2],
}

impl Rules {
    fn new(matcher: Matcher, said: [Option<String>; 2], except: &str) -> Self {
        let meant = Matcher::builder().all("http://proxy.invalid").no(except).build();
        Self { matcher, meant, said }
    }

    /// What cannot be read and yet would be the proxy: to go without it would show to others what was meant for
    /// it alone.
    fn unread(&self, place: &Place, uri: &hyper::Uri) -> Option<&str> {
        let said = self.said[usize::from(place.scheme() == Scheme::Https)].as_deref();
        said.filter(|_| self.meant.intercept(uri).is_some())
    }
}

/// What the first of these variables that is set says, as the library under this looks for it.
fn first_of(names: [&str; 2]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok()).filter(|said| !said.is_empty())
}

impl Proxies {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Those that `http_proxy`, `https_proxy` and `all_proxy` name, but for the hosts in `no_proxy`.
    #[must_use]
    pub fn from_env() -> Self {
        let all = first_of(["ALL_PROXY", "all_proxy"]);
        let or_all = |said: Option<String>| said.or_else(|| all.clone());
        let said = [["HTTP_PROXY", "http_proxy"], ["HTTPS_PROXY", "https_proxy"]];
        // Within CGI a client could name the proxy, and so none counts.
        let is_cgi = std::env::var_os("REQUEST_METHOD").is_some();
        let said = said.map(|names| if is_cgi { None } else { or_all(first_of(names)) });
        let except = first_of(["NO_PROXY", "no_proxy"]).unwrap_or_default();
        Self(Some(Arc::new(Rules::new(Matcher::from_env(), said, &except))))
    }

    /// This one for everything, but for the hosts in `except`: names, with what lies beneath them,
    /// addresses and networks, with commas between; `*` is all. One that cannot be read makes every
    /// request fail.
    #[must_use]
    pub fn all(proxy: &str, except: &str) -> Self {
        let matcher = Matcher::builder().all(proxy).no(except).build();
        let said = [proxy, proxy].map(|said| Some(said.to_owned()));
        Self(Some(Arc::new(Rules::new(matcher, said, except))))
    }

    /// Through whom `place` is reached.
    pub(super) fn to(&self, place: &Place) -> Result<Option<Proxy>> {
        let uri = hyper::Uri::try_from(place.url().as_str()).ok();
        let Some((rules, to)) = self.0.as_ref().zip(uri) else { return Ok(None) };
        let Some(found) = rules.matcher.intercept(&to) else {
            let Some(said) = rules.unread(place, &to) else { return Ok(None) };
            // Before it there may be a password.
            let said = said.rsplit('@').next().unwrap_or_default();
            let text = format!("cannot use the proxy {said:?}: it is none");
            let cure = "write http://HOST:PORT, socks5://… or socks5h://…";
            return Err(Error::new(ErrorKind::InvalidArgument, text).cure(cure));
        };
        let uri = found.uri();
        let wrong = |why: &str| {
            let text = format!("cannot use the proxy {}: {why}", uri.host().unwrap_or_default());
            Error::new(ErrorKind::InvalidArgument, text)
        };
        let (speech, port) = match uri.scheme_str() {
            Some("http") | None => (Speech::Http, 80),
            Some("socks5") => (Speech::Socks { names: false }, 1080),
            Some("socks5h") => (Speech::Socks { names: true }, 1080),
            Some("https") => return Err(wrong("TLS to a proxy is not spoken here; try http://")),
            Some(other) => return Err(wrong(&format!("{other} is not spoken here; try http://"))),
        };
        let port = match (uri.port_u16(), uri.authority()) {
            (Some(port), _) => port,
            // What is too large the library under this takes for none.
            (None, Some(all)) if all.as_str().len() > all.host().len() + 1 => {
                return Err(wrong("its port is none; write a number up to 65535"));
            }
            (None, _) => port,
        };
        let host = uri.host().unwrap_or_default();
        let endpoint = format!("tcp://{host}:{port}").parse::<Endpoint>()?;
        let user = found.raw_auth().map(|(name, word)| (name.to_owned(), word.to_owned()));
        let basic = found.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
        let user = user.or_else(|| said_by(basic.as_deref()?));
        Ok(Some(Proxy { endpoint, speech, basic, user }))
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxies").field(&self.0.is_some()).finish()
    }
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) endpoint: Endpoint,
    speech: Speech,
    /// What `Proxy-Authorization` says.
    pub(super) basic: Option<String>,
    user: Option<User>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    Http,
    /// SOCKS 5; it may look names up itself.
    Socks {
        names: bool,
    },
}

impl Proxy {
    /// Whether it reads the request itself, and so wants the whole URL in it.
    pub(super) fn reads(&self, place: &Place) -> bool {
        self.speech == Speech::Http && place.scheme() == Scheme::Http
    }

    /// Whose password it may want to be proved.
    pub(super) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// Asks it to let us through to `place`; if it wants a proof first, by another connection.
    pub(super) fn pass(
        &self,
        wire: Wire,
        place: &Place,
        limit: Duration,
        call_again: impl Fn() -> Result<Wire>,
    ) -> Result<Wire> {
        let Speech::Socks { names } = self.speech else {
            return self.tunnel(wire, place, limit, call_again);
        };
        let mut wire = wire;
        let done = self.socks(&mut wire, place, names, limit);
        let text = || format!("the proxy {} does not connect to {place}", self.endpoint);
        done.map_err(|error| error.about(text()))?;
        Ok(wire)
    }

    /// RFC 9110, section 9.3.6.
    fn tunnel(
        &self,
        wire: Wire,
        place: &Place,
        limit: Duration,
        call_again: impl Fn() -> Result<Wire>,
    ) -> Result<Wire> {
        let to = format!("{}:{}", place.host(), place.port());
        let about = format!("the proxy {} does not connect to {to}", self.endpoint);
        let ask = |wire: Wire, auth: Option<&[u8]>| -> Result<Answered> {
            let request = outgoing::connect(&to, auth)?;
            exchange(wire, false, request, limit).map_err(|failed| failed.error.about(&*about))
        };
        let mut answered = ask(wire, self.basic.as_ref().map(String::as_bytes))?;
        let mut unproved = None;
        if let Some(user) = self.user.as_ref().filter(|_| answered.head.status == 407)
            && let Some(digest) = Digest::asked(&answered.head.fields, "proxy-authenticate")
                .unwrap_or_else(|why| {
                    unproved = Some(why);
                    None
                })
        {
            let proof = digest.answer(user, "CONNECT", &to)?;
            // One connection at a time: it may serve no more.
            drop(answered);
            answered = ask(call_again()?, Some(&proof))?;
        }
        let (status, reason) = (answered.head.status, answered.head.reason);
        match answered.rest {
            Rest::Plain { wire, early, .. } if (200..300).contains(&status) => {
                if !early.is_empty() {
                    let text = format!("{about}: it speaks before the server is asked");
                    return Err(Error::new(ErrorKind::Malformed, text));
                }
                Ok(*wire)
            }
            Rest::Plain { .. } | Rest::Framed(_) => {
                let error = Error::new(ErrorKind::Status, format!("{about}: {status} {reason}"));
                Err(match (status, unproved) {
                    (407, Some(why)) => error.cure(why.to_string()),
                    (407, None) => error.cure("name a user: http://USER:PASSWORD@HOST:PORT"),
                    _ => error,
                })
            }
        }
    }

    /// RFC 1928, and RFC 1929 for the user.
    fn socks(&self, wire: &mut Wire, place: &Place, names: bool, limit: Duration) -> Result<()> {
        let greeting: &[u8] = if self.user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        wire.say(greeting, limit)?;
        let chosen = wire.hear::<2>(limit)?;
        match (chosen, &self.user) {
            ([5, 0], _) => {}
            ([5, 2], Some((name, word))) => {
                let mut said = vec![1];
                for part in [name, word] {
                    let len = u8::try_from(part.len()).map_err(|_| too_long("user or password"))?;
                    said.push(len);
                    said.extend_from_slice(part.as_bytes());
                }
                wire.say(&said, limit)?;
                if wire.hear::<2>(limit)?[1] != 0 {
                    return Err(refused("it does not take this user and password"));
                }
            }
            ([5, _], None) => return Err(refused("it wants a user and a password")),
            ([5, _], Some(_)) => return Err(refused("it takes no user and password")),
            _ => return Err(Error::new(ErrorKind::Malformed, "it does not speak SOCKS 5")),
        }
        let mut asked = vec![5, 1, 0];
        asked.extend(target(place, names)?);
        asked.extend_from_slice(&place.port().to_be_bytes());
        wire.say(&asked, limit)?;
        let [version, outcome, _, form] = wire.hear::<4>(limit)?;
        if version != 5 {
            return Err(Error::new(ErrorKind::Malformed, "it does not speak SOCKS 5"));
        }
        failure(outcome)?;
        let len = match form {
            1 => 4,
            4 => 16,
            _ => usize::from(wire.hear::<1>(limit)?[0]),
        };
        for _ in 0..len + 2 {
            wire.hear::<1>(limit)?;
        }
        Ok(())
    }
}

/// The user in what a basic `Proxy-Authorization` says: where there is one, the library under this tells no other.
fn said_by(basic: &str) -> Option<User> {
    let bytes = BASE64.decode(basic.strip_prefix("Basic ")?.as_bytes()).ok()?;
    let (name, word) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((name.to_owned(), word.to_owned()))
}

/// Who is called, as SOCKS writes it.
fn target(place: &Place, names: bool) -> Result<Vec<u8>> {
    let endpoint = place.endpoint()?;
    let ip = match endpoint.host() {
        Some(Host::Name(name)) if names => {
            let len = u8::try_from(name.as_str().len()).map_err(|_| too_long("name"))?;
            return Ok([&[3, len], name.as_str().as_bytes()].concat());
        }
        Some(Host::Name(_)) => {
            let wanted = Wanted { family: None, kind: Some(Kind::Stream) };
            endpoint.to_addresses(wanted)?.first().and_then(crate::Address::host)
        }
        Some(Host::V4(addr)) => Some(IpAddr::V4(*addr)),
        Some(Host::V6(addr, _)) => Some(IpAddr::V6(*addr)),
        Some(Host::Loopback | Host::Every) | None => None,
    };
    match ip {
        Some(IpAddr::V4(addr)) => Ok([&[1][..], &addr.octets()].concat()),
        Some(IpAddr::V6(addr)) => Ok([&[4][..], &addr.octets()].concat()),
        None => Err(Error::new(ErrorKind::NameNotKnown, "the name has no address")),
    }
}

fn failure(outcome: u8) -> Result<()> {
    let (kind, text) = match outcome {
        0 => return Ok(()),
        2 => (ErrorKind::Status, "it is not allowed"),
        3 => (ErrorKind::Unreachable, "the network is unreachable"),
        4 => (ErrorKind::Unreachable, "the host is unreachable"),
        5 => (ErrorKind::Refused, "connection refused"),
        6 => (ErrorKind::Unreachable, "too many routers in between"),
        8 => (ErrorKind::Unsupported, "it does not know addresses of this family"),
        _ => (ErrorKind::Status, "it failed"),
    };
    Err(Error::new(kind, text))
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Status, why)
}

fn too_long(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the {what} is longer than 255 bytes"))
}
