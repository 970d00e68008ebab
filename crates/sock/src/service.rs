//! Service: what a server offers, as a way to make sessions.

use std::fmt;
use std::sync::Arc;

use sock_proto::protocols::{Gate, NotTaken, Row, Settings};
use sock_proto::{Endpoint, Nested, Protocol, Session, Transport};

pub(crate) use sock_proto::is_small_service_port;
pub use sock_proto::protocols::Datagrams;

use crate::Result;
use crate::guarded::Guarded;
use crate::tls::{self, ClientTls, Layer};

/// A session of any kind, as engines hold it.
pub(crate) type AnySession = Session<Guarded>;

/// What a server offers: how a protocol is made, and for whom.
///
/// # Examples
///
/// ```
/// use sock::Service;
/// use sock_proto::protocols::Echo;
///
/// let echo = Service::each("echo", || Echo);
/// assert_eq!(echo.name(), "echo");
/// ```
#[derive(Clone)]
pub struct Service {
    name: &'static str,
    make: Arc<dyn Fn() -> Box<dyn Protocol + Send> + Send + Sync>,
    pub(crate) sharing: Sharing,
    pub(crate) datagrams: Datagrams,
    pub(crate) alpn: &'static [&'static str],
    row: Option<&'static Row>,
    /// What lies beneath its protocols where TLS is spoken.
    layer: Option<Layer>,
}

/// Who shares a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Each connection has its own.
    Each,
    /// All connections share one.
    All,
}

impl Service {
    /// A service that makes a protocol for each connection.
    pub fn each<P: Protocol + Send + 'static>(
        name: &'static str,
        make: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Sharing::Each, move || Box::new(make()))
    }

    /// A service with one protocol that all connections share, such as a room.
    pub fn shared<P: Protocol + Send + 'static>(
        name: &'static str,
        make: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Sharing::All, move || Box::new(make()))
    }

    fn new(
        name: &'static str,
        sharing: Sharing,
        make: impl Fn() -> Box<dyn Protocol + Send> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let (datagrams, alpn) = (Datagrams::Stateless, &[][..]);
        Self { name, make, sharing, datagrams, alpn, row: None, layer: None }
    }

    /// Sets how datagrams are answered; at first statelessly.
    #[must_use]
    pub fn with_datagrams(mut self, datagrams: Datagrams) -> Self {
        self.datagrams = datagrams;
        self
    }

    /// Names it where TLS agrees on a protocol (ALPN, RFC 7301), the best name first; the settings of TLS
    /// may say otherwise.
    #[must_use]
    pub fn with_alpn(mut self, names: &'static [&'static str]) -> Self {
        self.alpn = names;
        self
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One of the built-in protocols.
    ///
    /// # Errors
    ///
    /// The protocol does not take one of the settings.
    pub fn of_row(row: &'static Row, settings: &Settings) -> std::result::Result<Self, NotTaken> {
        row.check(settings)?;
        let settings = settings.clone();
        let sharing = if row.is_shared() { Sharing::All } else { Sharing::Each };
        let mut service = Self::new(row.name, sharing, move || row.make(&settings));
        service.row = Some(row);
        service.datagrams = row.datagrams;
        service.alpn = row.alpn;
        Ok(service)
    }

    /// Speaks TLS with the peer that is called at `endpoint`; the files are read now.
    ///
    /// # Errors
    ///
    /// A file of the settings is missing or is not what it has to be; the system names no authorities;
    /// no certificate can be for that host.
    pub fn over_tls(mut self, settings: &ClientTls, endpoint: &Endpoint) -> Result<Self> {
        let host = endpoint.host().map(tls::name_of).unwrap_or_default();
        self.layer = Some(Layer::calling(settings, &host)?);
        Ok(self)
    }

    /// Speaks TLS where callers come in by it.
    pub(crate) fn answering(mut self, layer: Layer) -> Self {
        self.layer = Some(layer);
        self
    }

    /// Whether all connections share one session.
    pub(crate) fn is_shared(&self) -> bool {
        self.sharing == Sharing::All
    }

    /// A session in which we call the peer.
    pub(crate) fn calling(&self) -> AnySession {
        self.calling_as((self.make)())
    }

    /// A session in which this protocol calls the peer, over TLS where the service speaks it.
    pub(crate) fn calling_as(&self, protocol: Box<dyn Protocol + Send>) -> AnySession {
        Session::call(match &self.layer {
            None => Guarded::new(protocol),
            Some(layer) => Guarded::new(Box::new(layer.over(Nested::call(protocol)))),
        })
    }

    /// The name of an end of a conversation in which we call, by what is spoken there.
    pub(crate) fn named(&self, endpoint: Endpoint) -> Endpoint {
        if self.layer.is_some() { endpoint.on(Transport::Tls) } else { endpoint }
    }

    /// A session of which each caller of this kind gets one.
    pub(crate) fn session(&self, transport: Transport) -> AnySession {
        let layer = self.layer.as_ref().filter(|_| transport == Transport::Tls);
        self.answer(layer)
    }

    /// The session that everybody shares; all of them speak TLS, or nobody does.
    pub(crate) fn room(&self) -> AnySession {
        self.answer(self.layer.as_ref())
    }

    fn answer(&self, layer: Option<&Layer>) -> AnySession {
        let protocol = (self.make)();
        let gate = self.row.map_or(Gate::Answer, |row| row.gate);
        match (gate, layer) {
            (Gate::Answer, None) => Session::answer(Guarded::new(protocol)),
            (Gate::Call | Gate::Feeds, None) => Session::call(Guarded::new(protocol)),
            (Gate::Answer, Some(layer)) => {
                Session::answer(Guarded::new(Box::new(layer.over(Nested::answer(protocol)))))
            }
            (Gate::Call | Gate::Feeds, Some(layer)) => {
                Session::call(Guarded::new(Box::new(layer.over(Nested::call(protocol)))))
            }
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("sharing", &self.sharing)
            .field("datagrams", &self.datagrams)
            .finish_non_exhaustive()
    }
}
