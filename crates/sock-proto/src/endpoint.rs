//! How an address is written: parse what people type, show what the program prints.
//!
//! # Grammar
//!
//! ```text
//! endpoint = [ scheme ":" [ "//" ] ] place      no scheme: tcp
//!          | ( "unix" | "unixgram" ) ":" [ "//" ] ( path | "@" name )
//!          | "stdio" [ ":" ]
//! scheme   = "tcp" | "udp" | "tls"              in any case
//! place    = host ":" port                      that host
//!          | ":" port                           every interface, both families
//!          | port                               loopback
//! host     = name | IPv4 | "[" IPv6 [ "%" zone ] "]"
//! port     = 0 to 65535                         0: the system chooses
//! ```
//!
//! In a path or an abstract name `\\` is a backslash and `\xNN` the byte NN, so that a name of any bytes
//! can be written. A host made of digits and dots is a dotted quad or an error: the older short forms
//! (`127.1`, `0`) mean something that few readers expect, and `0` would be every interface unsaid.
//!
//! [`Display`](fmt::Display) writes `scheme://host:port`, or `scheme:port` for loopback; what it writes
//! parses to an equal endpoint.
//!
//! # Examples
//!
//! ```
//! use sock_proto::{Endpoint, Transport};
//!
//! let echo: Endpoint = "localhost:7".parse()?;
//! assert_eq!(echo.transport(), Transport::Tcp);
//! assert_eq!(echo.with_port(50007).to_string(), "tcp://localhost:50007");
//!
//! let error = "localhost:80x".parse::<Endpoint>().unwrap_err();
//! assert_eq!(error.to_string(), "bad endpoint: expected a port, 0 to 65535\n  localhost:80x\n              ^");
//! # Ok::<(), sock_proto::ParseError>(())
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

mod error;
mod host;
mod parse;
mod unix;

pub use error::ParseError;
pub use host::{Host, HostName, Zone};
pub use unix::UnixName;

/// A place to listen at or to call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A TCP port.
    Tcp(Host, u16),
    /// A UDP port.
    Udp(Host, u16),
    /// A TCP port where TLS is spoken.
    Tls(Host, u16),
    /// A stream socket of this machine.
    Unix(UnixName),
    /// A datagram socket of this machine.
    Unixgram(UnixName),
    /// The standard input and output of the program itself.
    Stdio,
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A byte stream over IP.
    Tcp,
    /// Datagrams over IP.
    Udp,
    /// An encrypted byte stream over TCP.
    Tls,
    /// A byte stream inside this machine.
    Unix,
    /// Datagrams inside this machine.
    Unixgram,
    /// Standard input and output.
    Stdio,
}

impl Transport {
    /// Every transport, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Tcp, Self::Udp, Self::Tls, Self::Unix, Self::Unixgram, Self::Stdio];

    /// The scheme that stands before the colon.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Tls => "tls",
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
            Self::Stdio => "stdio",
        }
    }

    /// True where bytes flow without boundaries and each direction has an end.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        match self {
            Self::Tcp | Self::Tls | Self::Unix | Self::Stdio => true,
            Self::Udp | Self::Unixgram => false,
        }
    }

    /// True where each message keeps its boundaries and nothing has an end.
    #[must_use]
    pub const fn is_datagram(self) -> bool {
        !self.is_stream()
    }

    /// True where TCP carries the bytes, encrypted or not.
    #[must_use]
    pub const fn is_over_tcp(self) -> bool {
        match self {
            Self::Tcp | Self::Tls => true,
            Self::Udp | Self::Unix | Self::Unixgram | Self::Stdio => false,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Endpoint {
    /// The TCP endpoint at a numeric address.
    #[must_use]
    pub fn tcp(addr: SocketAddr) -> Self {
        Self::Tcp(Host::from(addr), addr.port())
    }

    /// The UDP endpoint at a numeric address.
    #[must_use]
    pub fn udp(addr: SocketAddr) -> Self {
        Self::Udp(Host::from(addr), addr.port())
    }

    /// The TLS endpoint at a numeric address.
    #[must_use]
    pub fn tls(addr: SocketAddr) -> Self {
        Self::Tls(Host::from(addr), addr.port())
    }

    /// True where `text` means to be an endpoint, right or wrong, and not the argument of a service.
    ///
    /// What has a port or a scheme is an endpoint. A text that is meant as one and has a fault is still
    /// an endpoint, so that the fault is reported where it is.
    ///
    /// ```
    /// # use sock_proto::Endpoint;
    /// assert!(Endpoint::looks_like(":8000"));
    /// assert!(Endpoint::looks_like("localhost:80x"));
    /// assert!(!Endpoint::looks_like("./site"));
    /// ```
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        parse::looks_like(text)
    }

    /// What carries the bytes.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Tcp(..) => Transport::Tcp,
            Self::Udp(..) => Transport::Udp,
            Self::Tls(..) => Transport::Tls,
            Self::Unix(_) => Transport::Unix,
            Self::Unixgram(_) => Transport::Unixgram,
            Self::Stdio => Transport::Stdio,
        }
    }

    /// True where bytes flow without boundaries: see [`Transport::is_stream`].
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.transport().is_stream()
    }

    /// True where each message keeps its boundaries: see [`Transport::is_datagram`].
    #[must_use]
    pub const fn is_datagram(&self) -> bool {
        self.transport().is_datagram()
    }

    /// The host, where there is one.
    #[must_use]
    pub const fn host(&self) -> Option<&Host> {
        match self {
            Self::Tcp(host, _) | Self::Udp(host, _) | Self::Tls(host, _) => Some(host),
            Self::Unix(_) | Self::Unixgram(_) | Self::Stdio => None,
        }
    }

    /// The port, where there is one; 0 asks the system to choose.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(_, port) | Self::Udp(_, port) | Self::Tls(_, port) => Some(*port),
            Self::Unix(_) | Self::Unixgram(_) | Self::Stdio => None,
        }
    }

    /// The same place with another port; a place without ports stays as it is.
    #[must_use]
    pub fn with_port(mut self, new: u16) -> Self {
        match &mut self {
            Self::Tcp(_, port) | Self::Udp(_, port) | Self::Tls(_, port) => *port = new,
            Self::Unix(_) | Self::Unixgram(_) | Self::Stdio => {}
        }
        self
    }

    /// The same address by another transport, TCP where that has no ports; a place without ports stays as it is.
    ///
    /// ```
    /// # use sock_proto::{Endpoint, Transport};
    /// let endpoint: Endpoint = "localhost:443".parse()?;
    /// assert_eq!(endpoint.on(Transport::Tls).to_string(), "tls://localhost:443");
    /// # Ok::<(), sock_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn on(self, transport: Transport) -> Self {
        let (Self::Tcp(host, port) | Self::Udp(host, port) | Self::Tls(host, port)) = self else {
            return self;
        };
        match transport {
            Transport::Udp => Self::Udp(host, port),
            Transport::Tls => Self::Tls(host, port),
            Transport::Tcp | Transport::Unix | Transport::Unixgram | Transport::Stdio => {
                Self::Tcp(host, port)
            }
        }
    }

    /// The same place with another host; a place without hosts stays as it is.
    #[must_use]
    pub fn with_host(mut self, new: Host) -> Self {
        match &mut self {
            Self::Tcp(host, _) | Self::Udp(host, _) | Self::Tls(host, _) => *host = new,
            Self::Unix(_) | Self::Unixgram(_) | Self::Stdio => {}
        }
        self
    }

    /// The numeric address, where no resolver is needed to know it.
    ///
    /// `None` for a name, a zone that is no number, every interface and loopback, and where there is no
    /// host: [`to_listen`](Self::to_listen) and [`to_connect`](Self::to_connect) expand the last two.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        self.host()?.socket_addr(self.port()?)
    }

    /// The endpoints that a listener at this one opens.
    ///
    /// Loopback is 127.0.0.1 alone; every interface is both families, IPv6 first, because a port that the
    /// system chose for the first is then asked for by number for the second.
    ///
    /// ```
    /// # use sock_proto::Endpoint;
    /// let opened: Vec<String> =
    ///     "udp::53".parse::<Endpoint>()?.to_listen().iter().map(ToString::to_string).collect();
    /// assert_eq!(opened, ["udp://[::]:53", "udp://0.0.0.0:53"]);
    /// # Ok::<(), sock_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn to_listen(&self) -> Vec<Self> {
        self.on_each(Host::to_listen)
    }

    /// The endpoints that a caller of this one tries, in order.
    ///
    /// Loopback is 127.0.0.1, then `::1`; so is every interface, as the kernel takes a call to the
    /// unspecified address for a call to this machine.
    #[must_use]
    pub fn to_connect(&self) -> Vec<Self> {
        self.on_each(Host::to_connect)
    }

    fn on_each(&self, hosts: impl Fn(&Host) -> Vec<Host>) -> Vec<Self> {
        match self.host() {
            Some(host) => {
                hosts(host).into_iter().map(|host| self.clone().with_host(host)).collect()
            }
            None => alloc::vec![self.clone()],
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.transport();
        match self {
            Self::Tcp(host, port) | Self::Udp(host, port) | Self::Tls(host, port) => match host {
                // `tcp://80` would read as a host that is called 80.
                Host::Loopback => write!(f, "{scheme}:{port}"),
                Host::Every | Host::Name(_) | Host::V4(_) | Host::V6(..) => {
                    write!(f, "{scheme}://{host}:{port}")
                }
            },
            Self::Unix(name) | Self::Unixgram(name) => write!(f, "{scheme}:{name}"),
            Self::Stdio => write!(f, "{scheme}:"),
        }
    }
}
