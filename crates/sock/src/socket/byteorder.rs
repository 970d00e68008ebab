//! Byte order: between this machine's and the network's, which is big-endian (RFC 1700).
//!
//! The types keep every number in its 16 or 32 bits: a port of 65536 is no `u16`, and
//! `u16::try_from` says so where it comes from outside.

/// Turns a 32-bit number from this machine's byte order into the network's.
///
/// Python: `socket.htonl`; C: `htonl(3)`.
///
/// # Examples
///
/// ```
/// let on_the_wire = sock::socket::htonl(0x7f00_0001).to_ne_bytes();
/// assert_eq!(on_the_wire, [127, 0, 0, 1]);
/// ```
#[must_use]
pub const fn htonl(host: u32) -> u32 {
    host.to_be()
}

/// Turns a 16-bit number from this machine's byte order into the network's.
///
/// Python: `socket.htons`; C: `htons(3)`.
///
/// # Examples
///
/// ```
/// let on_the_wire = sock::socket::htons(80).to_ne_bytes();
/// assert_eq!(on_the_wire, [0, 80]);
/// ```
#[must_use]
pub const fn htons(host: u16) -> u16 {
    host.to_be()
}

/// Turns a 32-bit number from the network's byte order into this machine's.
///
/// Python: `socket.ntohl`; C: `ntohl(3)`.
///
/// # Examples
///
/// ```
/// assert_eq!(sock::socket::ntohl(u32::from_ne_bytes([127, 0, 0, 1])), 0x7f00_0001);
/// ```
#[must_use]
pub const fn ntohl(network: u32) -> u32 {
    u32::from_be(network)
}

/// Turns a 16-bit number from the network's byte order into this machine's.
///
/// Python: `socket.ntohs`; C: `ntohs(3)`.
///
/// # Examples
///
/// ```
/// assert_eq!(sock::socket::ntohs(u16::from_ne_bytes([0, 80])), 80);
/// ```
#[must_use]
pub const fn ntohs(network: u16) -> u16 {
    u16::from_be(network)
}
