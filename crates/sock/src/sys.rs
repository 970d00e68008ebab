//! The system calls that no kept crate offers: the only unsafe code of this library.
#![allow(unsafe_code, reason = "the one place of this crate that may; see ARCHITECTURE.md")]

mod address;
#[cfg(feature = "tokio")]
mod awaited;
mod descriptor;
mod many;
mod message;
pub(crate) mod names;
mod option;
pub(crate) mod poll;
pub(crate) mod process;
mod raw_socket;
mod sigpipe;
mod usage;

pub(crate) use self::address::{address_bytes, address_from_bytes};
#[cfg(feature = "tokio")]
pub(crate) use self::awaited::awaited;
pub(crate) use self::descriptor::{Call, Descriptor, Sleeps};
pub(crate) use self::many::{Inbox, MANY, Packet, send_many};
pub(crate) use self::message::{receive_message, send_message};
pub(crate) use self::option::{option, set_option, set_option_none};
pub(crate) use self::sigpipe::without_sigpipe;
pub(crate) use self::usage::thread_usage;
