//! Services by name and port, network interfaces by name and index.

use super::{as_c, c_option, c_string};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::names as sys;

/// The port of a service, by the system's list of services (`/etc/services`).
///
/// `protocol` is `tcp` or `udp`; without one, the first entry of that name counts.
///
/// Python: `socket.getservbyname`; C: `getservbyname(3)`.
///
/// # Errors
///
/// [`ErrorKind::NameNotKnown`]: the list has no such service.
///
/// # Examples
///
/// ```
/// use sock::socket::{service_by_name, service_by_port};
///
/// # if !std::path::Path::new("/etc/services").exists() { return Ok(()) }
/// assert_eq!(service_by_name("http", Some("tcp"))?, 80);
/// assert_eq!(service_by_port(80, Some("tcp"))?, "http");
/// # Ok::<(), sock::Error>(())
/// ```
pub fn service_by_name(name: &str, protocol: Option<&str>) -> Result<u16> {
    let c_protocol = c_option(protocol)?;
    let port = sys::service_by_name(&c_string(name)?, as_c(c_protocol.as_ref()))?;
    port.ok_or_else(|| not_known(&format!("no service '{}'", name.escape_debug()), protocol))
}

/// The name of the service at a port, by the system's list of services.
///
/// `protocol` is `tcp` or `udp`; without one, the first entry with that port counts.
///
/// Python: `socket.getservbyport`; C: `getservbyport(3)`, which wants the port in network order.
///
/// # Errors
///
/// [`ErrorKind::NameNotKnown`]: the list has no service there.
///
/// # Examples
///
/// ```
/// // Port 0 is reserved: no service lives there.
/// assert!(sock::socket::service_by_port(0, None).is_err());
/// ```
pub fn service_by_port(port: u16, protocol: Option<&str>) -> Result<String> {
    let c_protocol = c_option(protocol)?;
    let name = sys::service_by_port(port, as_c(c_protocol.as_ref()))?;
    name.ok_or_else(|| not_known(&format!("no service at port {port}"), protocol))
}

fn not_known(what: &str, protocol: Option<&str>) -> Error {
    let over = protocol.map(|name| format!(" over {}", name.escape_debug())).unwrap_or_default();
    Error::new(ErrorKind::NameNotKnown, format!("{what}{over} in the system's list of services"))
}

/// The index of a network interface, as `Address::Inet6` holds it for a scope.
///
/// Python: `socket.if_nametoindex`; C: `if_nametoindex(3)`.
///
/// # Errors
///
/// An error with the errno `ENODEV`: there is no such interface.
///
/// # Examples
///
/// ```
/// use sock::socket::{interface_index, interface_name, interfaces};
///
/// for (index, name) in interfaces()? {
///     assert_eq!(interface_index(&name)?, index);
///     assert_eq!(interface_name(index)?, name);
/// }
/// # Ok::<(), sock::Error>(())
/// ```
pub fn interface_index(name: &str) -> Result<u32> {
    let about = || format!("no network interface '{}'", name.escape_debug());
    sys::interface_index(&c_string(name)?).map_err(|error| Error::from(error).about(about()))
}

/// The name of the network interface with this index.
///
/// Python: `socket.if_indextoname`; C: `if_indextoname(3)`.
///
/// # Errors
///
/// An error with the errno `ENXIO`: no interface has this index.
///
/// # Examples
///
/// ```
/// assert_eq!(sock::socket::interface_name(0).unwrap_err().errno(), Some(6));
/// ```
pub fn interface_name(index: u32) -> Result<String> {
    let about = || format!("no network interface with the index {index}");
    sys::interface_name(index).map_err(|error| Error::from(error).about(about()))
}

/// Every network interface of this machine: its index and its name.
///
/// Python: `socket.if_nameindex`; C: `if_nameindex(3)`.
///
/// # Errors
///
/// The system does not tell.
///
/// # Examples
///
/// ```
/// for (index, name) in sock::socket::interfaces()? {
///     assert!(index > 0 && !name.is_empty());
/// }
/// # Ok::<(), sock::Error>(())
/// ```
pub fn interfaces() -> Result<Vec<(u32, String)>> {
    Ok(sys::interfaces()?)
}
