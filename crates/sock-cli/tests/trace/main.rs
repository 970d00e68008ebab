//! `trace` judged by real programs: what is drawn is what happened, and nothing changes by being watched.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

mod bench;
mod codes;
mod edges;
mod ends;
mod files;
mod hidden;
mod lectures;
mod live;
mod lives;
mod pictures;
mod real;
mod refused;
mod signals;
mod story;
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
#[path = "../support/mod.rs"]
mod support;
mod threads;
mod told;
mod waits;
