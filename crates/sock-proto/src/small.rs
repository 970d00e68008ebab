//! The ports of the small services, whose datagrams are never answered.

/// The small services of the first Internet hosts, which answer whatever datagram comes: echo,
/// discard, daytime, qotd, chargen, time.
const SMALL_SERVICES: [u16; 6] = [7, 9, 13, 17, 19, 37];

/// True for a port where a small service listens: a datagram that comes from there is never
/// answered, or two of them could be made to shout at each other for ever by one forged datagram.
///
/// These are the well-known ports 7, 9, 13, 17, 19 and 37, and those plus 10,000, where this
/// program serves them.
///
/// ```
/// use sock_proto::is_small_service_port;
///
/// assert!(is_small_service_port(7) && is_small_service_port(10_007));
/// assert!(!is_small_service_port(50_007));
/// ```
#[must_use]
pub fn is_small_service_port(port: u16) -> bool {
    SMALL_SERVICES.contains(&port) || SMALL_SERVICES.contains(&port.wrapping_sub(10_000))
}
