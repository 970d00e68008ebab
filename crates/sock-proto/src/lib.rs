//! Protocols and the sessions that hold them: no socket, no clock, no thread.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod endpoint;

pub use endpoint::{Endpoint, Host, HostName, ParseError, Transport, UnixName, Zone};
