//! The system calls that no kept crate offers: the only unsafe code of this library.
#![allow(unsafe_code, reason = "the one file of this crate that may; see ARCHITECTURE.md")]

pub(crate) mod process;
