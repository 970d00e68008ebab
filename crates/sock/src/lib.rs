//! Sockets, names, engines and observers.

pub mod engine;
pub mod error;
pub mod server;
pub mod socket;

mod run;
mod sys;

pub use self::error::{Error, ErrorKind, Result};
pub use self::socket::{Address, Family, Kind};
