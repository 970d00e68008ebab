//! TLS between our own programs, and against `openssl` and Python's `ssl` in both roles.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

mod office;
mod openssl_clients;
mod openssl_servers;
mod own;
#[path = "../peers/python.rs"]
#[allow(dead_code, reason = "each test program uses its part of the support")]
mod python;
mod python_clients;
mod python_servers;
