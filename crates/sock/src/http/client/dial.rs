//! Dial: from a URL to a connection on which its request can be sent, step by step.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sock_proto::Endpoint;

use super::Settings;
use super::place::{Place, Scheme};
use super::proxy::Proxy;
use super::secret::Secret;
use super::wire::Wire;
use crate::http::Timing;
use crate::run::instant;
use crate::socket::{Address, ToAddress, Wanted};
use crate::{Error, ErrorKind, Result, Run, tls};

/// Who is called, and through whom.
pub(super) struct Route<'a> {
    pub(super) place: &'a Place,
    pub(super) proxy: Option<Proxy>,
    pub(super) unix: Option<Endpoint>,
}

impl<'a> Route<'a> {
    pub(super) fn new(settings: &Settings, place: &'a Place) -> Result<Self> {
        let unix = settings.unix.clone();
        let proxy = if unix.is_some() { None } else { settings.proxies.to(place)? };
        Ok(Self { place, proxy, unix })
    }

    /// Whether others than the one who is called may hear what is said.
    pub(super) fn is_overheard(&self, wire: &Wire) -> bool {
        if self.place.scheme() == Scheme::Https {
            return false;
        }
        if self.proxy.is_some() {
            // It goes on from there.
            let host = self.place.host().trim_matches(['[', ']']);
            let is_here = host.parse::<IpAddr>().map_or(host == "localhost", |ip| ip.is_loopback());
            return !is_here;
        }
        let peer = wire.socket().peer_addr().ok().and_then(|peer| peer.to_socket_addr());
        // A unix socket has no address, and leads nowhere else.
        peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback())
    }

    /// What two requests have in common that can use the same connection.
    pub(super) fn key(&self) -> String {
        let Self { place, proxy, .. } = self;
        let scheme = place.url().scheme();
        match proxy {
            // It reads requests to anybody.
            Some(proxy) if proxy.reads(place) => format!("proxy {}", proxy.endpoint),
            Some(proxy) => {
                format!("{scheme} {place} by {}", proxy.endpoint, place = authority(place))
            }
            None => format!("{scheme} {}", authority(place)),
        }
    }

    /// Connects, and agrees on TLS where it is wanted.
    pub(super) fn dial(
        &self,
        settings: &Settings,
        secrets: impl Fn() -> Result<tls::Client>,
        run: &Run,
        number: u64,
        timing: &mut Timing,
    ) -> Result<Wire> {
        let place = self.place;
        let is_secret = place.scheme() == Scheme::Https;
        let goal = Goal::new(settings, self)?;
        let about = |error: Error| error.about(format!("cannot speak TLS with {place}"));
        // What is wrong with a file of ours is told before anybody is called.
        let call = if is_secret {
            let name = place.host().trim_matches(['[', ']']);
            Some(secrets()?.call(name, &["http/1.1"]).map_err(about)?)
        } else {
            None
        };
        let began = instant();
        let call_again = || {
            let socket = settings.caller().stream(&goal)?;
            Ok(Wire::open(socket, is_secret, run, number))
        };
        let called = call_again();
        timing.name = goal.took.get();
        let mut wire = called?;
        let called = instant().saturating_duration_since(began);
        timing.connect = Some(called.saturating_sub(timing.name.unwrap_or_default()));
        let limit = settings.connect_timeout;
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| !proxy.reads(place)) {
            let began = instant();
            wire = proxy.pass(wire, place, limit, call_again)?;
            let passed = instant().saturating_duration_since(began);
            timing.connect = timing.connect.map(|connect| connect + passed);
        }
        if let Some(call) = call {
            let began = instant();
            let agreed = Secret::agree(&mut wire, call, place, limit);
            let secret = agreed.inspect_err(|error| wire.give_up(error.kind())).map_err(about)?;
            for line in secret.info(run.wall()) {
                wire.note("tls-info", &line);
            }
            wire.keep_secret(secret);
            timing.tls = Some(instant().saturating_duration_since(began));
        }
        Ok(wire)
    }
}

fn authority(place: &Place) -> String {
    format!("{}:{}", place.host(), place.port())
}

/// The addresses that are tried, and how long it took to know them.
struct Goal {
    endpoint: Endpoint,
    said: String,
    pinned: Vec<IpAddr>,
    took: Cell<Option<Duration>>,
}

impl Goal {
    fn new(settings: &Settings, route: &Route<'_>) -> Result<Self> {
        let place = route.place;
        let (endpoint, said) = match (&route.unix, &route.proxy) {
            (Some(unix), _) => (unix.clone(), unix.to_string()),
            (None, Some(proxy)) => {
                (proxy.endpoint.clone(), format!("the proxy {}", proxy.endpoint))
            }
            (None, None) => {
                let endpoint = place.endpoint()?;
                let said = endpoint.to_string().replacen("tls:", "tcp:", 1);
                (endpoint, said)
            }
        };
        let is_direct = route.unix.is_none() && route.proxy.is_none();
        let pins = settings.pins.iter().filter(|pin| is_direct && pin.is_for(place));
        Ok(Self {
            endpoint,
            said,
            pinned: pins.map(|pin| pin.addr).collect(),
            took: Cell::default(),
        })
    }
}

impl ToAddress for Goal {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        if self.pinned.is_empty() {
            let began = instant();
            let found = self.endpoint.to_addresses(wanted);
            let is_name = matches!(self.endpoint.host(), Some(sock_proto::Host::Name(_)));
            let took = instant().saturating_duration_since(began);
            self.took.set(is_name.then_some(took));
            return found;
        }
        let port = self.endpoint.port().unwrap_or_default();
        let at = |ip: &IpAddr| Address::from(SocketAddr::new(*ip, port));
        let found = self.pinned.iter().map(at);
        let fits = |addr: &Address| wanted.family.is_none_or(|family| family == addr.family());
        let found: Vec<Address> = found.filter(fits).collect();
        if found.is_empty() {
            let text = format!("no address of the family asked for is given for {}", self.said);
            return Err(Error::new(ErrorKind::NameNotKnown, text));
        }
        Ok(found)
    }

    fn describe(&self) -> String {
        self.said.clone()
    }
}

/// A host and a port whose address is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) addr: IpAddr,
}

impl Pin {
    fn is_for(&self, place: &Place) -> bool {
        self.port == place.port() && self.host.eq_ignore_ascii_case(place.host())
    }
}
