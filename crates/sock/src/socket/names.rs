//! Names of hosts, services and interfaces, and the way from a name to an address and back.
//!
//! Everything here may be called by many threads at once. What fails in the resolver has a kind
//! of its own (`NameNotKnown`, `NameTryAgain`, `NameFailed`) and keeps the resolver's code;
//! the older calls number the same failures differently, and are told in the same codes here.

mod hosts;
mod resolve;
mod services;

use std::ffi::{CStr, CString};

pub use self::hosts::{HostEntry, fqdn, host_by_addr, host_by_name, host_by_name_ex, hostname};
pub use self::resolve::{Hints, NameFlags, ResolveFlags, Resolved, Service, name_of, resolve};
pub use self::services::{
    interface_index, interface_name, interfaces, service_by_name, service_by_port,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sys::names::{Failure, resolver_text};

/// A name as C wants it.
fn c_string(name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| {
        let text = format!("the name '{}' has a NUL in it", name.escape_debug());
        Error::new(ErrorKind::InvalidArgument, text)
    })
}

/// The same for a name that may be absent.
fn c_option(name: Option<&str>) -> Result<Option<CString>> {
    name.map(c_string).transpose()
}

fn as_c(name: Option<&CString>) -> Option<&CStr> {
    name.map(CString::as_c_str)
}

fn failed(about: &str, failure: Failure) -> Error {
    let mut error = Error::from_resolver_code(failure.code, about);
    if let Some(errno) = failure.errno {
        error = error.with_errno(errno);
    }
    if error.kind() == ErrorKind::NameFailed {
        // The kind says little; the resolver's words tell which of many things it was.
        error = error.cure(format!("the resolver says: {}", resolver_text(failure.code)));
    }
    error
}
