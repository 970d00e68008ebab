//! The web server as a conversation: what it answers to what comes, to the byte, and when it ends.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../fuzz/mod.rs"]
mod fuzz;
#[path = "../pump/mod.rs"]
mod pump;
#[path = "../shelf/mod.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod shelf;

mod bodies;
mod cost;
mod echo;
mod ends;
mod patience;
mod queue;
mod random;
mod refused;
mod requests;
mod smuggling;
mod web;
