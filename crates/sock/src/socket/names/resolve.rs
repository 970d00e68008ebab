//! From host and service to addresses, and from an address to host and service.

use std::net::SocketAddr;
use std::ops::BitOr;

use super::{as_c, c_option, failed};
use crate::error::{Error, ErrorKind, Result};
use crate::socket::{Address, Family, Kind};
use crate::sys::names::{self as sys, Wanted};

/// A set of flags: the named ones, and the system's number for those without a name here.
macro_rules! flags {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $flag:ident = $value:expr;)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $name(i32);

        impl $name {
            $($(#[$doc])* pub const $flag: Self = Self($value);)*

            /// The flags of a number.
            #[must_use]
            pub const fn from_raw(raw: i32) -> Self {
                Self(raw)
            }

            /// The number that the system uses.
            #[must_use]
            pub const fn to_raw(self) -> i32 {
                self.0
            }
        }

        impl BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

flags! {
    /// How [`resolve`] looks (Python and C: `AI_…`).
    ResolveFlags {
        /// No host means every interface, for a `bind`; without it, this machine.
        PASSIVE = libc::AI_PASSIVE;
        /// Tell the host's canonical name.
        CANONICAL_NAME = libc::AI_CANONNAME;
        /// The host must be a number; nobody is asked.
        NUMERIC_HOST = libc::AI_NUMERICHOST;
        /// The service must be a number; no list is read.
        NUMERIC_SERVICE = libc::AI_NUMERICSERV;
        /// For inet6: IPv4 addresses as `::ffff:1.2.3.4` where there are no others.
        V4_MAPPED = libc::AI_V4MAPPED;
        /// With [`V4_MAPPED`](Self::V4_MAPPED): beside the others, too.
        ALL = libc::AI_ALL;
        /// Only families of which this machine has an address.
        CONFIGURED = libc::AI_ADDRCONFIG;
    }
}

flags! {
    /// How [`name_of`] looks (Python and C: `NI_…`).
    NameFlags {
        /// The host as a number; nobody is asked.
        NUMERIC_HOST = libc::NI_NUMERICHOST;
        /// The service as a number; no list is read.
        NUMERIC_SERVICE = libc::NI_NUMERICSERV;
        /// A host without a name is an error; without this flag, its number is the answer.
        NAME_REQUIRED = libc::NI_NAMEREQD;
        /// Of a host of our own domain, the name without the domain.
        SHORT = libc::NI_NOFQDN;
        /// The service is one of datagrams.
        DATAGRAM = libc::NI_DGRAM;
    }
}

/// Which service, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Service<'a> {
    /// No service: port 0.
    #[default]
    None,
    /// A port by its number.
    Port(u16),
    /// A service by its name, or a port in digits.
    Name(&'a str),
}

impl From<u16> for Service<'_> {
    fn from(port: u16) -> Self {
        Self::Port(port)
    }
}

impl<'a> From<&'a str> for Service<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<Option<&'a str>> for Service<'a> {
    fn from(name: Option<&'a str>) -> Self {
        name.map_or(Self::None, Self::Name)
    }
}

/// Which of its answers [`resolve`] is asked for; the default is all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// Addresses of this family only.
    pub family: Option<Family>,
    /// For sockets of this kind only.
    pub kind: Option<Kind>,
    /// For this protocol only, by its number (6 is TCP, 17 is UDP; 0 is any).
    pub protocol: i32,
    /// How to look.
    pub flags: ResolveFlags,
}

/// One answer of [`resolve`]: all that it takes to make a socket and to connect it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The family of the address.
    pub family: Family,
    /// The kind of socket.
    pub kind: Kind,
    /// The protocol, by its number.
    pub protocol: i32,
    /// The host's canonical name: of the first answer only, and only if it was asked for.
    pub canonical_name: Option<String>,
    /// The address.
    pub address: Address,
}

/// Every address of a host and service, in the order in which they are to be tried.
///
/// No host means this machine: loopback, or every interface with [`ResolveFlags::PASSIVE`]. An
/// IPv6 host may have a zone (`fe80::1%eth0`), which ends up as the scope of the address.
///
/// Python: `socket.getaddrinfo`; C: `getaddrinfo(3)`.
///
/// # Errors
///
/// With the resolver's code: [`ErrorKind::NameNotKnown`] (no such host, or neither host nor
/// service was given), [`ErrorKind::NameTryAgain`], or [`ErrorKind::NameFailed`] (above all a
/// service that is not known for this kind, and hints that contradict each other). [`ErrorKind::InvalidArgument`]: a name with a NUL in it, or a
/// port above 65535 in digits.
///
/// # Examples
///
/// ```
/// use sock::socket::{Hints, resolve};
/// use sock::{ErrorKind, Kind};
///
/// let hints = Hints { kind: Some(Kind::Stream), ..Hints::default() };
/// let found = resolve("127.0.0.1", 80, hints)?;
/// assert_eq!(found[0].address.classic(), "('127.0.0.1', 80)");
///
/// let error = resolve("no.such.host.invalid", 80, hints).unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::NameNotKnown | ErrorKind::NameTryAgain));
/// assert!(error.resolver_code().is_some());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn resolve<'a>(
    host: impl Into<Option<&'a str>>,
    service: impl Into<Service<'a>>,
    hints: Hints,
) -> Result<Vec<Resolved>> {
    let (host, service) = (host.into(), service.into());
    let digits;
    let service_text = match service {
        Service::None => None,
        Service::Port(port) => {
            digits = port.to_string();
            Some(digits.as_str())
        }
        Service::Name(name) => Some(in_range(name)?),
    };
    let c_host = c_option(host)?;
    let c_service = c_option(service_text)?;
    let wanted = Wanted {
        family: hints.family.map_or(libc::AF_UNSPEC, Family::to_raw),
        kind: hints.kind.map_or(0, Kind::to_raw),
        protocol: hints.protocol,
        flags: hints.flags.to_raw(),
    };
    let answers = sys::getaddrinfo(as_c(c_host.as_ref()), as_c(c_service.as_ref()), wanted)
        .map_err(|why| failed(&about(host, service), why))?;
    Ok(answers.into_iter().map(Resolved::from).collect())
}

/// Refuses digits that are no port: the C library would take their lower 16 bits.
fn in_range(service: &str) -> Result<&str> {
    let digits = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_digit());
    if digits && service.parse::<u16>().is_err() {
        let text = format!("port {service} is out of range; a port is 0 to 65535");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(service)
}

fn about(host: Option<&str>, service: Service<'_>) -> String {
    match (host, service) {
        (Some(host), Service::None | Service::Port(_)) => {
            format!("cannot resolve '{}'", host.escape_debug())
        }
        (Some(host), Service::Name(name)) => format!(
            "cannot resolve '{}' with the service '{}'",
            host.escape_debug(),
            name.escape_debug()
        ),
        (None, Service::Name(name)) => {
            format!("cannot resolve the service '{}'", name.escape_debug())
        }
        (None, Service::Port(_)) => "cannot resolve this machine".into(),
        (None, Service::None) => "cannot resolve: neither host nor service".into(),
    }
}

impl From<sys::Answer> for Resolved {
    fn from(answer: sys::Answer) -> Self {
        let address = Address::from(answer.addr);
        Self {
            family: address.family(),
            kind: Kind::from_raw(answer.kind),
            protocol: answer.protocol,
            canonical_name: answer.canonical_name,
            address,
        }
    }
}

/// The names of the host and the service at an address.
///
/// Python: `socket.getnameinfo`; C: `getnameinfo(3)`.
///
/// # Errors
///
/// With the resolver's code: [`ErrorKind::NameNotKnown`] with [`NameFlags::NAME_REQUIRED`],
/// [`ErrorKind::NameTryAgain`], [`ErrorKind::NameFailed`].
/// [`ErrorKind::InvalidArgument`]: the address is neither inet nor inet6.
///
/// # Examples
///
/// ```
/// use sock::Address;
/// use sock::socket::{NameFlags, name_of};
///
/// let numbers = NameFlags::NUMERIC_HOST | NameFlags::NUMERIC_SERVICE;
/// let (host, service) = name_of(&Address::from(([127, 0, 0, 1], 80)), numbers)?;
/// assert_eq!((host.as_str(), service.as_str()), ("127.0.0.1", "80"));
/// # Ok::<(), sock::Error>(())
/// ```
pub fn name_of(address: &Address, flags: NameFlags) -> Result<(String, String)> {
    let addr: SocketAddr = address.to_socket_addr().ok_or_else(|| {
        let text = format!("{address} has neither host nor port; name an inet or inet6 address");
        Error::new(ErrorKind::InvalidArgument, text)
    })?;
    sys::getnameinfo(addr, flags.to_raw())
        .map_err(|why| failed(&format!("cannot find a name for {address}"), why))
}
