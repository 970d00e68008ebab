//! The classic calls over any family of socket.

mod address;
mod byteorder;
mod family;
mod to_address;

pub use self::address::Address;
pub use self::byteorder::{htonl, htons, ntohl, ntohs};
pub use self::family::{Family, Kind};
pub use self::to_address::{ToAddress, Wanted};
