//! The classic calls over any family of socket.
//!
//! [`Socket`] has the calls of C and Python by their own names in Rust spelling. Every method takes
//! `&self`, so a socket may be shared by threads, and closed by one while another is in a call.
//!
//! ```
//! use sock::socket::{Socket, create_connection, create_server};
//!
//! let server = create_server(("127.0.0.1", 0))?;
//! let client = create_connection(server.local_addr()?)?;
//! let (connection, _) = server.accept()?;
//! connection.send_all(b"Thank you for connecting")?;
//! connection.close()?;
//! assert_eq!(client.recv_vec(1024)?, b"Thank you for connecting");
//! # Ok::<(), sock::Error>(())
//! ```
//!
//! # What the types leave no way to say
//!
//! Of the rules that Python checks at run time these hold *by type*: a port of −1 or 65536, a host
//! that is no text, an address tuple of another length, an IPv4 address with other than 4 bytes;
//! a negative size or offset, more bytes to receive than the buffer has, a buffer that may not be
//! written; a timeout that is negative, not a number or no number; a `how` of shutdown that is
//! none of three; a descriptor set with something in it that has no descriptor; a selector's
//! interest that is neither reading nor writing nor both; text where bytes are due.

mod address;
mod builder;
mod byteorder;
mod connect;
pub(crate) mod control;
mod data;
mod datagram;
mod descriptor;
mod family;
mod file;
mod flags;
mod handle;
mod inet;
mod life;
mod listen;
mod message;
mod names;
mod option_number;
mod options;
mod select;
mod selector;
mod sendfile;
mod timeout;
mod to_address;
mod wait;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use self::address::Address;
pub use self::builder::Builder;
pub use self::byteorder::{htonl, htons, ntohl, ntohs};
pub use self::connect::{Connector, create_connection};
pub use self::control::{Control, ReceivedControl, control_len, control_space};
pub use self::descriptor::Descriptor;
pub use self::family::{Family, Kind};
pub use self::file::{Reader, Writer};
pub use self::flags::Flags;
pub use self::inet::{inet_aton, inet_ntoa, inet_ntop, inet_pton};
pub use self::listen::{ServerOptions, create_server};
pub use self::message::Message;
pub use self::names::{
    Hints, HostEntry, NameFlags, ResolveFlags, Resolved, Service, fqdn, host_by_addr, host_by_name,
    host_by_name_ex, hostname, interface_index, interface_name, interfaces, name_of, resolve,
    service_by_name, service_by_port,
};
pub use self::select::{Ready, Selectable, select, select_with};
pub use self::selector::{Interest, Selected, Selector};
pub use self::to_address::{ToAddress, Wanted};

/// A socket of any family and kind.
///
/// It closes when it is dropped, and is close-on-exec from its first moment.
///
/// # Closing
///
/// [`close`](Self::close) may be called while another thread is in a call: the call is woken and
/// fails with [`ErrorKind::BadDescriptor`](crate::ErrorKind::BadDescriptor), and the descriptor is
/// released when the last call has left, so its number is never reused under a running call. A call
/// that sleeps is woken by ending the connection in both directions, which a duplicate of the
/// socket sees too; where no call sleeps, closing does not touch the duplicates.
///
/// # Timeouts
///
/// A socket waits for ever ([`set_timeout`](Self::set_timeout)`(None)`, the first state), not at all
/// (zero) or as long as it is told. The deadline is fixed when a call begins. There is no timeout
/// for all new sockets of the process, as Python's `setdefaulttimeout` has it: it would reach into
/// code that knows nothing of it. [`Builder::default_timeout`] is the explicit form: it holds for
/// the socket and for those that are accepted from it.
pub struct Socket {
    shared: Arc<handle::Shared>,
    closed: AtomicBool,
}
