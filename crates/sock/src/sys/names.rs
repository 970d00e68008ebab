//! The C library's name lookups that no kept crate offers in a form that threads may share.
//!
//! `getaddrinfo` and `getnameinfo` share nothing between threads; of the older calls, only
//! those that end in `_r` do not: they write into a buffer of the caller, which grows here until
//! it is large enough.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr;

use libc::{c_char, c_int, c_void, hostent, servent, socklen_t};
use socket2::{SockAddr, SockAddrStorage};

/// Where the buffer of the `_r` calls starts; a host with a few aliases fits.
const BUFFER_LEN: usize = 1024;
/// Where it ends: no answer has this size, so that one which asks for more is an error.
const BUFFER_MAX: usize = 1 << 20;
/// The longest host name that `getnameinfo` writes, with its zero (`NI_MAXHOST`).
const HOST_MAX: socklen_t = 1025;
/// The longest service name that `getnameinfo` writes, with its zero (`NI_MAXSERV`).
const SERVICE_MAX: socklen_t = 32;

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

/// Why a lookup failed: the resolver's code (`EAI_…`), and the system's when it is `EAI_SYSTEM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) errno: Option<i32>,
}

impl Failure {
    fn from_code(code: c_int) -> Self {
        let errno = (code == libc::EAI_SYSTEM).then(last_errno);
        Self { code, errno }
    }

    /// From the older calls, which number the same failures in another way (`h_errno`).
    fn from_host_code(code: c_int, errno: c_int) -> Self {
        match code {
            1 => Self { code: libc::EAI_NONAME, errno: None },
            2 => Self { code: libc::EAI_AGAIN, errno: None },
            3 => Self { code: libc::EAI_FAIL, errno: None },
            4 => Self { code: libc::EAI_NODATA, errno: None },
            _ => Self { code: libc::EAI_SYSTEM, errno: Some(errno) },
        }
    }
}

fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// What `getaddrinfo` is asked for beside host and service; 0 stands for any.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) family: i32,
    pub(crate) kind: i32,
    pub(crate) protocol: i32,
    pub(crate) flags: i32,
}

/// One answer of `getaddrinfo`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) kind: i32,
    pub(crate) protocol: i32,
    pub(crate) canonical_name: Option<String>,
    pub(crate) addr: SocketAddr,
}

pub(crate) fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    wanted: Wanted,
) -> Result<Vec<Answer>, Failure> {
    // SAFETY: `addrinfo` is numbers and pointers, for all of which zero is a value.
    let mut hints: libc::addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    hints.ai_family = wanted.family;
    hints.ai_socktype = wanted.kind;
    hints.ai_protocol = wanted.protocol;
    hints.ai_flags = wanted.flags;
    let mut first = ptr::null_mut();
    // SAFETY: both strings are absent or end in a zero and outlive the call, `hints` is filled
    // as the manual asks, and `first` is a place for the answer.
    let code =
        unsafe { libc::getaddrinfo(text(host), text(service), &raw const hints, &raw mut first) };
    if code != 0 {
        return Err(Failure::from_code(code));
    }
    let mut answers = Vec::new();
    let mut next = first;
    // SAFETY: `next` is null or a node of the list that was just given to us; nobody else
    // knows the list, and it is not yet freed.
    while let Some(node) = unsafe { next.as_ref() } {
        // SAFETY: as above; the node's pointers belong to the list.
        answers.extend(unsafe { answer(node) });
        next = node.ai_next;
    }
    // SAFETY: `first` came from `getaddrinfo`, and everything was copied out of it.
    unsafe { libc::freeaddrinfo(first) };
    Ok(answers)
}

/// Copies a node; none if its family is neither IPv4 nor IPv6.
///
/// # Safety
///
/// `node` is part of a list that `getaddrinfo` gave and that is not yet freed.
unsafe fn answer(node: &libc::addrinfo) -> Option<Answer> {
    let mut storage = SockAddrStorage::zeroed();
    let len = node.ai_addrlen as usize;
    if node.ai_addr.is_null() || len > size_of_val(&storage) {
        return None;
    }
    // SAFETY: the list's owner promises `len` bytes at `ai_addr`; they were just found to fit
    // into `storage`, which holds any socket address.
    let addr = unsafe {
        ptr::copy_nonoverlapping(node.ai_addr.cast::<u8>(), (&raw mut storage).cast::<u8>(), len);
        SockAddr::new(storage, node.ai_addrlen)
    };
    Some(Answer {
        kind: node.ai_socktype,
        protocol: node.ai_protocol,
        // SAFETY: null or a string that ends in a zero, as the list's owner promises.
        canonical_name: unsafe { owned(node.ai_canonname) },
        addr: addr.as_socket()?,
    })
}

/// The names of a host and a service.
pub(crate) fn getnameinfo(addr: SocketAddr, flags: i32) -> Result<(String, String), Failure> {
    let addr = SockAddr::from(addr);
    let mut host = [0_u8; HOST_MAX as usize];
    let mut service = [0_u8; SERVICE_MAX as usize];
    // SAFETY: the address and both buffers are alive and have the lengths that are told.
    let code = unsafe {
        libc::getnameinfo(
            addr.as_ptr().cast(),
            addr.len(),
            host.as_mut_ptr().cast(),
            HOST_MAX,
            service.as_mut_ptr().cast(),
            SERVICE_MAX,
            flags,
        )
    };
    if code == 0 {
        Ok((until_zero(&host), until_zero(&service)))
    } else {
        Err(Failure::from_code(code))
    }
}

/// The resolver's own words for one of its codes.
pub(crate) fn resolver_text(code: i32) -> String {
    // SAFETY: the call takes any number and answers with a string that lives for ever.
    unsafe { owned(libc::gai_strerror(code)) }.unwrap_or_default()
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

pub(crate) fn hostname() -> io::Result<String> {
    // Linux cuts a name at 64 bytes, POSIX allows 255; the last byte stays zero.
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is one longer than what is told of it.
    match unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } {
        0 => Ok(until_zero(&name)),
        _ => Err(io::Error::last_os_error()),
    }
}

pub(crate) fn interface_index(name: &CStr) -> io::Result<u32> {
    // SAFETY: `name` ends in a zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

pub(crate) fn interface_name(index: u32) -> io::Result<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the length that the call is documented to want.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() { Err(io::Error::last_os_error()) } else { Ok(until_zero(&name)) }
}

/// Every interface of this machine: its index and its name.
pub(crate) fn interfaces() -> io::Result<Vec<(u32, String)>> {
    // SAFETY: the call takes nothing; null is its failure.
    let first = unsafe { libc::if_nameindex() };
    if first.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut interfaces = Vec::new();
    let mut next = first;
    // SAFETY: the array ends with an entry of index 0 and a null name, which is not passed, and
    // it is freed only after the loop.
    unsafe {
        while (*next).if_index != 0 {
            interfaces.extend(owned((*next).if_name).map(|name| ((*next).if_index, name)));
            next = next.add(1);
        }
        libc::if_freenameindex(first);
    }
    Ok(interfaces)
}

fn text(string: Option<&CStr>) -> *const c_char {
    string.map_or(ptr::null(), CStr::as_ptr)
}

/// # Safety
///
/// `string` is null or ends in a zero.
unsafe fn owned(string: *const c_char) -> Option<String> {
    if string.is_null() {
        return None;
    }
    // SAFETY: the caller's promise, and it is not null.
    Some(CString::from(unsafe { CStr::from_ptr(string) }).to_string_lossy().into_owned())
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

fn until_zero(buf: &[u8]) -> String {
    String::from_utf8_lossy(buf.split(|byte| *byte == 0).next().unwrap_or(buf)).into_owned()
}
