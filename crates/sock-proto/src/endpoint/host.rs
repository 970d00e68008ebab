//! The host of an endpoint: a name, a number, or one of the two that are said by leaving it out.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Which machine, and which of its interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name for the resolver.
    Name(HostName),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, and the zone that a link-local one needs.
    V6(Ipv6Addr, Option<Zone>),
    /// Every interface of this machine, in both families: `:PORT`.
    Every,
    /// This machine and nobody else: `PORT`.
    Loopback,
}

impl Host {
    pub(super) fn socket_addr(&self, port: u16) -> Option<SocketAddr> {
        match self {
            Self::V4(ip) => Some((*ip, port).into()),
            Self::V6(ip, zone) => {
                let scope = match zone {
                    Some(zone) => zone.index()?,
                    None => 0,
                };
                Some(SocketAddrV6::new(*ip, port, 0, scope).into())
            }
            Self::Name(_) | Self::Every | Self::Loopback => None,
        }
    }

    pub(super) fn to_listen(&self) -> Vec<Self> {
        match self {
            Self::Every => {
                vec![Self::V6(Ipv6Addr::UNSPECIFIED, None), Self::V4(Ipv4Addr::UNSPECIFIED)]
            }
            Self::Loopback => vec![Self::V4(Ipv4Addr::LOCALHOST)],
            Self::Name(_) | Self::V4(_) | Self::V6(..) => vec![self.clone()],
        }
    }

    pub(super) fn to_connect(&self) -> Vec<Self> {
        match self {
            Self::Every | Self::Loopback => {
                vec![Self::V4(Ipv4Addr::LOCALHOST), Self::V6(Ipv6Addr::LOCALHOST, None)]
            }
            Self::Name(_) | Self::V4(_) | Self::V6(..) => vec![self.clone()],
        }
    }
}

impl From<SocketAddr> for Host {
    fn from(addr: SocketAddr) -> Self {
        match addr {
            SocketAddr::V4(addr) => Self::V4(*addr.ip()),
            SocketAddr::V6(addr) => Self::V6(*addr.ip(), Zone::from_index(addr.scope_id())),
        }
    }
}

impl fmt::Display for Host {
    /// Writes what stands between `//` and the colon: nothing for every interface and loopback.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::V4(ip) => write!(f, "{ip}"),
            Self::V6(ip, None) => write!(f, "[{ip}]"),
            Self::V6(ip, Some(zone)) => write!(f, "[{ip}%{}]", zone.as_str()),
            Self::Every | Self::Loopback => Ok(()),
        }
    }
}

/// A host's name as it was written: letters, digits, `-`, `_` and dots, not a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName(String);

impl HostName {
    /// Makes a name of `text`, or nothing of a text that is none.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        super::parse::name(text).ok()
    }

    pub(super) fn checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The interface that a link-local IPv6 address belongs to: its name or its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Zone(String);

impl Zone {
    /// Makes a zone of `text`, or nothing of a text that no interface can be called.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        super::parse::zone(text).ok()
    }

    pub(super) fn checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The zone of interface number `index`; 0 is none.
    #[must_use]
    pub fn from_index(index: u32) -> Option<Self> {
        (index != 0).then(|| Self(index.to_string()))
    }

    /// The number, where the zone was written as one.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        self.0.parse().ok()
    }

    /// The name or number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
