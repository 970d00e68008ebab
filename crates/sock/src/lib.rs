//! Sockets, names, engines and observers.
//!
//! Two ways lead in. [`socket`] is the classic interface: the calls of every lecture on sockets,
//! by their own names. [`Server`] runs a [`Protocol`], which knows no socket, on any [`Engine`].

pub mod engine;
pub mod error;
pub mod http;
pub mod load;
pub mod observe;
pub mod server;
pub mod socket;
pub mod tls;

mod access;
mod bind;
mod call;
mod converse;
mod file_source;
mod guarded;
mod holder;
mod options;
mod pin;
mod run;
mod serve;
mod service;
mod stop;
mod sys;
mod unix_file;

pub use self::access::{Access, Cidr, CidrError};
pub use self::call::Caller;
pub use self::converse::{Ending, converse};
pub use self::engine::Engine;
pub use self::error::{Error, ErrorKind, Result};
pub use self::file_source::FileSource;
pub use self::options::{IpFamily, SocketOptions};
pub use self::run::Run;
pub use self::serve::{Bound, Server, Stdio};
pub use self::service::{Datagrams, Service};
pub use self::socket::{Address, Family, Kind};
pub use self::stop::{Stop, Urgency};
pub use sock_proto::{By, Endpoint, How, Input, Limits, Out, Pauses, Peer, Protocol, Reason};

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
