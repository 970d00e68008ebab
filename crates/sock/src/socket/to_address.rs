//! Anything that names an address, and the way from a name to the addresses behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::net::SocketAddr as StdUnixAddress;
use std::path::{Path, PathBuf};

use super::{Address, Family, Hints, Kind, resolve};
use crate::error::{Error, ErrorKind, Result};

/// The host that means every machine on the network, as Python spells it.
const BROADCAST: &str = "<broadcast>";

/// Which addresses are of use: those of the socket that asks.
///
/// # Examples
///
/// ```
/// use sock::socket::{Family, Kind, ToAddress, Wanted};
///
/// let wanted = Wanted::new(Family::Inet, Kind::Stream);
/// assert_eq!(("", 80).to_addresses(wanted)?[0].classic(), "('0.0.0.0', 80)");
/// # Ok::<(), sock::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The family, or any.
    pub family: Option<Family>,
    /// The kind, or any.
    pub kind: Option<Kind>,
}

impl Wanted {
    /// Addresses for a socket of this family and kind.
    #[must_use]
    pub fn new(family: Family, kind: Kind) -> Self {
        Self { family: Some(family), kind: Some(kind) }
    }

    /// Addresses of any family for sockets of this kind.
    #[must_use]
    pub fn any_family(kind: Kind) -> Self {
        Self { family: None, kind: Some(kind) }
    }
}

/// Anything that names an address.
///
/// | form | names |
/// |---|---|
/// | `("host", port)`, `(ip, port)` | a host by name or number; `""` every interface; `"<broadcast>"` 255.255.255.255 |
/// | `("host", port, flow)`, `("host", port, flow, scope)` | an inet6 address with all its items |
/// | `"host:port"`, `"[::1]:80"`, `":80"` | the same in one text |
/// | `"/run/a.sock"` on a unix socket | a path; `"\0name"` abstract; `""` let the system choose |
/// | [`Address`], [`SocketAddr`], [`Path`] … | themselves |
///
/// The tuple and text forms have the same meaning as Python's.
pub trait ToAddress {
    /// Every address that this names, the best first; never empty.
    ///
    /// # Errors
    ///
    /// A resolver error ([`ErrorKind::NameNotKnown`] …), [`ErrorKind::InvalidArgument`] if this
    /// cannot be an address of that family.
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>>;

    /// What error messages call it.
    fn describe(&self) -> String;
}

impl<T: ToAddress + ?Sized> ToAddress for &T {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        (**self).to_addresses(wanted)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

impl ToAddress for (&str, u16) {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        host_and_port(self.0, self.1, wanted)
    }

    fn describe(&self) -> String {
        match self.0 {
            host if host.contains(':') => format!("[{host}]:{}", self.1),
            "" => format!("*:{}", self.1),
            host => format!("{host}:{}", self.1),
        }
    }
}

impl ToAddress for (String, u16) {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        (self.0.as_str(), self.1).to_addresses(wanted)
    }

    fn describe(&self) -> String {
        (self.0.as_str(), self.1).describe()
    }
}

impl ToAddress for (&str, u16, u32) {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        (self.0, self.1, self.2, 0).to_addresses(wanted)
    }

    fn describe(&self) -> String {
        (self.0, self.1).describe()
    }
}

impl ToAddress for (&str, u16, u32, u32) {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        let (host, port, flow, scope) = *self;
        refuse_other_family(wanted, Family::Inet6, &self.describe())?;
        let hosts = host_and_port(host, port, Wanted { family: Some(Family::Inet6), ..wanted })?;
        let inet6 = hosts.iter().filter_map(|host| match host.to_socket_addr() {
            Some(SocketAddr::V6(found)) => Some(found),
            Some(SocketAddr::V4(_)) | None => None,
        });
        inet6
            .map(|found| {
                // A zone in the host (`fe80::1%eth0`) stays when the tuple names no scope.
                let scope = if scope == 0 { found.scope_id() } else { scope };
                Address::inet6(*found.ip(), port, flow, scope)
            })
            .collect()
    }

    fn describe(&self) -> String {
        (self.0, self.1).describe()
    }
}

impl ToAddress for str {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        if wanted.family == Some(Family::Unix) {
            return Ok(vec![Address::unix(self)?]);
        }
        let (host, port) = split_host_and_port(self)?;
        host_and_port(host, port, wanted)
    }

    fn describe(&self) -> String {
        self.escape_debug().to_string()
    }
}

impl ToAddress for String {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        self.as_str().to_addresses(wanted)
    }

    fn describe(&self) -> String {
        self.as_str().describe()
    }
}

impl ToAddress for Address {
    fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
        refuse_other_family(wanted, self.family(), &self.to_string())?;
        self.check()?;
        Ok(vec![self.clone()])
    }

    fn describe(&self) -> String {
        self.to_string()
    }
}

/// Types that become one [`Address`] without asking anybody.
macro_rules! names_itself {
    ($($name:ty: |$value:ident| $address:expr;)*) => {$(
        impl ToAddress for $name {
            fn to_addresses(&self, wanted: Wanted) -> Result<Vec<Address>> {
                let $value = self;
                Address::to_addresses(&$address, wanted)
            }

            fn describe(&self) -> String {
                let $value = self;
                $address.to_string()
            }
        }
    )*};
}

names_itself! {
    SocketAddr: |it| Address::from(*it);
    SocketAddrV4: |it| Address::from(*it);
    SocketAddrV6: |it| Address::from(*it);
    (IpAddr, u16): |it| Address::from(*it);
    (Ipv4Addr, u16): |it| Address::from(*it);
    (Ipv6Addr, u16): |it| Address::from(*it);
    Path: |it| Address::Path(it.to_owned());
    PathBuf: |it| Address::Path(it.clone());
    StdUnixAddress: |it| Address::from(it);
}

impl From<&StdUnixAddress> for Address {
    fn from(address: &StdUnixAddress) -> Self {
        use std::os::linux::net::SocketAddrExt;
        if let Some(path) = address.as_pathname() {
            return Self::Path(path.to_owned());
        }
        address.as_abstract_name().map_or(Self::Unnamed, |name| Self::Abstract(name.to_vec()))
    }
}

/// Cuts `host:port`; an IPv6 host stands in brackets.
fn split_host_and_port(text: &str) -> Result<(&str, u16)> {
    let refuse = |why: String| Err(Error::new(ErrorKind::InvalidArgument, why));
    let Some((host, port)) = text.rsplit_once(':') else {
        return refuse(format!("no port in '{text}'; write {text}:80"));
    };
    let Ok(port) = port.parse() else {
        return refuse(format!("'{port}' in '{text}' is no port; a port is 0 to 65535"));
    };
    match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(inner)) => Ok((inner, port)),
        Some(None) => refuse(format!("'{text}' opens a bracket and does not close it")),
        None if host.contains(':') => {
            refuse(format!("'{text}' is unclear; write an IPv6 host in brackets: [{host}]:{port}"))
        }
        None => Ok((host, port)),
    }
}

fn host_and_port(host: &str, port: u16, wanted: Wanted) -> Result<Vec<Address>> {
    let describe = || (host, port).describe();
    match (host, wanted.family) {
        (_, Some(family @ (Family::Unix | Family::Other(_)))) => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{} is a host and a port, and the socket's family is {family}", describe()),
        )),
        ("", Some(Family::Inet6)) => Ok(vec![Address::from((Ipv6Addr::UNSPECIFIED, port))]),
        ("", Some(Family::Inet) | None) => Ok(vec![Address::from((Ipv4Addr::UNSPECIFIED, port))]),
        (BROADCAST, _) => {
            refuse_other_family(wanted, Family::Inet, &describe())?;
            Ok(vec![Address::from((Ipv4Addr::BROADCAST, port))])
        }
        (host, Some(Family::Inet | Family::Inet6) | None) => {
            if let Ok(ip) = host.parse::<IpAddr>()
                && wanted.family.is_none_or(|family| family == Address::from((ip, port)).family())
            {
                return Ok(vec![Address::from((ip, port))]);
            }
            let found = look_up(host, port, wanted)?;
            if found.is_empty() {
                // EAI_ADDRFAMILY, which glibc gives for a name without an address of the family.
                return Err(Error::from_resolver_code(-9, format!("cannot resolve '{host}'")));
            }
            Ok(found)
        }
    }
}

/// Asks the system's resolver.
fn look_up(host: &str, port: u16, wanted: Wanted) -> Result<Vec<Address>> {
    // An address is good for every kind of socket; asking for one kind gives each only once.
    let kind = Some(Kind::Datagram);
    let hints = Hints { family: wanted.family, kind, ..Hints::default() };
    let found = resolve(host, port, hints)?;
    Ok(found.into_iter().map(|answer| answer.address).collect())
}

fn refuse_other_family(wanted: Wanted, family: Family, what: &str) -> Result<()> {
    match wanted.family {
        Some(own) if own != family => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{what} is of family {family}, and the socket's is {own}"),
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
