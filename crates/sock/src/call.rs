//! Caller: a connected socket from an endpoint, with the options of the run.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use sock_proto::{Endpoint, Host};

use crate::options::{IpFamily, SocketOptions};
use crate::socket::{Address, Connector, Family, Kind, Socket, ToAddress, Wanted};
use crate::{Error, ErrorKind, Result};

/// How an endpoint is called.
///
/// # Examples
///
/// ```
/// use sock::{Caller, Endpoint};
/// use sock::socket::create_server;
///
/// let server = create_server(("127.0.0.1", 0))?;
/// let port = server.local_addr()?.port().unwrap_or_default();
/// let socket = Caller::new().call(&Endpoint::tcp(([127, 0, 0, 1], port).into()))?;
/// assert_eq!(socket.peer_addr()?, server.local_addr()?);
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Caller {
    timeout: Duration,
    source: Option<SocketAddr>,
    options: SocketOptions,
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

impl Caller {
    /// Waits 10 s for a connection in all, and leaves the source to the system.
    #[must_use]
    pub fn new() -> Self {
        let timeout = Duration::from_secs(10);
        Self { timeout, source: None, options: SocketOptions::default() }
    }

    /// Waits so long, for all addresses together.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Binds to this address first; an unspecified host leaves the address to the system, port 0
    /// the port.
    #[must_use]
    pub fn source(mut self, source: SocketAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets the options of the socket.
    #[must_use]
    pub fn options(mut self, options: SocketOptions) -> Self {
        self.options = options;
        self
    }

    /// Calls `endpoint` and waits for the answer; a datagram socket only learns its peer. Where TLS is to
    /// be spoken, [`Service::over_tls`](crate::Service::over_tls) speaks it over the socket.
    ///
    /// # Errors
    ///
    /// The name is not known; each address refused, timed out or is unreachable, and the error
    /// keeps them [all](Error::attempts); the source is in use.
    pub fn call(&self, endpoint: &Endpoint) -> Result<Socket> {
        let socket = match endpoint {
            Endpoint::Tcp(..) | Endpoint::Tls(..) => self.stream(endpoint)?,
            Endpoint::Udp(..) => self.connect_datagram(endpoint)?,
            Endpoint::Unix(_) => {
                let socket = self.open(Family::Unix, Kind::Stream)?;
                socket.set_timeout(Some(self.timeout))?;
                socket.connect(endpoint)?;
                socket
            }
            Endpoint::Unixgram(_) => {
                let socket = self.open(Family::Unix, Kind::Datagram)?;
                // A name of the system's choice, or nobody could answer us.
                socket.bind(&Address::unix_bytes(b"")?)?;
                socket.connect(endpoint)?;
                socket
            }
            Endpoint::Stdio => {
                let text = format!("cannot connect to {endpoint}: this is not called by a socket");
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
        };
        socket.set_timeout(None)?;
        Ok(socket)
    }

    fn open(&self, family: Family, kind: Kind) -> Result<Socket> {
        let socket = Socket::new(family, kind)?;
        self.prepare(&socket)?;
        Ok(socket)
    }

    /// Sets the options while the socket is new.
    fn prepare(&self, socket: &Socket) -> Result<()> {
        let family = match socket.family() {
            Family::Inet => Some(IpFamily::V4),
            Family::Inet6 => Some(IpFamily::V6),
            Family::Unix | Family::Other(_) => None,
        };
        let kind = match socket.kind() {
            Kind::Stream => sock_proto::Kind::Stream,
            Kind::Datagram | Kind::Raw | Kind::SeqPacket | Kind::Other(_) => {
                sock_proto::Kind::Datagram
            }
        };
        Ok(self.options.apply(socket.descriptor()?.as_fd(), kind, family)?)
    }

    /// Connects a stream to the first of the addresses behind a name that answers, within the timeout.
    pub(crate) fn stream(&self, to: impl ToAddress) -> Result<Socket> {
        let mut connector =
            Connector::new().total(self.timeout).prepare(|socket| self.prepare(socket));
        if let Some(family) = self.options.family {
            connector = connector.family(family_of(family));
        }
        if let Some(source) = self.source {
            connector = connector.family(family_at(&source)).source(source);
        }
        connector.connect(to)
    }

    fn connect_datagram(&self, endpoint: &Endpoint) -> Result<Socket> {
        let family = self.options.family.map(family_of).or(self.source.as_ref().map(family_at));
        let wanted = Wanted { family, kind: Some(Kind::Datagram) };
        let addresses = endpoint.to_addresses(wanted)?;
        let mut last = None;
        for address in &addresses {
            let socket = self.open(address.family(), Kind::Datagram)?;
            if let Some(source) = self.source {
                socket.bind(source)?;
            }
            match socket.connect(address) {
                Ok(()) => return Ok(socket),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(ErrorKind::NameNotKnown, format!("{endpoint} has no address"))
        }))
    }
}

fn family_of(family: IpFamily) -> Family {
    match family {
        IpFamily::V4 => Family::Inet,
        IpFamily::V6 => Family::Inet6,
    }
}

fn family_at(addr: &SocketAddr) -> Family {
    if addr.is_ipv4() { Family::Inet } else { Family::Inet6 }
}

/// The addresses at which an endpoint is called: of loopback both, of every interface none.
impl ToAddress for Endpoint {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        let (host, port) = match self {
            Self::Tcp(host, port) | Self::Tls(host, port) | Self::Udp(host, port) => (host, *port),
            Self::Unix(name) | Self::Unixgram(name) => {
                let bytes = match (name.as_path(), name.as_abstract()) {
                    (Some(path), _) => path.to_vec(),
                    (None, Some(name)) => [&[0], name].concat(),
                    (None, None) => Vec::new(),
                };
                return Ok(vec![Address::unix(std::ffi::OsStr::from_bytes(&bytes))?]);
            }
            Self::Stdio => Err(Error::new(ErrorKind::InvalidArgument, "stdio has no address"))?,
        };
        let addrs: Vec<SocketAddr> = match host {
            Host::Name(name) => return (name.as_str(), port).to_addresses(wanted),
            Host::V4(addr) => vec![(*addr, port).into()],
            Host::V6(addr, zone) => {
                let index = |zone: &sock_proto::Zone| {
                    zone.index().map_or_else(|| crate::socket::interface_index(zone.as_str()), Ok)
                };
                let scope = zone.as_ref().map_or(Ok(0), index)?;
                vec![SocketAddrV6::new(*addr, port, 0, scope).into()]
            }
            // Where everybody is let in, loopback is let in.
            Host::Loopback | Host::Every => {
                vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]
            }
        };
        let fits = |addr: &SocketAddr| wanted.family.is_none_or(|f| f == family_at(addr));
        let found: Vec<Address> = addrs.into_iter().filter(fits).map(Address::from).collect();
        if found.is_empty() {
            let text = format!("{self} has no address of the family asked for");
            return Err(Error::new(ErrorKind::NameNotKnown, text));
        }
        Ok(found)
    }

    fn describe(&self) -> String {
        self.to_string()
    }
}
