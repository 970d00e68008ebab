//! Addresses to and from the kernel's structures, through rustix and socket2.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};
use socket2::SockAddr;

use super::Address;
use crate::error::{Error, ErrorKind, Result};
use crate::sys;

impl Address {
    /// The address of nobody: a connection has no sender to name.
    pub(crate) fn none() -> Self {
        Self::Other { family: 0, bytes: Vec::new() }
    }

    /// Reads what the kernel told.
    pub(crate) fn from_kernel(any: &SocketAddrAny) -> Self {
        let family = any.address_family();
        if family == AddressFamily::INET
            && let Ok(address) = any.clone().try_into()
        {
            return Self::Inet(address);
        }
        if family == AddressFamily::INET6
            && let Ok(address) = any.clone().try_into()
        {
            return Self::Inet6(address);
        }
        let raw = sys::address_bytes(any);
        let bytes = raw.get(size_of::<libc::sa_family_t>()..).unwrap_or_default();
        if family == AddressFamily::UNIX {
            return Self::from_unix(bytes);
        }
        Self::Other { family: i32::from(family.as_raw()), bytes: bytes.to_vec() }
    }

    /// Reads `sun_path`: rustix 1.1 leaves the NUL at the end of a path of exactly 107 bytes.
    fn from_unix(name: &[u8]) -> Self {
        match name {
            [] => Self::Unnamed,
            [0, name @ ..] => Self::Abstract(name.to_vec()),
            path => {
                let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
                Self::Path(PathBuf::from(OsStr::from_bytes(path)))
            }
        }
    }

    /// The kernel's structure.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for a name that does not fit, [`ErrorKind::Unsupported`] for
    /// a family of which only the number is known.
    pub(crate) fn to_kernel(&self) -> Result<SocketAddrAny> {
        self.check()?;
        let unix = match self {
            Self::Inet(address) => return Ok((*address).into()),
            Self::Inet6(address) => return Ok((*address).into()),
            Self::Path(path) => SocketAddrUnix::new(path.as_path()),
            Self::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
            Self::Unnamed => Ok(SocketAddrUnix::new_unnamed()),
            Self::Other { family, bytes } => {
                return sys::address_from_bytes(*family, bytes).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Unsupported,
                        format!("an address of family {family} cannot be used here"),
                    )
                });
            }
        };
        Ok(unix?.into())
    }
}

impl TryFrom<&Address> for SockAddr {
    type Error = Error;

    fn try_from(address: &Address) -> Result<Self> {
        address.check()?;
        match address {
            Address::Inet(address) => Ok((*address).into()),
            Address::Inet6(address) => Ok((*address).into()),
            Address::Path(path) => Ok(SockAddr::unix(path)?),
            Address::Abstract(name) => {
                let mut with_nul = vec![0];
                with_nul.extend_from_slice(name);
                Ok(SockAddr::unix(OsStr::from_bytes(&with_nul))?)
            }
            Address::Unnamed => Ok(SockAddr::unix("")?),
            Address::Other { family, .. } => Err(Error::new(
                ErrorKind::Unsupported,
                format!("an address of family {family} has no form in socket2"),
            )),
        }
    }
}

impl From<&SockAddr> for Address {
    fn from(address: &SockAddr) -> Self {
        if let Some(address) = address.as_socket() {
            return Self::from(address);
        }
        if let Some(name) = address.as_abstract_namespace() {
            return Self::Abstract(name.to_vec());
        }
        if let Some(path) = address.as_pathname() {
            return Self::Path(path.to_owned());
        }
        if address.is_unix() {
            return Self::Unnamed;
        }
        // Without reading its storage only the family of another address is known.
        Self::Other { family: i32::from(address.family()), bytes: Vec::new() }
    }
}
