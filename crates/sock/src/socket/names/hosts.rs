//! This host and others: names, aliases, addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Hints, c_string, failed, resolve};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::socket::{Family, Kind};
use crate::sys::names as sys;

/// The name of this machine.
///
/// Python: `socket.gethostname`; C: `gethostname(2)`.
///
/// # Errors
///
/// None on Linux; elsewhere what `gethostname` says.
///
/// # Examples
///
/// ```
/// assert!(!sock::socket::hostname()?.is_empty());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn hostname() -> Result<String> {
    Ok(sys::hostname()?)
}

/// The first IPv4 address of a host.
///
/// A dotted address is its own answer, `""` is every interface (`0.0.0.0`), and `"<broadcast>"`
/// is `255.255.255.255`. For IPv6 there is [`resolve`](super::resolve()).
///
/// Python: `socket.gethostbyname`; C: `gethostbyname(3)`, which threads may not share.
///
/// # Errors
///
/// [`ErrorKind::NameNotKnown`], [`ErrorKind::NameTryAgain`] or [`ErrorKind::NameFailed`], with
/// the resolver's code.
///
/// # Examples
///
/// ```
/// use sock::socket::host_by_name;
///
/// assert!(host_by_name("localhost")?.is_loopback());
/// assert_eq!(host_by_name("")?.to_string(), "0.0.0.0");
/// # Ok::<(), sock::Error>(())
/// ```
pub fn host_by_name(name: &str) -> Result<Ipv4Addr> {
    match name {
        "" => return Ok(Ipv4Addr::UNSPECIFIED),
        "<broadcast>" => return Ok(Ipv4Addr::BROADCAST),
        _ => {}
    }
    match first_address(name, Some(Family::Inet))? {
        IpAddr::V4(addr) => Ok(addr),
        IpAddr::V6(_) => Err(no_address(name)),
    }
}

fn first_address(name: &str, family: Option<Family>) -> Result<IpAddr> {
    let hints = Hints { family, kind: Some(Kind::Stream), ..Hints::default() };
    let found = resolve(name, None, hints)?;
    found.iter().find_map(|found| found.address.host()).ok_or_else(|| no_address(name))
}

fn no_address(name: &str) -> Error {
    Error::from_resolver_code(libc::EAI_NODATA, about(name))
}

/// What is known of one host: its name, its other names, its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostEntry {
    /// The name that the host goes by.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Its addresses, all of one family.
    pub addresses: Vec<IpAddr>,
}

impl From<sys::Host> for HostEntry {
    fn from(host: sys::Host) -> Self {
        Self { name: host.name, aliases: host.aliases, addresses: host.addrs }
    }
}

/// A host by its name, with its other names and all its IPv4 addresses.
///
/// Python: `socket.gethostbyname_ex`; C: `gethostbyname_r(3)`.
///
/// # Errors
///
/// As [`host_by_name`].
///
/// # Examples
///
/// ```
/// let entry = sock::socket::host_by_name_ex("127.0.0.1")?;
/// assert_eq!(entry.addresses[0].to_string(), "127.0.0.1");
/// # Ok::<(), sock::Error>(())
/// ```
pub fn host_by_name_ex(name: &str) -> Result<HostEntry> {
    // `gethostbyname` reads text that the resolver refuses, and has no notion of these two.
    let addr = host_by_name(name)?;
    if name.is_empty() || addr.is_broadcast() {
        return Ok(HostEntry {
            name: addr.to_string(),
            aliases: Vec::new(),
            addresses: vec![addr.into()],
        });
    }
    let found = sys::host_by_name(&c_string(name)?).map_err(|why| failed(&about(name), why))?;
    Ok(found.into())
}

/// A host by its address, or by its name: its name, its other names, its addresses, among them
/// the one that was asked for.
///
/// Python: `socket.gethostbyaddr`; C: `gethostbyaddr_r(3)`.
///
/// # Errors
///
/// As [`host_by_name`]; [`ErrorKind::NameNotKnown`] above all when nobody knows a name for the
/// address.
///
/// # Examples
///
/// ```
/// // Nobody may give a name to an address that RFC 5737 keeps for documents.
/// assert!(sock::socket::host_by_addr("192.0.2.1").is_err());
/// ```
pub fn host_by_addr(host: &str) -> Result<HostEntry> {
    let addr = match host {
        "" => Ipv4Addr::UNSPECIFIED.into(),
        "<broadcast>" => Ipv4Addr::BROADCAST.into(),
        _ => first_address(host, None)?,
    };
    let found = sys::host_by_addr(addr)
        .map_err(|why| failed(&format!("cannot find a name for '{}'", host.escape_debug()), why))?;
    Ok(found.into())
}

/// The full name of a host: the first of its names that has a dot.
///
/// `""`, `"0.0.0.0"` and `"::"` stand for this machine. Where nothing fuller is known, the answer
/// is the host's name, or `name` itself if nobody knows it.
///
/// Python: `socket.getfqdn`; C has no such call.
///
/// # Examples
///
/// ```
/// use sock::socket::fqdn;
///
/// assert_eq!(fqdn(""), fqdn("0.0.0.0"));
/// assert_eq!(fqdn("no.such.host.invalid"), "no.such.host.invalid");
/// ```
#[must_use]
pub fn fqdn(name: &str) -> String {
    let own = |ip: IpAddr| {
        ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED) || ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    let mut name = name.trim().to_owned();
    if name.is_empty() || name.parse().is_ok_and(own) {
        name = hostname().unwrap_or_default();
    }
    let Ok(entry) = host_by_addr(&name) else { return name };
    let full = std::iter::once(&entry.name).chain(&entry.aliases).find(|name| name.contains('.'));
    full.unwrap_or(&entry.name).clone()
}

fn about(name: &str) -> String {
    format!("cannot resolve '{}'", name.escape_debug())
}
