//! The C library's name lookups, in forms that threads may share.

mod database;
mod machine;

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ptr;

use libc::{c_char, c_int, socklen_t};
use socket2::{SockAddr, SockAddrStorage};

pub(crate) use self::database::{
    Host, host_by_addr, host_by_name, service_by_name, service_by_port,
};
pub(crate) use self::machine::{hostname, interface_index, interface_name, interfaces};

/// The longest host name that `getnameinfo` writes, with its zero (`NI_MAXHOST`).
const HOST_MAX: socklen_t = 1025;
/// The longest service name that `getnameinfo` writes, with its zero (`NI_MAXSERV`).
const SERVICE_MAX: socklen_t = 32;

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

fn until_zero(buf: &[u8]) -> String {
    String::from_utf8_lossy(buf.split(|byte| *byte == 0).next().unwrap_or(buf)).into_owned()
}
