//! The classic calls over any family of socket.

mod address;
mod byteorder;
mod family;
mod inet;
mod names;
mod to_address;

pub use self::address::Address;
pub use self::byteorder::{htonl, htons, ntohl, ntohs};
pub use self::family::{Family, Kind};
pub use self::inet::{inet_aton, inet_ntoa, inet_ntop, inet_pton};
pub use self::names::{
    Hints, HostEntry, NameFlags, ResolveFlags, Resolved, Service, fqdn, host_by_addr, host_by_name,
    host_by_name_ex, hostname, interface_index, interface_name, interfaces, name_of, resolve,
    service_by_name, service_by_port,
};
pub use self::to_address::{ToAddress, Wanted};
