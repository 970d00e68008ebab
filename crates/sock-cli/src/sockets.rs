//! What the user wants of the sockets: the options of every verb that opens one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use sock::socket::{ToAddress, Wanted};
use sock::{Caller, IpFamily, Kind, Limits, SocketOptions};
use sock_proto::{Endpoint, Host, HostName};

/// A peer that never ends holds nobody for longer.
const LINGER: Duration = Duration::from_secs(2);

/// The options of every verb that opens sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sockets {
    /// How long to wait for a connection.
    pub(crate) connect_timeout: Duration,
    /// After so long without a byte a conversation is ended.
    pub(crate) idle: Option<Duration>,
    /// How long to wait for the peer's end after ours, where the user says so.
    pub(crate) linger: Option<Duration>,
    /// Where our side is.
    pub(crate) source: Option<Source>,
    /// Only addresses of this family.
    pub(crate) family: Option<IpFamily>,
    /// Whether small pieces leave at once.
    pub(crate) no_delay: bool,
    /// After so long a silent peer is probed.
    pub(crate) keepalive: Option<Duration>,
    /// The size of the receive buffer.
    pub(crate) receive_buffer: Option<usize>,
    /// The size of the send buffer.
    pub(crate) send_buffer: Option<usize>,
    /// How many routers a packet may pass.
    pub(crate) ttl: Option<u8>,
    /// The type of service.
    pub(crate) tos: Option<u8>,
    /// Whether our end is a reset.
    pub(crate) reset: bool,
    /// Where the record is written.
    pub(crate) record: Option<PathBuf>,
}

impl Sockets {
    /// What is set on each socket; `backlog` concerns those that listen.
    pub(crate) fn options(&self, backlog: Option<u32>) -> SocketOptions {
        let default = SocketOptions::default();
        SocketOptions {
            family: self.family,
            backlog: backlog.unwrap_or(default.backlog),
            no_delay: self.no_delay,
            keepalive: self.keepalive,
            receive_buffer: self.receive_buffer,
            send_buffer: self.send_buffer,
            ttl: self.ttl.map(u32::from),
            tos: self.tos.map(u32::from),
        }
    }

    /// How long a conversation may wait. Who only ends its own direction has, unless the user says
    /// otherwise, all the time in the world for what the peer still says; who hears no more has not.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            idle: self.idle,
            linger: Some(self.linger_or_default()),
            patience: self.linger,
            reset: self.reset,
            ..Limits::default()
        }
    }

    /// How long a peer to which we do not listen any more is waited for.
    pub(crate) fn linger_or_default(&self) -> Duration {
        self.linger.unwrap_or(LINGER)
    }

    /// How `endpoint` is called.
    pub(crate) fn caller(&self, endpoint: &Endpoint) -> Result<Caller> {
        let caller = Caller::new().timeout(self.connect_timeout).options(self.options(None));
        let is_v6 = matches!(endpoint.host(), Some(Host::V6(..)));
        Ok(match self.source_addr(is_v6)? {
            Some(source) => caller.source(source),
            None => caller,
        })
    }

    /// Where our side is, if the user says so; a port alone is of the family that is called.
    pub(crate) fn source_addr(&self, is_v6: bool) -> Result<Option<SocketAddr>> {
        let Some(source) = &self.source else { return Ok(None) };
        let port = source.port.unwrap_or(0);
        let Some(host) = &source.host else {
            let every: IpAddr = match self.family {
                Some(IpFamily::V6) => Ipv6Addr::UNSPECIFIED.into(),
                None if is_v6 => Ipv6Addr::UNSPECIFIED.into(),
                Some(IpFamily::V4) | None => Ipv4Addr::UNSPECIFIED.into(),
            };
            return Ok(Some(SocketAddr::new(every, port)));
        };
        let here = Endpoint::Tcp(host.clone(), port);
        let found = here.to_addresses(Wanted::any_family(Kind::Stream))?;
        let first = found.iter().find_map(sock::Address::to_socket_addr);
        let none =
            || sock::Error::new(sock::ErrorKind::NameNotKnown, format!("{here} has no address"));
        Ok(Some(first.ok_or_else(none)?))
    }
}

/// An address or a port of this machine, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Source {
    /// The interface; none: whichever leads there.
    pub(crate) host: Option<Host>,
    /// The port; 0: the system chooses.
    pub(crate) port: Option<u16>,
}

impl std::str::FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse() {
            return Ok(Self { host: None, port: Some(port) });
        }
        let numeric = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(ip) = numeric {
            return Ok(Self { host: Some(Host::from(SocketAddr::new(ip, 0))), port: None });
        }
        if let Some(name) = HostName::new(text) {
            return Ok(Self { host: Some(Host::Name(name)), port: None });
        }
        match format!("tcp://{text}").parse::<Endpoint>() {
            Ok(endpoint) => {
                let host = endpoint.host().filter(|host| **host != Host::Every).cloned();
                Ok(Self { host, port: endpoint.port() })
            }
            Err(_) => Err("write a port, an address, or both: 1600, 127.0.0.1, [::1]:1600".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_port_an_address_or_both() {
        let v4 = || Some(Host::V4([127, 0, 0, 1].into()));
        let v6 = || Some(Host::V6(Ipv6Addr::LOCALHOST, None));
        let written = [
            ("1600", None, Some(1600)),
            (":1600", None, Some(1600)),
            ("127.0.0.1", v4(), None),
            ("127.0.0.1:1600", v4(), Some(1600)),
            ("::1", v6(), None),
            ("[::1]:0", v6(), Some(0)),
            ("localhost", HostName::new("localhost").map(Host::Name), None),
        ];
        for (text, host, port) in written {
            assert_eq!(text.parse(), Ok(Source { host, port }), "{text}");
        }
        for text in ["", "65536", "127.0.0.1:x", "a b"] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }
}
