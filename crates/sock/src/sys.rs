//! The system calls that no kept crate offers: the only unsafe code of this library.
#![allow(unsafe_code, reason = "the one place of this crate that may; see ARCHITECTURE.md")]

mod address;
pub(crate) mod names;
pub(crate) mod process;

pub(crate) use self::address::{address_bytes, address_from_bytes};
