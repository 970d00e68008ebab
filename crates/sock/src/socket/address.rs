//! One address of any family: what the kernel tells and what it is told.

mod classic;
mod kernel;

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Family;
use crate::error::{Error, ErrorKind, Result};

/// The longest name that `sun_path` holds: 108 bytes, one of them the NUL at the end of a path or
/// in front of an abstract name (unix(7)).
const LONGEST_UNIX_NAME: usize = 107;

/// The flow label and traffic class fill 20 bits (RFC 3493, section 3.3; Python's range).
const LARGEST_FLOW: u32 = 0xf_ffff;

/// An address of any family, as bind and connect take it and accept and `recv_from` give it.
///
/// # Examples
///
/// ```
/// use sock::Address;
///
/// let web = Address::from(([127, 0, 0, 1], 1060));
/// assert_eq!(web.to_string(), "127.0.0.1:1060");
/// assert_eq!(web.classic(), "('127.0.0.1', 1060)");
/// assert_eq!(web.port(), Some(1060));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// IPv4: a host and a port.
    Inet(SocketAddrV4),
    /// IPv6: a host, a port, a flow label and a scope (the index of an interface).
    ///
    /// As everywhere in std, the flow label is held in network byte order;
    /// [`flow`](Self::flow) tells it as a number.
    Inet6(SocketAddrV6),
    /// A unix socket with a name in the file system.
    Path(PathBuf),
    /// A unix socket with an abstract name: any bytes, without the NUL in front.
    Abstract(Vec<u8>),
    /// A unix socket without a name; to bind it lets the system choose an abstract one.
    Unnamed,
    /// An address of another family, as the kernel told it, or none at all (family 0).
    Other {
        /// The number of the family.
        family: i32,
        /// What follows the family in the kernel's structure.
        bytes: Vec<u8>,
    },
}

impl Address {
    /// An IPv6 address with its flow label (0 to 1048575) and scope.
    ///
    /// Python: the tuple `(host, port, flowinfo, scope_id)`. C: `struct sockaddr_in6`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the flow label is over 1048575.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::Address;
    /// use std::net::Ipv6Addr;
    ///
    /// let address = Address::inet6(Ipv6Addr::LOCALHOST, 80, 10, 0)?;
    /// assert_eq!(address.classic(), "('::1', 80, 10, 0)");
    /// assert!(Address::inet6(Ipv6Addr::LOCALHOST, 80, 1_048_576, 0).is_err());
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn inet6(host: Ipv6Addr, port: u16, flow: u32, scope: u32) -> Result<Self> {
        if flow > LARGEST_FLOW {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("flowinfo {flow} is out of range; it must be 0 to {LARGEST_FLOW}"),
            ));
        }
        Ok(Self::Inet6(SocketAddrV6::new(host, port, flow.to_be(), scope)))
    }

    /// The address of a unix socket, in Python's spelling.
    ///
    /// A name that starts with NUL is abstract, the empty name is unnamed, any other is a path.
    /// Any bytes are welcome, UTF-8 or not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the name is longer than 107 bytes (without the first NUL
    /// of an abstract one) or if a path has a NUL in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::Address;
    ///
    /// assert_eq!(Address::unix("/run/a.sock")?.classic(), "'/run/a.sock'");
    /// assert_eq!(Address::unix("\0a")?, Address::Abstract(b"a".to_vec()));
    /// assert_eq!(Address::unix("")?, Address::Unnamed);
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn unix(name: impl AsRef<OsStr>) -> Result<Self> {
        Self::unix_bytes(name.as_ref().as_bytes())
    }

    /// The address of a unix socket from bytes: see [`unix`](Self::unix).
    ///
    /// # Errors
    ///
    /// As [`unix`](Self::unix).
    ///
    /// # Examples
    ///
    /// ```
    /// use sock::Address;
    ///
    /// assert_eq!(Address::unix_bytes(b"/run/\xff")?.classic(), r"'/run/\udcff'");
    /// # Ok::<(), sock::Error>(())
    /// ```
    pub fn unix_bytes(name: &[u8]) -> Result<Self> {
        let address = match name {
            [] => Self::Unnamed,
            [0, name @ ..] => Self::Abstract(name.to_vec()),
            path => Self::Path(PathBuf::from(OsStr::from_bytes(path))),
        };
        address.check()?;
        Ok(address)
    }

    /// The family of the address.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Inet(_) => Family::Inet,
            Self::Inet6(_) => Family::Inet6,
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => Family::Unix,
            Self::Other { family, .. } => Family::from_raw(*family),
        }
    }

    /// The host, of an inet or inet6 address.
    #[must_use]
    pub fn host(&self) -> Option<IpAddr> {
        self.to_socket_addr().map(|address| address.ip())
    }

    /// The port, of an inet or inet6 address.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.to_socket_addr().map(|address| address.port())
    }

    /// The flow label, of an inet6 address, in the host's byte order.
    #[must_use]
    pub fn flow(&self) -> Option<u32> {
        match self {
            Self::Inet6(address) => Some(u32::from_be(address.flowinfo())),
            Self::Inet(_)
            | Self::Path(_)
            | Self::Abstract(_)
            | Self::Unnamed
            | Self::Other { .. } => None,
        }
    }

    /// The path, of a unix address that has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Inet(_)
            | Self::Inet6(_)
            | Self::Abstract(_)
            | Self::Unnamed
            | Self::Other { .. } => None,
        }
    }

    /// std's form, of an inet or inet6 address.
    #[must_use]
    pub fn to_socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(SocketAddr::V4(*address)),
            Self::Inet6(address) => Some(SocketAddr::V6(*address)),
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed | Self::Other { .. } => None,
        }
    }

    /// Refuses what the kernel's structure cannot hold, with a better word than the kernel has.
    pub(crate) fn check(&self) -> Result<()> {
        let (name, what) = match self {
            Self::Path(path) => (path.as_os_str().as_bytes(), "path"),
            Self::Abstract(name) => (name.as_slice(), "name"),
            Self::Inet(_) | Self::Inet6(_) | Self::Unnamed | Self::Other { .. } => return Ok(()),
        };
        let refuse = |why: &str| Err(Error::new(ErrorKind::InvalidArgument, why.to_owned()));
        if name.len() > LONGEST_UNIX_NAME {
            let length = name.len();
            return refuse(&format!(
                "AF_UNIX {what} too long: {length} bytes; at most {LONGEST_UNIX_NAME} fit"
            ));
        }
        if what == "path" && (name.is_empty() || name.contains(&0)) {
            return refuse(
                "AF_UNIX path is empty or has a NUL in it; an abstract name starts with one",
            );
        }
        Ok(())
    }
}

impl fmt::Display for Address {
    /// `127.0.0.1:80`, `[::1]:80`, `/run/a.sock`, `@abstract`, `(unnamed)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => write!(f, "{address}"),
            Self::Inet6(address) => write!(f, "{address}"),
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Self::Unnamed => f.write_str("(unnamed)"),
            Self::Other { family: 0, .. } => f.write_str("(none)"),
            Self::Other { family, bytes } => write!(f, "family {family} {}", bytes.escape_ascii()),
        }
    }
}

impl From<SocketAddrV4> for Address {
    fn from(address: SocketAddrV4) -> Self {
        Self::Inet(address)
    }
}

impl From<SocketAddrV6> for Address {
    fn from(address: SocketAddrV6) -> Self {
        Self::Inet6(address)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::Inet(address),
            SocketAddr::V6(address) => Self::Inet6(address),
        }
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from((host, port): (I, u16)) -> Self {
        Self::from(SocketAddr::new(host.into(), port))
    }
}

#[cfg(test)]
mod tests;
