//! Protocols and the sessions that hold them: no socket, no clock, no thread.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
