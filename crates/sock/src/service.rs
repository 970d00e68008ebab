//! Service: what a server offers, as a way to make sessions.

use std::fmt;
use std::sync::Arc;

use sock_proto::protocols::{Gate, NotTaken, Row, Settings};
use sock_proto::{Protocol, Session};

pub(crate) use sock_proto::is_small_service_port;
pub use sock_proto::protocols::Datagrams;

use crate::guarded::Guarded;

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
    row: Option<&'static Row>,
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
        Self::new(name, Sharing::Each, make)
    }

    /// A service with one protocol that all connections share, such as a room.
    pub fn shared<P: Protocol + Send + 'static>(
        name: &'static str,
        make: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Sharing::All, make)
    }

    fn new<P: Protocol + Send + 'static>(
        name: &'static str,
        sharing: Sharing,
        make: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(move || Box::new(make()) as Box<dyn Protocol + Send>);
        Self { name, make, sharing, datagrams: Datagrams::Stateless, row: None }
    }

    /// Sets how datagrams are answered; at first statelessly.
    #[must_use]
    pub fn with_datagrams(mut self, datagrams: Datagrams) -> Self {
        self.datagrams = datagrams;
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
    pub fn of_row(row: &'static Row, settings: &Settings) -> Result<Self, NotTaken> {
        row.check(settings)?;
        let settings = settings.clone();
        let sharing = if row.is_shared() { Sharing::All } else { Sharing::Each };
        let mut service = Self::new(row.name, sharing, move || row.make(&settings));
        service.row = Some(row);
        service.datagrams = row.datagrams;
        Ok(service)
    }

    /// Whether all connections share one session.
    pub(crate) fn is_shared(&self) -> bool {
        self.sharing == Sharing::All
    }

    /// A session in which we call the peer.
    pub(crate) fn calling(&self) -> AnySession {
        Session::call(Guarded::new((self.make)()))
    }

    pub(crate) fn session(&self) -> AnySession {
        let protocol = Guarded::new((self.make)());
        match self.row.map_or(Gate::Answer, |row| row.gate) {
            Gate::Answer => Session::answer(protocol),
            Gate::Call | Gate::Feeds => Session::call(protocol),
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
