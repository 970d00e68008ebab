//! `get` against servers of Python's: one that behaves and one that does not.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

mod bench;
mod broken;
mod cli;
mod forms;
mod ours;
#[allow(dead_code, reason = "each test program uses its part of the terminal")]
#[path = "../terminal/pseudo.rs"]
mod pseudo;
mod screen;
mod secrets;
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
#[path = "../support/mod.rs"]
mod support;
