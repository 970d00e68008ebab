//! The older calls, which read the lists of hosts and services.
//!
//! Only those that end in `_r` share nothing between threads: they write into a buffer of the
//! caller, which grows here until it is large enough. No kept crate has them.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use libc::{c_char, c_int, c_void, hostent, servent, socklen_t};

use super::{Failure, owned, text};

/// Where the buffer of the `_r` calls starts; a host with a few aliases fits.
const BUFFER_LEN: usize = 1024;
/// Where it ends: no answer has this size, so that one which asks for more is an error.
const BUFFER_MAX: usize = 1 << 20;
// The C library's own declarations, from <netdb.h>; glibc and musl agree on them.
unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        entry: *mut hostent,
        buf: *mut c_char,
        len: usize,
        found: *mut *mut hostent,
        failure: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        addr: *const c_void,
        addr_len: socklen_t,
        family: c_int,
        entry: *mut hostent,
        buf: *mut c_char,
        len: usize,
        found: *mut *mut hostent,
        failure: *mut c_int,
    ) -> c_int;
    fn getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        entry: *mut servent,
        buf: *mut c_char,
        len: usize,
        found: *mut *mut servent,
    ) -> c_int;
    fn getservbyport_r(
        port: c_int,
        protocol: *const c_char,
        entry: *mut servent,
        buf: *mut c_char,
        len: usize,
        found: *mut *mut servent,
    ) -> c_int;
}

/// What the host database knows of one host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) addrs: Vec<IpAddr>,
}

/// The IPv4 entry of a host.
pub(crate) fn host_by_name(name: &CStr) -> Result<Host, Failure> {
    host(|entry, buf, len, found, failure| {
        // SAFETY: `name` ends in a zero; the rest is handed through from `host`.
        unsafe { gethostbyname_r(name.as_ptr(), entry, buf, len, found, failure) }
    })
}

pub(crate) fn host_by_addr(addr: IpAddr) -> Result<Host, Failure> {
    let (family, addr_len, octets) = match addr {
        IpAddr::V4(v4) => (libc::AF_INET, 4, v4.octets().to_vec()),
        IpAddr::V6(v6) => (libc::AF_INET6, 16, v6.octets().to_vec()),
    };
    host(|entry, buf, len, found, failure| {
        // SAFETY: `octets` holds an address of `family` for as long as the call takes; its
        // length is `addr_len`. The rest is handed through from `host`.
        unsafe {
            gethostbyaddr_r(
                octets.as_ptr().cast(),
                addr_len,
                family,
                entry,
                buf,
                len,
                found,
                failure,
            )
        }
    })
}

/// Calls with a buffer that grows. `call` gets: the entry, the buffer, its length, the place for
/// the pointer to what was found, the place for the failure.
fn host(
    call: impl Fn(*mut hostent, *mut c_char, usize, *mut *mut hostent, *mut c_int) -> c_int,
) -> Result<Host, Failure> {
    let mut buf = vec![0_u8; BUFFER_LEN];
    loop {
        let mut entry = MaybeUninit::<hostent>::zeroed();
        let mut found = ptr::null_mut();
        let mut failure = 0;
        let errno = call(
            entry.as_mut_ptr(),
            buf.as_mut_ptr().cast(),
            buf.len(),
            &raw mut found,
            &raw mut failure,
        );
        if errno == libc::ERANGE && buf.len() < BUFFER_MAX {
            buf.resize(buf.len() * 2, 0);
            continue;
        }
        // SAFETY: `found` is null or points at `entry`, which the call then has filled with
        // pointers into `buf`; both are alive and unchanged since.
        return match unsafe { found.as_ref() } {
            // SAFETY: as above.
            Some(entry) => Ok(unsafe { copy_host(entry) }),
            None => Err(Failure::from_host_code(failure, errno)),
        };
    }
}

/// # Safety
///
/// `entry` was filled by the C library and its buffer is alive.
unsafe fn copy_host(entry: &hostent) -> Host {
    // SAFETY: the name is a string that ends in a zero, both lists end in a null, the aliases
    // are strings as well, and an address has the length of the entry's family.
    unsafe {
        Host {
            name: owned(entry.h_name).unwrap_or_default(),
            aliases: list(entry.h_aliases).filter_map(|alias| owned(alias)).collect(),
            addrs: list(entry.h_addr_list)
                .filter_map(|addr| match entry.h_addrtype {
                    libc::AF_INET => Some(Ipv4Addr::from(*addr.cast::<[u8; 4]>()).into()),
                    libc::AF_INET6 => Some(Ipv6Addr::from(*addr.cast::<[u8; 16]>()).into()),
                    _ => None,
                })
                .collect(),
        }
    }
}

/// The port of a service; none if the service is not known.
pub(crate) fn service_by_name(name: &CStr, protocol: Option<&CStr>) -> io::Result<Option<u16>> {
    let port = |entry: &servent| {
        // The field is an `int` that holds 16 bits in the network's order.
        let [high, low, ..] = entry.s_port.to_ne_bytes();
        u16::from_be_bytes([high, low])
    };
    service(port, |entry, buf, len, found| {
        // SAFETY: both strings are absent or end in a zero; the rest is from `service`.
        unsafe { getservbyname_r(name.as_ptr(), text(protocol), entry, buf, len, found) }
    })
}

/// The name of the service at a port; none if no service is known there.
pub(crate) fn service_by_port(port: u16, protocol: Option<&CStr>) -> io::Result<Option<String>> {
    let name = |entry: &servent| {
        // SAFETY: `service` hands an entry whose buffer is alive; its name ends in a zero.
        unsafe { owned(entry.s_name) }.unwrap_or_default()
    };
    service(name, |entry, buf, len, found| {
        // SAFETY: the string is absent or ends in a zero; the rest is from `service`.
        unsafe {
            getservbyport_r(c_int::from(port.to_be()), text(protocol), entry, buf, len, found)
        }
    })
}

/// As [`host`], for services: `read` takes what is wanted out of the entry.
fn service<T>(
    read: impl Fn(&servent) -> T,
    call: impl Fn(*mut servent, *mut c_char, usize, *mut *mut servent) -> c_int,
) -> io::Result<Option<T>> {
    let mut buf = vec![0_u8; BUFFER_LEN];
    loop {
        let mut entry = MaybeUninit::<servent>::zeroed();
        let mut found = ptr::null_mut();
        let errno = call(entry.as_mut_ptr(), buf.as_mut_ptr().cast(), buf.len(), &raw mut found);
        if errno == libc::ERANGE && buf.len() < BUFFER_MAX {
            buf.resize(buf.len() * 2, 0);
            continue;
        }
        // SAFETY: `found` is null or points at `entry`, filled with pointers into `buf`.
        return match unsafe { found.as_ref() } {
            Some(entry) => Ok(Some(read(entry))),
            // musl says "no entry" for a name that it does not know, glibc says nothing.
            None if matches!(errno, 0 | libc::ENOENT) => Ok(None),
            None => Err(io::Error::from_raw_os_error(errno)),
        };
    }
}

/// # Safety
///
/// `list` is null or an array of pointers that ends in a null.
unsafe fn list(list: *mut *mut c_char) -> impl Iterator<Item = *mut c_char> {
    let mut next = list;
    std::iter::from_fn(move || {
        // SAFETY: the caller's promise; the null at the end is not passed.
        let item = unsafe { next.as_ref() }.copied().filter(|item| !item.is_null())?;
        // SAFETY: as above: there is at least the null behind an item.
        next = unsafe { next.add(1) };
        Some(item)
    })
}
