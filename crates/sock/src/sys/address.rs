//! Addresses of any family as bytes: `struct sockaddr` without a name for what is in it.

use rustix::net::SocketAddrAny;
use rustix::net::addr::SocketAddrLen;

/// The whole `struct sockaddr`, its family first.
pub(crate) fn address_bytes(address: &SocketAddrAny) -> &[u8] {
    let (start, length) = (address.as_ptr().cast::<u8>(), address.addr_len() as usize);
    // SAFETY: rustix keeps the promise that the first `addr_len` bytes behind `as_ptr` are
    // initialized; they live and stay as they are while `address` is borrowed.
    unsafe { std::slice::from_raw_parts(start, length) }
}

/// An address of `family` whose structure goes on with `rest`; `None` if that does not fit.
pub(crate) fn address_from_bytes(family: i32, rest: &[u8]) -> Option<SocketAddrAny> {
    let family = libc::sa_family_t::try_from(family).ok()?;
    let length = size_of_val(&family) + rest.len();
    if length > size_of::<libc::sockaddr_storage>() {
        return None;
    }
    // SAFETY: all-zero is a value of this structure of integers.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    storage.ss_family = family;
    let length = SocketAddrLen::try_from(length).ok()?;
    // SAFETY: `rest` was checked to fit behind the family, which is the first field; the storage is
    // initialized as a whole, so `read` copies `length` initialized bytes out of it.
    unsafe {
        let behind_family = (&raw mut storage).cast::<u8>().add(size_of_val(&family));
        std::ptr::copy_nonoverlapping(rest.as_ptr(), behind_family, rest.len());
        Some(SocketAddrAny::read((&raw const storage).cast(), length))
    }
}
